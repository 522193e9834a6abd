# SPDX-License-Identifier: Apache-2.0
"""Samples that can be believed, and for how long they may be missing.

In: inertial samples, joint states.  Out: the newest that hold sense; the inertial ones
also as they would have been at the middle of the step and at its end.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from renxing.errors import ConfigError, ModelError, StaleError
from renxing.robot import Robot
from renxing.robot.description import Imu
from renxing.signals import ImuSample, JointState
from renxing.spatial import SE3, Array

FASTEST_TURN = 60.0  # [rad/s] beyond it a gyroscope's sample is a fault
HARDEST_KNOCK = 1000.0  # [m/s²] likewise of an accelerometer
_ROUNDING = 1e-9  # [s] of sums of periods
_UNFIT = "cannot start on samples that are not finite"


class Mount(NamedTuple):
    """Where the inertial sensor sits: its frame in the base.

    Attributes:
        rotation: Sensor to base, shape (3, 3).
        position: Of its origin in the base [m], shape (3,).
    """

    rotation: Array
    position: Array


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


def find_mount(robot: Robot, imu: Imu) -> Mount:
    """Return where an inertial sensor sits."""
    base = robot.model.frames[robot.frame(robot.description.base)].placement
    sensor = robot.model.frames[robot.frame(imu.frame)].placement
    sensor_to_base: SE3 = base.inverse() * sensor
    return Mount(
        np.array(sensor_to_base.rotation, order="C"),
        np.array(sensor_to_base.translation),
    )


class Inertial:
    """The inertial sensor.

    Attributes:
        newest: Angular velocity [rad/s] and specific force [m/s²] that were believed
            last, in the sensor frame, shape (2, 3).
        middle: The same at the middle of the step, shape (2, 3).
        turn: Angular velocity at the end of the step [rad/s], shape (3,).
        jump: Between the two last specific forces, squared [m²/s⁴].
        up: The vertical by the fused attitude of this cycle, in the sensor frame, shape
            (3,); NaN if there is none.
    """

    def __init__(self, age: float, patience: float) -> None:
        """Know nothing yet.

        Args:
            age: How much older than its stamp a sample is [s].
            patience: For how long missing samples are bridged [s].
        """
        self._age, self._patience = age, patience
        self._raw = np.zeros((2, 3))
        self.newest = np.zeros((2, 3))
        self.middle = np.zeros((2, 3))
        self.turn = np.zeros(3)
        self.jump = 0.0
        self.up = np.full(3, np.nan)
        self._blind = 0.0

    def reset(self, imu: ImuSample) -> None:
        """Start from a sample.

        Raises:
            StaleError: If it cannot be true.
        """
        if not self._take(imu, 0.0):
            raise StaleError(_UNFIT)
        self._blind = 0.0

    def step(self, imu: ImuSample, dt: float) -> None:
        """Take the sample of this cycle, or keep the last one for a while.

        Its attitude is optional.

        Raises:
            StaleError: If samples have been missing for too long.
        """
        if self._take(imu, self._age / dt):
            self._blind = 0.0
            return
        self._blind += dt
        if self._blind > self._patience + _ROUNDING:
            raise StaleError(f"no inertial sample for {self._blind:.3f} s")

    def _take(self, imu: ImuSample, ago: float) -> bool:
        raw = self._raw
        raw[0], raw[1] = imu.angular_velocity, imu.specific_force
        good, self.jump = _interpolate(raw, self.newest, self.middle, self.turn, ago)
        self.up[:] = imu.rotation_sensor_to_odom[2] if good else np.nan
        return bool(good)


class Encoders:
    """What the drives report.

    Attributes:
        position: Of all joints, as believed last [rad]; a new array each time.
        velocity: Likewise [rad/s].
        effort: Likewise [N·m].
    """

    def __init__(self, joints: int, patience: float) -> None:
        """Know nothing yet.

        Args:
            joints: How many there are.
            patience: For how long missing samples are bridged [s].
        """
        self._patience = patience
        self._numb = 0.0
        self.position: Array = np.zeros(joints)
        self.velocity: Array = np.zeros(joints)
        self.effort: Array = np.zeros(joints)

    def reset(self, joints: JointState) -> None:
        """Start from a sample.

        Raises:
            StaleError: If it holds something that is no number.
        """
        if not self._take(joints):
            raise StaleError(_UNFIT)
        self._numb = 0.0

    def step(self, joints: JointState, dt: float) -> bool:
        """Take the sample of this cycle, or keep the last one for a while.

        Returns:
            Whether there is one.

        Raises:
            StaleError: If samples have been missing for too long.
        """
        if self._take(joints):
            self._numb = 0.0
            return True
        self._numb += dt
        if self._numb > self._patience + _ROUNDING:
            raise StaleError(f"joint states not finite for {self._numb:.3f} s")
        return False

    def _take(self, joints: JointState) -> bool:
        position = np.array(joints.position, dtype=float)
        velocity = np.array(joints.velocity, dtype=float)
        effort = np.array(joints.effort, dtype=float)
        good = bool(_finite(position, velocity, effort))
        if good:
            self.position, self.velocity, self.effort = position, velocity, effort
        return good


@njit(cache=True)
def _interpolate(
    raw: Array, newest: Array, middle: Array, turn: Array, ago: float
) -> tuple[bool, float]:
    """Keep a sample that can be true, and interpolate.

    Args:
        raw: Angular velocity and specific force, shape (2, 3).
        newest: Those of the last step, to renew, shape (2, 3).
        middle: At the middle of the step, to fill, shape (2, 3).
        turn: Angular velocity at the end of the step, to fill, shape (3,).
        ago: Age of a sample when it comes, in steps [-].

    Returns:
        Whether it can be true, and the squared jump of the specific force [m²/s⁴].
    """
    good = True
    for i in range(3):
        # NaN fails the comparisons.
        good = good and abs(raw[0, i]) < FASTEST_TURN and abs(raw[1, i]) < HARDEST_KNOCK
    share = 0.5 + ago
    jump = 0.0
    for i in range(3):
        turned = raw[0, i] - newest[0, i] if good else 0.0
        knocked = raw[1, i] - newest[1, i] if good else 0.0
        middle[0, i] = newest[0, i] + share * turned
        middle[1, i] = newest[1, i] + min(share, 1.0) * knocked
        if good:
            newest[0, i], newest[1, i] = raw[0, i], raw[1, i]
        # Legs are measured now, the gyroscope a little before.
        turn[i] = newest[0, i] + ago * turned
        jump += knocked * knocked
    return good, jump


@njit(cache=True)
def _finite(position: Array, velocity: Array, effort: Array) -> bool:
    """Tell whether all that the drives report are numbers."""
    for i in range(len(position)):
        if not (
            np.isfinite(position[i])
            and np.isfinite(velocity[i])
            and np.isfinite(effort[i])
        ):
            return False
    return True
