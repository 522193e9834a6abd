# SPDX-License-Identifier: Apache-2.0
"""ROS halves of the forward command controllers."""

import math

from std_msgs.msg import Float64MultiArray

from renxing.control.forward_controller import ForwardCommand, forward_names
from renxing.hardware_interface import EFFORT, POSITION, VELOCITY
from renxing.nodes.controllers.side import RosSide


class ForwardCommandSide(RosSide):
    """Subscribes: ~/commands (Float64MultiArray), one value for each interface."""

    interface = ""

    def connect(self) -> None:
        """Create the topic."""
        self._names = forward_names(self.parameters, self.interface)
        self.subscribe(Float64MultiArray, "~/commands", self.on_commands)

    def on_commands(self, message: Float64MultiArray) -> None:
        """Pass commands on; refuse them if one is missing or not finite."""
        values = tuple(message.data)
        if len(values) != len(self._names):
            self.refuse(
                f"command size ({len(values)}) does not match number of interfaces "
                f"({len(self._names)}); dropping message"
            )
            return
        for name, value in zip(self._names, values, strict=True):
            if not math.isfinite(value):
                what = f"Non-finite value received. Dropping message: {name} = {value}"
                self.refuse(what)
                return
        self.send(ForwardCommand(values))


class JointGroupPositionSide(ForwardCommandSide):
    """The same for positions."""

    interface = POSITION


class JointGroupVelocitySide(ForwardCommandSide):
    """The same for velocities."""

    interface = VELOCITY


class JointGroupEffortSide(ForwardCommandSide):
    """The same for efforts."""

    interface = EFFORT
