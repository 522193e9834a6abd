# SPDX-License-Identifier: Apache-2.0
"""Joint limits: accelerations that keep a joint inside, torques that a drive has."""

import numpy as np
import pytest

from renxing.control.whole_body import WholeBodyConfig
from renxing.control.whole_body.limits import Drives, drives, fill_bounds, new_bounds
from renxing.robot import Robot
from renxing.spatial import Array

PERIOD = 0.002  # [s]


@pytest.fixture
def constants(robot: Robot) -> Drives:
    return drives(WholeBodyConfig(), robot, np.arange(len(robot.joints)))


def bounds_at(constants: Drives, position: Array, speed: Array):
    bounds = new_bounds(len(position))
    fill_bounds(bounds, constants, position, speed)
    return bounds


@pytest.mark.parametrize("direction", [1.0, -1.0])
def test_joint_stays_inside_under_the_worst_wish(
    robot: Robot, constants: Drives, direction: float
) -> None:
    """Always take the greatest acceleration that is allowed towards one side."""
    position = 0.5 * (robot.lower + robot.upper)
    speed = np.zeros(len(position))
    reached = position
    for _ in range(2000):
        bounds = bounds_at(constants, position, speed)
        worst = bounds.most_acceleration if direction > 0 else bounds.least_acceleration
        speed = speed + PERIOD * worst
        position = position + PERIOD * speed
        assert (position < robot.upper + 1e-3).all()
        assert (position > robot.lower - 1e-3).all()
        assert (np.abs(speed) < robot.speed * 1.001).all()
        reached = position
    limit = robot.upper if direction > 0 else robot.lower
    assert np.allclose(reached, limit, atol=5e-3)  # the room is used


def test_bounds_never_cross(robot: Robot, constants: Drives) -> None:
    """Also outside the limits and far beyond the greatest speed."""
    random = np.random.default_rng(0)
    for _ in range(300):
        position = random.uniform(robot.lower - 0.5, robot.upper + 0.5)
        speed = random.uniform(-3.0, 3.0, len(position)) * robot.speed
        bounds = bounds_at(constants, position, speed)
        assert (bounds.least_acceleration <= bounds.most_acceleration).all()
        assert (bounds.least_torque <= 0.0).all()
        assert (bounds.most_torque >= 0.0).all()


def test_torque_follows_the_envelope(robot: Robot, constants: Drives) -> None:
    """Full torque up to the corner, none at the no-load speed, full when braking."""
    middle = 0.5 * (robot.lower + robot.upper)
    parts = [robot.description.drives[j.drive] for j in robot.description.joints]
    friction = WholeBodyConfig().friction_compensation
    viscous = friction * np.array([part.viscous_friction for part in parts])
    full = WholeBodyConfig().torque_share * robot.torque
    corner = np.array([part.corner_speed for part in parts])
    bounds = bounds_at(constants, middle, corner)
    expected = np.maximum(full - viscous * corner, 0.0)
    assert np.allclose(bounds.most_torque, expected)
    assert np.allclose(bounds.least_torque, -full - viscous * corner)
    bounds = bounds_at(constants, middle, constants.no_load)
    assert np.allclose(bounds.most_torque, 0.0)
    bounds = bounds_at(constants, middle, -constants.no_load)
    assert np.allclose(bounds.least_torque, 0.0)
