# SPDX-License-Identifier: Apache-2.0
"""People <-> ROS messages: people_msgs/People and markers for RViz."""

import math
from collections.abc import Sequence

import numpy as np
from geometry_msgs.msg import Point
from people_msgs.msg import People
from people_msgs.msg import Person as PersonMessage
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from renxing.errors import ConfigError
from renxing.navigation import Person
from renxing.nodes import convert
from renxing.spatial import Array

# Standard deviations, which people_msgs has no fields for.
TAGS = ("position_deviation", "velocity_deviation")  # [m], [m/s]
LIFETIME = 1.0  # [s] of markers that nobody renews
TALL = 1.7  # [m] drawn
WIDE = 0.5  # [m] drawn


def to_people(header: Header, people: Sequence[Person], patience: float) -> People:
    """Return people as a message.

    Args:
        header: Its stamp is what `people` are of.
        people: In its frame.
        patience: After which somebody who is not seen is gone [s].
    """
    now = convert.to_seconds(header.stamp)
    message = People(header=header)
    for person in people:
        one = PersonMessage(name=str(person.number))
        one.position = _point(person.position)
        one.velocity = _point(person.velocity)
        one.reliability = max(0.0, 1.0 - max(now - person.seen, 0.0) / patience)
        spread = np.sqrt(np.diag(person.covariance))
        one.tagnames = list(TAGS)
        one.tags = [f"{max(spread[:2]):.3f}", f"{max(spread[2:]):.3f}"]
        message.people.append(one)
    return message


def from_people(message: People) -> tuple[Person, ...]:
    """Return people of a message, in its frame.

    Raises:
        ConfigError: If a number is not finite or a name is not one of a number.
    """
    stamp = convert.to_seconds(message.header.stamp)
    found = []
    for one in message.people:
        tags = dict(zip(one.tagnames, one.tags, strict=False))
        try:
            # Another detector than ours may have other tags and names.
            spread = [float(tags.get(name, "0.2")) for name in TAGS]
            number = int(one.name) if one.name.isdigit() else hash(one.name)
        except ValueError as error:
            raise ConfigError(f"person '{one.name}': {error}") from error
        place = np.array([one.position.x, one.position.y])
        velocity = np.array([one.velocity.x, one.velocity.y])
        if not np.isfinite([*place, *velocity, *spread]).all():
            raise ConfigError(f"person '{one.name}': finite numbers wanted")
        covariance = np.diag(np.repeat(np.square(spread), 2))
        found.append(Person(number, place, velocity, covariance, stamp))
    return tuple(found)


def to_markers(header: Header, people: Sequence[Person]) -> MarkerArray:
    """Return a column where each stands, and an arrow to where it is in a second."""
    found = []
    for person in people:
        column = Marker(ns="people", type=Marker.CYLINDER)
        column.pose.position = _point(person.position, 0.5 * TALL)
        column.scale.x = column.scale.y = WIDE
        column.scale.z = TALL
        arrow = Marker(ns="people_velocity", type=Marker.ARROW)
        arrow.scale.x, arrow.scale.y = 0.06, 0.12
        ends = person.position, person.position + person.velocity
        arrow.points = [_point(end, 0.1) for end in ends]
        for marker in (column, arrow):
            marker.header, marker.id = header, person.number
            marker.pose.orientation.w = 1.0
            marker.color = ColorRGBA(r=0.2, g=0.6, b=1.0, a=0.5)
            marker.lifetime.sec = int(LIFETIME)
            found.append(marker)
    return MarkerArray(markers=found)


def moved(people: Sequence[Person], seconds: float) -> tuple[Person, ...]:
    """Return people where they are some time later [s], if they walk on."""
    return tuple(
        Person(p.number, p.position + seconds * p.velocity, p.velocity, p.covariance,
               p.seen)
        for p in people
    )  # fmt: skip


def turned(people: Sequence[Person], x: float, y: float, yaw: float) -> tuple[
    Person, ...
]:  # fmt: skip
    """Return people in the parent of a frame that has a pose there [m], [rad]."""
    cos, sin = math.cos(yaw), math.sin(yaw)
    rotation = np.array([[cos, -sin], [sin, cos]])
    twice = np.kron(np.eye(2), rotation)
    return tuple(
        Person(
            p.number,
            rotation @ p.position + (x, y),
            rotation @ p.velocity,
            twice @ p.covariance @ twice.T,
            p.seen,
        )
        for p in people
    )


def _point(place: Array, height: float = 0.0) -> Point:
    return Point(x=float(place[0]), y=float(place[1]), z=height)
