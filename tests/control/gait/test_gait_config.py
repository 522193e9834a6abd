# SPDX-License-Identifier: Apache-2.0
"""What the gait measures of a robot, and how its parameters scale."""

import copy
from dataclasses import fields, replace

import numpy as np
import pytest
from msgspec import structs

from renxing.control.gait.gait_config import GaitConfig, GaitScale
from renxing.control.gait.geometry import GRAVITY, GaitGeometry
from renxing.errors import ModelError
from renxing.robot import Robot

TIMES = ("constant", "step_time", "double_support", "shortest_step", "longest_step")
TIMES += ("first_support", "quick_support", "landing_time")
LENGTHS = ("width", "least_width", "length_limit", "width_limit", "swing_height")
LENGTHS += ("lowering", "swing_speed", "lowering_speed", "landing_speed")


def test_lengths_are_those_of_the_robot(robot: Robot) -> None:
    made = GaitGeometry.of(robot)
    assert made.mass == robot.mass
    stand = robot.posture("stand")
    base = robot.standing_base(stand)
    # The centre of mass is within the trunk, hips below it; soles are on the ground.
    hip = base.translation[2]
    assert 0.7 * hip < made.com_height < 1.4 * hip
    assert 0.7 * hip < made.leg_length < 1.3 * hip
    foot = robot.description.feet[0]
    assert made.half_length == pytest.approx((foot.x[1] - foot.x[0]) / 2)
    assert made.half_width == pytest.approx((foot.y[1] - foot.y[0]) / 2)
    assert 2.0 * made.half_width < made.width < 0.4


def test_scale_can_be_walked(robot: Robot) -> None:
    geometry = GaitGeometry.of(robot)
    made = GaitScale(GaitConfig(), geometry)
    assert made.constant == pytest.approx(np.sqrt(geometry.com_height / GRAVITY))
    assert made.double_support < made.shortest_step < made.step_time < made.longest_step
    assert 2.0 * geometry.half_width < made.least_width <= made.width
    assert made.width < made.width_limit < geometry.leg_length
    assert made.swing_height < 0.1
    assert made.contact_force < 0.5 * geometry.mass * GRAVITY


def test_a_robot_of_twice_the_size_walks_alike(robot: Robot) -> None:
    """Dynamic similarity: lengths double, times grow by the root of two."""
    small = GaitGeometry.of(robot)
    values = {f.name: 2.0 * getattr(small, f.name) for f in fields(small)}
    large = replace(small, **values | {"mass": 8.0 * small.mass})
    one, two = (GaitScale(GaitConfig(), geometry) for geometry in (small, large))
    for name in TIMES:
        assert getattr(two, name) == pytest.approx(np.sqrt(2) * getattr(one, name))
    for name in LENGTHS:
        assert getattr(two, name) == pytest.approx(2.0 * getattr(one, name))
    assert two.contact_force == pytest.approx(8.0 * one.contact_force)
    assert two.arm_swing == pytest.approx(0.5 * one.arm_swing)


@pytest.mark.parametrize(
    ("order", "told"), [((), "feet none"), ((1, 0), "feet right, left")]
)
def test_other_feet_are_refused(rx1: Robot, order: tuple[int, ...], told: str) -> None:
    feet = tuple(rx1.description.feet[index] for index in order)
    other = copy.copy(rx1)
    description = structs.replace(rx1.description, feet=feet)
    object.__setattr__(other, "description", description)
    with pytest.raises(ModelError, match=f"rx1: {told}; walking wants left and right"):
        GaitGeometry.of(other)


def test_defaults_are_within_their_bounds() -> None:
    config = GaitConfig()
    for one in fields(GaitConfig):
        if one.metadata:
            value = getattr(config, one.name)
            assert one.metadata["min"] <= value <= one.metadata["max"], one.name
