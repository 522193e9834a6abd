# SPDX-License-Identifier: Apache-2.0
"""Cost, dynamics and limits -> the QP that is solved, without equalities.

Torques are eliminated by `tau = M_j dv + h_j - J_j' w`, so that of the dynamics only
the rows of the floating base stay (Herzog et al. 2016, "Momentum control with
hierarchical inverse dynamics"). These are solved for the acceleration of the base,
which has no bounds of its own: `dv_b = D y + c` with y = [accelerations of the joints;
wrenches]. What is left has inequalities only, and an active-set method is done at once
in most ticks.

Constraints: simple bounds on y, then the cone of each standing foot, then the torques.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from renxing.control.whole_body.assembly import Cost
from renxing.control.whole_body.frames import FrameTerms
from renxing.control.whole_body.limits import Bounds
from renxing.control.whole_body.reduced_body import Dynamics
from renxing.spatial import Array, Mask


class Problem(NamedTuple):
    """min ½ y'Hy + g'y, lower <= [y; rows y] <= upper; and the way back to x.

    Attributes:
        hessian: H, shape (m, m).
        gradient: g, shape (m,).
        rows: Of the constraints after the simple bounds, shape (r, m).
        lower: shape (m + r,).
        upper: shape (m + r,).
        slope: D, shape (6, m).
        offset: c, shape (6,).
    """

    hessian: Array
    gradient: Array
    rows: Array
    lower: Array
    upper: Array
    slope: Array
    offset: Array


def new_problem(nv: int, cones: list[Array]) -> tuple[Cost, Problem]:
    """Return arrays to fill, for a set of standing feet.

    Args:
        nv: Degrees of freedom of the reduced body.
        cones: `wrench_cone` of each standing foot.
    """
    n = nv + 6 * len(cones)
    m, joints = n - 6, nv - 6
    height = sum(len(cone) for cone in cones)
    rows = np.zeros((height + joints, m))
    first = 0
    for index, cone in enumerate(cones):
        column = joints + 6 * index
        rows[first : first + len(cone), column : column + 6] = cone
        first += len(cone)
    lower = np.full(m + len(rows), -np.inf)
    upper = np.full(m + len(rows), np.inf)
    upper[m : m + height] = 0.0
    return Cost(np.zeros((n, n)), np.zeros(n)), Problem(
        hessian=np.zeros((m, m)),
        gradient=np.zeros(m),
        rows=rows,
        lower=lower,
        upper=upper,
        slope=np.zeros((6, m)),
        offset=np.zeros(6),
    )


@njit(cache=True)
def _add(row: Array, share: float, other: Array) -> None:
    """Add a share of another row."""
    for j in range(len(row)):  # an array expression would allocate
        row[j] += share * other[j]


@njit(cache=True)
def _solve_base(matrix: Array, slope: Array, offset: Array) -> None:
    """Replace right-hand sides by solutions of `M_bb z = side`, by Cholesky."""
    factor = np.zeros((6, 6))
    for i in range(6):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= factor[i, k] * factor[j, k]
            factor[i, j] = np.sqrt(total) if i == j else total / factor[j, j]
    for i in range(6):
        for k in range(i):
            _add(slope[i], -factor[i, k], slope[k])
            offset[i] -= factor[i, k] * offset[k]
        slope[i] /= factor[i, i]
        offset[i] /= factor[i, i]
    for i in range(5, -1, -1):
        for k in range(i + 1, 6):
            _add(slope[i], -factor[k, i], slope[k])
            offset[i] -= factor[k, i] * offset[k]
        slope[i] /= factor[i, i]
        offset[i] /= factor[i, i]


@njit(cache=True)
def eliminate(
    problem: Problem,
    cost: Cost,
    frames: FrameTerms,
    dynamics: Dynamics,
    bounds: Bounds,
    stands: Mask,
    force_limit: Array,
    least_force: float,
    unit: float,
) -> None:
    """Fill the problem of the feet that stand.

    Args:
        problem: To fill.
        cost: Of accelerations and wrenches.
        frames: The soles, first.
        dynamics: Of this tick.
        bounds: Of the joints.
        stands: Whether each foot stands, shape (feet,).
        force_limit: Greatest normal force of each foot [N], shape (feet,).
        least_force: Least one of a standing foot [N].
        unit: Of the wrench variables [N]; an argument, for numba's cache on disk does
            not see changes of constants in other files.
    """
    matrix, slope, offset = dynamics.mass_matrix, problem.slope, problem.offset
    rows, lower, upper = problem.rows, problem.lower, problem.upper
    joints, m = len(bounds.most_torque), len(problem.gradient)
    first = len(rows) - joints  # row of the first joint's torque
    for i in range(6):
        offset[i] = -dynamics.bias[i]
        slope[i, :joints] = -matrix[i, 6:]
    for i in range(joints):
        rows[first + i, :joints] = matrix[6 + i, 6:]
        rows[first + i, joints:] = 0.0
    column = joints
    for f in range(len(stands)):
        if stands[f]:
            # With a limit of zero the cone would be degenerate.
            most = max(force_limit[f], 1.0)
            upper[column + 2] = most / unit
            lower[column + 2] = min(least_force, 0.2 * most) / unit
            for c in range(frames.size[f]):
                i = frames.columns[f, c]
                for k in range(6):
                    pull = unit * frames.jacobian[f, k, i]
                    if i < 6:
                        slope[i, column + k] = pull
                    else:
                        rows[first + i - 6, column + k] = -pull
            column += 6
    _solve_base(matrix, slope, offset)
    for i in range(joints):
        row = rows[first + i]
        bias = dynamics.bias[6 + i]
        for k in range(6):
            bias += matrix[6 + i, k] * offset[k]
            _add(row, matrix[6 + i, k], slope[k])
        lower[i] = bounds.least_acceleration[i]
        upper[i] = bounds.most_acceleration[i]
        lower[m + first + i] = bounds.least_torque[i] - bias
        upper[m + first + i] = bounds.most_torque[i] - bias
    _reduce_cost(problem, cost)


@njit(cache=True)
def _reduce_cost(problem: Problem, cost: Cost) -> None:
    """Put `[D y + c; y]` for x into the cost."""
    slope, offset, reduced = problem.slope, problem.offset, problem.gradient
    hessian, gradient, m = cost.hessian, cost.gradient, len(reduced)
    # half = H_by + ½ H_bb D, so that H_yy + D'half + half'D is the new Hessian.
    half = hessian[:6, 6:].copy()
    reduced[:] = gradient[6:]
    for k in range(6):
        along = gradient[k]
        for i in range(6):
            _add(half[k], 0.5 * hessian[k, i], slope[i])
            along += hessian[k, i] * offset[i]
        _add(reduced, along, slope[k])
        _add(reduced, offset[k], hessian[k, 6:])
    for i in range(m):
        row = problem.hessian[i]
        row[:] = hessian[6 + i, 6:]
        for k in range(6):
            a, b = slope[k, i], half[k, i]
            for j in range(m):
                row[j] += a * half[k, j] + b * slope[k, j]


@njit(cache=True)
def expand(problem: Problem, y: Array) -> Array:
    """Return x = [accelerations of base and joints; wrenches] of a solution y."""
    x = np.empty(6 + len(y))
    for k in range(6):
        total = problem.offset[k]
        for j in range(len(y)):
            total += problem.slope[k, j] * y[j]
        x[k] = total
    x[6:] = y
    return x
