# SPDX-License-Identifier: Apache-2.0
"""Depth images as points in space, and how sure their heights are.

Source: Hartley & Zisserman 2004, "Multiple view geometry in computer vision", ch. 6.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from renxing.robot.pinhole import Pinhole
from renxing.spatial import SE3, Array

Depth = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Points:
    """Points that a camera has measured.

    Attributes:
        position: In the frame that was asked for [m], shape (N, 3).
        variance: Of each one's third coordinate [m²], shape (N,).
    """

    position: Array
    variance: Array


def lift(
    depth: Depth,
    deviation: Depth,
    pinhole: Pinhole,
    transform_camera_to_frame: SE3,
    farthest: float = np.inf,
) -> Points:
    """Turn a depth image into points.

    Args:
        depth: Along the optical axis [m], shape (H, W); 0 means no measurement.
        deviation: Standard deviation of each [m], shape (H, W).
        pinhole: Intrinsics.
        transform_camera_to_frame: From the optical frame to that of the points.
        farthest: Depth beyond which measurements are left out [m].

    Returns:
        Row by row, pixels without measurement left out.
    """
    position = np.empty((depth.size, 3))
    variance = np.empty(depth.size)
    count = _lift(
        depth,
        deviation,
        pinhole.focal,
        pinhole.centre_x,
        pinhole.centre_y,
        np.ascontiguousarray(transform_camera_to_frame.rotation),
        transform_camera_to_frame.translation,
        farthest,
        position,
        variance,
    )
    return Points(position=position[:count], variance=variance[:count])


@njit(cache=True)
def _lift(
    depth: Depth,
    deviation: Depth,
    focal: float,
    centre_x: float,
    centre_y: float,
    rotation: Array,
    translation: Array,
    farthest: float,
    position: Array,
    variance: Array,
) -> int:
    """Fill `position` and `variance`; return how many points there are."""
    count = 0
    for v in range(depth.shape[0]):
        y = (v - centre_y) / focal
        for u in range(depth.shape[1]):
            z = depth[v, u]
            if z <= 0.0 or z > farthest:
                continue
            x = (u - centre_x) / focal
            for axis in range(3):
                along = (
                    rotation[axis, 0] * x + rotation[axis, 1] * y + rotation[axis, 2]
                )
                position[count, axis] = translation[axis] + along * z
                if axis == 2:
                    # The error of a stereo match lies along the ray.
                    error = along * deviation[v, u]
                    variance[count] = error * error
            count += 1
    return count


def organised(depth: Depth, pinhole: Pinhole) -> npt.NDArray[np.float32]:
    """Return the point of each pixel in the optical frame [m], shape (H, W, 3).

    Args:
        depth: As for `lift`; pixels without measurement become NaN.
        pinhole: Intrinsics.
    """
    columns = (np.arange(depth.shape[1], dtype=np.float32) - pinhole.centre_x) / (
        pinhole.focal
    )
    rows = (np.arange(depth.shape[0], dtype=np.float32) - pinhole.centre_y) / (
        pinhole.focal
    )
    cloud: npt.NDArray[np.float32] = np.empty((*depth.shape, 3), np.float32)
    cloud[..., 2] = np.where(depth > 0.0, depth, np.float32(np.nan))
    np.multiply(cloud[..., 2], columns[None, :], out=cloud[..., 0], casting="unsafe")
    np.multiply(cloud[..., 2], rows[:, None], out=cloud[..., 1], casting="unsafe")
    return cloud
