# SPDX-License-Identifier: Apache-2.0
"""Switch and read GPIOs: the real-time half of gpio_controllers.

In: `GpioCommand`.  Out: the same to the command interfaces, kept until changed;
the board, as of a broadcaster.
"""

from dataclasses import dataclass

from renxing.control.base_controller import all_of, individual
from renxing.control.broadcasters import Broadcaster
from renxing.control.controller_parameters import Parameters
from renxing.controller_interface import NOTHING, InterfaceConfiguration
from renxing.hardware_interface import Return


@dataclass(frozen=True, slots=True)
class GpioCommand:
    """Values for some command interfaces.

    Attributes:
        names: `gpio/interface` of each.
        values: As many.
    """

    names: tuple[str, ...]
    values: tuple[float, ...]


def gpio_names(parameters: Parameters, section: str) -> list[str]:
    """Return `gpio/interface` of `command_interfaces` or `state_interfaces`.

    Raises:
        ConfigError: If `gpios` is empty.
    """
    gpios = parameters.names("gpios")
    if not gpios:
        raise parameters.wrong("gpios", "must be given")
    wanted = parameters.section(section)
    return [
        f"{gpio}/{interface}"
        for gpio in gpios
        for interface in wanted.section(gpio).names("interfaces")
    ]


class GpioCommandController(Broadcaster):
    """Commands some GPIOs and shows their states."""

    def configure(self, parameters: Parameters) -> None:
        """Read the parameters.

        Raises:
            ConfigError: If there is nothing to do.
        """
        self._gpios = parameters.names("gpios")
        self._wanted = gpio_names(parameters, "state_interfaces")
        self._commanded = gpio_names(parameters, "command_interfaces")
        self._place = {name: index for index, name in enumerate(self._commanded)}

    def command_interfaces(self) -> InterfaceConfiguration:
        """Return the configured ones."""
        return individual(self._commanded) if self._commanded else NOTHING

    def state_interfaces(self) -> InterfaceConfiguration:
        """Return the configured ones; all of its GPIOs' if none is."""
        return individual(self._wanted) if self._wanted else all_of(self._gpios)

    def update(self, time: float, period: float) -> Return:
        """Obey what has come, show the states."""
        for value in self.take():
            if isinstance(value, GpioCommand):
                self._obey(value, time)
        return super().update(time, period)

    def _obey(self, command: GpioCommand, time: float) -> None:
        unknown = [name for name in command.names if name not in self._place]
        if unknown or len(command.names) != len(command.values):
            what = f"refused a command for {', '.join(unknown or command.names)}"
            self.notice("error", "refused", time, what)
            return
        values = self.commands.get()
        for name, wanted in zip(command.names, command.values, strict=True):
            values[self._place[name]] = wanted
        self.commands.set(values)
