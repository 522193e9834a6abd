# SPDX-License-Identifier: Apache-2.0
"""What soles that rest and the fused attitude teach about the estimate.

In: the estimate, where the soles seem to be and how they seem to move.  Out: its error
and the covariance that remains.  Method: Kalman's measurement update, one scalar after
the other, at the estimate before the first; the soles' places are the right-invariant
observation of Hartley et al., IJRR 39(4), 2020, section 5.1 (see `estimate`).
"""

import numpy as np
from numba import njit

from renxing.spatial import Array


@njit(cache=True)
def take_scalar(
    covariance: Array, error: Array, row: Array, residual: float, variance: float
) -> None:
    """Take one scalar measurement `residual = row . error + noise`.

    Args:
        covariance: Of the error, symmetric, shape (N, N).
        error: What has been learnt of it so far, shape (N,).
        row: Shape (N,).
        residual: What was measured less what the estimate says.
        variance: Of the noise.
    """
    size = len(error)
    gain = np.zeros(size)
    spread, surprise = variance, residual
    for j in range(size):
        factor = row[j]
        if factor != 0.0:
            surprise -= factor * error[j]
            for i in range(size):
                gain[i] += factor * covariance[j, i]
    for j in range(size):
        spread += row[j] * gain[j]
    for i in range(size):
        share = gain[i] / spread
        error[i] += share * surprise
        for j in range(size):
            covariance[i, j] -= share * gain[j]


@njit(cache=True)
def learn(
    rotation: Array,
    vectors: Array,
    covariance: Array,
    error: Array,
    soles: Array,
    rotations: Array,
    slides: Array,
    spins: Array,
    up: Array,
    position_variance: float,
    velocity_variances: Array,
    spin_variance: float,
    tilt_variance: float,
) -> None:
    """Take all measurements of a cycle.

    Those whose variance is infinite, or whose `up` is NaN, are left out.

    Args:
        rotation: Sensor to odom, shape (3, 3).
        vectors: Velocity, position and soles in odom, shape (2 + soles, 3).
        covariance: Of the error, shape (N, N).
        error: What has been learnt of it, to fill, shape (N,).
        soles: From the encoders, in the sensor frame [m], shape (soles, 3).
        rotations: Sole to sensor, shape (soles, 3, 3).
        slides: Velocities of the soles in odom [m/s] that should be zero, (soles, 3).
        spins: Likewise about their normals [rad/s], shape (soles,).
        up: The vertical by the fused attitude, in the sensor frame, shape (3,).
        position_variance: Of a coordinate of `soles` [m²].
        velocity_variances: Of `slides`, horizontally and upwards [m²/s²], (soles, 2).
        spin_variance: Of `spins` [rad²/s²].
        tilt_variance: Of the fused attitude [rad²].
    """
    size = len(error)
    gyro = size - 6
    row = np.zeros(size)
    error[:] = 0.0
    for foot in range(len(soles)):
        x, y, z = soles[foot]
        for i in range(3):
            r = rotation[i]
            # R sole + p = d
            row[:] = 0.0
            row[6 + i], row[9 + 3 * foot + i] = -1.0, 1.0
            residual = r[0] * x + r[1] * y + r[2] * z
            residual += vectors[1, i] - vectors[2 + foot, i]
            take_scalar(covariance, error, row, residual, position_variance)
        for i in range(3):
            variance = velocity_variances[foot, 0 if i < 2 else 1]
            if not np.isfinite(variance):
                continue
            # 0 = v + R (rate x sole + its velocity); the rate has the bias in it.
            r = rotation[i]
            row[:] = 0.0
            row[3 + i] = 1.0
            row[gyro] = r[1] * z - r[2] * y
            row[gyro + 1] = r[2] * x - r[0] * z
            row[gyro + 2] = r[0] * y - r[1] * x
            take_scalar(covariance, error, row, -slides[foot, i], variance)
        if np.isfinite(spin_variance):
            # It shows the gyroscope's bias. Not about the other axes: rubber yields
            # when the load shifts.
            row[:] = 0.0
            row[gyro : gyro + 3] = rotations[foot, :, 2]
            take_scalar(covariance, error, row, spins[foot], spin_variance)
    if np.isfinite(tilt_variance) and np.isfinite(up).all():
        # R up = z; to first order z - R up = error x z.
        for i in range(2):
            r = rotation[i]
            row[:] = 0.0
            row[1 - i] = 1.0 if i == 0 else -1.0
            residual = -(r[0] * up[0] + r[1] * up[1] + r[2] * up[2])
            take_scalar(covariance, error, row, residual, tilt_variance)
    for i in range(size):
        for j in range(i):
            mean = 0.5 * (covariance[i, j] + covariance[j, i])
            covariance[i, j] = covariance[j, i] = mean
