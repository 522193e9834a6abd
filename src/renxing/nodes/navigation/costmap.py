# SPDX-License-Identifier: Apache-2.0
"""A costmap on the graph: what it is made of, and its topics."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from nav2_msgs.msg import Costmap as CostmapMessage
from nav_msgs.msg import OccupancyGrid
from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy, QoSProfile

from renxing.errors import ConfigError, StaleError
from renxing.navigation import (
    BERTH,
    UNKNOWN,
    CostGrid,
    Person,
    apart_from,
    inflate,
    mark,
    merge,
    occupy,
)
from renxing.nodes.navigation import grid_messages as messages
from renxing.nodes.navigation.costmap_services import CostmapServices
from renxing.nodes.navigation.frames import Frames
from renxing.nodes.navigation.sight import Sight, SightConfig
from renxing.spatial import SE3, Array

People = tuple[Person, ...]
LATCHED = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostmapConfig:
    """A costmap.

    Attributes:
        inscribed_radius: Distance from what stands below which the robot touches [m].
        inflation_radius: Distance up to which nearness costs [m].
        decay: How quickly that falls [1/m].
        berth: Kept off in addition from what the eyes see at the height of a body and
            the map does not have, since it may be somebody [m].
        publish_rate: Of the topics [Hz].
        sight: What the eyes see.
    """

    inscribed_radius: float = field(default=0.37, metadata={"min": 0.05, "max": 2.0})
    inflation_radius: float = field(default=0.8, metadata={"min": 0.05, "max": 5.0})
    decay: float = field(default=4.0, metadata={"min": 0.1, "max": 50.0})
    berth: float = field(default=BERTH, metadata={"min": 0.0, "max": 1.0})
    publish_rate: float = field(default=2.0, metadata={"min": 0.1, "max": 20.0})
    sight: SightConfig = field(default_factory=SightConfig)


class Costmap:
    """Map, ground and what stands around the robot together, in one frame.

    Publishes: <name>/costmap (OccupancyGrid, latched), <name>/costmap_raw
    (Costmap, latched); the latter only while somebody listens.
    Subscribes: map (OccupancyGrid, latched), and what `Sight` does.
    Services: those of `CostmapServices`.

    Attributes:
        sight: What the eyes see.
    """

    def __init__(
        self, node: Node, name: str, config: CostmapConfig, frames: Frames, frame: str
    ) -> None:
        """Join the graph.

        Args:
            node: That carries it.
            name: Such as `global_costmap`.
            config: The costmap.
            frames: Where the robot is.
            frame: Of the costmap: that of the map, or that of the odometry.
        """
        _rehearse()
        self.config, self.frame = config, frame
        self._node, self._frames = node, frames
        self._map: CostGrid | None = None
        self.sight = Sight(node, config.sight, frames)
        self._compose: Callable[[], CostGrid] = self.whole
        self._people: Callable[[], tuple[People, People]] = lambda: ((), ())
        topic = node.create_publisher
        self._shown = topic(OccupancyGrid, f"{name}/costmap", LATCHED)
        self._raw = topic(CostmapMessage, f"{name}/costmap_raw", LATCHED)
        node.create_subscription(OccupancyGrid, "map", self.on_map, LATCHED)
        node.create_timer(1.0 / config.publish_rate, self.publish)
        CostmapServices(node, name, frame, frames, self.sight, lambda: self._compose())

    def use(self, compose: Callable[[], CostGrid]) -> None:
        """Show and serve what `compose` returns instead of the whole map."""
        self._compose = compose

    def mind(self, people: Callable[[], tuple[People, People]]) -> None:
        """Let those who stand occupy their place on the whole map.

        Args:
            people: Returns who stands and who walks now, in the map.
        """
        self._people = people

    # --- what it is made of -----------------------------------------------------------

    def on_map(self, message: OccupancyGrid) -> None:
        """Take the map."""
        try:
            self._map = messages.from_occupancy_message(message)
        except ConfigError as error:
            self._node.get_logger().error(str(error))

    def whole(self, *, lasting: bool = False) -> CostGrid:
        """Return the map with what the eyes see, inflated, in the map frame.

        Args:
            lasting: Whether to leave out people and what only stands there now.

        Raises:
            StaleError: If there is no map, or nobody knows where odom is in it.
        """
        costs = self._need_map()
        obstacles, (standing, walking) = self.sight.obstacles(), self._people()
        if len(obstacles) and not lasting:
            # On the map alone: what the ground has of somebody must not be known.
            there = self._without(obstacles, walking)
            costs = mark(costs, there, self.config.berth)
        ground = self.sight.ground()
        if ground is not None:
            odom_to_map = messages.place_of(self._frames.odom_to_map())
            costs = merge(costs, ground, tuple(odom_to_map))
        return self._inflated(costs if lasting else occupy(costs, standing))

    def _without(self, obstacles: Array, walking: People) -> Array:
        """Return obstacles in the map [m], shape (n, 2), less those who walk on."""
        to_map = self._frames.odom_to_map()
        padded = np.column_stack([obstacles, np.zeros(len(obstacles))])
        places = (padded @ to_map.rotation.T + to_map.translation)[:, :2]
        return apart_from(places, walking)

    def window(self, middle: Array, side: float, resolution: float) -> CostGrid:
        """Return a square around a place, inflated, in odom.

        Args:
            middle: [m], shape (2,).
            side: [m].
            resolution: [m].

        Raises:
            StaleError: If there is no map, or nobody knows where it lies in odom.
        """
        count = round(side / resolution)
        corner = np.round(middle / resolution - 0.5 * count) * resolution
        empty = np.full((count, count), UNKNOWN, np.uint8)
        costs = CostGrid(costs=empty, resolution=resolution, origin=corner)
        map_to_odom: SE3 = self._frames.odom_to_map().inverse()
        costs = merge(costs, self._need_map(), tuple(messages.place_of(map_to_odom)))
        costs = mark(costs, self.sight.obstacles(), self.config.berth)
        ground = self.sight.ground()
        if ground is not None:
            costs = merge(costs, ground)
        return self._inflated(costs)

    def _need_map(self) -> CostGrid:
        if self._map is None:
            raise StaleError("no map has come")
        return self._map

    def _inflated(self, costs: CostGrid) -> CostGrid:
        config = self.config
        reach = max(config.inflation_radius, config.inscribed_radius)
        return inflate(costs, config.inscribed_radius, reach, config.decay)

    # --- topics -----------------------------------------------------------------------

    def publish(self) -> None:
        """Publish what somebody listens to."""
        shown = self._shown.get_subscription_count()
        raw = self._raw.get_subscription_count()
        if not shown and not raw:
            return
        try:
            costs = self._compose()
        except StaleError as error:
            self._node.get_logger().warning(str(error), throttle_duration_sec=5.0)
            return
        now = self._node.get_clock().now().to_msg()
        if shown:
            self._shown.publish(messages.to_occupancy(now, self.frame, costs))
        if raw:
            self._raw.publish(messages.to_costmap(now, self.frame, costs))


def _rehearse() -> None:
    """Compile now what is compiled, rather than at the first goal."""
    empty = np.zeros((4, 4), np.uint8)
    grid = CostGrid(costs=empty, resolution=0.1, origin=np.zeros(2))
    inflate(merge(grid, grid, (0.1, 0.0, 0.0)), 0.1, 0.2, 1.0)
