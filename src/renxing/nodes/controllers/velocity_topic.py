# SPDX-License-Identifier: Apache-2.0
"""Hear velocities on one topic, whether they come with a stamp or without.

Senders differ: Nav2 and joysticks of Jazzy publish TwistStamped, older ones and most
people on a command line Twist. One participant cannot subscribe to a topic with two
types, so the type follows who publishes.
"""

import math
from collections.abc import Callable

from geometry_msgs.msg import Twist, TwistStamped
from rclpy.clock import Clock, ClockType
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.node import Node
from rclpy.qos import QoSProfile

RCLError = rclpy_implementation.RCLError
LOOK_PERIOD = 0.1  # [s] between two looks at who publishes
TYPES = {
    "geometry_msgs/msg/TwistStamped": TwistStamped,
    "geometry_msgs/msg/Twist": Twist,
}


class VelocityTopic:
    """A subscription that takes both types, one at a time."""

    def __init__(
        self,
        node: Node,
        topic: str,
        obey: Callable[[Twist], None],
        refuse: Callable[[str], None],
        stale: float,
    ) -> None:
        """Subscribe; to stamped velocities until somebody publishes others.

        Args:
            node: That listens.
            topic: Its name.
            obey: Gets velocities that are fresh and finite.
            refuse: Gets a line about one that is not.
            stale: Age from which a stamped velocity is refused [s].
        """
        self._node, self._topic, self._stale = node, topic, stale
        self._obey, self._refuse = obey, refuse
        self._kind: type = TwistStamped
        self._subscription: object | None = self._subscribe()
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = node.create_timer(LOOK_PERIOD, self._look, clock=steady)

    def close(self) -> None:
        """Listen no more."""
        self._node.destroy_timer(self._timer)
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)

    def _subscribe(self) -> object:
        hear = self._on_stamped if self._kind is TwistStamped else self._on_twist
        return self._node.create_subscription(
            self._kind, self._topic, hear, QoSProfile(depth=1)
        )

    def _look(self) -> None:
        full = self._node.resolve_topic_name(self._topic)
        found = {
            TYPES[info.topic_type]
            for info in self._node.get_publishers_info_by_topic(full)
            if info.topic_type in TYPES
        }
        if len(found) == 2:
            self._refuse("both Twist and TwistStamped are published: only one is heard")
        if self._subscription is None:
            self._try_again()
        elif found and self._kind not in found:
            # The old one goes when the executor lets go of it: not at once.
            self._node.destroy_subscription(self._subscription)
            self._subscription, self._kind = None, found.pop()

    def _try_again(self) -> None:
        try:
            self._subscription = self._subscribe()
        except RCLError as error:
            self._refuse(f"{self._topic} cannot be heard yet: {error}")

    def _on_stamped(self, message: TwistStamped) -> None:
        stamp = message.header.stamp.sec + message.header.stamp.nanosec * 1e-9
        age = self._node.get_clock().now().nanoseconds * 1e-9 - stamp
        # A stamp of zero says that the sender has no clock.
        if stamp > 0.0 and age > self._stale:
            self._refuse(f"velocity is {age:.2f} s old; allowed {self._stale:g} s")
            return
        self._on_twist(message.twist)

    def _on_twist(self, message: Twist) -> None:
        values = (message.linear.x, message.linear.y, message.angular.z)
        if not all(map(math.isfinite, values)):
            self._refuse(f"velocity {values}: finite numbers wanted")
            return
        self._obey(message)
