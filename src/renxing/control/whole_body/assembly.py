# SPDX-License-Identifier: Apache-2.0
"""Tasks -> cost of the QP of one tick.

Variables: x = [accelerations dv of the reduced body (nv); wrench of each standing
foot in its sole frame, over `FORCE` (6 each)]. Each task adds `weight (A x - target)²`.
Those of the centre of mass and of the angular momentum act on the wrenches alone, by
Newton's and Euler's law, so that they need no derivative of the centroidal momentum
matrix. A foot in the air has no columns: keeping its wrench at zero makes the cone
degenerate and solvers report infeasible problems.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from renxing.control.whole_body.config import WholeBodyConfig
from renxing.control.whole_body.frames import FrameTerms
from renxing.control.whole_body.reduced_body import Dynamics
from renxing.spatial import Array, Mask

FORCE = 100.0  # [N] unit of the wrench variables, so that all variables are of one size


class Gains(NamedTuple):
    """The numbers of `WholeBodyConfig` that the cost needs, for one robot's size."""

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


def gains(config: WholeBodyConfig, height: float, mass: float) -> Gains:
    """Take the cost's numbers out of a configuration, for a robot's size.

    Args:
        config: Weights of accelerations in m/s².
        height: Of the robot's centre of mass [m].
        mass: Of the robot [kg].

    Returns:
        Weights of accelerations in rad/s² for base and torso, and of N·m for the rate
        of the angular momentum.
    """
    values = {name: getattr(config, name) for name in Gains._fields}
    values["com_weight"] = np.array(config.com_weight)
    values["momentum_weight"] = np.array(config.momentum_weight) / (mass * height) ** 2
    for name in ("base_weight", "torso_weight"):
        values[name] *= height**2
    return Gains(**values)


class Cost(NamedTuple):
    """½ x'Hx + g'x, in arrays that the kernels fill, shapes (n, n) and (n,)."""

    hessian: Array
    gradient: Array


class Targets(NamedTuple):
    """The task of this tick as arrays, in odom; F feet.

    Attributes:
        com_acceleration: [m/s²], shape (3,).
        base_rotation: Base to odom, shape (3, 3).
        base_rate: Along odom's axes [rad/s], shape (3,).
        torso_rotation: As for the base.
        torso_rate: As for the base.
        posture: Of the joints [rad], shape (nv - 6,).
        posture_weight: Of each joint, shape (nv - 6,).
        pressed: [force; torque about the centre of mass] that links put on the
            outside, along odom's axes, shape (6,).
        stands: Whether a foot stands, shape (F,).
        softness: Of a standing foot, shape (F,).
        force_limit: Of a standing foot [N], shape (F,).
        rotation: Wanted, of a foot in the air, shape (F, 3, 3).
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
    pressed: Array
    stands: Mask
    softness: Array
    force_limit: Array
    rotation: Array
    position: Array
    twist: Array
    acceleration: Array


@njit(cache=True)
def rotation_error(rotation: Array, wanted: Array) -> Array:
    """Return log(rotation' wanted), along the axes of the rotated frame [rad]."""
    r = rotation.T.copy() @ wanted
    axis = 0.5 * np.array([r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]])
    sine = np.sqrt(axis[0] ** 2 + axis[1] ** 2 + axis[2] ** 2)
    if sine < 1e-6:
        return axis
    cosine = 0.5 * (r[0, 0] + r[1, 1] + r[2, 2] - 1.0)
    axis *= np.arctan2(sine, cosine) / sine
    return axis


@njit(cache=True)
def _add(
    cost: Cost, frames: FrameTerms, f: int, first: int, weight: Array, target: Array
) -> None:
    """Add the rows from `first` on of the Jacobian of frame f, as many as weights."""
    hessian, gradient = cost.hessian, cost.gradient
    columns, jacobian = frames.columns[f], frames.jacobian[f]
    for k in range(len(weight)):
        row = jacobian[first + k]
        for i in range(frames.size[f]):
            scaled = weight[k] * row[columns[i]]
            gradient[columns[i]] -= scaled * target[k]
            for j in range(frames.size[f]):
                hessian[columns[i], columns[j]] += scaled * row[columns[j]]


@njit(cache=True)
def _pose_target(
    frames: FrameTerms,
    f: int,
    pose: tuple[Array, Array, Array],
    stiffness: float,
    damping: float,
    target: Array,
) -> None:
    """Fill J dv that brings frame f to rotation, position and twist, in its axes."""
    rotation, position, twist = pose
    back = frames.rotation[f].T.copy()
    shift = position - frames.position[f]
    rate = twist - frames.velocity[f]
    turn = rotation_error(frames.rotation[f], rotation)
    target[:3] = back @ (stiffness * shift + damping * rate[:3])
    target[3:] = stiffness * turn + damping * (back @ rate[3:])
    target -= frames.drift[f]


@njit(cache=True)
def add_link(
    cost: Cost,
    frames: FrameTerms,
    f: int,
    pose: tuple[Array, Array, Array],
    weights: tuple[float, float],
    gains: Gains,
) -> None:
    """Add the task of a link: rotation, position and twist of frame f."""
    target, weight = np.zeros(6), np.zeros(6)
    _pose_target(frames, f, pose, gains.link_stiffness, gains.link_damping, target)
    weight[:3] = weights[0]
    weight[3:] = weights[1]
    _add(cost, frames, f, 0, weight, target)


