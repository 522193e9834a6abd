# SPDX-License-Identifier: Apache-2.0
"""What has to be so before a skill, and what is so after it, in a rehearsal of a plan.

In: arguments of a skill, `State`.  Out: unmet `Need`s; the state that follows.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from renxing.planning.scene import Pose
from renxing.planning.skill_arguments import (
    Find,
    Inspect,
    LookAt,
    Nothing,
    Report,
    Turn,
    WalkBy,
    WalkTo,
)
from renxing.planning.state import Need, State


def _known(name: str, state: State) -> Iterator[Need]:
    if name and not state.knows(name):
        yield Need(text=f"'{name}' has not been seen", fact=("seen", name))


def _upright(state: State) -> Iterator[Need]:
    if state.scene.stopped:
        yield Need(text="a stop is latched; somebody has to reset it")


def walk_to_needs(a: WalkTo, state: State) -> Iterator[Need]:
    """Ask for legs, a pose, and all that is named."""
    yield from _upright(state)
    if state.scene.pose is None:
        yield Need(text="the robot does not know where it is")
    for name in (a.target, *a.around):
        yield from _known(name, state)


def walk_to_effects(a: WalkTo, state: State, step: str) -> State:
    """Put the robot beside the target, or at the point."""
    if a.x is not None and a.y is not None:
        yaw = _heading(state.pose, (a.x, a.y)) if a.yaw is None else a.yaw
        return state.moved((a.x, a.y, yaw)).did("walk_to", f"{a.x:g},{a.y:g}")
    goal = state.goal(a.target, a.stand_off, a.side)
    after = state.moved(goal).with_fact(("near", a.target))
    return after.did("walk_to", a.target)


def _heading(start: Pose | None, end: tuple[float, float]) -> float:
    if start is None:
        return 0.0  # no rule asks for the heading
    return math.atan2(end[1] - start[1], end[0] - start[0])


def walk_by_needs(a: WalkBy, state: State) -> Iterator[Need]:
    """Ask for legs."""
    yield from _upright(state)


def walk_by_effects(a: WalkBy, state: State, step: str) -> State:
    """Move the robot by so many metres."""
    way = math.hypot(a.forward, a.left)
    pose = state.pose
    if pose is not None:
        c, s = math.cos(pose[2]), math.sin(pose[2])
        x = pose[0] + c * a.forward - s * a.left
        pose = (x, pose[1] + s * a.forward + c * a.left, pose[2])
    return state.moved(pose, way).did("walk_by", f"{a.forward:g},{a.left:g}")


def turn_effects(a: Turn, state: State, step: str) -> State:
    """Turn the robot."""
    pose = state.pose
    if pose is not None:
        pose = (*pose[:2], math.remainder(pose[2] + a.angle, math.tau))
    after = replace(state.without("looking"), pose=pose)
    return after.did("turn", f"{a.angle:.4g}")


def look_at_needs(a: LookAt, state: State) -> Iterator[Need]:
    """Ask for a target that is known."""
    yield from _upright(state)
    yield from _known(a.target, state)


def look_at_effects(a: LookAt, state: State, step: str) -> State:
    """Have it looked at."""
    after = state.without("looking")
    if a.target:
        after = after.with_fact(("looking", a.target))
    return after.did("look_at", a.target or a.direction)


def find_needs(a: Find, state: State) -> Iterator[Need]:
    """Ask for places that are known."""
    yield from _upright(state)
    for name in a.at:
        if state.scene.place(name) is None:
            yield Need(text=f"'{name}' is not a place")


def find_effects(a: Find, state: State, step: str) -> State:
    """Have it seen, whatever it will be called."""
    # It turns to see, and walks if it is told places: where it ends nobody knows.
    after = state.moved(None) if a.at else replace(state.without("looking"), pose=None)
    after = after.with_fact(("seen", f"@{step}"))
    after = replace(after, found={**state.found, f"@{step}": (a.label, a.color)})
    return after.did("find", a.color, a.label)


def inspect_needs(a: Inspect, state: State) -> Iterator[Need]:
    """Ask to be near a target that is known."""
    yield from _upright(state)
    yield from _known(a.target, state)
    if not state.near(a.target):
        yield Need(text=f"not near '{a.target}'", fact=("near", a.target))
    if ("looking", a.target) not in state.facts:
        yield Need(text=f"not looking at '{a.target}'", fact=("looking", a.target))


def inspect_effects(a: Inspect, state: State, step: str) -> State:
    """Have it inspected."""
    return state.with_fact(("inspected", a.target)).did("inspect", a.target)


def report_needs(a: Report, state: State) -> Iterator[Need]:
    """Ask for something to tell of."""
    if a.target:
        yield from _known(a.target, state)
    if a.what == "battery" and state.battery is None:
        yield Need(text="nothing measures the battery")


def report_effects(a: Report, state: State, step: str) -> State:
    """Have it told."""
    return state.did("report", a.what, a.of or a.target or f"{a.color} {a.label}")


def dock_needs(a: Nothing, state: State) -> Iterator[Need]:
    """Ask for a dock that the robot stands at."""
    yield from _upright(state)
    dock = state.scene.dock
    if not dock:
        yield Need(text="there is no dock: none is among the known places")
    elif not state.near(dock):
        yield Need(text=f"not at the dock '{dock}'", fact=("near", dock))


def none(a: Any, state: State) -> Iterator[Need]:
    """Ask for nothing."""
    yield from ()


def still(a: Any, state: State) -> Iterator[Need]:
    """Ask for legs that may move."""
    yield from _upright(state)
