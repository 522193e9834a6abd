# SPDX-License-Identifier: Apache-2.0
"""The map and the way on it, for the page: listened to only while somebody looks."""

from typing import Any

import numpy as np
from nav_msgs.msg import OccupancyGrid, Path
from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy, QoSProfile

from renxing.console.ground_map import GroundMap
from renxing.errors import ConfigError
from renxing.nodes import convert
from renxing.nodes.navigation.grid_messages import from_path
from renxing.spatial import Array

LATCHED = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
TOPICS = {"map": "map", "costs": "global_costmap/costmap"}
LARGEST = 4_000_000  # cells: more would be too much for a browser


class ConsoleMap:
    """Keeps the map that is looked at, and the path that is walked.

    Attributes:
        ground: The map; None while nobody looks, or before it came.
        path: That is walked, in the map [m], shape (n, 2); None before one came.
        goal: Its end: x, y [m], yaw [rad]; None before one came.
    """

    def __init__(self, node: Node) -> None:
        """Listen to paths, which are not latched and come rarely."""
        self._node = node
        self._layer = ""
        self._subscription: Any = None
        self.ground: GroundMap | None = None
        self.path: Array | None = None
        self.goal: Array | None = None
        node.create_subscription(Path, "received_global_plan", self.on_path, 2)

    def watch(self, layer: str) -> None:
        """Listen to this layer of `TOPICS`, or to none when it is empty."""
        if layer == self._layer:
            return
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None
        self._layer, self.ground = layer, None
        if layer:
            self._subscription = self._node.create_subscription(
                OccupancyGrid, TOPICS[layer], self.on_map, LATCHED
            )

    def on_map(self, message: OccupancyGrid) -> None:
        """Keep the map."""
        try:
            self.ground = ground_map(message, graded=self._layer == "costs")
        except ConfigError as error:
            text = f"{TOPICS.get(self._layer, 'map')}: {error}"
            self._node.get_logger().error(text, throttle_duration_sec=10.0)

    def on_path(self, message: Path) -> None:
        """Keep the path."""
        try:
            places = from_path(message)
        except ConfigError:
            return  # who walks it refuses it, too, and says why
        self.path, self.goal = places[:, :2], places[-1]


def ground_map(message: OccupancyGrid, *, graded: bool) -> GroundMap:
    """Return a map for the page.

    Args:
        message: The map.
        graded: Whether it has costs.

    Raises:
        ConfigError: If its numbers do not fit together.
    """
    info = message.info
    values = np.frombuffer(message.data, np.int8)
    cells = info.width * info.height
    if values.size != cells or not 0 < cells <= LARGEST or not info.resolution > 0.0:
        raise ConfigError(
            f"{values.size} cells for {info.width} x {info.height} of "
            f"{info.resolution:g} m; 1 to {LARGEST} cells allowed"
        )
    return GroundMap(
        values=values.reshape(info.height, info.width),
        resolution=float(info.resolution),
        origin=convert.from_pose(info.origin),
        graded=graded,
    )
