# SPDX-License-Identifier: Apache-2.0
"""Clouds, maps from above and poses with their covariance <-> ROS messages."""

import array

import numpy as np
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import PoseWithCovarianceStamped
from nav_msgs.msg import OccupancyGrid
from std_msgs.msg import Header

from renxing.localization import Occupancy
from renxing.nodes import convert
from renxing.spatial import SE3, Array


def to_grid(stamp: Time, frame: str, flat: Occupancy) -> OccupancyGrid:
    """Return a map from above."""
    message = OccupancyGrid(header=Header(stamp=stamp, frame_id=frame))
    info = message.info
    info.map_load_time = stamp
    info.resolution = float(flat.resolution)
    info.height, info.width = flat.cells.shape
    info.origin.position.x, info.origin.position.y = map(float, flat.origin)
    info.origin.orientation.w = 1.0
    message.data = array.array("b", flat.cells.tobytes())
    return message


def to_pose(
    stamp: Time, frame: str, pose: SE3, covariance: Array
) -> PoseWithCovarianceStamped:
    """Return a pose with its covariance.

    Args:
        stamp: Of the pose.
        frame: In which it is.
        pose: Of the base.
        covariance: Of x, y, z, heading [m, rad], shape (4, 4).
    """
    message = PoseWithCovarianceStamped(header=Header(stamp=stamp, frame_id=frame))
    message.pose.pose = convert.to_pose(pose)
    whole = np.zeros((6, 6))
    places = [0, 1, 2, 5]
    whole[np.ix_(places, places)] = covariance
    message.pose.covariance = array.array("d", whole.ravel().tobytes())
    return message


def to_diagnostics(
    stamp: Time, name: str, good: bool, text: str, values: dict[str, str]
) -> DiagnosticArray:
    """Return what a node says about itself."""
    level = DiagnosticStatus.OK if good else DiagnosticStatus.WARN
    status = DiagnosticStatus(level=level, name=name, message=text, hardware_id="")
    status.values = [KeyValue(key=key, value=value) for key, value in values.items()]
    return DiagnosticArray(header=Header(stamp=stamp), status=[status])
