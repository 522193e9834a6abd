# SPDX-License-Identifier: Apache-2.0
"""One laser scanner of the simulated robot."""

from typing import Any

import mujoco
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header

from renxing.nodes.cloud_messages import to_cloud
from renxing.robot.description import Lidar
from renxing.sim.lidar import LidarCaster

LATEST = QoSProfile(depth=2)


class TwinLidar:
    """Shows what a scanner measures in the simulation.

    Publishes: lidar/<name>/points (PointCloud2, organised, in the scanner's frame),
    while somebody listens.
    """

    def __init__(
        self, node: Node, lidar: Lidar, model: mujoco.MjModel, seed: int
    ) -> None:
        """Create its topic.

        Args:
            node: That carries it.
            lidar: Of the robot's file.
            model: The scene.
            seed: Of its errors.

        Raises:
            ModelError: If the model lacks its frame.
        """
        self.period = 1.0 / lidar.rate
        self._frame = lidar.frame
        self._caster = LidarCaster(model, lidar, seed)
        topic = f"lidar/{lidar.name}/points"
        self._points = node.create_publisher(PointCloud2, topic, LATEST)

    @property
    def wanted(self) -> bool:
        """Whether anybody listens."""
        return bool(self._points.get_subscription_count())

    def publish(self, data: mujoco.MjData, stamp: Any) -> None:
        """Publish a turn.

        Args:
            data: The scene, whose kinematics are computed.
            stamp: Of the scene.
        """
        header = Header(stamp=stamp, frame_id=self._frame)
        self._points.publish(to_cloud(header, self._caster.scan(data)))
