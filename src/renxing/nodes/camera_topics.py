# SPDX-License-Identifier: Apache-2.0
"""The topics of one depth camera, the same for a simulated and a real one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from renxing.nodes import camera_messages as messages
from renxing.perception.projection import Depth
from renxing.robot.pinhole import Pinhole

Colour = npt.NDArray[np.uint8]

LATEST = QoSProfile(depth=2)
# With every image, as subscribers that pair both by their stamps want it; late
# joiners get the last one.
LATCHED = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)


class CameraTopics:
    """What a camera publishes, each only while somebody listens.

    Under `camera/<name>/`: image_raw (rgb8), depth/image_raw (16UC1, millimetres),
    depth/image (32FC1, metres), the first two also as image_raw/compressed (JPEG) and
    depth/image_raw/compressedDepth (PNG); camera_info and depth/camera_info (latched).
    """

    def __init__(self, node: Node, camera: str) -> None:
        """Create the topics.

        Args:
            node: That carries them.
            camera: Its name.
        """
        name, topic = f"camera/{camera}", node.create_publisher
        self._infos = [
            topic(CameraInfo, f"{name}/camera_info", LATCHED),
            topic(CameraInfo, f"{name}/depth/camera_info", LATCHED),
        ]
        self._colour = topic(Image, f"{name}/image_raw", LATEST)
        self._jpeg = topic(CompressedImage, f"{name}/image_raw/compressed", LATEST)
        self._raw = topic(Image, f"{name}/depth/image_raw", LATEST)
        self._metres = topic(Image, f"{name}/depth/image", LATEST)
        self._png = topic(
            CompressedImage, f"{name}/depth/image_raw/compressedDepth", LATEST
        )

    @property
    def wanted(self) -> bool:
        """Whether anybody listens to its images."""
        return self.colour_wanted or self.depth_wanted

    @property
    def colour_wanted(self) -> bool:
        """Whether anybody listens to its colours."""
        return _heard(self._colour) or _heard(self._jpeg)

    @property
    def depth_wanted(self) -> bool:
        """Whether anybody listens to its depth."""
        return any(map(_heard, (self._raw, self._metres, self._png)))

    def publish_info(self, header: Header, pinhole: Pinhole) -> None:
        """Publish the intrinsics, which both images share."""
        info = messages.to_camera_info(header, pinhole)
        for topic in self._infos:
            topic.publish(info)

    def publish_colour(self, header: Header, colour: Colour) -> None:
        """Publish a picture, shape (H, W, 3)."""
        _offer(self._colour, lambda: messages.to_image(header, colour, "rgb8"))
        _offer(self._jpeg, lambda: messages.to_jpeg(header, colour))

    def publish_depth(self, header: Header, depth: Depth) -> None:
        """Publish depth [m], shape (H, W), 0 where there is no measurement."""
        whole = messages.to_millimetres(depth)
        _offer(self._raw, lambda: messages.to_image(header, whole, "16UC1"))
        _offer(self._png, lambda: messages.to_compressed_depth(header, whole))
        # REP-118: in metres what was not measured is NaN.
        _offer(
            self._metres,
            lambda: messages.to_image(
                header, np.where(depth > 0.0, depth, np.float32(np.nan)), "32FC1"
            ),
        )


def _heard(topic: Any) -> bool:
    return bool(topic.get_subscription_count())


def _offer(topic: Any, make: Callable[[], Any]) -> None:
    if _heard(topic):
        topic.publish(make())
