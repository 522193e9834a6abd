# SPDX-License-Identifier: Apache-2.0
"""The skills that every robot of this project has.

Where an argument is a target it is the name of a place, the id of a thing seen, or
`@step`: what that step found.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any, Literal

from msgspec import Meta

from renxing.planning.scene import Pose
from renxing.planning.skill import (
    Arguments,
    Skill,
    SkillRegistry,
    installed_skills,
)
from renxing.planning.state import Need, State

Speed = Annotated[float, Meta(gt=0.0, le=5.0)]
Metres = Annotated[float, Meta(ge=-100.0, le=100.0)]
Angle = Annotated[float, Meta(ge=-4 * math.pi, le=4 * math.pi)]
Text = Annotated[str, Meta(min_length=1, max_length=500)]
Tongue = Literal["en", "zh"]
SLOWEST = 0.1  # [m/s] assumed where a time-out is reckoned
WALK_TIMEOUT = 180.0  # [s] of a walk to a place or thing


class WalkTo(Arguments, frozen=True, kw_only=True):
    """Arguments of `walk_to`: a target, or x and y.

    Attributes:
        target: Place, thing or `@step`.
        x: In map [m].
        y: In map [m].
        yaw: To end with, in map [rad]; None: facing the target, or as it comes.
        around: Places and things that the way keeps off, even where it could cross.
        side: Side of a thing, seen along the straight way; empty for the near one.
        stand_off: Distance from the edge of a thing [m]; None for the usual one.
        speed: Greatest speed [m/s]; None for the usual one.
    """

    target: str = ""
    x: Metres | None = None
    y: Metres | None = None
    yaw: Angle | None = None
    around: tuple[str, ...] = ()
    side: Literal["", "left", "right", "back"] = ""
    stand_off: Annotated[float, Meta(ge=0.3, le=3.0)] | None = None
    speed: Speed | None = None

    def __post_init__(self) -> None:
        """Refuse both or none of a target and a point."""
        if (self.x is None) != (self.y is None):
            raise ValueError("x, y: one without the other")
        if bool(self.target) == (self.x is not None):
            raise ValueError("target: either a target or x and y is wanted")


class WalkBy(Arguments, frozen=True, kw_only=True):
    """Arguments of `walk_by`: a way from where the robot stands.

    Attributes:
        forward: Ahead; negative is back [m].
        left: To the left; negative is right [m].
        speed: Greatest speed [m/s]; None for the usual one.
    """

    forward: Annotated[float, Meta(ge=-10.0, le=10.0)] = 0.0
    left: Annotated[float, Meta(ge=-10.0, le=10.0)] = 0.0
    speed: Speed | None = None

    def __post_init__(self) -> None:
        """Refuse a way of no length."""
        if self.forward == 0.0 and self.left == 0.0:
            raise ValueError("forward, left: both are 0")


class Turn(Arguments, frozen=True, kw_only=True):
    """Arguments of `turn`.

    Attributes:
        angle: Counter-clockwise, that is to the left [rad].
    """

    angle: Angle


class LookAt(Arguments, frozen=True, kw_only=True):
    """Arguments of `look_at`: a target or a direction.

    Attributes:
        target: Place, thing or `@step`.
        direction: Seen from the robot's body.
    """

    target: str = ""
    direction: Literal["", "left", "right", "up", "down", "ahead"] = ""

    def __post_init__(self) -> None:
        """Refuse both or none."""
        if bool(self.target) == bool(self.direction):
            raise ValueError("target: either a target or a direction is wanted")


class Find(Arguments, frozen=True, kw_only=True):
    """Arguments of `find`.

    Attributes:
        label: Kind of the thing; empty for any.
        color: Name of its colour; empty for any.
        at: Places to search from, in order; none: where the robot stands.
    """

    label: str = ""
    color: str = ""
    at: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a search for nothing."""
        if not self.label and not self.color:
            raise ValueError("label: a label or a colour is wanted")


class Inspect(Arguments, frozen=True, kw_only=True):
    """Arguments of `inspect`.

    Attributes:
        target: Place, thing or `@step`.
    """

    target: Annotated[str, Meta(min_length=1)]


class Say(Arguments, frozen=True, kw_only=True):
    """Arguments of `say`.

    Attributes:
        text: To be said as it is.
        language: Of the text.
    """

    text: Text
    language: Tongue = "en"


class Report(Arguments, frozen=True, kw_only=True):
    """Arguments of `report`.

    Attributes:
        what: What it tells: what came of a step, what is in the scene, how many there
            are of something, whether and where something is, the charge, its place.
        of: The step; only for `outcome`.
        target: Place or thing, for `where`.
        label: Kind, for `scene`, `count` and `where`; empty for all.
        color: Colour, for `scene`, `count` and `where`; empty for all.
        language: To speak.
    """

    what: Literal["outcome", "scene", "count", "where", "battery", "place"]
    of: str = ""
    target: str = ""
    label: str = ""
    color: str = ""
    language: Tongue = "en"

    def __post_init__(self) -> None:
        """Refuse an outcome of nothing and a step where none is told of."""
        if (self.what == "outcome") != bool(self.of):
            raise ValueError("of: a step for `outcome`, empty for others")


