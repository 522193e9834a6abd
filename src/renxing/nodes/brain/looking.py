# SPDX-License-Identifier: Apache-2.0
"""Skills of the eyes: look at something, find it, say what stands on it."""

import math
from collections.abc import Callable, Generator
from typing import Any, TypeVar, cast

import numpy as np
from nav2_msgs.action import NavigateToPose

from renxing.errors import StaleError
from renxing.nodes.brain.body import Body, Routine, by_name, failed
from renxing.nodes.brain.odometer import rounded
from renxing.nodes.brain.walking import come_to_rest, stamped, turned
from renxing.nodes.navigation.solo import CancelledError
from renxing.planning.runner import Call
from renxing.planning.scene import Pose, Scene, SeenObject
from renxing.planning.skill import Outcome
from renxing.planning.skill_arguments import Find, Inspect, LookAt
from renxing.robot.description import Camera
from renxing.spatial import Array

T = TypeVar("T")

HEAD_SPEED = 1.2  # [rad/s]
HEAD_REST = 0.3  # [s] that it takes the head to follow
IN_VIEW = 0.85  # of half the opening angle: well inside the picture
BEYOND = 0.35  # [rad] that a neck may miss before the body turns, too
EYE_DISTANCE = 3.0  # [m] of a direction that is looked into
# Azimuth to the left, elevation [rad].
DIRECTIONS = {
    "ahead": (0.0, 0.0),
    "left": (0.8, 0.0),
    "right": (-0.8, 0.0),
    "up": (0.0, 0.4),
    "down": (0.0, -0.6),
}
SWEEP = ((0.0, -0.25), (0.7, -0.25), (-0.7, -0.25))  # where a search looks
TURNS = 3  # of the body, to see all around
BELIEVED = 2  # sightings from which a thing is one
PLACE_HEIGHT = 0.8  # [m] at which a place is looked at
LOOKS = 5  # sightings that an inspection wants
INSPECTION = 20.0  # [s] in which they have to come
IMAGES = 3  # that a look of a search wants; one of two cameras each
PATIENCE = 3.0  # times the usual that it waits for them
GRACE = 0.3  # [s] that an image may be older than the moment in which it comes


def look_at(body: Body, call: Call, arguments: LookAt) -> Routine:
    """Turn head and, where that is not enough, body."""
    if arguments.direction:
        azimuth, elevation = DIRECTIONS[arguments.direction]
        return (yield from _gaze(body, lambda: _ahead(azimuth, elevation)))
    scene = body.surroundings.scene()
    point = _middle(scene, arguments.target)
    if point is None:
        return failed("not_found", f"'{arguments.target}' has not been seen")

    def in_base() -> Array:
        frames = body.surroundings.frames
        return np.asarray(frames.base_to_map().actInv(point))

    try:
        bearing = math.atan2(*in_base()[1::-1].tolist())
    except StaleError as error:
        return failed("lost", str(error))
    outcome = yield from _gaze(body, in_base)
    if not outcome.success and abs(bearing) >= BEYOND:
        done = yield from turned(body, bearing, call.timeout)
        if not done.success:
            return done
        outcome = yield from _gaze(body, in_base)
    outcome.measured["object"] = arguments.target
    return outcome


def find(body: Body, call: Call, arguments: Find) -> Routine:
    """Look around, here and then at each place that is named, until it is seen."""
    begun, way = body.now(), body.odometer.way
    looked = 0
    if body.surroundings.heard == -math.inf:
        return failed("blind", "nothing tells what the cameras see (objects:=true)")
    spots: list[Pose | None] = [None]  # where it stands
    for name in arguments.at:
        place = body.surroundings.scene().place(name)
        spots += [place.pose, *place.lookouts] if place is not None else []

    def seen() -> SeenObject | None:
        return _match(body.surroundings.scene(), arguments)

    for spot in spots:
        if seen() is not None:
            break
        if spot is not None and (yield from _unless(body, seen, _go(body, spot))):
            continue  # it cannot be reached: the next one
        # Who is told where to search looks ahead here, and all around there.
        ahead_only = spot is None and len(spots) > 1
        turns = 1 if ahead_only else TURNS
        looked += yield from _look_around(body, seen, turns)
    body.release()
    thing = seen()
    if thing is not None:
        return _found(body, thing, begun, way, looked)
    measured = rounded(
        {
            "looks": looked,
            "distance_walked_m": body.odometer.way - way,
            "duration_s": body.now() - begun,
        }
    )
    what = " ".join(filter(None, (arguments.color, arguments.label)))
    return failed("not_found", f"no {what} was seen", **measured)


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
            yield from _gaze(body, _looking(azimuth, elevation))
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


