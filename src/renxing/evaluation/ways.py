# SPDX-License-Identifier: Apache-2.0
"""Where a trial lets a robot walk, and how far it walked."""

import numpy as np

from renxing.navigation import CostGrid, inflate
from renxing.spatial import Array

INSCRIBED, INFLATION, DECAY = 0.37, 0.8, 4.0  # as the nodes have them
HOP = 0.15  # [m] that counts as a way: more than a walking robot sways by


def inflated(grid: CostGrid) -> CostGrid:
    """Return a grid whose costs fall off around what stands there, as the nodes'."""
    return inflate(grid, INSCRIBED, INFLATION, DECAY)


def walked(track: Array) -> float:
    """Return the length of a way [m], without the sway of each step.

    Args:
        track: Places, in rows that begin with x, y [m].
    """
    if len(track) == 0:
        return 0.0
    length, anchor = 0.0, track[0, :2]
    for place in track[1:, :2]:
        hop = float(np.linalg.norm(place - anchor))
        if hop >= HOP:
            length, anchor = length + hop, place
    return length
