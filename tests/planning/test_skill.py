# SPDX-License-Identifier: Apache-2.0
"""Skills: typed arguments, one name each, broken packages named."""

import math
from dataclasses import replace
from importlib.metadata import EntryPoint

import pytest

from renxing.errors import ConfigError
from renxing.planning import skill as skill_module
from renxing.planning.skill import Outcome, SkillRegistry, installed_skills
from renxing.planning.skill_arguments import WalkTo
from renxing.planning.skills import BUILT_IN, built_in

REGISTRY = built_in()
EXTRA = replace(REGISTRY["wave"], name="salute")
PACK = (EXTRA, replace(EXTRA, name="bow"))
NOT_SKILLS = ("salute",)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("walk_to", {}),
        ("walk_to", {"target": "bench", "x": 1.0, "y": 2.0}),
        ("walk_to", {"x": 1.0}),
        ("walk_to", {"target": "bench", "velocity": 1.0}),
        ("walk_to", {"target": 3}),
        ("walk_to", {"target": "bench", "speed": 0.0}),
        ("walk_by", {}),
        ("walk_by", {"forward": 11.0}),
        ("turn", {"angle": "left"}),
        ("look_at", {"target": "bench", "direction": "left"}),
        ("find", {}),
        ("wait", {"duration": -1.0}),
        ("wave", {"times": 1.5}),
        ("report", {"what": "outcome"}),
        ("report", {"what": "battery", "of": "s1"}),
        ("dock", {"now": True}),
    ],
)
def test_wrong_arguments_are_refused_by_name(
    name: str, arguments: dict[str, object]
) -> None:
    with pytest.raises(ConfigError, match=f"skill '{name}'"):
        REGISTRY[name].read(arguments)


def test_arguments_become_the_skills_own_class() -> None:
    read = REGISTRY["walk_to"].read({"target": "bench", "around": ["shelf"]})
    assert read == WalkTo(target="bench", around=("shelf",))


def test_every_skill_says_how_long_it_may_take_and_what_it_measures() -> None:
    samples = {
        "walk_to": {"target": "bench"},
        "walk_by": {"forward": 2.0},
        "turn": {"angle": 1.0},
        "look_at": {"direction": "left"},
        "find": {"label": "can"},
        "inspect": {"target": "bench"},
        "say": {"text": "hello"},
        "report": {"what": "battery"},
        "wait": {"duration": 60.0},
    }
    for skill in BUILT_IN:
        timeout = skill.timeout(skill.read(samples.get(skill.name, {})))
        assert 0.0 < timeout < math.inf
        assert skill.measures
    wait = REGISTRY["wait"]
    assert wait.timeout(wait.read({"duration": 600.0})) > 600.0


def test_what_an_outcome_lacks() -> None:
    walk = REGISTRY["walk_to"]
    outcome = Outcome(success=True, measured={"x_m": 1.0})
    assert walk.lacks(outcome) == ("distance_walked_m", "y_m")


def test_two_skills_of_one_name() -> None:
    with pytest.raises(ConfigError, match="'wave'.*one already"):
        SkillRegistry([*BUILT_IN, REGISTRY["wave"]])


def test_an_unknown_skill_names_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match="'fly': unknown; there are walk_to"):
        REGISTRY["fly"]


def point(value: str) -> EntryPoint:
    return EntryPoint("pack", value, skill_module.ENTRY_POINTS)


@pytest.mark.parametrize(("attribute", "names"), [("EXTRA", 1), ("PACK", 2)])
def test_packages_add_skills(attribute: str, names: int) -> None:
    found = list(installed_skills([point(f"{__name__}:{attribute}")]))
    registry = built_in()
    for origin, skill in found:
        assert "'pack'" in origin
        registry.add(skill, origin)
    assert len(found) == names
    assert "salute" in registry


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("no_such_package_anywhere:SKILLS", "cannot be loaded"),
        (f"{__name__}:NO_SUCH_NAME", "cannot be loaded"),
        (f"{__name__}:NOT_SKILLS", "is not a Skill"),
    ],
)
def test_a_broken_package_is_named(value: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=f"'pack'.*{complaint}"):
        list(installed_skills([point(value)]))


def test_a_package_cannot_replace_a_skill() -> None:
    registry = built_in()
    with pytest.raises(ConfigError, match="'wave' from entry point 'pack'"):
        registry.add(replace(EXTRA, name="wave"), "entry point 'pack'")
