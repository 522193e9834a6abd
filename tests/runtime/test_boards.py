# SPDX-License-Identifier: Apache-2.0
"""What a controller shows arrives in other processes, under its names and in time."""

import numpy as np
import pytest

from renxing.errors import DeviceError
from renxing.robot import load_robot
from renxing.runtime.boards import BoardReader, core_block
from renxing.runtime.core import CoreConfig, RealTimeCore, run_lock_step
from renxing.runtime.core_memory import CoreMemory
from renxing.runtime.manager.parameters import ParameterStore
from renxing.runtime.manager.settings import ManagerSettings
from renxing.runtime.pacer import LockStep
from renxing.runtime.shared_block import Reading

RATE = 500
NAME = "states"
KIND = "joint_state_broadcaster/JointStateBroadcaster"


@pytest.fixture
def core():
    robot = load_robot("rx1", backend="mock")
    settings = ManagerSettings(update_rate=RATE)
    core = RealTimeCore(robot, settings, CoreConfig(), parameters=ParameterStore({}))
    core.start()
    return core


@pytest.fixture
def memory(core, tmp_path):
    memory = CoreMemory(core, "test", seconds=1.0, folder=tmp_path)
    core.after = memory.remember
    yield memory
    memory.close()


def start(core):
    manager = core.manager
    for answer in (
        manager.load_controller(NAME, KIND),
        manager.configure_controller(NAME),
        manager.switch_controller([NAME], []),
    ):
        assert answer.ok, answer.message


def test_values_names_and_times_arrive(core, memory, tmp_path):
    start(core)
    pace = LockStep(RATE)
    run_lock_step(core, 0.1, pace)
    reader = BoardReader("test", NAME, folder=tmp_path)
    assert reader.read() is Reading.NEW
    assert reader.names == tuple(core.manager.resources.state_index)
    np.testing.assert_array_equal(reader.values, core.manager.resources.states)
    assert reader.time == pytest.approx(0.1)
    assert reader.due == pace.due and reader.interval > 0 and reader.lag > 0
    assert reader.read() is Reading.SAME
    run_lock_step(core, 1 / RATE, pace)
    assert reader.read() is Reading.NEW
    assert reader.time == pytest.approx(0.102)


def test_a_board_goes_with_its_controller_and_comes_back(core, memory, tmp_path):
    with pytest.raises(DeviceError):
        BoardReader("test", NAME, folder=tmp_path)
    start(core)
    pace = LockStep(RATE)
    run_lock_step(core, 0.01, pace)
    reader = BoardReader("test", NAME, folder=tmp_path)
    assert reader.read() is Reading.NEW
    assert core.manager.switch_controller([], [NAME]).ok
    run_lock_step(core, 0.01, pace)
    assert reader.read() is Reading.SAME
    assert core.manager.unload_controller(NAME).ok
    assert reader.read() is Reading.GONE
    start(core)
    run_lock_step(core, 0.01, pace)
    again = BoardReader("test", NAME, folder=tmp_path)
    assert again.read() is Reading.NEW


def test_nothing_is_left_when_the_core_has_ended(core, tmp_path):
    memory = CoreMemory(core, "test", seconds=1.0, folder=tmp_path)
    core.after = memory.remember
    start(core)
    run_lock_step(core, 0.01, LockStep(RATE))
    core.manager.shut_down()
    memory.close()
    assert not list(tmp_path.iterdir())


def test_blocks_of_namespaces_have_names_of_their_own():
    assert core_block("") == core_block("/") == "core"
    assert core_block("/a/b") == core_block("a/b") == "core.a.b"