class Wave(Arguments, frozen=True, kw_only=True):
    """Arguments of `wave`.

    Attributes:
        hand: Which.
        times: How often.
    """

    hand: Literal["left", "right"] = "right"
    times: Annotated[int, Meta(ge=1, le=10)] = 2


class Wait(Arguments, frozen=True, kw_only=True):
    """Arguments of `wait`.

    Attributes:
        duration: [s].
    """

    duration: Annotated[float, Meta(gt=0.0, le=600.0)]


class Nothing(Arguments, frozen=True, kw_only=True):
    """Arguments of skills that take none."""


def _known(name: str, state: State) -> Iterator[Need]:
    if name and not state.knows(name):
        yield Need(text=f"'{name}' has not been seen", fact=("seen", name))


def _upright(state: State) -> Iterator[Need]:
    if state.scene.stopped:
        yield Need(text="a stop is latched; somebody has to reset it")


def _walk_to_needs(a: WalkTo, state: State) -> Iterator[Need]:
    yield from _upright(state)
    if state.scene.pose is None:
        yield Need(text="the robot does not know where it is")
    for name in (a.target, *a.around):
        yield from _known(name, state)


def _walk_to_effects(a: WalkTo, state: State, step: str) -> State:
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


def _walk_by_needs(a: WalkBy, state: State) -> Iterator[Need]:
    yield from _upright(state)


def _walk_by_effects(a: WalkBy, state: State, step: str) -> State:
    way = math.hypot(a.forward, a.left)
    pose = state.pose
    if pose is not None:
        c, s = math.cos(pose[2]), math.sin(pose[2])
        x = pose[0] + c * a.forward - s * a.left
        pose = (x, pose[1] + s * a.forward + c * a.left, pose[2])
    return state.moved(pose, way).did("walk_by", f"{a.forward:g},{a.left:g}")


def _turn_effects(a: Turn, state: State, step: str) -> State:
    pose = state.pose
    if pose is not None:
        pose = (*pose[:2], math.remainder(pose[2] + a.angle, math.tau))
    after = replace(state.without("looking"), pose=pose)
    return after.did("turn", f"{a.angle:.4g}")


def _look_at_needs(a: LookAt, state: State) -> Iterator[Need]:
    yield from _upright(state)
    yield from _known(a.target, state)


def _look_at_effects(a: LookAt, state: State, step: str) -> State:
    after = state.without("looking")
    if a.target:
        after = after.with_fact(("looking", a.target))
    return after.did("look_at", a.target or a.direction)


def _find_needs(a: Find, state: State) -> Iterator[Need]:
    yield from _upright(state)
    for name in a.at:
        if state.scene.place(name) is None:
            yield Need(text=f"'{name}' is not a place")


def _find_effects(a: Find, state: State, step: str) -> State:
    # It turns to see, and walks if it is told places: where it ends nobody knows.
    after = state.moved(None) if a.at else replace(state.without("looking"), pose=None)
    after = after.with_fact(("seen", f"@{step}"))
    after = replace(after, found={**state.found, f"@{step}": (a.label, a.color)})
    return after.did("find", a.color, a.label)


def _inspect_needs(a: Inspect, state: State) -> Iterator[Need]:
    yield from _upright(state)
    yield from _known(a.target, state)
    if not state.near(a.target):
        yield Need(text=f"not near '{a.target}'", fact=("near", a.target))
    if ("looking", a.target) not in state.facts:
        yield Need(text=f"not looking at '{a.target}'", fact=("looking", a.target))


def _inspect_effects(a: Inspect, state: State, step: str) -> State:
    return state.with_fact(("inspected", a.target)).did("inspect", a.target)


def _report_needs(a: Report, state: State) -> Iterator[Need]:
    if a.target:
        yield from _known(a.target, state)
    if a.what == "battery" and state.battery is None:
        yield Need(text="nothing measures the battery")


def _report_effects(a: Report, state: State, step: str) -> State:
    return state.did("report", a.what, a.of or a.target or f"{a.color} {a.label}")


def _dock_needs(a: Nothing, state: State) -> Iterator[Need]:
    yield from _upright(state)
    dock = state.scene.dock
    if not dock:
        yield Need(text="there is no dock: none is among the known places")
    elif not state.near(dock):
        yield Need(text=f"not at the dock '{dock}'", fact=("near", dock))


def _none(a: Any, state: State) -> Iterator[Need]:
    yield from ()


def _still(a: Any, state: State) -> Iterator[Need]:
    yield from _upright(state)


