# SPDX-License-Identifier: Apache-2.0
"""What the map has is told from what it has not."""

import numpy as np

from renxing.navigation import LETHAL, CostGrid
from renxing.navigation.backdrop import Backdrop


def test_what_the_map_has_is_known_and_what_it_has_not_is_strange() -> None:
    costs = np.zeros((40, 60), np.uint8)
    costs[:, 40] = LETHAL  # a shelf at x from 1.0 to 1.05
    grid = CostGrid(costs=costs, resolution=0.05, origin=np.array([-1.0, -1.0]))
    backdrop = Backdrop(grid, 0.15)
    shelf, beside, before, outside = [1.02, 0.0], [0.9, 0.3], [0.7, 0.0], [9.0, 0.0]
    found = backdrop.strange([shelf, beside, before, outside])
    assert found.tolist() == [False, False, True, True]
    assert backdrop.strange(np.empty((0, 2))).shape == (0,)
