# SPDX-License-Identifier: Apache-2.0
"""The simulated body sensors: true values from the physics -> samples with noise.

The IMU has white noise and a bias that walks (Woodman, An introduction to inertial
navigation, 2007, section 3); the force/torque cells have white noise.
"""

import math

import numpy as np

from renxing.robot.description import Battery, ForceTorque, Imu
from renxing.signals import BatterySample, ImuSample, WrenchSample
from renxing.spatial import Array, rotation_from_rpy


class ImuModel:
    """One inertial sensor."""

    def __init__(self, imu: Imu, ideal: bool) -> None:
        """Set up a sensor without bias.

        Args:
            imu: Its data.
            ideal: Leaves out noise and bias.
        """
        self._imu = imu
        self._ideal = ideal
        self.reset()

    def reset(self) -> None:
        """Forget the bias."""
        self._gyro_bias = np.zeros(3)
        self._accel_bias = np.zeros(3)

    def sample(
        self,
        stamp: float,
        dt: float,
        rotation: Array,
        gyro: Array,
        accel: Array,
        random: np.random.Generator,
    ) -> ImuSample:
        """Return a sample of the true motion.

        Args:
            stamp: Capture time [s].
            dt: Since the last sample [s]; the biases walk for that long.
            rotation: True attitude, sensor to odom, shape (3, 3).
            gyro: True angular velocity in the sensor frame [rad/s].
            accel: True specific force in the sensor frame [m/s²].
            random: Source of noise.
        """
        if not self._ideal:
            imu = self._imu
            noise = random.standard_normal((5, 3))
            walk = np.sqrt(dt)
            self._gyro_bias += imu.gyro_bias_walk * walk * noise[0]
            self._accel_bias += imu.accel_bias_walk * walk * noise[1]
            gyro = gyro + self._gyro_bias + imu.gyro_noise * noise[2]
            accel = accel + self._accel_bias + imu.accel_noise * noise[3]
            rotation = rotation @ rotation_from_rpy(imu.attitude_noise * noise[4])
        return ImuSample(
            stamp=stamp,
            rotation_sensor_to_odom=rotation,
            angular_velocity=gyro.copy(),
            specific_force=accel.copy(),
        )


def sample_cell(
    cell: ForceTorque,
    stamp: float,
    force: Array,
    torque: Array,
    random: np.random.Generator | None,
) -> WrenchSample:
    """Return a sample of a force/torque cell.

    Args:
        cell: Its data.
        stamp: Capture time [s].
        force: True force on the distal side, in its frame [N].
        torque: True torque about its frame's origin [N·m].
        random: Source of noise; None for an ideal cell.
    """
    if random is not None:
        force = force + cell.force_noise * random.standard_normal(3)
        torque = torque + cell.torque_noise * random.standard_normal(3)
    return WrenchSample(stamp=stamp, force=force.copy(), torque=torque.copy())


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
        self._charge = float(np.clip(self._charge - used, 0.0, 1.0))

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
