# SPDX-License-Identifier: Apache-2.0
"""The velocity that steps are planned for."""

import numpy as np
import pytest

from renxing.control.gait.gait_config import GaitConfig
from renxing.control.gait.speed import LIMIT, SpeedRegulator
from renxing.spatial import Array

CONFIG = GaitConfig(acceleration=(0.4, 0.6, 1.5), speed_gain=0.25)
AHEAD = np.array([0.6, 0.0, 0.0])
PACE = 0.45  # [s] of a step


def walking(command: Array) -> SpeedRegulator:
    made = SpeedRegulator(CONFIG)
    for _ in range(1000):
        made.follow(command, 0.01)
    return made


def learn(
    made: SpeedRegulator, real: Array, command: Array, steps: int, heading: float = 0.0
) -> None:
    for k in range(steps):
        made.learn(PACE * k, real * PACE * k, heading, command)


def test_change_is_bounded_and_ends_at_the_command() -> None:
    made, command = SpeedRegulator(CONFIG), np.array([0.5, -0.3, 1.0])
    before = made.smooth.copy()
    for _ in range(200):
        made.follow(command, 0.01)
        change = np.abs(made.smooth - before)
        assert (change <= np.array(CONFIG.acceleration) * 0.01 + 1e-12).all()
        before = made.smooth.copy()
    np.testing.assert_allclose(made.smooth, command)
    assert made.pace == pytest.approx(np.hypot(0.5, 0.3))
    assert made.fast


def test_is_not_fast_once_it_has_stopped() -> None:
    made = walking(AHEAD)
    made.follow(np.zeros(3), 0.5)
    assert made.fast
    made.follow(np.zeros(3), 1.0)
    assert not made.fast and made.pace == pytest.approx(0.0)


@pytest.mark.parametrize("heading", [0.0, 1.3])
def test_missing_speed_is_added(heading: float) -> None:
    """Of the first two steps nothing is known; then a part each step."""
    c, s = np.cos(heading), np.sin(heading)
    real = np.array([[c, -s], [s, c]]) @ [0.5, 0.05]
    made = walking(AHEAD)
    learn(made, real, AHEAD, 2, heading)
    np.testing.assert_allclose(made.wanted, AHEAD)
    made = walking(AHEAD)
    learn(made, real, AHEAD, 3, heading)
    np.testing.assert_allclose(made.wanted, [0.625, -0.0125, 0.0], atol=1e-9)
    made = walking(AHEAD)
    learn(made, real, AHEAD, 4, heading)
    np.testing.assert_allclose(made.wanted, [0.65, -0.025, 0.0], atol=1e-9)


def test_correction_is_limited_and_fades_at_rest() -> None:
    made = walking(AHEAD)
    learn(made, np.zeros(2), AHEAD, 30)
    assert made.wanted[0] == pytest.approx(0.6 + LIMIT)
    stop = np.zeros(3)
    made.follow(stop, 10.0)
    learn(made, np.zeros(2), stop, 10)
    assert abs(made.wanted[0]) < 0.01


def test_nothing_is_learnt_from_a_change_of_speed() -> None:
    made = SpeedRegulator(CONFIG)
    made.follow(AHEAD, 0.1)
    learn(made, np.zeros(2), AHEAD, 10)
    np.testing.assert_allclose(made.wanted, made.smooth)


def test_reset_forgets() -> None:
    made = walking(AHEAD)
    learn(made, np.zeros(2), AHEAD, 10)
    made.reset()
    assert not made.wanted.any()
    made.learn(10.0, np.ones(2), 0.0, AHEAD)
    assert not made.wanted.any()
