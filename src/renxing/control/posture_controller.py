# SPDX-License-Identifier: Apache-2.0
"""Hold postures and move between them: `Hold` as a controller, for some or all joints.

In: `GoToPosture`, `StopPosture`, `ReleasePosture`, joint positions.  Out: five numbers
for each joint, with the torques that carry the robot's weight.  It starts from where
the joints are and moves to the configured posture.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from renxing.control.base_controller import BaseController, by_joint, individual, places
from renxing.control.controller_parameters import Parameters
from renxing.control.hold import Hold, HoldConfig
from renxing.control.impedance_controller import impedance_joints
from renxing.controller_interface import InterfaceConfiguration
from renxing.errors import RenxingError
from renxing.hardware_interface import IMPEDANCE, Result, Return


@dataclass(frozen=True, slots=True)
class GoToPosture:
    """Move to a posture.

    Attributes:
        number: Of the request.
        posture: Its name.
        duration: Of the motion [s]; 0 chooses.
    """

    number: int
    posture: str
    duration: float = 0.0


@dataclass(frozen=True, slots=True)
class StopPosture:
    """Freeze until `ReleasePosture`.

    Attributes:
        number: Of the request.
    """

    number: int


@dataclass(frozen=True, slots=True)
class ReleasePosture:
    """End a stop; nothing moves yet.

    Attributes:
        number: Of the request.
    """

    number: int


@dataclass(frozen=True, slots=True)
class PostureAnswer:
    """Answer to a request.

    Attributes:
        number: Of the request.
        success: Whether it is done.
        message: What was done, or why not.
    """

    number: int
    success: bool
    message: str


class PostureController(BaseController):
    """Holds its joints in a named posture."""

    def configure(self, parameters: Parameters) -> None:
        """Read the parameters.

        Raises:
            ConfigError: If one cannot be used.
            ModelError: If the robot has no such posture.
        """
        robot = self.info.robot
        self.joints = impedance_joints(parameters, robot)
        default = HoldConfig()
        self._posture = parameters.text("posture", default.posture)
        self._hold = Hold(
            HoldConfig(
                posture=self._posture,
                speed=parameters.number("speed", default.speed, 0.01, 5.0),
                period=parameters.number("period", default.period, 0.001, 0.1),
            ),
            robot,
        )
        self._at = places(robot, self.joints)
        self._output = np.zeros((len(self.joints), 5))

    def command_interfaces(self) -> InterfaceConfiguration:
        """Return the five of each joint."""
        return individual(by_joint(self.joints, IMPEDANCE))

    def state_interfaces(self) -> InterfaceConfiguration:
        """Return the position of each joint."""
        return individual(by_joint(self.joints, ["position"]))

    def on_activate(self) -> Result:
        """Take over where the joints are."""
        self.start()
        measured = self.states.get()
        if not np.isfinite(measured).all():
            self.notice("error", "state", 0.0, "no joint positions to start from")
            return Result.FAILURE
        # Joints of others count as being in the posture; they only weigh.
        positions = self.info.robot.posture(self._posture)
        positions[self._at] = measured
        self._hold.reset(self._posture, positions)
        self._begun = False
        return Result.SUCCESS

    def update(self, time: float, period: float) -> Return:
        """Obey what has come, command the posture of now."""
        if not self._begun:
            self._hold.move_to(self._posture, time)
            self._begun = True
        for value in self.take():
            self._obey(value, time)
        command = self._hold.step(time)
        output, at = self._output, self._at
        for column, name in enumerate(IMPEDANCE):
            output[:, column] = getattr(command, name)[at]
        self.commands.set(output.ravel())
        return Return.OK

    def _obey(self, value: Any, time: float) -> None:
        if not isinstance(value, GoToPosture | StopPosture | ReleasePosture):
            return
        success = True
        try:
            message = self._do(value, time)
        except RenxingError as error:
            success, message = False, str(error)
        self.tell(PostureAnswer(value.number, success, message))

    def _do(self, value: Any, time: float) -> str:
        if isinstance(value, StopPosture):
            self._hold.stop(time)
            return "stopped"
        if isinstance(value, ReleasePosture):
            self._hold.release()
            return "released"
        duration = self._hold.move_to(value.posture, time, value.duration)
        return f"to '{value.posture}' in {duration:.2f} s"
