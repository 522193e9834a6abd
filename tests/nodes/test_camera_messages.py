# SPDX-License-Identifier: Apache-2.0
"""Images, clouds and maps as messages: what others would read out of them."""

import io
import struct

import numpy as np
import pytest
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from renxing.errors import DeviceError
from renxing.mapping import Heights, TraversabilityConfig, traversability
from renxing.nodes import camera_messages as messages
from renxing.nodes import convert
from renxing.robot.pinhole import Pinhole

PINHOLE = Pinhole(width=64, height=48, focal=50.0, centre_x=31.5, centre_y=23.5)
HEADER = Header(stamp=convert.to_time(1.5), frame_id="eye")


def depth() -> np.ndarray:
    image = np.linspace(0.3, 7.0, 48 * 64, dtype=np.float32).reshape(48, 64)
    image[:4] = 0.0
    return image


def test_depth_goes_through_millimetres() -> None:
    message = messages.to_image(HEADER, messages.to_millimetres(depth()), "16UC1")
    assert (message.width, message.height, message.step) == (64, 48, 128)
    back = messages.from_depth_image(message)
    assert np.abs(back - depth()).max() <= 0.5e-3 + 1e-6
    assert not back[:4].any()


def test_depth_goes_through_metres_and_rows_may_be_padded() -> None:
    metres = np.where(depth() > 0.0, depth(), np.float32(np.nan))
    padded = np.zeros((48, 70), np.float32)
    padded[:, :64] = metres
    message = messages.to_image(HEADER, padded, "32FC1")
    message.width = 64
    assert np.array_equal(messages.from_depth_image(message), depth())


def test_big_endian_depth_is_read_as_such() -> None:
    pixels = messages.to_millimetres(depth()).astype(">u2")
    message = messages.to_image(HEADER, pixels, "16UC1")
    message.is_bigendian = 1
    assert np.abs(messages.from_depth_image(message) - depth()).max() < 1e-3


@pytest.mark.parametrize(
    ("encoding", "step", "complaint"),
    [("rgb8", 128, "allowed 16UC1"), ("16UC1", 100, "128 of them used")],
)
def test_what_is_no_depth_image_is_refused(
    encoding: str, step: int, complaint: str
) -> None:
    message = Image(height=48, width=64, encoding=encoding, step=step)
    message.data = bytes(48 * step)
    with pytest.raises(DeviceError, match=complaint):
        messages.from_depth_image(message)


def test_intrinsics_come_back() -> None:
    info = messages.to_camera_info(HEADER, PINHOLE)
    assert messages.from_camera_info(info) == PINHOLE
    info.k[4] = 60.0
    with pytest.raises(DeviceError, match="50 and 60 px"):
        messages.from_camera_info(info)


def test_compressed_depth_is_what_image_transport_reads() -> None:
    from PIL import Image as Picture

    whole = messages.to_millimetres(depth())
    message = messages.to_compressed_depth(HEADER, whole)
    assert message.format == "16UC1; compressedDepth png"
    data = bytes(message.data)
    assert struct.unpack("<iff", data[:12]) == (0, 0.0, 0.0)
    assert np.array_equal(np.array(Picture.open(io.BytesIO(data[12:]))), whole)


def test_a_jpeg_is_nearly_the_picture() -> None:
    from PIL import Image as Picture

    colour = np.zeros((48, 64, 3), np.uint8)
    colour[:, :, 0] = np.arange(64) * 4
    data = bytes(messages.to_jpeg(HEADER, colour).data)
    back = np.array(Picture.open(io.BytesIO(data))).astype(int)
    assert np.abs(back - colour).mean() < 4.0


def test_the_cloud_is_organised() -> None:
    cloud = messages.to_depth_cloud(HEADER, depth(), PINHOLE)
    assert (cloud.width, cloud.height, cloud.point_step) == (64, 48, 12)
    points = np.frombuffer(cloud.data, np.float32).reshape(48, 64, 3)
    assert np.isnan(points[:4]).all()
    u, z = 50, depth()[20, 50]
    assert points[20, u] == pytest.approx(
        [(u - 31.5) / 50 * z, (20 - 23.5) / 50 * z, z]
    )


def test_grid_map_finds_each_cell_where_it_is() -> None:
    """By grid_map's own rules: index from position, then column-major storage."""
    random = np.random.default_rng(1)
    heights = Heights(
        stamp=1.5,
        origin=np.array([-0.4, 1.2]),
        resolution=0.04,
        height=random.random((30, 30)).astype(np.float32),
        variance=np.full((30, 30), 1e-4, np.float32),
        upper=np.full((30, 30), np.inf, np.float32),
    )
    ground = traversability(heights, TraversabilityConfig())
    message = messages.to_grid_map(convert.to_time(1.5), "odom", heights, ground)
    assert tuple(message.layers) == messages.LAYERS
    info, first = message.info, message.data[0]
    rows, columns = first.layout.dim[1].size, first.layout.dim[0].size
    for i, j in ((0, 0), (29, 3), (7, 21)):
        x, y = heights.origin + 0.04 * np.array([i, j])
        row = int((info.pose.position.x + info.length_x / 2 - x) / info.resolution)
        column = int((info.pose.position.y + info.length_y / 2 - y) / info.resolution)
        assert 0 <= row < rows
        assert 0 <= column < columns
        assert first.data[column * rows + row] == heights.height[i, j]
    assert np.isnan(message.data[2].data).all()  # no ray has passed
