# SPDX-License-Identifier: Apache-2.0
"""A touchdown is felt, stopped and confirmed, or overdue."""

import numpy as np
import pytest

from renxing.control.gait.gait_config import GaitConfig, GaitScale
from renxing.control.gait.geometry import GaitGeometry
from renxing.control.gait.stepping import Step
from renxing.control.gait.swing import DOWN, SwingFoot
from renxing.control.gait.touchdown import CONFIRM, OVERDUE, Touchdown
from renxing.robot import Robot
from renxing.spatial import SE3

PERIOD = 0.002  # [s]
REST = np.zeros(3)
FLYING = np.array([2.0, 0.0, -0.3])  # [m/s]


@pytest.fixture
def step(rx1: Robot) -> Step:
    """A step at the end of its swing."""
    geometry = GaitGeometry.of(rx1)
    sole = np.array([geometry.half_length, geometry.half_width])
    made = Step(GaitScale(GaitConfig(), geometry), sole, 0, np.zeros(2), 0.4, 0.05)
    made.elapsed = made.duration
    made.foot = SwingFoot(SE3.Identity(), 0.0, 0.05, 0.1)
    made.foot.phase = 1.0
    assert made.foot.phase > DOWN
    return made


def ticks(touchdown: Touchdown, step: Step, loaded: bool, velocity: object) -> int:
    """Return after how many ticks the step was over."""
    for tick in range(1, 1000):
        step.elapsed += PERIOD
        if touchdown.over(step, loaded, np.asarray(velocity)):
            return tick
    return 1000


def test_a_landed_foot_ends_the_step_once_confirmed(step: Step) -> None:
    took = ticks(Touchdown(PERIOD), step, True, REST)
    assert took * PERIOD == pytest.approx(CONFIRM, abs=PERIOD)


@pytest.mark.parametrize(("loaded", "velocity"), [(True, FLYING), (False, REST)])
def test_neither_force_nor_rest_alone_does(
    step: Step, loaded: bool, velocity: object
) -> None:
    took = ticks(Touchdown(PERIOD), step, loaded, velocity)
    # But it cannot stay out for ever.
    assert took * PERIOD == pytest.approx(OVERDUE, abs=2 * PERIOD)


def test_what_was_felt_before_does_not_count(step: Step) -> None:
    touchdown = Touchdown(PERIOD)
    assert not touchdown.over(step, True, REST)
    assert not touchdown.over(step, False, REST)
    assert ticks(touchdown, step, True, REST) * PERIOD >= CONFIRM - 1e-9


def test_a_step_without_a_foot_in_the_air_goes_on(step: Step) -> None:
    step.foot = None
    assert ticks(Touchdown(PERIOD), step, True, REST) == 1000
