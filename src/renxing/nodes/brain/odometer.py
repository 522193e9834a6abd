# SPDX-License-Identifier: Apache-2.0
"""How far the robot has walked and turned, and how fast it is, by its odometry."""

import math
from typing import Any

import numpy as np
from nav_msgs.msg import Odometry
from rclpy.node import Node

from renxing.nodes import convert
from renxing.nodes.navigation.grid_messages import place_of
from renxing.spatial import Array

HOP = 0.05  # [m] that counts as a way: a standing robot sways by less
JUMP = 1.0  # [m] between two messages: the odometry began anew


class Odometer:
    """Adds up ways.

    Attributes:
        way: Walked since the start [m].
        turned: Counter-clockwise since the start [rad].
        speed: Of the base now [m/s].
        stamp: Of the last message [s]; -inf before the first.
    """

    def __init__(self, node: Node) -> None:
        """Listen to odom."""
        self.way = self.turned = self.speed = 0.0
        self.stamp = -math.inf
        self._anchor: Array | None = None
        self._heading: float | None = None
        node.create_subscription(Odometry, "odom", self.on_odometry, 1)

    def on_odometry(self, message: Odometry) -> None:
        """Take a message."""
        x, y, heading = place_of(convert.from_pose(message.pose.pose))
        velocity = message.twist.twist.linear
        if not np.isfinite([x, y, heading, velocity.x, velocity.y]).all():
            return
        self.stamp = convert.to_seconds(message.header.stamp)
        self.speed = math.hypot(velocity.x, velocity.y)
        here = np.array([x, y])
        if self._anchor is None or self._heading is None:
            self._anchor, self._heading = here, heading
            return
        hop = float(np.linalg.norm(here - self._anchor))
        if hop > JUMP:
            self._anchor, self._heading = here, heading
            return
        self.turned += math.remainder(heading - self._heading, math.tau)
        self._heading = heading
        if hop >= HOP:
            self.way += hop
            self._anchor = here


def rounded(values: dict[str, Any]) -> dict[str, Any]:
    """Return measurements with as many digits as people read."""
    return {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in values.items()
    }
