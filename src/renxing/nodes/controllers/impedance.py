# SPDX-License-Identifier: Apache-2.0
"""ROS half of the impedance controller."""

import numpy as np
from control_msgs.msg import DynamicInterfaceGroupValues

from renxing.control.impedance_controller import (
    ROW,
    ImpedanceSetpoint,
    impedance_joints,
)
from renxing.errors import ConfigError
from renxing.hardware_interface import ALIASES
from renxing.nodes.controllers.side import RosSide
from renxing.spatial import Array


class JointImpedanceSide(RosSide):
    """Subscribes: ~/commands (DynamicInterfaceGroupValues).

    The fast way has one group for each interface, such as `position`, with a value for
    each joint: those named in `interface_names`, or all if it is empty. The other way
    has one group for each joint, with interface names, as ros2_control's own messages.
    What a message leaves out stays as it was.
    """

    def connect(self) -> None:
        """Create the topic."""
        self._joints = impedance_joints(self.parameters, self.robot)
        self._place = {joint: index for index, joint in enumerate(self._joints)}
        kind = DynamicInterfaceGroupValues
        self.subscribe(kind, "~/commands", self.on_commands)

    def on_commands(self, message: DynamicInterfaceGroupValues) -> None:
        """Pass setpoints on; refuse the whole message if one is wrong."""
        try:
            self.send(ImpedanceSetpoint(self.setpoint(message)))
        except ConfigError as error:
            self.refuse(str(error))

    def setpoint(self, message: DynamicInterfaceGroupValues) -> Array:
        """Return the values of a message, shape (5, n); NaN where it says nothing.

        Raises:
            ConfigError: If a name is unknown, a number missing or not finite.
        """
        values = np.full((5, len(self._joints)), np.nan)
        groups, parts = message.interface_groups, message.interface_values
        if len(groups) != len(parts):
            raise ConfigError("interface_groups and interface_values differ in length")
        for group, part in zip(groups, parts, strict=True):
            names, numbers = part.interface_names, np.asarray(part.values)
            if not np.isfinite(numbers).all():
                raise ConfigError(f"group '{group}': a value is not finite")
            row = ROW.get(ALIASES.get(group, group))
            if len(numbers) != len(names) and (names or row is None):
                raise ConfigError(
                    f"group '{group}': {len(names)} names, {len(numbers)} values"
                )
            if row is None:
                values[[_row(name) for name in names], self._index(group)] = numbers
            elif names:
                values[row, [self._index(name) for name in names]] = numbers
            elif len(numbers) == len(self._joints):
                values[row] = numbers
            else:
                raise ConfigError(
                    f"group '{group}': {len(numbers)} values without names; "
                    f"{len(self._joints)} wanted"
                )
        return values

    def _index(self, joint: str) -> int:
        try:
            return self._place[joint]
        except KeyError:
            raise ConfigError(f"no joint '{joint}' in this controller") from None


def _row(interface: str) -> int:
    try:
        return ROW[ALIASES.get(interface, interface)]
    except KeyError:
        raise ConfigError(
            f"no interface '{interface}'; have {', '.join(ROW)}"
        ) from None
