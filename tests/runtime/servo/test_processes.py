# SPDX-License-Identifier: Apache-2.0
"""Real processes, and what happens when one is killed; all waits are for an outcome."""

import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pytest

from renxing.actuation.servo.firmware import FirmwareConfig
from renxing.actuation.servo.table import DriveState, Fault
from renxing.errors import ConfigError, RenxingError
from renxing.runtime.default_hardware import default_hardware
from renxing.runtime.servo.bench import servo_bench
from renxing.runtime.servo.joint_bus import state_layout
from renxing.runtime.servo.system import ServoSystem
from renxing.runtime.shared_block import BlockReader

PERIOD = 0.002  # [s]
LIMIT = 60.0  # [s] far more than anything here needs, even on a busy machine
LEG = "left_leg"


class Standing:
    """A robot that the test holds up, as the core would."""

    def __init__(self, robot, bench):
        self.robot, self.bench = robot, bench
        info = default_hardware(robot, "servo")[0]
        self.system = ServoSystem(info, robot, bench.name)
        # The test is no real-time process.
        self.system.reply_timeout = 1.0
        self.system.power_timeout = LIMIT
        self.system.on_init()
        self.system.state = np.full(len(self.system.state_names()), np.nan)
        self.system.command = np.full(len(self.system.command_names()), np.nan)
        self.system.on_configure()
        self.system.on_activate()
        rows = self.system.command.reshape(5, -1)
        rows[0] = robot.posture("stand")
        rows[1:3], rows[3], rows[4] = 0.0, robot.kp, robot.kd

    def turn(self, until: Callable[[], object], what: str):
        """Turn the loop until something is so."""
        end = time.monotonic() + LIMIT
        while True:
            self.system.read(0.0, PERIOD)
            if until():
                return
            self.system.write(0.0, PERIOD)
            assert time.monotonic() < end, f"waited in vain for {what}"
            time.sleep(PERIOD)

    def rest(self, seconds: float):
        end = time.monotonic() + seconds
        self.turn(lambda: time.monotonic() > end, "the time to pass")

    def finite(self) -> bool:
        return bool(np.isfinite(self.positions()).all())

    def positions(self):
        return self.system.state[: len(self.robot.joints)]

    def lost(self) -> set[str]:
        gone = np.isnan(self.positions())
        return {j for j, lost in zip(self.robot.joints, gone, strict=True) if lost}

    def bus(self, name: str = LEG):
        joints = self.robot.description.groups[name]
        reader = BlockReader(f"{self.bench.name}.{name}.state", state_layout(joints))
        reader.read()
        return reader.frame


@pytest.fixture(scope="module")
def bench(load):
    rest = ("right_leg", "torso", "left_arm", "right_arm")
    bench = servo_bench(load("rx1"), {LEG: (LEG,), "rest": rest})
    with bench.running():
        yield bench


@pytest.fixture
def standing(load, bench):
    bench.restart()
    standing = Standing(load("rx1"), bench)
    standing.turn(lambda: standing.system.powered, "power")
    yield standing
    standing.system.on_deactivate()
    standing.system.on_shutdown()


def test_it_stands_on_its_drives(standing):
    standing.rest(1.0)
    stand = standing.robot.posture("stand")
    assert np.abs(standing.positions() - stand).max() < 0.06
    frame = standing.bus()
    assert int(frame["damaged"]) == 0
    assert int(frame["frames_in"]) > 100


def test_a_killed_bus_process_is_noticed_and_the_robot_stands_until_it_is_back(
    standing, bench
):
    leg = set(standing.robot.description.groups[LEG])
    stand = standing.robot.posture("stand")
    standing.rest(0.3)
    bench.processes[LEG].kill()
    bench.processes[LEG].wait()
    standing.turn(lambda: standing.lost() >= leg, "the loss of that leg")
    bench.start(LEG)
    standing.turn(standing.finite, "all joints again")
    assert set(standing.bus()["fault"]) == {Fault.NONE}
    assert np.abs(standing.positions() - stand).max() < 0.06


@pytest.mark.parametrize("anew", [False, True])
def test_a_bus_that_is_gone_for_long_damps_and_is_recovered(standing, bench, anew):
    leg = set(standing.robot.description.groups[LEG])
    bench.processes[LEG].kill()
    bench.processes[LEG].wait()
    standing.turn(lambda: standing.lost() >= leg, "the loss of that leg")
    standing.rest(FirmwareConfig().hold_time + 0.1)
    bench.start(LEG)
    # The drives have given up meanwhile, and do not come back by themselves.
    standing.turn(lambda: set(standing.bus()["fault"]) == {Fault.TIMEOUT}, "time-outs")
    assert standing.lost() >= leg
    if anew:
        standing.system.on_deactivate()
        standing.system.on_activate()
        standing.turn(lambda: standing.system.powered, "power again")
    else:
        standing.system.recover()
    standing.turn(standing.finite, "all joints again")


def test_a_second_process_of_a_bus_is_refused(standing, bench):
    words = ["-m", "renxing.runtime.servo.bus_process", "--robot", "rx1"]
    words += ["--namespace", bench.namespace, "--bus", LEG]
    second = subprocess.Popen([sys.executable, *words], stderr=subprocess.PIPE)
    standing.turn(lambda: second.poll() is not None, "its refusal")
    said = second.communicate()[1].decode()
    assert second.returncode == 1
    assert "another process commands its drives" in said
    before = int(standing.bus()["frames_in"])
    standing.turn(lambda: int(standing.bus()["frames_in"]) > before + 50, "answers")
    assert int(standing.bus()["damaged"]) == 0


def test_a_second_core_on_the_joint_bus_is_refused(standing, bench):
    info = default_hardware(standing.robot, "servo")[0]
    second = ServoSystem(info, standing.robot, bench.name)
    second.on_init()
    with pytest.raises(ConfigError, match="one writer is allowed"):
        second.on_configure()
    before = int(standing.bus()["frames_in"])
    standing.turn(lambda: int(standing.bus()["frames_in"]) > before + 50, "answers")


def test_a_core_that_dies_lets_the_drives_hold_then_damp_then_let_go(standing):
    end = time.monotonic() + LIMIT
    seen = set()
    while DriveState.FAULT not in seen and time.monotonic() < end:
        time.sleep(PERIOD)
        seen |= {DriveState(code) for code in standing.bus()["state"]}
    assert seen >= {DriveState.HOLDING, DriveState.DAMPING, DriveState.FAULT}


def test_killed_drives_are_an_error_that_can_be_recovered(standing, bench):
    bench.processes["drives"].kill()
    bench.processes["drives"].wait()
    with pytest.raises(RenxingError, match="no answer of left_leg, right_leg, torso"):
        standing.turn(lambda: False, "an error")
    standing.system.on_error()
    bench.start("drives")
    standing.system.on_configure()
    standing.system.on_activate()
    standing.turn(lambda: standing.system.powered, "power")
