# SPDX-License-Identifier: Apache-2.0
"""What the gait is about, as markers for RViz."""

from collections.abc import Iterator

import numpy as np
from geometry_msgs.msg import Point
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker, MarkerArray

from renxing.robot import Robot
from renxing.robot.description import Foot
from renxing.spatial import rotation_from_quat_xyzw
from renxing_msgs.msg import LocomotionStatus

NEWTONS = 1000.0  # that an arrow of one metre stands for
COLOURS = {
    "com": (1.0, 0.8, 0.1),
    "capture_point": (0.9, 0.2, 0.6),
    "centre_of_pressure": (0.1, 0.7, 0.9),
    "foothold": (0.3, 0.9, 0.3),
}


def markers(status: LocomotionStatus, robot: Robot) -> MarkerArray:
    """Return balls for the points, an outline and a force for each sole."""
    found = [*_points(status), *_soles(status, robot)]
    for index, marker in enumerate(found):
        marker.header, marker.id = status.header, index
        marker.pose.orientation.w = 1.0
    return MarkerArray(markers=found)


def _points(status: LocomotionStatus) -> Iterator[Marker]:
    for name, colour in COLOURS.items():
        point = getattr(status, name)
        marker = Marker(ns=name, type=Marker.SPHERE, color=_colour(*colour))
        marker.scale.x = marker.scale.y = marker.scale.z = 0.05
        if np.isfinite(point.x):
            marker.pose.position = point
        else:
            marker.action = Marker.DELETE
        yield marker


def _soles(status: LocomotionStatus, robot: Robot) -> Iterator[Marker]:
    for foot, pose, wrench in zip(
        robot.description.feet, status.soles, status.sole_wrenches, strict=True
    ):
        turn = pose.orientation
        rotation = rotation_from_quat_xyzw((turn.x, turn.y, turn.z, turn.w))
        centre = np.array([pose.position.x, pose.position.y, pose.position.z])
        loaded = wrench.force.z > 1.0
        outline = Marker(ns=f"{foot.name}_sole", type=Marker.LINE_STRIP)
        outline.scale.x = 0.008
        outline.color = _colour(*((0.2, 0.9, 0.3) if loaded else (0.6, 0.6, 0.6)))
        outline.points = [
            _point(centre + rotation @ corner) for corner in _corners(foot)
        ]
        yield outline
        force = np.array([wrench.force.x, wrench.force.y, wrench.force.z])
        arrow = Marker(ns=f"{foot.name}_force", type=Marker.ARROW)
        arrow.scale.x, arrow.scale.y = 0.015, 0.03
        arrow.color = _colour(0.9, 0.3, 0.2)
        arrow.points = [_point(centre), _point(centre + rotation @ force / NEWTONS)]
        yield arrow


def _corners(foot: Foot) -> list[np.ndarray]:
    x, y = 0.5 * (foot.x[1] - foot.x[0]), 0.5 * (foot.y[1] - foot.y[0])
    signs = ((1, 1), (1, -1), (-1, -1), (-1, 1), (1, 1))
    return [np.array([a * x, b * y, 0.0]) for a, b in signs]


def _point(position: np.ndarray) -> Point:
    x, y, z = map(float, position)
    return Point(x=x, y=y, z=z)


def _colour(red: float, green: float, blue: float) -> ColorRGBA:
    return ColorRGBA(r=red, g=green, b=blue, a=1.0)
