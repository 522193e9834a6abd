# SPDX-License-Identifier: Apache-2.0
"""How warm joints are, and how much of its time the loop needs."""

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import viser
from tests.console.test_page import CORE, state_of

from renxing.console.heat import HeatView, heat_colour, hottest, temperature_limits
from renxing.console.meter import loop_meter
from renxing.console.scene import RobotView
from renxing.robot import Robot, load_robot
from renxing.runtime.ledger_report import Times
from renxing.signals import JointState

KNEE = "left_knee"


@pytest.fixture(scope="module")
def robot() -> Robot:
    return load_robot("rx1")


@pytest.fixture(scope="module")
def drawn(robot: Robot) -> Iterator[RobotView]:
    server = viser.ViserServer(host="127.0.0.1", port=0, verbose=False)
    yield RobotView(server, robot)
    server.stop()


@pytest.fixture
def knee(robot: Robot) -> int:
    return next(i for i, name in enumerate(robot.joints) if name.startswith(KNEE))


def warmed(robot: Robot, joint: int, share: float) -> JointState:
    """Return cool joints but one, this share of the way to its limit."""
    state = state_of(robot)
    temperature = state.temperature.copy()
    temperature[joint] += share * (temperature_limits(robot)[joint] - 25.0)
    return replace(state, temperature=temperature)


def test_the_hottest_joint_is_the_one_nearest_to_its_limit(robot, knee) -> None:
    found = hottest(robot, warmed(robot, knee, 0.5))
    assert found.joint == "left knee"
    assert found.share == pytest.approx(0.5)
    assert found.limit == temperature_limits(robot)[knee]
    assert found.temperature == pytest.approx(25.0 + 0.5 * (found.limit - 25.0))


def test_only_a_hot_link_is_painted_unless_all_shall_be(robot, drawn, knee) -> None:
    view = HeatView(robot, drawn.links)
    joint = robot.model.getJointId(robot.joints[knee])
    own = [link for link in drawn.links if link.joint == joint]
    others = [link for link in drawn.links if link.joint != joint]
    assert own and others

    def painted(links) -> set[bool]:
        return {tuple(link.mesh.color) != link.colour for link in links}

    view.show(warmed(robot, knee, 0.5))
    assert painted(own) == painted(others) == {False}
    view.show(warmed(robot, knee, 1.0))
    assert painted(own) == {True} and painted(others) == {False}
    assert tuple(own[0].mesh.color) == heat_colour(1.0)
    view.want(True)
    view.show(warmed(robot, knee, 0.0))
    assert painted(own) == {True}
    assert tuple(own[0].mesh.color) == heat_colour(0.0)
    view.want(False)
    view.show(warmed(robot, knee, 0.0))
    assert painted(drawn.links) == {False}


def test_hotter_is_redder() -> None:
    warm, hot = heat_colour(0.4), heat_colour(1.0)
    assert hot[0] - hot[2] > warm[0] - warm[2]
    assert hot[1] < warm[1]


@pytest.mark.parametrize(
    ("p99", "color", "width"),
    [(4e-4, "#2b8a3e", 20.0), (1.5e-3, "#e67700", 75.0), (5e-3, "#c92a2a", 100.0)],
)
def test_the_meter_shows_how_full_the_period_is(p99, color, width) -> None:
    busy = Times("busy", 2e-4, p99, 2 * p99)
    error = Times("period error", 1e-6, 9e-5, 1e-4)
    core = replace(CORE, ledger=replace(CORE.ledger, busy=busy, period_error=error))
    html = loop_meter(core, 0.002)
    widths = [float(w) for w in re.findall(r"width:([\d.]+)%", html)]
    assert widths == [pytest.approx(width), pytest.approx(10.0)]
    assert html.count(color) == 3
    assert f"{100 * p99 / 0.002:.0f} %" in html
    for words in ("busy 200 µs", f"p99 {1e6 * p99:.0f} µs of 2000 µs", "3 late"):
        assert words in html
    assert "period error p99 90 µs" in html and "500 Hz" in html


def test_a_temperature_that_is_beyond_the_limit_stays_on_the_scale(robot, knee) -> None:
    assert hottest(robot, warmed(robot, knee, 3.0)).share == 1.0
    assert heat_colour(1.0) == heat_colour(2.0)
    assert np.all(np.array(heat_colour(1.0)) <= 255)
