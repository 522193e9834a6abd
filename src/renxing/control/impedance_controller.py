# SPDX-License-Identifier: Apache-2.0
"""Command stiff or soft joints: five numbers for each, at the rate of their source.

In: `ImpedanceSetpoint` from ROS or from a planner in the same process, joint states.
Out: position, velocity, effort, kp, kd of each joint.  Law of the drives:
`tau = effort + kp (position - q) + kd (velocity - dq)`.
Stale behaviour: `command_timeout` after the last setpoint the joints are held with the
robot's own gains. The torque of that moment is kept as a displaced setpoint, so that
neither the switch nor the weight of a limb moves anything.
"""

from dataclasses import dataclass

import numpy as np

from renxing.control.base_controller import BaseController, by_joint, individual, places
from renxing.control.controller_parameters import Parameters
from renxing.control.trajectory_config import read_stiffness
from renxing.controller_interface import InterfaceConfiguration
from renxing.hardware_interface import IMPEDANCE, Result, Return
from renxing.robot import Robot
from renxing.spatial import Array

ROW = {name: row for row, name in enumerate(IMPEDANCE)}


@dataclass(frozen=True, slots=True, eq=False)
class ImpedanceSetpoint:
    """What the joints shall do from now on.

    Attributes:
        values: Rows as in `IMPEDANCE`, shape (5, n); NaN keeps what was there.
    """

    values: Array


def impedance_joints(parameters: Parameters, robot: Robot) -> tuple[str, ...]:
    """Return the joints: `joints`, or those of `groups`, or all of the robot.

    Raises:
        ConfigError: If a name is unknown.
    """
    joints = parameters.names("joints")
    groups = parameters.names("groups")
    if joints and groups:
        raise parameters.wrong("joints", "give it or 'groups', not both")
    for group in groups:
        known = robot.description.groups
        if group not in known:
            raise parameters.wrong(
                "groups", f"no group '{group}'; there are {', '.join(known)}"
            )
        joints += known[group]
    unknown = [name for name in joints if name not in robot.joints]
    if unknown:
        raise parameters.wrong("joints", f"no actuated joint {', '.join(unknown)}")
    return joints or robot.joints


class JointImpedanceController(BaseController):
    """Passes five-parameter setpoints on while they come in time."""

    command_timeout = 0.1

    def configure(self, parameters: Parameters) -> None:
        """Read the parameters.

        Raises:
            ConfigError: If one cannot be used.
        """
        robot = self.info.robot
        self.joints = impedance_joints(parameters, robot)
        self._kp, self._kd = read_stiffness(parameters, robot, self.joints)
        at = places(robot, self.joints)
        self._torque = robot.torque[at]
        self._lower, self._upper = robot.lower[at], robot.upper[at]
        n = len(self.joints)
        self._setpoint = np.zeros((5, n))
        self._output = np.zeros((n, 5))

    def command_interfaces(self) -> InterfaceConfiguration:
        """Return the five of each joint."""
        return individual(by_joint(self.joints, IMPEDANCE))

    def state_interfaces(self) -> InterfaceConfiguration:
        """Return position and velocity of each joint."""
        return individual(by_joint(self.joints, ["position", "velocity"]))

    def on_activate(self) -> Result:
        """Hold what the joints do now."""
        self.start()
        if not np.isfinite(self.states.get()).all():
            self.notice("error", "state", 0.0, "no joint states to start from")
            return Result.FAILURE
        self._hold(self.commands.get().reshape(self._output.shape).T)
        return Result.SUCCESS

    def update(self, time: float, period: float) -> Return:
        """Take the newest numbers for each joint and command them."""
        for value in self.take():
            if isinstance(value, ImpedanceSetpoint):
                self._obey(value, time)
        if self.late(time):
            self._hold(self._setpoint)
        self._output[:] = self._setpoint.T
        self.commands.set(self._output.ravel())
        return Return.OK

    def _obey(self, setpoint: ImpedanceSetpoint, time: float) -> None:
        values = setpoint.values
        if values.shape != self._setpoint.shape or np.isinf(values).any():
            what = f"refused a setpoint of shape {values.shape} or not finite"
            self.notice("error", "refused", time, what)
            return
        given = ~np.isnan(values)
        self._setpoint[given] = values[given]
        self.source.met(time)

    def _hold(self, command: Array) -> None:
        """Hold with the robot's gains and, if there was a command, with its torque."""
        position, velocity = self.states.get().reshape(-1, 2).T
        known = np.isfinite(position) & np.isfinite(velocity)
        position = np.where(known, position, command[ROW["position"]])
        wanted, speed, effort, kp, kd = command
        torque = effort + kp * (wanted - position) + kd * (speed - velocity)
        torque = np.where(np.isfinite(torque), torque, 0.0)
        torque = np.clip(torque, -self._torque, self._torque)
        shift = np.divide(
            torque, self._kp, out=np.zeros_like(torque), where=self._kp > 0.0
        )
        self._setpoint[:] = 0.0
        self._setpoint[0] = np.clip(position + shift, self._lower, self._upper)
        self._setpoint[3], self._setpoint[4] = self._kp, self._kd
