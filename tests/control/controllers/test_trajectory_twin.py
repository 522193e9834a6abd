# SPDX-License-Identifier: Apache-2.0
"""An arm of rx1 follows a trajectory in MuJoCo while the rest stands."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from renxing.control.hold import Hold, HoldConfig
from renxing.control.trajectory import POSITION, VELOCITY, Points
from renxing.control.trajectory_controller import JointTrajectoryController
from renxing.control.trajectory_values import (
    Code,
    Outcome,
    TrajectoryGoal,
    TrajectoryResult,
)
from renxing.hardware_interface import IMPEDANCE
from renxing.robot import Robot
from renxing.signals import JointCommand
from renxing.sim import Twin, TwinConfig, load_world
from renxing.sim.pushes import Push


class ArmLab:
    """The controller drives one arm, a posture holder the other joints."""

    def __init__(
        self, lab: Callable[..., Any], robot: Robot, **constraints: Any
    ) -> None:
        self.arm = robot.description.groups["left_arm"]
        self.at = robot.indices(self.arm)
        self.twin = Twin(robot, load_world("flat"), TwinConfig(seed=1))
        self.hold = Hold(HoldConfig(), robot)
        stand = robot.posture("stand")[self.at]
        self.lab = lab(
            JointTrajectoryController,
            {
                "joints": list(self.arm),
                "command_interfaces": list(IMPEDANCE),
                "state_interfaces": ["position", "velocity"],
                "constraints": {"stopped_velocity_tolerance": 0.0, **constraints},
            },
            states=dict(
                zip((f"{j}/position" for j in self.arm), stand.tolist(), strict=True)
            ),
        )
        self.lab.plant = self.physics
        self.errors: list[np.ndarray] = []

    def physics(self, lab: Any) -> None:
        whole = self.hold.step(self.twin.time)
        parts = []
        for name in IMPEDANCE:
            values = getattr(whole, name).copy()
            # Feed-forward: the holder's gravity torques are near enough.
            if name != "effort":
                values[self.at] = lab.command(name)
            parts.append(values)
        command = JointCommand(**dict(zip(IMPEDANCE, parts, strict=True)))
        self.twin.step(command, round(lab.period / self.twin.time_step))
        state = self.twin.joint_state()
        lab.put("position", state.position[self.at])
        lab.put("velocity", state.velocity[self.at])
        self.errors.append(lab.command("position") - state.position[self.at])


def reach(lab: ArmLab, robot: Robot) -> Points:
    start = robot.posture("stand")[lab.at]
    target = start + np.array([-0.6, 0.3, 0.2, -0.5, 0.2, 0.1, -0.2])
    values = np.full((4, 2, 7), np.nan)
    values[POSITION] = [target, start]
    values[VELOCITY] = 0.0
    return Points(times=np.array([1.5, 3.0]), values=values)


def test_arm_follows_in_the_twin(lab: Callable[..., Any], rx1: Robot) -> None:
    made = ArmLab(lab, rx1)
    made.lab.send(TrajectoryGoal(points=reach(made, rx1), number=1))
    made.lab.run(3.5)
    (done,) = made.lab.news(TrajectoryResult)
    assert done.outcome is Outcome.SUCCEEDED
    assert np.abs(made.errors).max() < 0.06  # [rad] gravity over kp, and friction
    assert made.twin.base_state().transform_base_to_odom.translation[2] > 0.7


def test_a_hand_held_back_violates_the_path(
    lab: Callable[..., Any], rx1: Robot
) -> None:
    tight = {
        joint: {"trajectory": 0.15} for joint in rx1.description.groups["left_arm"]
    }
    made = ArmLab(lab, rx1, **tight)
    made.lab.send(TrajectoryGoal(points=reach(made, rx1), number=1))
    made.lab.run(0.5)
    assert not made.lab.news(TrajectoryResult)
    hand = rx1.description.hands[0].link
    zero = np.zeros(3)
    force = np.array([60.0, 60.0, 0.0])
    push = Push(body=hand, force=force, torque=zero, point=zero, duration=0.5)
    made.twin.apply_wrenches([push])
    made.lab.run(0.5)
    (done,) = made.lab.news(TrajectoryResult)
    assert done.code is Code.PATH_TOLERANCE_VIOLATED
    made.lab.run(1.0)
    # It holds where it was stopped, calmly.
    assert np.abs(made.lab.state("velocity")).max() < 0.1


def test_update_of_a_whole_robot_is_cheap(lab: Callable[..., Any], rx1: Robot) -> None:
    """A bound against accidents; docs/controllers.md has what is measured."""
    made = lab(
        JointTrajectoryController,
        {
            "joints": list(rx1.joints),
            "command_interfaces": list(IMPEDANCE),
            "state_interfaces": ["position", "velocity"],
        },
    )
    values = np.zeros((4, 100, len(rx1.joints)))
    values[POSITION] = np.random.default_rng(0).uniform(-0.1, 0.1, values.shape[1:])
    points = Points(times=np.arange(1, 101) * 0.05, values=values)
    made.send(TrajectoryGoal(points=points, number=1))
    spent = []
    for _ in range(2000):
        made.time += made.period
        begin = time.perf_counter()
        made.controller.update(made.time, made.period)
        spent.append(time.perf_counter() - begin)
    assert np.median(spent) < 500e-6