LEGS: frozenset[Any] = frozenset({"legs"})

BUILT_IN: tuple[Skill, ...] = (
    Skill(
        name="walk_to",
        purpose="walk to a place, to a thing that was seen, or to a point of the map",
        arguments=WalkTo,
        needs=_walk_to_needs,
        effects=_walk_to_effects,
        timeout=lambda a: WALK_TIMEOUT,
        risk="motion",
        resources=LEGS,
        measures={
            "distance_walked_m": "length of the way walked",
            "x_m": "where it ended, in map",
            "y_m": "where it ended, in map",
        },
    ),
    Skill(
        name="walk_by",
        purpose="walk some metres ahead, back or aside",
        arguments=WalkBy,
        needs=_walk_by_needs,
        effects=_walk_by_effects,
        timeout=lambda a: 10.0 + math.hypot(a.forward, a.left) / SLOWEST,
        risk="motion",
        resources=LEGS,
        measures={"distance_walked_m": "length of the way walked"},
    ),
    Skill(
        name="turn",
        purpose="turn on the spot",
        arguments=Turn,
        needs=_still,
        effects=_turn_effects,
        timeout=lambda a: 10.0 + abs(a.angle) / SLOWEST,
        risk="motion",
        resources=LEGS,
        measures={"turned_rad": "counter-clockwise"},
    ),
    Skill(
        name="look_at",
        purpose="look at a place, at a thing that was seen, or in a direction",
        arguments=LookAt,
        needs=_look_at_needs,
        effects=_look_at_effects,
        timeout=lambda a: 20.0,
        risk="motion",
        resources=frozenset({"head"}),
        measures={"error_rad": "angle between the line of sight and the target"},
    ),
    Skill(
        name="find",
        purpose="search for a thing by kind and colour until it is seen",
        arguments=Find,
        needs=_find_needs,
        effects=_find_effects,
        timeout=lambda a: 90.0 + WALK_TIMEOUT * len(a.at),
        risk="motion",
        resources=frozenset({"legs", "head"}),
        measures={
            "object": "id of the thing",
            "x_m": "of its middle, in map",
            "y_m": "of its middle, in map",
        },
    ),
    Skill(
        name="inspect",
        purpose="look closely at what is near: what stands on it",
        arguments=Inspect,
        needs=_inspect_needs,
        effects=_inspect_effects,
        timeout=lambda a: 30.0,
        risk="none",
        resources=frozenset({"head"}),
        measures={
            "object": "its name or id",
            "things_on": "list of {id, label, color} of what stands on it",
        },
    ),
    Skill(
        name="say",
        purpose="say a text as it is",
        arguments=Say,
        needs=_none,
        effects=lambda a, state, step: state.did("say", a.text),
        timeout=lambda a: 30.0,
        resources=frozenset({"voice"}),
        measures={"said": "the text"},
    ),
    Skill(
        name="report",
        purpose="tell what was measured: of a step, the scene, the battery, its place",
        arguments=Report,
        needs=_report_needs,
        effects=_report_effects,
        timeout=lambda a: 30.0,
        resources=frozenset({"voice"}),
        measures={"said": "the text"},
    ),
    Skill(
        name="wave",
        purpose="wave a hand",
        arguments=Wave,
        needs=_still,
        effects=lambda a, state, step: state.did("wave", a.hand),
        timeout=lambda a: 15.0 + 3.0 * a.times,
        risk="motion",
        resources=frozenset({"arms"}),
        measures={"waves": "how often it waved"},
    ),
    Skill(
        name="wait",
        purpose="stand and wait",
        arguments=Wait,
        needs=_none,
        effects=lambda a, state, step: state.did("wait", f"{a.duration:g}"),
        timeout=lambda a: 5.0 + 1.5 * a.duration,
        measures={"waited_s": "time waited"},
    ),
    Skill(
        name="stop",
        purpose="end every motion now and stand",
        arguments=Nothing,
        needs=_none,
        effects=lambda a, state, step: state.did("stop"),
        timeout=lambda a: 10.0,
        resources=frozenset({"legs", "head", "arms"}),
        measures={"speed_m_per_s": "of the base when it was done"},
    ),
    Skill(
        name="dock",
        purpose="connect to the charging dock",
        arguments=Nothing,
        needs=_dock_needs,
        effects=lambda a, state, step: state.did("dock"),
        timeout=lambda a: 120.0,
        risk="motion",
        resources=LEGS,
        measures={"charging": "whether a charging current was measured"},
    ),
)


def built_in() -> SkillRegistry:
    """Return the skills of this file alone."""
    return SkillRegistry(BUILT_IN)


def load_skills() -> SkillRegistry:
    """Return the skills of this file and of installed packages.

    Raises:
        ConfigError: If a package is broken or names a skill that there is already.
    """
    registry = built_in()
    for origin, skill in installed_skills():
        registry.add(skill, origin)
    return registry
