# SPDX-License-Identifier: Apache-2.0
"""Where to stand by a place or a thing, facing it."""

import math

from renxing.planning.scene import Point, Pose, Scene

BODY = 0.3  # [m] radius of the disc that the robot fits in
STAND_OFF = 0.5  # [m] from the edge of a thing to the robot's middle
STAND_OFF_PERSON = 1.2  # [m] the same for people: social distance, Hall (1966)
REACH = 0.5  # [m] beyond the stand-off up to which it still stands by a thing
PEOPLE = "person"
TURNS = {"": 0.0, "left": -0.5 * math.pi, "right": 0.5 * math.pi, "back": math.pi}


def approach_pose(
    scene: Scene,
    target: str,
    start: Pose | None,
    stand_off: float | None = None,
    side: str = "",
) -> Pose | None:
    """Return where to stand by a place or a thing.

    Args:
        scene: With the target.
        target: Name of a place or id of a thing seen.
        start: Where the robot comes from: x, y [m], yaw [rad]; None if unknown.
        stand_off: Distance from the edge to the robot's middle [m]; None for the usual.
        side: The side of the thing, seen along the straight way there: empty for the
            near one, `left`, `right` or `back`. Places have one pose.

    Returns:
        x, y [m], yaw [rad] in map; None if the target or the start is unknown.
    """
    place = scene.place(target)
    if place is not None:
        return place.pose
    thing = scene.object(target)
    if thing is None:
        return None
    carrier = scene.object(thing.support) if thing.support else None
    if carrier is not None:
        home = scene.place(scene.place_of(carrier.id))
        if home is not None and not side:
            return home.pose
    if start is None:
        return None
    x, y = thing.position[:2]
    away = math.atan2(start[1] - y, start[0] - x) + TURNS[side]
    keep = _clear(scene, target) if stand_off is None else stand_off
    radius = _edge(scene, target) + keep
    return (
        x + radius * math.cos(away),
        y + radius * math.sin(away),
        math.remainder(away + math.pi, math.tau),
    )


def reach_of(scene: Scene, target: str, here: Point) -> bool:
    """Tell whether a robot that stands somewhere stands by a thing seen."""
    thing = scene.object(target)
    if thing is None:
        return False
    limit = _edge(scene, target) + _clear(scene, target) + REACH
    return math.dist(here, thing.position[:2]) <= limit


def _clear(scene: Scene, target: str) -> float:
    thing = scene.object(target)
    person = thing is not None and thing.label == PEOPLE
    return STAND_OFF_PERSON if person else STAND_OFF


def _edge(scene: Scene, target: str) -> float:
    """Return how far a thing, with what carries it, reaches from its middle [m]."""
    thing = scene.object(target)
    if thing is None:
        return 0.0
    own = 0.5 * math.hypot(*thing.size[:2])
    carrier = scene.object(thing.support) if thing.support else None
    if carrier is None:
        return own
    between = math.dist(carrier.position[:2], thing.position[:2])
    return max(own, between + 0.5 * math.hypot(*carrier.size[:2]))
