# SPDX-License-Identifier: Apache-2.0
"""Solution of the QP -> torques and the five numbers for each drive."""

import numpy as np
from numba import njit

from renxing.control.whole_body.frames import FrameTerms
from renxing.control.whole_body.limits import Drives
from renxing.control.whole_body.reduced_body import Dynamics
from renxing.spatial import Array


@njit(cache=True)
def joint_torques(
    frames: FrameTerms, dynamics: Dynamics, acceleration: Array, wrenches: Array
) -> Array:
    """Return M_j dv + h_j - J_j' w [N·m], shape (nv - 6,).

    Args:
        frames: The soles, first.
        dynamics: Of this tick.
        acceleration: dv, shape (nv,).
        wrenches: Of the feet in their sole frames, 0 in the air, shape (feet, 6).
    """
    joints = len(acceleration) - 6
    torque = dynamics.bias[6:].copy()
    for i in range(joints):
        for j in range(joints + 6):
            torque[i] += dynamics.mass_matrix[6 + i, j] * acceleration[j]
    for f in range(len(wrenches)):
        for c in range(frames.size[f]):
            i = frames.columns[f, c]
            if i >= 6:
                for k in range(6):
                    torque[i - 6] -= frames.jacobian[f, k, i] * wrenches[f, k]
    return torque


@njit(cache=True)
def drive_command(
    drives: Drives,
    position: Array,
    speed: Array,
    acceleration: Array,
    torque: Array,
    stiffness: Array,
    damping: Array,
    period: float,
) -> tuple[Array, Array, Array]:
    """Return position, velocity and effort whose law gives the torque now.

    Between two ticks, and if the next never comes, stiffness and damping hold on to
    the motion that the accelerations begin.

    Args:
        drives: Limits and friction of the joints.
        position: Measured [rad], shape (m,).
        speed: Measured [rad/s], shape (m,).
        acceleration: Of the joints [rad/s²], shape (m,).
        torque: At the joints, without friction [N·m], shape (m,).
        stiffness: Of the drive [N·m/rad], shape (m,).
        damping: Of the drive [N·m·s/rad], shape (m,).
        period: Between two ticks [s].
    """
    m = len(position)
    goal, pace, effort = np.empty(m), np.empty(m), np.empty(m)
    for i in range(m):
        v = speed[i] + period * acceleration[i]
        pace[i] = min(max(v, -drives.speed[i]), drives.speed[i])
        q = position[i] + period * pace[i]
        goal[i] = min(max(q, drives.lower[i]), drives.upper[i])
        effort[i] = (
            torque[i]
            + drives.viscous[i] * speed[i]
            - stiffness[i] * (goal[i] - position[i])
            - damping[i] * (pace[i] - speed[i])
        )
    return goal, pace, effort
