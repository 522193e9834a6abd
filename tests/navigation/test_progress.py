# SPDX-License-Identifier: Apache-2.0
"""Getting on, and having arrived."""

import numpy as np
import pytest

from renxing.errors import ConfigError
from renxing.navigation import GoalChecker, ProgressChecker


def test_who_stays_too_long_is_stuck() -> None:
    checker = ProgressChecker(0.5, 10.0)
    assert checker.update([0.0, 0.0], 100.0)
    assert checker.update([0.4, 0.0], 110.0)
    assert not checker.update([0.4, 0.2], 110.1)
    # 0.5 m from where it was first is far enough, however slowly.
    assert checker.update([0.4, 0.4], 112.0)
    assert checker.update([0.4, 0.4], 122.0)
    assert not checker.update([0.4, 0.4], 122.1)
    checker.reset()
    assert checker.update([0.4, 0.4], 130.0)


def test_going_to_and_fro_is_no_progress() -> None:
    checker = ProgressChecker(0.5, 10.0)
    moved = [
        checker.update([0.3 * np.sin(t), 0.0], t) for t in np.arange(0.0, 12.0, 0.1)
    ]
    assert all(moved[:100]) and not any(moved[101:])


def test_a_clock_that_goes_back_begins_anew() -> None:
    checker = ProgressChecker(0.5, 10.0)
    checker.update([0.0, 0.0], 1000.0)
    assert checker.update([0.0, 0.0], 5.0)
    assert not checker.update([0.0, 0.0], 15.1)


def test_arrived_means_place_and_yaw() -> None:
    goal = [1.0, 2.0, 3.1]
    assert GoalChecker(0.25, 0.25).reached([1.1, 2.2, -3.1], goal)
    assert not GoalChecker(0.25, 0.25).reached([1.1, 2.2, 2.8], goal)
    assert not GoalChecker(0.25, 0.25).reached([1.2, 2.2, 3.1], goal)


def test_turning_on_the_spot_may_stray() -> None:
    checker = GoalChecker(0.25, 0.25)
    assert not checker.reached([0.1, 0.1, 1.0], [0.0, 0.0, 0.0])
    assert checker.reached([0.3, 0.1, 0.1], [0.0, 0.0, 0.0])
    checker.reset()
    assert not checker.reached([0.3, 0.1, 0.1], [0.0, 0.0, 0.0])


@pytest.mark.parametrize("values", [(0.0, 1.0), (1.0, -1.0), (np.nan, 1.0)])
def test_tolerances_are_above_zero(values: tuple[float, float]) -> None:
    with pytest.raises(ConfigError, match="above 0"):
        ProgressChecker(*values)
    with pytest.raises(ConfigError, match="above 0"):
        GoalChecker(*values)
