# SPDX-License-Identifier: Apache-2.0
"""Solve the QP of one tick with DAQP, an exact dual active-set method.

Method: Arnström, Bemporad, Axehill 2022, "A dual active-set solver for embedded
quadratic programming using recursive LDL' updates".
"""

import daqp
import numpy as np

from renxing.control.whole_body.assembly import Problem
from renxing.spatial import Array

EQUALITY, SOFT = 5, 8  # kinds of constraints in DAQP
SOLVED = (1, 2)  # optimal; optimal with soft constraints violated


class Solver:
    """Solves problems of one shape."""

    def __init__(self, problem: Problem, soft: slice) -> None:
        """Mark the constraints: the first six rows are equalities.

        Args:
            problem: Of the shape.
            soft: Variables whose simple bounds may be broken where nothing else helps.
        """
        n = len(problem.gradient)
        self._sense = np.zeros(len(problem.lower), dtype=np.int32)
        self._sense[soft] = SOFT
        self._sense[n : n + 6] = EQUALITY

    def solve(self, problem: Problem) -> Array | None:
        """Return the solution, or None if there is none."""
        x, _, status, _ = daqp.solve(
            problem.hessian,
            problem.gradient,
            problem.rows,
            problem.upper,
            problem.lower,
            self._sense.copy(),
        )
        if status not in SOLVED or not np.isfinite(x).all():
            return None
        return np.array(x)
