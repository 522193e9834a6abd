# SPDX-License-Identifier: Apache-2.0
"""Where the page draws the robot and the map: `map <- odom <- base`, heard on tf.

Other than navigation it takes poses of any age: a replay has the stamps of then, and a
paused simulation none that are new.
"""

from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from rclpy.serialization import deserialize_message
from tf2_msgs.msg import TFMessage

from renxing.errors import ConfigError
from renxing.nodes import convert
from renxing.spatial import SE3

STATIC = QoSProfile(depth=10, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
MAP, ODOM = "map", "odom"


class ConsoleFrames:
    """Keeps the latest of the two transforms.

    Attributes:
        base_to_odom: None before it was heard.
        map_to_odom: None before it was heard.
    """

    def __init__(self, node: Node, base: str) -> None:
        """Listen.

        Args:
            node: Which listens.
            base: Frame of the robot's base.
        """
        self._node, self._base = node, base
        self.base_to_odom: SE3 | None = None
        self.map_to_odom: SE3 | None = None
        hear: Any = node.create_subscription
        hear(TFMessage, "tf", self.on_tf, QoSProfile(depth=100), raw=True)
        hear(TFMessage, "tf_static", self.on_tf, STATIC, raw=True)

    def on_tf(self, data: bytes) -> None:
        """Keep what has to do with odom; the robot's links are not even read."""
        if ODOM.encode() not in data:
            return
        for one in deserialize_message(data, TFMessage).transforms:
            way = one.header.frame_id.lstrip("/"), one.child_frame_id.lstrip("/")
            try:
                if way == (ODOM, self._base):
                    self.base_to_odom = convert.from_transform(one.transform)
                elif way == (MAP, ODOM):
                    odom_to_map = convert.from_transform(one.transform)
                    self.map_to_odom = odom_to_map.inverse()
            except ConfigError as error:
                text = f"tf {way[0]} -> {way[1]}: {error}"
                self._node.get_logger().error(text, throttle_duration_sec=1.0)
