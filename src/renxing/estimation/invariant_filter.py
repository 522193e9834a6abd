# SPDX-License-Identifier: Apache-2.0
"""Contact-aided right-invariant Kalman filter: the equations.

Source: Hartley, Ghaffari, Eustice, Grizzle, "Contact-aided invariant extended Kalman
filtering for robot state estimation", IJRR 39(4), 2020, sections 4 and 5.

The state is the attitude `rotation` (sensor to odom), the rows of `vectors` in odom
(velocity, position of the sensor, position of each sole) and `bias` (gyroscope,
accelerometer; in the sensor frame). Its error e is right-invariant,
`true = exp(e) estimate` (the paper's with the sign turned), in the order attitude,
vectors, biases: N = 15 + 3 soles numbers. All functions change their arguments in
place and allocate nothing large.
"""

import numpy as np
from numba import njit

from renxing.spatial import Array

VELOCITY, POSITION, FIRST_FOOT = 0, 1, 2  # rows of `vectors`
_SMALL = 1e-8  # [rad²] below it series are exact to rounding


@njit(cache=True)
def fill_skew(vector: Array, out: Array) -> None:
    """Write the matrix of the cross product with a vector."""
    out[0, 0] = out[1, 1] = out[2, 2] = 0.0
    out[0, 1], out[0, 2], out[1, 2] = -vector[2], vector[1], -vector[0]
    out[1, 0], out[2, 0], out[2, 1] = vector[2], -vector[1], vector[0]


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
def times(left: Array, right: Array) -> Array:
    """Return the product of two matrices; numba's own wants SciPy."""
    out = np.zeros((left.shape[0], right.shape[1]))
    for i in range(left.shape[0]):
        for k in range(left.shape[1]):
            factor = left[i, k]
            if factor != 0.0:
                for j in range(right.shape[1]):
                    out[i, j] += factor * right[k, j]
    return out


@njit(cache=True)
def crossed(left: Array, right: Array) -> Array:
    """Return the cross products of rows, shape (m, 3)."""
    out = np.empty(left.shape)
    for row in range(left.shape[0]):
        a, b = left[row], right[row]
        out[row, 0] = a[1] * b[2] - a[2] * b[1]
        out[row, 1] = a[2] * b[0] - a[0] * b[2]
        out[row, 2] = a[0] * b[1] - a[1] * b[0]
    return out


@njit(cache=True)
def turned(rotation: Array, vector: Array) -> Array:
    """Return a matrix (3, 3) times a vector (3,)."""
    out = np.empty(3)
    for i in range(3):
        out[i] = (
            rotation[i, 0] * vector[0]
            + rotation[i, 1] * vector[1]
            + rotation[i, 2] * vector[2]
        )
    return out


@njit(cache=True)
def apply_error(error: Array, rotation: Array, vectors: Array, bias: Array) -> None:
    """Move the estimate by an error: `estimate = exp(error) estimate`."""
    turn = rotation_of(error[:3])
    spread = left_jacobian(error[:3])
    rotation[:, :] = times(turn, rotation)
    rows = vectors.shape[0]
    for row in range(rows):
        start = 3 + 3 * row
        vectors[row] = turned(turn, vectors[row]) + turned(
            spread, error[start : start + 3]
        )
    bias += error[3 + 3 * rows :]


@njit(cache=True)
def fill_transition(
    rotation: Array, vectors: Array, gravity: float, dt: float, out: Array
) -> None:
    """Write how the error moves in one step: `exp(A dt)` to second order.

    A is that of the paper's section 5.2, at the state before the step.

    Args:
        rotation: Sensor to odom, shape (3, 3).
        vectors: Velocity, position and soles in odom, shape (2 + soles, 3).
        gravity: Its size [m/s²].
        dt: [s].
        out: Shape (N, N).
    """
    size = out.shape[0]
    out[:, :] = 0.0
    for i in range(size):
        out[i, i] = 1.0
    gyro, accel = size - 6, size - 3
    down = np.zeros((3, 3))
    fill_skew(np.array([0.0, 0.0, -gravity]), down)
    cross = np.empty((3, 3))
    out[0:3, gyro : gyro + 3] = -dt * rotation
    out[3:6, 0:3] = dt * down
    out[3:6, accel : accel + 3] = -dt * rotation
    out[6:9, 0:3] = 0.5 * dt**2 * down
    for i in range(3):
        out[6 + i, 3 + i] = dt
    out[6:9, accel : accel + 3] = -0.5 * dt**2 * rotation
    for row in range(vectors.shape[0]):
        fill_skew(vectors[row], cross)
        start = 3 + 3 * row
        out[start : start + 3, gyro : gyro + 3] = -dt * times(cross, rotation)
        if row == VELOCITY:
            half = 0.5 * dt**2
            out[3:6, gyro : gyro + 3] -= half * times(down, rotation)
            out[6:9, gyro : gyro + 3] -= half * times(cross, rotation)


