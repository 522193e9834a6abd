# SPDX-License-Identifier: Apache-2.0
"""Leads a walking robot over a course: `python -m renxing.nodes.course FILE`.

The file is JSON: `times` [s] and `velocities` [m/s, m/s, rad/s], as `Course` of the
evaluation has them, `silent_from` and `duration` [s], `namespace`. Once the robot has
stood for a moment it prints `begin`; at the end it prints what the core tells of its
loop, as JSON in one line.
"""

import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from geometry_msgs.msg import TwistStamped
from rclpy.experimental.events_executor import EventsExecutor
from rclpy.node import Node

from renxing.nodes.loop_watch import LoopWatch
from renxing_msgs.msg import LocomotionStatus

PERIOD = 0.05  # [s] between two velocities
STANDS = 1.0  # [s] for which it has to stand before it is led
PATIENCE = 60.0  # [s] in which it has to


class Leader(Node):
    """Publishes cmd_vel (TwistStamped) and hears how the robot does."""

    def __init__(self, namespace: str) -> None:
        """Join the graph."""
        super().__init__("course", namespace=namespace or None)
        self.stands_since = math.inf
        self.loop = LoopWatch(self)
        self._velocity = self.create_publisher(TwistStamped, "cmd_vel", 10)
        self.create_subscription(
            LocomotionStatus, "locomotion/status", self.on_status, 1
        )

    def on_status(self, message: LocomotionStatus) -> None:
        """Note since when it stands."""
        if message.mode != "stand":
            self.stands_since = math.inf
        elif self.stands_since == math.inf:
            self.stands_since = time.monotonic()

    @property
    def stands(self) -> bool:
        """Whether it has stood for a moment."""
        return time.monotonic() - self.stands_since > STANDS

    def lead(self, forward: float, left: float, turn: float) -> None:
        """Want a velocity [m/s, m/s, rad/s]."""
        message = TwistStamped()
        message.header.stamp = self.get_clock().now().to_msg()
        message.twist.linear.x, message.twist.linear.y = forward, left
        message.twist.angular.z = turn
        self._velocity.publish(message)


def run(course: dict[str, Any]) -> int:
    """Lead the robot: 0, or 1 if it never stood."""
    times = np.array(course["times"], float)
    velocities = np.array(course["velocities"], float).reshape(-1, 3)
    rclpy.init(args=[])
    executor = EventsExecutor()
    node = Leader(course["namespace"])
    executor.add_node(node)
    try:
        deadline = time.monotonic() + PATIENCE
        while not node.stands:
            if time.monotonic() > deadline:
                print(f"it did not stand within {PATIENCE:g} s", file=sys.stderr)
                return 1
            executor.spin_once(timeout_sec=PERIOD)
        print("begin", flush=True)
        node.loop.begin()
        begun = time.monotonic()
        while (now := time.monotonic() - begun) < course["duration"]:
            index = int(np.searchsorted(times, now)) - 1
            if now < course["silent_from"]:
                wanted = velocities[index] if index >= 0 else np.zeros(3)
                node.lead(*wanted.tolist())
            executor.spin_once(timeout_sec=PERIOD)
        print(json.dumps(node.loop.told()), flush=True)
        return 0
    finally:
        node.destroy_node()
        executor.shutdown()
        rclpy.try_shutdown()


if __name__ == "__main__":
    sys.exit(run(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
