# SPDX-License-Identifier: Apache-2.0
"""A controller that does wrong what it is told to, to see what the core does then."""

from collections.abc import Callable

from renxing.controller_interface import (
    Claim,
    Controller,
    ControllerInfo,
    InterfaceConfiguration,
)
from renxing.hardware_interface import Return


class Clumsy(Controller):
    """Moves one joint, and does what it is told wrong."""

    joint = ""
    value = 0.0
    breaks = 0.0

    def command_interfaces(self) -> InterfaceConfiguration:
        """Return the effort of its joint."""
        return InterfaceConfiguration(
            claim=Claim.INDIVIDUAL, names=(f"{self.joint}/effort",)
        )

    def update(self, time: float, period: float) -> Return:
        """Command what it was told to.

        Raises:
            ArithmeticError: If it was told to break.
        """
        if self.breaks:
            raise ArithmeticError("told to break")
        self.commands.set(self.value)
        return Return.OK


def clumsy_of(joint: str) -> Callable[[ControllerInfo], Clumsy]:
    """Return what makes one for a joint."""

    def make(info: ControllerInfo) -> Clumsy:
        made = Clumsy(info)
        made.joint = joint
        return made

    return make
