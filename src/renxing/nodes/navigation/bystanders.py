# SPDX-License-Identifier: Apache-2.0
"""The people around the robot, as navigation hears of them."""

import math

import numpy as np
from people_msgs.msg import People
from rclpy.node import Node

from renxing.errors import ConfigError, StaleError
from renxing.navigation import Person
from renxing.nodes import convert, people_messages
from renxing.nodes.navigation import grid_messages
from renxing.nodes.navigation.frames import Frames

PAUSE = 2.0  # [s] after which who walked stands, rather than turns round
SLOW = 0.3  # [m/s] below which somebody stands
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
        self._walked: dict[int, float] = {}
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
        self._stamp = stamp = convert.to_seconds(message.header.stamp)
        self._walked = {
            person.number: stamp
            if np.linalg.norm(person.velocity) >= SLOW
            else self._walked.get(person.number, -math.inf)
            for person in self._people
        }

    def in_odom(self) -> tuple[Person, ...]:
        """Return who is where now, in odom."""
        age = self._node.get_clock().now().nanoseconds * 1e-9 - self._stamp
        if not 0.0 <= age <= OLDEST:
            return ()
        return people_messages.moved(self._people, age)

    def in_map(self) -> tuple[tuple[Person, ...], tuple[Person, ...]]:
        """Return those who stand, and those who walk or paused just now, in the map.

        Nobody while odom has no place in it.
        """
        try:
            place = grid_messages.place_of(self._frames.odom_to_map())
        except StaleError:
            return (), ()
        everybody = people_messages.turned(self.in_odom(), *map(float, place))
        standing = [
            person
            for person in everybody
            if self._stamp - self._walked[person.number] >= PAUSE
        ]
        walking = [person for person in everybody if person not in standing]
        return tuple(standing), tuple(walking)
