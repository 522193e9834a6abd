# SPDX-License-Identifier: Apache-2.0
"""Poses and rotations: the only file that knows the order of a quaternion.

Transforms are pinocchio's `SE3`; conversions are transforms3d's, but for the one that
nodes make thousands of times a second, which is pinocchio's. Names say the
direction: `transform_a_to_b` maps coordinates in a to coordinates in b, so
`transform_a_to_c = transform_b_to_c * transform_a_to_b`.
"""

import numpy as np
import numpy.typing as npt
import pinocchio
from pinocchio import SE3 as SE3  # also exported
from transforms3d.euler import euler2mat, mat2euler
from transforms3d.quaternions import quat2mat

from renxing.errors import ConfigError

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

UNIT_TOLERANCE = 1e-3  # [-] beyond it a quaternion is an error, not rounding


def rotation_from_quat_xyzw(quat_xyzw: npt.ArrayLike) -> Array:
    """Return the rotation matrix, shape (3, 3), of a quaternion in ROS order.

    Raises:
        ConfigError: If the quaternion is not finite or not of unit length.
    """
    quat = np.asarray(quat_xyzw, dtype=float)
    if quat.shape != (4,) or not np.isfinite(quat).all():
        raise ConfigError(
            f"quaternion xyzw {quat.tolist()}: four finite numbers wanted"
        )
    norm = float(np.linalg.norm(quat))
    if abs(norm - 1.0) > UNIT_TOLERANCE:
        raise ConfigError(f"quaternion xyzw {quat.tolist()}: length {norm:.4f}, not 1")
    return np.asarray(quat2mat(wxyz_from_xyzw(quat / norm)))


def quat_xyzw_from_rotation(rotation: Array) -> Array:
    """Return the quaternion in ROS order, shape (4,), w >= 0, of a rotation matrix."""
    quat = np.array(pinocchio.Quaternion(rotation).coeffs())
    return quat if quat[3] >= 0.0 else -quat


def wxyz_from_xyzw(quat_xyzw: Array) -> Array:
    """Reorder a quaternion, shape (4,): ROS and pinocchio to MuJoCo."""
    return quat_xyzw[[3, 0, 1, 2]]


def xyzw_from_wxyz(quat_wxyz: Array) -> Array:
    """Reorder a quaternion, shape (4,): MuJoCo to ROS and pinocchio."""
    return quat_wxyz[[1, 2, 3, 0]]


def rotation_from_rpy(rpy: npt.ArrayLike) -> Array:
    """Return the rotation matrix of URDF's roll, pitch, yaw [rad] about fixed axes."""
    roll, pitch, yaw = np.asarray(rpy, dtype=float)
    return np.asarray(euler2mat(roll, pitch, yaw, axes="sxyz"))


def rpy_from_rotation(rotation: Array) -> Array:
    """Return roll, pitch, yaw [rad] about fixed axes, shape (3,)."""
    return np.asarray(mat2euler(rotation, axes="sxyz"))


def transform(
    position: npt.ArrayLike = (0.0, 0.0, 0.0), rpy: npt.ArrayLike = (0.0, 0.0, 0.0)
) -> SE3:
    """Return the transform child -> parent of a URDF `<origin>`.

    Args:
        position: Origin of the child in the parent [m], shape (3,).
        rpy: Roll, pitch, yaw of the child in the parent [rad], shape (3,).
    """
    return SE3(rotation_from_rpy(rpy), np.asarray(position, dtype=float))


def transform_from_quat_xyzw(position: npt.ArrayLike, quat_xyzw: npt.ArrayLike) -> SE3:
    """Return the transform child -> parent of a ROS pose.

    Raises:
        ConfigError: If the position or the quaternion is not a valid one.
    """
    origin = np.asarray(position, dtype=float)
    if origin.shape != (3,) or not np.isfinite(origin).all():
        raise ConfigError(
            f"position {origin.tolist()}: three finite numbers [m] wanted"
        )
    return SE3(rotation_from_quat_xyzw(quat_xyzw), origin)
