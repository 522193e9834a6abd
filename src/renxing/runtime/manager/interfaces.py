# SPDX-License-Identifier: Apache-2.0
"""Who has which interface, who may use it, who uses it: hardware and controllers.

The interfaces of a controller are its references (commanded by others, exclusively)
and its exported states (read by others), named `<controller>/<name>`. They can be
used while the controller is active.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence

import numpy as np

from renxing.controller_interface import Board, Claim, InterfaceConfiguration, Loan
from renxing.errors import ConfigError
from renxing.runtime.manager.component import Component
from renxing.runtime.manager.controller_spec import ControllerSpec
from renxing.runtime.manager.loans import lend
from renxing.runtime.manager.resource_manager import ResourceManager


class Interfaces:
    """All interfaces of a running manager.

    Attributes:
        resources: The hardware.
        references: Controller and place of each reference interface.
        exported: Controller and place of each state that a controller exports.
        claims: Which controller has each claimed command interface.
        make_board: Makes the board of a controller, given its name and the numbers.
    """

    def __init__(self, resources: ResourceManager) -> None:
        """Start without controllers."""
        self.resources = resources
        self.references: dict[str, tuple[ControllerSpec, int]] = {}
        self.exported: dict[str, tuple[ControllerSpec, int]] = {}
        self.claims: dict[str, ControllerSpec] = {}
        self.make_board: Callable[[str, Sequence[str]], Board] = _plain_board

    def export(self, spec: ControllerSpec) -> None:
        """Take in the interfaces of a controller that has just been configured.

        Raises:
            ConfigError: If it names one twice.
        """
        controller = spec.controller
        for attribute, names, values in (
            ("reference_names", controller.reference_names(), "references"),
            ("exported_names", controller.exported_names(), "exported"),
        ):
            full = tuple(f"{spec.name}/{name}" for name in names)
            _refuse_repeated(f"controller '{spec.name}': {attribute}", full)
            self._refuse_taken(spec, full)
            table = getattr(self, values)
            table.update({name: (spec, index) for index, name in enumerate(full)})
            setattr(spec, attribute, full)
            setattr(controller, values, np.full(len(full), np.nan))
        controller.chained = False

    def _refuse_taken(self, spec: ControllerSpec, names: Sequence[str]) -> None:
        for name in names:
            if (
                name in self.resources.command_index
                or name in self.resources.state_index
            ):
                raise ConfigError(
                    f"controller '{spec.name}': exports '{name}', which is hardware"
                )

    def withdraw(self, spec: ControllerSpec) -> None:
        """Forget the interfaces of a controller and what it wanted."""
        for name in spec.reference_names:
            self.references.pop(name, None)
        for name in spec.exported_names:
            self.exported.pop(name, None)
        spec.reference_names = spec.exported_names = ()
        spec.command_names = spec.state_names = spec.missing = ()
        spec.following = spec.sources = ()
        spec.command_parts = spec.state_parts = ()
        spec.board.close()
        spec.board = Board()

    def bind(
        self,
        spec: ControllerSpec,
        also: Collection[ControllerSpec] = (),
        gone: Collection[ControllerSpec] = (),
    ) -> None:
        """Find out what a controller wants and prepare its loans.

        Args:
            spec: An inactive controller, or one that starts over.
            also: Controllers to count as active.
            gone: Controllers to count as inactive.

        Raises:
            ConfigError: If it asks for an interface twice or with no expression.
        """
        controller = spec.controller
        commands, states = (
            self._wanted(wish, kind, spec, also, gone)
            for wish, kind in (
                (controller.command_interfaces(), "command"),
                (controller.state_interfaces(), "state"),
            )
        )
        _refuse_repeated(f"controller '{spec.name}': command interfaces", commands)
        _refuse_repeated(f"controller '{spec.name}': state interfaces", states)
        spec.command_names, spec.state_names = commands, states
        spec.following, spec.command_parts, lost = self._owners(commands, "command")
        spec.sources, spec.state_parts, lost_states = self._owners(states, "state")
        spec.missing = (*lost, *lost_states)
        if spec in spec.needs:
            raise ConfigError(f"controller '{spec.name}': uses its own interfaces")
        if not spec.missing:
            spec.loans = self._lend(states, "state"), self._lend(commands, "command")
            self._prepare_board(spec)

    def _prepare_board(self, spec: ControllerSpec) -> None:
        names = tuple(spec.controller.board_names(spec.state_names))
        # The loop may be using that of an active one.
        if names != spec.board.names and not spec.active:
            spec.board.close()
            spec.board = Board()
            if names:
                spec.board = self.make_board(spec.name, names)

    def available(
        self,
        kind: str,
        also: Collection[ControllerSpec] = (),
        gone: Collection[ControllerSpec] = (),
    ) -> list[str]:
        """Return the `state` or `command` interfaces that can be used.

        Args:
            kind: Which.
            also: Controllers to count as active.
            gone: Controllers to count as inactive.
        """
        table = self.references if kind == "command" else self.exported
        hardware = (
            self.resources.available_commands()
            if kind == "command"
            else self.resources.available_states()
        )
        return hardware + [
            name
            for name, (spec, _) in table.items()
            if spec in also or (spec.active and spec not in gone)
        ]

    def is_available(
        self, kind: str, name: str, also: Collection[ControllerSpec] = ()
    ) -> bool:
        """Tell whether a `state` or `command` interface can be used."""
        owner = self._hardware_owner(kind, name)
        if owner is not None:
            return owner.available
        found = (self.references if kind == "command" else self.exported).get(name)
        return found is not None and (found[0].active or found[0] in also)

    def claim(self, spec: ControllerSpec) -> str:
        """Give a controller its command interfaces, all or none.

        Returns:
            Why not, or nothing.
        """
        taken: list[str] = []
        for name in spec.command_names:
            # One step for the interpreter: two threads cannot both get it.
            owner = self.claims.setdefault(name, spec)
            if owner is not spec:
                for mine in taken:
                    self.claims.pop(mine, None)
                return f"command interface '{name}' is claimed by '{owner.name}'"
            taken.append(name)
        spec.claimed = spec.command_names
        return ""

    def release(self, spec: ControllerSpec) -> None:
        """Take the command interfaces of a controller back."""
        for name in spec.claimed:
            if self.claims.get(name) is spec:
                del self.claims[name]
        spec.claimed = ()

    def forget_commands(self, names: Sequence[str]) -> None:
        """Set the commands to NaN that nobody gives any more."""
        for name in names:
            if name in self.claims:
                continue
            index = self.resources.command_index.get(name)
            if index is not None:
                self.resources.commands[index] = np.nan
            elif name in self.references:
                spec, place = self.references[name]
                spec.controller.references[place] = np.nan

    def _hardware_owner(self, kind: str, name: str) -> Component | None:
        if kind == "command":
            return self.resources.owner_of_command(name)
        return self.resources.owner_of_state(name)

    def _wanted(
        self,
        wish: InterfaceConfiguration,
        kind: str,
        spec: ControllerSpec,
        also: Collection[ControllerSpec],
        gone: Collection[ControllerSpec],
    ) -> tuple[str, ...]:
        if wish.claim is Claim.NONE:
            return ()
        named = tuple(self.resources.standard(name, kind) for name in wish.names)
        if wish.claim is Claim.INDIVIDUAL:
            return named
        own = {*spec.reference_names, *spec.exported_names}
        usable = [n for n in self.available(kind, also, gone) if n not in own]
        if wish.claim is Claim.ALL:
            return tuple(usable)
        if wish.claim is Claim.INDIVIDUAL_BEST_EFFORT:
            have = set(usable)
            return tuple(name for name in named if name in have)
        found: dict[str, None] = {}
        for pattern in wish.names:
            try:
                match = re.compile(pattern).fullmatch
            except re.error as error:
                raise ConfigError(
                    f"controller '{spec.name}': interface '{pattern}': no regular "
                    f"expression: {error}"
                ) from error
            found.update(dict.fromkeys(filter(match, usable)))
        return tuple(found)

    def _owners(
        self, names: Sequence[str], kind: str
    ) -> tuple[tuple[ControllerSpec, ...], tuple[Component, ...], list[str]]:
        table = self.references if kind == "command" else self.exported
        specs: dict[ControllerSpec, None] = {}
        parts: dict[Component, None] = {}
        missing = []
        for name in names:
            owner = self._hardware_owner(kind, name)
            if owner is not None:
                parts[owner] = None
            elif name in table:
                specs[table[name][0]] = None
            else:
                missing.append(name)
        return tuple(specs), tuple(parts), missing

    def _lend(self, names: Sequence[str], kind: str) -> Loan:
        command = kind == "command"
        index = self.resources.command_index if command else self.resources.state_index
        values = self.resources.commands if command else self.resources.states
        table = self.references if command else self.exported
        places = []
        for name in names:
            if name in index:
                places.append((values, index[name]))
                continue
            owner, at = table[name]
            controller = owner.controller
            places.append(
                (controller.references if command else controller.exported, at)
            )
        return lend(names, places)


def _refuse_repeated(what: str, names: Sequence[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ConfigError(f"{what}: '{twice[0]}' stands there more than once")


def _plain_board(_controller: str, names: Sequence[str]) -> Board:
    return Board(names)
