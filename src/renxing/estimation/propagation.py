# SPDX-License-Identifier: Apache-2.0
"""How the error of the estimate grows from one inertial sample to the next.

In: the estimate before it moves, noise of the inertial sensor.  Out: its covariance, in
place.  Method: the error's motion `exp(A dt)` to second order with the A of Hartley et
al., IJRR 39(4), 2020, section 5.2 (see `estimate`). Few parts of an error reach others,
and most of those through cross products: the matrix itself is never written.
"""

import numpy as np
from numba import njit

from renxing.spatial import Array


@njit(cache=True)
def advance(
    columns: Array, rotation: Array, vectors: Array, gravity: float, dt: float
) -> None:
    """Move errors by one step.

    Args:
        columns: Errors in the order of `estimate`, each a column, shape (N, any).
        rotation: Sensor to odom before the step, shape (3, 3).
        vectors: Velocity, position and soles in odom before it, shape (2 + soles, 3).
        gravity: Its size [m/s²].
        dt: [s].
    """
    gyro = columns.shape[0] - 6
    accel = gyro + 3
    r, e = dt * rotation, columns
    velocity, position = vectors[0], vectors[1]
    for k in range(columns.shape[1]):
        x, y, z = e[gyro, k], e[gyro + 1, k], e[gyro + 2, k]
        turn_x = -(r[0, 0] * x + r[0, 1] * y + r[0, 2] * z)
        turn_y = -(r[1, 0] * x + r[1, 1] * y + r[1, 2] * z)
        turn_z = -(r[2, 0] * x + r[2, 1] * y + r[2, 2] * z)
        x, y, z = e[accel, k], e[accel + 1, k], e[accel + 2, k]
        # What the velocity gains: gravity that a wrong tilt turns aside, the bias of
        # the accelerometer, and the turn of the velocity itself.
        gain_x = -(r[0, 0] * x + r[0, 1] * y + r[0, 2] * z) + dt * gravity * e[1, k]
        gain_y = -(r[1, 0] * x + r[1, 1] * y + r[1, 2] * z) - dt * gravity * e[0, k]
        gain_z = -(r[2, 0] * x + r[2, 1] * y + r[2, 2] * z)
        gain_x += velocity[1] * turn_z - velocity[2] * turn_y
        gain_y += velocity[2] * turn_x - velocity[0] * turn_z
        gain_z += velocity[0] * turn_y - velocity[1] * turn_x
        half = 0.5 * dt
        e[6, k] += dt * e[3, k] + half * gain_x
        e[7, k] += dt * e[4, k] + half * gain_y
        e[8, k] += dt * e[5, k] + half * gain_z
        e[6, k] += position[1] * turn_z - position[2] * turn_y
        e[7, k] += position[2] * turn_x - position[0] * turn_z
        e[8, k] += position[0] * turn_y - position[1] * turn_x
        e[3, k] += gain_x + half * gravity * turn_y
        e[4, k] += gain_y - half * gravity * turn_x
        e[5, k] += gain_z
        for row in range(2, vectors.shape[0]):
            sole, i = vectors[row], 3 + 3 * row
            e[i, k] += sole[1] * turn_z - sole[2] * turn_y
            e[i + 1, k] += sole[2] * turn_x - sole[0] * turn_z
            e[i + 2, k] += sole[0] * turn_y - sole[1] * turn_x
        e[0, k] += turn_x
        e[1, k] += turn_y
        e[2, k] += turn_z


@njit(cache=True)
def propagate(
    covariance: Array,
    rotation: Array,
    vectors: Array,
    gravity: float,
    dt: float,
    noise: Array,
    shock: float,
) -> None:
    """Move the covariance of the error by one inertial sample.

    Args:
        covariance: Shape (N, N).
        rotation: Sensor to odom before the step, shape (3, 3).
        vectors: Velocity, position and soles in odom before it, shape (2 + soles, 3).
        gravity: Its size [m/s²].
        dt: [s].
        noise: Variances of attitude [rad²], velocity [m²/s²], position [m²], gyroscope
            bias [rad²/s²] and accelerometer bias [m²/s⁴] that a step adds; for each
            what goes with dt² and what goes with dt, shape (5, 2).
        shock: More of the velocity's that goes with dt² [m²/s⁴].
    """
    size = covariance.shape[0]
    # F P Fᵀ = F (F P)ᵀ, for P is symmetric.
    advance(covariance, rotation, vectors, gravity, dt)
    for i in range(size):
        for j in range(i):
            covariance[i, j], covariance[j, i] = covariance[j, i], covariance[i, j]
    advance(covariance, rotation, vectors, gravity, dt)
    added = dt * (dt * noise[:, 0] + noise[:, 1])
    added[1] += dt**2 * shock
    # The adjoint of the paper's noise term; the gyroscope's is the same in all axes.
    rows, last = vectors.shape[0], size - 6
    spread = np.zeros((last, 3))
    for row in range(rows):
        x, y, z = vectors[row]
        i = 3 + 3 * row
        spread[i, 1], spread[i, 2] = -z, y
        spread[i + 1, 0], spread[i + 1, 2] = z, -x
        spread[i + 2, 0], spread[i + 2, 1] = -y, x
    for i in range(3):
        spread[i, i] = 1.0
    for i in range(last):
        x, y, z = added[0] * spread[i]
        for j in range(last):
            covariance[i, j] += x * spread[j, 0] + y * spread[j, 1] + z * spread[j, 2]
    for i in range(3):
        covariance[3 + i, 3 + i] += added[1]
        covariance[6 + i, 6 + i] += added[2]
        covariance[last + i, last + i] += added[3]
        covariance[last + 3 + i, last + 3 + i] += added[4]