@njit(cache=True)
def move(
    rotation: Array,
    vectors: Array,
    angular_velocity: Array,
    specific_force: Array,
    gravity: float,
    dt: float,
) -> None:
    """Integrate the motion of the sensor; soles stay.

    Args:
        rotation: Sensor to odom, shape (3, 3).
        vectors: As above.
        angular_velocity: Without bias, in the sensor frame [rad/s].
        specific_force: Without bias, in the sensor frame [m/s²].
        gravity: Its size [m/s²].
        dt: [s].
    """
    middle = times(rotation, rotation_of(0.5 * dt * angular_velocity))
    acceleration = turned(middle, specific_force)
    acceleration[2] -= gravity
    vectors[POSITION] += dt * vectors[VELOCITY] + 0.5 * dt**2 * acceleration
    vectors[VELOCITY] += dt * acceleration
    rotation[:, :] = times(rotation, rotation_of(dt * angular_velocity))


@njit(cache=True)
def predict(
    rotation: Array,
    vectors: Array,
    bias: Array,
    covariance: Array,
    angular_velocity: Array,
    specific_force: Array,
    gravity: float,
    dt: float,
    variances: Array,
    transition: Array,
) -> None:
    """Move estimate and covariance by one inertial sample.

    Args:
        rotation: Sensor to odom, shape (3, 3).
        vectors: As above.
        bias: Gyroscope [rad/s] and accelerometer [m/s²], shape (6,).
        covariance: Of the error, shape (N, N).
        angular_velocity: As measured [rad/s].
        specific_force: As measured [m/s²].
        gravity: Its size [m/s²].
        dt: [s].
        variances: Added in this step to attitude [rad²], velocity [m²/s²], position
            [m²], gyroscope bias [rad²/s²], accelerometer bias [m²/s⁴]; shape (5,).
        transition: To work in, shape (N, N).
    """
    size = covariance.shape[0]
    rows = vectors.shape[0]
    fill_transition(rotation, vectors, gravity, dt, transition)
    # The adjoint of the paper's noise term; the gyroscope's is the same in all axes.
    spread = np.zeros((size, 3))
    for i in range(3):
        spread[i, i] = 1.0
    for row in range(rows):
        fill_skew(vectors[row], spread[3 + 3 * row : 6 + 3 * row])
    move(
        rotation,
        vectors,
        angular_velocity - bias[:3],
        specific_force - bias[3:],
        gravity,
        dt,
    )
    # Mostly zeros: it stands on the left, where they are skipped.
    covariance[:, :] = times(transition, times(transition, covariance).T)
    last = 3 + 3 * rows
    for i in range(last):
        for j in range(last):
            covariance[i, j] += variances[0] * (
                spread[i, 0] * spread[j, 0]
                + spread[i, 1] * spread[j, 1]
                + spread[i, 2] * spread[j, 2]
            )
    for i in range(3):
        covariance[3 + i, 3 + i] += variances[1]
        covariance[6 + i, 6 + i] += variances[2]
        covariance[last + i, last + i] += variances[3]
        covariance[last + 3 + i, last + 3 + i] += variances[4]


@njit(cache=True)
def loosen(covariance: Array, variances: Array) -> None:
    """Let the soles move by themselves.

    Args:
        covariance: Of the error, shape (N, N).
        variances: Added to each sole, horizontally and upwards [m²], (soles, 2).
    """
    for foot in range(variances.shape[0]):
        for i in range(3):
            k = 9 + 3 * foot + i
            covariance[k, k] += variances[foot, 0 if i < 2 else 1]


@njit(cache=True)
def slip(
    rotation: Array,
    vectors: Array,
    bias: Array,
    soles: Array,
    sole_velocities: Array,
    angular_velocity: Array,
) -> Array:
    """Return the velocities of the soles in odom [m/s], shape (soles, 3).

    Args:
        rotation: Sensor to odom, shape (3, 3).
        vectors: As above.
        bias: As above.
        soles: In the sensor frame [m], shape (soles, 3).
        sole_velocities: Relative to the sensor frame, in it [m/s], shape (soles, 3).
        angular_velocity: As measured, in the sensor frame [rad/s].
    """
    cross = np.empty((3, 3))
    fill_skew(angular_velocity - bias[:3], cross)
    out = np.empty(soles.shape)
    for foot in range(soles.shape[0]):
        relative = turned(cross, soles[foot]) + sole_velocities[foot]
        out[foot] = vectors[VELOCITY] + turned(rotation, relative)
    return out


