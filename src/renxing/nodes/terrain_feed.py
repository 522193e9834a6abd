# SPDX-License-Identifier: Apache-2.0
"""One depth camera's images, for the terrain node."""

import numpy as np
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import Header

from renxing.errors import DeviceError
from renxing.nodes import camera_messages as messages
from renxing.perception import (
    CleanDepth,
    ConditioningConfig,
    DepthConditioner,
    SelfFilter,
)
from renxing.perception.projection import Depth
from renxing.robot.description import Camera
from renxing.robot.pinhole import Pinhole
from renxing.spatial import SE3

LATEST = QoSProfile(depth=2)


class Feed:
    """One camera's images.

    Attributes:
        camera: Of the robot's file.
        pinhole: Of its images; None until it has said so.
        eye: Pose of its optical frame in odom, of the last image.
    """

    def __init__(self, node: Node, camera: Camera, config: ConditioningConfig) -> None:
        """Create its topics.

        Args:
            node: That carries them.
            camera: Of the robot's file.
            config: What is done to its images.
        """
        self.camera = camera
        self.pinhole: Pinhole | None = None
        self.eye = SE3.Identity()
        self._config = config
        self._conditioner: DepthConditioner | None = None
        self._log = node.get_logger()
        name, topic = f"camera/{camera.name}", node.create_publisher
        self._points = topic(PointCloud2, f"{name}/points", LATEST)
        self._clean = topic(Image, f"{name}/depth/image_conditioned", LATEST)

    def on_info(self, message: CameraInfo) -> None:
        """Keep the intrinsics."""
        try:
            pinhole = messages.from_camera_info(message)
        except DeviceError as error:
            self._log.error(str(error), throttle_duration_sec=5.0)
            return
        if pinhole != self.pinhole:
            self.pinhole = pinhole
            self._conditioner = DepthConditioner(self._config, pinhole)

    def condition(
        self, body: SelfFilter, depth: Depth, base_to_odom: SE3
    ) -> CleanDepth:
        """Take the robot out of an image and condition it.

        Args:
            body: Knows where the robot's shapes were at the time of the image.
            depth: [m], shape (H, W); 0 for no measurement.
            base_to_odom: Pose of the base at the time of the image.

        Raises:
            DeviceError: If the image has not the size of its camera_info.
        """
        pinhole, conditioner = self.pinhole, self._conditioner
        if pinhole is None or conditioner is None:
            raise DeviceError(f"camera {self.camera.name}: no camera_info yet")
        if depth.shape != (pinhole.height, pinhole.width):
            raise DeviceError(
                f"camera {self.camera.name}: image of {depth.shape[1]} x "
                f"{depth.shape[0]} pixels, camera_info of {pinhole.width} x "
                f"{pinhole.height}"
            )
        self.eye = base_to_odom * body.camera_to_base(self.camera.frame)
        kept = body.remove(depth, pinhole, self.camera.frame)
        return conditioner.step(kept, self.eye)

    def publish(self, header: Header, depth: Depth) -> None:
        """Publish what became of an image, as far as somebody listens."""
        if self._points.get_subscription_count() and self.pinhole is not None:
            self._points.publish(messages.to_depth_cloud(header, depth, self.pinhole))
        if self._clean.get_subscription_count():
            # REP-118: in metres what was not measured is NaN.
            metres = np.where(depth > 0.0, depth, np.float32(np.nan))
            self._clean.publish(messages.to_image(header, metres, "32FC1"))
