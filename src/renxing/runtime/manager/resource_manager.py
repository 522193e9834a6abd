# SPDX-License-Identifier: Apache-2.0
"""All hardware of a robot: its components, their values and their cycle.

All state values stand in one array and all command values in another; a component has
a slice of each. The real-time thread calls `read`, `write` and `perform_switch`; one
other thread calls the rest.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from renxing.errors import ConfigError
from renxing.hardware_interface import (
    HardwareComponent,
    HardwareInfo,
    InterfaceInfo,
    Return,
    State,
)
from renxing.runtime.manager.component import Component, MakeHardware
from renxing.runtime.manager.events import Events
from renxing.runtime.manager.exported_names import standard_name
from renxing.spatial import Array

Indices = npt.NDArray[np.intp]
Wrap = Callable[[HardwareComponent], HardwareComponent]


class ResourceManager:
    """The components of one robot.

    Attributes:
        components: In the order of the robot description.
        states: All state values.
        commands: All command values; NaN where nobody commands.
        state_index: Place of each state value by `part/interface`.
        command_index: Place of each command value by `part/interface`.
    """

    def __init__(
        self,
        infos: Sequence[HardwareInfo],
        plugins: Mapping[str, MakeHardware],
        update_rate: float,
        events: Events | None = None,
        wrap: Wrap | None = None,
    ) -> None:
        """Make all components.

        Args:
            infos: From the robot description.
            plugins: What makes the hardware, by the name of its plugin.
            update_rate: Of the loop [Hz].
            events: Where to say what happens.
            wrap: Stands in front of each component that is made, if given.

        Raises:
            ConfigError: If a plugin is unknown or a component exports other interfaces
                than the description names.
        """
        self.events = events or Events()
        unknown = [info for info in infos if info.plugin not in plugins]
        if unknown:
            first, known = unknown[0], ", ".join(sorted(plugins))
            raise ConfigError(
                f"component '{first.name}': no hardware plugin '{first.plugin}'; "
                f"there are {known}"
            )
        for info in infos:
            if info.is_async:
                self.events.warn(info.name, "is_async: runs in the loop all the same")
            if info.rw_rate > update_rate:
                what = f"rw_rate {info.rw_rate} Hz is above the loop's {update_rate:g}"
                self.events.warn(info.name, what)
        self.components = tuple(
            Component(info, _made(plugins[info.plugin], wrap), update_rate, self.events)
            for info in infos
        )
        self._by_name = {component.name: component for component in self.components}
        self.state_index = self._index("state")
        self.command_index = self._index("command")
        self.states: Array = np.full(len(self.state_index), np.nan)
        self.commands: Array = np.full(len(self.command_index), np.nan)
        self.state_owner: list[Component] = []
        self.command_owner: list[Component] = []
        self._interfaces = {
            "state": _interface_infos(infos, "state_interfaces"),
            "command": _interface_infos(infos, "command_interfaces"),
        }
        for component in self.components:
            first_state, first_command = len(self.state_owner), len(self.command_owner)
            self.state_owner += [component] * len(component.state_names)
            self.command_owner += [component] * len(component.command_names)
            component.lend(
                self.states[first_state : len(self.state_owner)],
                self.commands[first_command : len(self.command_owner)],
            )
        for name, interface in self._interfaces["state"].items():
            if interface.initial_value is not None:
                self.states[self.state_index[name]] = interface.initial_value

    def _index(self, kind: str) -> dict[str, int]:
        names = [n for c in self.components for n in getattr(c, f"{kind}_names")]
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise ConfigError(
                f"{kind} interface '{twice[0]}': more than one component exports it"
            )
        return {name: index for index, name in enumerate(names)}

    def component(self, name: str) -> Component:
        """Return a component.

        Raises:
            ConfigError: If there is none of this name.
        """
        try:
            return self._by_name[name]
        except KeyError:
            known = ", ".join(self._by_name)
            raise ConfigError(f"no component '{name}'; there are {known}") from None

    def data_type(self, kind: str, name: str) -> str:
        """Return the data type of a `state` or `command` interface."""
        return self._interfaces[kind][name].data_type

    def available_states(self) -> list[str]:
        """Return the state interfaces that can be read now."""
        return [n for c in self.components if c.available for n in c.state_names]

    def available_commands(self) -> list[str]:
        """Return the command interfaces that can be commanded now."""
        return [n for c in self.components if c.available for n in c.command_names]

    def owner_of_state(self, name: str) -> Component | None:
        """Return the component that exports a state interface, if one does."""
        index = self.state_index.get(name)
        return None if index is None else self.state_owner[index]

    def owner_of_command(self, name: str) -> Component | None:
        """Return the component that exports a command interface, if one does."""
        index = self.command_index.get(name)
        return None if index is None else self.command_owner[index]

    def set_component_state(self, name: str, goal: State) -> str:
        """Walk a component to a state through all states between; may take long.

        From finalized it starts over with a new object: a failure is not for ever.

        Returns:
            Why it did not get there, or nothing.
        """
        component = self.component(name)
        with component.lock:
            before = component.state
            why = component.walk(goal)
        if component.state is not before:
            self.events.info(name, f"{before.label} -> {component.state.label}")
            self.events.changed()
        return why

    def shut_down(self) -> None:
        """Finalise all components, last first; goes on whatever one of them does."""
        for component in reversed(self.components):
            if component.state not in (State.FINALIZED, State.UNKNOWN):
                if component.state is State.ACTIVE:
                    self.set_component_state(component.name, State.INACTIVE)
                self.set_component_state(component.name, State.FINALIZED)

    def read(self, time: float, period: float) -> list[str]:
        """Let all components read that are due; never raises.

        Returns:
            Names of those that failed, with their groups; usually none.
        """
        failed: list[str] = []
        for component in self.components:
            if component.read(time, period) is not Return.OK:
                failed.append(component.name)
        return self._with_groups(failed) if failed else failed

    def write(self, time: float, period: float) -> tuple[list[str], list[str]]:
        """Let all active components write that are due; never raises.

        Returns:
            Names of those that failed, with their groups, and of those that have
            deactivated themselves; usually none.
        """
        failed: list[str] = []
        resting: list[str] = []
        for component in self.components:
            result = component.write(time, period)
            if result is Return.ERROR:
                failed.append(component.name)
            elif result is Return.DEACTIVATE:
                resting.append(component.name)
        if failed:
            failed = self._with_groups(failed)
        if failed or resting:
            self.events.changed()
        return failed, resting

    def _with_groups(self, failed: list[str]) -> list[str]:
        groups = {self._by_name[name].info.group for name in failed} - {""}
        for component in self.components:
            if component.info.group in groups and component.name not in failed:
                why = f"group '{component.info.group}' failed"
                if component.available and component.fail_with_group(why):
                    failed.append(component.name)
        self.events.changed()
        return failed

    def prepare_switch(
        self,
        start: Sequence[str],
        stop: Sequence[str],
        *,
        allow_inactive: bool = False,
        wait: bool = True,
    ) -> str:
        """Ask the components whether these command interfaces may start and stop.

        Args:
            start: Names of interfaces; those of controllers are passed over.
            stop: As `start`.
            allow_inactive: Whether those of inactive components may start.
            wait: Whether to wait for a component that is busy; not in the loop.

        Returns:
            Why not, or nothing.
        """
        for component in self.components:
            mine, gone = _own(component, start), _own(component, stop)
            if not mine and not gone:
                continue
            if mine and component.state is not State.ACTIVE:
                if component.state is not State.INACTIVE or not allow_inactive:
                    return (
                        f"component '{component.name}' is {component.state.label}, so "
                        f"{mine[0]} cannot be commanded"
                    )
            if component.available:
                why = component.switch("prepare", mine, gone, wait=wait)
                if why:
                    return why
        return ""

    def perform_switch(
        self, start: Sequence[str], stop: Sequence[str], *, wait: bool = False
    ) -> str:
        """Let the components start and stop command interfaces; usually in the loop.

        Args:
            start: As for `prepare_switch`.
            stop: As for `prepare_switch`.
            wait: Whether to wait for a component that is busy; not in the loop.

        Returns:
            What did not work, or nothing; the other components switch all the same.
        """
        problems = []
        for component in self.components:
            mine, gone = _own(component, start), _own(component, stop)
            if (mine or gone) and component.available:
                problems.append(component.switch("perform", mine, gone, wait=wait))
        return "; ".join(filter(None, problems))

    def standard(self, name: str, kind: str) -> str:
        """Return the name under which an interface is known; aliases are resolved."""
        index = self.state_index if kind == "state" else self.command_index
        if name in index:
            return name
        other = standard_name(name)
        return other if other in index else name


def _made(make: MakeHardware, wrap: Wrap | None) -> MakeHardware:
    return make if wrap is None else lambda info: wrap(make(info))


def _own(component: Component, names: Sequence[str]) -> list[str]:
    own = component.command_set
    return [name for name in names if name in own]


def _interface_infos(
    infos: Sequence[HardwareInfo], attribute: str
) -> dict[str, InterfaceInfo]:
    return {
        f"{part.name}/{interface.name}": interface
        for info in infos
        for part in info.parts
        for interface in getattr(part, attribute)
    }
