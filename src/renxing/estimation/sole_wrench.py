# SPDX-License-Identifier: Apache-2.0
"""The wrench of the ground on each sole: measured by its cell, or worked out.

In: force/torque cells, generalised ground forces (`legs`).  Out: wrenches in the sole
frames.  A cell that is missing or not believed is replaced by the wrench that explains
the torques of the leg and, weakly, the weight of the body: a weighted least-squares
solution with small wrenches preferred, since a straight leg shows no load in its
torques (Kay, Fundamentals of Statistical Signal Processing, 1993, ch. 12).
"""

from collections.abc import Sequence

import numpy as np
from numba import njit

from renxing.errors import ConfigError, ModelError
from renxing.robot import Robot
from renxing.signals import WrenchSample
from renxing.spatial import SE3, Array, Mask

# Standard deviations of what the least squares weigh.
_TORQUE = 3.0  # [N·m] of a leg's torque: friction, motor constants
# [N] of the weight: arms and waist are taken as rigid, and hands or a hoist may carry.
# It decides only where torques say nothing, as on a straight leg.
_BODY_FORCE = 400.0
_FORCE, _MOMENT = 2000.0, 100.0  # [N], [N·m] of a wrench of which nothing is known


@njit(cache=True)
def explain(jacobians: Array, load: Array, out: Array) -> None:
    """Write the sole wrenches that explain a generalised force.

    Args:
        jacobians: Of the soles in their frames, shape (soles, 6, 6 + m).
        load: Generalised force of the ground, shape (6 + m,).
        out: Wrenches in the sole frames [N, N·m], shape (soles, 6).
    """
    soles, _, size = jacobians.shape
    count = 6 * soles
    matrix = np.zeros((count, count))
    vector = np.zeros(count)
    for i in range(count):
        scale = _FORCE if i % 6 < 3 else _MOMENT
        matrix[i, i] = 1.0 / scale**2
    for k in range(size):
        if 3 <= k < 6:
            continue  # the arms' swing is in the moments of the base
        weight = 1.0 / (_BODY_FORCE if k < 3 else _TORQUE) ** 2
        for i in range(count):
            left = weight * jacobians[i // 6, i % 6, k]
            if left == 0.0:
                continue
            vector[i] += left * load[k]
            for j in range(i + 1):
                matrix[i, j] += left * jacobians[j // 6, j % 6, k]
    # Cholesky's factorisation and two substitutions, in place.
    for i in range(count):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            matrix[i, j] = np.sqrt(total) if i == j else total / matrix[j, j]
    for i in range(count):
        for k in range(i):
            vector[i] -= matrix[i, k] * vector[k]
        vector[i] /= matrix[i, i]
    for i in range(count - 1, -1, -1):
        for k in range(i + 1, count):
            vector[i] -= matrix[k, i] * vector[k]
        vector[i] /= matrix[i, i]
        out[i // 6, i % 6] = vector[i]


class SoleCells:
    """The force/torque cells of the feet, and whether they are believed.

    Attributes:
        wrench: Of the ground, in the sole frames [N, N·m], shape (feet, 6); what a
            cell that is not believed said last.
        believed: Whether each foot has a cell and its values are plausible.
    """

    def __init__(self, robot: Robot, frozen_time: float, force_limit: float) -> None:
        """Find the cells.

        Args:
            robot: The robot.
            frozen_time: For how long equal values are believed [s].
            force_limit: Greatest plausible force, in weights of the robot [-].

        Raises:
            ModelError: If a cell does not measure the link that bears the sole.
        """
        cells = robot.description.sensors.force_torque
        names = [cell.name for cell in cells]
        feet = robot.description.feet
        self._count = len(cells)
        self._frozen_time = frozen_time
        self._limit = -force_limit * robot.mass * float(robot.model.gravity.linear[2])
        self._place = [
            names.index(foot.force_torque) if foot.force_torque in names else -1
            for foot in feet
        ]
        self._rotation = np.zeros((len(feet), 3, 3))
        self._lever = np.zeros((len(feet), 3))
        for index, (foot, place) in enumerate(zip(feet, self._place, strict=True)):
            if place < 0:
                continue
            sole = robot.model.frames[robot.frame(foot.sole)]
            cell = robot.model.frames[robot.frame(cells[place].frame)]
            if sole.parentJoint != cell.parentJoint:
                raise ModelError(
                    f"{robot.name}: cell '{cells[place].name}' and sole "
                    f"'{foot.sole}' are not fixed to each other"
                )
            cell_to_sole: SE3 = sole.placement.inverse() * cell.placement
            self._rotation[index] = cell_to_sole.rotation
            self._lever[index] = cell_to_sole.translation
        self.wrench = np.zeros((len(feet), 6))
        self.believed: Mask = np.zeros(len(feet), dtype=bool)
        self._raw = np.full((len(feet), 6), np.nan)
        self._equal = np.zeros(len(feet))

    def reset(self) -> None:
        """Forget what the cells said."""
        self.wrench[:] = 0.0
        self.believed[:] = False
        self._raw[:] = np.nan
        self._equal[:] = 0.0

    def step(self, wrenches: Sequence[WrenchSample], dt: float) -> None:
        """Take the cells of this cycle.

        Args:
            wrenches: In the order of the robot's file; () for none.
            dt: Since the last call [s].

        Raises:
            ConfigError: If there are neither none nor as many as the robot has.
        """
        if len(wrenches) not in (0, self._count):
            raise ConfigError(
                f"{len(wrenches)} wrenches; none or {self._count} wanted, in the "
                f"order of the robot's file"
            )
        for foot, place in enumerate(self._place):
            if place < 0 or not wrenches:
                self.believed[foot] = False
                continue
            sample = wrenches[place]
            raw = np.concatenate((sample.force, sample.torque))
            same = bool((raw == self._raw[foot]).all())
            self._equal[foot] = self._equal[foot] + dt if same else 0.0
            self._raw[foot] = raw
            size = float(np.abs(raw).max())  # NaN fails the comparison
            self.believed[foot] = (
                size < self._limit and self._equal[foot] <= self._frozen_time
            )
            if self.believed[foot]:
                force = self._rotation[foot] @ raw[:3]
                arm, out = self._lever[foot], self.wrench[foot]
                out[:3] = force
                out[3:] = self._rotation[foot] @ raw[3:]
                out[3] += arm[1] * force[2] - arm[2] * force[1]
                out[4] += arm[2] * force[0] - arm[0] * force[2]
                out[5] += arm[0] * force[1] - arm[1] * force[0]
