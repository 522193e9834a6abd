# SPDX-License-Identifier: Apache-2.0
"""Keyframes: what the robot saw from places along its way.

In: points that cameras measured, odometry.  Out: `Keyframe`, one now and then.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from renxing.localization.solvers import small_gicp
from renxing.spatial import SE3, Array

Cloud = npt.NDArray[np.float32]
Indices = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyframeConfig:
    """When a keyframe is made, and of what.

    Attributes:
        distance: Way after which the next one is due [m].
        turn: Turn after which the next one is due [rad].
        voxel: Side of the cells of which each keeps one mean point [m].
        farthest: Distance from the camera beyond which points are left out [m]; the
            error of stereo depth grows with its square.
        fewest: Points below which it is not worth to be kept.
    """

    distance: float = field(default=0.4, metadata={"min": 0.05, "max": 5.0})
    turn: float = field(default=0.35, metadata={"min": 0.05, "max": 1.6})
    voxel: float = field(default=0.05, metadata={"min": 0.01, "max": 0.5})
    farthest: float = field(default=7.0, metadata={"min": 1.0, "max": 30.0})
    fewest: int = field(default=300, metadata={"min": 10, "max": 100000})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """What one camera has measured.

    Attributes:
        eye: Where the camera was, in base [m], shape (3,).
        points: In base [m], shape (N, 3).
    """

    eye: Array
    points: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Keyframe:
    """What was seen from one place.

    Attributes:
        stamp: Of the images [s].
        transform_base_to_odom: Where odometry believed to be.
        points: In base [m], shape (N, 3).
        source: Which eye saw each point, shape (N,).
        eyes: Where the cameras were, in base [m], shape (M, 3).
        height: Of the base over the ground below its soles [m].
    """

    stamp: float
    transform_base_to_odom: SE3
    points: Cloud
    source: Indices
    eyes: Array
    height: float


def is_due(config: KeyframeConfig, last: SE3, now: SE3) -> bool:
    """Return whether the base has gone or turned far enough since a keyframe.

    Args:
        config: How far that is.
        last: Pose of the base in odom at the last keyframe.
        now: Pose of the base in odom.
    """
    moved = last.actInv(now)
    way = float(np.linalg.norm(moved.translation))
    return way >= config.distance or angle_of(moved.rotation) >= config.turn


def angle_of(rotation: Array) -> float:
    """Return by how much a rotation turns [rad], 0 to pi."""
    return float(np.arccos(np.clip(0.5 * (np.trace(rotation) - 1.0), -1.0, 1.0)))


def make_keyframe(
    config: KeyframeConfig,
    stamp: float,
    transform_base_to_odom: SE3,
    views: Sequence[View],
    height: float,
) -> Keyframe | None:
    """Return a keyframe; None if there is too little to see.

    Args:
        config: Of what it is made.
        stamp: Of the images [s].
        transform_base_to_odom: Pose of the base at that time.
        views: One of each camera, all in base at that time.
        height: Of the base over the ground below its soles [m].

    Raises:
        ConfigError: If the extra `mapping` is not installed.
    """
    points, source = [np.empty((0, 3), np.float32)], [np.empty(0, np.uint8)]
    for place, view in enumerate(views):
        far = np.einsum("ij,ij->i", view.points - view.eye, view.points - view.eye)
        near = view.points[far < config.farthest**2]
        if len(near):
            cells = thin(near, config.voxel)
            points.append(cells.astype(np.float32))
            source.append(np.full(len(cells), place, np.uint8))
    cloud = np.concatenate(points)
    if len(cloud) < config.fewest:
        return None
    return Keyframe(
        stamp=stamp,
        transform_base_to_odom=transform_base_to_odom.copy(),
        points=cloud,
        source=np.concatenate(source),
        eyes=np.array([view.eye for view in views]),
        height=height,
    )


def thin(points: Array, voxel: float) -> Array:
    """Return the mean of the points in each cell of a grid.

    Args:
        points: [m], shape (N, 3).
        voxel: Side of a cell [m].
    """
    wide = np.ascontiguousarray(points, dtype=float)
    if not len(wide):
        return wide
    cells = small_gicp().voxelgrid_sampling(wide, voxel).points()
    return np.array(cells[:, :3])


def moved(transform_a_to_b: SE3, points: npt.NDArray[np.floating]) -> Array:
    """Return points in b that are given in a [m], shape (N, 3)."""
    turned = points @ transform_a_to_b.rotation.T
    return np.asarray(turned + transform_a_to_b.translation)
