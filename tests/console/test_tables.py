# SPDX-License-Identifier: Apache-2.0
"""What the operator reads: one row a joint, and what stands out."""

import re
from dataclasses import replace

import numpy as np
import pytest

from renxing.console.tables import joint_table, status_lines
from renxing.robot import Robot, load_robot
from renxing.signals import JointState


@pytest.fixture(scope="module")
def robot() -> Robot:
    return load_robot("rx1")


@pytest.fixture
def state(robot: Robot) -> JointState:
    zero = np.zeros(len(robot.joints))
    middle = (robot.lower + robot.upper) / 2
    return JointState(
        stamp=0.0, position=middle, velocity=zero, effort=zero, temperature=zero + 25.0
    )


def rows(robot: Robot, state: JointState) -> list[str]:
    return re.findall(r"<tr><td>.*?</tr>", joint_table(robot, state), re.DOTALL)


def test_a_row_for_each_joint_in_joint_order(robot, state) -> None:
    found = rows(robot, state)
    assert len(found) == len(robot.joints) == 43
    for name, row in zip(robot.joints, found, strict=True):
        assert f"<td>{name.removesuffix('_joint')}</td>" in row
        assert "left:35px" in row
        assert "hot" not in row


def test_past_a_limit_and_heavy_load_stand_out(robot, state) -> None:
    position, effort = state.position.copy(), state.effort.copy()
    position[2] = robot.upper[2]  # at its stop, as fingers often are
    position[3] = robot.upper[3] + 0.1
    effort[5] = -0.9 * robot.torque[5]
    found = rows(robot, replace(state, position=position, effort=effort))
    marked = [index for index, row in enumerate(found) if "hot" in row]
    assert marked == [3, 5]
    assert "left:70px" in found[2]


def test_a_position_outside_its_limits_stays_in_its_bar(robot, state) -> None:
    found = rows(robot, replace(state, position=robot.upper + 1.0))
    assert all("left:70px" in row and "hot" in row for row in found)


def test_a_warm_joint_has_another_colour_and_a_hot_one_stands_out(robot, state) -> None:
    temperature = state.temperature.copy()
    temperature[2], temperature[3] = 60.0, 200.0
    found = rows(robot, replace(state, temperature=temperature))
    colours = [re.search(r"rgb\([\d,]+\)", row)[0] for row in found]
    assert len(set(colours)) == 3
    assert ["hot" in row for row in found[:5]] == [False, False, False, True, False]


def test_what_is_bad_stands_out_in_the_head_of_the_page() -> None:
    lines = [("battery", "<9 %", "hot"), ("robot", "rx1", "")]
    text = status_lines(lines, "running", "#123456", parts="<p>who</p>")
    assert "<td class=hot>&lt;9 %</td>" in text and "<td>rx1</td>" in text
    assert "<p>who</p>" in text


def test_the_head_of_the_page() -> None:
    text = status_lines([("speed", "× 1.00")], "paused", "#123456")
    assert "color:#123456'>paused<" in text
    assert "<td>speed</td><td>× 1.00</td>" in text
