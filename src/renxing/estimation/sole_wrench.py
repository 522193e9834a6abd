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
def _explain(jacobians: Array, load: Array, out: Array) -> None:
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


@njit(cache=True)
def _judge(
    raw: Array,
    last: Array,
    equal: Array,
    believed: Mask,
    limit: float,
    frozen_time: float,
    dt: float,
) -> None:
    """Tell which cells are believed.

    Args:
        raw: What they say [N, N·m], NaN where there is none, shape (feet, 6).
        last: What they said last, to renew, shape (feet, 6).
        equal: For how long that has been the same [s], to renew, shape (feet,).
        believed: To fill, shape (feet,).
        limit: Greatest plausible value.
        frozen_time: For how long equal values are believed [s].
        dt: Since the last call [s].
    """
    for foot in range(raw.shape[0]):
        plausible = same = True
        for i in range(6):
            value = raw[foot, i]
            plausible = plausible and abs(value) < limit  # not if it is NaN
            same = same and value == last[foot, i]
            last[foot, i] = value
        equal[foot] = equal[foot] + dt if same else 0.0
        believed[foot] = plausible and equal[foot] <= frozen_time


@njit(cache=True)
def _fill_wrenches(
    raw: Array,
    believed: Mask,
    rotations: Array,
    levers: Array,
    jacobians: Array,
    load: Array,
    out: Array,
) -> None:
    """Write the wrench of the ground on each sole, measured or worked out.

    Args:
        raw: What the cells say in their frames [N, N·m], shape (feet, 6).
        believed: Which of them count, shape (feet,).
        rotations: Cell to sole, shape (feet, 3, 3).
        levers: Of the cells in the sole frames [m], shape (feet, 3).
        jacobians: Of the soles in their frames, shape (feet, 6, 6 + m).
        load: Generalised force of the ground, shape (6 + m,).
        out: Wrenches in the sole frames [N, N·m], shape (feet, 6).
    """
    if not believed.all():
        _explain(jacobians, load, out)
    for foot in range(len(believed)):
        if not believed[foot]:
            continue
        own = out[foot]
        for i in range(3):
            own[i] = own[3 + i] = 0.0
            for j in range(3):
                own[i] += rotations[foot, i, j] * raw[foot, j]
                own[3 + i] += rotations[foot, i, j] * raw[foot, 3 + j]
        x, y, z = levers[foot]
        own[3] += y * own[2] - z * own[1]
        own[4] += z * own[0] - x * own[2]
        own[5] += x * own[1] - y * own[0]


class SoleCells:
    """The force/torque cells of the feet, and whether they are believed.

    Attributes:
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
        self.believed: Mask = np.zeros(len(feet), dtype=bool)
        self._raw = np.full((len(feet), 6), np.nan)
        self._last = np.full((len(feet), 6), np.nan)
        self._equal = np.zeros(len(feet))

    def reset(self) -> None:
        """Forget what the cells said."""
        self.believed[:] = False
        self._raw[:] = np.nan
        self._last[:] = np.nan
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
        if not wrenches:
            self.believed[:] = False
            return
        for raw, place in zip(self._raw, self._place, strict=True):
            if place >= 0:
                raw[:3] = wrenches[place].force
                raw[3:] = wrenches[place].torque
        _judge(
            *(self._raw, self._last, self._equal, self.believed),
            *(self._limit, self._frozen_time, dt),
        )

    def fill(self, jacobians: Array, load: Array, out: Array) -> None:
        """Write the wrench of the ground on each sole, measured or worked out.

        Args:
            jacobians: As in `Legs`, shape (feet, 6, 6 + m).
            load: As in `Legs`, shape (6 + m,).
            out: In the sole frames [N, N·m], shape (feet, 6).
        """
        _fill_wrenches(
            *(self._raw, self.believed, self._rotation, self._lever),
            *(jacobians, load, out),
        )
