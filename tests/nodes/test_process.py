# SPDX-License-Identifier: Apache-2.0
"""How a process with nodes starts, refuses to start, and ends."""

import signal

import psutil
import pytest
from sensor_msgs.msg import JointState

from renxing_msgs.msg import TwinStatus

pytestmark = pytest.mark.ros

BROKEN = """
import sys
from renxing.nodes.host import main
from renxing.sim import Twin


def step(*_):
    raise FloatingPointError("planted")


Twin.step = step
sys.exit(main())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_well(bench, number) -> None:
    running = bench.start("twin", "robot_state_publisher").wait_until_ready()
    family = psutil.Process(running.process.pid).children(recursive=True)
    bench.one(JointState, "joint_states")
    assert running.interrupt(number) == 0, running.output
    assert "Traceback" not in running.output
    assert not [child for child in family if child.is_running()]


def test_what_it_refuses_it_explains(bench) -> None:
    wrong = {
        "parameter 'state_rate': got 0.0; allowed 1.0 to 1000.0": {"state_rate": 0.0},
        "parameter 'publish_tf': got 1; a bool wanted": {"publish_tf": 1},
        "parameter 'world': got 3; a str wanted": {"world": 3},
        "parameter 'twin.seed': got 1.5; a int wanted": {"twin__seed": 1.5},
        "'nobody'": {"robot": "nobody"},
        "'nowhere'": {"world": "nowhere"},
        "no posture 'handstand'; it has stand": {"hold__posture": "handstand"},
    }
    started = {said: bench.start("twin", **given) for said, given in wrong.items()}
    for said, running in started.items():
        assert running.wait() == 1, running.output
        assert said in running.output
        assert "Traceback" not in running.output


def test_nodes_that_do_not_exist(bench) -> None:
    stranger, nobody = bench.start("twin", "cook"), bench.start()
    assert stranger.wait() == nobody.wait() == 2
    assert "got cook; have twin" in stranger.output
    assert "got none; have twin" in nobody.output


def test_a_dead_physics_thread_ends_the_process(bench) -> None:
    file = bench.folder / "broken.py"
    file.write_text(BROKEN)
    # With the clock that has died with it: nothing may wait for that one.
    given = {"use_sim_time": True, "publish_clock": True}
    running = bench.start("twin", program=(str(file),), **given)
    assert running.wait() == 1, running.output
    assert "physics thread: FloatingPointError('planted')" in running.output


def test_a_reader_that_went_away_does_not_harm(bench) -> None:
    running = bench.start("twin")
    running.forget()
    assert bench.one(TwinStatus, "twin/status").robot == "rx1"
    assert running.interrupt() == 0, running.output


def test_the_installed_programs_take_ros_arguments_only(bench) -> None:
    program = (
        "-c",
        "import sys; from renxing.nodes.host import twin; sys.exit(twin())",
    )
    asked, wrong = (bench.start(word, program=program) for word in ("--help", "fast"))
    assert (asked.wait(), wrong.wait()) == (0, 2)
    assert "usage: twin [--ros-args" in asked.output
