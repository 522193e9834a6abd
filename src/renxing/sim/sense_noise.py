# SPDX-License-Identifier: Apache-2.0
"""The noise of an inertial sensor, compiled: it is drawn for every sample."""

import numpy as np
from numba import njit

from renxing.spatial import Array

# Numbers of an inertial reading and of a sample: attitude, then the two vectors.
INERTIAL = 10
DRAWS = 15  # normal numbers that a sample takes
# Places of an inertial sensor's constants.
GYRO_NOISE, GYRO_WALK, ACCEL_NOISE, ACCEL_WALK, ATTITUDE_NOISE = range(5)


@njit(
    "void(f8[::1], f8, f8[::1], f8[::1], f8[::1], f8[::1])",
    cache=True,
    error_model="numpy",
)
def disturb(
    reading: Array,
    dt: float,
    constants: Array,
    draws: Array,
    bias: Array,
    sample: Array,
) -> None:
    """Fill an inertial sample.

    Args:
        reading: True attitude wxyz, angular velocity, specific force, shape (10,).
        dt: Since the last sample [s].
        constants: Of the sensor, shape (5,).
        draws: Normal numbers, shape (15,).
        bias: Of gyro and accelerometer, shape (6,); it walks.
        sample: Attitude xyzw with w >= 0, then as the reading, shape (10,).
    """
    walk = np.sqrt(dt)
    for i in range(3):
        bias[i] += constants[GYRO_WALK] * walk * draws[i]
        bias[3 + i] += constants[ACCEL_WALK] * walk * draws[3 + i]
        sample[4 + i] = reading[4 + i] + bias[i] + constants[GYRO_NOISE] * draws[6 + i]
        sample[7 + i] = (
            reading[7 + i] + bias[3 + i] + constants[ACCEL_NOISE] * draws[9 + i]
        )
    # The error turns after the attitude, about the sensor's own axes: its quaternion
    # is that of the small roll, pitch and yaw, multiplied from the right.
    half = 0.5 * constants[ATTITUDE_NOISE]
    sr, cr = np.sin(half * draws[12]), np.cos(half * draws[12])
    sp, cp = np.sin(half * draws[13]), np.cos(half * draws[13])
    sy, cy = np.sin(half * draws[14]), np.cos(half * draws[14])
    ew = cr * cp * cy + sr * sp * sy
    ex = sr * cp * cy - cr * sp * sy
    ey = cr * sp * cy + sr * cp * sy
    ez = cr * cp * sy - sr * sp * cy
    w, x, y, z = reading[0], reading[1], reading[2], reading[3]
    nw = w * ew - x * ex - y * ey - z * ez
    nx = w * ex + x * ew + y * ez - z * ey
    ny = w * ey - x * ez + y * ew + z * ex
    nz = w * ez + x * ey - y * ex + z * ew
    sign = -1.0 if nw < 0.0 else 1.0
    scale = sign / np.sqrt(nw * nw + nx * nx + ny * ny + nz * nz)
    sample[0], sample[1], sample[2] = nx * scale, ny * scale, nz * scale
    sample[3] = nw * scale
