# SPDX-License-Identifier: Apache-2.0
"""Postures as a controller: from where the joints are, whole robot or some of it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from renxing.control.posture_controller import (
    GoToPosture,
    PostureAnswer,
    PostureController,
    ReleasePosture,
    StopPosture,
)
from renxing.hardware_interface import IMPEDANCE
from renxing.robot import Robot
from renxing.signals import JointCommand
from renxing.sim import Twin, TwinConfig, load_world


def perfect(lab: Any) -> None:
    lab.put("position", lab.command("position"))


def answers(lab: Any) -> list[PostureAnswer]:
    return lab.news(PostureAnswer)


def test_moves_from_where_it_is(lab: Callable[..., Any], rx1: Robot) -> None:
    stand = rx1.posture("stand")
    start = np.clip(stand + 0.2, rx1.lower, rx1.upper)
    states = dict(zip((f"{j}/position" for j in rx1.joints), start, strict=True))
    made = lab(PostureController, {}, states=states)
    made.plant = perfect
    made.step()
    np.testing.assert_allclose(made.command("position"), start, atol=1e-6)
    made.run(1.0)
    np.testing.assert_allclose(made.command("position"), stand)
    assert np.abs(made.command("effort")).max() > 5.0  # it carries the robot
    np.testing.assert_array_equal(made.command("proportional"), rx1.kp)


def test_goes_stops_and_is_released(lab: Callable[..., Any], rx1: Robot) -> None:
    made = lab(PostureController, {"groups": ["left_arm"]})
    made.plant = perfect
    made.run(2.0)
    at = rx1.indices(rx1.description.groups["left_arm"])
    np.testing.assert_allclose(made.command("position"), rx1.posture("stand")[at])
    for value in (GoToPosture(1, "squat", 2.0), GoToPosture(2, "handstand")):
        made.send(value)
    made.run(1.0)
    yes, no = answers(made)
    assert yes.success and yes.message == "to 'squat' in 2.00 s"
    assert not no.success and "handstand" in no.message
    made.send(StopPosture(3))
    made.step()
    where = made.command("position").copy()
    made.send(GoToPosture(4, "stand"))
    made.run(0.5)
    stopped, refused = answers(made)
    assert stopped.success and not refused.success
    np.testing.assert_array_equal(made.command("position"), where)
    made.send(ReleasePosture(5))
    made.send(GoToPosture(6, "stand"))
    made.run(3.0)
    assert all(answer.success for answer in answers(made))
    np.testing.assert_allclose(made.command("position"), rx1.posture("stand")[at])


def test_stands_in_the_twin(lab: Callable[..., Any], rx1: Robot) -> None:
    """Handed over in a squat, it stands up and stays up."""
    twin = Twin(rx1, load_world("flat"), TwinConfig(seed=3))
    twin.reset("squat")
    squat = rx1.posture("squat")
    states = dict(zip((f"{j}/position" for j in rx1.joints), squat, strict=True))
    made = lab(PostureController, {}, states=states)

    def physics(lab: Any) -> None:
        command = JointCommand(**{name: lab.command(name) for name in IMPEDANCE})
        twin.step(command, round(lab.period / twin.time_step))
        lab.put("position", twin.joint_state().position)

    made.plant = physics
    height = twin.base_state().transform_base_to_odom.translation[2]
    made.run(4.0)
    pose = twin.base_state().transform_base_to_odom
    assert pose.translation[2] > height + 0.05
    assert pose.rotation[2, 2] > 0.99
    np.testing.assert_allclose(twin.true_positions(), rx1.posture("stand"), atol=0.06)
