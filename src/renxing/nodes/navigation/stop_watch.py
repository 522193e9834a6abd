# SPDX-License-Identifier: Apache-2.0
"""Whether the robot may walk: no stop is latched."""

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.qos import QoSProfile
from std_msgs.msg import Bool

from renxing.actuation.ladder import Rung
from renxing.nodes.emergency_stop import LATCHED, TOPIC
from renxing.nodes.manager_messages import status_name

MANAGER = "controller_manager"
REPORT_TIME = 1.5  # [s] in which the core's report knows of a stop for certain


class StopWatch:
    """Hears stops at once from their topic, and from the core what became of them."""

    def __init__(self, node: Node) -> None:
        """Listen."""
        self._node = node
        self._asked = False
        self._asked_at = 0.0
        self._rung = ""
        space = node.get_namespace().rstrip("/")
        self._status = status_name(f"{space}/{MANAGER}")
        node.create_subscription(Bool, TOPIC, self.on_stop, LATCHED)
        node.create_subscription(Bool, TOPIC, self.on_stop, QoSProfile(depth=1))
        node.create_subscription(
            DiagnosticArray, "/diagnostics", self.on_diagnostics, 10
        )

    @property
    def why(self) -> str:
        """Which stop is latched; empty for none."""
        if self._asked:
            return "emergency stop"
        if self._rung not in ("", Rung.RUN.label):
            return f"the robot is on '{self._rung}' of the stop ladder"
        return ""

    def on_stop(self, message: Bool) -> None:
        """Note that a stop was asked for, or taken back by who asked."""
        self._asked = message.data
        self._asked_at = self._now()

    def on_diagnostics(self, message: DiagnosticArray) -> None:
        """Note on which rung the core is: nobody else tells of a reset by service."""
        for status in message.status:
            if status.name != self._status:
                continue
            for pair in status.values:
                if pair.key == "rung":
                    self._rung = pair.value
            if self._rung == Rung.RUN.label:
                if self._now() - self._asked_at > REPORT_TIME:
                    self._asked = False

    def _now(self) -> float:
        return float(self._node.get_clock().now().nanoseconds * 1e-9)
