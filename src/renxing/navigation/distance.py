# SPDX-License-Identifier: Apache-2.0
"""How far each cell is from the nearest lethal one; compiled.

Method: the squared Euclidean distance by two passes of lower envelopes of parabolas
(Felzenszwalb & Huttenlocher 2012, "Distance transforms of sampled functions"), exact
and linear in the number of cells.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

Squared = npt.NDArray[np.float32]

LETHAL = 254
UNKNOWN = 255


@njit(cache=True)
def distances(costs: npt.NDArray[np.uint8], reach: float, unknown: bool) -> Squared:
    """Return squared distances to lethal cells, middle to middle.

    Args:
        costs: Shape (rows, columns).
        reach: Distance in cells beyond which it need not be exact [-].
        unknown: Whether unknown cells count as lethal.

    Returns:
        In cells, squared; infinite where nothing lethal is near.
    """
    rows, columns = costs.shape
    squared = np.full((rows, columns), np.float32(np.inf), np.float32)
    far = int(reach) + 1
    # Along rows the nearest one is counted; only what is within reach matters.
    for i in range(rows):
        last = -far - 1
        for j in range(columns):
            if costs[i, j] == LETHAL or (unknown and costs[i, j] == UNKNOWN):
                last = j
            if j - last <= far:
                squared[i, j] = np.float32((j - last) * (j - last))
        last = columns + far
        for j in range(columns - 1, -1, -1):
            if costs[i, j] == LETHAL or (unknown and costs[i, j] == UNKNOWN):
                last = j
            if last - j <= far:
                gap = np.float32((last - j) * (last - j))
                squared[i, j] = min(squared[i, j], gap)
    column = np.empty(rows, np.float32)
    vertex = np.empty(rows, np.int64)
    begin = np.empty(rows + 1, np.float64)
    for j in range(columns):
        k = -1
        for i in range(rows):
            column[i] = squared[i, j]
            if column[i] == np.inf:
                continue
            meet = -np.inf
            while k >= 0:
                v = vertex[k]
                above = (column[i] + i * i) - (column[v] + v * v)
                meet = above / (2.0 * (i - v))
                if meet > begin[k]:
                    break
                k -= 1
                meet = -np.inf
            k += 1
            vertex[k] = i
            begin[k] = meet
        if k < 0:
            continue
        last, k = k, 0
        for i in range(rows):
            while k < last and begin[k + 1] < i:
                k += 1
            v = vertex[k]
            squared[i, j] = np.float32((i - v) * (i - v)) + column[v]
    return squared
