# SPDX-License-Identifier: Apache-2.0
"""Who stands and walks in the images of the terrain node."""

import math
from dataclasses import dataclass, field

import numpy as np
from people_msgs.msg import People
from rclpy.node import Node
from std_msgs.msg import Header
from visualization_msgs.msg import MarkerArray

from renxing.navigation import PeopleConfig, PeopleTracker, Person
from renxing.nodes import convert
from renxing.nodes import people_messages as messages
from renxing.perception import (
    PeopleFinderConfig,
    Points,
    believed,
    find_people,
    without,
)
from renxing.robot.pinhole import Pinhole
from renxing.spatial import SE3

NEAR = 0.6  # [m] from somebody known at which part of a body is believed to be theirs


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleWatchConfig:
    """The look-out for people.

    Attributes:
        camera: In whose images people are looked for: one that sees heads; empty for
            none.
        rate: Of looks at most [Hz].
        finder: What counts as a person.
        tracker: How people are followed.
        walking: Speed from which on a person's points are left out of the map [m/s].
        room: Around such a person [m].
    """

    camera: str = "head"
    rate: float = field(default=8.0, metadata={"min": 0.5, "max": 30.0})
    finder: PeopleFinderConfig = field(default_factory=PeopleFinderConfig)
    tracker: PeopleConfig = field(default_factory=lambda: PeopleConfig(births=3))
    walking: float = field(default=0.25, metadata={"min": 0.05, "max": 5.0})
    room: float = field(default=0.5, metadata={"min": 0.1, "max": 2.0})


class PeopleWatch:
    """Looks for people.

    Publishes: people (People, in the odometry's frame), people/markers (MarkerArray).
    """

    def __init__(self, node: Node, config: PeopleWatchConfig) -> None:
        """Join the graph and compile what is compiled."""
        self.config = config
        self._tracker = PeopleTracker(config.tracker)
        self._people: tuple[Person, ...] = ()
        self._looked = -math.inf
        self._topic = node.create_publisher(People, "people", 5)
        self._markers = node.create_publisher(MarkerArray, "people/markers", 5)
        nowhere = np.array([[2.0, 0.0, 1.2], [2.0, 0.0, 1.2]])
        view = (0.0, 1.0)
        find_people(nowhere, np.zeros(3), 0.0, view, config.finder)

    def look(
        self,
        header: Header,
        points: Points,
        eye: SE3,
        pinhole: Pinhole,
        ground: float,
    ) -> None:
        """Look for people in one image and publish who is there.

        Args:
            header: Stamp of the image and frame of the odometry.
            points: Of the image, in odom.
            eye: Pose of the optical frame in odom.
            pinhole: Of the image.
            ground: Height of the ground in odom [m].
        """
        config = self.config
        stamp = convert.to_seconds(header.stamp)
        # A clock that went back starts all over.
        if 0.0 <= stamp - self._looked < 0.9 / config.rate:
            return
        self._looked = stamp
        axis = eye.rotation[:, 2]
        half = math.atan(0.5 * pinhole.width / pinhole.focal)
        view = (math.atan2(axis[1], axis[0]), half)
        seen = find_people(
            points.position, eye.translation, ground, view, config.finder
        )
        known = [one.position for one in self._at(stamp)]
        places = believed(seen, known, NEAR)
        self._people = self._tracker.update(places, stamp)
        patience = config.tracker.patience
        self._topic.publish(messages.to_people(header, self._people, patience))
        if self._markers.get_subscription_count():
            self._markers.publish(messages.to_markers(header, self._people))

    def without_walkers(self, points: Points, stamp: float) -> Points:
        """Return points without those of people who walk: they leave no trace."""
        walkers = [
            person.position
            for person in self._at(stamp)
            if np.linalg.norm(person.velocity) >= self.config.walking
        ]
        return without(points, walkers, self.config.room)

    def _at(self, stamp: float) -> tuple[Person, ...]:
        """Return who is believed, where they are at a time."""
        passed = stamp - self._looked
        if not 0.0 <= passed <= self.config.tracker.patience:
            return ()
        return messages.moved(self._people, passed)
