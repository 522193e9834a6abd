# SPDX-License-Identifier: Apache-2.0
"""What the eyes see now, as navigation takes it: the ground, and what stands on it."""

from dataclasses import dataclass, field

import numpy as np
from grid_map_msgs.msg import GridMap
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2

from renxing.errors import ConfigError, DeviceError, StaleError
from renxing.navigation import UNKNOWN, CostGrid, from_elevation_costs
from renxing.nodes import convert
from renxing.nodes.cloud_messages import from_cloud
from renxing.nodes.navigation import grid_messages as messages
from renxing.nodes.navigation.frames import Frames
from renxing.spatial import Array


class BlindError(StaleError):
    """What the eyes saw is too old to walk by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SightConfig:
    """The eyes.

    Attributes:
        ground: Topic of the map of the ground; empty for none.
        ground_age: Oldest map of the ground that counts [s].
        obstacles: Topic of what stands around the robot now; empty for none.
        obstacles_age: Oldest such message that counts [s].
        standing_radius: Around the robot no camera sees the ground that bears it [m].
    """

    ground: str = "elevation_map"
    ground_age: float = field(default=2.0, metadata={"min": 0.1, "max": 60.0})
    obstacles: str = "obstacles"
    obstacles_age: float = field(default=1.2, metadata={"min": 0.1, "max": 60.0})
    standing_radius: float = field(default=0.5, metadata={"min": 0.0, "max": 2.0})


class Sight:
    """Keeps the newest of what the eyes say, while it is fresh.

    Subscribes: elevation_map (GridMap), obstacles (PointCloud2), both in the frame of
    the odometry.
    """

    def __init__(self, node: Node, config: SightConfig, frames: Frames) -> None:
        """Listen.

        Args:
            node: That carries it.
            config: The eyes.
            frames: Where the robot is.
        """
        self.config, self._node, self._frames = config, node, frames
        self._ground: CostGrid | None = None
        self._ground_stamp = -np.inf
        self._obstacles = np.empty((0, 2))
        self._obstacles_stamp = -np.inf
        hear = node.create_subscription
        if config.ground:
            hear(GridMap, config.ground, self.on_ground, 2)
        if config.obstacles:
            hear(PointCloud2, config.obstacles, self.on_obstacles, 2)

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
        if abs(self._now() - self._ground_stamp) > self.config.ground_age:
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
        if abs(self._now() - self._obstacles_stamp) > self.config.obstacles_age:
            return np.empty((0, 2))
        return self._obstacles

    def need(self) -> None:
        """Insist on fresh eyes; a scanner that never spoke is none.

        Raises:
            BlindError: Says what has not come.
        """
        config, now = self.config, self._now()
        rows = [(config.ground, self._ground_stamp, config.ground_age)]
        if np.isfinite(self._obstacles_stamp):
            rows.append((config.obstacles, self._obstacles_stamp, config.obstacles_age))
        for topic, stamp, allowed in rows:
            if not topic or abs(now - stamp) <= allowed:
                continue
            if not np.isfinite(stamp):
                raise BlindError(f"{topic}: none has come")
            raise BlindError(f"{topic}: {now - stamp:.2f} s old; allowed {allowed:g} s")

    def forget_all(self) -> None:
        """Forget the ground until it is seen again."""
        self._ground = None

    def forget(self, middle: Array, side: float, inside: bool) -> None:
        """Forget the ground in a square, or all of it but that.

        Args:
            middle: In odom [m], shape (2,) or (3,).
            side: As in Nav2 [m].
            inside: Whether to forget what is in it.
        """
        ground = self._ground
        if ground is None:
            return
        cells = np.moveaxis(np.indices(ground.costs.shape), 0, -1)
        away = np.abs(ground.point(cells) - middle[:2]).max(-1)
        within = away <= 0.5 * side
        costs = ground.costs.copy()
        costs[within if inside else ~within] = UNKNOWN
        self._ground = ground.replaced(costs)

    def _now(self) -> float:
        return float(self._node.get_clock().now().nanoseconds * 1e-9)
