# SPDX-License-Identifier: Apache-2.0
"""A body state as named numbers, as controllers export and read them, and back."""

import numpy as np
import pinocchio

from renxing.errors import ConfigError
from renxing.hardware_interface import FORCE_TORQUE
from renxing.robot import Robot
from renxing.signals import BaseState, BodyState, JointState
from renxing.spatial import Array

_AXES = "xyz"
BASE_VALUES = (
    *(f"base/position.{axis}" for axis in _AXES),
    *(f"base/orientation.{axis}" for axis in "xyzw"),
    *(f"base/linear_velocity.{axis}" for axis in _AXES),
    *(f"base/angular_velocity.{axis}" for axis in _AXES),
)
CONTACT = "contact"
_FOOT_VALUES = (*FORCE_TORQUE, CONTACT)
_BASE, _FOOT = len(BASE_VALUES), len(_FOOT_VALUES)


def state_names(robot: Robot) -> list[str]:
    """Return the names: the base's, then for each foot its wrench and contact.

    Position and orientation are the base's in odom, both velocities are in the base
    frame, wrenches in the sole frames; contact is 1 or 0.
    """
    names = list(BASE_VALUES)
    for foot in robot.description.feet:
        names += [f"{foot.name}_foot/{value}" for value in _FOOT_VALUES]
    return names


def fill_exported(state: BodyState, out: Array) -> None:
    """Write a body state, without its joints, in the order of `state_names`."""
    base = state.base
    out[:7] = pinocchio.SE3ToXYZQUAT(base.transform_base_to_odom)
    out[7:10] = base.linear_velocity
    out[10:_BASE] = base.angular_velocity
    feet = out[_BASE:].reshape(-1, _FOOT)
    feet[:, :6] = state.sole_wrench
    feet[:, 6] = state.contact


def state_from_exported(values: Array, joints: JointState) -> BodyState:
    """Return the body state of exported numbers; the same numbers give the same bits.

    Args:
        values: In the order of `state_names`.
        joints: Of the same cycle; stamp, positions and velocities are taken over.

    Raises:
        ConfigError: If the numbers are too few or not finite: the estimator has failed.
    """
    if len(values) <= _BASE or (len(values) - _BASE) % _FOOT:
        raise ConfigError(
            f"{len(values)} numbers of a body state; {_BASE} and {_FOOT} for each "
            f"foot wanted"
        )
    if not np.isfinite(values).all():
        raise ConfigError("the body state is not finite: the estimator has failed")
    feet = values[_BASE:].reshape(-1, _FOOT)
    base = BaseState(
        stamp=joints.stamp,
        transform_base_to_odom=pinocchio.XYZQUATToSE3(values[:7]),
        linear_velocity=np.array(values[7:10]),
        angular_velocity=np.array(values[10:_BASE]),
    )
    return BodyState(
        stamp=joints.stamp,
        base=base,
        position=joints.position,
        velocity=joints.velocity,
        sole_wrench=np.array(feet[:, :6]),
        contact=feet[:, 6] > 0.5,
    )
