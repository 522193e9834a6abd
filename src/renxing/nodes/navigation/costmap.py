# SPDX-License-Identifier: Apache-2.0
"""A costmap on the graph: what it is made of, its topics and its services."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from grid_map_msgs.msg import GridMap
from nav2_msgs.msg import Costmap as CostmapMessage
from nav2_msgs.srv import (
    ClearCostmapAroundPose,
    ClearCostmapAroundRobot,
    ClearCostmapExceptRegion,
    ClearEntireCostmap,
    GetCost,
    GetCostmap,
)
from nav_msgs.msg import OccupancyGrid
from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from sensor_msgs.msg import PointCloud2

from renxing.errors import ConfigError, DeviceError, StaleError
from renxing.navigation import (
    UNKNOWN,
    CostGrid,
    Person,
    apart_from,
    from_elevation_costs,
    inflate,
    mark,
    merge,
    occupy,
)
from renxing.nodes import convert
from renxing.nodes.cloud_messages import from_cloud
from renxing.nodes.navigation import grid_messages as messages
from renxing.nodes.navigation.frames import Frames
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
        ground: Topic of the map of the ground; empty for none.
        obstacles: Topic of what stands around the robot now; empty for none.
        obstacles_age: Oldest such message that counts [s].
        ground_age: Oldest map of the ground that counts [s].
        standing_radius: Around the robot no camera sees the ground that bears it [m].
        publish_rate: Of the topics [Hz].
    """

    inscribed_radius: float = field(default=0.37, metadata={"min": 0.05, "max": 2.0})
    inflation_radius: float = field(default=0.8, metadata={"min": 0.05, "max": 5.0})
    decay: float = field(default=4.0, metadata={"min": 0.1, "max": 50.0})
    ground: str = "elevation_map"
    obstacles: str = "obstacles"
    obstacles_age: float = field(default=0.6, metadata={"min": 0.1, "max": 60.0})
    ground_age: float = field(default=2.0, metadata={"min": 0.1, "max": 60.0})
    standing_radius: float = field(default=0.5, metadata={"min": 0.0, "max": 2.0})
    publish_rate: float = field(default=2.0, metadata={"min": 0.1, "max": 20.0})


