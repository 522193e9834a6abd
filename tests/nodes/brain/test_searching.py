# SPDX-License-Identifier: Apache-2.0
"""A search looks where it is told, and comes back to what was occupied."""

import math
from collections.abc import Generator
from types import SimpleNamespace
from typing import Any

import pytest

from renxing.nodes.brain.searching import find
from renxing.planning.runner import Call
from renxing.planning.scene import Place, Scene, SeenObject
from renxing.planning.skill import Outcome
from renxing.planning.skill_arguments import Find

SHELF = Place(name="shelf", pose=(1.0, 0.0, 0.0), lookouts=((2.0, 0.0, 0.0),))
SPOTS = [SHELF.pose, *SHELF.lookouts]
BALL = SeenObject(
    id="ball_1", label="ball", color="green", position=(3.0, 0.0, 0.5), sightings=3
)


class Searcher:
    """A body that is where it is told to go, unless the first spot is taken.

    It is for as many plans as `occupied` says, and all that is nearer than `crowd` [m].
    """

    gaze = None  # it cannot turn its head
    dwell = 0.0

    def __init__(
        self, occupied: int, visible_from: Any = None, crowd: float = 0.9
    ) -> None:
        self.visits: list[Any] = []
        self.odometer = SimpleNamespace(way=0.0, turned=0.0, speed=0.0, stamp=0.0)
        self.surroundings = SimpleNamespace(
            heard=0.0,
            lists=0,
            scene=self._scene,
            frames=SimpleNamespace(config=SimpleNamespace(map="map")),
        )
        self.navigate = self.spin = SimpleNamespace(run=self._run)
        self.plan = SimpleNamespace(run=self._plan)
        self._occupied, self._visible_from = occupied, visible_from
        self._where: Any = None
        self._time, self._asked, self._crowd = 0.0, 0, crowd

    def _scene(self) -> Scene:
        seen = self._where is not None and self._where == self._visible_from
        return Scene(places=(SHELF,), objects=(BALL,) if seen else ())

    def _run(self, goal: Any) -> Generator[None, None, Any]:
        yield
        if not hasattr(goal, "pose"):  # it turns
            return SimpleNamespace(succeeded=True, code=0, text="")
        at = goal.pose.pose.position
        self._where = (at.x, at.y, 0.0)
        self.visits.append(self._where)
        return SimpleNamespace(succeeded=True, code=0, text="")

    def _plan(self, goal: Any) -> Generator[None, None, Any]:
        yield
        at = (goal.goal.pose.position.x, goal.goal.pose.position.y)
        self._asked += at == SPOTS[0][:2]
        taken = math.dist(at, SPOTS[0][:2]) < self._crowd
        if taken and self._asked <= self._occupied:
            return SimpleNamespace(succeeded=False, code=208, text="somebody is there")
        path = SimpleNamespace(poses=[])
        return SimpleNamespace(
            succeeded=True, text="", result=SimpleNamespace(path=path)
        )

    def now(self) -> float:
        self._time += 0.1
        return self._time

    def wait(self, seconds: float) -> Generator[None, None, None]:
        yield

    def release(self) -> None:
        pass


def search(body: Any) -> Outcome:
    """Run the skill to its end."""
    wanted = Find(label="ball", color="green", at=("shelf",))
    call = Call(
        step="1",
        skill="find",
        arguments=wanted,
        language="en",
        speech="",
        timeout=100.0,
    )
    routine = find(body, call, wanted)
    while True:
        try:
            next(routine)
        except StopIteration as end:
            return end.value


def test_a_spot_that_was_occupied_is_tried_again_after_the_others() -> None:
    body = Searcher(occupied=1, visible_from=SPOTS[0])
    outcome = search(body)
    assert outcome.success and outcome.measured["object"] == "ball_1"
    assert body.visits == [SPOTS[1], SPOTS[0]]


def test_where_somebody_stands_it_looks_from_beside() -> None:
    body = Searcher(occupied=9, crowd=0.5)
    outcome = search(body)
    assert outcome.measured["spots_not_reached"] == 0
    beside, last = body.visits
    assert 0.5 < math.dist(beside[:2], SPOTS[0][:2]) < 1.0
    assert last == SPOTS[1]


@pytest.mark.parametrize(("occupied", "unreached"), [(0, 0), (2, 1)])
def test_what_was_not_reached_is_told(occupied: int, unreached: int) -> None:
    outcome = search(Searcher(occupied))
    assert outcome.code == "not_found"
    assert outcome.measured["spots_not_reached"] == unreached
    assert ("could not be reached" in outcome.reason) == bool(unreached)
