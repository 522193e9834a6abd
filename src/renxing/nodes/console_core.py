# SPDX-License-Identifier: Apache-2.0
"""What the page knows of the core: its reports, and which controllers run."""

import time
from collections.abc import Callable
from typing import Any

from controller_manager_msgs.msg import ControllerManagerActivity
from controller_manager_msgs.srv import ListControllers, ListHardwareComponents
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy, QoSProfile

from renxing.console import Member
from renxing.nodes.console_operator import MANAGER
from renxing.nodes.manager_messages import from_diagnostics, status_name
from renxing.resources import resource_root
from renxing.runtime.core_report import CoreReport
from renxing.runtime.manager.parameters import parameters_of, read_parameter_file

LATCHED = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
STALE = 3.0  # [s] after which it says that the core is; it reports once a second


class ConsoleCore:
    """Listens to the core and asks its manager what runs.

    Attributes:
        report: The last one; None before the first.
        controllers: All that are loaded.
        components: The hardware.
    """

    def __init__(self, node: Node, robot: str, changed: Callable[[], None]) -> None:
        """Join the graph.

        Args:
            node: Which listens.
            robot: Its name, for the rate of its core.
            changed: Called when the controllers are known anew.
        """
        self.report: CoreReport | None = None
        self._heard = 0.0
        self.controllers: tuple[Member, ...] = ()
        self.components: tuple[Member, ...] = ()
        self._changed = changed
        namespace = node.get_namespace()
        self._rate = update_rate(robot, namespace)
        self._diagnosed = status_name(f"{namespace.rstrip('/')}/{MANAGER}")
        node.create_subscription(
            DiagnosticArray, "/diagnostics", self.on_diagnostics, 10
        )
        node.create_subscription(
            ControllerManagerActivity, f"{MANAGER}/activity", self.on_activity, LATCHED
        )
        self._list_controllers = node.create_client(
            ListControllers, f"{MANAGER}/list_controllers"
        )
        self._list_components = node.create_client(
            ListHardwareComponents, f"{MANAGER}/list_hardware_components"
        )

    @property
    def silence(self) -> float:
        """How long it has said nothing, once that is too long [s]; else 0."""
        silence = time.monotonic() - self._heard
        return silence if silence > STALE else 0.0

    @property
    def period(self) -> float:
        """Of its loop [s]; 0 before it is known."""
        if self._rate > 0.0:
            return 1.0 / self._rate
        measured = self.report.ledger.rate if self.report is not None else 0.0
        return 1.0 / measured if measured > 0.0 else 0.0

    def on_diagnostics(self, message: DiagnosticArray) -> None:
        """Keep the core's report."""
        for status in message.status:
            if status.name == self._diagnosed:
                self.report = from_diagnostics(status)
                self._heard = time.monotonic()

    def on_activity(self, _message: ControllerManagerActivity) -> None:
        """Ask anew what runs: activity has states, but neither types nor claims."""

        def on_controllers(future: Any) -> None:
            self.controllers = tuple(
                Member(
                    name=one.name,
                    kind=one.type,
                    state=one.state,
                    commands=len(one.claimed_interfaces),
                )
                for one in future.result().controller
            )
            self._changed()

        def on_components(future: Any) -> None:
            self.components = tuple(
                Member(
                    name=one.name,
                    kind=one.plugin_name,
                    state=one.state.label,
                    commands=sum(i.is_claimed for i in one.command_interfaces),
                )
                for one in future.result().component
            )

        asked = self._list_controllers.call_async(ListControllers.Request())
        asked.add_done_callback(on_controllers)
        asked = self._list_components.call_async(ListHardwareComponents.Request())
        asked.add_done_callback(on_components)


def update_rate(robot: str, namespace: str) -> float:
    """Return how often the core of a robot is meant to run [Hz]; 0 if nobody says.

    Args:
        robot: Its name, as its controllers' file is called.
        namespace: Of the manager.
    """
    file = resource_root() / f"config/controllers/{robot}.yaml"
    if not file.exists():
        return 0.0
    values = parameters_of(MANAGER, namespace.strip("/"), [read_parameter_file(file)])
    rate = values.get("update_rate", 0.0)
    return float(rate) if isinstance(rate, int | float) else 0.0
