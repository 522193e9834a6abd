# SPDX-License-Identifier: Apache-2.0
"""The state estimator as a controller: `renxing/StateEstimator`.

It reads joints, one inertial sensor and the force/torque cells, commands nothing, and
exports the body state to other controllers; see `renxing.body_interfaces`. Its board
shows the same numbers, covariances and biases to its ROS side.

Parameters: `imu`, the sensor; `use_force_torque`, false for a backend without cells;
and the plain numbers of `StateEstimatorConfig` and, below `contact`, `ContactConfig`.
Activate it while the robot stands still on both feet: that is where odom begins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pinocchio

from renxing.body_interfaces import fill_exported, state_names
from renxing.controller_interface import (
    Claim,
    Controller,
    ControllerInfo,
    InterfaceConfiguration,
)
from renxing.errors import ConfigError, StaleError
from renxing.estimation.contact import ContactConfig
from renxing.estimation.estimator_config import StateEstimatorConfig
from renxing.estimation.state_estimator import StateEstimator
from renxing.hardware_interface import (
    EFFORT,
    FORCE_TORQUE,
    IMU,
    POSITION,
    VELOCITY,
    Result,
    Return,
)
from renxing.signals import ImuSample, JointState, WrenchSample
from renxing.spatial import UNIT_TOLERANCE, Array

COVARIANCE_RATE = 50.0  # [Hz] at which covariances on the board are renewed


@dataclass(frozen=True, slots=True)
class Restart:
    """From the ROS side: begin anew, the robot stands still on both feet."""


class EstimatorController(Controller):
    """Runs a `StateEstimator` in the loop."""

    def __init__(self, info: ControllerInfo) -> None:
        """Keep the information."""
        super().__init__(info)
        self._joints = len(info.robot.joints)
        self._cells: int = 0

    def on_configure(self) -> Result:
        """Read the parameters.

        Raises:
            ConfigError: If one cannot be used, or the robot lacks the sensor.
        """
        robot, given = self.info.robot, dict(self.info.parameters)
        use_cells = given.get("use_force_torque", True)
        if not isinstance(use_cells, bool):
            raise self._wrong("use_force_torque", use_cells, "true or false")
        contact = self._read(ContactConfig, given.get("contact", {}), "contact.")
        config: StateEstimatorConfig = self._read(
            StateEstimatorConfig, {**given, "contact": contact}, ""
        )
        rate = given.get("update_rate", 0) or self.info.update_rate
        self._estimator = StateEstimator(config, robot, 1.0 / rate)
        cells = robot.description.sensors.force_torque if use_cells else ()
        self._cells = len(cells)
        self._wanted = (
            *(
                f"{joint}/{kind}"
                for kind in (POSITION, VELOCITY, EFFORT)
                for joint in robot.joints
            ),
            *(f"{self._estimator.imu}/{value}" for value in IMU),
            *(f"{cell.name}/{value}" for cell in cells for value in FORCE_TORQUE),
        )
        self._no_temperature = np.full(self._joints, np.nan)
        self._covariance_cycles = max(1, round(rate / COVARIANCE_RATE))
        return Result.SUCCESS

    def state_interfaces(self) -> InterfaceConfiguration:
        """Return joints kind by kind, the inertial sensor, then the cells."""
        return InterfaceConfiguration(claim=Claim.INDIVIDUAL, names=self._wanted)

    def exported_names(self) -> Sequence[str]:
        """Return the names of the body state."""
        return state_names(self.info.robot)

    def board_names(self, states: Sequence[str]) -> Sequence[str]:
        """Return the body state, contact trust, biases, covariances row by row."""
        feet = self.info.robot.description.feet
        return [
            *state_names(self.info.robot),
            *(f"{foot.name}_foot/contact_probability" for foot in feet),
            *(f"gyro_bias.{axis}" for axis in "xyz"),
            *(f"accel_bias.{axis}" for axis in "xyz"),
            *(f"pose_covariance.{index}" for index in range(36)),
            *(f"twist_covariance.{index}" for index in range(36)),
        ]

    def on_activate(self) -> Result:
        """Start where the robot stands; fails on samples that are not finite."""
        # The time of the first update is not known yet.
        self._restart = True
        joints, imu, _ = self._samples(0.0)
        try:
            self._estimator.reset(joints, imu)
        except StaleError:
            return Result.FAILURE
        return Result.SUCCESS

    def on_deactivate(self) -> Result:
        """Leave nothing behind that could be taken for a state."""
        self.exported[:] = np.nan
        return Result.SUCCESS

    def update(self, time: float, period: float) -> Return:
        """Estimate, export, show.

        Returns:
            ERROR, and NaN in all that is exported, when samples have been missing for
            longer than the estimator bridges.
        """
        while self.inbox:
            self._restart |= isinstance(self.inbox.popleft(), Restart)
        joints, imu, wrenches = self._samples(time)
        estimator = self._estimator
        try:
            if self._restart:
                before = JointState(
                    stamp=time - period,
                    position=joints.position,
                    velocity=joints.velocity,
                    effort=joints.effort,
                    temperature=joints.temperature,
                )
                estimator.reset(before, imu)
                self._restart = False
            state = estimator.step(joints, imu, wrenches)
        except StaleError:
            self.exported[:] = np.nan
            return Return.ERROR
        fill_exported(state, self.exported)
        self._show(time)
        return Return.OK

    def _samples(
        self, time: float
    ) -> tuple[JointState, ImuSample, tuple[WrenchSample, ...]]:
        values, n = self.states.get(), self._joints
        joints = JointState(
            stamp=time,
            position=values[:n],
            velocity=values[n : 2 * n],
            effort=values[2 * n : 3 * n],
            temperature=self._no_temperature,
        )
        start = 3 * n
        imu = ImuSample(
            stamp=time,
            rotation_sensor_to_odom=_rotation(values[start : start + 4]),
            angular_velocity=values[start + 4 : start + 7],
            specific_force=values[start + 7 : start + 10],
        )
        rows = values[start + 10 :].reshape(self._cells, 6)
        return (
            joints,
            imu,
            tuple(
                WrenchSample(stamp=time, force=row[:3], torque=row[3:]) for row in rows
            ),
        )

    def _show(self, time: float) -> None:
        board, estimator = self.board, self._estimator
        if not board.names:
            return
        state = len(self.exported)
        feet = len(self.info.robot.description.feet)
        bias = state + feet
        values = board.values
        values[:state] = self.exported
        values[state:bias] = estimator.contact_probability
        values[bias : bias + 3] = estimator.gyro_bias
        values[bias + 3 : bias + 6] = estimator.accel_bias
        if board.count % self._covariance_cycles == 0:
            values[bias + 6 : bias + 42] = estimator.pose_covariance.ravel()
            values[bias + 42 :] = estimator.twist_covariance.ravel()
        board.show(time)

    def _read(self, kind: type, given: Mapping[str, Any], prefix: str) -> Any:
        """Make a configuration of the parameters that it knows."""
        if not isinstance(given, Mapping):
            raise self._wrong(prefix[:-1], given, "a mapping")
        chosen = {}
        for one in fields(kind):
            if one.name not in given:
                continue
            value = given[one.name]
            low, high = one.metadata.get("min"), one.metadata.get("max")
            if low is not None:
                number = isinstance(value, int | float) and not isinstance(value, bool)
                if not number or not low <= value <= high:
                    wanted = f"a number from {low:g} to {high:g}"
                    raise self._wrong(prefix + one.name, value, wanted)
                value = float(value)
            elif one.type in (bool, str) and not isinstance(value, one.type):
                raise self._wrong(prefix + one.name, value, f"a {one.type.__name__}")
            chosen[one.name] = value
        return kind(**chosen)

    def _wrong(self, key: str, value: Any, wanted: str) -> ConfigError:
        return ConfigError(
            f"{self.info.name}: parameter '{key}': got {value!r}; {wanted} wanted"
        )


def _rotation(quat_xyzw: Array) -> Array:
    """Return the matrix of a quaternion; of NaN if it is none."""
    quat = pinocchio.Quaternion(quat_xyzw)
    # NaN fails the comparison.
    if abs(quat.norm() - 1.0) < UNIT_TOLERANCE:
        rotation: Array = quat.normalized().toRotationMatrix()
        return rotation
    return np.full((3, 3), np.nan)
