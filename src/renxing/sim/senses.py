# SPDX-License-Identifier: Apache-2.0
"""The simulated body sensors: true values from the physics -> samples with noise.

The IMU has white noise and a bias that walks (Woodman, An introduction to inertial
navigation, 2007, section 3); the force/torque cells have white noise.
"""

import math
from collections.abc import Sequence

import numpy as np

from renxing.robot.description import Battery, ForceTorque, Imu
from renxing.signals import BatterySample
from renxing.sim.sense_noise import DRAWS, INERTIAL, disturb
from renxing.spatial import Array


class ImuModel:
    """One inertial sensor.

    A reading is the true attitude as a quaternion wxyz, sensor to odom, the angular
    velocity [rad/s] and the specific force [m/s²] in the sensor frame, shape (10,).
    """

    def __init__(self, imu: Imu, ideal: bool) -> None:
        """Set up a sensor without bias.

        Args:
            imu: Its data.
            ideal: Leaves out noise and bias.
        """
        self._ideal = ideal
        self._constants = np.array(
            [
                imu.gyro_noise,
                imu.gyro_bias_walk,
                imu.accel_noise,
                imu.accel_bias_walk,
                imu.attitude_noise,
            ]
        )
        self._draws = np.zeros(DRAWS)
        self.reset()

    def reset(self) -> None:
        """Forget the bias."""
        self._bias = np.zeros(6)

    def sample(self, reading: Array, dt: float, random: np.random.Generator) -> Array:
        """Return a sample of the true motion.

        Args:
            reading: True values, shape (10,).
            dt: Since the last sample [s]; the biases walk for that long.
            random: Source of noise.

        Returns:
            Attitude as a quaternion xyzw, w >= 0, then as the reading, shape (10,).
        """
        sample = np.empty(INERTIAL)
        if not self._ideal:
            random.standard_normal(out=self._draws)
        disturb(reading, dt, self._constants, self._draws, self._bias, sample)
        return sample


class Cells:
    """All force/torque cells of a robot."""

    def __init__(self, cells: Sequence[ForceTorque], ideal: bool) -> None:
        """Set them up.

        Args:
            cells: Their data.
            ideal: Leaves out the noise.
        """
        self._ideal = ideal
        self._deviation = np.array(
            [[cell.force_noise] * 3 + [cell.torque_noise] * 3 for cell in cells]
        ).reshape(-1, 6)

    def sample(self, wrenches: Array, random: np.random.Generator) -> Array:
        """Return a sample of each cell.

        Args:
            wrenches: True [force; torque] on the distal sides, in their frames
                [N, N·m], shape (cells, 6).
            random: Source of noise.
        """
        if self._ideal:
            return wrenches.copy()
        noise = random.standard_normal(wrenches.shape)
        noise *= self._deviation
        noise += wrenches
        return noise


class BatteryModel:
    """Charge and voltage of the pack: a source with resistance, linear in charge."""

    def __init__(self, battery: Battery) -> None:
        """Set up a full battery."""
        self._battery = battery
        self.reset()

    def reset(self) -> None:
        """Fill it."""
        self._charge = 1.0
        self._current = 0.0

    def draw(self, power: float, dt: float) -> None:
        """Take power for some time.

        Args:
            power: Of the motors; negative when they brake [W].
            dt: For how long [s].
        """
        battery = self._battery
        total = power + battery.idle_power
        # u i = P with u = e - R i; the smaller root is the one that batteries run at.
        source = self._open_voltage()
        root = max(source**2 - 4 * battery.resistance * total, 0.0)
        if battery.resistance > 0.0:
            self._current = (source - math.sqrt(root)) / (2 * battery.resistance)
        else:
            self._current = total / source
        used = self._current * dt / 3600.0 / battery.capacity
        self._charge = min(1.0, max(0.0, self._charge - used))

    def _open_voltage(self) -> float:
        low, high = self._battery.voltage
        return low + (high - low) * self._charge

    def sample(self, stamp: float) -> BatterySample:
        """Return what its monitor reports."""
        return BatterySample(
            stamp=stamp,
            voltage=self._open_voltage() - self._battery.resistance * self._current,
            current=self._current,
            charge=self._charge,
        )
