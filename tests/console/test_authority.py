# SPDX-License-Identifier: Apache-2.0
"""Who commands the robot, and what cannot be told."""

from dataclasses import replace

import pytest

from renxing.console.authority import Voices, authority_line, authority_of

WALKING = Voices(
    rung="run",
    controllers=("locomotion",),
    walks="locomotion",
    moving=True,
    sources=("controller_server",),
    goals=("this page", "navigation"),
)


@pytest.mark.parametrize(
    ("changes", "chain", "remark"),
    [
        ({}, "this page > navigation > controller_server > locomotion", ""),
        (
            {"goals": ("navigation",), "task": "go to the crate"},
            "brain: go to the crate > navigation > controller_server > locomotion",
            "",
        ),
        ({"goals": (), "sources": ("teleop",)}, "teleop > locomotion", ""),
        (
            {"sources": (), "goals": (), "moving": False},
            "locomotion",
            "no velocity is asked for",
        ),
        (
            {"sources": ("teleop", "this page"), "goals": ()},
            "teleop or this page > locomotion",
            "several send velocities",
        ),
        (
            {"walks": "", "controllers": ("legs", "arms"), "goals": ()},
            "legs + arms",
            "",
        ),
        ({"controllers": ()}, "", "no controller"),
    ],
)
def test_the_chain_of_command(changes, chain, remark) -> None:
    found = authority_of(replace(WALKING, **changes))
    assert " > ".join(found.chain) == chain
    assert found.remark.startswith(remark) and bool(found.remark) == bool(remark)
    assert not found.stopped


def test_a_stop_is_above_all_others() -> None:
    stop = authority_of(replace(WALKING, rung="hold", causes=("a <fall>",)))
    assert stop.chain == ("stop ladder: hold",) and stop.stopped
    line = authority_line(stop)
    assert "chip hot" in line and "locomotion" not in line


def test_a_silent_core_tells_nothing() -> None:
    assert authority_of(replace(WALKING, rung="")) is None
    assert "not known" in authority_line(None)


def test_words_of_others_are_not_taken_for_html() -> None:
    line = authority_line(authority_of(replace(WALKING, task="<b>" + 60 * "x")))
    assert "&lt;b&gt;" in line and "<b>" not in line
    assert "…" in line and 60 * "x" not in line
