# SPDX-License-Identifier: Apache-2.0
"""Trials through the graph: what can be judged from outside, and how it is measured."""

import math
import subprocess
import sys

import mujoco
import numpy as np
import pytest

from renxing.errors import ConfigError
from renxing.evaluation.live import LiveError, Sight, check_live, end, unseen
from renxing.evaluation.measures import measure, still_after
from renxing.evaluation.rig import Course, Run
from renxing.evaluation.scenario import load_suite
from renxing.evaluation.witness import Evidence
from renxing.robot import Robot
from renxing.sim import Twin, load_world

SPEED, TURN = 0.5, 0.3  # [m/s], [rad/s]
BEGUN = 7.0  # [s]
WALKS = set("forward backward sideways turning random stop hold".split())


def walk(twin: Twin, until: float, stops: float = math.inf) -> Sight:
    """Return what is seen of a robot that glides along a curve."""
    sight, height = Sight(), float(twin.data.qpos[2])
    for now in np.arange(0.0, until, 0.025):
        gone = min(max(now - BEGUN, 0.0), stops - BEGUN)
        yaw = TURN * gone
        twin.data.time = now
        twin.data.qpos[:3] = (
            SPEED / TURN * math.sin(yaw),
            SPEED / TURN * (1.0 - math.cos(yaw)),
            height,
        )
        twin.data.qpos[3:7] = math.cos(0.5 * yaw), 0.0, 0.0, math.sin(0.5 * yaw)
        mujoco.mj_fwdPosition(twin.model, twin.data)
        sight.note(twin)
    return sight


@pytest.fixture
def twin(rx1: Robot) -> Twin:
    return Twin(rx1, load_world("flat"))


@pytest.mark.parametrize(
    ("card", "able"),
    [
        ("locomotion", WALKS),
        ("balance", set()),
        ("terrain", set()),
        ("carry", set()),
    ],
)
def test_only_what_can_be_judged_from_outside_is_tried(
    card: str, able: set[str]
) -> None:
    found = set()
    for scenario in load_suite(card).scenarios:
        try:
            check_live(scenario)
        except ConfigError as error:
            assert scenario.name in str(error)
            continue
        found.add(scenario.name)
    assert found == able


def test_speeds_are_measured_in_the_robots_frame(rx1: Robot, twin: Twin) -> None:
    course = Course(
        duration=8.0, times=np.array([0.0]), velocities=np.array([[SPEED, 0.0, TURN]])
    )
    trace = walk(twin, BEGUN + 9.0).trace(rx1, course, BEGUN)
    assert trace.time[-1] == pytest.approx(8.0, abs=0.03)
    found = measure(Run(trace=trace, fell_at=None))
    assert found["speed_turn"] == pytest.approx(TURN, rel=0.02)
    # The centre of mass is near the axis about which it turns.
    assert found["speed_forward"] == pytest.approx(SPEED, rel=0.1)
    assert found["speed_share"] == pytest.approx(1.0, abs=0.1)
    assert math.isnan(found["velocity_error"])  # which only the robot knows


def test_standing_still_is_seen(rx1: Robot, twin: Twin) -> None:
    course = Course(
        duration=8.0,
        times=np.array([0.0, 3.0]),
        velocities=np.array([[SPEED, 0.0, TURN], [0.0, 0.0, 0.0]]),
    )
    trace = walk(twin, BEGUN + 9.0, stops=BEGUN + 4.0).trace(rx1, course, BEGUN)
    assert still_after(trace, 3.0) == pytest.approx(1.0, abs=0.06)
    moving = walk(twin, BEGUN + 9.0).trace(rx1, course, BEGUN)
    assert still_after(moving, 3.0) == math.inf


def test_a_course_whose_end_nobody_saw_is_no_success(rx1: Robot, twin: Twin) -> None:
    course = Course(duration=8.0, times=np.zeros(1), velocities=np.zeros((1, 3)))
    half = walk(twin, BEGUN + 4.0).trace(rx1, course, BEGUN)
    assert "from 4.0 s on: it ended" in unseen(half, course, Evidence(why="it ended"))
    whole = walk(twin, BEGUN + 9.0).trace(rx1, course, BEGUN)
    assert unseen(whole, course, Evidence()) == ""
    assert "for 0.90 s" in unseen(whole, course, Evidence(gap=0.9))


def test_what_was_not_seen_is_no_success(rx1: Robot) -> None:
    course = Course(duration=1.0, times=np.zeros(1), velocities=np.zeros((1, 3)))
    with pytest.raises(LiveError, match="was not seen"):
        Sight().trace(rx1, course, BEGUN)


def test_a_stack_that_does_not_want_to_end_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("renxing.evaluation.live.ENDING", 0.3)
    deaf = (
        "import signal, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('deaf', flush=True)\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"deaf\n"
    end(process)
    assert process.wait(10.0) == -9
    process.stdout.close()
