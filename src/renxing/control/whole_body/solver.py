# SPDX-License-Identifier: Apache-2.0
"""Solve the QP of one tick with DAQP, an exact dual active-set method.

Method: Arnström, Bemporad, Axehill 2022, "A dual active-set solver for embedded
quadratic programming using recursive LDL' updates".
"""

import daqp
import numpy as np

from renxing.control.whole_body.elimination import Problem
from renxing.spatial import Array

SOFT = 8  # DAQP's mark of a constraint that may be broken where nothing else helps
SLACK = 1e-5  # DAQP's price of breaking it: bounds give way by some 0.01 rad/s²
SOLVED = (1, 2)  # DAQP's status: optimal; optimal with soft constraints broken
ITERATIONS = 200  # a tick must end; ordinary ones take fewer than 50
STRICT, LOOSE = 1e-6, 1e-5  # by which constraints may be missed, in their rows' units


class Solver:
    """Solves problems of one shape; the bounds of the joints' accelerations are soft.

    Without them a problem always has a solution: no torques at all, any wrench inside
    the cones, and the accelerations that follow. So they are left out where DAQP does
    not get to an end with them; where it still turns in circles, between constraints
    that are the same but for rounding, it may miss them by more.
    """

    def __init__(self, problem: Problem, joints: int) -> None:
        """Mark the constraints.

        Args:
            problem: Of the shape.
            joints: How many of the first variables are accelerations of joints.
        """
        self._joints = joints
        self._sense = np.zeros(len(problem.lower), dtype=np.int32)
        self._sense[:joints] = SOFT

    def solve(self, problem: Problem) -> Array | None:
        """Return the solution y, or None if there is none."""
        y = self._try(problem)
        if y is None:
            problem.lower[: self._joints] = -np.inf
            problem.upper[: self._joints] = np.inf
            y = self._try(problem)
        return self._try(problem, LOOSE) if y is None else y

    def _try(self, problem: Problem, tolerance: float = STRICT) -> Array | None:
        y, _, status, _ = daqp.solve(
            problem.hessian,
            problem.gradient,
            problem.rows,
            problem.upper,
            problem.lower,
            self._sense.copy(),  # DAQP leaves the active set in it
            iter_limit=ITERATIONS,
            rho_soft=SLACK,
            primal_tol=tolerance,
        )
        if status not in SOLVED or not np.isfinite(y).all():
            return None
        return np.asarray(y)