def inspect(body: Body, call: Call, arguments: Inspect) -> Routine:
    """Look on, until the thing was seen again some times, and say what stands on it."""
    begun = body.now()
    first = body.surroundings.scene()
    before = first.object(arguments.target)
    seen = before.sightings if before is not None else 0
    while body.now() - begun < min(INSPECTION, call.timeout):
        yield from body.wait(0.5)
        scene = body.surroundings.scene()
        thing = scene.object(arguments.target)
        if before is None:  # a place: what stands on what is there
            things = scene.on(arguments.target)
            enough = body.now() - begun > LOOKS * body.dwell
        else:
            if thing is None:
                continue
            things = scene.on(arguments.target)
            enough = thing.sightings - seen >= LOOKS
        if enough:
            fresh = [o for o in things if o.last_seen >= begun - GRACE]
            measured: dict[str, Any] = {
                "object": arguments.target,
                "things_on": [
                    {"id": o.id, "label": o.label, "color": o.color} for o in fresh
                ],
                "sightings": thing.sightings - seen if thing is not None else 0,
                "duration_s": body.now() - begun,
            }
            return Outcome(success=True, measured=rounded(measured))
    reason = f"'{arguments.target}' was not seen again within {INSPECTION:g} s"
    return failed("not_in_view", reason)


def _gaze(body: Body, point: Any) -> Routine:
    """Turn the head to a point in the frame of the base, and measure the rest."""
    gaze = body.gaze
    if gaze is None:
        return failed("refused", "this robot has no camera")
    with body.joints() as positions:
        start = yield from body.measured(positions)
        if start is None:
            return failed("blind", "no joint states")
        try:
            wanted = gaze.solve(start, point())
            if gaze.names:
                now = start[body.robot.indices(gaze.names)]
                way = float(np.abs(wanted.joints - now).max())
                frame = by_name(body.robot, gaze.names, wanted.joints)
                duration = max(0.4, 1.875 * way / HEAD_SPEED)
                # A head that hangs a little can still see it: the angle decides.
                answer = yield from body.move([(duration, frame)], loose=True)
                yield from body.wait(HEAD_REST)
                if not answer.succeeded:
                    return failed("refused", f"the head: {answer.text}")
            end = positions()
            now = start if end is None else end
            # How far from the middle of each picture, of what still is well inside.
            errors = [
                (eye.error(now, point()), IN_VIEW * _half_view(camera), camera.name)
                for camera, eye in body.eyes
            ]
        except StaleError as error:
            return failed("lost", str(error))
    past, allowed, name = min(errors, key=lambda one: one[0] / one[1])
    measured = rounded({"error_rad": past, "camera": name})
    if past > allowed:
        reason = f"it looks {past:.2f} rad past it"
        return failed("not_in_view", reason, **measured)
    return Outcome(success=True, measured=measured)


def _half_view(camera: Camera) -> float:
    """Return half the smaller opening angle of a camera [rad]."""
    half = 0.5 * camera.field_of_view
    high = math.atan(math.tan(half) * camera.height / camera.width)
    return min(half, high)


def _ahead(azimuth: float, elevation: float) -> Array:
    """Return a point far away in a direction, in the frame of the base [m]."""
    # From where the eyes are, about half a metre above the base.
    flat = EYE_DISTANCE * math.cos(elevation)
    return np.array(
        [
            flat * math.cos(azimuth),
            flat * math.sin(azimuth),
            0.5 + EYE_DISTANCE * math.sin(elevation),
        ]
    )


def _looking(azimuth: float, elevation: float) -> Any:
    return lambda: _ahead(azimuth, elevation)


def _middle(scene: Scene, target: str) -> Array | None:
    thing = scene.object(target)
    if thing is not None:
        return np.array(thing.position)
    where = scene.where(target)
    return None if where is None else np.array([*where, PLACE_HEIGHT])


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


def _go(body: Body, pose: Pose) -> Generator[None, None, str]:
    """Walk somewhere; returns why it did not."""
    body.release()
    goal = NavigateToPose.Goal(pose=stamped(body, pose))
    answer = yield from body.navigate.run(goal)
    return "" if answer.succeeded else answer.text or "the walk failed"
