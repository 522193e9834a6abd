# SPDX-License-Identifier: Apache-2.0
"""The motion of the base, and how sure it is, from that of the inertial sensor.

In: the estimate.  Out: base state and its covariances, as ROS wants them.
"""

import numpy as np
from numba import njit

from renxing.errors import StaleError
from renxing.estimation.estimate import Estimate
from renxing.estimation.samples import Mount
from renxing.signals import BaseState
from renxing.spatial import SE3, Array


class Odometry:
    """Pose and twist of the base, with covariances."""

    def __init__(self, estimate: Estimate, mount: Mount, gyro_noise: float) -> None:
        """Look at an estimate.

        Args:
            estimate: That changes in place.
            mount: Of the inertial sensor.
            gyro_noise: Of its angular velocity [rad/s].
        """
        self._estimate = estimate
        self._mount = mount
        self._gyro_variance = gyro_noise**2

    def base_state(self, stamp: float, turn: Array) -> BaseState:
        """Return the motion of the base.

        Args:
            stamp: Of the estimate [s].
            turn: Angular velocity as measured, in the sensor frame [rad/s], shape (3,).

        Raises:
            StaleError: If the estimate is not finite.
        """
        values, (rotation, vectors, bias, _) = np.empty((6, 3)), self._estimate
        if not _fill_base(values, rotation, vectors, bias, turn, *self._mount):
            raise StaleError("the state is not finite any more")
        return BaseState(
            stamp=stamp,
            transform_base_to_odom=SE3(values[:3], values[3]),
            linear_velocity=values[4],
            angular_velocity=values[5],
        )

    def pose_covariance(self) -> Array:
        """Return that of position and rotation in odom, in ROS order, shape (6, 6)."""
        out = np.empty((6, 6))
        _fill_pose_covariance(out, self._estimate.covariance, self._estimate.vectors[1])
        return out

    def twist_covariance(self) -> Array:
        """Return that of linear and angular velocity in the base frame, (6, 6)."""
        out = np.zeros((6, 6))
        rotation, _, _, covariance = self._estimate
        _fill_twist_covariance(
            out, covariance, rotation, self._mount.rotation, self._gyro_variance
        )
        return out


@njit(cache=True)
def _fill_base(
    out: Array,
    rotation: Array,
    vectors: Array,
    bias: Array,
    turn: Array,
    mount_rotation: Array,
    mount: Array,
) -> bool:
    """Write the motion of the base.

    Args:
        out: Base to odom (3 rows), position in odom, linear and angular velocity in the
            base frame, shape (6, 3).
        rotation: As in `Estimate`, like the next two.
        vectors: Of the sensor and the soles.
        bias: Of the sensor.
        turn: Angular velocity as measured, in the sensor frame [rad/s], shape (3,).
        mount_rotation: As in `Mount`.
        mount: As in `Mount`, its position.

    Returns:
        Whether the estimate is finite.
    """
    for i in range(3):
        out[5, i] = 0.0
        for j in range(3):
            out[5, i] += mount_rotation[i, j] * (turn[j] - bias[j])
            out[i, j] = 0.0
            for k in range(3):
                out[i, j] += rotation[i, k] * mount_rotation[j, k]
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        out[3, i] = vectors[1, i]
        out[4, i] = mount[j] * out[5, k] - mount[k] * out[5, j]
        for j in range(3):
            out[3, i] -= out[i, j] * mount[j]
            out[4, i] += out[j, i] * vectors[0, j]
    return bool(np.isfinite(vectors).all() and np.isfinite(rotation).all())


@njit(cache=True)
def _fill_pose_covariance(out: Array, covariance: Array, position: Array) -> None:
    """Write the covariance of the position and the rotation about it.

    Args:
        out: In ROS order, shape (6, 6).
        covariance: Of the error, shape (N, N).
        position: In odom [m], shape (3,).
    """
    # A right-invariant error turns the position about odom's origin as well.
    half = np.empty((6, covariance.shape[0]))
    for k in range(covariance.shape[0]):
        for i in range(3):
            a, b = (i + 1) % 3, (i + 2) % 3
            turned = position[b] * covariance[a, k] - position[a] * covariance[b, k]
            half[i, k] = covariance[6 + i, k] + turned
            half[3 + i, k] = covariance[i, k]
    for k in range(6):
        for i in range(3):
            a, b = (i + 1) % 3, (i + 2) % 3
            turned = position[b] * half[k, a] - position[a] * half[k, b]
            out[k, i] = half[k, 6 + i] + turned
            out[k, 3 + i] = half[k, i]


@njit(cache=True)
def _fill_twist_covariance(
    out: Array,
    covariance: Array,
    rotation: Array,
    mount_rotation: Array,
    gyro_variance: float,
) -> None:
    """Write the covariance of the velocities along the base's axes.

    Args:
        out: In ROS order, zero outside its two blocks, shape (6, 6).
        covariance: Of the error, shape (N, N).
        rotation: As in `Estimate`.
        mount_rotation: As in `Mount`.
        gyro_variance: Of the gyroscope's noise [rad²/s²].
    """
    gyro = covariance.shape[0] - 6
    to_base = np.zeros((2, 3, 3))
    for i in range(3):
        for j in range(3):
            to_base[1, i, j] = mount_rotation[i, j]
            for k in range(3):
                to_base[0, i, j] += mount_rotation[i, k] * rotation[j, k]
    for block in range(2):
        turn, first = to_base[block], 3 if block == 0 else gyro
        for i in range(3):
            for j in range(3):
                total = gyro_variance if block == 1 and i == j else 0.0
                for k in range(3):
                    for m in range(3):
                        own = covariance[first + k, first + m]
                        total += turn[i, k] * own * turn[j, m]
                out[3 * block + i, 3 * block + j] = total
