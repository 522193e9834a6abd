# SPDX-License-Identifier: Apache-2.0
"""Which inertial sensor the estimator listens to, and which samples it believes."""

import numpy as np

from renxing.errors import ConfigError, ModelError
from renxing.robot import Robot
from renxing.robot.description import Imu
from renxing.signals import ImuSample, JointState
from renxing.spatial import Array

FASTEST_TURN = 60.0  # [rad/s] beyond it a gyroscope's sample is a fault
HARDEST_KNOCK = 1000.0  # [m/s²] likewise of an accelerometer


def find_imu(robot: Robot, name: str) -> Imu:
    """Return an inertial sensor that is fixed to the base."""
    root = robot.model.frames[robot.frame(robot.description.base)].parentJoint
    known = robot.description.sensors.imu
    fixed = [
        imu
        for imu in known
        if robot.model.frames[robot.frame(imu.frame)].parentJoint == root
    ]
    for imu in fixed:
        if name in ("", imu.name):
            return imu
    if name in [imu.name for imu in known]:
        raise ModelError(f"{robot.name}: inertial sensor '{name}' is not on the base")
    raise ConfigError(
        f"{robot.name}: no inertial sensor '{name}' on the base; it has "
        f"{', '.join(imu.name for imu in fixed) or 'none'}"
    )


def joints_good(joints: JointState) -> bool:
    """Tell whether all that the drives report are numbers."""
    return bool(
        np.isfinite(joints.position).all()
        and np.isfinite(joints.velocity).all()
        and np.isfinite(joints.effort).all()
    )


def imu_good(imu: ImuSample) -> bool:
    """Tell whether an inertial sample can be true; its attitude is optional."""
    # NaN fails the comparisons.
    return bool(
        np.abs(imu.angular_velocity).max() < FASTEST_TURN
        and np.abs(imu.specific_force).max() < HARDEST_KNOCK
    )


def level(rotation_sensor_to_base: Array, up: Array) -> Array:
    """Return sensor to odom for a vertical in the sensor; the base's x points to x."""
    z = up / np.linalg.norm(up)
    forward = rotation_sensor_to_base[0]
    y = np.cross(z, forward)
    y /= np.linalg.norm(y)
    return np.stack([np.cross(y, z), y, z])
