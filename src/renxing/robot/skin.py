# SPDX-License-Identifier: Apache-2.0
"""Where the taxels of all patches of skin stand in one row of numbers."""

from collections.abc import Sequence

import numpy as np

from renxing.robot.description import SkinPatch
from renxing.spatial import Array


class SkinLayout:
    """All taxels of a robot: patch after patch, in each row after row.

    Attributes:
        patches: In the order of the robot's file.
        size: How many taxels there are.
        slices: Where the taxels of each patch stand.
    """

    def __init__(self, patches: Sequence[SkinPatch]) -> None:
        """Line them up."""
        self.patches = tuple(patches)
        ends = np.cumsum([0, *(patch.rows * patch.columns for patch in patches)])
        self.size = int(ends[-1])
        self.slices = tuple(
            slice(int(start), int(end))
            for start, end in zip(ends[:-1], ends[1:], strict=True)
        )

    @property
    def area(self) -> Array:
        """Area of each taxel [m²], shape (size,)."""
        return np.concatenate(
            [
                np.full(patch.rows * patch.columns, patch.pitch**2)
                for patch in self.patches
            ]
            or [np.zeros(0)]
        )


def taxel_centres(patch: SkinPatch) -> tuple[Array, Array]:
    """Return x of each column and y of each row in the patch's frame [m]."""
    columns = np.arange(patch.columns, dtype=np.float64)
    rows = np.arange(patch.rows, dtype=np.float64)
    x = (columns - 0.5 * (patch.columns - 1)) * patch.pitch
    y = (rows - 0.5 * (patch.rows - 1)) * patch.pitch
    return x, y