@njit(cache=True)
def take_scalar(
    covariance: Array, error: Array, row: Array, residual: float, variance: float
) -> float:
    """Take one scalar measurement `residual = row . error + noise`.

    The estimate stays; what has been learnt so far is in `error`.

    Returns:
        The square of the residual in standard deviations, before the measurement.
    """
    size = covariance.shape[0]
    gain = np.zeros(size)
    for j in range(size):
        if row[j] != 0.0:
            for i in range(size):
                gain[i] += covariance[i, j] * row[j]
    spread = variance
    surprise = residual
    for j in range(size):
        spread += row[j] * gain[j]
        surprise -= row[j] * error[j]
    for i in range(size):
        share = gain[i] / spread
        error[i] += share * surprise
        for j in range(size):
            covariance[i, j] -= share * gain[j]
    return surprise * surprise / spread


@njit(cache=True)
def correct(
    rotation: Array,
    vectors: Array,
    bias: Array,
    covariance: Array,
    soles: Array,
    sole_velocities: Array,
    sole_turns: Array,
    sole_normals: Array,
    angular_velocity: Array,
    up: Array,
    position_variance: float,
    velocity_variances: Array,
    turn_variances: Array,
    tilt_variance: float,
) -> None:
    """Take what the legs and the fused attitude say; one measurement after the other.

    A variance that is not finite leaves its measurement out.

    Args:
        rotation: Sensor to odom, shape (3, 3).
        vectors: As above.
        bias: As above.
        covariance: Of the error, shape (N, N).
        soles: From the encoders, in the sensor frame [m], shape (soles, 3).
        sole_velocities: Relative to the sensor frame, in it [m/s], shape (soles, 3).
        sole_turns: Angular velocity of the soles relative to the sensor frame, in it
            [rad/s], shape (soles, 3).
        sole_normals: Upwards, in the sensor frame, shape (soles, 3).
        angular_velocity: As measured, in the sensor frame [rad/s].
        up: The vertical by the fused attitude, in the sensor frame, shape (3,).
        position_variance: Of a coordinate of `soles` [m²].
        velocity_variances: Of a sole's velocity, if it stands, horizontally and
            upwards [m²/s²], shape (soles, 2).
        turn_variances: Of its turn about its normal, if it stands flat [rad²/s²],
            shape (soles,).
        tilt_variance: Of the fused attitude [rad²].
    """
    size = covariance.shape[0]
    gyro = size - 6
    error = np.zeros(size)
    row = np.zeros(size)
    rate = angular_velocity - bias[:3]
    seen = slip(rotation, vectors, bias, soles, sole_velocities, angular_velocity)
    cross = np.empty((3, 3))
    for foot in range(soles.shape[0]):
        # Section 5.1: residual = R sole + p - d, a right-invariant observation.
        residual = turned(rotation, soles[foot]) + vectors[POSITION]
        residual -= vectors[FIRST_FOOT + foot]
        for i in range(3):
            row[:] = 0.0
            row[6 + i] = -1.0
            row[9 + 3 * foot + i] = 1.0
            take_scalar(covariance, error, row, residual[i], position_variance)
        if np.isfinite(velocity_variances[foot, 0]):
            # 0 = v + R (rate x sole + its velocity); the rate has the bias in it.
            slides = seen[foot]
            fill_skew(soles[foot], cross)
            lever = times(rotation, cross)
            for i in range(3):
                row[:] = 0.0
                row[3 + i] = 1.0
                row[gyro : gyro + 3] = lever[i]
                variance = velocity_variances[foot, 0 if i < 2 else 1]
                take_scalar(covariance, error, row, -slides[i], variance)
        if np.isfinite(turn_variances[foot]):
            # 0 = normal . (rate + turn): it shows the gyroscope's bias. Not about the
            # other axes: rubber yields when the load shifts.
            normal = sole_normals[foot]
            residual = rate + sole_turns[foot]
            row[:] = 0.0
            row[gyro : gyro + 3] = normal
            take_scalar(
                covariance,
                error,
                row,
                normal[0] * residual[0]
                + normal[1] * residual[1]
                + normal[2] * residual[2],
                turn_variances[foot],
            )
    if np.isfinite(tilt_variance):
        # R up = z; to first order z - R up = error x z.
        tilted = turned(rotation, up)
        row[:] = 0.0
        row[1] = 1.0
        take_scalar(covariance, error, row, -tilted[0], tilt_variance)
        row[:] = 0.0
        row[0] = -1.0
        take_scalar(covariance, error, row, -tilted[1], tilt_variance)
    for i in range(size):
        for j in range(i):
            mean = 0.5 * (covariance[i, j] + covariance[j, i])
            covariance[i, j] = covariance[j, i] = mean
    apply_error(error, rotation, vectors, bias)


@njit(cache=True)
def orthonormalise(rotation: Array) -> None:
    """Remove the rounding errors of many products: one step of Newton's iteration."""
    correction = 1.5 * np.eye(3) - 0.5 * times(rotation.T, rotation)
    rotation[:, :] = times(rotation, correction)
