# SPDX-License-Identifier: Apache-2.0
"""Point clouds <-> ROS messages."""

import array

import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from renxing.errors import DeviceError
from renxing.spatial import Array


def to_cloud(header: Header, points: npt.NDArray[np.float32]) -> PointCloud2:
    """Return a cloud.

    Args:
        header: Its stamp and the frame of the points.
        points: [m], shape (n, 3), or organised, (H, W, 3); NaN where there is none.
    """
    shaped = points if points.ndim == 3 else points[None]
    fields = [
        PointField(name=name, offset=4 * place, datatype=PointField.FLOAT32, count=1)
        for place, name in enumerate("xyz")
    ]
    return PointCloud2(
        header=header,
        height=shaped.shape[0],
        width=shaped.shape[1],
        fields=fields,
        is_bigendian=False,
        point_step=12,
        row_step=12 * shaped.shape[1],
        # rclpy copies any other sequence element by element.
        data=array.array("B", shaped.tobytes()),
        is_dense=bool(np.isfinite(shaped).all()),
    )


def from_cloud(message: PointCloud2) -> Array:
    """Return the finite points of a cloud, in its frame [m], shape (N, 3).

    Raises:
        DeviceError: If it has no x, y, z of 32 bits, or fewer bytes than it says.
    """
    offsets = {
        field.name: field.offset
        for field in message.fields
        if field.datatype == PointField.FLOAT32
    }
    count, step = message.width * message.height, message.point_step
    if not {"x", "y", "z"} <= offsets.keys() or message.is_bigendian:
        raise DeviceError(
            f"cloud in {message.header.frame_id}: x, y, z as little-endian 32-bit "
            f"numbers wanted; got {', '.join(f.name for f in message.fields) or 'none'}"
        )
    if len(message.data) < count * step or message.row_step != message.width * step:
        raise DeviceError(
            f"cloud in {message.header.frame_id}: {len(message.data)} bytes for "
            f"{count} points of {step} bytes without gaps"
        )
    layout = np.dtype(
        {
            "names": ["x", "y", "z"],
            "formats": ["<f4"] * 3,
            "offsets": [offsets[name] for name in "xyz"],
            "itemsize": step,
        }
    )
    cells = np.frombuffer(message.data, layout, count)
    points = np.column_stack([cells["x"], cells["y"], cells["z"]]).astype(float)
    return points[np.isfinite(points).all(axis=1)]
