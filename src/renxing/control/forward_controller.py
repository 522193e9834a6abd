# SPDX-License-Identifier: Apache-2.0
"""Pass commands on: the real-time half of forward_command_controller and its kin.

In: `ForwardCommand`.  Out: the same numbers to the command interfaces, held until the
next ones.  Stale behaviour: after `command_timeout` without a command, positions and
gains stay as they are and what moves (velocity, effort, ...) becomes zero. A joint of
which only velocity or effort was commanded is given up: the guard holds it where it is.
"""

from dataclasses import dataclass

import numpy as np

from renxing.control.base_controller import BaseController, by_joint, individual
from renxing.control.controller_parameters import Parameters
from renxing.controller_interface import InterfaceConfiguration
from renxing.hardware_interface import (
    ALIASES,
    DERIVATIVE,
    EFFORT,
    POSITION,
    PROPORTIONAL,
    VELOCITY,
    Result,
    Return,
)

_KEPT = {POSITION, PROPORTIONAL, DERIVATIVE}


@dataclass(frozen=True, slots=True)
class ForwardCommand:
    """One value for each command interface.

    Attributes:
        values: In the order of the interfaces.
    """

    values: tuple[float, ...]


def forward_names(parameters: Parameters, interface: str = "") -> list[str]:
    """Return the command interfaces of a forward controller.

    Args:
        parameters: `joints` and `interface_name`, or `joint` and `interface_names`.
        interface: Of all joints, if the type of the controller fixes it.

    Raises:
        ConfigError: If one is missing.
    """
    if "interface_names" in parameters:
        interfaces = parameters.names("interface_names")
        if not interfaces:
            raise parameters.wrong("interface_names", "must be given")
        joints: tuple[str, ...] = (parameters.needed("joint"),)
    else:
        interfaces = (interface or parameters.needed("interface_name"),)
        joints = parameters.names("joints")
        if not joints:
            raise parameters.wrong("joints", "must be given")
    return by_joint(joints, [ALIASES.get(name, name) for name in interfaces])


class ForwardCommandController(BaseController):
    """Forwards commands for one interface of many joints, or many of one joint."""

    interface = ""

    def configure(self, parameters: Parameters) -> None:
        """Read the parameters.

        Raises:
            ConfigError: If one cannot be used.
        """
        self._names = forward_names(parameters, self.interface)
        ends = [name.rpartition("/") for name in self._names]
        placed = {part for part, _, kind in ends if kind == POSITION}
        self._given_up = np.array(
            [
                kind in (VELOCITY, EFFORT) and part not in placed
                for part, _, kind in ends
            ]
        )
        kept = np.array([kind in _KEPT for _, _, kind in ends])
        self._zeroed = ~kept & ~self._given_up

    def command_interfaces(self) -> InterfaceConfiguration:
        """Return the interfaces in the order of the parameters."""
        return individual(self._names)

    def on_activate(self) -> Result:
        """Command nothing until the first command comes."""
        self.start()
        return Result.SUCCESS

    def on_deactivate(self) -> Result:
        """Stop what moves."""
        self._hold()
        return Result.SUCCESS

    def update(self, time: float, period: float) -> Return:
        """Forward the newest command."""
        newest: ForwardCommand | None = None
        for value in self.take():
            if isinstance(value, ForwardCommand):
                newest = value
        if newest is not None:
            self._forward(newest, time)
        elif self.late(time):
            self._hold()
        return Return.OK

    def _forward(self, command: ForwardCommand, time: float) -> None:
        values = np.array(command.values)
        if len(values) != len(self._names) or not np.isfinite(values).all():
            what = (
                f"refused {len(values)} values; {len(self._names)} finite ones wanted"
            )
            self.notice("error", "refused", time, what)
            return
        self.commands.set(values)
        self.source.met(time)

    def _hold(self) -> None:
        values = self.commands.get()
        # What nobody commanded stays uncommanded.
        values[self._zeroed & np.isfinite(values)] = 0.0
        values[self._given_up] = np.nan
        self.commands.set(values)


class MultiInterfaceForwardCommandController(ForwardCommandController):
    """Forwards commands for many interfaces of one joint."""


class JointGroupPositionController(ForwardCommandController):
    """Forwards positions."""

    interface = POSITION


class JointGroupVelocityController(ForwardCommandController):
    """Forwards velocities."""

    interface = VELOCITY


class JointGroupEffortController(ForwardCommandController):
    """Forwards efforts."""

    interface = EFFORT
