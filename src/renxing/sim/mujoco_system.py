# SPDX-License-Identifier: Apache-2.0
"""The twin as hardware: the `mujoco` backend, in lock-step with the loop.

`write` hands the command to the simulated drives and turns time by one period; `read`
takes what the drives and sensors report then.
"""

import numpy as np
from numba import njit

from renxing.errors import ConfigError, UnsafeCommandError
from renxing.hardware_interface import (
    EFFORT,
    FORCE_TORQUE,
    IMPEDANCE,
    IMU,
    POSITION,
    PROPORTIONAL,
    TEMPERATURE,
    VELOCITY,
    HardwareComponent,
    HardwareInfo,
    Result,
    Return,
)
from renxing.sim.twin import Twin
from renxing.spatial import Array, Integers

STIFFNESS = IMPEDANCE.index(PROPORTIONAL)


class MujocoSystem(HardwareComponent):
    """All joints and body sensors of a simulated robot.

    State values: position, velocity, effort, temperature of all joints, each in the
    order of the component's joints, then the sensors. Command values: the five of the
    impedance law, each for all joints.
    """

    def __init__(self, info: HardwareInfo, twin: Twin) -> None:
        """Keep the twin; several components cannot share one."""
        super().__init__(info)
        self.twin = twin
        robot = twin.robot
        self._names = tuple(joint.name for joint in info.joints() if not joint.mimic)
        self._sensors = robot.description.sensors
        self._states = (POSITION, VELOCITY, EFFORT, TEMPERATURE)
        self._order = robot.indices(self._names)
        self._steps = 1

    def state_names(self) -> list[str]:
        """Joints interface by interface, then IMUs, then force/torque cells."""
        names = [f"{joint}/{kind}" for kind in self._states for joint in self._names]
        for imu in self._sensors.imu:
            names += [f"{imu.name}/{interface}" for interface in IMU]
        for cell in self._sensors.force_torque:
            names += [f"{cell.name}/{interface}" for interface in FORCE_TORQUE]
        return names

    def command_names(self) -> list[str]:
        """Joints interface by interface, in the order of the impedance law."""
        return [f"{joint}/{kind}" for kind in IMPEDANCE for joint in self._names]

    def on_init(self) -> Result:
        """Check that the component drives every joint of the robot once."""
        robot = self.twin.robot
        if sorted(self._names) != sorted(robot.joints):
            missing = sorted(set(robot.joints) - set(self._names))
            raise ConfigError(
                f"component '{self.info.name}': drives {len(self._names)} of the "
                f"{len(robot.joints)} joints of {robot.name}; "
                f"missing {', '.join(missing) or 'none, but one comes twice'}"
            )
        return Result.SUCCESS

    def read(self, time: float, period: float) -> Return:
        """Take what drives and sensors report."""
        rows, count = len(self._states), len(self._names)
        at = rows * count
        report = self.twin.joint_report()
        joints = self.state[:at].reshape(rows, count)
        report.take(self._order, axis=1, out=joints, mode="clip")
        for values in self.twin.imu_values():
            self.state[at : at + len(values)] = values
            at += len(values)
        wrenches = self.twin.wrench_values()
        self.state[at : at + wrenches.size] = wrenches.reshape(-1)
        return Return.OK

    def write(self, time: float, period: float) -> Return:
        """Command the drives and turn simulated time by one period.

        Raises:
            UnsafeCommandError: If a command is infinite.
        """
        command: Array = np.empty((len(IMPEDANCE), len(self._names)))
        if not complete(self.command, self._order, command):
            raise UnsafeCommandError(
                f"component '{self.info.name}': an infinite command"
            )
        self.twin.advance(command, max(1, round(period / self.twin.time_step)))
        return Return.OK


@njit("b1(f8[::1], i8[::1], f8[:,::1])", cache=True, error_model="numpy")
def complete(given: Array, order: Integers, command: Array) -> bool:
    """Put a command into joint order; what nobody gives is zero.

    Args:
        given: The five of the impedance law, each for all joints, shape (5 n,).
        order: Place of each joint in joint order, shape (n,).
        command: To fill, shape (5, n).

    Returns:
        Whether it is finite.
    """
    rows, count = command.shape
    finite = True
    for row in range(rows):
        for i in range(count):
            value = given[row * count + i]
            # Without a position there is nothing to be stiff about; zero is a place.
            if np.isnan(value) or (row == STIFFNESS and np.isnan(given[i])):
                value = 0.0
            if np.isinf(value):
                finite = False
            command[row, order[i]] = value
    return finite
