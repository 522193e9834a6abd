# SPDX-License-Identifier: Apache-2.0
"""The skills that every robot of this project has."""

import math
from typing import Any

from renxing.planning import skill_rules as rules
from renxing.planning.skill import (
    Skill,
    SkillRegistry,
    installed_skills,
)
from renxing.planning.skill_arguments import (
    Find,
    Inspect,
    LookAt,
    Nothing,
    Report,
    Say,
    Turn,
    Wait,
    WalkBy,
    WalkTo,
    Wave,
)

SLOWEST = 0.1  # [m/s] assumed where a time-out is reckoned
WALK_TIMEOUT = 180.0  # [s] of a walk to a place or thing
LEGS: frozenset[Any] = frozenset({"legs"})

BUILT_IN: tuple[Skill, ...] = (
    Skill(
        name="walk_to",
        purpose="walk to a place, to a thing that was seen, or to a point of the map",
        arguments=WalkTo,
        needs=rules.walk_to_needs,
        effects=rules.walk_to_effects,
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
        needs=rules.walk_by_needs,
        effects=rules.walk_by_effects,
        timeout=lambda a: 10.0 + math.hypot(a.forward, a.left) / SLOWEST,
        risk="motion",
        resources=LEGS,
        measures={"distance_walked_m": "length of the way walked"},
    ),
    Skill(
        name="turn",
        purpose="turn on the spot",
        arguments=Turn,
        needs=rules.still,
        effects=rules.turn_effects,
        timeout=lambda a: 10.0 + abs(a.angle) / SLOWEST,
        risk="motion",
        resources=LEGS,
        measures={"turned_rad": "counter-clockwise"},
    ),
    Skill(
        name="look_at",
        purpose="look at a place, at a thing that was seen, or in a direction",
        arguments=LookAt,
        needs=rules.look_at_needs,
        effects=rules.look_at_effects,
        timeout=lambda a: 20.0,
        risk="motion",
        resources=frozenset({"head"}),
        measures={"error_rad": "angle between the line of sight and the target"},
    ),
    Skill(
        name="find",
        purpose="search for a thing by kind and colour until it is seen",
        arguments=Find,
        needs=rules.find_needs,
        effects=rules.find_effects,
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
        needs=rules.inspect_needs,
        effects=rules.inspect_effects,
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
        needs=rules.none,
        effects=lambda a, state, step: state.did("say", a.text),
        timeout=lambda a: 30.0,
        resources=frozenset({"voice"}),
        measures={"said": "the text"},
    ),
    Skill(
        name="report",
        purpose="tell what was measured: of a step, the scene, the battery, its place",
        arguments=Report,
        needs=rules.report_needs,
        effects=rules.report_effects,
        timeout=lambda a: 30.0,
        resources=frozenset({"voice"}),
        measures={"said": "the text"},
    ),
    Skill(
        name="wave",
        purpose="wave a hand",
        arguments=Wave,
        needs=rules.still,
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
        needs=rules.none,
        effects=lambda a, state, step: state.did("wait", f"{a.duration:g}"),
        timeout=lambda a: 5.0 + 1.5 * a.duration,
        measures={"waited_s": "time waited"},
    ),
    Skill(
        name="stop",
        purpose="end every motion now and stand",
        arguments=Nothing,
        needs=rules.none,
        effects=lambda a, state, step: state.did("stop"),
        timeout=lambda a: 10.0,
        resources=frozenset({"legs", "head", "arms"}),
        measures={"speed_m_per_s": "of the base when it was done"},
    ),
    Skill(
        name="dock",
        purpose="connect to the charging dock",
        arguments=Nothing,
        needs=rules.dock_needs,
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
