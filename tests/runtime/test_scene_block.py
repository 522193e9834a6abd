# SPDX-License-Identifier: Apache-2.0
"""The scene in shared memory: what the core shows is what a camera's process draws."""

from pathlib import Path

import numpy as np
import pytest

from renxing.errors import ConfigError, DeviceError
from renxing.robot import Robot
from renxing.runtime.scene_block import SceneReader, SceneWriter
from renxing.sim import Twin, load_world


def test_positions_and_time_arrive(tmp_path: Path, rx1: Robot) -> None:
    twin = Twin(rx1, load_world("workshop"))
    writer = SceneWriter("core.test", twin, tmp_path)
    reader = SceneReader("core.test", "rx1", "workshop", twin.model.nq, folder=tmp_path)
    assert not reader.read()
    twin.data.qpos[0] = 0.25
    writer.show(due=123)
    assert reader.read()
    assert np.array_equal(reader.qpos, twin.data.qpos)
    assert (reader.time, reader.due) == (twin.time, 123)
    assert not reader.read()
    writer.close()


def test_another_world_is_refused_and_a_new_core_is_found(
    tmp_path: Path, rx1: Robot
) -> None:
    twin = Twin(rx1, load_world("flat"))
    size = twin.model.nq
    with pytest.raises(DeviceError):
        SceneReader("core.test", "rx1", "flat", size, folder=tmp_path)
    writer = SceneWriter("core.test", twin, tmp_path)
    with pytest.raises(ConfigError, match="stairs"):
        SceneReader("core.test", "rx1", "stairs", size, folder=tmp_path)
    reader = SceneReader("core.test", "rx1", "flat", size, folder=tmp_path)
    writer.show(due=1)
    assert reader.read()
    writer.close()
    with pytest.raises(DeviceError):
        reader.read()
    writer = SceneWriter("core.test", twin, tmp_path)
    writer.show(due=2)
    assert reader.read()
    assert reader.due == 2
    writer.close()
