# SPDX-License-Identifier: Apache-2.0
"""The skin's counts in shared memory, and a core that dies."""

from pathlib import Path

import numpy as np
import pytest

from renxing.errors import ConfigError, DeviceError
from renxing.robot import Robot
from renxing.robot.description import SkinPatch
from renxing.robot.skin import SkinLayout
from renxing.runtime.skin_block import SkinReader, SkinWriter
from renxing.sim import Twin, load_world


@pytest.fixture(scope="module")
def twin(load) -> Twin:
    return Twin(load("rx1"), load_world("flat"))


def test_counts_and_what_the_makers_stored_arrive(tmp_path: Path, twin: Twin) -> None:
    writer = SkinWriter("core.test", "rx1", twin.skin, tmp_path)
    layout = SkinLayout(twin.robot.description.sensors.skin)
    reader = SkinReader("core.test", "rx1", layout, folder=tmp_path)
    assert not reader.read()
    assert reader.age == float("inf")
    twin.feel()
    writer.show(twin.time, due=123)
    assert reader.read()
    assert np.array_equal(reader.counts, twin.skin.device.counts)
    assert np.array_equal(reader.warmth, twin.skin.device.warmth)
    assert np.array_equal(reader.gain, twin.skin.device.stored_gain)
    assert np.array_equal(reader.offset, twin.skin.device.stored_offset)
    assert (reader.time, reader.due) == (twin.time, 123)
    assert not reader.read()
    writer.close()
    with pytest.raises(DeviceError):
        reader.read()
    writer = SkinWriter("core.test", "rx1", twin.skin, tmp_path)
    writer.show(twin.time, due=124)
    assert reader.read()
    writer.close()


def test_another_skin_is_refused(tmp_path: Path, twin: Twin, rx1: Robot) -> None:
    writer = SkinWriter("core.test", "rx1", twin.skin, tmp_path)
    patches = list(rx1.description.sensors.skin)
    first = patches[0]
    patches[0] = SkinPatch(
        name=first.name, frame=first.frame, rows=2, columns=8, pitch=first.pitch
    )
    with pytest.raises(ConfigError, match="2x8"):
        SkinReader("core.test", "rx1", SkinLayout(patches), folder=tmp_path)
    writer.close()
