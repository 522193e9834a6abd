# SPDX-License-Identifier: Apache-2.0
"""Who stands and walks around the robot, as the terrain node's eyes see it."""

import math
from dataclasses import dataclass, field

import numpy as np
from people_msgs.msg import People
from rclpy.node import Node
from std_msgs.msg import Header
from visualization_msgs.msg import MarkerArray

from renxing.navigation import LookOut, LookOutConfig
from renxing.navigation.backdrop import REACH
from renxing.nodes import convert
from renxing.nodes import people_messages as messages
from renxing.nodes.terrain_backdrop import MapBackdrop
from renxing.perception import (
    PeopleFinderConfig,
    Points,
    TrunkFinderConfig,
    believed,
    find_people,
    find_trunks,
    without,
)
from renxing.robot.pinhole import Pinhole
from renxing.spatial import SE3, Array


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleWatchConfig:
    """The look-out for people.

    Attributes:
        camera: In whose images people are looked for: one that sees heads; empty for
            none.
        rate: Of looks at most [Hz].
        finder: What counts as a person.
        trunks: What may be a person, for a laser scanner.
        follow: How people are followed.
        room: Around somebody who walks, in which points are theirs [m].
        known: Distance from what the map has, within which a scanner's point is that
            and nobody [m].
    """

    camera: str = "head"
    rate: float = field(default=8.0, metadata={"min": 0.5, "max": 30.0})
    finder: PeopleFinderConfig = field(default_factory=PeopleFinderConfig)
    trunks: TrunkFinderConfig = field(default_factory=TrunkFinderConfig)
    follow: LookOutConfig = field(default_factory=LookOutConfig)
    room: float = field(default=0.5, metadata={"min": 0.1, "max": 2.0})
    known: float = field(default=REACH, metadata={"min": 0.0, "max": 1.0})


class PeopleWatch:
    """Looks for people and tells who is there.

    Publishes: people (People, in the odometry's frame), people/markers (MarkerArray).
    Subscribes: what `MapBackdrop` does; without a map people beside shelves and walls
    are not told from them.
    """

    def __init__(self, node: Node, config: PeopleWatchConfig) -> None:
        """Join the graph and compile what is compiled."""
        self.config = config
        self._known = LookOut(config.follow)
        self._backdrop = MapBackdrop(node, config.known)
        self._looked = -math.inf
        self._topic = node.create_publisher(People, "people", 5)
        self._markers = node.create_publisher(MarkerArray, "people/markers", 5)
        nowhere = np.array([[2.0, 0.0, 1.2], [2.0, 0.0, 1.2]])
        find_people(nowhere, np.zeros(3), 0.0, (0.0, 1.0), config.finder)
        find_trunks(nowhere, np.zeros(3), 0.0, config.trunks)

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
        config, known = self.config, self._known
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
        there = [one.position for one in known.at(stamp)]
        known.see(believed(seen, there, config.follow.near), stamp)
        self._tell(header.frame_id)

    def sweep(self, header: Header, points: Array, eye: SE3, ground: float) -> None:
        """Follow people all around, and publish who is there.

        Args:
            header: Stamp of the scanner's turn and frame of the odometry.
            points: Of the turn, in odom, without the robot's own [m], shape (n, 3).
            eye: Pose of the scanner in odom.
            ground: Height of the ground in odom [m].
        """
        points = self._backdrop.strange(points, header.frame_id)
        bodies = find_trunks(points, eye.translation, ground, self.config.trunks)
        self._known.sweep(bodies, convert.to_seconds(header.stamp))
        self._tell(header.frame_id)

    def _tell(self, frame: str) -> None:
        known = self._known
        header = Header(stamp=convert.to_time(known.stamp), frame_id=frame)
        patience = self.config.follow.tracker.patience
        self._topic.publish(messages.to_people(header, known.people, patience))
        if self._markers.get_subscription_count():
            self._markers.publish(messages.to_markers(header, known.people))

    def without_walkers(self, points: Points, stamp: float) -> Points:
        """Return points without those of people who walk: they leave no trace."""
        return without(points, self._known.walkers(stamp), self.config.room)
