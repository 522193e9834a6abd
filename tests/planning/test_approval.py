# SPDX-License-Identifier: Apache-2.0
"""Silence is a no, and the first answer counts."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renxing.errors import ConfigError
from renxing.planning.approval import Approval


def test_nobody_answers() -> None:
    approval = Approval(10.0, 5.0)
    assert approval.verdict(14.9) == "pending"
    assert approval.verdict(15.0) == "denied"
    assert "within 5 s" in approval.reason


def test_a_yes_that_comes_too_late() -> None:
    approval = Approval(10.0, 5.0)
    assert approval.decide(True, "ann", 15.0) == "denied"
    assert approval.by == ""


def test_the_first_answer_counts() -> None:
    approval = Approval(0.0, 5.0)
    assert approval.decide(False, "ann", 1.0) == "denied"
    assert approval.decide(True, "bob", 2.0) == "denied"
    assert approval.reason == "denied by ann"


def test_a_yes_stays() -> None:
    approval = Approval(0.0, 5.0)
    assert approval.decide(True, "ann", 1.0) == "approved"
    assert approval.verdict(1e9) == "approved"


def test_a_time_that_is_none_is_too_late() -> None:
    assert Approval(0.0, 5.0).verdict(math.nan) == "denied"


@pytest.mark.parametrize("times", [(0.0, 0.0), (0.0, -1.0), (math.nan, 1.0)])
def test_times_that_cannot_be(times: tuple[float, float]) -> None:
    with pytest.raises(ConfigError, match="approval"):
        Approval(*times)


@settings(deadline=None, derandomize=True)
@given(
    st.floats(0.1, 100.0),
    st.lists(st.tuples(st.booleans(), st.floats(0.0, 200.0))),
)
def test_it_is_approved_only_by_a_first_yes_in_time(
    timeout: float, answers: list[tuple[bool, float]]
) -> None:
    approval = Approval(0.0, timeout)
    answers.sort(key=lambda answer: answer[1])
    for approve, when in answers:
        approval.decide(approve, "somebody", when)
    first = answers[0] if answers else (False, 0.0)
    expected = first[0] and first[1] < timeout
    assert (approval.verdict(1000.0) == "approved") == expected
