# SPDX-License-Identifier: Apache-2.0
"""Setpoints pass, in part or whole; a late source is held without a bump."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from renxing.control.base_controller import Notice
from renxing.control.impedance_controller import (
    ImpedanceSetpoint,
    JointImpedanceController,
)
from renxing.controller_interface import ControllerInfo
from renxing.errors import ConfigError
from renxing.hardware_interface import IMPEDANCE
from renxing.robot import Robot

JOINTS = ("left_elbow_joint", "left_wrist_yaw_joint")


@pytest.fixture
def arm(lab: Callable[..., Any]) -> Any:
    states = {f"{joint}/position": -0.2 for joint in JOINTS}
    return lab(JointImpedanceController, {"joints": list(JOINTS)}, states=states)


def setpoint(**rows: list[float]) -> ImpedanceSetpoint:
    values = np.full((5, 2), np.nan)
    for name, row in rows.items():
        values[IMPEDANCE.index(name)] = row
    return ImpedanceSetpoint(values)


def torque(lab: Any) -> np.ndarray:
    """What the drives make of the command."""
    position, velocity, effort, kp, kd = (lab.command(name) for name in IMPEDANCE)
    q, dq = lab.state("position"), lab.state("velocity")
    return effort + kp * (position - q) + kd * (velocity - dq)


def test_activation_is_bumpless(arm: Any, rx1: Robot) -> None:
    arm.step()
    np.testing.assert_allclose(arm.command("position"), -0.2)
    np.testing.assert_array_equal(arm.command("proportional"), [120.0, 30.0])
    assert not arm.command("effort").any() and not torque(arm).any()


def test_activation_keeps_the_torque_of_the_one_before(
    lab: Callable[..., Any], arm: Any
) -> None:
    arm.commands[:] = [0.0, 0.0, 4.0, 10.0, 1.0, -0.2, 0.0, -1.0, 10.0, 1.0]
    arm.controller.on_activate()
    before = np.array([4.0 + 10.0 * 0.2, -1.0])
    arm.step()
    np.testing.assert_allclose(torque(arm), before)


def test_passes_parts(arm: Any) -> None:
    arm.send(setpoint(position=[0.1, 0.2], proportional=[5.0, 6.0]))
    arm.send(setpoint(position=[math.nan, 0.3], effort=[1.0, math.nan]))
    arm.step()
    np.testing.assert_array_equal(arm.command("position"), [0.1, 0.3])
    np.testing.assert_array_equal(arm.command("proportional"), [5.0, 6.0])
    np.testing.assert_array_equal(arm.command("effort"), [1.0, 0.0])
    np.testing.assert_array_equal(arm.command("derivative"), [4.0, 0.8])


@pytest.mark.parametrize("soft", [2.0, 0.0])
def test_late_source_is_held_with_the_same_torque(arm: Any, soft: float) -> None:
    """A soft limb that carries its weight neither falls nor jumps."""
    arm.send(setpoint(position=[0.0, 0.0], effort=[8.0, 1.0], proportional=[soft] * 2))
    arm.step()
    before = torque(arm)
    arm.run(0.09)
    np.testing.assert_allclose(torque(arm), before)
    arm.run(0.05)
    np.testing.assert_allclose(torque(arm), before)
    np.testing.assert_array_equal(arm.command("proportional"), [120.0, 30.0])
    assert not arm.command("effort").any()
    (told,) = arm.news(Notice)
    assert "holding" in told.text
    # Pushed aside it comes back, which it did not while it was soft.
    arm.put("position", -0.1)
    assert (torque(arm) < before - 2.0).all()
    arm.send(setpoint(position=[0.5, 0.5]))
    arm.step()
    np.testing.assert_array_equal(arm.command("position"), [0.5, 0.5])


def test_held_torque_and_position_are_bounded(arm: Any, rx1: Robot) -> None:
    arm.send(setpoint(effort=[1e6, -1e6]))
    arm.run(0.15)
    at = rx1.indices(JOINTS)
    assert (np.abs(torque(arm)) <= rx1.torque[at] + 1e-9).all()
    assert (arm.command("position") <= rx1.upper[at]).all()
    assert (arm.command("position") >= rx1.lower[at]).all()


@pytest.mark.parametrize("wrong", [np.zeros((5, 3)), np.full((5, 2), np.inf)])
def test_refuses(arm: Any, wrong: np.ndarray) -> None:
    arm.send(ImpedanceSetpoint(wrong))
    arm.step()
    assert arm.news(Notice)[0].level == "error"
    assert np.isfinite(arm.commands).all()


def test_groups_and_all(lab: Callable[..., Any], rx1: Robot) -> None:
    made = lab(JointImpedanceController, {"groups": ["left_arm", "right_arm"]})
    assert len(made.commands) == 70
    assert len(lab(JointImpedanceController, {}).commands) == 5 * len(rx1.joints)
    for wrong in ({"groups": ["tail"]}, {"joints": ["tail"]}):
        info = ControllerInfo(
            name="i", type="", update_rate=500, parameters=wrong, robot=rx1
        )
        with pytest.raises(ConfigError, match="tail"):
            JointImpedanceController(info).on_configure()
