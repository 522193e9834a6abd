# SPDX-License-Identifier: Apache-2.0
"""Walk and stand: gait and whole-body controller of one robot, a tick at a time.

In: BodyState, a velocity.  Out: JointCommand.  Rate: the controller's, 500 Hz or more.
"""

from dataclasses import dataclass, field

import numpy as np

from renxing.control.gait.gait_config import GaitConfig
from renxing.control.gait.plan import GaitPlan
from renxing.control.gait.walker import Walker
from renxing.control.whole_body import (
    Kinematics,
    WholeBodyConfig,
    WholeBodyController,
    WholeBodyTask,
)
from renxing.errors import UnsafeCommandError
from renxing.robot import Robot
from renxing.signals import BodyState, JointCommand


@dataclass(frozen=True, slots=True, kw_only=True)
class LocomotionConfig:
    """Walking and standing.

    Attributes:
        gait: When and where to step.
        whole_body: What the joints do for it.
    """

    gait: GaitConfig = field(default_factory=GaitConfig)
    whole_body: WholeBodyConfig = field(default_factory=WholeBodyConfig)


class Locomotion:
    """The robot's cerebellum.

    Attributes:
        walker: The gait.
        body: The whole-body controller.
        kinematics: Of the last tick.
        task: What the gait asked for in the last tick.
    """

    def __init__(self, config: LocomotionConfig, robot: Robot, period: float) -> None:
        """Measure the robot and compile what is compiled.

        Args:
            config: Gait and whole-body controller.
            robot: Who walks.
            period: Of the ticks [s].

        Raises:
            ModelError: If the robot cannot walk on two feet.
        """
        self.body = WholeBodyController(config.whole_body, robot, period)
        self.walker = Walker(config.gait, robot, period)
        self.kinematics: Kinematics
        self.task: WholeBodyTask

    @property
    def mode(self) -> str:
        """`stand` or `walk`."""
        return self.walker.mode

    @property
    def plan(self) -> GaitPlan:
        """What the gait was about in the last tick."""
        return self.walker.plan

    @property
    def failures(self) -> int:
        """Ticks in which the QP had no solution."""
        return self.body.failures

    def reset(self, state: BodyState) -> None:
        """Stand where the robot stands."""
        self.body.reset()
        self.walker.reset(self.body.update(state))

    def command_velocity(self, forward: float, left: float, turning: float) -> None:
        """Walk at a velocity; all zero means stand, after the footsteps if any.

        Args:
            forward: [m/s].
            left: [m/s].
            turning: Counterclockwise [rad/s].

        Raises:
            UnsafeCommandError: If one is not finite.
        """
        velocity = np.array([forward, left, turning])
        if not np.isfinite(velocity).all():
            raise UnsafeCommandError(
                f"velocity {forward}, {left}, {turning}: finite numbers wanted"
            )
        self.walker.velocity[:] = velocity
        if velocity.any():
            self.walker.footsteps = None

    def step(self, state: BodyState) -> JointCommand:
        """Do one tick."""
        self.kinematics = self.body.update(state)
        force = state.sole_wrench[:, 2]
        self.task = self.walker.step(self.kinematics, force, state.contact)
        return self.body.solve(self.task)
