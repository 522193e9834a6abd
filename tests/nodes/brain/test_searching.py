# SPDX-License-Identifier: Apache-2.0
"""A search looks over what it is told to, and tells what it missed."""

import math
from collections.abc import Generator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from renxing.navigation import LETHAL, CostGrid
from renxing.navigation.coverage import Coverage, CoverageConfig
from renxing.nodes.brain.searching import find
from renxing.planning.runner import Call
from renxing.planning.scene import Place, Scene, SeenObject, Zone
from renxing.planning.skill import Outcome
from renxing.planning.skill_arguments import Find

SHELF = Place(name="shelf", pose=(5.0, 1.0, 0.0), center=(5.5, 1.5))
EYE = SimpleNamespace(field_of_view=1.2, width=64, height=48)
SIGHT = 2.6  # [m]


def two_rooms() -> CostGrid:
    """Return 7 x 4 m, a wall at x = 3.5 with a door from y = 2.5 on."""
    costs = np.zeros((80, 140), np.uint8)
    costs[[0, -1]] = costs[:, [0, -1]] = LETHAL
    costs[:50, 70:72] = LETHAL
    return CostGrid(costs=costs, resolution=0.05, origin=np.zeros(2))


class Searcher:
    """A body that is at once where it is told to go, and sees what is before it.

    It has no neck. Within `crowd` of a place nobody can go. A look takes `look` [s].
    """

    gaze = None
    dwell = 0.0
    eyes = ((EYE, None),)

    def __init__(
        self,
        thing: tuple[float, float],
        crowd: tuple[float, float, float] = (0.0, 0.0, 0.0),
        zones: tuple[Zone, ...] = (),
        place: tuple[float, float] = (0.0, 0.0),
        look: float = 0.0,
    ) -> None:
        self._table = Place(name="table", pose=(*place, 0.0))
        self.pose, self.visits = (1.0, 1.0, 0.0), []
        self.odometer = SimpleNamespace(way=0.0, turned=0.0, speed=0.0, stamp=0.0)
        self.surroundings = SimpleNamespace(
            heard=0.0,
            lists=0,
            scene=self._scene,
            coverage=lambda pose: Coverage(two_rooms(), pose[:2], CoverageConfig()),
            frames=SimpleNamespace(config=SimpleNamespace(map="map")),
        )
        self.navigate = SimpleNamespace(run=self._walk)
        self.plan = SimpleNamespace(run=self._plan)
        self.spin = SimpleNamespace(run=self._turn)
        self._thing, self._crowd, self._zones = thing, crowd, zones
        self._time, self._look = 0.0, look
        self._wakes = math.inf

    def _scene(self) -> Scene:
        x, y, yaw = self.pose
        dx, dy = self._thing[0] - x, self._thing[1] - y
        off = math.remainder(math.atan2(dy, dx) - yaw, math.tau)
        same_room = (x > 3.5) == (self._thing[0] > 3.5)
        found: tuple[SeenObject, ...] = ()
        if same_room and math.hypot(dx, dy) < SIGHT and abs(off) < 0.6:
            where = (*self._thing, 0.1)
            ball = {"id": "ball_1", "label": "ball", "color": "green", "sightings": 3}
            found = (SeenObject(position=where, **ball),)
        zones, pose = self._zones, self.pose
        places = (SHELF, self._table)
        return Scene(places=places, zones=zones, objects=found, pose=pose)

    def _plan(self, goal: Any) -> Generator[None, None, Any]:
        yield
        at = goal.goal.pose.position
        x, y, radius = self._crowd
        if math.dist((at.x, at.y), (x, y)) < radius:
            return SimpleNamespace(succeeded=False, code=208, text="somebody is there")
        path = SimpleNamespace(poses=[goal.goal])
        return SimpleNamespace(succeeded=True, result=SimpleNamespace(path=path))

    def _walk(self, goal: Any) -> Generator[None, None, Any]:
        yield
        pose = goal.pose.pose
        yaw = 2.0 * math.atan2(pose.orientation.z, pose.orientation.w)
        self.pose = (pose.position.x, pose.position.y, yaw)
        self.visits.append(self.pose[:2])
        return SimpleNamespace(succeeded=True, code=0, text="")

    def _turn(self, goal: Any) -> Generator[None, None, Any]:
        yield
        x, y, yaw = self.pose
        self.pose = (x, y, yaw + goal.target_yaw)
        self.odometer.turned += goal.target_yaw
        return SimpleNamespace(succeeded=True, code=0, text="")

    def now(self) -> float:
        self._time += 0.01
        if self._time > self._wakes:
            self.surroundings.heard = self._time
        return self._time

    def wakes(self, at: float) -> None:
        """Hear nothing of what the eyes see before this time [s]."""
        self._wakes, self.surroundings.heard = at, -math.inf

    def wait(self, seconds: float) -> Generator[None, None, None]:
        self._time += self._look
        yield

    def release(self) -> None:
        pass


