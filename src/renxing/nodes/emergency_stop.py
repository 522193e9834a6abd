# SPDX-License-Identifier: Apache-2.0
"""Hear the emergency stop, whoever sends it and however.

A subscription that wants the latched value (transient local) does not match a sender
that does not latch, such as `ros2 topic pub`; one that takes both does not get what was
sent before it came. A stop must not depend on that: there are two subscriptions.
"""

from collections.abc import Callable

from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from std_msgs.msg import Bool

TOPIC = "emergency_stop"
LATCHED = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)


def on_emergency_stop(node: Node, stop: Callable[[], None]) -> None:
    """Call `stop` for every true on the topic; more than once does no harm.

    Args:
        node: That listens.
        stop: What to do; it must bear to be called again.
    """

    def heard(message: Bool) -> None:
        if message.data:
            stop()

    node.create_subscription(Bool, TOPIC, heard, LATCHED)
    node.create_subscription(Bool, TOPIC, heard, QoSProfile(depth=1))