class Costmap:
    """Map, ground and what stands around the robot together, in one frame.

    Publishes: <name>/costmap (OccupancyGrid, latched), <name>/costmap_raw
    (Costmap, latched); the latter only while somebody listens.
    Subscribes: map (OccupancyGrid, latched), elevation_map (GridMap, frame odom),
    obstacles (PointCloud2, frame odom).
    Services: <name>/get_costmap, <name>/get_cost_<name>, and those that clear, by the
    names of Nav2's servers and by those that nav2_simple_commander calls. Cleared is
    what the eyes have seen, until they see it again; the map is not.
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
        self._ground: CostGrid | None = None
        self._ground_stamp = 0.0
        self._obstacles = np.empty((0, 2))
        self._obstacles_stamp = 0.0
        self._compose: Callable[[], CostGrid] = self.whole
        self._people: Callable[[], tuple[People, People]] = lambda: ((), ())
        topic = node.create_publisher
        self._shown = topic(OccupancyGrid, f"{name}/costmap", LATCHED)
        self._raw = topic(CostmapMessage, f"{name}/costmap_raw", LATCHED)
        node.create_subscription(OccupancyGrid, "map", self.on_map, LATCHED)
        if config.ground:
            node.create_subscription(GridMap, config.ground, self.on_ground, 2)
        if config.obstacles:
            on_obstacles = self.on_obstacles
            node.create_subscription(PointCloud2, config.obstacles, on_obstacles, 2)
        node.create_timer(1.0 / config.publish_rate, self.publish)
        self._serve(name)

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

    def on_ground(self, message: GridMap) -> None:
        """Take what the eyes see of the ground."""
        if message.header.frame_id != self._frames.config.odom:
            text = f"map of the ground in frame '{message.header.frame_id}'"
            self._node.get_logger().error(text, throttle_duration_sec=5.0)
            return
        try:
            costs, resolution, corner = messages.ground_costs(message)
            here = messages.place_of(self._frames.base_to_odom())
        except (ConfigError, StaleError) as error:
            self._node.get_logger().warning(str(error), throttle_duration_sec=5.0)
            return
        radius = self.config.standing_radius
        self._ground = from_elevation_costs(costs, resolution, corner, here[:2], radius)
        self._ground_stamp = convert.to_seconds(message.header.stamp)

    def ground(self) -> CostGrid | None:
        """Return what the eyes see, in odom; None when that is too long ago."""
        now = self._node.get_clock().now().nanoseconds * 1e-9
        if now - self._ground_stamp > self.config.ground_age:
            self._ground = None
        return self._ground

    def on_obstacles(self, message: PointCloud2) -> None:
        """Take what stands around the robot now."""
        log = self._node.get_logger()
        if message.header.frame_id != self._frames.config.odom:
            text = f"obstacles in frame '{message.header.frame_id}'"
            log.error(text, throttle_duration_sec=5.0)
            return
        try:
            self._obstacles = from_cloud(message)[:, :2]
        except DeviceError as error:
            log.error(str(error), throttle_duration_sec=5.0)
            return
        self._obstacles_stamp = convert.to_seconds(message.header.stamp)

    def obstacles(self) -> Array:
        """Return what stands around the robot, in odom [m], shape (n, 2)."""
        now = self._node.get_clock().now().nanoseconds * 1e-9
        if now - self._obstacles_stamp > self.config.obstacles_age:
            return np.empty((0, 2))
        return self._obstacles

    def whole(self, *, lasting: bool = False) -> CostGrid:
        """Return the map with what the eyes see, inflated, in the map frame.

        Args:
            lasting: Whether to leave out people and what only stands there now.

        Raises:
            StaleError: If there is no map, or nobody knows where odom is in it.
        """
        costs = self._need_map()
        ground = self.ground()
        if ground is not None:
            odom_to_map = messages.place_of(self._frames.odom_to_map())
            costs = merge(costs, ground, tuple(odom_to_map))
        if lasting:
            return self._inflated(costs)
        obstacles, (standing, walking) = self.obstacles(), self._people()
        if len(obstacles):
            costs = mark(costs, self._without(obstacles, walking))
        return self._inflated(occupy(costs, standing))

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
        ground = self.ground()
        if ground is not None:
            costs = merge(costs, ground)
        return self._inflated(mark(costs, self.obstacles()))

    def _need_map(self) -> CostGrid:
        if self._map is None:
            raise StaleError("no map has come")
        return self._map

    def _inflated(self, costs: CostGrid) -> CostGrid:
        config = self.config
        reach = max(config.inflation_radius, config.inscribed_radius)
        return inflate(costs, config.inscribed_radius, reach, config.decay)

    # --- topics and services ----------------------------------------------------------

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

    def _serve(self, name: str) -> None:
        serve = self._node.create_service
        serve(GetCostmap, f"{name}/get_costmap", self.get)
        serve(GetCost, f"{name}/get_cost_{name}", self.cost)
        serve(ClearEntireCostmap, f"{name}/clear_entirely_{name}", self.clear)
        # BasicNavigator asks by the second name of each, which Nav2 itself lacks.
        for kind, callback, names in (
            (ClearCostmapExceptRegion, self.clear_except,
             (f"clear_except_{name}", "clear_costmap_except_region")),
            (ClearCostmapAroundRobot, self.clear_around,
             (f"clear_around_{name}", "clear_costmap_around_robot")),
            (ClearCostmapAroundPose, self.clear_around_pose,
             (f"clear_around_pose_{name}", "clear_costmap_around_pose")),
        ):  # fmt: skip
            for one in names:
                serve(kind, f"{name}/{one}", callback)

    def get(self, _request: Any, response: Any) -> Any:
        """Return the costs; an empty map while there are none."""
        try:
            costs = self._compose()
        except StaleError as error:
            self._node.get_logger().warning(str(error))
            return response
        now = self._node.get_clock().now().to_msg()
        response.map = messages.to_costmap(now, self.frame, costs)
        return response

    def cost(self, request: Any, response: Any) -> Any:
        """Return the cost of a place of the costmap's frame; -1 when not known.

        The robot is a disc, so that a footprint costs what its middle does.
        """
        response.cost = -1.0
        try:
            found = self._compose().cost_at([request.x, request.y])
            response.cost = -1.0 if found == UNKNOWN else float(found)
        except StaleError as error:
            self._node.get_logger().warning(str(error))
        return response

    def clear(self, _request: Any, response: Any) -> Any:
        """Forget all that the eyes have seen."""
        self._ground = None
        return response

    def clear_except(self, request: Any, response: Any) -> Any:
        """Forget what they have seen outside a square around the robot."""
        self._forget(self._robot(), request.reset_distance, inside=False)
        return response

    def clear_around(self, request: Any, response: Any) -> Any:
        """Forget what they have seen in a square around the robot."""
        self._forget(self._robot(), request.reset_distance, inside=True)
        return response

    def clear_around_pose(self, request: Any, response: Any) -> Any:
        """Forget what they have seen in a square around a pose."""
        try:
            place = messages.planar(self._frames.place(request.pose))
            in_odom = self._frames.odom_to_map().inverse() * place
            self._forget(in_odom.translation, request.reset_distance, inside=True)
        except (StaleError, ConfigError) as error:
            self._node.get_logger().warning(f"not cleared: {error}")
        return response

    def _robot(self) -> Array | None:
        try:
            found: Array = self._frames.base_to_odom().translation
            return found
        except StaleError as error:
            self._node.get_logger().warning(f"not cleared: {error}")
            return None

    def _forget(self, middle: Array | None, side: float, inside: bool) -> None:
        """Forget in or out of a square, given in odom; `side` as in Nav2 [m]."""
        ground = self._ground
        if middle is None or ground is None:
            return
        cells = np.moveaxis(np.indices(ground.costs.shape), 0, -1)
        away = np.abs(ground.point(cells) - middle[:2]).max(-1)
        within = away <= 0.5 * side
        costs = ground.costs.copy()
        costs[within if inside else ~within] = UNKNOWN
        self._ground = ground.replaced(costs)


def _rehearse() -> None:
    """Compile now what is compiled, rather than at the first goal."""
    empty = np.zeros((4, 4), np.uint8)
    grid = CostGrid(costs=empty, resolution=0.1, origin=np.zeros(2))
    inflate(merge(grid, grid, (0.1, 0.0, 0.0)), 0.1, 0.2, 1.0)
