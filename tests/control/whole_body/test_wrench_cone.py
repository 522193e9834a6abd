# SPDX-License-Identifier: Apache-2.0
"""The wrench cone against forces at the corners, found by linear programming."""

import numpy as np
import pytest
from scipy.optimize import linprog

from renxing.control.whole_body.wrench_cone import wrench_cone
from renxing.spatial import Array

X, Y, MU = 0.11, 0.05, 0.6  # [m], [m], [-]


def corner_map() -> Array:
    """Return the map of twelve corner forces to the wrench, shape (6, 12)."""
    parts = []
    for x, y in ((X, Y), (X, -Y), (-X, Y), (-X, -Y)):
        lever = np.array([[0, 0, y], [0, 0, -x], [-y, x, 0]])  # of (x, y, 0)
        parts.append(np.vstack((np.eye(3), lever)))
    return np.hstack(parts)


def borne_by_corners(wrench: Array) -> bool:
    faces = np.array([[1, 0, -MU], [-1, 0, -MU], [0, 1, -MU], [0, -1, -MU]])
    result = linprog(
        np.zeros(12),
        A_ub=np.kron(np.eye(4), faces),
        b_ub=np.zeros(16),
        A_eq=corner_map(),
        b_eq=wrench,
        bounds=(None, None),
    )
    return bool(result.status == 0)


def test_same_wrenches_as_corner_forces() -> None:
    """Both sides of the border are met often, or the comparison says nothing."""
    cone = wrench_cone(X, Y, MU)
    random = np.random.default_rng(1)
    scale = np.array([MU, MU, 0.0, Y, X, MU * (X + Y)])
    inside = 0
    for _ in range(300):
        wrench = random.uniform(-0.8, 0.8, 6) * scale
        wrench[2] = 1.0
        margin = float((cone @ wrench).max())
        if abs(margin) > 1e-6:
            assert borne_by_corners(wrench) == (margin < 0.0), wrench
            inside += margin < 0.0
    assert 50 < inside < 250


@pytest.mark.parametrize("seed", range(5))
def test_corner_forces_are_inside(seed: int) -> None:
    random = np.random.default_rng(seed)
    normal = random.uniform(0.0, 100.0, 4)
    tangent = random.uniform(-MU, MU, (4, 2)) * normal[:, None]
    forces = np.column_stack((tangent, normal)).ravel()
    assert (wrench_cone(X, Y, MU) @ (corner_map() @ forces)).max() < 1e-9


def test_border_is_reached() -> None:
    """The cone is not smaller than the corners allow: a full turn on sliding feet."""
    cone = wrench_cone(X, Y, MU)
    most = MU * (X + Y)
    assert (cone @ [0.0, 0.0, 1.0, 0.0, 0.0, most]).max() == pytest.approx(0.0)
    assert borne_by_corners(np.array([0.0, 0.0, 1.0, 0.0, 0.0, most * (1 - 1e-9)]))
