# SPDX-License-Identifier: Apache-2.0
"""The controller manager: the services of ros2_control as methods, and the cycle.

The real-time thread calls `read`, `update` and `write`; one other thread calls all the
rest. With `threaded=False` there is only one thread, and a switch is done at once.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from renxing.controller_interface import Board
from renxing.hardware_interface import HardwareInfo, State
from renxing.robot import Robot
from renxing.runtime.manager import listing
from renxing.runtime.manager.answers import (
    Activity,
    Answer,
    ControllerState,
    HardwareComponentState,
    HardwareInterface,
    ManagerStatistics,
    NamedLifecycleState,
    StateAnswer,
)
from renxing.runtime.manager.component import MakeHardware
from renxing.runtime.manager.component_parser import parse_components
from renxing.runtime.manager.component_states import set_component_state
from renxing.runtime.manager.cycle import Cycle
from renxing.runtime.manager.events import Event, Events
from renxing.runtime.manager.initial_states import start_components
from renxing.runtime.manager.interfaces import Interfaces
from renxing.runtime.manager.loader import Loader, MakeController
from renxing.runtime.manager.parameters import ParameterStore
from renxing.runtime.manager.plugins import HARDWARE, HARDWARE_GROUP, Plugins
from renxing.runtime.manager.resource_manager import ResourceManager, Wrap
from renxing.runtime.manager.roster import Roster
from renxing.runtime.manager.settings import ManagerSettings
from renxing.runtime.manager.switch_requests import SwitchRequests
from renxing.runtime.manager.switcher import Switcher
from renxing.runtime.manager.switching import Strictness, complete_plan


class ControllerManager:
    """Hardware, controllers and their cycle.

    Attributes:
        settings: As given.
        resources: The hardware; `resources.commands` is what the guard looks at.
        cycle: The real-time side, with the times that its phases took.
        events: What happened; `events.observers` hear of changed states.
        loader: The loaded controllers and their parameters.
        switch_controller: Activates and deactivates controllers within one cycle, see
            `SwitchRequests.switch`.
    """

    def __init__(
        self,
        description: str | Sequence[HardwareInfo],
        robot: Robot,
        settings: ManagerSettings,
        *,
        hardware: Mapping[str, MakeHardware] | None = None,
        controllers: Mapping[str, MakeController] | None = None,
        parameters: ParameterStore | None = None,
        files: Sequence[Path] = (),
        threaded: bool = False,
        wrap: Wrap | None = None,
    ) -> None:
        """Make the hardware; `start` brings it to its first states.

        Args:
            description: URDF text, or what `parse_components` made of it.
            robot: Given to the controllers.
            settings: See there.
            hardware: What makes hardware by plugin name, besides the known ones.
            controllers: What makes controllers by type, besides the known ones.
            parameters: Of the manager; they hold types and files of controllers.
            files: Parameter files that all controllers see.
            threaded: Whether the cycle runs in another thread.
            wrap: Stands in front of each hardware component, if given.

        Raises:
            ConfigError: If the description, a file or a plugin cannot be used.
        """
        infos = (
            parse_components(description)
            if isinstance(description, str)
            else tuple(description)
        )
        self.settings = settings
        self.events = Events()
        self.resources = ResourceManager(
            infos,
            Plugins(HARDWARE, HARDWARE_GROUP, hardware),
            settings.update_rate,
            self.events,
            wrap,
        )
        self._interfaces = Interfaces(self.resources)
        self._switcher = Switcher(
            self._interfaces, self.events, allow_inactive=settings.allow_inactive
        )
        self.cycle = Cycle(
            self._interfaces, self._switcher, stop_on_rest=settings.stop_on_rest
        )
        self.loader = Loader(
            robot, settings, parameters or ParameterStore(), files, controllers
        )
        self._roster = Roster(
            self.loader,
            self._interfaces,
            self._switcher,
            self.events,
            settings.update_rate,
        )
        self._requests = SwitchRequests(
            self.cycle,
            self._interfaces,
            self.loader.specs,
            settings,
            threaded=threaded,
        )
        self.switch_controller = self._requests.switch

    def start(self) -> None:
        """Bring the hardware to its first states.

        Raises:
            DeviceError: If that fails and the settings ask to stop then.
        """
        start_components(self.resources, self.settings.initial)

    def read(self, time: float, period: float) -> None:
        """Let the hardware fill the states; never raises.

        Args:
            time: Now, on the loop's clock [s].
            period: Since the last cycle [s].
        """
        self.cycle.read(time, period)

    def update(self, time: float, period: float) -> None:
        """Let the controllers compute the commands; arguments as for `read`."""
        self.cycle.update(time, period)

    def write(self, time: float, period: float) -> None:
        """Let the hardware obey; arguments as for `read`."""
        self.cycle.write(time, period)

    def rest(self, time: float, period: float) -> None:
        """Only switch controllers, in place of a cycle; arguments as for `read`."""
        self.cycle.rest(time, period)

    def use_boards(self, make: Callable[[str, Sequence[str]], Board]) -> None:
        """Have the boards of controllers that are configured from now on made.

        Args:
            make: Makes one, given the controller's name and the names of its numbers.
        """
        self._interfaces.make_board = make

    def run(self, time: float, period: float) -> None:
        """Do a whole cycle where no guard looks at the commands."""
        self.cycle.read(time, period)
        self.cycle.update(time, period)
        self.cycle.write(time, period)

    def load_controller(self, name: str, kind: str = "") -> Answer:
        """Make a controller.

        Args:
            name: Its own.
            kind: Its type; from the manager's parameter `<name>.type` if left out.
        """
        return self._roster.load(name, kind)

    def configure_controller(self, name: str) -> Answer:
        """Configure a controller; an inactive one is cleaned up before."""
        return self._roster.configure(name)

    def cleanup_controller(self, name: str) -> Answer:
        """Bring an inactive controller back to unconfigured."""
        return self._roster.cleanup(name)

    def unload_controller(self, name: str) -> Answer:
        """Forget a controller that is not active."""
        return self._roster.unload(name)

    def reload_controller_libraries(self, force_kill: bool) -> Answer:
        """Unload all controllers and read their code anew.

        Args:
            force_kill: Whether to stop active ones; else they are a reason to refuse.
        """
        active = [spec.name for spec in self.loader.all() if spec.active]
        if active and not force_kill:
            what = f"controllers are active: {', '.join(active)}"
            return Answer(ok=False, message=what)
        answer = self.switch_controller((), active, Strictness.AUTO)
        return self._roster.reload() if answer.ok else answer

    def set_hardware_component_state(
        self, name: str, state: int, label: str = ""
    ) -> StateAnswer:
        """Bring a component to a state; controllers that lose it are stopped first.

        Args:
            name: Of the component.
            state: Number of a primary state; 0 if `label` says it.
            label: Name of a primary state.
        """
        return set_component_state(
            self.resources,
            self._requests,
            self.loader.all(),
            (name, state, label),
            allow_inactive=self.settings.allow_inactive,
        )

    def shut_down(self) -> None:
        """Stop and close everything; the loop has ended before. Never raises."""
        self._requests.threaded = False
        order = self._switcher.order
        active = [spec for spec in order if spec.active]
        plan = complete_plan(order, (), active, strict=False)
        self._switcher.execute(plan, forced=True, wait=True)
        for spec in self.loader.all():
            if spec.state is State.INACTIVE:
                spec.cleanup()
        self.resources.shut_down()

    def list_controllers(self) -> tuple[ControllerState, ...]:
        """Return all loaded controllers in the order of their updates."""
        return tuple(listing.controller_state(spec) for spec in self._switcher.order)

    def list_controller_types(self) -> tuple[str, ...]:
        """Return the types that can be loaded."""
        return tuple(self.loader.plugins)

    def list_hardware_components(self) -> tuple[HardwareComponentState, ...]:
        """Return all components."""
        return tuple(
            listing.component_state(component, self._interfaces)
            for component in self.resources.components
        )

    def list_hardware_interfaces(
        self,
    ) -> tuple[tuple[HardwareInterface, ...], tuple[HardwareInterface, ...]]:
        """Return all command interfaces and all state interfaces."""
        return listing.all_interfaces(self._interfaces)

    def activity(self) -> Activity:
        """Return the states of all controllers and components."""
        return Activity(
            controllers=tuple(
                NamedLifecycleState(name=spec.name, state=spec.state)
                for spec in self._switcher.order
            ),
            hardware_components=tuple(
                NamedLifecycleState(name=component.name, state=component.state)
                for component in self.resources.components
            ),
        )

    def statistics(self) -> ManagerStatistics:
        """Return all timings."""
        return listing.statistics(
            self.cycle, self._switcher.order, self.resources.components
        )

    def update_times(self) -> dict[str, tuple[float, ...]]:
        """Return how long the last updates of each active controller took [s]."""
        return {
            spec.name: tuple(spec.timing.recent())
            for spec in self.loader.all()
            if spec.active
        }

    def take_events(self) -> list[Event]:
        """Return what happened since the last call."""
        return self.events.take()
