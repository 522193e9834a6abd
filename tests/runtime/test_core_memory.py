# SPDX-License-Identifier: Apache-2.0
"""What the core did can be read by others now, and from a file afterwards."""

import time

import numpy as np
import pytest

from renxing.actuation.ladder import Rung
from renxing.robot import load_robot
from renxing.runtime.black_box_file import load
from renxing.runtime.core import CoreConfig, RealTimeCore, run_lock_step
from renxing.runtime.core_memory import CoreMemory
from renxing.runtime.manager.settings import ManagerSettings
from renxing.runtime.pacer import LockStep
from renxing.runtime.shared_block import BlockReader, Reading

RATE = 500


@pytest.fixture
def core():
    robot = load_robot("rx1", backend="mock")
    core = RealTimeCore(robot, ManagerSettings(update_rate=RATE), CoreConfig())
    core.start()
    return core


@pytest.fixture
def memory(core, tmp_path):
    memory = CoreMemory(core, "test", seconds=2.0, folder=tmp_path)
    core.after = memory.remember
    yield memory
    memory.close()


def result_of(memory):
    end = time.monotonic() + 60.0
    while not (results := memory.results()):
        assert time.monotonic() < end, "no dump"
        time.sleep(0.05)
    return results[0]


def test_another_process_reads_what_the_last_cycle_was(core, memory, tmp_path):
    run_lock_step(core, 0.1, LockStep(RATE))
    reader = BlockReader("test.now", memory.layout, folder=tmp_path)
    assert reader.read() is Reading.NEW
    assert reader.frame.cycle == 50
    np.testing.assert_array_equal(reader.frame["sent"], core.sent)
    np.testing.assert_array_equal(reader.frame["torque"], core.guard.torque)
    assert reader.frame["rung"] == Rung.RUN


def test_a_dump_holds_every_cycle_before_and_after_the_stop(core, memory, tmp_path):
    pace = LockStep(RATE)
    run_lock_step(core, 0.5, pace)
    core.stop(Rung.HOLD, "test")
    run_lock_step(core, 0.5, pace)
    path = memory.dump(tmp_path, "Emergency stop: a test!")
    assert path.name.endswith("emergency-stop-a-test.mcap")
    result = result_of(memory)
    assert (result.error, result.path) == ("", str(path))
    past = load(path)
    assert past.reason == "Emergency stop: a test!"
    assert past.metadata["robot"] == "rx1"
    rungs = past.fields["rung"]
    assert len(rungs) == RATE
    assert (np.flatnonzero(rungs == Rung.HOLD) == np.arange(250, 500)).all()
    np.testing.assert_array_equal(past.fields["sent"][-1], core.sent)


def test_a_dump_that_cannot_be_written_is_an_error_and_the_loop_goes_on(
    core, memory, tmp_path
):
    pace = LockStep(RATE)
    run_lock_step(core, 0.1, pace)
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    memory.dump(blocked, "test")
    assert result_of(memory).error
    run_lock_step(core, 0.1, pace)
    assert core.failures == 0