@njit(cache=True)
def fill_cost(
    cost: Cost, frames: FrameTerms, dynamics: Dynamics, targets: Targets, gains: Gains
) -> None:
    """Fill the cost of all tasks but those of links.

    The frames are the soles and then the torso.
    """
    hessian, gradient = cost.hessian, cost.gradient
    nv, n = len(dynamics.bias), len(gradient)
    hessian[:] = 0.0
    gradient[:] = 0.0
    for i in range(nv):
        hessian[i, i] = gains.acceleration_weight
    for i in range(nv, n):
        hessian[i, i] = gains.wrench_weight
    for i in range(nv - 6):
        weight = targets.posture_weight[i]
        wanted = (
            gains.posture_stiffness * (targets.posture[i] - dynamics.position[i])
            - gains.posture_damping * dynamics.velocity[6 + i]
        )
        hessian[6 + i, 6 + i] += weight
        gradient[6 + i] -= weight * wanted
    for f in range(len(targets.stands)):
        if targets.stands[f]:
            _add_stance(cost, frames, f, targets.softness[f], gains)
        else:
            _add_swing(cost, frames, f, targets, gains)
    _add_attitudes(cost, frames, dynamics, targets, gains)
    _add_centroidal(cost, frames, dynamics, targets, gains)


@njit(cache=True)
def _add_stance(
    cost: Cost, frames: FrameTerms, f: int, softness: float, gains: Gains
) -> None:
    back = frames.rotation[f].T.copy()
    velocity = np.zeros(6)
    velocity[:3] = back @ frames.velocity[f, :3]
    velocity[3:] = back @ frames.velocity[f, 3:]
    weight = np.full(6, gains.stance_weight)
    target = -gains.stance_damping * velocity - frames.drift[f]
    if softness > 0.0:
        for k in range(3, 5):
            weight[k] *= 10.0 ** (-4.0 * softness)
            target[k] = -gains.landing_damping * velocity[k] - frames.drift[f, k]
    _add(cost, frames, f, 0, weight, target)


@njit(cache=True)
def _add_swing(
    cost: Cost, frames: FrameTerms, f: int, targets: Targets, gains: Gains
) -> None:
    target = np.zeros(6)
    pose = (targets.rotation[f], targets.position[f], targets.twist[f])
    _pose_target(frames, f, pose, gains.swing_stiffness, gains.swing_damping, target)
    back = frames.rotation[f].T.copy()
    target[:3] += back @ targets.acceleration[f, :3]
    target[3:] += back @ targets.acceleration[f, 3:]
    _add(cost, frames, f, 0, np.full(6, gains.swing_weight), target)


@njit(cache=True)
def _add_attitudes(
    cost: Cost, frames: FrameTerms, dynamics: Dynamics, targets: Targets, gains: Gains
) -> None:
    rotation = dynamics.base_rotation
    error = rotation_error(rotation, targets.base_rotation)
    rate = rotation.T.copy() @ targets.base_rate - dynamics.velocity[3:6]
    wanted = gains.base_stiffness * error + gains.base_damping * rate
    for k in range(3):
        cost.hessian[3 + k, 3 + k] += gains.base_weight
        cost.gradient[3 + k] -= gains.base_weight * wanted[k]
    torso = len(targets.stands)
    rotation = frames.rotation[torso]
    error = rotation_error(rotation, targets.torso_rotation)
    rate = rotation.T.copy() @ (targets.torso_rate - frames.velocity[torso, 3:])
    wanted = gains.torso_stiffness * error + gains.torso_damping * rate
    wanted -= frames.drift[torso, 3:]
    _add(cost, frames, torso, 3, np.full(3, gains.torso_weight), wanted)


@njit(cache=True)
def _add_centroidal(
    cost: Cost, frames: FrameTerms, dynamics: Dynamics, targets: Targets, gains: Gains
) -> None:
    nv, n = len(dynamics.bias), len(cost.gradient)
    mass = dynamics.mass[0]
    effect = np.zeros((6, n - nv))
    column = 0
    for f in range(len(targets.stands)):
        if targets.stands[f]:
            turn = frames.rotation[f]
            arm = frames.position[f] - dynamics.com
            for k in range(3):
                x, y, z = turn[0, k] * FORCE, turn[1, k] * FORCE, turn[2, k] * FORCE
                effect[0, column + k] = x / mass
                effect[1, column + k] = y / mass
                effect[2, column + k] = z / mass
                effect[3, column + k] = arm[1] * z - arm[2] * y
                effect[4, column + k] = arm[2] * x - arm[0] * z
                effect[5, column + k] = arm[0] * y - arm[1] * x
                effect[3, column + 3 + k] = x
                effect[4, column + 3 + k] = y
                effect[5, column + 3 + k] = z
            column += 6
    wanted, weight = targets.pressed.copy(), np.zeros(6)
    wanted[:3] = wanted[:3] / mass + targets.com_acceleration - dynamics.gravity
    wanted[3:] -= gains.momentum_damping * dynamics.momentum
    weight[:3] = gains.com_weight
    weight[3:] = gains.momentum_weight
    for k in range(6):
        for i in range(n - nv):
            scaled = weight[k] * effect[k, i]
            cost.gradient[nv + i] -= scaled * wanted[k]
            for j in range(n - nv):
                cost.hessian[nv + i, nv + j] += scaled * effect[k, j]
