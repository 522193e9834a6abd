# SPDX-License-Identifier: Apache-2.0
"""Grids, paths and places of navigation <-> ROS messages."""

import array
import math

import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import Pose, PoseStamped
from grid_map_msgs.msg import GridMap
from nav2_msgs.msg import Costmap
from nav_msgs.msg import OccupancyGrid, Path
from std_msgs.msg import Header

from renxing.errors import ConfigError
from renxing.navigation import CostGrid, from_occupancy
from renxing.spatial import SE3, Array, rpy_from_rotation, transform

TRAVERSABILITY = "traversability"  # layer of a map of the ground


def place_of(pose: SE3) -> Array:
    """Return x, y [m], yaw [rad] of a pose, shape (3,)."""
    yaw = rpy_from_rotation(pose.rotation)[2]
    return np.array([pose.translation[0], pose.translation[1], yaw])


def to_duration(seconds: float) -> Duration:
    """Return a span of time [s] as a message."""
    nanoseconds = round(seconds * 1e9)
    return Duration(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def to_pose(place: npt.ArrayLike) -> Pose:
    """Return x, y [m], yaw [rad] as a pose message."""
    x, y, yaw = (float(value) for value in np.asarray(place, float))
    pose = Pose()
    pose.position.x, pose.position.y = x, y
    pose.orientation.z, pose.orientation.w = math.sin(0.5 * yaw), math.cos(0.5 * yaw)
    return pose


def to_pose_stamped(stamp: Time, frame: str, place: npt.ArrayLike) -> PoseStamped:
    """Return x, y [m], yaw [rad] as a message."""
    return PoseStamped(header=Header(stamp=stamp, frame_id=frame), pose=to_pose(place))


def to_path(stamp: Time, frame: str, places: Array) -> Path:
    """Return places, shape (n, 3), as a path message."""
    header = Header(stamp=stamp, frame_id=frame)
    poses = [PoseStamped(header=header, pose=to_pose(place)) for place in places]
    return Path(header=header, poses=poses)


def from_path(message: Path) -> Array:
    """Return x, y [m], yaw [rad] of a path's poses in its frame, shape (n, 3).

    Raises:
        ConfigError: If it is empty or a number is not finite.
    """
    rows = []
    for one in message.poses:
        p, q = one.pose.position, one.pose.orientation
        yaw = math.atan2(
            2.0 * (q.w * q.z + q.x * q.y), 1.0 - 2.0 * (q.y * q.y + q.z * q.z)
        )
        rows.append((p.x, p.y, yaw))
    places = np.array(rows, float).reshape(-1, 3)
    if len(places) == 0 or not np.isfinite(places).all():
        raise ConfigError(
            f"path: {len(places)} poses; at least one wanted, all of them finite"
        )
    return places


def moved(frame_to_other: SE3, places: Array) -> Array:
    """Return places, shape (n, 3), in another frame."""
    x, y, yaw = place_of(frame_to_other)
    cos, sin = math.cos(yaw), math.sin(yaw)
    return np.column_stack(
        [
            x + cos * places[:, 0] - sin * places[:, 1],
            y + sin * places[:, 0] + cos * places[:, 1],
            places[:, 2] + yaw,
        ]
    )


def _percent_of_cost() -> npt.NDArray[np.int8]:
    """Return what Nav2's costmap publisher makes of each cost: 0-100, -1 unknown."""
    costs = np.arange(256)
    percent = 1 + 97 * (costs - 1) // 251
    percent[0], percent[253], percent[254], percent[255] = 0, 99, 100, -1
    return percent.astype(np.int8)


PERCENT = _percent_of_cost()


def to_occupancy(stamp: Time, frame: str, grid: CostGrid) -> OccupancyGrid:
    """Return costs as RViz shows them."""
    values = PERCENT[grid.costs]
    return occupancy_message(stamp, frame, values, grid.resolution, grid.origin)


def occupancy_message(
    stamp: Time,
    frame: str,
    values: npt.NDArray[np.int8],
    resolution: float,
    origin: Array,
) -> OccupancyGrid:
    """Return an occupancy grid.

    Args:
        stamp: Of the header.
        frame: Of the header.
        values: 0-100 [%], -1 unknown; shape (rows, columns), rows along y.
        resolution: [m].
        origin: Lower left corner [m], shape (2,).
    """
    message = OccupancyGrid(header=Header(stamp=stamp, frame_id=frame))
    info = message.info
    info.map_load_time, info.resolution = stamp, float(resolution)
    info.height, info.width = values.shape
    info.origin = to_pose([*origin, 0.0])
    message.data = array.array("b", np.ascontiguousarray(values).tobytes())
    return message


def from_occupancy_message(message: OccupancyGrid) -> CostGrid:
    """Return the costs of a map.

    Raises:
        ConfigError: If its numbers do not fit together, or it is turned.
    """
    info = message.info
    data = np.frombuffer(message.data, np.int8)
    if data.size != info.width * info.height or data.size == 0:
        raise ConfigError(
            f"map: {data.size} cells for {info.width} x {info.height} of them"
        )
    q = info.origin.orientation
    if abs(q.x) + abs(q.y) + abs(q.z) > 1e-6:
        raise ConfigError("map: its origin is turned; only yaw 0 is understood")
    origin = np.array([info.origin.position.x, info.origin.position.y])
    cells = data.reshape(info.height, info.width)
    return from_occupancy(cells, info.resolution, origin)


def to_costmap(stamp: Time, frame: str, grid: CostGrid) -> Costmap:
    """Return costs as Nav2's services give them."""
    message = Costmap(header=Header(stamp=stamp, frame_id=frame))
    about = message.metadata
    about.map_load_time = about.update_time = stamp
    about.layer, about.resolution = "master", float(grid.resolution)
    about.size_y, about.size_x = grid.costs.shape
    about.origin = to_pose([*grid.origin, 0.0])
    message.data = array.array("B", grid.costs.tobytes())
    return message


def ground_costs(message: GridMap) -> tuple[Array, float, Array]:
    """Return what a map of the ground says of walking.

    Returns:
        Costs 0 to 1, NaN unknown, shape (rows, columns), rows along y; resolution [m];
        lower left corner [m].

    Raises:
        ConfigError: If it has no such layer, or its storage is a ring that has turned.
    """
    if TRAVERSABILITY not in message.layers:
        raise ConfigError(
            f"map of the ground: layers {', '.join(message.layers)}; "
            f"'{TRAVERSABILITY}' wanted"
        )
    if message.outer_start_index or message.inner_start_index:
        raise ConfigError("map of the ground: start indices other than 0")
    data = message.data[list(message.layers).index(TRAVERSABILITY)]
    columns, rows = (one.size for one in data.layout.dim)
    # From the corner of greatest x and y, along -x and -y, by columns: then a row of
    # the reshaped data has one y.
    score = np.frombuffer(data.data, np.float32).reshape(columns, rows)[::-1, ::-1]
    info = message.info
    middle = np.array([info.pose.position.x, info.pose.position.y])
    corner = middle - 0.5 * np.array([info.length_x, info.length_y])
    return 1.0 - score.astype(float), float(info.resolution), corner


def planar(place: npt.ArrayLike) -> SE3:
    """Return x, y [m], yaw [rad] as a transform."""
    x, y, yaw = np.asarray(place, float)
    return transform((x, y, 0.0), (0.0, 0.0, yaw))
