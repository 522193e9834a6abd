# SPDX-License-Identifier: Apache-2.0
"""The skill of searching: look around here and elsewhere until a thing is seen."""

import math
from collections import deque
from collections.abc import Callable, Generator
from typing import Any, TypeVar, cast

from nav2_msgs.action import NavigateToPose

from renxing.nodes.brain.body import Body, Routine, failed
from renxing.nodes.brain.looking import gaze_ahead
from renxing.nodes.brain.odometer import rounded
from renxing.nodes.brain.walking import come_to_rest, reachable, stamped, turned
from renxing.nodes.navigation.solo import CancelledError
from renxing.planning.runner import Call
from renxing.planning.scene import Pose, Scene, SeenObject
from renxing.planning.skill import Outcome
from renxing.planning.skill_arguments import Find

T = TypeVar("T")

SWEEP = ((0.0, -0.25), (0.7, -0.25), (-0.7, -0.25))  # azimuth, elevation [rad]
TURNS = 3  # of the body, to see all around
ASIDE = 0.8  # [m] from a spot that is taken
AROUND = 6  # spots there
BELIEVED = 2  # sightings from which a thing is one
IMAGES = 3  # that a look wants; one of two cameras each
PATIENCE = 3.0  # times the usual that it waits for them


def find(body: Body, call: Call, arguments: Find) -> Routine:
    """Look around, here and then at each place that is named, until it is seen."""
    begun, way = body.now(), body.odometer.way
    looked = 0
    if body.surroundings.heard == -math.inf:
        return failed("blind", "nothing tells what the cameras see (objects:=true)")
    # Where it stands, then where it is told; what could not be reached, once more.
    spots: deque[Pose | None] = deque([None])
    for name in arguments.at:
        place = body.surroundings.scene().place(name)
        spots += [place.pose, *place.lookouts] if place is not None else []
    elsewhere = len(spots) > 1
    missed: set[Pose] = set()
    given_up = 0

    def seen() -> SeenObject | None:
        return _match(body.surroundings.scene(), arguments)

    while spots and seen() is None:
        spot = spots.popleft()
        if spot is not None and (yield from _unless(body, seen, _go(body, spot))):
            # Who stands there may have left by the time the rest was seen.
            if spot in missed:
                given_up += 1
            else:
                spots.append(spot)
            missed.add(spot)
            continue
        # Who is told where to search looks ahead here, and all around there.
        turns = 1 if spot is None and elsewhere else TURNS
        looked += yield from _look_around(body, seen, turns)
    body.release()
    thing = seen()
    if thing is not None:
        return _found(body, thing, begun, way, looked)
    measured = rounded(
        {
            "looks": looked,
            "spots_not_reached": given_up,
            "distance_walked_m": body.odometer.way - way,
            "duration_s": body.now() - begun,
        }
    )
    what = " ".join(filter(None, (arguments.color, arguments.label)))
    unseen = f"; {given_up} places could not be reached" if given_up else ""
    return failed("not_found", f"no {what} was seen{unseen}", **measured)


def _look_around(
    body: Body, seen: Callable[[], SeenObject | None], turns: int
) -> Generator[None, None, int]:
    """Look to all sides until the thing is seen; returns how many looks it took."""
    looked = 0
    for turn in range(turns):
        if turn:
            way_round = turned(body, math.tau / TURNS, 30.0)
            done = yield from _unless(body, seen, way_round)
            if done is not None and not done.success:
                return looked
        for azimuth, elevation in SWEEP:
            if seen() is not None:
                return looked
            yield from gaze_ahead(body, azimuth, elevation)
            yield from _dwell(body)
            looked += 1
    return looked


def _dwell(body: Body) -> Generator[None, None, None]:
    """Look on until images were looked at, however busy the machine is."""
    before, begun = body.surroundings.lists, body.now()
    yield from body.wait(body.dwell)
    while body.surroundings.lists < before + IMAGES:
        if body.now() - begun > PATIENCE * body.dwell:
            return
        yield


def _unless(
    body: Body,
    seen: Callable[[], SeenObject | None],
    moving: Generator[None, None, T],
) -> Generator[None, None, T | None]:
    """Move on until the thing is seen; then it stops, and None is returned."""
    while seen() is None:
        try:
            next(moving)
        except StopIteration as end:
            return cast(T, end.value)
        try:
            yield
        except CancelledError as error:
            moving.throw(error)
            yield from moving
            raise
    moving.close()
    yield from come_to_rest(body)
    return None


def _match(scene: Scene, arguments: Find) -> SeenObject | None:
    """Return the nearest thing that is meant."""
    here = scene.pose or (0.0, 0.0, 0.0)
    found = [
        thing
        for thing in scene.objects
        if thing.sightings >= BELIEVED
        and arguments.label in ("", thing.label)
        and arguments.color in ("", thing.color)
    ]
    return min(found, key=lambda o: math.dist(o.position[:2], here[:2]), default=None)


def _found(
    body: Body, thing: SeenObject, begun: float, way: float, looked: int
) -> Outcome:
    x, y, z = thing.position
    measured: dict[str, Any] = {
        "object": thing.id,
        "label": thing.label,
        "color": thing.color,
        "x_m": x,
        "y_m": y,
        "z_m": z,
        "sightings": thing.sightings,
        "age_s": body.now() - thing.last_seen,
        "looks": looked,
        "distance_walked_m": body.odometer.way - way,
        "duration_s": body.now() - begun,
    }
    here = body.surroundings.scene().pose
    if here is not None:
        measured["distance_m"] = math.dist(here[:2], (x, y))
    return Outcome(success=True, measured=rounded(measured))


def _go(body: Body, spot: Pose) -> Generator[None, None, str]:
    """Walk to a spot or, where somebody stands there, beside it; says why it did not."""
    body.release()
    why = ""
    for poses in ([spot], _beside(spot)):
        pose, why = yield from reachable(body, poses)
        if pose is None:
            continue
        goal = NavigateToPose.Goal(pose=stamped(body, pose))
        answer = yield from body.navigate.run(goal)
        if answer.succeeded:
            return ""
        why = answer.text
    return why or "the walk failed"


def _beside(spot: Pose) -> list[Pose]:
    """Return spots from which nearly the same is seen."""
    x, y, yaw = spot
    turns = [n * math.tau / AROUND for n in range(AROUND)]
    return [(x + ASIDE * math.cos(t), y + ASIDE * math.sin(t), yaw) for t in turns]
