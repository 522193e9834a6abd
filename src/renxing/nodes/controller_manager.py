# SPDX-License-Identifier: Apache-2.0
"""The real-time core on the graph: controller manager, controllers, stops, simulation.

The core is another process without ROS. This node only passes on: it may die and come
back while the robot stands.
"""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from controller_manager_msgs import msg
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

from renxing.errors import RenxingError
from renxing.nodes.controllers.table import SIDES
from renxing.nodes.core_line import CoreLine
from renxing.nodes.emergency_stop import LATCHED, on_emergency_stop
from renxing.nodes.managed import ManagedNode
from renxing.nodes.manager_faults import FaultServices, answering
from renxing.nodes.manager_messages import (
    plain_value,
    status_name,
    to_diagnostics,
    to_named_state,
)
from renxing.nodes.manager_services import ManagerServices
from renxing.nodes.manager_statistics import to_activity_diagnostics
from renxing.nodes.parameters import load_config
from renxing.nodes.twin_side import TwinSide
from renxing.robot import load_robot
from renxing.runtime.core_report import CoreReport
from renxing.runtime.manager.events import Event, Level

LOOK_PERIOD = 0.05  # [s] between two looks for a core that is not there
NEWS_PERIOD = 0.005  # [s] between two looks for news of it; each look costs


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerManagerConfig:
    """The node.

    Attributes:
        robot: Name in config/robots or path of a robot's YAML file.
        publish_clock: Publish /clock with simulated time, if that is the backend.
        publish_tf: Publish the true pose of a simulated base as odom -> base while no
            estimator that is active publishes that.
        wait_for_core: Whether it is ready only when it has found the core.
    """

    robot: str = "rx1"
    publish_clock: bool = False
    publish_tf: bool = True
    wait_for_core: bool = False


