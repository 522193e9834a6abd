# SPDX-License-Identifier: Apache-2.0
"""Core, cameras and terrain as processes: a map of the stairs comes out."""

from typing import Any

import numpy as np
import pytest
from grid_map_msgs.msg import GridMap
from sensor_msgs.msg import CameraInfo

from renxing.errors import DeviceError
from renxing.sim.offscreen import Offscreen

pytestmark = [pytest.mark.ros, pytest.mark.slow]


def layers(message: GridMap) -> dict[str, np.ndarray]:
    """Return the layers as arrays whose indices grow with x and y."""
    rows, columns = (message.data[0].layout.dim[place].size for place in (1, 0))
    return {
        name: np.array(data.data).reshape(columns, rows).T[::-1, ::-1]
        for name, data in zip(message.layers, message.data, strict=True)
    }


def floor(message: GridMap, layer: str) -> Any:
    """Return a layer where the floor is, between robot and stairs."""
    values = layers(message)[layer]
    middle = np.array([message.info.pose.position.x, message.info.pose.position.y])
    i, j = (np.array([0.7, 0.0]) - middle) / 0.04 + 0.5 * np.array(values.shape)
    return values[int(i) - 3 : int(i) + 3, int(j) - 3 : int(j) + 3]


@pytest.mark.ros
def test_stairs_appear_on_the_map(bench: Any) -> None:
    try:
        Offscreen(16, 16).free()
    except DeviceError as error:
        pytest.skip(str(error))
    core = bench.start_core("--world", "stairs")
    core.wait_until_ready()
    manager = bench.start("controller_manager", robot="rx1", wait_for_core=True)
    cameras = bench.start("twin_cameras", robot="rx1", world="stairs", niceness=0)
    terrain = bench.start(
        "terrain", robot="rx1", niceness=0, odometry="ground_truth/odom"
    )
    for process in (manager, cameras, terrain):
        process.wait_until_ready()

    def shows(message: GridMap) -> bool:
        # Five steps of 10 cm begin 1 m ahead, behind level floor.
        top = np.nanmax(layers(message)["elevation"], initial=-1.0)
        return bool(top > 0.15 and np.isfinite(floor(message, "elevation")).all())

    message = bench.until(GridMap, "elevation_map", shows)
    assert message.header.frame_id == "odom"
    assert message.info.resolution == pytest.approx(0.04)
    found = layers(message)
    known = np.isfinite(found["elevation"])
    assert known.sum() > 500
    assert floor(message, "elevation").mean() == pytest.approx(0.0, abs=0.02)
    assert np.nanmin(floor(message, "traversability")) > 0.3
    info = bench.latched(CameraInfo, "camera/chest/camera_info")
    assert (info.width, info.height) == (320, 240)
    assert info.header.frame_id == "chest_camera_optical_frame"


def test_without_a_simulation_it_ends_and_says_so(bench: Any) -> None:
    try:
        Offscreen(16, 16).free()
    except DeviceError as error:
        pytest.skip(str(error))
    cameras = bench.start("twin_cameras", namespace="nobody", core_timeout=0.2)
    cameras.forget()
    assert cameras.wait() == 1
    assert "scene" in cameras.output
