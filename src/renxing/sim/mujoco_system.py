# SPDX-License-Identifier: Apache-2.0
"""The twin as hardware: the `mujoco` backend, in lock-step with the loop.

`write` hands the command to the simulated drives and turns time by one period; `read`
takes what the drives and sensors report then.
"""

import numpy as np

from renxing.errors import ConfigError
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
from renxing.signals import JointCommand
from renxing.sim.twin import Twin
from renxing.spatial import Array, quat_xyzw_from_rotation


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
        state = self.twin.joint_state()
        n = len(self._names)
        for row, values in enumerate(
            (state.position, state.velocity, state.effort, state.temperature)
        ):
            self.state[row * n : (row + 1) * n] = values[self._order]
        at = len(self._states) * n
        for imu in self.twin.imus():
            quat_xyzw = quat_xyzw_from_rotation(imu.rotation_sensor_to_odom)
            parts = (quat_xyzw, imu.angular_velocity, imu.specific_force)
            self.state[at : at + 10] = np.concatenate(parts)
            at += 10
        for cell in self.twin.wrenches():
            self.state[at : at + 3] = cell.force
            self.state[at + 3 : at + 6] = cell.torque
            at += 6
        return Return.OK

    def write(self, time: float, period: float) -> Return:
        """Command the drives and turn simulated time by one period."""
        given = self.command.reshape(len(IMPEDANCE), -1)
        rows = np.nan_to_num(given)
        # Without a position there is nothing to be stiff about; zero is a place too.
        rows[IMPEDANCE.index(PROPORTIONAL), np.isnan(given[0])] = 0.0
        ordered: Array = np.empty_like(rows)
        ordered[:, self._order] = rows
        position, velocity, effort, proportional, derivative = ordered
        steps = max(1, round(period / self.twin.time_step))
        self.twin.step(
            JointCommand(
                position=position,
                velocity=velocity,
                effort=effort,
                proportional=proportional,
                derivative=derivative,
            ),
            steps,
        )
        return Return.OK
