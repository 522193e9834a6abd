# SPDX-License-Identifier: Apache-2.0
"""ROS half of the GPIO controller."""

from typing import Any

from control_msgs.msg import DynamicInterfaceGroupValues, InterfaceValue
from std_msgs.msg import Header

from renxing.control.gpio_controller import GpioCommand, gpio_names
from renxing.nodes.controllers.broadcasters import BroadcasterSide, StateValues


class GpioCommandSide(BroadcasterSide):
    """Subscribes: ~/commands.  Publishes: ~/gpio_states.

    Both DynamicInterfaceGroupValues, a group for each GPIO.
    """

    def connect(self) -> None:
        """Create the topics."""
        kind = DynamicInterfaceGroupValues
        self._commanded = set(gpio_names(self.parameters, "command_interfaces"))
        self._groups: dict[str, list[tuple[str, int]]] = {}
        if self._commanded:
            self.subscribe(kind, "~/commands", self.on_commands)
        self._states = self.publisher(kind, "~/gpio_states")

    def on_commands(self, message: DynamicInterfaceGroupValues) -> None:
        """Pass commands on, all or none."""
        names: list[str] = []
        values: list[float] = []
        if len(message.interface_groups) != len(message.interface_values):
            self.refuse("interface_groups and interface_values differ in length")
            return
        for gpio, group in zip(
            message.interface_groups, message.interface_values, strict=True
        ):
            if len(group.interface_names) != len(group.values):
                self.refuse(f"For gpio {gpio} interfaces_names do not match values")
                return
            names += [f"{gpio}/{name}" for name in group.interface_names]
            values += group.values
        unknown = [name for name in names if name not in self._commanded]
        if unknown:
            self.refuse(f"no command interface {', '.join(unknown)}")
            return
        self.send(GpioCommand(tuple(names), tuple(values)))

    def on_plain_names(self, names: tuple[str, ...]) -> None:
        """Sort the values into groups."""
        self._groups = {gpio: [] for gpio in self.parameters.names("gpios")}
        for index, name in enumerate(names):
            gpio, _, interface = name.partition("/")
            self._groups.setdefault(gpio, []).append((interface, index))

    def on_values(self, state: StateValues) -> None:
        """Publish."""
        self._states.publish(
            DynamicInterfaceGroupValues(
                header=Header(stamp=self.clock.to_ros(state.stamp)),
                interface_groups=list(self._groups),
                interface_values=[self._group(state, g) for g in self._groups.values()],
            )
        )

    def _group(self, state: StateValues, group: list[tuple[str, int]]) -> Any:
        return InterfaceValue(
            interface_names=[name for name, _ in group],
            values=[float(state.values[index]) for _, index in group],
        )
