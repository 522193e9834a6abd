# SPDX-License-Identifier: Apache-2.0
"""Who stands and walks around the robot, as the terrain node's eyes see it."""

import math
from dataclasses import dataclass, field

import numpy as np
from people_msgs.msg import People
from rclpy.node import Node
from std_msgs.msg import Header
from visualization_msgs.msg import MarkerArray

from renxing.navigation import (
    PeopleConfig,
    PeopleTracker,
    Person,
    Walkers,
    WalkersConfig,
)
from renxing.nodes import convert
from renxing.nodes import people_messages as messages
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

NEAR = 0.6  # [m] from somebody known at which part of a body is believed to be theirs

OVERTAKEN = 0.5  # [s] by which a measurement may come after a newer one


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleWatchConfig:
    """The look-out for people.

    Attributes:
        camera: In whose images people are looked for: one that sees heads; empty for
            none.
        rate: Of looks at most [Hz].
        finder: What counts as a person.
        tracker: How people are followed.
        trunks: What may be a person, for a laser scanner.
        walkers: From when on what a scanner sees is somebody.
        memory: How long who stands where no camera looks is believed [s].
        walking: Speed from which on a person's points are left out of the map [m/s].
        room: Around such a person [m].
    """

    camera: str = "head"
    rate: float = field(default=8.0, metadata={"min": 0.5, "max": 30.0})
    finder: PeopleFinderConfig = field(default_factory=PeopleFinderConfig)
    tracker: PeopleConfig = field(default_factory=lambda: PeopleConfig(births=3))
    trunks: TrunkFinderConfig = field(default_factory=TrunkFinderConfig)
    walkers: WalkersConfig = field(default_factory=WalkersConfig)
    memory: float = field(default=10.0, metadata={"min": 0.0, "max": 600.0})
    walking: float = field(default=0.25, metadata={"min": 0.05, "max": 5.0})
    room: float = field(default=0.5, metadata={"min": 0.1, "max": 2.0})


class PeopleWatch:
    """Looks for people: a camera knows them, a laser scanner follows them all around.

    Publishes: people (People, in the odometry's frame), people/markers (MarkerArray).
    """

    def __init__(self, node: Node, config: PeopleWatchConfig) -> None:
        """Join the graph and compile what is compiled."""
        self.config = config
        self._tracker = PeopleTracker(config.tracker)
        self._walkers = Walkers(config.walkers)
        self._people: tuple[Person, ...] = ()
        self._stamp = -math.inf
        self._looked = -math.inf
        self._sure: dict[int, float] = {}
        self._topic = node.create_publisher(People, "people", 5)
        self._markers = node.create_publisher(MarkerArray, "people/markers", 5)
        nowhere = np.array([[2.0, 0.0, 1.2], [2.0, 0.0, 1.2]])
        view = (0.0, 1.0)
        find_people(nowhere, np.zeros(3), 0.0, view, config.finder)
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
        config = self.config
        taken = convert.to_seconds(header.stamp)
        # A clock that went back starts all over.
        if 0.0 <= taken - self._looked < 0.9 / config.rate:
            return
        self._looked = taken
        stamp = self._on_time(taken)
        axis = eye.rotation[:, 2]
        half = math.atan(0.5 * pinhole.width / pinhole.focal)
        view = (math.atan2(axis[1], axis[0]), half)
        seen = find_people(
            points.position, eye.translation, ground, view, config.finder
        )
        known = [one.position for one in self._at(stamp)]
        places = believed(seen, known, NEAR)
        self._update(header.frame_id, stamp, places, places)

    def sweep(self, header: Header, points: Array, eye: SE3, ground: float) -> None:
        """Follow people all around, and notice who walks where no camera looks.

        Args:
            header: Stamp of the scanner's turn and frame of the odometry.
            points: Of the turn, in odom, without the robot's own [m], shape (n, 3).
            eye: Pose of the scanner in odom.
            ground: Height of the ground in odom [m].
        """
        stamp = self._on_time(convert.to_seconds(header.stamp))
        bodies = find_trunks(points, eye.translation, ground, self.config.trunks)
        walking = self._walkers.update(bodies, stamp)
        places = [*walking]
        for person in self._at(stamp):
            # Nobody is a post for ever because they once stood beside one.
            if stamp - self._sure.get(person.number, -math.inf) > self.config.memory:
                continue
            if not len(bodies) or _nearest(person.position, walking) < NEAR:
                continue
            body = bodies[np.linalg.norm(bodies - person.position, axis=1).argmin()]
            if np.linalg.norm(body - person.position) < NEAR:
                places.append(body)
        self._update(header.frame_id, stamp, np.reshape(places, (-1, 2)), walking)

    def _on_time(self, stamp: float) -> float:
        """Return the time of a measurement; one that was overtaken counts as now."""
        return self._stamp if 0.0 < self._stamp - stamp < OVERTAKEN else stamp

    def _update(self, frame: str, stamp: float, places: Array, sure: Array) -> None:
        """Take where people are and publish it.

        Args:
            frame: Of the odometry.
            stamp: Of the places [s].
            places: [m], shape (n, 2).
            sure: Those of them who are people for certain [m], shape (m, 2).
        """
        self._people = self._tracker.update(places, stamp)
        self._stamp = stamp
        self._sure = {
            one.number: stamp
            if one.seen == stamp and _nearest(one.position, sure) < NEAR
            else self._sure.get(one.number, -math.inf)
            for one in self._people
        }
        header = Header(stamp=convert.to_time(stamp), frame_id=frame)
        patience = self.config.tracker.patience
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
        passed = stamp - self._stamp
        if not -OVERTAKEN <= passed <= self.config.tracker.patience:
            return ()
        return messages.moved(self._people, passed)


def _nearest(place: Array, others: Array) -> float:
    """Return the distance to the nearest of some places; infinite without any [m]."""
    if not len(others):
        return math.inf
    return float(np.linalg.norm(others - place, axis=1).min())
