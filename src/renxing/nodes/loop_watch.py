# SPDX-License-Identifier: Apache-2.0
"""How the real-time loop did while something went on, by what its core tells."""

import contextlib

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node

from renxing.errors import ConfigError
from renxing.nodes.manager_messages import from_diagnostics, status_name
from renxing.nodes.navigation.stop_watch import MANAGER
from renxing.runtime.ledger_report import LedgerReport, over


class LoopWatch:
    """Collects the ledger, second by second."""

    def __init__(self, node: Node) -> None:
        """Listen to /diagnostics.

        Args:
            node: In the namespace of the stack.
        """
        self._core = status_name(f"{node.get_namespace().rstrip('/')}/{MANAGER}")
        self._before: LedgerReport | None = None
        self._seconds: list[LedgerReport] = []
        node.create_subscription(
            DiagnosticArray, "/diagnostics", self.on_diagnostics, 10
        )

    def on_diagnostics(self, message: DiagnosticArray) -> None:
        """Keep what the core tells of its last second."""
        for status in message.status:
            if status.name == self._core:
                with contextlib.suppress(ConfigError):
                    self._seconds.append(from_diagnostics(status).ledger)

    def begin(self) -> None:
        """Measure from now on."""
        self._before = self._seconds[-1] if self._seconds else None
        self._seconds = []

    def told(self) -> dict[str, float]:
        """Return how the loop did since the beginning, as `over` does."""
        return over(self._before, self._seconds)
