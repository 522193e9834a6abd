# SPDX-License-Identifier: Apache-2.0
"""Plans as data: the same after JSON, nothing unknown in them, references bound."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renxing.planning.plan import (
    Command,
    Plan,
    PlanError,
    Step,
    bind,
    from_json,
    to_json,
)
from renxing.planning.skill import Outcome

COMMAND = Command(text="去箱子那里", language="zh")
FOUND = {"s1": Outcome(success=True, measured={"object": "crate_1"})}
values = st.one_of(st.text(), st.booleans(), st.floats(-1e9, 1e9))
steps = st.builds(
    Step,
    id=st.from_regex(r"[a-z][a-z0-9_]{0,10}", fullmatch=True),
    skill=st.text(),
    arguments=st.dictionaries(st.text(), values),
    text=st.text(),
)


@settings(deadline=None, derandomize=True)
@given(st.lists(steps), st.text())
def test_a_plan_survives_json(made: list[Step], source: str) -> None:
    plan = Plan(command=COMMAND, source=source, steps=tuple(made))
    assert from_json(to_json(plan)) == plan


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"source": "x", "steps": []}',
        '{"command": {"text": "a"}, "source": "x", "steps": [], "extra": 1}',
        '{"command": {"text": ""}, "source": "x", "steps": [{"id": "1", "skill": ""}]}',
        '{"command": {"text": "a", "language": "fr"}, "source": "x", "steps": []}',
        '{"command": {"text": "a"}, "source": "x", "steps": [{"id": "a"}]}',
    ],
)
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(PlanError):
        from_json(text)


def test_references_become_what_was_found() -> None:
    arguments = {"target": "@s1", "around": ["bench", "@s1"], "speed": 0.3}
    bound = bind(Step(id="s2", skill="walk_to", arguments=arguments), FOUND)
    assert bound.arguments == {
        "target": "crate_1",
        "around": ["bench", "crate_1"],
        "speed": 0.3,
    }


def test_what_is_said_is_no_reference() -> None:
    step = Step(id="s2", skill="say", arguments={"text": "@s1"})
    assert bind(step, FOUND) == step


@pytest.mark.parametrize(
    "outcomes",
    [
        {},
        {"s1": Outcome(success=False, code="not_found")},
        {"s1": Outcome(success=False, measured={"object": "crate_1"})},
        {"s1": Outcome(success=True, measured={"object": 3})},
    ],
)
def test_nothing_found_is_no_reference(outcomes: dict[str, Outcome]) -> None:
    step = Step(id="s2", skill="walk_to", arguments={"target": "@s1"})
    with pytest.raises(PlanError, match="'s2': @s1"):
        bind(step, outcomes)
