# SPDX-License-Identifier: Apache-2.0
"""Plans of given footholds: what is refused, and what steps are planned for."""

from dataclasses import replace

import numpy as np
import pytest

from renxing.control.gait.capture_point import PREVIEW
from renxing.control.gait.footsteps import Footstep, Footsteps, check_footsteps
from renxing.control.gait.gait_config import GaitConfig, GaitScale
from renxing.control.gait.geometry import GaitGeometry
from renxing.errors import UnsafeCommandError

LEFT, RIGHT = 0, 1
SCALE = GaitScale(
    GaitConfig(),
    GaitGeometry(
        com_height=0.9,
        leg_length=0.9,
        hip_height=0.85,
        reach=0.88,
        width=0.2,
        half_length=0.11,
        half_width=0.05,
        mass=55.0,
    ),
)
LIMITS = np.array([SCALE.step_time, SCALE.width, SCALE.least_width])


def step(foot: int, x: float, y: float, yaw: float = 0.0, z: float = 0.0) -> Footstep:
    return Footstep(foot=foot, place=np.array([x, y]), yaw=yaw, height=z)


STANCE = step(RIGHT, 0.0, -0.1)
STEEP = replace(step(LEFT, 0.2, 0.1), normal=np.array([0.0, 0.5, 0.5]) * np.sqrt(2.0))
PLAN = (step(LEFT, 0.3, 0.1), step(RIGHT, 0.6, -0.1), step(LEFT, 0.6, 0.1))


def test_a_walk_is_accepted() -> None:
    check_footsteps(PLAN, STANCE, SCALE)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (step(RIGHT, 0.3, 0.1), "footstep 0: the right foot stands; the left one"),
        (step(LEFT, 1.2, 0.1), "footstep 0: 1.200 m ahead, allowed -0.590 to 0.738"),
        (step(LEFT, 0.2, 0.0), "footstep 0: 0.100 m apart, allowed 0.140 to 0.585"),
        (step(LEFT, 0.2, -0.3), "footstep 0: -0.200 m apart"),
        (step(LEFT, 0.2, 0.1, z=0.4), "footstep 0: 0.400 m up, allowed -0.225 to 0.2"),
        (step(LEFT, 0.2, 0.1, yaw=1.2), "footstep 0: turned 1.20 rad, allowed 0.8"),
        (STEEP, "footstep 0: ground of 45 degrees, allowed 30"),
        (step(LEFT, float("nan"), 0.1), "footstep 0: place or heading is not finite"),
    ],
)
def test_what_legs_cannot_do_is_refused(wrong: Footstep, told: str) -> None:
    with pytest.raises(UnsafeCommandError, match=told):
        check_footsteps((wrong, *PLAN[1:]), STANCE, SCALE)


def test_later_steps_are_seen_from_the_one_before() -> None:
    wrong = (PLAN[0], step(RIGHT, 1.2, -0.1))
    with pytest.raises(UnsafeCommandError, match="footstep 1: 0.900 m ahead"):
        check_footsteps(wrong, STANCE, SCALE)
    turned = (step(LEFT, 0.0, 0.1, yaw=0.7), step(RIGHT, 0.13, -0.05, yaw=0.7))
    check_footsteps(turned, STANCE, SCALE)


def test_no_plan_is_refused() -> None:
    with pytest.raises(UnsafeCommandError, match="none"):
        check_footsteps((), STANCE, SCALE)


def test_steps_are_planned_for_the_footholds_and_then_in_place() -> None:
    plan = Footsteps(PLAN)
    feet, own = plan.footholds(STANCE.place, 0.0, LEFT, LIMITS)
    assert feet.shape == (PREVIEW + 2, 3)
    assert own is PLAN[0]
    wanted = [STANCE, *PLAN]
    np.testing.assert_allclose(feet[:4, :2], [one.place for one in wanted])
    # In place after that: beside the last foot, then back on it.
    np.testing.assert_allclose(feet[4, :2], [0.6, 0.1 - SCALE.width])
    np.testing.assert_allclose(feet[5, :2], [0.6, 0.1])


def test_the_other_foot_steps_in_place_first() -> None:
    plan = Footsteps(PLAN)
    feet, own = plan.footholds(np.array([0.0, 0.1]), 0.0, RIGHT, LIMITS)
    assert own is None
    np.testing.assert_allclose(feet[1, :2], [0.0, 0.1 - SCALE.width])
    np.testing.assert_allclose(feet[2, :2], PLAN[0].place)


def test_touchdowns_are_measured() -> None:
    plan = Footsteps(PLAN)
    plan.land(RIGHT, np.zeros(2))  # not the plan's
    assert plan.errors == [] and plan.next is PLAN[0]
    plan.land(LEFT, np.array([0.3, 0.14]))
    assert plan.errors == [pytest.approx(0.04)] and plan.next is PLAN[1]
    for one in PLAN[1:]:
        plan.land(one.foot, one.place)
    assert plan.next is None
    feet, own = plan.footholds(PLAN[-1].place, 0.0, RIGHT, LIMITS)
    assert own is None
    np.testing.assert_allclose(feet[1, :2], [0.6, 0.1 - SCALE.width])
