# SPDX-License-Identifier: Apache-2.0
"""The twin sits down on its heels, rests on its stops, and stands up again."""

import numpy as np
import pytest

from renxing.control.lowering import Lowering, Shape
from renxing.control.sitting import Phase
from renxing.errors import UnsafeCommandError
from renxing.evaluation.body import Body
from renxing.evaluation.rig import PERIOD
from renxing.robot import Robot
from renxing.sim import Twin, TwinConfig, load_world
from renxing.spatial import Array

DOWN = {"rx1": 0.44, "g1": 0.21}  # [m] of the base over the ground
KNEES = ("left_knee_joint", "right_knee_joint")


class Stage:
    """A twin and the stack that moves it; the sensors are noisy."""

    def __init__(self, robot: Robot, seed: int = 3, posture: str = "stand") -> None:
        self.twin = Twin(robot, load_world("flat"), TwinConfig(seed=seed))
        self.twin.reset(posture)
        self.body = Body(robot, self.twin, None, ideal=False)
        self.locomotion = self.body.locomotion
        self.body.reset()
        self.torque = np.zeros(len(robot.joints))

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / PERIOD)):
            command, state = self.body.step()
            spring = command.proportional * (command.position - state.position)
            damper = command.derivative * (command.velocity - state.velocity)
            self.torque = command.effort + spring + damper
            self.twin.step(command, round(PERIOD / self.twin.time_step))

    def knees(self) -> Array:
        joints = self.twin.robot.joints
        return np.abs(self.torque[[joints.index(name) for name in KNEES]])

    @property
    def height(self) -> float:
        return float(self.twin.base_state().transform_base_to_odom.translation[2])

    @property
    def speed(self) -> float:
        return float(np.linalg.norm(self.twin.base_state().linear_velocity))


@pytest.mark.slow
def test_it_sits_rests_and_stands_up(robot: Robot) -> None:
    stage = Stage(robot)
    stage.run(0.3)
    standing, upright = stage.knees().max(), stage.height
    stage.locomotion.sit(True)
    stage.run(2.2)
    assert stage.locomotion.mode == "sitting down"
    bent = stage.knees().max()
    assert bent > 1.5 * standing  # on its way the drives carry it
    stage.run(3.8)
    assert stage.locomotion.mode == "sit"
    assert stage.height < DOWN[robot.name]
    assert stage.speed < 0.02
    assert stage.knees().max() < 0.15 * standing  # now its stops do
    stage.locomotion.sit(False)
    stage.run(6.0)
    assert stage.locomotion.mode == "stand"
    assert abs(stage.height - upright) < 0.01
    assert stage.locomotion.fall.side == "" and stage.locomotion.failures == 0


def test_a_walking_robot_stands_before_it_sits(rx1: Robot) -> None:
    stage = Stage(rx1)
    for _ in range(10):
        stage.body.command_velocity(0.4, 0.0, 0.0)
        stage.run(0.1)
    assert stage.locomotion.mode == "walk"
    stage.body.command_velocity(0.0, 0.0, 0.0)
    stage.locomotion.sit(True)
    stage.run(0.1)
    assert stage.locomotion.mode == "walk"
    stage.run(6.5)
    assert stage.locomotion.mode == "sit"


def test_told_otherwise_on_the_way_it_turns_round(rx1: Robot) -> None:
    stage = Stage(rx1)
    stage.locomotion.sit(True)
    stage.run(1.2)
    low = stage.height
    stage.locomotion.sit(False)
    stage.run(0.1)
    assert stage.locomotion.mode == Phase.UP.value
    stage.run(4.0)
    assert stage.locomotion.mode == "stand" and stage.height > low + 0.1


def test_a_robot_that_is_found_sitting_stands_up(rx1: Robot) -> None:
    stage = Stage(rx1, posture="sit")
    assert stage.locomotion.mode == Phase.UP.value
    stage.run(5.0)
    assert stage.locomotion.mode == "stand"
    assert stage.height > 0.93


def test_without_a_posture_to_sit_in_it_refuses(rx1: Robot) -> None:
    stage = Stage(rx1)
    stage.locomotion.sitting.possible = False
    with pytest.raises(UnsafeCommandError, match="no posture 'sit'"):
        stage.locomotion.sit(True)


def test_the_shapes_are_those_of_the_postures(rx1: Robot) -> None:
    stand, sit = Shape.of(rx1, "stand"), Shape.of(rx1, "sit")
    assert stand.pitch == pytest.approx([0.0, 0.0], abs=0.01)
    assert sit.pitch == pytest.approx([0.40, 0.40], abs=0.01)
    assert sit.height < 0.6 * stand.height
    way = Lowering(stand, sit, PERIOD)
    assert way.duration == pytest.approx((stand.height - sit.height) / 0.2)
    assert Lowering(stand, stand, PERIOD).duration == 1.0 and not way.over
