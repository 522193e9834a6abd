# SPDX-License-Identifier: Apache-2.0
"""A map from above: where a body fits, where it does not, where nobody knows.

In: keyframes, their poses.  Out: `Occupancy`.

Method: log odds (Moravec & Elfes 1985), one vote of each keyframe for a cell. Points as
high as a body occupy theirs. Floor that is seen frees its cell, and so do rays that
pass low over it: higher ones may pass over furniture.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from numba import njit

from renxing.localization.keyframes import Indices, Keyframe, moved
from renxing.spatial import SE3, Array

Votes = npt.NDArray[np.float32]
Cells = npt.NDArray[np.int8]

UNKNOWN, FREE, OCCUPIED = -1, 0, 100
_MARGIN = 0.5  # [m] around everything that was seen


@dataclass(frozen=True, slots=True, kw_only=True)
class OccupancyConfig:
    """The projection.

    Attributes:
        resolution: Side of a cell [m].
        lowest: Height over the ground from which points are in the way [m].
        highest: Height over the ground up to which they are [m].
        knee: Height over the ground below which rays free what is under them [m].
        hit: Vote of a keyframe that sees something in a cell [-].
        miss: Vote of one that sees through it [-].
        most: Bound of the sum of votes [-].
        sure: Sum from which a cell is occupied, and below its negative free [-].
        fewest: Points of a keyframe in a cell that make a vote.
    """

    resolution: float = field(default=0.05, metadata={"min": 0.01, "max": 0.5})
    lowest: float = field(default=0.1, metadata={"min": 0.02, "max": 1.0})
    highest: float = field(default=1.8, metadata={"min": 0.5, "max": 5.0})
    knee: float = field(default=0.5, metadata={"min": 0.0, "max": 2.0})
    hit: float = field(default=1.5, metadata={"min": 0.1, "max": 5.0})
    miss: float = field(default=0.25, metadata={"min": 0.01, "max": 5.0})
    most: float = field(default=4.0, metadata={"min": 0.5, "max": 20.0})
    sure: float = field(default=0.35, metadata={"min": 0.01, "max": 5.0})
    fewest: int = field(default=2, metadata={"min": 1, "max": 100})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Occupancy:
    """A map from above.

    Attributes:
        origin: Corner with the least x and y of cell [0, 0] in map [m], shape (2,).
        resolution: Side of a cell [m].
        cells: -1 unknown, 0 free, 100 occupied, shape (rows along y, columns along x),
            as nav_msgs/OccupancyGrid counts them.
    """

    origin: Array
    resolution: float
    cells: Cells


def project(
    config: OccupancyConfig, keyframes: Sequence[Keyframe], poses: Sequence[SE3]
) -> Occupancy:
    """Return the map from above of keyframes.

    Args:
        config: The projection.
        keyframes: What was seen.
        poses: Of the base in map at each.
    """
    clouds = [moved(p, k.points) for p, k in zip(poses, keyframes, strict=True)]
    eyes = [moved(p, k.eyes) for p, k in zip(poses, keyframes, strict=True)]
    if not clouds:
        none: Cells = np.empty((0, 0), np.int8)
        return Occupancy(origin=np.zeros(2), resolution=config.resolution, cells=none)
    flat = np.concatenate([*clouds, *eyes])[:, :2]
    low = np.floor((flat.min(axis=0) - _MARGIN) / config.resolution) * config.resolution
    columns, rows = np.ceil(
        (flat.max(axis=0) + _MARGIN - low) / config.resolution
    ).astype(int)
    votes: Votes = np.zeros((rows, columns), np.float32)
    known = np.zeros((rows, columns), np.bool_)
    count = np.zeros((rows, columns), np.int32)
    through = np.zeros((rows, columns), np.bool_)
    for keyframe, pose, cloud, eye in zip(keyframes, poses, clouds, eyes, strict=True):
        ground = float(pose.translation[2]) - keyframe.height
        count[:] = 0
        through[:] = False
        _look(
            cloud,
            keyframe.source,
            eye,
            ground,
            low[0],
            low[1],
            config.resolution,
            config.lowest,
            config.highest,
            config.knee,
            count,
            through,
        )
        occupied = count >= config.fewest
        votes += np.where(occupied, config.hit, np.where(through, -config.miss, 0.0))
        np.clip(votes, -config.most, config.most, out=votes)
        known |= occupied | through
    cells: Cells = np.full((rows, columns), UNKNOWN, np.int8)
    cells[known & (votes < -config.sure)] = FREE
    cells[known & (votes > config.sure)] = OCCUPIED
    return Occupancy(origin=low, resolution=config.resolution, cells=cells)


@njit(cache=True)
def _look(
    points: Array,
    source: Indices,
    eyes: Array,
    ground: float,
    low_x: float,
    low_y: float,
    resolution: float,
    lowest: float,
    highest: float,
    knee: float,
    count: npt.NDArray[np.int32],
    through: npt.NDArray[np.bool_],
) -> None:
    """Count what is in the way, and mark what a low ray passes over."""
    rows, columns = count.shape
    for index in range(points.shape[0]):
        eye = eyes[source[index]]
        height = points[index, 2] - ground
        i = int(math.floor((points[index, 1] - low_y) / resolution))
        j = int(math.floor((points[index, 0] - low_x) / resolution))
        if lowest <= height <= highest:
            if 0 <= i < rows and 0 <= j < columns:
                count[i, j] += 1
        elif -lowest < height < lowest and 0 <= i < rows and 0 <= j < columns:
            through[i, j] = True
        # The part of the ray that is lower than the knee, up to a cell before its end.
        top = eye[2] - ground
        if height >= knee or top <= knee:
            continue
        x, y = points[index, 0] - eye[0], points[index, 1] - eye[1]
        length = math.sqrt(x * x + y * y)
        steps = int(length / resolution)
        first = int(steps * (top - knee) / (top - height)) + 1
        for k in range(first, steps - 1):
            i = int(math.floor((eye[1] + k / steps * y - low_y) / resolution))
            j = int(math.floor((eye[0] + k / steps * x - low_x) / resolution))
            if 0 <= i < rows and 0 <= j < columns:
                through[i, j] = True
