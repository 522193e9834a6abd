# SPDX-License-Identifier: Apache-2.0
"""What a laser scanner measures all around, for the terrain node."""

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header

from renxing.nodes.cloud_messages import from_cloud, to_cloud
from renxing.nodes.terrain_feed import LATEST
from renxing.nodes.terrain_people import PeopleWatch
from renxing.perception import SelfFilter, SurroundConfig, foreign, in_the_way
from renxing.robot.description import Lidar
from renxing.spatial import SE3, Array


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
        config, name = self._config, self.lidar.frame
        eye = pose * body.camera_to_base(name)
        points = foreign(from_cloud(message), name, body, eye, pose, config)
        header = Header(stamp=message.header.stamp, frame_id=frame)
        self._people.sweep(header, points, eye, ground)
        near = points[in_the_way(points, pose, ground, config)]
        self._obstacles.publish(to_cloud(header, near.astype(np.float32)))
        return points, np.asarray(eye.translation)
