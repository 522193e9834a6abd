# SPDX-License-Identifier: Apache-2.0
"""The wrenches that a rectangular sole can bear without sliding, turning or tipping.

Method: the exact cone of a rectangle with Coulomb friction at its four corners, in
closed form; Caron, Pham, Nakamura 2015, "Stability of surface contacts for humanoid
robots". The yaw torque is bounded together with force and centre of pressure: a
separate bound lets the standing foot spin when the robot walks fast.
"""

import numpy as np

from renxing.spatial import Array

ROWS = 16


def wrench_cone(half_length: float, half_width: float, friction: float) -> Array:
    """Return C, shape (16, 6): `C @ wrench <= 0` inside the cone.

    The wrench is [force; torque about the centre of the rectangle] that the ground
    applies, in the sole frame. Each face of the friction pyramid has `friction`.

    Args:
        half_length: Of the rectangle along x [m].
        half_width: Of the rectangle along y [m].
        friction: Coefficient [-].
    """
    x, y, mu = half_length, half_width, friction
    rows = [[sign, 0, -mu, 0, 0, 0] for sign in (1, -1)]
    rows += [[0, sign, -mu, 0, 0, 0] for sign in (1, -1)]
    rows += [[0, 0, -y, sign, 0, 0] for sign in (1, -1)]
    rows += [[0, 0, -x, 0, sign, 0] for sign in (1, -1)]
    for a in (1, -1):
        for b in (1, -1):
            for c in (1, -1):
                rows.append([a * y, b * x, -mu * (x + y), c * a * mu, c * b * mu, c])
    return np.array(rows, dtype=np.float64)
