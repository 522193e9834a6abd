# SPDX-License-Identifier: Apache-2.0
"""Tasks and dynamics -> the QP of one tick.

Variables: x = [accelerations dv of the reduced body (nv); wrench of each standing foot
in its sole frame, over `FORCE` (6 each)]. Torques are eliminated by
`tau = M_j dv + h_j - J_j' w`, so that of the dynamics only the rows of the floating base
stay as equalities (Herzog et al. 2016, "Momentum control with hierarchical inverse
dynamics"). A foot in the air has no columns: keeping its wrench at zero makes the cone
degenerate and solvers report infeasible problems.

Rows of the constraints, after simple bounds on x: floating base, cone of each standing
foot, torque of each joint.
"""

from typing import NamedTuple

import numba
import numpy as np

from renxing.control.whole_body.config import WholeBodyConfig
from renxing.control.whole_body.frames import FrameTerms
from renxing.spatial import Array, Mask

FORCE = 100.0  # [N] unit of the wrench variables, so that all variables are of one size


class Gains(NamedTuple):
    """The numbers of `WholeBodyConfig` that the kernel needs."""

    com_weight: Array
    momentum_weight: Array
    momentum_damping: float
    stance_weight: float
    stance_damping: float
    landing_damping: float
    swing_weight: float
    swing_stiffness: float
    swing_damping: float
    base_weight: float
    base_stiffness: float
    base_damping: float
    torso_weight: float
    torso_stiffness: float
    torso_damping: float
    link_stiffness: float
    link_damping: float
    posture_stiffness: float
    posture_damping: float
    acceleration_weight: float
    wrench_weight: float
    least_force: float


def gains(config: WholeBodyConfig) -> Gains:
    """Take the kernel's numbers out of a configuration."""
    values = {name: getattr(config, name) for name in Gains._fields}
    for name in ("com_weight", "momentum_weight"):
        values[name] = np.array(values[name])
    return Gains(**values)


class Dynamics(NamedTuple):
    """Of the reduced body in this tick.

    Attributes:
        mass_matrix: M, shape (nv, nv).
        bias: h, with what links press on the outside, shape (nv,).
        gravity: Along odom's axes [m/s²], shape (3,).
        mass: [kg].
        com: Centre of mass in odom [m], shape (3,).
        momentum: Angular, about the centre of mass, along odom's axes, shape (3,).
        position: Of the joints [rad], shape (nv - 6,).
        velocity: Of base and joints, shape (nv,).
        pressed: [force; torque about the centre of mass] that links put on the
            outside, along odom's axes, shape (6,).
    """

    mass_matrix: Array
    bias: Array
    gravity: Array
    mass: float
    com: Array
    momentum: Array
    position: Array
    velocity: Array
    pressed: Array


class Targets(NamedTuple):
    """The task of this tick as arrays, in odom; feet first, then links.

    Attributes:
        com_acceleration: [m/s²], shape (3,).
        base_rotation: Base to odom, shape (3, 3).
        base_rate: Along odom's axes [rad/s], shape (3,).
        torso_rotation: As for the base.
        torso_rate: As for the base.
        posture: Of the joints [rad], shape (nv - 6,).
        posture_weight: shape (nv - 6,).
        stands: Whether a foot stands, shape (F,).
        softness: Of a standing foot, shape (F,).
        force_limit: Of a standing foot [N], shape (F,).
        rotation: Wanted, of feet in the air, shape (F, 3, 3).
        position: Likewise, shape (F, 3).
        twist: Likewise, shape (F, 6).
        acceleration: Likewise, shape (F, 6).
    """

    com_acceleration: Array
    base_rotation: Array
    base_rate: Array
    torso_rotation: Array
    torso_rate: Array
    posture: Array
    posture_weight: Array
    stands: Mask
    softness: Array
    force_limit: Array
    rotation: Array
    position: Array
    twist: Array
    acceleration: Array


class Bounds(NamedTuple):
    """Least and greatest acceleration and torque of each joint of the model."""

    least_acceleration: Array
    most_acceleration: Array
    least_torque: Array
    most_torque: Array


class Problem(NamedTuple):
    """min ½ x'Hx + g'x, lower <= [x; rows x] <= upper."""

    hessian: Array
    gradient: Array
    rows: Array
    lower: Array
    upper: Array


def new_problem(nv: int, cones: list[Array]) -> Problem:
    """Return the problem of a set of standing feet.

    Args:
        nv: Degrees of freedom of the reduced body.
        cones: `wrench_cone` of each standing foot.
    """
    n = nv + 6 * len(cones)
    size = [len(cone) for cone in cones]
    m = 6 + sum(size) + nv - 6
    rows = np.zeros((m, n))
    row = 6
    for index, cone in enumerate(cones):
        rows[row : row + len(cone), nv + 6 * index : nv + 6 * index + 6] = cone
        row += len(cone)
    lower = np.full(n + m, -np.inf)
    upper = np.full(n + m, np.inf)
    upper[n + 6 : n + row] = 0.0
    return Problem(np.zeros((n, n)), np.zeros(n), rows, lower, upper)


