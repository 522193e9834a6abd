# SPDX-License-Identifier: Apache-2.0
"""What a laser scanner measures all around, for the terrain node."""

from dataclasses import dataclass, field

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header

from renxing.nodes.cloud_messages import from_cloud, to_cloud
from renxing.nodes.terrain_feed import LATEST
from renxing.nodes.terrain_people import PeopleWatch
from renxing.perception import SelfFilter
from renxing.robot.description import Lidar
from renxing.spatial import SE3, Array

REACH = 1.3  # [m] from the base beyond which no point is the robot's own


@dataclass(frozen=True, slots=True, kw_only=True)
class SurroundConfig:
    """What counts of a scanner's turn.

    Attributes:
        margin: Around the robot's shapes within which a point is its own [m].
        body: Radius around the base within which every point is its own [m].
        low: Height over the ground from which on a point is in the way; what is lower
            is the business of the map of the ground [m].
        high: Height up to which it is [m].
        farthest: Distance from the base up to which it matters [m].
    """

    margin: float = field(default=0.06, metadata={"min": 0.0, "max": 0.3})
    body: float = field(default=0.3, metadata={"min": 0.0, "max": 1.0})
    low: float = field(default=1.0, metadata={"min": 0.1, "max": 2.0})
    high: float = field(default=1.9, metadata={"min": 0.5, "max": 5.0})
    farthest: float = field(default=2.5, metadata={"min": 0.5, "max": 20.0})


class Surround:
    """One scanner's turns.

    Publishes: obstacles (PointCloud2, in the odometry's frame): what stands within
    reach all around at the height of bodies, as of now and without memory.
    """

    def __init__(
        self, node: Node, lidar: Lidar, config: SurroundConfig, people: PeopleWatch
    ) -> None:
        """Create its topic.

        Args:
            node: That carries it.
            lidar: Of the robot's file.
            config: What counts.
            people: Gets to know what may be people.
        """
        self.lidar = lidar
        self._config, self._people = config, people
        self._obstacles = node.create_publisher(PointCloud2, "obstacles", LATEST)

    def take(
        self,
        message: PointCloud2,
        body: SelfFilter,
        pose: SE3,
        ground: float,
        frame: str,
    ) -> tuple[Array, Array]:
        """Take a turn.

        Args:
            message: Of the scanner.
            body: Knows where the robot's shapes were then.
            pose: Of the base in odom when it was measured.
            ground: Height of the ground in odom [m].
            frame: Of the odometry.

        Returns:
            Points that are not the robot's own, shape (n, 3), and the scanner's place,
            shape (3,), in odom [m].

        Raises:
            DeviceError: If the message is no cloud of points.
        """
        config = self._config
        points = from_cloud(message)
        eye = pose * body.camera_to_base(self.lidar.frame)
        points = self._foreign(points, body, eye, pose)
        header = Header(stamp=message.header.stamp, frame_id=frame)
        self._people.sweep(header, points, eye, ground)
        height = points[:, 2] - ground
        away = np.linalg.norm(points[:, :2] - pose.translation[:2], axis=1)
        here = (height >= config.low) & (height <= config.high)
        here &= away <= config.farthest
        self._obstacles.publish(to_cloud(header, points[here].astype(np.float32)))
        return points, np.asarray(eye.translation)

    def _foreign(self, points: Array, body: SelfFilter, eye: SE3, pose: SE3) -> Array:
        """Return the points that are not the robot's own, in odom [m], shape (n, 3)."""
        config = self._config
        moved = points @ eye.rotation.T + eye.translation
        away = np.linalg.norm(moved[:, :2] - pose.translation[:2], axis=1)
        near = away < REACH
        own = away < config.body
        own[near] |= ~body.outside(points[near], self.lidar.frame, config.margin)
        return np.asarray(moved[~own])
