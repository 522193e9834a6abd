# SPDX-License-Identifier: Apache-2.0
"""Walk, stand and sit: gait and whole-body controller of one robot, a tick at a time.

In: BodyState, a velocity.  Out: JointCommand.  Rate: the controller's, 500 Hz or more.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from renxing.control.fall import FallConfig, FallPredictor
from renxing.control.gait.gait_config import GaitConfig
from renxing.control.gait.plan import GaitPlan
from renxing.control.gait.walker import Walker
from renxing.control.sitting import Phase, Sitting
from renxing.control.upper_body import UpperBody
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
        fall: When balance is lost.
    """

    gait: GaitConfig = field(default_factory=GaitConfig)
    whole_body: WholeBodyConfig = field(default_factory=WholeBodyConfig)
    fall: FallConfig = field(default_factory=FallConfig)


class Locomotion:
    """The robot's cerebellum.

    Attributes:
        walker: The gait.
        body: The whole-body controller.
        sitting: What sits down and stands up.
        fall: What sees that the robot falls; it changes no command.
        upper_body: What arms and neck do beside, if anything.
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
        self.sitting = Sitting(robot, self.body, period)
        self.fall = FallPredictor(config.fall, robot, period)
        self.upper_body: UpperBody | None = None
        self.kinematics: Kinematics
        self.task: WholeBodyTask
        self._sit = False

    @property
    def mode(self) -> str:
        """`stand`, `walk`, or how far it is with sitting."""
        phase = self.sitting.phase
        return self.walker.mode if phase is Phase.STAND else phase.value

    @property
    def plan(self) -> GaitPlan:
        """What the gait was about in the last tick."""
        return self.walker.plan

    @property
    def failures(self) -> int:
        """Ticks in which the QP had no solution."""
        return self.body.failures

    def reset(self, state: BodyState) -> None:
        """Stand where the robot stands; one that sits stands up."""
        self.body.reset()
        kinematics = self.body.update(state)
        self.walker.reset(kinematics)
        self.sitting.reset()
        self.fall.reset()
        if self.upper_body is not None:
            self.upper_body.reset(state.position)
        self._sit = False
        self._found_low = self.sitting.is_low(kinematics)
        if self._found_low:
            self.sitting.rise(kinematics)

    def sit(self, wanted: bool) -> None:
        """Sit down as soon as it stands, or stand up again.

        Raises:
            UnsafeCommandError: If the robot has no posture to sit in.
        """
        if wanted and not self.sitting.possible:
            raise UnsafeCommandError("sit: the robot's file has no posture 'sit'")
        self._sit = wanted

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
        self.kinematics = kinematics = self.body.update(state)
        sitting = self.sitting
        if self._sit and self.walker.mode == "stand":
            sitting.sit(kinematics)
        elif not self._sit:
            sitting.stand_up(kinematics)
        stands = sitting.phase is Phase.STAND
        self.fall.look(kinematics, state.base.angular_velocity, may_be_low=not stands)
        if not stands:
            command = sitting.step(kinematics, state)
            if sitting.phase is Phase.STAND and self._found_low:
                # The gait keeps the height that it was given: not that of a squat.
                self.walker.reset(kinematics)
            return command
        force = state.sole_wrench[:, 2]
        self.task = self.walker.step(kinematics, force, state.contact)
        if self.upper_body is not None:
            posture = self.upper_body.apply(
                state.stamp, self.task.posture, state.position
            )
            if posture is not self.task.posture:
                self.task = replace(self.task, posture=posture)
        return self.body.solve(self.task)
