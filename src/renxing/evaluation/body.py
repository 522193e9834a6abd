# SPDX-License-Identifier: Apache-2.0
"""Estimator, locomotion and guard of one robot on one twin, as the core runs them."""

import time

import numpy as np

from renxing.actuation.guard import Guard, GuardConfig
from renxing.control.hold import Hold, HoldConfig
from renxing.control.locomotion import Locomotion, LocomotionConfig
from renxing.control.locomotion_controller import COMMAND_TIMEOUT
from renxing.estimation.estimator_config import StateEstimatorConfig
from renxing.estimation.state_estimator import StateEstimator
from renxing.evaluation.rig import PERIOD
from renxing.evaluation.truth import Truth
from renxing.robot import Robot
from renxing.signals import (
    BodyState,
    ElevationMap,
    ImuSample,
    JointCommand,
    JointState,
    WrenchSample,
)
from renxing.sim import Twin

COLD_TICKS = 50  # at the start, which compile and fill caches


class Body:
    """The whole stack from sensors to drives, without its real-time loop.

    The robot that it knows is the one described, not the varied one of the twin. Where
    commands cease it stops after the time that the controller waits for them.
    """

    PHASES = ("estimator", "locomotion", "guard")

    def __init__(
        self, robot: Robot, twin: Twin, terrain: ElevationMap | None, *, ideal: bool
    ) -> None:
        """Set it up.

        Args:
            robot: As described.
            twin: Whose sensors it reads.
            terrain: Known heights of the ground, if any.
            ideal: Whether it is told the true state instead of estimating it.
        """
        self._twin = twin
        self._truth = Truth(robot, twin) if ideal else None
        self._estimator = StateEstimator(StateEstimatorConfig(), robot, PERIOD)
        self.locomotion = Locomotion(LocomotionConfig(), robot, PERIOD)
        self._guard = Guard(GuardConfig(), robot)
        self._hold = Hold(HoldConfig(), robot)
        self._terrain = terrain
        self._times: list[tuple[float, float, float]] = []

    def reset(self) -> None:
        """Take the body over from a posture that was held, as at a switch in the core.

        That takes two periods of the twin's time, since an estimator needs two samples.
        """
        twin = self._twin
        self._estimator.reset(twin.joint_state(), twin.imus()[0])
        self._hold_on()
        joints, imu, wrenches = twin.joint_state(), twin.imus()[0], twin.wrenches()
        self.locomotion.reset(self._sense(joints, imu, wrenches))
        self.locomotion.walker.ground.map = self._terrain
        self._hold_on()
        self._guard.reset()
        self._told_at = twin.time
        self._times.clear()

    def _hold_on(self) -> None:
        twin = self._twin
        twin.step(self._hold.step(twin.time), round(PERIOD / twin.time_step))

    def _sense(
        self, joints: JointState, imu: ImuSample, wrenches: list[WrenchSample]
    ) -> BodyState:
        if self._truth is not None:
            return self._truth.body_state()
        return self._estimator.step(joints, imu, wrenches)

    def command_velocity(self, forward: float, left: float, turn: float) -> None:
        """Want a velocity [m/s, m/s, rad/s]."""
        self._told_at = self._twin.time
        self.locomotion.command_velocity(forward, left, turn)

    def step(self) -> tuple[JointCommand, BodyState]:
        """Return the command for one period, and the state that it rests on."""
        joints = self._twin.joint_state()
        imu, wrenches = self._twin.imus()[0], self._twin.wrenches()
        if self._twin.time - self._told_at > COMMAND_TIMEOUT:
            self.locomotion.command_velocity(0.0, 0.0, 0.0)
        begun = time.thread_time()
        state = self._sense(joints, imu, wrenches)
        estimated = time.thread_time()
        wanted = self.locomotion.step(state)
        controlled = time.thread_time()
        rows = np.stack(
            [
                wanted.position,
                wanted.velocity,
                wanted.effort,
                wanted.proportional,
                wanted.derivative,
            ]
        )
        sent = self._guard.step(rows, joints.position, joints.velocity, PERIOD)
        guarded = time.thread_time()
        self._times.append(
            (estimated - begun, controlled - estimated, guarded - controlled)
        )
        return sent, state

    def timing(self) -> dict[str, tuple[float, float]]:
        """Return median and 99th percentile of the CPU time of a tick by phase [us]."""
        times = 1e6 * np.array(self._times[COLD_TICKS:])
        if not len(times):
            return {}
        columns = dict(zip(self.PHASES, times.T, strict=True))
        columns["total"] = times.sum(axis=1)
        return {
            name: (float(np.median(values)), float(np.percentile(values, 99)))
            for name, values in columns.items()
        }
