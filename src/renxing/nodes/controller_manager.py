# SPDX-License-Identifier: Apache-2.0
"""The controller manager on the graph: its services, and the controllers' ROS sides.

The manager itself lives in the real-time core, another process. This node only passes
questions on and copies answers into messages, so that the tools of ros2_control drive
it; it may die and come back while the robot stands.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from controller_manager_msgs import msg, srv
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import State
from rcl_interfaces.msg import SetParametersResult
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

from renxing.errors import RenxingError
from renxing.nodes.controllers.table import SIDES
from renxing.nodes.emergency_stop import LATCHED, on_emergency_stop
from renxing.nodes.managed import ManagedNode
from renxing.nodes.manager_messages import (
    copy_fields,
    plain_value,
    to_diagnostics,
    to_named_state,
)
from renxing.nodes.parameters import load_config
from renxing.robot import load_robot
from renxing.runtime.core_report import SOCKET, CoreReport
from renxing.runtime.link import LinkClient
from renxing.runtime.manager.events import Event, Level
from renxing.runtime.state import RunFolder

LOOK_PERIOD = 0.5  # [s] between two looks for a core that is not there
NEWS_PERIOD = 0.001  # [s] between two looks for news of it


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerManagerConfig:
    """The node.

    Attributes:
        robot: Name in config/robots or path of a robot's YAML file.
    """

    robot: str = "rx1"


class ControllerManagerNode(ManagedNode):
    """What `ros2 control`, spawners and rqt talk to.

    Services: the eleven of controller_manager_msgs under ~/, and
    ~/reset_emergency_stop and ~/dump_black_box (Trigger).
    Publishes: ~/activity (ControllerManagerActivity, latched), /diagnostics, and what
    the controllers' ROS sides publish.
    Subscribes: emergency_stop (Bool, latched): true sends the robot to `hold`.
    Parameters: `ControllerManagerConfig`; `<controller>.type`, `.params_file` and
    `.fallback_controllers` can be set at any time, as spawners do.
    Stale behaviour: without a core every service answers with an error, and it looks
    for the core twice a second.
    """

    def __init__(self) -> None:
        """Create the node, unconfigured."""
        super().__init__("controller_manager", allow_undeclared_parameters=True)

    def configure(self) -> None:
        """Attach to the core and offer its services."""
        config = load_config(self, ControllerManagerConfig)
        self.robot = load_robot(config.robot)
        namespace = self.get_namespace().strip("/")
        self._path = RunFolder(dict(os.environ), namespace).path / SOCKET
        self._link: LinkClient | None = None
        self._news: list[dict[str, Any]] = []
        self._sides: dict[str, Any] = {}
        self.activity = self.create_publisher(
            msg.ControllerManagerActivity, "~/activity", LATCHED
        )
        self.diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._attach()
        self.create_wall_timer(LOOK_PERIOD, self._attach)
        # EventsExecutor has no guard conditions, and its create_task waits for a spin
        # to end; a timer is what can take news soon.
        self.create_wall_timer(NEWS_PERIOD, self._take_news)
        on_emergency_stop(self, self.stop)
        self.create_service(Trigger, "~/reset_emergency_stop", self.reset_stop)
        self.create_service(Trigger, "~/dump_black_box", self.dump)
        self._serve()
        self.add_on_set_parameters_callback(self._on_parameters)

    def clean(self) -> None:
        """Hang up; the core goes on."""
        for side in self._sides.values():
            side.destroy()
        self._sides.clear()
        if self._link is not None:
            self._link.close()

    # --- the line to the core ----------

    def _attach(self) -> None:
        if self._link is not None:
            return
        try:
            self._link = LinkClient(self._path, self._on_news, self._on_lost)
            self._refresh()
        except RenxingError as error:
            self._link = None
            self.get_logger().warning(str(error), throttle_duration_sec=5.0)
            return
        self.get_logger().info("attached to the real-time core")

    def _on_lost(self) -> None:
        self._link = None
        self.get_logger().error("the real-time core is gone")

    def _on_news(self, news: dict[str, Any]) -> None:
        # In the line's thread: only leave it for the executor.
        self._news.append(news)

    def _call(self, method: str, *arguments: Any) -> Any:
        if self._link is None:
            raise RenxingError("no real-time core to ask")
        return self._link.call(method, *arguments)

    def _ask(self, method: str, *positional: Any, **named: Any) -> Any:
        return self._call(method, positional, named)

    def _take_news(self) -> None:
        if not self._news:
            return
        batch, self._news = self._news, []
        values: dict[str, list[Any]] = {}
        for news in batch:
            for name, some in news.get("outboxes", {}).items():
                values.setdefault(name, []).extend(some)
            for event in news.get("events", ()):
                self._log(event)
            if "report" in news:
                self._publish_report(news["report"])
        if any("activity" in news for news in batch):
            self._refresh()
        for name, some in values.items():
            if name in self._sides:
                self._sides[name].on_news(some)

    def _log(self, event: Event) -> None:
        # rclpy wants a line of code of its own for each severity.
        text = f"{event.subject}: {event.message}"
        if event.level is Level.ERROR:
            self.get_logger().error(text)
        elif event.level is Level.WARN:
            self.get_logger().warning(text)
        else:
            self.get_logger().info(text)

    def _refresh(self) -> None:
        """Bring the ROS sides in step with the controllers."""
        controllers = self._ask("list_controllers")
        known = {c.name: c for c in controllers if c.state in ("active", "inactive")}
        for name in [n for n in self._sides if n not in known]:
            self._sides.pop(name).destroy()
        for name, controller in known.items():
            if name not in self._sides:
                self._make_side(name, controller.type)
            side = self._sides.get(name)
            if side is not None and side.active != (controller.state == "active"):
                (side.activate if controller.state == "active" else side.deactivate)()
        activity = self._ask("activity")
        message = msg.ControllerManagerActivity(
            controllers=[to_named_state(one) for one in activity.controllers],
            hardware_components=[
                to_named_state(one) for one in activity.hardware_components
            ],
        )
        message.header.stamp = self.get_clock().now().to_msg()
        self.activity.publish(message)

    def _make_side(self, name: str, kind: str) -> None:
        make = SIDES.get(kind)
        if make is None:
            return

        def send(value: Any) -> None:
            try:
                self._call("send", name, value)
            except RenxingError as error:
                self.get_logger().error(f"{name}: {error}", throttle_duration_sec=1.0)

        try:
            parameters = self._call("parameters", name)
            self._sides[name] = make(self, name, parameters, self.robot, send)
        except RenxingError as error:
            self.get_logger().error(f"{name}: no ROS side: {error}")

    def _publish_report(self, report: CoreReport) -> None:
        stamp = self.get_clock().now().to_msg()
        self.diagnostics.publish(to_diagnostics(report, self.get_name(), stamp))

    # --- services ----------

    def _serve(self) -> None:
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
            self.create_service(kind, f"~/{name}", self._guarded(answer))

    def _guarded(self, answer: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """Log what a request raises; its answer stays at `ok` false."""

        def callback(request: Any, response: Any) -> Any:
            try:
                answer(request, response)
            except RenxingError as error:
                self.get_logger().error(str(error))
                if hasattr(response, "message"):
                    response.message = str(error)
            return response

        return callback

    def _named(self, method: str) -> Callable[[Any, Any], None]:
        def answer(request: Any, response: Any) -> None:
            response.ok = self._ask(method, request.name).ok

        return answer

    def list_controllers(self, _request: Any, response: Any) -> None:
        """Answer with all loaded controllers."""
        response.controller = [
            copy_fields(
                one, msg.ControllerState, {"chain_connections": msg.ChainConnection}
            )
            for one in self._ask("list_controllers")
        ]

    def list_types(self, _request: Any, response: Any) -> None:
        """Answer with the types that can be loaded."""
        response.types = list(self._ask("list_controller_types"))
        base = "controller_interface::ControllerInterface"
        response.base_classes = [base] * len(response.types)

    def list_components(self, _request: Any, response: Any) -> None:
        """Answer with all hardware components."""
        parts = {
            "command_interfaces": msg.HardwareInterface,
            "state_interfaces": msg.HardwareInterface,
        }
        for one in self._ask("list_hardware_components"):
            message = copy_fields(one, msg.HardwareComponentState, parts)
            message.state = State(id=int(one.state), label=one.state.label)
            response.component.append(message)

    def list_interfaces(self, _request: Any, response: Any) -> None:
        """Answer with all command and state interfaces."""
        commands, states = self._ask("list_hardware_interfaces")
        response.command_interfaces = [
            copy_fields(c, msg.HardwareInterface) for c in commands
        ]
        response.state_interfaces = [
            copy_fields(s, msg.HardwareInterface) for s in states
        ]

    def switch(self, request: Any, response: Any) -> None:
        """Activate and deactivate controllers in one cycle."""
        answer = self._ask(
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
        response.ok = self._ask("reload_controller_libraries", request.force_kill).ok

    def set_component_state(self, request: Any, response: Any) -> None:
        """Bring a hardware component to a state."""
        target = request.target_state
        answer = self._ask(
            "set_hardware_component_state", request.name, target.id, target.label
        )
        response.ok = answer.ok
        response.state = State(id=int(answer.state), label=answer.state.label)

    def reset_stop(self, _request: Any, response: Any) -> Any:
        """End a stop whose causes are over."""
        try:
            response.message = self._call("reset_stop")
            response.success = True
        except RenxingError as error:
            response.message, response.success = str(error), False
        return response

    def dump(self, _request: Any, response: Any) -> Any:
        """Have the last half minute written to a file."""
        try:
            response.message = self._call("dump", "request")
            response.success = bool(response.message)
        except RenxingError as error:
            response.message, response.success = str(error), False
        return response

    def stop(self) -> None:
        """Emergency stop."""
        try:
            self._call("stop", "hold", "emergency_stop topic")
        except RenxingError as error:
            self.get_logger().fatal(f"emergency stop did not reach the core: {error}")

    def _on_parameters(self, parameters: Sequence[Parameter]) -> SetParametersResult:
        try:
            for parameter in parameters:
                self._call(
                    "set_parameter", parameter.name, plain_value(parameter.value)
                )
        except RenxingError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)
