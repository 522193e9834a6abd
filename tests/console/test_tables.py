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


def test_the_head_of_the_page() -> None:
    text = status_lines([("speed", "× 1.00")], "paused", "#123456")
    assert "color:#123456'>paused<" in text
    assert "<td>speed</td><td>× 1.00</td>" in text
