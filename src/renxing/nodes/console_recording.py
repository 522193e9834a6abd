# SPDX-License-Identifier: Apache-2.0
"""What the page knows of recordings: that one is made, or that one is played."""

import time
from collections.abc import Callable
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node

from renxing.nodes.recording_reports import DIAGNOSTICS, recorder_name, replay_name
from renxing_msgs.msg import LocomotionStatus

STALE = 3.0  # [s] after which nobody records or plays any more; they report each second
LOCOMOTION = "renxing_msgs/msg/LocomotionStatus"


class ConsoleRecording:
    """Listens to recorder and replay."""

    def __init__(self, node: Node) -> None:
        """Join the graph."""
        self._node = node
        self._recorder = recorder_name(node.get_namespace())
        self._replay = replay_name(node.get_namespace())
        self._heard: dict[str, tuple[float, str]] = {}
        node.create_subscription(DiagnosticArray, DIAGNOSTICS, self.on_diagnostics, 10)

    def on_diagnostics(self, message: DiagnosticArray) -> None:
        """Keep what the two say."""
        for status in message.status:
            if status.name in (self._recorder, self._replay):
                self._heard[status.name] = time.monotonic(), status.message

    @property
    def recorded(self) -> str:
        """What is recorded, in words; empty if nothing is."""
        return self._lately(self._recorder)

    @property
    def played(self) -> str:
        """What is played, in words; empty if nothing is, and a robot is meant."""
        return self._lately(self._replay)

    def listen_to_locomotion(self, heard: Callable[[LocomotionStatus], None]) -> Any:
        """Return a subscription to who walked then; None without one.

        Nobody is there who could be asked which controllers run.
        """
        names = self._node.get_topic_names_and_types()
        prefix = f"{self._node.get_namespace().rstrip('/')}/"
        for name, kinds in names:
            if LOCOMOTION in kinds and name.startswith(prefix):
                return self._node.create_subscription(LocomotionStatus, name, heard, 10)
        return None

    def _lately(self, name: str) -> str:
        stamp, text = self._heard.get(name, (0.0, ""))
        return text if time.monotonic() - stamp < STALE else ""
