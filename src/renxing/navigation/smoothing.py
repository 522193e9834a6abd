# SPDX-License-Identifier: Apache-2.0
"""From a way along cells to one that legs can follow; compiled.

Places are in cells here: x along a row, y across rows, whole numbers at the borders. A
line costs its length times the weights of the cells that it crosses, all of them
(Amanatides & Woo 1987, "A fast voxel traversal algorithm for ray tracing").
"""

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from renxing.spatial import Array

Costs = npt.NDArray[np.uint8]

DEARER = 1.002  # times what the way costs that a straight line in its place may cost
ROUNDER = 1.1  # likewise for the way around a place that is moved


@njit(cache=True)
def line_cost(
    costs: Costs, weights: Array, x0: float, y0: float, x1: float, y1: float
) -> float:
    """Return what a straight line costs [cells]; infinite over closed cells."""
    rows, columns = costs.shape
    i, j = int(math.floor(y0)), int(math.floor(x0))
    i1, j1 = int(math.floor(y1)), int(math.floor(x1))
    if min(i, i1, j, j1) < 0 or max(i, i1) >= rows or max(j, j1) >= columns:
        return np.inf
    dx, dy = x1 - x0, y1 - y0
    length = math.hypot(dx, dy)
    down, right = 1 if dy > 0.0 else -1, 1 if dx > 0.0 else -1
    each_x = abs(1.0 / dx) if dx != 0.0 else np.inf
    each_y = abs(1.0 / dy) if dy != 0.0 else np.inf
    next_x = ((j + (right > 0)) - x0) / dx if dx != 0.0 else np.inf
    next_y = ((i + (down > 0)) - y0) / dy if dy != 0.0 else np.inf
    total, passed = 0.0, 0.0
    for _ in range(abs(i1 - i) + abs(j1 - j) + 1):
        weight = weights[costs[i, j]]
        if weight == np.inf:
            return np.inf
        if i == i1 and j == j1:
            break
        here = min(next_x, next_y, 1.0)
        total += weight * (here - passed) * length
        passed = here
        if abs(next_x - next_y) < 1e-9 and i != i1 and j != j1:
            # Through a corner: both cells beside have to be open.
            if weights[costs[i + down, j]] == np.inf:
                return np.inf
            if weights[costs[i, j + right]] == np.inf:
                return np.inf
        if (next_x < next_y and j != j1) or i == i1:
            j += right
            next_x += each_x
        else:
            i += down
            next_y += each_y
    return float(total + weights[costs[i1, j1]] * (1.0 - passed) * length)


@njit(cache=True)
def pull_taut(costs: Costs, weights: Array, way: Array) -> Array:
    """Leave out places of a way where a straight line is as cheap.

    Args:
        costs: Shape (rows, columns).
        weights: Of each cost; infinite for closed.
        way: x, y [cells], shape (n, 2).

    Returns:
        Shape (m, 2), the same ends.
    """
    count = len(way)
    so_far = np.zeros(count)
    for k in range(1, count):
        so_far[k] = so_far[k - 1] + line_cost(
            costs, weights, way[k - 1, 0], way[k - 1, 1], way[k, 0], way[k, 1]
        )
    kept = np.empty_like(way)
    kept[0] = way[0]
    m, at = 1, 0
    while at < count - 1:
        # A line that fails may work again farther on, round the end of an edge.
        to, stride = at + 1, 1
        while at + stride < count - 1:
            stride = min(2 * stride, count - 1 - at)
            if _as_cheap(costs, weights, way, so_far, at, at + stride):
                to = at + stride
            elif to < at + stride // 4:
                break
        low, high = to, min(at + 2 * (to - at), count - 1)
        while low < high:
            middle = (low + high + 1) // 2
            if _as_cheap(costs, weights, way, so_far, at, middle):
                low = middle
            else:
                high = middle - 1
        kept[m] = way[low]
        m, at = m + 1, low
    return kept[:m].copy()


@njit(cache=True)
def _as_cheap(
    costs: Costs, weights: Array, way: Array, so_far: Array, a: int, b: int
) -> bool:
    cost = line_cost(costs, weights, way[a, 0], way[a, 1], way[b, 0], way[b, 1])
    return bool(cost <= DEARER * (so_far[b] - so_far[a]) + 1e-6)


@njit(cache=True)
def subdivide(way: Array, spacing: float) -> Array:
    """Put places onto a way's lines, at most `spacing` [cells] apart."""
    total = 1
    for k in range(1, len(way)):
        gap = math.hypot(way[k, 0] - way[k - 1, 0], way[k, 1] - way[k - 1, 1])
        total += max(1, int(math.ceil(gap / spacing)))
    dense = np.empty((total, 2))
    dense[0] = way[0]
    m = 1
    for k in range(1, len(way)):
        gap = math.hypot(way[k, 0] - way[k - 1, 0], way[k, 1] - way[k - 1, 1])
        parts = max(1, int(math.ceil(gap / spacing)))
        for part in range(1, parts + 1):
            share = part / parts
            dense[m] = (1.0 - share) * way[k - 1] + share * way[k]
            m += 1
    return dense


@njit(cache=True)
def relax(
    costs: Costs, weights: Array, way: Array, iterations: int, pull: float
) -> Array:
    """Round a way's corners; where it moves it stays about as cheap as it was.

    Each place goes towards the middle of its neighbours.

    Args:
        costs: Shape (rows, columns).
        weights: Of each cost; infinite for closed.
        way: x, y [cells], shape (n, 2).
        iterations: Rounds over all places.
        pull: Part of the gap to the middle that a place goes in a round [-].
    """
    smooth = way.copy()
    most = np.empty(len(way))
    for k in range(1, len(way) - 1):
        a, b, c = way[k - 1], way[k], way[k + 1]
        most[k] = line_cost(costs, weights, a[0], a[1], b[0], b[1])
        most[k] += line_cost(costs, weights, b[0], b[1], c[0], c[1])
        most[k] *= ROUNDER
    for _ in range(iterations):
        moved = 0.0
        for k in range(1, len(way) - 1):
            x, y = smooth[k, 0], smooth[k, 1]
            ax, ay = smooth[k - 1, 0], smooth[k - 1, 1]
            bx, by = smooth[k + 1, 0], smooth[k + 1, 1]
            for part in (pull, 0.25 * pull):
                nx = x + part * (0.5 * (ax + bx) - x)
                ny = y + part * (0.5 * (ay + by) - y)
                new = line_cost(costs, weights, ax, ay, nx, ny)
                new += line_cost(costs, weights, nx, ny, bx, by)
                if new < np.inf and new <= most[k]:
                    smooth[k, 0], smooth[k, 1] = nx, ny
                    moved = max(moved, abs(nx - x) + abs(ny - y))
                    break
        if moved < 1e-3:
            break
    return smooth
