# SPDX-License-Identifier: Apache-2.0
"""How a process with nodes starts, refuses to start, and ends."""

import signal
from pathlib import Path

import psutil
import pytest
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from renxing.runtime.core_report import SOCKET
from renxing.runtime.state import RunFolder

pytestmark = pytest.mark.ros


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_well(bench, number) -> None:
    core = bench.start_core().wait_until_ready()
    nodes = "controller_manager", "robot_state_publisher"
    running = bench.start(*nodes).wait_until_ready()
    family = psutil.Process(running.process.pid).children(recursive=True)
    bench.one(JointState, "joint_states")
    assert running.interrupt(number) == 0, running.output
    assert "Traceback" not in running.output
    assert not [child for child in family if child.is_running()]
    socket = RunFolder({"RENXING_RUN_DIR": str(bench.folder)}, bench.namespace).path
    assert (socket / SOCKET).exists()
    assert core.interrupt(number) == 0, core.output
    assert "Traceback" not in core.output
    assert not (socket / SOCKET).exists()
    assert not list(Path("/dev/shm").glob(f"*{bench.namespace}*"))


def test_what_it_refuses_it_explains(bench) -> None:
    wrong = {
        "parameter 'publish_frequency': got 0.0; allowed 1.0 to 1000.0": (
            "robot_state_publisher",
            {"publish_frequency": 0.0},
        ),
        "parameter 'publish_tf': got 1; a bool wanted": (
            "controller_manager",
            {"publish_tf": 1},
        ),
        "parameter 'world': got 3; a str wanted": ("console", {"world": 3}),
        "parameter 'port': got 1.5; a int wanted": ("console", {"port": 1.5}),
        "'nobody'": ("controller_manager", {"robot": "nobody"}),
        "'nowhere'": ("console", {"world": "nowhere"}),
    }
    started = {
        said: bench.start(node, **given) for said, (node, given) in wrong.items()
    }
    for said, running in started.items():
        assert running.wait() == 1, running.output
        assert said in running.output
        assert "Traceback" not in running.output


def test_what_the_core_refuses_it_explains(bench) -> None:
    wrong = {"'nobody'": "--robot", "'nowhere'": "--world", "no hardware": "--backend"}
    for said, option in wrong.items():
        running = bench.start_core(option, said.strip("'"))
        assert running.wait() == 1, running.output
        assert said in running.output
        assert "Traceback" not in running.output


def test_nodes_that_do_not_exist(bench) -> None:
    stranger, nobody = bench.start("console", "cook"), bench.start()
    assert stranger.wait() == nobody.wait() == 2
    assert "got cook; have robot_state_publisher" in stranger.output
    assert "got none; have robot_state_publisher" in nobody.output


def test_a_reader_that_went_away_does_not_harm(bench) -> None:
    running = bench.start("robot_state_publisher")
    running.forget()
    assert "rx1" in bench.latched(String, "robot_description").data
    assert running.interrupt() == 0, running.output


def test_the_installed_programs_take_ros_arguments_only(bench) -> None:
    program = (
        "-c",
        "import sys; from renxing.nodes.host import console as n; sys.exit(n())",
    )
    asked, wrong = (bench.start(word, program=program) for word in ("--help", "fast"))
    assert (asked.wait(), wrong.wait()) == (0, 2)
    assert "usage: console [--ros-args" in asked.output
