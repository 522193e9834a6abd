# SPDX-License-Identifier: Apache-2.0
"""Points cut into bodies that stand apart, as seen from one eye.

In: points of one image in a frame whose z points up, the eye.  Out: a label for each.
Method: connected cells of a grid of bearing and 1 / range around the eye. In 1 / range
a stereo camera errs by the same everywhere, so that bodies neither break apart far away
nor melt together near by.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from numba import njit

from renxing.spatial import Array

Labels = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterConfig:
    """How points are cut apart.

    Attributes:
        bearing: Side of a cell [rad].
        inverse: Side of a cell in 1 / range [1/m].
        nearest: Range below which points are left out [m].
        columns: Bearings that may be empty within a body, plus one.
        gap: Way along the ray that may be empty within a body [m].
        fewest: Points that make a cell count.
    """

    bearing: float = field(default=0.013, metadata={"min": 0.002, "max": 0.1})
    inverse: float = field(default=0.02, metadata={"min": 0.002, "max": 0.2})
    nearest: float = field(default=0.35, metadata={"min": 0.1, "max": 2.0})
    columns: int = field(default=2, metadata={"min": 1, "max": 10})
    gap: float = field(default=0.12, metadata={"min": 0.01, "max": 1.0})
    fewest: int = field(default=2, metadata={"min": 1, "max": 100})


def cut(
    position: Array,
    eye: Array,
    low: float,
    high: float,
    config: ClusterConfig,
) -> tuple[Labels, int]:
    """Cut what lies between two heights into bodies.

    Args:
        position: Points [m], shape (N, 3).
        eye: Where they were seen from [m], shape (3,).
        low: Height from which on points count [m].
        high: Height up to which [m].
        config: How.

    Returns:
        The number of each point's body, shape (N,), -1 where it has none; and how many
        bodies there are.
    """
    columns = int(np.ceil(2.0 * np.pi / config.bearing))
    rows = int(np.ceil(1.0 / (config.nearest * config.inverse)))
    labels: Labels = np.empty(len(position), np.int32)
    count = _cut(
        position,
        eye,
        low,
        high,
        config.bearing,
        config.inverse,
        config.columns,
        config.gap,
        config.fewest,
        np.zeros((columns, rows), np.int32),
        labels,
    )
    return labels, count


@njit(cache=True)
def _cut(
    position: Array,
    eye: Array,
    low: float,
    high: float,
    bearing: float,
    inverse: float,
    reach: int,
    gap: float,
    fewest: int,
    cells: Labels,
    labels: Labels,
) -> int:
    """Fill `labels`; return how many bodies there are."""
    columns, rows = cells.shape
    place = np.empty((position.shape[0], 2), np.int32)
    for index in range(position.shape[0]):
        place[index, 0] = -1
        labels[index] = -1
        if not low <= position[index, 2] <= high:
            continue
        x, y = position[index, 0] - eye[0], position[index, 1] - eye[1]
        away = np.sqrt(x * x + y * y)
        row = int(1.0 / (max(away, 1e-6) * inverse))
        if row >= rows:
            continue
        column = int((np.arctan2(y, x) + np.pi) / bearing) % columns
        place[index, 0], place[index, 1] = column, row
        cells[column, row] += 1
    # From here on a cell holds -1 - its body's number, or how many points it has.
    stack = np.empty((columns * rows, 2), np.int32)
    count = 0
    for index in range(position.shape[0]):
        column, row = place[index, 0], place[index, 1]
        if column < 0:
            continue
        if cells[column, row] >= fewest:
            _fill(cells, column, row, -1 - count, inverse, reach, gap, fewest, stack)
            count += 1
        if cells[column, row] < 0:
            labels[index] = -1 - cells[column, row]
    return count


@njit(cache=True)
def _fill(
    cells: Labels,
    column: int,
    row: int,
    mark: int,
    inverse: float,
    reach: int,
    gap: float,
    fewest: int,
    stack: Labels,
) -> None:
    """Mark a cell and all that are connected with it."""
    columns, rows = cells.shape
    cells[column, row] = mark
    stack[0, 0], stack[0, 1] = column, row
    height = 1
    while height:
        height -= 1
        c, r = stack[height, 0], stack[height, 1]
        away = 1.0 / ((r + 0.5) * inverse)
        # The next cell at least: the noise of one image fills one.
        near = max(int(1.0 / (max(away - gap, 0.1) * inverse)), r + 1)
        far = min(int(1.0 / ((away + gap) * inverse)), r - 1)
        for dc in range(-reach, reach + 1):
            other = (c + dc) % columns
            for k in range(max(far, 0), min(near + 1, rows)):
                if cells[other, k] >= fewest:
                    cells[other, k] = mark
                    stack[height, 0], stack[height, 1] = other, k
                    height += 1
