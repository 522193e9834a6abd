# SPDX-License-Identifier: Apache-2.0
"""Where the body was when an image was taken."""

import math
from collections import deque

from nav_msgs.msg import Odometry
from rclpy.node import Node
from sensor_msgs.msg import JointState

from renxing.nodes import convert, history
from renxing.nodes.joint_positions import JointPositions
from renxing.robot import Robot
from renxing.spatial import SE3, Array


class ImagePoses:
    """Poses of the base and joint positions of the last moments.

    Subscribes: odom or what else says where the base is, joint_states.

    Attributes:
        frame: Of the odometry.
    """

    def __init__(self, node: Node, robot: Robot, odometry: str) -> None:
        """Listen.

        Args:
            node: That carries the subscriptions.
            robot: Whose joints.
            odometry: Topic that says where the base is.
        """
        self.frame = "odom"
        self._node = node
        self._positions = JointPositions(robot)
        self._poses: deque[tuple[float, SE3]] = deque()
        self._joints: deque[tuple[float, Array]] = deque()
        self._heard = [
            node.create_subscription(Odometry, odometry, self.on_odometry, 10),
            node.create_subscription(
                JointState, "joint_states", self.on_joints, 10, raw=True
            ),
        ]

    def close(self) -> None:
        """Listen no more."""
        for subscription in self._heard:
            self._node.destroy_subscription(subscription)

    def on_odometry(self, message: Odometry) -> None:
        """Keep the pose of the base."""
        self.frame = message.header.frame_id
        stamp = convert.to_seconds(message.header.stamp)
        history.keep(self._poses, stamp, convert.from_pose(message.pose.pose))

    def on_joints(self, data: bytes) -> None:
        """Keep the joint positions; any order, also some of the joints only."""
        self._positions.read(data)
        positions = self._positions.positions.copy()
        history.keep(self._joints, self._positions.stamp, positions)

    @property
    def newest(self) -> float:
        """Time up to which both are known [s]."""
        if not self._poses or not self._joints:
            return -math.inf
        return min(self._poses[-1][0], self._joints[-1][0])

    @property
    def base(self) -> SE3 | None:
        """Newest pose of the base in the odometry's frame; None before the first."""
        return self._poses[-1][1] if self._poses else None

    def at(self, stamp: float) -> tuple[SE3, Array] | None:
        """Return the pose of the base and the joint positions at a time, if known.

        Args:
            stamp: [s].

        Returns:
            Pose in the odometry's frame; positions [rad], shape (n,).
        """
        pose = history.pose_at(self._poses, stamp)
        joints = history.joints_at(self._joints, stamp)
        if pose is None or joints is None:
            return None
        return pose, joints
