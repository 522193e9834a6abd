# SPDX-License-Identifier: Apache-2.0
"""A twin that holds postures, watched by an estimator; truth is for scoring only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from renxing.control.hold import Hold, HoldConfig
from renxing.estimation.estimator_config import StateEstimatorConfig
from renxing.estimation.state_estimator import StateEstimator
from renxing.robot import Robot
from renxing.signals import (
    BodyState,
    ImuSample,
    JointCommand,
    JointState,
    WrenchSample,
)
from renxing.sim.twin import Twin, TwinConfig
from renxing.sim.world import load_world
from renxing.spatial import Array

Samples = tuple[JointState, ImuSample, Sequence[WrenchSample]]


@dataclass
class Row:
    """One cycle: what was estimated and what was so."""

    state: BodyState
    position: Array  # error of the base in odom [m]
    velocity: Array  # error in the base frame [m/s]
    tilt: float  # [rad]
    forces: Array  # true upward forces on the feet [N]


class Watch:
    """Runs twin, posture holder and estimator in lock-step."""

    def __init__(
        self,
        robot: Robot,
        config: StateEstimatorConfig | None = None,
        steps: int = 2,
        ideal: bool = False,
    ) -> None:
        self.twin = Twin(robot, load_world("flat"), TwinConfig(seed=3, ideal=ideal))
        self.hold = Hold(HoldConfig(), robot)
        self.steps = steps
        period = steps * self.twin.time_step
        self.estimator = StateEstimator(config or StateEstimatorConfig(), robot, period)
        self.spoil: Callable[[float, Samples], Samples] = lambda time, samples: samples
        self.command: Callable[[BodyState], JointCommand] = lambda state: (
            self.hold.step(self.twin.time)
        )
        self.state: BodyState | None = None
        self.started = False

    def samples(self) -> Samples:
        twin = self.twin
        return self.spoil(
            twin.time, (twin.joint_state(), twin.imus()[0], twin.wrenches())
        )

    def run(self, seconds: float) -> list[Row]:
        rows = []
        if not self.started:
            joints, imu, _ = self.samples()
            self.estimator.reset(joints, imu)
            self.started = True
        for _ in range(round(seconds / (self.steps * self.twin.time_step))):
            command = (
                self.command(self.state)
                if self.state is not None
                else self.hold.step(self.twin.time)
            )
            self.twin.step(command, self.steps)
            state = self.state = self.estimator.step(*self.samples())
            truth = self.twin.base_state()
            seen, true = (s.transform_base_to_odom for s in (state.base, truth))
            rows.append(
                Row(
                    state,
                    seen.translation - true.translation,
                    state.base.linear_velocity - truth.linear_velocity,
                    float(np.linalg.norm(seen.rotation[2] - true.rotation[2])),
                    self.twin.sole_forces(),
                )
            )
        return rows


def rms(rows: list[Row]) -> float:
    """Return the size of the error of the velocity [m/s]."""
    return float(np.sqrt(np.mean([row.velocity @ row.velocity for row in rows])))


def biased(gyro: Array, accel: Array) -> Callable[[float, Samples], Samples]:
    """Return what adds biases to the inertial sensor."""

    def spoil(_: float, samples: Samples) -> Samples:
        joints, imu, wrenches = samples
        imu = replace(
            imu,
            angular_velocity=imu.angular_velocity + gyro,
            specific_force=imu.specific_force + accel,
        )
        return joints, imu, wrenches

    return spoil


@pytest.fixture
def watch(robot: Robot) -> Watch:
    """Each of our robots; g1 has no cells."""
    return Watch(robot)
