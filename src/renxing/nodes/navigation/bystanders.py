# SPDX-License-Identifier: Apache-2.0
"""The people around the robot, as navigation hears of them."""

import math

from people_msgs.msg import People
from rclpy.node import Node

from renxing.errors import ConfigError, StaleError
from renxing.navigation import Person
from renxing.nodes import convert, people_messages
from renxing.nodes.navigation import grid_messages
from renxing.nodes.navigation.frames import Frames

OLDEST = 1.0  # [s] after which nobody is known any more: they may be anywhere


class Bystanders:
    """Who is where now.

    Subscribes: people (People, in odom).
    Stale behaviour: people of more than a second ago are nobody. Who stands is on the
    map of the ground all the same, and so is who walks: only while people are followed
    are their points left out of it.
    """

    def __init__(self, node: Node, frames: Frames) -> None:
        """Begin to listen."""
        self._node, self._frames = node, frames
        self._people: tuple[Person, ...] = ()
        self._stamp = -math.inf
        node.create_subscription(People, "people", self.on_people, 5)

    def on_people(self, message: People) -> None:
        """Keep who is there."""
        odom, log = self._frames.config.odom, self._node.get_logger()
        if message.header.frame_id != odom:
            text = f"people in frame '{message.header.frame_id}'; allowed {odom}"
            log.error(text, throttle_duration_sec=5.0)
            return
        try:
            self._people = people_messages.from_people(message)
        except ConfigError as error:
            log.error(str(error), throttle_duration_sec=5.0)
            return
        self._stamp = convert.to_seconds(message.header.stamp)

    def in_odom(self) -> tuple[Person, ...]:
        """Return who is where now, in odom."""
        age = self._node.get_clock().now().nanoseconds * 1e-9 - self._stamp
        if not 0.0 <= age <= OLDEST:
            return ()
        return people_messages.moved(self._people, age)

    def in_map(self) -> tuple[Person, ...]:
        """Return the same in the map; nobody while odom has no place in it."""
        try:
            place = grid_messages.place_of(self._frames.odom_to_map())
        except StaleError:
            return ()
        return people_messages.turned(self.in_odom(), *map(float, place))
