# SPDX-License-Identifier: Apache-2.0
"""Skills of the eyes: look at something, say what stands on it."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from renxing.errors import StaleError
from renxing.nodes.brain.body import Body, Routine, by_name, failed
from renxing.nodes.brain.odometer import rounded
from renxing.nodes.brain.walking import turned
from renxing.planning.runner import Call
from renxing.planning.scene import Scene
from renxing.planning.skill import Outcome
from renxing.planning.skill_arguments import Inspect, LookAt
from renxing.robot.description import Camera
from renxing.spatial import Array

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
PLACE_HEIGHT = 0.8  # [m] at which a place is looked at
LOOKS = 5  # sightings that an inspection wants
INSPECTION = 20.0  # [s] in which they have to come
GRACE = 0.3  # [s] that an image may be older than the moment in which it comes


def look_at(body: Body, call: Call, arguments: LookAt) -> Routine:
    """Turn head and, where that is not enough, body."""
    if arguments.direction:
        azimuth, elevation = DIRECTIONS[arguments.direction]
        return (yield from gaze_ahead(body, azimuth, elevation))
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
    outcome = yield from gaze_at(body, in_base)
    if not outcome.success and abs(bearing) >= BEYOND:
        done = yield from turned(body, bearing, call.timeout)
        if not done.success:
            return done
        outcome = yield from gaze_at(body, in_base)
    outcome.measured["object"] = arguments.target
    return outcome


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


def gaze_ahead(body: Body, azimuth: float, elevation: float) -> Routine:
    """Turn the head to the left and up [rad], seen from the base."""
    # From where the eyes are, about half a metre above the base.
    flat = EYE_DISTANCE * math.cos(elevation)
    point = np.array(
        [
            flat * math.cos(azimuth),
            flat * math.sin(azimuth),
            0.5 + EYE_DISTANCE * math.sin(elevation),
        ]
    )
    return (yield from gaze_at(body, lambda: point))


def gaze_at(body: Body, point: Callable[[], Array]) -> Routine:
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


def _middle(scene: Scene, target: str) -> Array | None:
    thing = scene.object(target)
    if thing is not None:
        return np.array(thing.position)
    where = scene.where(target)
    return None if where is None else np.array([*where, PLACE_HEIGHT])
