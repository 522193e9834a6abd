# SPDX-License-Identifier: Apache-2.0
"""How true is what a map says of edges and of level ground, in a world that has both.

Edges lie across the robot's way, at a known x in odom.
"""

from dataclasses import dataclass

import numpy as np

from renxing.mapping import Heights, Traversability
from renxing.mapping.traversability import RIM
from renxing.spatial import Array, Mask

AT_EDGE = 3  # cells to both sides of an edge in which a drop may be seen
BEFORE = 4  # cells before an edge of which one must be known: it has been looked at


def along(heights: Heights) -> Array:
    """Return x of each row of cells in odom [m]."""
    x: Array = heights.origin[0] + heights.resolution * np.arange(len(heights.height))
    return x


def behind_edge(heights: Heights, edge: float) -> Mask:
    """Return the cells behind an edge in which heights stray between both levels.

    Drops are judged there, and how many stray is counted, but heights are not.
    """
    x = along(heights)
    behind = (x > edge) & (x < edge + (RIM + 0.5) * heights.resolution)
    rim: Mask = np.repeat(behind[:, None], len(x), axis=1)
    return rim


def false_lethal(ground: Traversability, where: Mask) -> float:
    """Return the share of known cells that are called lethal [-]; all can be walked on.

    Args:
        ground: As it was judged.
        where: Which cells count.
    """
    judged = where & np.isfinite(ground.score)
    return float(np.mean(ground.score[judged] <= 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class DropOffs:
    """An edge of the ground, in pieces as wide as a cell.

    Attributes:
        pieces: That have been looked at.
        missed: Of those, how many are not seen as a drop.
        invented: Drops seen on the level ground before the edge.
    """

    pieces: int
    missed: int
    invented: int


def drop_offs(
    heights: Heights, ground: Traversability, edge: float, near: Mask
) -> DropOffs:
    """Return what was seen of an edge across the robot's way.

    Args:
        heights: The map.
        ground: As it was judged.
        edge: Where the ground ends, along x in odom [m].
        near: Cells that count.
    """
    x, cell = along(heights), heights.resolution
    before = (x > edge - (BEFORE - 1) * cell) & (x < edge)
    at_edge = np.abs(x - edge) < (AT_EDGE + 0.02) * cell
    beside = near[np.argmin(np.abs(x - edge))]
    seen = np.isfinite(heights.height)[before].any(axis=0) & beside
    found: Mask = np.asarray(ground.drop[at_edge].any(axis=0))
    # Nothing fits through a gap of one cell.
    found[1:-1] |= found[:-2] & found[2:]
    level = x < edge - (AT_EDGE + 0.5) * cell
    return DropOffs(
        pieces=int(seen.sum()),
        missed=int((seen & ~found).sum()),
        invented=int(ground.drop[level].sum()),
    )