class ControllerManagerNode(ManagedNode):
    """What `ros2 control`, spawners, rqt and the operator talk to.

    Services: the eleven of controller_manager_msgs under ~/, ~/emergency_stop,
    ~/reset_emergency_stop and ~/dump_black_box (Trigger), those of `FaultServices`, of
    the controllers, and of `TwinSide` where the robot is simulated.
    Publishes: ~/activity (ControllerManagerActivity, latched), /diagnostics (the core,
    all controllers, all hardware; 1 Hz), what the controllers' ROS sides publish, and
    what `TwinSide` does. Not ~/statistics, see `manager_statistics`.
    Subscribes: emergency_stop (Bool, latched): true sends the robot to `hold`.
    Parameters: `ControllerManagerConfig`; `<controller>.type`, `.params_file` and
    `.fallback_controllers` can be set at any time, as spawners do.
    Stale behaviour: without a core every service answers with an error, and it looks
    for the core twenty times a second.
    """

    def __init__(self) -> None:
        """Create the node, unconfigured."""
        super().__init__("controller_manager", allow_undeclared_parameters=True)

    def configure(self) -> None:
        """Attach to the core and offer its services."""
        self.config = load_config(self, ControllerManagerConfig)
        self.robot = load_robot(self.config.robot)
        self._sides: dict[str, Any] = {}
        self._twin: TwinSide | None = None
        self.activity = self.create_publisher(
            msg.ControllerManagerActivity, "~/activity", LATCHED
        )
        self.diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self.line = CoreLine(self, self._on_attached)
        self.line.look()
        self.create_wall_timer(LOOK_PERIOD, self.line.look)
        # EventsExecutor has no guard conditions, and its create_task waits for a spin
        # to end; a timer is what can take news soon.
        self.create_wall_timer(NEWS_PERIOD, self._take_news)
        on_emergency_stop(self, self.stop)
        for name, act in (
            ("emergency_stop", self.emergency_stop),
            ("reset_emergency_stop", self.reset_stop),
            ("dump_black_box", self.dump),
        ):
            self.create_service(Trigger, f"~/{name}", _triggered(act))
        self._manager_services = ManagerServices(self, self.line)
        self._fault_services = FaultServices(self, self.line)
        self.add_on_set_parameters_callback(self._on_parameters)

    def clean(self) -> None:
        """Hang up; the core goes on."""
        for side in self._sides.values():
            side.destroy()
        self._sides.clear()
        if self._twin is not None:
            self._twin.destroy()
            self._twin = None
        self.line.close()

    @property
    def ready(self) -> bool:
        """Whether it can do what it is for."""
        return self.line.attached or not self.config.wait_for_core

    # --- what the core tells ----------

    def _on_attached(self) -> None:
        if self._twin is not None:
            self._twin.destroy()
            self._twin = None
        world = self.line.call("world")
        if world is not None:
            self._twin = TwinSide(
                self,
                self.robot,
                world,
                self.line.call,
                publish_clock=self.config.publish_clock,
                publish_tf=self.config.publish_tf,
            )
        self._refresh()

    def _take_news(self) -> None:
        batch = self.line.take()
        if not batch:
            return
        values: dict[str, list[Any]] = {}
        for news in batch:
            for name, some in news.get("outboxes", {}).items():
                values.setdefault(name, []).extend(some)
            for event in news.get("events", ()):
                self._log(event)
            if "report" in news:
                self._publish_report(news["report"])
            if self._twin is not None:
                self._twin.on_news(news)
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
        controllers = self.line.ask("list_controllers")
        known = {c.name: c for c in controllers if c.state in ("active", "inactive")}
        for name in [n for n in self._sides if n not in known]:
            self._sides.pop(name).destroy()
        for name, controller in known.items():
            if name not in self._sides:
                self._make_side(name, controller.type)
            side = self._sides.get(name)
            if side is not None and side.active != (controller.state == "active"):
                (side.activate if controller.state == "active" else side.deactivate)()
        if self._twin is not None:
            # One transform, one source.
            sides = self._sides.values()
            self._twin.places_base = not any(side.places_base for side in sides)
        activity = self.line.ask("activity")
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
                self.line.call("send", name, value)
            except RenxingError as error:
                self.get_logger().error(f"{name}: {error}", throttle_duration_sec=1.0)

        try:
            parameters = self.line.call("parameters", name)
            self._sides[name] = make(self, name, parameters, self.robot, send)
        except RenxingError as error:
            self.get_logger().error(f"{name}: no ROS side: {error}")

    def _publish_report(self, report: CoreReport) -> None:
        stamp = self.get_clock().now().to_msg()
        node = self.get_fully_qualified_name()
        message = to_diagnostics(report, status_name(node), stamp)
        # A core that has just gone has no statistics, but its last words are said.
        with contextlib.suppress(RenxingError):
            activity, figures = self.line.ask("activity"), self.line.ask("statistics")
            message.status += to_activity_diagnostics(activity, figures, node)
        self.diagnostics.publish(message)

    # --- what somebody wants of the core ----------

    def stop(self) -> None:
        """Stop because of the topic."""
        try:
            self.line.call("stop", "stand", "emergency_stop topic")
        except RenxingError as error:
            self.get_logger().fatal(f"emergency stop did not reach the core: {error}")

    def emergency_stop(self) -> str:
        """Stop because of the service."""
        return str(self.line.call("stop", "stand", "emergency_stop service"))

    def reset_stop(self) -> str:
        """End a stop whose causes are over."""
        return str(self.line.call("reset_stop"))

    def dump(self) -> str:
        """Have the last half minute written to a file."""
        return str(self.line.call("dump", "request"))

    def _on_parameters(self, parameters: Sequence[Parameter]) -> SetParametersResult:
        try:
            for parameter in parameters:
                value = plain_value(parameter.value)
                self.line.call("set_parameter", parameter.name, value)
        except RenxingError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)


def _triggered(act: Callable[[], str]) -> Callable[[Any, Any], Any]:
    """Return a service callback that says what came of it."""
    return answering(lambda _request, _response: act())
