# SPDX-License-Identifier: Apache-2.0
"""What other processes may ask of the core over its line."""

from collections.abc import Callable, Mapping
from typing import Any

from renxing.actuation.ladder import Rung
from renxing.errors import ConfigError
from renxing.runtime.core import RealTimeCore
from renxing.runtime.manager.parameters import ParameterStore
from renxing.runtime.simulation import Simulation

# Of the controller manager, with their own arguments.
MANAGER_CALLS = frozenset(
    {
        "list_controllers",
        "list_controller_types",
        "list_hardware_components",
        "list_hardware_interfaces",
        "load_controller",
        "configure_controller",
        "switch_controller",
        "unload_controller",
        "cleanup_controller",
        "reload_controller_libraries",
        "set_hardware_component_state",
        "activity",
        "statistics",
    }
)


class Desk:
    """Answers requests, in the line's thread."""

    def __init__(
        self,
        core: RealTimeCore,
        parameters: ParameterStore,
        simulation: Simulation | None = None,
        more: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        """Say what can be asked.

        Args:
            core: The core.
            parameters: Of its controller manager.
            simulation: Of its hardware, if it is simulated.
            more: Other requests by name.
        """
        self._manager = core.manager
        self._core = core
        self._calls: dict[str, Callable[..., Any]] = {
            "send": core.send,
            "stop": self._stop,
            "reset_stop": core.reset_stop,
            "fault": core.inject_fault,
            "clear_faults": core.clear_faults,
            "faults": core.list_faults,
            "set_parameter": parameters.set,
            "parameters": self._parameters,
            "world": lambda: None,
            **(more or {}),
        }
        if simulation is not None:
            self._calls |= {
                "world": simulation.world,
                "set_pause": simulation.set_pause,
                "step_simulation": simulation.step,
                "reset_world": simulation.reset,
                "set_free_joint_state": simulation.place,
                "apply_wrench": simulation.push,
            }

    def handle(self, method: str, arguments: tuple[Any, ...]) -> Any:
        """Answer a request.

        Raises:
            ConfigError: If there is no such request.
            RenxingError: What the request came to.
        """
        if method in MANAGER_CALLS:
            positional, named = arguments or ((), {})
            return getattr(self._manager, method)(*positional, **named)
        call = self._calls.get(method)
        if call is None:
            raise ConfigError(f"core: no request '{method}'")
        return call(*arguments)

    def _stop(self, rung: str, cause: str) -> str:
        return f"{self._core.stop(Rung.named(rung), cause).label}: {cause}"

    def _parameters(self, controller: str) -> dict[str, Any]:
        spec = self._manager.loader.specs.get(controller)
        return dict(spec.controller.info.parameters) if spec else {}
