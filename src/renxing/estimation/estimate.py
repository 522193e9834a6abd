# SPDX-License-Identifier: Apache-2.0
"""The estimate, and how it moves: by inertial samples, and by what was wrong with it.

In: inertial samples, errors.  Out: the moved estimate, in place.  Method: attitude,
velocity, position and soles are one element of the group of extended poses; Hartley,
Ghaffari, Eustice, Grizzle, "Contact-aided invariant extended Kalman filtering for robot
state estimation", IJRR 39(4), 2020, sections 4 and 5.

The error e is right-invariant, `true = exp(e) estimate` (the paper's with the sign
turned), in the order attitude, velocity, position, soles, gyroscope's and
accelerometer's bias: N = 15 + 3 soles numbers.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from renxing.spatial import Array

_SMALL = 1e-8  # [rad²] below it series are exact to rounding


class Estimate(NamedTuple):
    """Of the motion of the inertial sensor; odom is where it started.

    Attributes:
        rotation: Sensor to odom, shape (3, 3).
        vectors: In odom: velocity of the sensor [m/s], its position [m], and that of
            each sole [m]; shape (2 + soles, 3).
        bias: Of gyroscope [rad/s] and accelerometer [m/s²] in the sensor frame, (6,).
        covariance: Of the error, shape (N, N).
    """

    rotation: Array
    vectors: Array
    bias: Array
    covariance: Array


def unknown(soles: int) -> Estimate:
    """Return an estimate to be filled."""
    size = 15 + 3 * soles
    return Estimate(
        rotation=np.eye(3),
        vectors=np.zeros((2 + soles, 3)),
        bias=np.zeros(6),
        covariance=np.zeros((size, size)),
    )


@njit(cache=True)
def rotation_of(angle: Array) -> Array:
    """Return the rotation by a rotation vector [rad] (Rodrigues), shape (3, 3)."""
    return _series(angle, 0)


@njit(cache=True)
def left_jacobian(angle: Array) -> Array:
    """Return the left Jacobian of SO(3) at a rotation vector [rad], shape (3, 3)."""
    return _series(angle, 1)


@njit(cache=True)
def _series(angle: Array, integrals: int) -> Array:
    """Return `sum over n of angle^n / (n + integrals)!`; Hartley's gamma functions."""
    square = angle[0] ** 2 + angle[1] ** 2 + angle[2] ** 2
    if square < _SMALL:
        if integrals == 0:
            first, second = 1.0 - square / 6.0, 0.5 - square / 24.0
        else:
            first, second = 0.5 - square / 24.0, 1.0 / 6.0 - square / 120.0
    else:
        size = np.sqrt(square)
        if integrals == 0:
            first, second = np.sin(size) / size, (1.0 - np.cos(size)) / square
        else:
            first = (1.0 - np.cos(size)) / square
            second = (size - np.sin(size)) / (square * size)
    out = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            out[i, j] = second * angle[i] * angle[j]
        out[i, i] += 1.0 - second * square
    out[0, 1] -= first * angle[2]
    out[0, 2] += first * angle[1]
    out[1, 0] += first * angle[2]
    out[1, 2] -= first * angle[0]
    out[2, 0] -= first * angle[1]
    out[2, 1] += first * angle[0]
    return out


@njit(cache=True)
def _times(left: Array, right: Array) -> Array:
    """Return the product of two matrices (3, 3); a BLAS takes far longer to call."""
    out = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            out[i, j] = (
                left[i, 0] * right[0, j]
                + left[i, 1] * right[1, j]
                + left[i, 2] * right[2, j]
            )
    return out


@njit(cache=True)
def _turned(rotation: Array, vector: Array) -> tuple[float, float, float]:
    """Return a matrix (3, 3) times a vector (3,)."""
    x, y, z = vector
    return (
        rotation[0, 0] * x + rotation[0, 1] * y + rotation[0, 2] * z,
        rotation[1, 0] * x + rotation[1, 1] * y + rotation[1, 2] * z,
        rotation[2, 0] * x + rotation[2, 1] * y + rotation[2, 2] * z,
    )


@njit(cache=True)
def move(
    rotation: Array,
    vectors: Array,
    bias: Array,
    inertial: Array,
    gravity: float,
    dt: float,
) -> None:
    """Integrate the motion of the sensor; soles stay.

    Args:
        rotation: As in `Estimate`.
        vectors: As in `Estimate`.
        bias: As in `Estimate`.
        inertial: Angular velocity [rad/s] and specific force [m/s²] as measured, at the
            middle of the step, in the sensor frame; shape (2, 3).
        gravity: Its size [m/s²].
        dt: [s].
    """
    rate, force = inertial[0] - bias[:3], inertial[1] - bias[3:]
    acceleration = _turned(_times(rotation, rotation_of(0.5 * dt * rate)), force)
    for i in range(3):
        gain = acceleration[i] - (gravity if i == 2 else 0.0)
        vectors[1, i] += dt * vectors[0, i] + 0.5 * dt**2 * gain
        vectors[0, i] += dt * gain
    rotation[:, :] = _times(rotation, rotation_of(dt * rate))


@njit(cache=True)
def apply_error(rotation: Array, vectors: Array, bias: Array, error: Array) -> None:
    """Move the estimate by an error: `estimate = exp(error) estimate`.

    Args:
        rotation: As in `Estimate`; the rounding errors of its many products are
            removed by one step of Newton's iteration.
        vectors: As in `Estimate`.
        bias: As in `Estimate`.
        error: Shape (N,).
    """
    turn, spread = rotation_of(error[:3]), left_jacobian(error[:3])
    turned = _times(turn, rotation)
    square = _times(turned.T, turned)
    for i in range(3):
        for j in range(3):
            square[i, j] = (1.5 if i == j else 0.0) - 0.5 * square[i, j]
    rotation[:, :] = _times(turned, square)
    rows = vectors.shape[0]
    for row in range(rows):
        own = _turned(turn, vectors[row])
        shift = _turned(spread, error[3 + 3 * row : 6 + 3 * row])
        for i in range(3):
            vectors[row, i] = own[i] + shift[i]
    for i in range(6):
        bias[i] += error[3 + 3 * rows + i]
