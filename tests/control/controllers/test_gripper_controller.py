# SPDX-License-Identifier: Apache-2.0
"""A gripper reaches, or stalls on what it holds, and squeezes as told."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from renxing.control.gripper_controller import (
    GripperActionController,
    GripperCancel,
    GripperGoal,
    GripperResult,
    GripperState,
)
from renxing.hardware_interface import IMPEDANCE, Result

FINGER = "left_index_joint"
WALL = 0.3  # [rad] where the object is


def follow(lab: Any) -> None:
    """A finger that moves at 1 rad/s at most and stops at an object."""
    q, wanted = lab.state("position")[0], lab.commands[0]
    new = min(q + np.clip(wanted - q, -lab.period, lab.period), WALL)
    lab.put("velocity", (new - q) / lab.period)
    lab.put("position", new)


@pytest.fixture
def gripper(lab: Callable[..., Any]) -> Callable[..., Any]:
    def make(**parameters: Any) -> Any:
        made = lab(GripperActionController, {"joint": FINGER, **parameters})
        made.plant = follow
        return made

    return make


def test_reaches(gripper: Callable[..., Any]) -> None:
    made = gripper()
    made.step()
    assert made.commands.tolist() == [0.0]
    made.send(GripperGoal(number=1, position=0.2))
    made.run(0.5)
    (done,) = made.news(GripperResult)
    assert (done.outcome, done.reached, done.stalled) == ("succeeded", True, False)
    assert done.position == pytest.approx(0.2, abs=0.011)
    assert made.news(GripperState)


@pytest.mark.parametrize("allow", [False, True])
def test_stalls(gripper: Callable[..., Any], allow: bool) -> None:
    made = gripper(allow_stalling=allow, stall_timeout=0.5)
    made.send(GripperGoal(number=1, position=0.8))
    made.run(0.7)
    assert not made.news(GripperResult)
    made.run(0.2)
    (done,) = made.news(GripperResult)
    assert done.stalled and not done.reached
    assert done.outcome == ("succeeded" if allow else "aborted")
    assert made.commands.tolist() == [0.8]  # goes on holding it


def test_cancel_and_preemption(gripper: Callable[..., Any]) -> None:
    made = gripper()
    made.send(GripperGoal(number=1, position=0.2))
    made.run(0.1)
    made.send(GripperGoal(number=2, position=0.29))
    made.step()
    made.send(GripperCancel(1))
    made.send(GripperCancel(2))
    here = made.state("position")[0]
    made.run(0.2)
    first, second = made.news(GripperResult)
    assert (first.number, first.outcome) == (1, "aborted")
    assert (second.number, second.outcome) == (2, "canceled")
    assert made.commands[0] == pytest.approx(here)


def test_limits_have_interfaces(gripper: Callable[..., Any]) -> None:
    made = gripper(
        max_effort_interface=f"{FINGER}/max_effort",
        max_velocity_interface=f"{FINGER}/max_velocity",
    )
    made.step()
    assert made.commands.tolist() == [0.0, 10.0, 0.1]
    made.send(GripperGoal(number=1, position=0.2, velocity=0.5, effort=2.0))
    made.step()
    assert made.commands.tolist() == [0.2, 2.0, 0.5]


def test_five_parameters_bound_speed_and_force(gripper: Callable[..., Any]) -> None:
    made = gripper(command_interfaces=list(IMPEDANCE), max_velocity=0.5)
    made.send(GripperGoal(number=1, position=0.8, effort=0.3))
    speeds, forces = [], []
    for _ in range(1000):
        made.step()
        position, velocity, effort, kp, _ = made.commands
        speeds.append(velocity)
        forces.append(effort + kp * (position - made.state("position")[0]))
    assert max(speeds) == pytest.approx(0.5)
    assert max(forces) == pytest.approx(0.3, rel=0.1)
    assert forces[-1] == pytest.approx(0.3, rel=1e-6)


def test_deactivation_ends_the_goal(gripper: Callable[..., Any]) -> None:
    made = gripper()
    made.send(GripperGoal(number=1, position=0.2))
    made.run(0.05)
    assert made.controller.on_deactivate() is Result.SUCCESS
    assert made.news(GripperResult)[0].outcome == "aborted"
