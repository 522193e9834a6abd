# SPDX-License-Identifier: Apache-2.0
"""Limits of the joints in this tick: accelerations and torques that are still safe.

Accelerations: control barrier functions of second degree on the room to a position
limit, of first degree on that to the speed limit (Ames et al. 2019, "Control barrier
functions: theory and applications"), cut to what a drive can be asked for.  Torques:
the drive's envelope at its present speed, less the friction that it shall overcome.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from renxing.control.whole_body.config import WholeBodyConfig
from renxing.robot import Robot
from renxing.robot.model import Indices
from renxing.spatial import Array


class Drives(NamedTuple):
    """Constants of the reduced body's joints, each of shape (m,), and two numbers.

    Attributes:
        lower: Least position [rad].
        upper: Greatest position [rad].
        speed: Greatest speed [rad/s].
        torque: Greatest torque that the controller asks for [N·m].
        no_load: Speed at which no torque is left [rad/s].
        fade: Part of the torque lost per speed above the corner [s/rad].
        viscous: Friction that is compensated [N·m·s/rad].
        rate: `limit_rate` [1/s].
        acceleration: `limit_acceleration` [rad/s²].
    """

    lower: Array
    upper: Array
    speed: Array
    torque: Array
    no_load: Array
    fade: Array
    viscous: Array
    rate: float
    acceleration: float


class Bounds(NamedTuple):
    """Of each joint of the reduced body, in arrays that `fill_bounds` fills.

    Attributes:
        least_acceleration: Never above the greatest [rad/s²].
        most_acceleration: [rad/s²].
        least_torque: Never above 0 [N·m].
        most_torque: Never below 0 [N·m].
    """

    least_acceleration: Array
    most_acceleration: Array
    least_torque: Array
    most_torque: Array


def drives(config: WholeBodyConfig, robot: Robot, joints: Indices) -> Drives:
    """Take the constants of some joints, in joint order, out of the robot's file."""
    description = robot.description
    parts = [description.drives[description.joints[i].drive] for i in joints]
    corner = np.array([part.corner_speed for part in parts])
    no_load = np.array([part.no_load_speed for part in parts])
    viscous = np.array([part.viscous_friction for part in parts])
    return Drives(
        lower=robot.lower[joints],
        upper=robot.upper[joints],
        speed=robot.speed[joints],
        torque=config.torque_share * robot.torque[joints],
        no_load=no_load,
        fade=1.0 / (no_load - corner),
        viscous=config.friction_compensation * viscous,
        rate=config.limit_rate,
        acceleration=config.limit_acceleration,
    )


def new_bounds(count: int) -> Bounds:
    """Return bounds to fill, of some joints."""
    return Bounds(*(np.zeros(count) for _ in Bounds._fields))


@njit(cache=True)
def fill_bounds(bounds: Bounds, drives: Drives, position: Array, speed: Array) -> None:
    """Fill the bounds at a position [rad] and speed [rad/s], each of shape (m,)."""
    rate, most = drives.rate, drives.acceleration
    for i in range(len(position)):
        v = speed[i]
        braking = -2.0 * rate * v
        low = braking - rate * rate * (position[i] - drives.lower[i])
        high = braking + rate * rate * (drives.upper[i] - position[i])
        low = max(low, rate * (-drives.speed[i] - v))
        high = min(high, rate * (drives.speed[i] - v))
        low = min(max(low, -most), most)
        high = min(max(high, -most), most)
        # Too fast towards a near limit, the two demands cross: meet in the middle.
        middle = 0.5 * (low + high)
        bounds.least_acceleration[i] = min(low, middle)
        bounds.most_acceleration[i] = max(high, middle)
        # Only a torque that drives the motion runs out of voltage.
        forward = min(max((drives.no_load[i] - v) * drives.fade[i], 0.0), 1.0)
        back = min(max((drives.no_load[i] + v) * drives.fade[i], 0.0), 1.0)
        friction = drives.viscous[i] * v
        bounds.least_torque[i] = min(-back * drives.torque[i] - friction, 0.0)
        bounds.most_torque[i] = max(forward * drives.torque[i] - friction, 0.0)
