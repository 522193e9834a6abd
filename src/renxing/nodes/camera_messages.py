# SPDX-License-Identifier: Apache-2.0
"""Images, clouds and maps of heights <-> ROS messages.

Pixels go into messages as one `array.array`: rclpy copies any other sequence element
by element.
"""

import array
import io
import struct
from typing import Any

import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Time
from grid_map_msgs.msg import GridMap
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from std_msgs.msg import (
    Float32MultiArray,
    Header,
    MultiArrayDimension,
    MultiArrayLayout,
)

from renxing.errors import DeviceError
from renxing.mapping import Heights, Traversability
from renxing.nodes.cloud_messages import to_cloud
from renxing.perception.projection import Depth, organised
from renxing.robot.pinhole import Pinhole

MILLIMETRES = 1000.0  # in a metre: the unit of 16UC1 (REP-118)
JPEG_QUALITY = 85
LAYERS = ("elevation", "variance", "upper_bound", "traversability", "slope", "step",
          "roughness", "drop_off")  # fmt: skip


def _bytes(values: npt.NDArray[np.generic]) -> "array.array[int]":
    return array.array("B", values.tobytes())


def to_image(header: Header, pixels: npt.NDArray[np.generic], encoding: str) -> Image:
    """Return an image message.

    Args:
        header: Its stamp and optical frame.
        pixels: Shape (H, W) or (H, W, 3), of the type that the encoding means.
        encoding: Such as `rgb8`, `16UC1`, `32FC1`.
    """
    return Image(
        header=header,
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding=encoding,
        is_bigendian=0,
        step=pixels.strides[0],
        data=_bytes(pixels),
    )


def to_millimetres(depth: Depth) -> npt.NDArray[np.uint16]:
    """Return depth [m] as 16UC1 has it: whole millimetres, 0 for no measurement."""
    limited = np.minimum(depth * MILLIMETRES + 0.5, 65535.0)
    return limited.astype(np.uint16)


def from_depth_image(message: Image) -> Depth:
    """Return the depth of a message [m], shape (H, W); 0 for no measurement.

    Raises:
        DeviceError: If its encoding or size is not one of a depth image.
    """
    kinds: dict[str, np.dtype[Any]] = {
        "16UC1": np.dtype("u2"),
        "mono16": np.dtype("u2"),
        "32FC1": np.dtype("f4"),
    }
    kind = kinds.get(message.encoding)
    if kind is None:
        raise DeviceError(
            f"depth image of {message.header.frame_id}: encoding "
            f"'{message.encoding}'; allowed {', '.join(kinds)}"
        )
    order = kind.newbyteorder(">" if message.is_bigendian else "<")
    data = np.frombuffer(message.data, np.uint8)
    used = message.width * kind.itemsize
    if message.step < used or data.size != message.step * message.height:
        raise DeviceError(
            f"depth image of {message.header.frame_id}: {data.size} bytes for "
            f"{message.height} rows of {message.step}, {used} of them used"
        )
    rows = data.reshape(message.height, message.step)[:, :used]
    values = np.ascontiguousarray(rows).view(order)
    if kind.itemsize == 2:
        return (values / np.float32(MILLIMETRES)).astype(np.float32)
    depth: Depth = values.astype(np.float32)
    depth[~np.isfinite(depth)] = 0.0
    return depth


def to_camera_info(header: Header, pinhole: Pinhole) -> CameraInfo:
    """Return the intrinsics of a camera without distortion."""
    f, x, y = pinhole.focal, pinhole.centre_x, pinhole.centre_y
    return CameraInfo(
        header=header,
        height=pinhole.height,
        width=pinhole.width,
        distortion_model="plumb_bob",
        d=[0.0] * 5,
        k=[f, 0.0, x, 0.0, f, y, 0.0, 0.0, 1.0],
        r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p=[f, 0.0, x, 0.0, 0.0, f, y, 0.0, 0.0, 0.0, 1.0, 0.0],
    )


def from_camera_info(message: CameraInfo) -> Pinhole:
    """Return the intrinsics of a rectified camera.

    Raises:
        DeviceError: If its pixels are not square, or there are none.
    """
    fx, fy = float(message.k[0]), float(message.k[4])
    if fx <= 0.0 or abs(fx - fy) > 0.02 * fx:
        raise DeviceError(
            f"camera info of {message.header.frame_id}: focal lengths {fx:g} and "
            f"{fy:g} px; wanted positive and the same within 2 %"
        )
    return Pinhole(
        width=int(message.width),
        height=int(message.height),
        focal=0.5 * (fx + fy),
        centre_x=float(message.k[2]),
        centre_y=float(message.k[5]),
    )


def to_jpeg(header: Header, colour: npt.NDArray[np.uint8]) -> CompressedImage:
    """Return a picture as image_transport's `compressed` has it."""
    # Here: only who asks for compressed images needs Pillow.
    from PIL import Image as Picture

    stream = io.BytesIO()
    Picture.fromarray(colour).save(stream, "JPEG", quality=JPEG_QUALITY)
    return CompressedImage(
        header=header,
        format="rgb8; jpeg compressed bgr8",
        data=array.array("B", stream.getvalue()),
    )


def to_compressed_depth(
    header: Header, millimetres: npt.NDArray[np.uint16]
) -> CompressedImage:
    """Return depth as image_transport's `compressedDepth` has it: PNG, no loss."""
    from PIL import Image as Picture

    stream = io.BytesIO()
    # Of the header of compressed_depth_image_transport only inverse depth needs any.
    stream.write(struct.pack("<iff", 0, 0.0, 0.0))
    Picture.fromarray(millimetres).save(stream, "PNG", compress_level=1)
    return CompressedImage(
        header=header,
        format="16UC1; compressedDepth png",
        data=array.array("B", stream.getvalue()),
    )


def to_depth_cloud(header: Header, depth: Depth, pinhole: Pinhole) -> PointCloud2:
    """Return an organised cloud in the optical frame; NaN where there is no depth."""
    return to_cloud(header, organised(depth, pinhole))


def to_grid_map(
    stamp: Time, frame: str, heights: Heights, ground: Traversability
) -> GridMap:
    """Return a map with all layers of `LAYERS`.

    grid_map counts from the corner with the greatest x and y, along -x and -y, and
    stores by columns.
    """
    drop = np.where(np.isfinite(heights.height), ground.drop, np.nan)
    upper = np.where(np.isfinite(heights.upper), heights.upper, np.nan)
    values = (heights.height, heights.variance, upper, ground.score, ground.slope,
              ground.step, ground.roughness, drop)  # fmt: skip
    message = GridMap(header=Header(stamp=stamp, frame_id=frame))
    rows, columns = heights.height.shape
    info = message.info
    info.resolution = heights.resolution
    info.length_x, info.length_y = (
        rows * heights.resolution,
        columns * heights.resolution,
    )
    middle = heights.origin + 0.5 * heights.resolution * (
        np.array([rows, columns]) - 1.0
    )
    info.pose.position.x, info.pose.position.y = float(middle[0]), float(middle[1])
    info.pose.orientation.w = 1.0
    message.layers = list(LAYERS)
    message.basic_layers = [LAYERS[0]]
    layout = MultiArrayLayout(
        dim=[
            MultiArrayDimension(
                label="column_index", size=columns, stride=rows * columns
            ),
            MultiArrayDimension(label="row_index", size=rows, stride=rows),
        ]
    )
    message.data = [
        Float32MultiArray(
            layout=layout,
            data=array.array("f", np.float32(layer[::-1, ::-1].T).tobytes()),
        )
        for layer in values
    ]
    return message