@numba.njit(cache=True)
def _rotation_error(rotation, wanted):  # type: ignore[no-untyped-def]
    """Return log(rotation' wanted), along the axes of the rotated frame [rad]."""
    r = rotation.T.copy() @ wanted
    axis = 0.5 * np.array([r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]])
    sine = np.sqrt(axis[0] ** 2 + axis[1] ** 2 + axis[2] ** 2)
    if sine < 1e-6:
        return axis
    cosine = 0.5 * (r[0, 0] + r[1, 1] + r[2, 2] - 1.0)
    return axis * (np.arctan2(sine, cosine) / sine)


@numba.njit(cache=True)
def _add_task(problem, frames, f, first, weight, target):  # type: ignore[no-untyped-def]
    """Add Σ weight (J dv - target)² of rows `first`.. of the Jacobian of a frame."""
    hessian, gradient = problem.hessian, problem.gradient
    columns, jacobian = frames.columns[f], frames.jacobian[f]
    for i in range(frames.count[f]):
        ci = columns[i]
        total = 0.0
        for k in range(len(weight)):
            total += jacobian[first + k, ci] * weight[k] * target[k]
        gradient[ci] -= total
        for j in range(i + 1):
            cj = columns[j]
            total = 0.0
            for k in range(len(weight)):
                total += jacobian[first + k, ci] * weight[k] * jacobian[first + k, cj]
            hessian[ci, cj] += total
            if i != j:
                hessian[cj, ci] += total


@numba.njit(cache=True)
def _pose_target(frames, f, rotation, position, twist, stiffness, damping, out):  # type: ignore[no-untyped-def]
    """Fill the acceleration that brings a frame to a pose and twist, its own axes."""
    back = frames.rotation[f].T.copy()
    out[:3] = back @ (
        stiffness * (position - frames.position[f])
        + damping * (twist[:3] - frames.velocity[f, :3])
    )
    out[3:] = stiffness * _rotation_error(frames.rotation[f], rotation) + damping * (
        back @ (twist[3:] - frames.velocity[f, 3:])
    )
    out -= frames.drift[f]


@numba.njit(cache=True)
def add_link(problem, frames, f, rotation, position, twist, weights, gains):  # type: ignore[no-untyped-def]
    """Add the pose task of a link."""
    target = np.zeros(6)
    _pose_target(
        frames, f, rotation, position, twist,
        gains.link_stiffness, gains.link_damping, target,
    )  # fmt: skip
    weight = np.zeros(6)
    weight[:3] = weights[0]
    weight[3:] = weights[1]
    _add_task(problem, frames, f, 0, weight, target)


@numba.njit(cache=True)
def assemble(problem, frames, dynamics, targets, bounds, gains, base_rotation):  # type: ignore[no-untyped-def]
    """Fill a problem made by `new_problem` for the feet that stand.

    The frames are the soles and then the torso.
    """
    hessian, gradient = problem.hessian, problem.gradient
    nv, n = len(dynamics.bias), len(gradient)
    hessian[:] = 0.0
    gradient[:] = 0.0
    weight, target = np.zeros(6), np.zeros(6)
    feet = len(targets.stands)
    for f in range(feet):
        if targets.stands[f]:
            _stance_target(frames, f, targets.softness[f], gains, weight, target)
        else:
            _pose_target(
                frames, f, targets.rotation[f], targets.position[f], targets.twist[f],
                gains.swing_stiffness, gains.swing_damping, target,
            )  # fmt: skip
            back = frames.rotation[f].T.copy()
            target[:3] += back @ targets.acceleration[f, :3]
            target[3:] += back @ targets.acceleration[f, 3:]
            weight[:] = gains.swing_weight
        _add_task(problem, frames, f, 0, weight, target)
    _attitudes(problem, frames, feet, dynamics, targets, gains, base_rotation)
    for i in range(nv):
        hessian[i, i] += gains.acceleration_weight
    for i in range(nv - 6):
        w = targets.posture_weight[i]
        wanted = (
            gains.posture_stiffness * (targets.posture[i] - dynamics.position[i])
            - gains.posture_damping * dynamics.velocity[6 + i]
        )
        hessian[6 + i, 6 + i] += w
        gradient[6 + i] -= w * wanted
    _centroidal(problem, frames, dynamics, targets, gains)
    for i in range(nv, n):
        hessian[i, i] += gains.wrench_weight
    _constraints(problem, frames, dynamics, targets, bounds, gains)


