# SPDX-License-Identifier: Apache-2.0
"""Forward controllers pass on what is whole and finite, and stop what gets late."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from renxing.control.base_controller import Deadline, Notice
from renxing.control.forward_controller import (
    ForwardCommand,
    ForwardCommandController,
    JointGroupEffortController,
    JointGroupPositionController,
    JointGroupVelocityController,
    MultiInterfaceForwardCommandController,
)
from renxing.controller_interface import ControllerInfo
from renxing.errors import ConfigError
from renxing.robot import Robot

JOINTS = {"joints": ["a", "b"]}


@pytest.mark.parametrize(
    ("kind", "parameters", "names"),
    [
        (ForwardCommandController, {**JOINTS, "interface_name": "kp"}, "proportional"),
        (JointGroupPositionController, JOINTS, "position"),
        (JointGroupVelocityController, JOINTS, "velocity"),
        (JointGroupEffortController, JOINTS, "effort"),
    ],
)
def test_forwards_for_many_joints(
    lab: Callable[..., Any], kind: Any, parameters: dict[str, Any], names: str
) -> None:
    made = lab(kind, parameters)
    assert list(made.command_at) == [f"a/{names}", f"b/{names}"]
    made.step()
    assert np.isnan(made.commands).all()  # nothing came yet
    made.send(ForwardCommand((1.0, 2.0)))
    made.send(ForwardCommand((3.0, 4.0)))
    made.step()
    assert made.commands.tolist() == [3.0, 4.0]


def test_forwards_for_many_interfaces(lab: Callable[..., Any]) -> None:
    parameters = {"joint": "a", "interface_names": ["position", "torque"]}
    made = lab(MultiInterfaceForwardCommandController, parameters)
    assert list(made.command_at) == ["a/position", "a/effort"]
    made.send(ForwardCommand((1.0, 2.0)))
    made.step()
    assert made.commands.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("wrong", [(1.0,), (1.0, math.nan), (1.0, math.inf)])
def test_refuses(lab: Callable[..., Any], wrong: tuple[float, ...]) -> None:
    made = lab(JointGroupPositionController, JOINTS)
    made.send(ForwardCommand((1.0, 2.0)))
    made.step()
    made.send(ForwardCommand(wrong))
    made.step()
    assert made.commands.tolist() == [1.0, 2.0]
    assert made.news(Notice)[0].level == "error"


def test_late_source_is_held(lab: Callable[..., Any]) -> None:
    parameters = {
        "joint": "a",
        "interface_names": ["position", "velocity", "effort", "proportional"],
        "command_timeout": 0.1,
    }
    made = lab(MultiInterfaceForwardCommandController, parameters)
    made.run(0.2)
    assert not made.news(Notice)  # nobody has begun yet
    made.send(ForwardCommand((1.0, 2.0, 3.0, 4.0)))
    made.run(0.1)
    assert made.commands.tolist() == [1.0, 2.0, 3.0, 4.0]
    made.run(0.05)
    assert made.commands.tolist() == [1.0, 0.0, 0.0, 4.0]
    (told,) = made.news(Notice)
    assert "holding" in told.text
    made.send(ForwardCommand((5.0, 6.0, 7.0, 8.0)))
    made.step()
    assert made.commands.tolist() == [5.0, 6.0, 7.0, 8.0]


def test_wrong_parameters(rx1: Robot) -> None:
    for parameters in ({}, JOINTS, {"interface_names": ["position"]}):
        made = ForwardCommandController(
            ControllerInfo(
                name="f", type="", update_rate=500, parameters=parameters, robot=rx1
            )
        )
        with pytest.raises(ConfigError, match="must be given"):
            made.on_configure()


@pytest.mark.parametrize("interface", ["velocity", "effort"])
def test_a_joint_that_only_moves_is_given_up_when_its_source_is_late(
    lab: Callable[..., Any], interface: str
) -> None:
    parameters = {**JOINTS, "interface_name": interface, "command_timeout": 0.1}
    made = lab(ForwardCommandController, parameters)
    made.send(ForwardCommand((1.0, 2.0)))
    made.run(0.1)
    assert made.commands.tolist() == [1.0, 2.0]
    made.run(0.02)
    assert np.isnan(made.commands).all()


def test_a_late_source_is_told_once_and_again_after_it_came_back() -> None:
    deadline = Deadline(0.1)
    assert not deadline.missed(5.0)  # there was none yet
    deadline.met(5.0)
    assert not deadline.missed(5.1) and deadline.missed(5.11)
    assert not deadline.missed(9.0)
    deadline.met(9.0)
    assert deadline.missed(9.2)
    deadline.met(9.3)
    deadline.reset()
    assert not deadline.missed(99.0)
    patient = Deadline(0.0)
    patient.met(0.0)
    assert not patient.missed(1e9)
