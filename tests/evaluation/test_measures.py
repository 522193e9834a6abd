# SPDX-License-Identifier: Apache-2.0
"""Measures of made-up motions whose speed, slip and drift are known."""

import numpy as np
import pytest

from renxing.evaluation.judge import judge
from renxing.evaluation.measures import STILL, measure, still_after
from renxing.evaluation.recorder import SAMPLE_PERIOD
from renxing.evaluation.rig import Course, Run
from renxing.evaluation.scenario import Success


def walking(make_trace, velocity, turn=0.0, wanted=None, seconds=10.0, **more):
    """A body that glides at a velocity in its own frame while it turns."""
    time = np.arange(0.0, seconds, SAMPLE_PERIOD)
    yaw = turn * time
    c, s = np.cos(yaw), np.sin(yaw)
    forward, left = velocity
    rate = np.stack([c * forward - s * left, s * forward + c * left], axis=1)
    com = np.zeros((len(time), 3))
    com[:, :2] = np.cumsum(rate, axis=0) * SAMPLE_PERIOD
    command = np.tile([*velocity, turn] if wanted is None else wanted, (len(time), 1))
    command[0] = 0.0
    rpy = np.stack([0 * yaw, 0 * yaw, yaw], axis=1)
    values = {"com": com, "base": com, "estimate": com, "rpy": rpy, "command": command}
    values["estimate_yaw"] = yaw
    return make_trace(seconds, **(values | more))


def test_speed_is_told_in_the_robots_own_frame(make_trace) -> None:
    trace = walking(make_trace, (0.4, -0.1), turn=0.7)
    found = measure(Run(trace=trace, fell_at=None))
    assert found["speed_forward"] == pytest.approx(0.4, rel=0.01)
    assert found["speed_left"] == pytest.approx(-0.1, rel=0.05)
    assert found["speed_turn"] == pytest.approx(0.7, rel=0.01)
    assert found["speed_share"] == pytest.approx(1.0, rel=0.01)
    assert found["way"] == pytest.approx(np.hypot(0.4, 0.1) * 10.0, rel=0.01)


def test_half_the_speed_is_half_and_sideways_drift_does_not_help(make_trace) -> None:
    trace = walking(make_trace, (0.5, 0.8), wanted=(1.0, 0.0, 0.0))
    found = measure(Run(trace=trace, fell_at=None))
    assert found["speed_share"] == pytest.approx(0.5, rel=0.01)


def test_what_follows_a_fall_does_not_count(make_trace) -> None:
    trace = walking(make_trace, (1.0, 0.0))
    whole = measure(Run(trace=trace, fell_at=None))
    half = measure(Run(trace=trace, fell_at=5.0))
    assert half["way"] == pytest.approx(0.5 * whole["way"], rel=0.01)
    assert half["fell_at"] == 5.0


def test_drift_is_by_way(make_trace) -> None:
    trace = walking(make_trace, (1.0, 0.0))
    n = len(trace.time)
    error = np.linspace(0.0, 1.0, n)[:, None] * np.array([0.3, 0.4, 0.05])
    trace = walking(make_trace, (1.0, 0.0), estimate=trace.base + error)
    found = measure(Run(trace=trace, fell_at=None))
    assert found["drift"] == pytest.approx(0.5 / found["way"])
    assert found["drift_height"] == pytest.approx(0.05 / found["way"])
    still = measure(Run(trace=make_trace(5.0), fell_at=None))
    assert "drift" not in still and "speed_share" not in still


def test_only_loaded_soles_slip(make_trace) -> None:
    seconds = 2.0
    n = round(seconds / SAMPLE_PERIOD)
    soles = np.zeros((n, 2, 3))
    soles[:, 0, 0] = np.linspace(0.0, 0.1, n)
    soles[:, 1, 0] = np.linspace(0.0, 0.7, n)
    load = np.tile([1.0, 0.0], (n, 1))
    trace = make_trace(seconds, soles=soles, load=load)
    assert measure(Run(trace=trace, fell_at=None))["slip"] == pytest.approx(0.1)


def test_standing_still_begins_with_the_last_motion(make_trace) -> None:
    seconds, stops = 6.0, 3.4
    time = np.arange(0.0, seconds, SAMPLE_PERIOD)
    com = np.zeros((len(time), 3))
    com[:, 0] = np.minimum(time, stops) * 2.0 * STILL
    trace = make_trace(seconds, com=com)
    assert still_after(trace, 2.0) == pytest.approx(stops - 2.0, abs=2 * SAMPLE_PERIOD)
    load = np.full((len(time), 2), 0.5)
    load[time < 4.0] = [1.0, 0.0]
    one_foot = make_trace(seconds, com=com, load=load)
    assert still_after(one_foot, 2.0) == pytest.approx(2.0, abs=2 * SAMPLE_PERIOD)
    com[:, 0] = time
    assert still_after(make_trace(seconds, com=com), 2.0) == np.inf


@pytest.mark.parametrize(
    ("wanted", "measures", "reached", "within", "why"),
    [
        (Success(), {}, 0.0, None, ""),
        (Success(speed=0.9), {"speed_share": 0.95}, 0.0, None, ""),
        (Success(speed=0.9), {"speed_share": 0.85}, 0.0, None, "85%"),
        (Success(speed=0.9), {}, 0.0, None, "0%"),
        (Success(across=True), {}, 5.1, None, ""),
        (Success(across=True), {}, 4.9, None, "x = 4.90 m, goal 5.00"),
        (Success(), {"still_after": 1.4}, 0.0, 1.5, ""),
        (Success(), {"still_after": 1.6}, 0.0, 1.5, "still after 1.60 s"),
        (Success(), {"still_after": np.inf}, 0.0, 1.5, "never stood still"),
        (Success(drift=0.02), {"drift": 0.019}, 0.0, None, ""),
        (Success(drift=0.02), {"drift": 0.021}, 0.0, None, "drift 2.1%"),
        (Success(drift_height=0.01), {}, 0.0, None, "too short a way"),
    ],
)
def test_judgement(make_trace, wanted, measures, reached, within, why) -> None:
    course = Course(
        duration=1.0, times=np.zeros(0), velocities=np.zeros((0, 3)), goal=5.0
    )
    run = Run(trace=make_trace(1.0), fell_at=None)
    failures = judge(wanted, run, course, measures, reached, within)
    assert why in "; ".join(failures) if why else failures == ()


def test_a_fall_is_the_only_failure_that_is_told(make_trace) -> None:
    course = Course(
        duration=9.0, times=np.zeros(0), velocities=np.zeros((0, 3)), push_at=2.0
    )
    run = Run(trace=make_trace(1.0), fell_at=3.5)
    failures = judge(Success(speed=0.9), run, course, {}, 0.0, 1.0)
    assert failures == ("fell at 3.50 s, 1.50 s after the push",)