@numba.njit(cache=True)
def _stance_target(frames, f, softness, gains, weight, target):  # type: ignore[no-untyped-def]
    back = frames.rotation[f].T.copy()
    velocity = np.zeros(6)
    velocity[:3] = back @ frames.velocity[f, :3]
    velocity[3:] = back @ frames.velocity[f, 3:]
    weight[:] = gains.stance_weight
    target[:] = -gains.stance_damping * velocity - frames.drift[f]
    if softness > 0.0:
        for k in range(3, 5):
            weight[k] *= 10.0 ** (-4.0 * softness)
            target[k] = -gains.landing_damping * velocity[k] - frames.drift[f, k]


@numba.njit(cache=True)
def _attitudes(problem, frames, torso, dynamics, targets, gains, base_rotation):  # type: ignore[no-untyped-def]
    hessian, gradient = problem.hessian, problem.gradient
    back = base_rotation.T.copy()
    error = _rotation_error(base_rotation, targets.base_rotation)
    rate = back @ targets.base_rate - dynamics.velocity[3:6]
    wanted = gains.base_stiffness * error + gains.base_damping * rate
    for k in range(3):
        hessian[3 + k, 3 + k] += gains.base_weight
        gradient[3 + k] -= gains.base_weight * wanted[k]
    back = frames.rotation[torso].T.copy()
    error = _rotation_error(frames.rotation[torso], targets.torso_rotation)
    rate = back @ (targets.torso_rate - frames.velocity[torso, 3:])
    wanted = (
        gains.torso_stiffness * error
        + gains.torso_damping * rate
        - frames.drift[torso, 3:]
    )
    _add_task(problem, frames, torso, 3, np.full(3, gains.torso_weight), wanted)


@numba.njit(cache=True)
def _centroidal(problem, frames, dynamics, targets, gains):  # type: ignore[no-untyped-def]
    """Add the tasks of the centre of mass and angular momentum, on the wrenches."""
    nv, n = len(dynamics.bias), len(problem.gradient)
    effect = np.zeros((6, n - nv))
    column = 0
    for f in range(len(targets.stands)):
        if targets.stands[f]:
            turn = frames.rotation[f]
            arm = frames.position[f] - dynamics.com
            for k in range(3):
                x, y, z = turn[0, k] * FORCE, turn[1, k] * FORCE, turn[2, k] * FORCE
                effect[0, column + k] = x / dynamics.mass
                effect[1, column + k] = y / dynamics.mass
                effect[2, column + k] = z / dynamics.mass
                effect[3, column + k] = arm[1] * z - arm[2] * y
                effect[4, column + k] = arm[2] * x - arm[0] * z
                effect[5, column + k] = arm[0] * y - arm[1] * x
                effect[3, column + 3 + k] = x
                effect[4, column + 3 + k] = y
                effect[5, column + 3 + k] = z
            column += 6
    wanted, weight = np.zeros(6), np.zeros(6)
    wanted[:3] = (
        targets.com_acceleration
        - dynamics.gravity
        + dynamics.pressed[:3] / dynamics.mass
    )
    wanted[3:] = -gains.momentum_damping * dynamics.momentum + dynamics.pressed[3:]
    weight[:3] = gains.com_weight
    weight[3:] = 0.01 * gains.momentum_weight
    for i in range(n - nv):
        total = 0.0
        for k in range(6):
            total += effect[k, i] * weight[k] * wanted[k]
        problem.gradient[nv + i] -= total
        for j in range(n - nv):
            total = 0.0
            for k in range(6):
                total += effect[k, i] * weight[k] * effect[k, j]
            problem.hessian[nv + i, nv + j] += total


@numba.njit(cache=True)
def _constraints(problem, frames, dynamics, targets, bounds, gains):  # type: ignore[no-untyped-def]
    lower, upper, rows = problem.lower, problem.upper, problem.rows
    nv, n = len(dynamics.bias), len(problem.gradient)
    torque_row = len(rows) - (nv - 6)
    for i in range(nv - 6):
        lower[6 + i] = bounds.least_acceleration[i]
        upper[6 + i] = bounds.most_acceleration[i]
        lower[n + torque_row + i] = bounds.least_torque[i] - dynamics.bias[6 + i]
        upper[n + torque_row + i] = bounds.most_torque[i] - dynamics.bias[6 + i]
    for i in range(6):
        lower[n + i] = upper[n + i] = -dynamics.bias[i]
    for i in range(nv):
        row = i if i < 6 else torque_row + i - 6
        for j in range(nv):
            rows[row, j] = dynamics.mass_matrix[i, j]
    column = nv
    for f in range(len(targets.stands)):
        if targets.stands[f]:
            # A limit of zero would make the cone degenerate.
            most = max(targets.force_limit[f], 1.0)
            upper[column + 2] = most / FORCE
            lower[column + 2] = min(gains.least_force, 0.2 * most) / FORCE
            for c in range(frames.count[f]):
                i = frames.columns[f, c]
                row = i if i < 6 else torque_row + i - 6
                for k in range(6):
                    rows[row, column + k] = -FORCE * frames.jacobian[f, k, i]
            column += 6
