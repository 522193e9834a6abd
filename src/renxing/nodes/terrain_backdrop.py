# SPDX-License-Identifier: Apache-2.0
"""The map and the robot's place in it, for the terrain node's look-out for people."""

from nav_msgs.msg import OccupancyGrid
from rclpy.node import Node

from renxing.errors import ConfigError, StaleError
from renxing.navigation.backdrop import Backdrop
from renxing.nodes.navigation.costmap import LATCHED
from renxing.nodes.navigation.frames import Frames, FramesConfig
from renxing.nodes.navigation.grid_messages import from_occupancy_message
from renxing.spatial import Array


class MapBackdrop:
    """Leaves out the points that the map has.

    Subscribes: map (OccupancyGrid, latched), tf, tf_static.
    """

    def __init__(self, node: Node, reach: float) -> None:
        """Listen.

        Args:
            node: That carries it.
            reach: Distance from what the map has, within which a point is that [m].
        """
        self._node, self._reach = node, reach
        self._frames = Frames(node, FramesConfig())
        self._backdrop: Backdrop | None = None
        node.create_subscription(OccupancyGrid, "map", self.on_map, LATCHED)

    def on_map(self, message: OccupancyGrid) -> None:
        """Take the map."""
        try:
            self._backdrop = Backdrop(from_occupancy_message(message), self._reach)
        except ConfigError as error:
            self._node.get_logger().error(str(error))

    def strange(self, points: Array, frame: str) -> Array:
        """Return the points that the map does not have.

        Args:
            points: In `frame` [m], shape (n, 3).
            frame: Of the odometry.

        Returns:
            All, while there is no map or nobody knows where the frame is in it.
        """
        if self._backdrop is None:
            return points
        try:
            to_map = self._frames.to_map(frame)
        except StaleError:
            return points
        places = points @ to_map.rotation.T + to_map.translation
        return points[self._backdrop.strange(places[:, :2])]