def search(body: Any, *at: str) -> Outcome:
    """Run the skill to its end."""
    wanted = Find(label="ball", color="green", at=at)
    call = Call(
        step="1",
        skill="find",
        arguments=wanted,
        language="en",
        speech="",
        timeout=100.0,
    )
    routine = find(body, call, wanted)
    for _ in range(10_000):
        try:
            next(routine)
        except StopIteration as end:
            return end.value
    raise AssertionError("it searches for ever")


def test_what_is_behind_it_is_found_without_a_step() -> None:
    body = Searcher(thing=(0.5, 2.0))
    outcome = search(body)
    assert outcome.success and outcome.measured["object"] == "ball_1"
    assert body.visits == []


@pytest.mark.parametrize(("wakes", "code"), [(3.0, ""), (math.inf, "blind")])
def test_eyes_that_are_still_waking_are_waited_for(wakes: float, code: str) -> None:
    body = Searcher(thing=(0.5, 2.0))
    body.wakes(wakes)
    outcome = search(body)
    assert outcome.code == code and outcome.success == (not code)


def test_without_a_place_it_does_not_walk() -> None:
    body = Searcher(thing=(6.0, 2.0))
    outcome = search(body)
    assert outcome.code == "not_found" and body.visits == []
    assert 4 <= outcome.measured["looks"] <= 12


@pytest.mark.parametrize("thing", [(6.5, 0.5), (4.0, 0.5), (6.5, 3.5)])
def test_about_a_place_it_looks_into_every_corner(thing: tuple[float, float]) -> None:
    body = Searcher(thing)
    outcome = search(body, "shelf")
    assert outcome.success, outcome.reason
    assert body.visits and len(body.visits) < 6


def test_when_it_is_not_there_the_rest_of_the_room_is_searched() -> None:
    table = (2.0, 3.5)  # in the first room, as the thing is not
    body = Searcher(thing=(6.5, 0.5), place=table)
    outcome = search(body, "table")
    assert outcome.success and len(body.visits) >= 2
    assert body.visits[0][0] < 3.5 < body.visits[-1][0]


@pytest.mark.parametrize("thing", [(6.5, 0.5), (-9.0, 0.0)])
def test_however_long_a_look_takes_it_goes_on(thing: tuple[float, float]) -> None:
    body = Searcher(thing, place=(2.0, 3.5), look=25.0)
    outcome = search(body, "table")
    assert outcome.success == (thing[0] > 0.0)
    rounded = [(round(x, 1), round(y, 1)) for x, y in body.visits]
    assert len(set(rounded)) == len(rounded) >= 2  # nowhere twice


def test_where_somebody_stands_it_looks_from_elsewhere() -> None:
    free = Searcher(thing=(6.5, 0.5))
    search(free, "shelf")
    x, y = free.visits[0]
    body = Searcher(thing=(6.5, 0.5), crowd=(x, y, 0.8))
    assert search(body, "shelf").success
    assert min(math.dist(v, (x, y)) for v in body.visits) >= 0.8


def test_what_was_not_looked_at_is_told() -> None:
    body = Searcher(thing=(6.5, 0.5), crowd=(5.5, 2.0, 4.0))
    outcome = search(body, "shelf")
    assert outcome.code == "not_found" and "not all" in outcome.reason
    assert outcome.measured["unseen_m2"] > 3.0
    seen = search(Searcher(thing=(-9.0, 0.0)), "shelf")
    assert seen.code == "not_found" and "not all" not in seen.reason


@pytest.mark.parametrize("kind", ["forbidden", "approval", "slow"])
def test_it_keeps_out_of_zones(kind: Any) -> None:
    corners = ((3.6, 0.0), (7.0, 0.0), (7.0, 2.0), (3.6, 2.0))
    speed = 0.2 if kind == "slow" else None
    pit = Zone(name="pit", kind=kind, polygon=corners, speed=speed)
    body = Searcher(thing=(-9.0, 0.0), zones=(pit,))
    search(body, "shelf")
    assert body.visits and min(y for x, y in body.visits if x > 3.6) >= 2.0
