# SPDX-License-Identifier: Apache-2.0
"""The services of controller_manager_msgs, so that the tools of ros2_control work.

The manager itself lives in the real-time core, another process. Here questions are
passed on and answers copied into messages.
"""

from collections.abc import Callable
from typing import Any

from controller_manager_msgs import msg, srv
from lifecycle_msgs.msg import State
from rclpy.node import Node

from renxing.errors import RenxingError
from renxing.nodes.core_line import CoreLine
from renxing.nodes.manager_messages import copy_fields


class ManagerServices:
    """The eleven services below `~/`; without a core they answer with an error."""

    def __init__(self, node: Node, line: CoreLine) -> None:
        """Offer them.

        Args:
            node: That carries the services.
            line: To the core.
        """
        self._line = line
        self._log = node.get_logger()
        for name, kind, answer in (
            ("list_controllers", srv.ListControllers, self.list_controllers),
            ("list_controller_types", srv.ListControllerTypes, self.list_types),
            (
                "list_hardware_components",
                srv.ListHardwareComponents,
                self.list_components,
            ),
            (
                "list_hardware_interfaces",
                srv.ListHardwareInterfaces,
                self.list_interfaces,
            ),
            ("load_controller", srv.LoadController, self._named("load_controller")),
            (
                "configure_controller",
                srv.ConfigureController,
                self._named("configure_controller"),
            ),
            (
                "unload_controller",
                srv.UnloadController,
                self._named("unload_controller"),
            ),
            (
                "cleanup_controller",
                srv.CleanupController,
                self._named("cleanup_controller"),
            ),
            ("switch_controller", srv.SwitchController, self.switch),
            (
                "reload_controller_libraries",
                srv.ReloadControllerLibraries,
                self.reload_libraries,
            ),
            (
                "set_hardware_component_state",
                srv.SetHardwareComponentState,
                self.set_component_state,
            ),
        ):
            node.create_service(kind, f"~/{name}", self._guarded(answer))

    def _guarded(self, answer: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """Log what a request raises; its answer stays at `ok` false."""

        def callback(request: Any, response: Any) -> Any:
            try:
                answer(request, response)
            except RenxingError as error:
                self._log.error(str(error))
                if hasattr(response, "message"):
                    response.message = str(error)
            return response

        return callback

    def _named(self, method: str) -> Callable[[Any, Any], None]:
        def answer(request: Any, response: Any) -> None:
            response.ok = self._line.ask(method, request.name).ok

        return answer

    def list_controllers(self, _request: Any, response: Any) -> None:
        """Answer with all loaded controllers."""
        response.controller = [
            copy_fields(
                one, msg.ControllerState, {"chain_connections": msg.ChainConnection}
            )
            for one in self._line.ask("list_controllers")
        ]

    def list_types(self, _request: Any, response: Any) -> None:
        """Answer with the types that can be loaded."""
        response.types = list(self._line.ask("list_controller_types"))
        base = "controller_interface::ControllerInterface"
        response.base_classes = [base] * len(response.types)

    def list_components(self, _request: Any, response: Any) -> None:
        """Answer with all hardware components."""
        parts = {
            "command_interfaces": msg.HardwareInterface,
            "state_interfaces": msg.HardwareInterface,
        }
        for one in self._line.ask("list_hardware_components"):
            message = copy_fields(one, msg.HardwareComponentState, parts)
            message.state = State(id=int(one.state), label=one.state.label)
            response.component.append(message)

    def list_interfaces(self, _request: Any, response: Any) -> None:
        """Answer with all command and state interfaces."""
        commands, states = self._line.ask("list_hardware_interfaces")
        response.command_interfaces = [
            copy_fields(c, msg.HardwareInterface) for c in commands
        ]
        response.state_interfaces = [
            copy_fields(s, msg.HardwareInterface) for s in states
        ]

    def switch(self, request: Any, response: Any) -> None:
        """Activate and deactivate controllers in one cycle."""
        answer = self._line.ask(
            "switch_controller",
            tuple(request.activate_controllers),
            tuple(request.deactivate_controllers),
            request.strictness,
            activate_asap=request.activate_asap,
            timeout=request.timeout.sec + 1e-9 * request.timeout.nanosec,
        )
        response.ok, response.message = answer.ok, answer.message

    def reload_libraries(self, request: Any, response: Any) -> None:
        """Read the code of all controllers anew."""
        response.ok = self._line.ask(
            "reload_controller_libraries", request.force_kill
        ).ok

    def set_component_state(self, request: Any, response: Any) -> None:
        """Bring a hardware component to a state."""
        target = request.target_state
        answer = self._line.ask(
            "set_hardware_component_state", request.name, target.id, target.label
        )
        response.ok = answer.ok
        response.state = State(id=int(answer.state), label=answer.state.label)
