# SPDX-License-Identifier: Apache-2.0
"""Robots of other sizes weigh their tasks alike."""

import numpy as np
import pytest

from renxing.control.gait.geometry import GaitGeometry
from renxing.control.whole_body import (
    FootMotion,
    FootTask,
    WholeBodyConfig,
    WholeBodyController,
    WholeBodyTask,
)
from renxing.control.whole_body.assembly import gains
from renxing.robot import Robot
from renxing.signals import BodyState

LEG_SWING = 30.0  # [m/s²] of the foot, as in the first half of a quick step


def test_twice_the_size_is_weighed_alike() -> None:
    """An angular acceleration moves twice as far; a torque moves 16 times less."""
    config = WholeBodyConfig()
    one, two = gains(config, 0.7, 33.0), gains(config, 1.4, 8.0 * 33.0)
    np.testing.assert_array_equal(one.com_weight, two.com_weight)
    assert one.swing_weight == two.swing_weight
    assert two.base_weight == pytest.approx(4.0 * one.base_weight)
    assert two.torso_weight == pytest.approx(4.0 * one.torso_weight)
    np.testing.assert_allclose(two.momentum_weight, one.momentum_weight / 16.0**2)


def test_height_is_the_robots(robot: Robot) -> None:
    body = WholeBodyController(WholeBodyConfig(), robot, 0.002)._body
    height = GaitGeometry.of(robot).com_height
    assert body.height == pytest.approx(height, abs=0.005)
    waist = WholeBodyConfig().waist_posture_weight * body.height**2
    assert np.isclose(body.weights, waist).any()


def centre_error(robot: Robot, standing: BodyState) -> float:
    """Return by how much a leg that is thrown pushes the centre of mass [m/s²]."""
    controller = WholeBodyController(WholeBodyConfig(), robot, 0.002)
    kinematics = controller.update(standing)
    way = kinematics.com[:2] - kinematics.soles[0].translation[:2]
    wanted = np.array([*(9.81 / kinematics.com[2] * way), 0.0])
    motion = FootMotion(
        transform_sole_to_odom=kinematics.soles[1],
        twist=np.zeros(6),
        acceleration=np.array([LEG_SWING, 0.0, 0.0, 0.0, 0.0, 0.0]),
    )
    controller.solve(
        WholeBodyTask(
            com_acceleration=wanted,
            base_rotation=np.eye(3),
            base_angular_velocity=np.zeros(3),
            torso_rotation=np.eye(3),
            torso_angular_velocity=np.zeros(3),
            feet=(FootTask(), FootTask(motion=motion)),
            posture=robot.posture("stand"),
        )
    )
    assert controller.last.solved
    force = controller.last.sole_wrenches[0, 0] / controller.mass
    return abs(float(force - wanted[0]))


def test_a_leg_that_is_thrown_pushes_the_body_little(
    robot: Robot, standing: BodyState
) -> None:
    """Else the capture point runs after the foot, and the foot after it."""
    # G1: 1.3 with weights of rad/s² that fit a body of 0.94 m.
    assert centre_error(robot, standing) < 1.1
