# SPDX-License-Identifier: Apache-2.0
"""Where the soles are and how they move, seen from the inertial sensor.

In: joint placements and Jacobian that pinocchio leaves behind, joint speeds.  Out:
poses, velocities and Jacobians of the soles.  Method: from the joints that carry the
soles to frames fixed on them; Featherstone, Rigid Body Dynamics Algorithms, 2008,
chapter 2.
"""

import numpy as np
from numba import njit

from renxing.spatial import Array, Mask


@njit(cache=True)
def fill_soles(
    soles: Array,
    rotations: Array,
    velocities: Array,
    turns: Array,
    jacobians: Array,
    carrier_rotations: tuple[Array, ...],
    carriers: tuple[Array, ...],
    sole_rotations: Array,
    sole_places: Array,
    world_jacobian: Array,
    moved: Mask,
    v: Array,
    rotation: Array,
    sensor: Array,
    dt: float,
) -> None:
    """Write where the soles are and how they move.

    Args:
        soles: As in `Legs`, like the next four.
        rotations: Those of the last call, to renew.
        velocities: To fill.
        turns: To fill.
        jacobians: To fill.
        carrier_rotations: Of the joints that carry the soles, to base, each (3, 3).
        carriers: Their places in the base [m], each (3,).
        sole_rotations: Sole to carrier, shape (soles, 3, 3).
        sole_places: In the carrier [m], shape (soles, 3).
        world_jacobian: Of all joints, at and along the base, shape (6, 6 + m).
        moved: Whether a sole moves with a joint, shape (soles, 6 + m).
        v: Velocities of the joints, after six of the base, shape (6 + m,).
        rotation: As in `Mount`.
        sensor: As in `Mount`, its position.
        dt: Since the last call [s]; 0 starts anew.
    """
    place, linear, angular = np.empty(3), np.empty(3), np.empty(3)
    to_base, before, way = np.empty((3, 3)), np.empty((3, 3)), np.empty((3, 3))
    for foot in range(len(soles)):
        carrier, own = carrier_rotations[foot], sole_rotations[foot]
        for i in range(3):
            place[i] = carriers[foot][i]
            for j in range(3):
                place[i] += carrier[i, j] * sole_places[foot, j]
                to_base[i, j] = 0.0
                for k in range(3):
                    to_base[i, j] += carrier[i, k] * own[k, j]
        linear[:] = 0.0
        angular[:] = 0.0
        for c in range(len(v)):
            if not moved[foot, c]:
                continue
            column = world_jacobian[:, c]
            # From the base's origin to the sole's.
            x = column[0] + column[4] * place[2] - column[5] * place[1]
            y = column[1] + column[5] * place[0] - column[3] * place[2]
            z = column[2] + column[3] * place[1] - column[4] * place[0]
            for i in range(3):
                r = to_base[:, i]
                jacobians[foot, i, c] = r[0] * x + r[1] * y + r[2] * z
                jacobians[foot, 3 + i, c] = (
                    r[0] * column[3] + r[1] * column[4] + r[2] * column[5]
                )
            if c >= 6:
                linear[0] += x * v[c]
                linear[1] += y * v[c]
                linear[2] += z * v[c]
                for i in range(3):
                    angular[i] += column[3 + i] * v[c]
        before[:, :] = rotations[foot]
        for i in range(3):
            soles[foot, i] = velocities[foot, i] = turns[foot, i] = 0.0
            for k in range(3):
                soles[foot, i] += rotation[k, i] * (place[k] - sensor[k])
                velocities[foot, i] += rotation[k, i] * linear[k]
                turns[foot, i] += rotation[k, i] * angular[k]
            for j in range(3):
                rotations[foot, i, j] = 0.0
                for k in range(3):
                    rotations[foot, i, j] += rotation[k, i] * to_base[k, j]
        if dt > 0.0:
            # Positions are far finer than speeds, and the noise of differences does
            # not add up.
            for i in range(3):
                for j in range(3):
                    way[i, j] = 0.0
                    for k in range(3):
                        way[i, j] += rotations[foot, i, k] * before[j, k]
            turns[foot, 0] = 0.5 * (way[2, 1] - way[1, 2]) / dt
            turns[foot, 1] = 0.5 * (way[0, 2] - way[2, 0]) / dt
            turns[foot, 2] = 0.5 * (way[1, 0] - way[0, 1]) / dt
