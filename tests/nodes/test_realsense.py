# SPDX-License-Identifier: Apache-2.0
"""The driver of a real depth camera, with a fake of its library."""

import importlib.util
import io
import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from PIL import Image as Picture
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from renxing.errors import ConfigError, DeviceError
from renxing.nodes.convert import to_seconds
from renxing.nodes.realsense import in_range, load_driver, pinhole_from

FAKE = {"PYTHONPATH": str(Path(__file__).parent / "fakes")}
ROWS, COLUMNS = 480, 640


def test_without_the_library_the_extra_is_named() -> None:
    if importlib.util.find_spec("pyrealsense2") is not None:
        pytest.skip("pyrealsense2 is installed")
    with pytest.raises(ConfigError, match="extra 'realsense'"):
        load_driver()


def test_counts_become_metres_within_the_range() -> None:
    counts = np.array([[0, 100, 400, 4000, 40000]], np.uint16)
    found = in_range(counts, 0.001, 0.2, 8.0)
    assert found.tolist() == [[0.0, 0.0, pytest.approx(0.4), pytest.approx(4.0), 0.0]]


@pytest.mark.parametrize(
    ("fy", "coeffs"), [(330.0, [0.0] * 5), (310.0, [0.1, 0.0, 0.0, 0.0, 0.0])]
)
def test_images_that_a_pinhole_does_not_describe_are_refused(fy, coeffs) -> None:
    with pytest.raises(DeviceError, match="2 %"):
        pinhole_from(
            SimpleNamespace(
                width=640, height=480, fx=310.0, fy=fy, ppx=0, ppy=0, coeffs=coeffs
            )
        )


@pytest.mark.ros
def test_images_and_intrinsics_come_under_the_twin_s_names(bench: Any) -> None:
    node = bench.start("realsense", robot="rx1", camera="head", environment=FAKE)
    node.wait_until_ready()
    info = bench.latched(CameraInfo, "camera/head/depth/camera_info")
    assert (info.height, info.width, info.k[0]) == (ROWS, COLUMNS, 310.0)
    assert info.header.frame_id == "head_camera_optical_frame"
    raw = bench.one(Image, "camera/head/depth/image_raw")
    depth = np.frombuffer(raw.data, np.uint16).reshape(ROWS, COLUMNS)
    assert raw.encoding == "16UC1"
    assert (depth[10:, 20:] == 1500).all()
    # Nearer than the robot's file says that it measures, and holes.
    assert not depth[:10].any() and not depth[:, :20].any()
    now = bench.node.get_clock().now().nanoseconds * 1e-9
    assert abs(now - to_seconds(raw.header.stamp)) < 5.0
    metres = bench.one(Image, "camera/head/depth/image")
    values = np.frombuffer(metres.data, np.float32).reshape(ROWS, COLUMNS)
    assert values[100, 100] == pytest.approx(1.5, abs=1e-3)
    assert np.isnan(values[0]).all()
    colour = bench.one(Image, "camera/head/image_raw")
    assert (colour.encoding, colour.data[0], colour.data[1]) == ("rgb8", 200, 0)
    png = bench.one(CompressedImage, "camera/head/depth/image_raw/compressedDepth")
    header = struct.calcsize("<iff")
    picture = Picture.open(io.BytesIO(bytes(png.data)[header:]))
    assert np.array_equal(np.asarray(picture), depth)
    jpeg = bench.one(CompressedImage, "camera/head/image_raw/compressed")
    assert Picture.open(io.BytesIO(bytes(jpeg.data))).size == (COLUMNS, ROWS)
    assert node.interrupt() == 0


def statuses(bench: Any, is_so: Any) -> Any:
    name = f"{bench.namespace}: realsense"

    def mine(message: DiagnosticArray) -> list[str]:
        return [one.message for one in message.status if one.name == name]

    return bench.until(DiagnosticArray, "/diagnostics", lambda m: is_so(mine(m)))


@pytest.mark.ros
def test_a_device_that_is_unplugged_is_begun_anew(bench: Any) -> None:
    short = {**FAKE, "FAKE_REALSENSE_SECONDS": "2.0"}
    node = bench.start("realsense", robot="rx1", camera="head", environment=short)
    node.wait_until_ready()
    statuses(bench, lambda texts: any("disconnected" in text for text in texts))
    # It streams again: as long as it lasts, which is 2 s more.
    statuses(bench, lambda texts: any("images" in text for text in texts))
    assert bench.one(CameraInfo, "camera/head/camera_info").width == COLUMNS
    assert node.interrupt() == 0


@pytest.mark.ros
@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"serial": "missing"}, "No device connected"),
        ({"camera": "tail"}, "camera 'tail': not on rx1"),
    ],
)
def test_what_cannot_begin_ends_and_says_why(bench: Any, values, words: str) -> None:
    node = bench.start("realsense", robot="rx1", environment=FAKE, **values)
    node.forget()
    assert node.wait() == 1
    assert words in node.output


@pytest.mark.ros
def test_without_the_library_the_node_names_the_extra(bench: Any) -> None:
    if importlib.util.find_spec("pyrealsense2") is not None:
        pytest.skip("pyrealsense2 is installed")
    node = bench.start("realsense", robot="rx1", camera="head")
    node.forget()
    assert node.wait() == 1
    assert "renxing setup --extra realsense" in node.output.replace("\n", " ")
