# SPDX-License-Identifier: Apache-2.0
"""Walking as a controller: `renxing/LocomotionController`.

In: `VelocityCommand`, `FootstepGoal` or, for arms and neck, `TrajectoryGoal` from ROS,
body state of an estimator controller, joint states.
Out: five numbers for each joint. Joints of groups that it is not given, such as an arm
that a trajectory controller moves, only weigh.
Stale behaviour: `command_timeout` after the last velocity the robot stops and stands;
a velocity other than zero ends a walk over footsteps.
Without a body state it gives its joints back: the stop ladder holds them.
On the ladder's rungs `stand` and `sit` it stops, stands, or then sits down, and refuses
velocities until the reset. A fall that it sees coming it tells, and then gives up: the
ladder braces the robot. It does not start on a robot that lies.

Parameters: `estimator`, name of the controller that exports the body state; `groups` or
`joints`; `command_timeout` [s]; `velocity_limits`, the greatest speed ahead, back and
sideways [m/s] and turning [rad/s]; the numbers of `GaitConfig` below `gait`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from renxing.body_interfaces import state_from_exported, state_names
from renxing.control.base_controller import BaseController, individual, places
from renxing.control.controller_parameters import Parameters
from renxing.control.fall import SIDES, lying_side
from renxing.control.footstep_goals import (
    CancelFootsteps,
    FootstepGoal,
    FootstepGoals,
)
from renxing.control.gait.gait_config import GaitConfig
from renxing.control.gait.geometry import GRAVITY, GaitGeometry
from renxing.control.impedance_controller import impedance_joints
from renxing.control.locomotion import Locomotion, LocomotionConfig
from renxing.control.sitting import Phase
from renxing.control.trajectory_values import CancelTrajectory, TrajectoryGoal
from renxing.control.upper_body import UpperBody, upper_joints
from renxing.controller_interface import InterfaceConfiguration
from renxing.errors import ConfigError
from renxing.hardware_interface import IMPEDANCE, POSITION, VELOCITY, Result, Return
from renxing.signals import BodyState, JointState
from renxing.spatial import Array

COMMAND_TIMEOUT = 0.5  # [s] default
SIT_TIMEOUT = 12.0  # [s] to stop, sit down and rest
# [-] of the way of a fall to the front, from which to crouch is better than to go on
# stepping; to the side and back the steps are what softens it.
BRACE_AHEAD = 0.25
# What `mode` on its board is a place in.
MODES = (
    "stand",
    "walk",
    *(phase.value for phase in Phase if phase is not Phase.STAND),
    "falls",
    *(f"lies on its {side}" for side in SIDES),
)
# What its board shows.
BOARD = (
    "walking",
    *(f"com.{axis}" for axis in "xyz"),
    *(f"capture_point.{axis}" for axis in "xy"),
    *(f"centre_of_pressure.{axis}" for axis in "xy"),
    *(f"foothold.{axis}" for axis in "xy"),
    "steps",
    "margin",
    "failures",
    *(f"velocity.{axis}" for axis in ("forward", "left", "turning")),
    "mode",
)
FOOT_BOARD = (
    *(f"position.{axis}" for axis in "xyz"),
    "heading",
    *(f"force.{axis}" for axis in "xyz"),
    *(f"torque.{axis}" for axis in "xyz"),
)


@dataclass(frozen=True, slots=True)
class VelocityCommand:
    """Walk like this until the next command.

    Attributes:
        forward: [m/s].
        left: [m/s].
        turning: Counterclockwise [rad/s].
    """

    forward: float
    left: float
    turning: float


@dataclass(frozen=True, slots=True)
class ReleaseUpperBody:
    """Arms and neck go back to what the gait wants of them."""


class LocomotionController(BaseController):
    """Stands and walks."""

    balances = True

    def configure(self, parameters: Parameters) -> None:
        """Read the parameters and compile what is compiled.

        Raises:
            ConfigError: If one cannot be used.
            ModelError: If the robot cannot walk on two feet.
        """
        robot = self.info.robot
        self.joints = impedance_joints(parameters, robot)
        self._at = places(robot, self.joints)
        self._estimator = parameters.text("estimator", "state_estimator")
        self._timeout = parameters.number(
            "command_timeout", COMMAND_TIMEOUT, 0.02, 60.0
        )
        # What a body of this size does with room to spare, after Froude.
        pace = float(np.sqrt(GRAVITY * GaitGeometry.of(robot).leg_length))
        default = (0.45 * pace, 0.2 * pace, 0.15 * pace, 1.2)
        self._limits = parameters.numbers("velocity_limits", default)
        if (self._limits < 0.0).any():
            raise parameters.wrong("velocity_limits", "negative")
        config = LocomotionConfig(gait=read_gait(parameters.section("gait")))
        self._locomotion = Locomotion(config, robot, self.period)
        self._footsteps = FootstepGoals(self._locomotion, self.tell)
        self._upper = UpperBody(robot, upper_joints(robot, self.joints), self.tell)
        self._locomotion.upper_body = self._upper
        self.sits = self._locomotion.sitting.possible
        self._base = state_names(robot)
        self._n = len(robot.joints)
        self._output = np.empty((len(IMPEDANCE), len(self.joints)))
        self._feet = [foot.name for foot in robot.description.feet]

    def command_interfaces(self) -> InterfaceConfiguration:
        """Return the five of its joints, interface by interface."""
        return individual([f"{j}/{kind}" for kind in IMPEDANCE for j in self.joints])

    def state_interfaces(self) -> InterfaceConfiguration:
        """Return position and velocity of all joints, then the body state."""
        kinds = (POSITION, VELOCITY)
        joints = [f"{j}/{kind}" for kind in kinds for j in self.info.robot.joints]
        return individual(joints + [f"{self._estimator}/{n}" for n in self._base])

    def board_names(self, states: Sequence[str]) -> Sequence[str]:
        """Return what it is about, then each foot."""
        return [
            *BOARD,
            *(f"{foot}/{name}" for foot in self._feet for name in FOOT_BOARD),
        ]

    def on_activate(self) -> Result:
        """Stand where the robot stands."""
        self.start()
        self._last = self._now = -np.inf
        self._began = False
        self._stopped = False
        self._sit_by = np.inf
        self.gives_up, self.falls = "", False
        if not np.isfinite(self.states.get()[: 2 * self._n]).all():
            self.notice("error", "state", 0.0, "no joint states to start from")
            return Result.FAILURE
        return Result.SUCCESS

    def stand(self, stopped: bool) -> None:
        """Stop walking and stay, or be ready to walk again."""
        self._stopped = stopped
        self._footsteps.give_up("stopped")
        self._upper.give_up("stopped")
        self._locomotion.command_velocity(0.0, 0.0, 0.0)

    def sit(self, wanted: bool) -> None:
        """Sit down, or stand up again."""
        self._locomotion.sit(wanted)
        self._sit_by = self._now + SIT_TIMEOUT if wanted else np.inf

    def update(self, time: float, period: float) -> Return:
        """Do one tick."""
        self._now = time
        try:
            state = self._state(time)
        except ConfigError as error:
            self.notice("error", "state", time, str(error))
            return Return.ERROR
        locomotion = self._locomotion
        if not self._began:
            side = lying_side(state.base.transform_base_to_odom.rotation[2])
            if side:
                what = f"the robot lies on its {side}: lift it, then start"
                self.notice("error", "lies", time, what)
                return Return.ERROR
            locomotion.reset(state)
            self._began = True
        self._listen(time)
        command = locomotion.step(state)
        self._footsteps.look()
        self._judge(time)
        for row, kind in enumerate(IMPEDANCE):
            self._output[row] = getattr(command, kind)[self._at]
        self.commands.set(self._output.ravel())
        self._show(time, state)
        return Return.OK

    def _judge(self, time: float) -> None:
        """Give up what cannot succeed."""
        fall, phase = self._locomotion.fall, self._locomotion.sitting.phase
        if fall.side and not self.gives_up:
            what = f"falls to the {fall.side}: {fall.cause}"
            self.notice("error", "fall", time, what)
            if fall.ahead > BRACE_AHEAD:
                self.gives_up, self.falls = f"fall to the {fall.side}", True
        if time > self._sit_by:
            if phase is not Phase.REST and not self.gives_up:
                self.gives_up = f"not sitting after {SIT_TIMEOUT:g} s"
            self._sit_by = np.inf

    def _state(self, time: float) -> BodyState:
        values, n = self.states.get(), self._n
        nothing = np.empty(0)
        joints = JointState(
            stamp=time,
            position=values[:n],
            velocity=values[n : 2 * n],
            effort=nothing,
            temperature=nothing,
        )
        return state_from_exported(values[2 * n :], joints)

    def _listen(self, time: float) -> None:
        for value in self.take():
            if isinstance(value, VelocityCommand):
                self._obey(value, time)
            elif isinstance(value, FootstepGoal):
                self._begin(value, time)
            elif isinstance(value, CancelFootsteps):
                self._footsteps.cancel(value.number)
            elif isinstance(value, TrajectoryGoal):
                self._move(value, time)
            elif isinstance(value, CancelTrajectory):
                self._upper.cancel(value.number)
            elif isinstance(value, ReleaseUpperBody):
                self._upper.release(time)
        walking = self._locomotion.walker.velocity.any()
        if walking and time - self._last > self._timeout:
            self._locomotion.command_velocity(0.0, 0.0, 0.0)
            what = f"no velocity for {self._timeout:g} s: stopping"
            self.notice("warning", "late", time, what)

    def _obey(self, command: VelocityCommand, time: float) -> None:
        if self._stopped:
            self.notice("warning", "stopped", time, f"refused {command}: stopped")
            return
        ahead, back, aside, turn = self._limits
        wanted = np.array([command.forward, command.left, command.turning])
        if not np.isfinite(wanted).all():
            self.notice("error", "refused", time, f"refused {command}: not finite")
            return
        allowed = np.clip(wanted, (-back, -aside, -turn), (ahead, aside, turn))
        if (allowed != wanted).any():
            what = (
                f"velocity {wanted.round(3)} is beyond the limits: {allowed.round(3)}"
            )
            self.notice("warning", "limit", time, what)
        self._locomotion.command_velocity(*allowed)
        self._last = time

    def _begin(self, goal: FootstepGoal, time: float) -> None:
        if self._stopped:
            why = self._footsteps.refuse(goal, "stopped")
        else:
            why = self._footsteps.begin(goal)
        if why:
            self.notice("warning", "footsteps", time, f"refused footsteps: {why}")

    def _move(self, goal: TrajectoryGoal, time: float) -> None:
        if self._stopped:
            why = self._upper.refuse(goal, "stopped")
        elif self._locomotion.sitting.phase is not Phase.STAND:
            why = self._upper.refuse(goal, "the robot does not stand")
        else:
            why = self._upper.begin(goal, time)
        if why:
            self.notice("warning", "trajectory", time, f"refused a trajectory: {why}")

    def _show(self, time: float, state: BodyState) -> None:
        if not self.board.names:
            return
        locomotion, values = self._locomotion, self.board.values
        plan, kinematics = locomotion.plan, locomotion.kinematics
        values[0] = locomotion.mode == "walk"
        values[1:4] = kinematics.com
        values[4:6] = plan.capture_point
        values[6:8] = plan.centre_of_pressure
        values[8:10] = plan.foothold
        values[10], values[11], values[12] = (
            plan.steps,
            plan.margin,
            locomotion.failures,
        )
        values[13:16] = locomotion.walker.velocity
        values[16] = MODES.index(self._mode(state))
        feet: Array = values[len(BOARD) :].reshape(len(self._feet), len(FOOT_BOARD))
        for row, pose in zip(feet, kinematics.soles, strict=True):
            row[:3] = pose.translation
            row[3] = np.arctan2(pose.rotation[1, 0], pose.rotation[0, 0])
        feet[:, 4:] = state.sole_wrench
        self.board.show(time)

    def _mode(self, state: BodyState) -> str:
        if not self._locomotion.fall.side:
            return self._locomotion.mode
        side = lying_side(state.base.transform_base_to_odom.rotation[2])
        return f"lies on its {side}" if side else "falls"


def read_gait(parameters: Parameters) -> GaitConfig:
    """Return the gait of some parameters.

    Raises:
        ConfigError: If one cannot be used.
    """
    default = GaitConfig()
    given: dict[str, Any] = {}
    for one in fields(GaitConfig):
        value = getattr(default, one.name)
        if isinstance(value, tuple):
            numbers = parameters.numbers(one.name, value)
            if (numbers <= 0.0).any():
                raise parameters.wrong(one.name, f"got {numbers}; above 0 wanted")
            given[one.name] = tuple(numbers)
        else:
            low, high = one.metadata["min"], one.metadata["max"]
            given[one.name] = parameters.number(one.name, value, low, high)
    return GaitConfig(**given)
