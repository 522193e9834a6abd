# SPDX-License-Identifier: Apache-2.0
"""What the map has stands there for good: it is nobody, and hides nobody beside it.

In: a map, places.  Out: which of them the map does not have.
"""

import numpy as np
import numpy.typing as npt

from renxing.navigation.grid import CostGrid, about
from renxing.spatial import Mask

REACH = 0.15  # [m] by which map, place and measurement may differ


class Backdrop:
    """A map, as what people walk before."""

    def __init__(self, grid: CostGrid, reach: float = REACH) -> None:
        """Look where it has something.

        Args:
            grid: Costs, not inflated.
            reach: Distance from what it has, within which a place is that [m].
        """
        self._grid = grid
        self._known = about(grid, reach)

    def strange(self, places: npt.ArrayLike) -> Mask:
        """Say which places [m], shape (n, 2), in the map's frame it does not have."""
        points = np.reshape(np.asarray(places, float), (-1, 2))
        limit = np.array(self._known.shape) - 1
        rows, columns = np.clip(self._grid.cell(points), 0, limit).T
        return np.asarray(~(self._known[rows, columns] & self._grid.inside(points)))
