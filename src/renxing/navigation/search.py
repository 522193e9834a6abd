# SPDX-License-Identifier: Apache-2.0
"""The cheapest way over a grid, cell by cell; compiled.

Method: A* (Hart, Nilsson & Raphael 1968, "A formal basis for the heuristic
determination of minimum cost paths") on the eight neighbours. A step costs its length
times the mean weight of its two cells; the heuristic is the length of the way if all
weights were 1.
"""

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from renxing.spatial import Array

Costs = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int32]
Directions = npt.NDArray[np.int8]

FOUND = 0
EXHAUSTED = 1  # everything that can be reached was, the goal was not
GAVE_UP = 2

OPEN = -1  # direction of cells that nothing has led to
CLOSED = 16  # added to the direction of cells whose cost is final
BEGIN = 8  # direction of the cell where it begins

INSCRIBED = 253
LETHAL = 254

ROW = (0, 1, 1, 1, 0, -1, -1, -1)
COLUMN = (1, 1, 0, -1, -1, -1, 0, 1)


@njit(cache=True)
def search(
    costs: Costs,
    weights: Array,
    start: int,
    goal: int,
    trapped: float,
    escape: float,
    limit: int,
) -> tuple[int, Directions]:
    """Look for the cheapest way.

    Cells of infinite weight are closed, with one exception: who stands on one that is
    not lethal may leave over such cells, but never enter one again.

    Args:
        costs: Shape (rows, columns).
        weights: Of each of the 256 costs [-], at least 1; infinite for closed.
        start: Flat index of the first cell.
        goal: Flat index of the last cell.
        trapped: Weight of closed cells for who has to leave [-].
        escape: Distance from the start in cells up to which that holds [-].
        limit: Most cells to look at.

    Returns:
        FOUND, EXHAUSTED or GAVE_UP, and for each cell the direction in which it was
        entered, plus CLOSED if its cost is final; shape (rows * columns,).
    """
    rows, columns = costs.shape
    best = np.full(rows * columns, np.float32(np.inf), np.float32)
    entered = np.full(rows * columns, OPEN, np.int8)
    keys = np.empty(1 << 14, np.float32)
    cells = np.empty(1 << 14, np.int32)
    si, sj = start // columns, start % columns
    gi, gj = goal // columns, goal % columns
    best[start], entered[start] = 0.0, BEGIN
    keys[0], cells[0], size = 0.0, start, 1
    seen = 0
    while size > 0:
        cell = cells[0]
        size -= 1
        _sink(keys, cells, size)
        if entered[cell] >= CLOSED:
            continue
        entered[cell] += CLOSED
        if cell == goal:
            return FOUND, entered
        seen += 1
        if seen > limit:
            return GAVE_UP, entered
        i, j = cell // columns, cell % columns
        here = weights[costs[i, j]]
        leaving = here == np.inf
        if leaving:
            here = trapped
        for direction in range(8):
            a, b = i + ROW[direction], j + COLUMN[direction]
            if a < 0 or b < 0 or a >= rows or b >= columns:
                continue
            neighbour = a * columns + b
            if entered[neighbour] >= CLOSED:
                continue
            there = weights[costs[a, b]]
            if there == np.inf:
                if not leaving or costs[a, b] == LETHAL:
                    continue
                if math.hypot(a - si, b - sj) > escape:
                    continue
                there = trapped
            length = 1.0
            if direction % 2 == 1:
                # Not between two corners: both cells beside have to be open.
                one, other = costs[i, b], costs[a, j]
                if leaving:
                    if one == LETHAL or other == LETHAL:
                        continue
                elif weights[one] == np.inf or weights[other] == np.inf:
                    continue
                length = math.sqrt(2.0)
            cost = np.float32(best[cell] + 0.5 * length * (here + there))
            if cost >= best[neighbour]:
                continue
            best[neighbour], entered[neighbour] = cost, direction
            high, wide = abs(a - gi), abs(b - gj)
            ahead = max(high, wide) + (math.sqrt(2.0) - 1.0) * min(high, wide)
            if size == len(keys):
                keys = np.concatenate((keys, np.empty(size, np.float32)))
                cells = np.concatenate((cells, np.empty(size, np.int32)))
            _rise(keys, cells, size, cost + ahead, neighbour)
            size += 1
    return EXHAUSTED, entered


@njit(cache=True)
def _rise(keys: Numbers, cells: Indices, place: int, key: float, cell: int) -> None:
    """Put an entry into a heap, beginning at its end."""
    while place > 0:
        parent = (place - 1) >> 2
        if keys[parent] <= key:
            break
        keys[place], cells[place] = keys[parent], cells[parent]
        place = parent
    keys[place], cells[place] = key, cell


@njit(cache=True)
def _sink(keys: Numbers, cells: Indices, size: int) -> None:
    """Take the first entry out of a heap that has `size` others, four to a parent."""
    key, cell = keys[size], cells[size]
    place = 0
    while True:
        child = 4 * place + 1
        if child >= size:
            break
        least = child
        for other in range(child + 1, min(child + 4, size)):
            if keys[other] < keys[least]:
                least = other
        if keys[least] >= key:
            break
        keys[place], cells[place] = keys[least], cells[least]
        place = least
    keys[place], cells[place] = key, cell


@njit(cache=True)
def trace(entered: Directions, columns: int, cell: int) -> Indices:
    """Return the flat indices of the way to a cell that was closed, start first."""
    back = np.empty(len(entered), np.int32)
    count = 0
    while True:
        back[count] = cell
        count += 1
        direction = entered[cell] % CLOSED
        if direction == BEGIN:
            break
        cell -= ROW[direction] * columns + COLUMN[direction]
    return back[:count][::-1].copy()


@njit(cache=True)
def nearest(
    costs: Costs,
    weights: Array,
    entered: Directions,
    i0: float,
    j0: float,
    radius: float,
    closed: bool,
) -> int:
    """Return the open cell nearest to a place, or -1.

    Args:
        costs: Shape (rows, columns).
        weights: Of each cost; infinite for closed.
        entered: What the search has left, shape (rows * columns,).
        i0: The place's row, in cells, 0.5 in the middle of the first.
        j0: The place's column.
        radius: How far from there [-].
        closed: Whether only cells count whose cost is final.
    """
    rows, columns = costs.shape
    found, least = -1, radius
    for i in range(max(0, int(i0 - radius)), min(rows, int(i0 + radius) + 1)):
        for j in range(max(0, int(j0 - radius)), min(columns, int(j0 + radius) + 1)):
            away = math.hypot(i + 0.5 - i0, j + 0.5 - j0)
            if away > least or weights[costs[i, j]] == np.inf:
                continue
            if closed and entered[i * columns + j] < CLOSED:
                continue
            found, least = i * columns + j, away
    return found
