# SPDX-License-Identifier: Apache-2.0
"""What a body looks like from one side: a box, a cylinder that stands, a ball.

Method: sides recede from the nearest edge as a circle's do or as those of a turned
rectangle; a ball is as high as wide, and narrow at its top.
"""

from typing import Literal

import numpy as np

from renxing.spatial import Array

Form = Literal["box", "cylinder", "ball"]

WIDEST = 0.35  # [m] of what can be a cylinder or a ball
CELLS = 12.0  # columns that a body is cut into
# Width of the uppermost part over that of the whole, of a ball; where its sides are
# seen to be round, up to the latter.
SURELY_BALL, MAYBE_BALL = 0.80, 0.90
FREE = 1.12  # by which a rectangle must fit better than a circle [-]
FEW = 6  # columns with points below which no shape is told


def form_of(
    across: Array, along: Array, height: Array, top: float, width: float
) -> Form:
    """Tell what a body looks like by its sides.

    Args:
        across: Place of each point to the left, seen from the eye [m], shape (n,).
        along: The same away from the eye [m], shape (n,).
        height: The same over the support [m], shape (n,).
        top: Height of the body [m].
        width: Of the body, across [m].
    """
    if width <= 0.0 or width > WIDEST:
        return "box"
    upper = height > 0.85 * top
    narrow = 1.0
    if upper.sum() >= 4 and 0.7 <= top / width <= 1.35:
        ends = np.quantile(across[upper], (0.03, 0.97))
        narrow = float(ends[1] - ends[0]) / width
    if narrow < SURELY_BALL:
        return "ball"
    sides = (height > 0.2 * top) & (height < 0.8 * top)
    middle = 0.5 * (across[sides].min() + across[sides].max()) if sides.any() else 0.0
    cells = np.floor((across[sides] - middle) / (width / CELLS)).astype(np.intp)
    places, depths = [], []
    for cell in np.unique(cells):
        inside = cells == cell
        if inside.sum() >= 3:
            places.append((cell + 0.5) * width / CELLS)
            depths.append(float(np.median(along[sides][inside])))
    if len(places) < FEW:
        return "box"
    x, depth = np.array(places), np.array(depths)
    keep = np.abs(x) <= 0.42 * width
    if keep.sum() < FEW - 1:
        return "box"
    if not _is_round(x[keep], depth[keep], 0.5 * width):
        return "box"
    return "ball" if narrow < MAYBE_BALL else "cylinder"


def _is_round(x: Array, depth: Array, radius: float) -> bool:
    """Say whether sides recede as a circle's rather than as a rectangle's."""
    circle = depth + np.sqrt(np.maximum(radius**2 - x**2, 0.0))
    round_error = float(np.sqrt(np.mean((circle - circle.mean()) ** 2)))
    best = np.inf
    for corner in np.linspace(-radius, radius, 9):
        # Two faces at a right angle that meet nearest to the eye, or one of them.
        for turn in np.linspace(0.05, 0.5 * np.pi - 0.05, 12):
            left, right = np.tan(turn), 1.0 / np.tan(turn)
            faces = np.where(x < corner, (corner - x) * left, (x - corner) * right)
            off = depth - faces
            best = min(best, float(np.sqrt(np.mean((off - off.mean()) ** 2))))
    flat = float(np.std(depth))
    # Corner and turn are free and fit some noise too.
    return round_error < FREE * min(best, flat)
