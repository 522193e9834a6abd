# SPDX-License-Identifier: Apache-2.0
"""Sit down on the heels, rest there with little torque, and stand up again.

In: kinematics and joint positions of the tick.  Out: JointCommand.  Rate: the
controller's. The whole-body controller brings the robot into its posture `sit`, a squat
in which knees and hips are nearly folded. There the joints that the weight pushes into
a near stop are released: the stops carry the robot, all others hold the posture.
"""

from enum import Enum

import numpy as np

from renxing.control.lowering import Lowering, Shape
from renxing.control.whole_body import Kinematics, WholeBodyController
from renxing.robot import Robot
from renxing.signals import BodyState, JointCommand
from renxing.spatial import Array, Mask

POSTURE = "sit"
SETTLE = 0.5  # [s] down there before joints are released
RELEASE = 1.5  # [s] in which they are, and in which they get their torque back
NEAR = 0.12  # [rad] from a stop on which a joint may rest
ANKLE = 2  # joints next to a sole, which balance and are never released
SLACK = 0.02  # [-] of its stiffness that a released joint keeps
LOW = 0.8  # [-] of the standing height of the centre of mass; below it a robot sits


class Phase(Enum):
    """How far a robot is with sitting."""

    STAND = "stand"
    DOWN = "sitting down"
    REST = "sit"
    WAKE = "waking"
    UP = "standing up"


class Sitting:
    """Sits down and stands up.

    Attributes:
        possible: Whether the robot has a posture to sit in.
        phase: What it does.
    """

    def __init__(self, robot: Robot, body: WholeBodyController, period: float) -> None:
        """Look up the postures.

        Args:
            robot: Who sits.
            body: What moves it.
            period: Of the ticks [s].
        """
        self.possible = POSTURE in robot.description.postures
        self._robot, self._body, self._period = robot, body, period
        self._folding = _folding(robot)
        self._standing = Shape.of(robot, "stand")
        self._sitting = Shape.of(robot, POSTURE) if self.possible else self._standing
        self.reset()

    def reset(self) -> None:
        """Stand."""
        self.phase = Phase.STAND
        self._way: Lowering | None = None
        self._age = 0.0
        self._weight = np.zeros(len(self._robot.joints))
        self._place = self._weight
        self._released = self._weight.astype(bool)
        self._wanted = self._standing.posture

    def is_low(self, kinematics: Kinematics) -> bool:
        """Tell whether a robot that nobody knows sits rather than stands."""
        height = Shape.seen(kinematics, self._wanted).height
        return self.possible and height < LOW * self._standing.height

    def sit(self, kinematics: Kinematics) -> None:
        """Begin to sit down, from wherever it is."""
        if self.phase in (Phase.STAND, Phase.UP, Phase.WAKE):
            self._go(kinematics, self._sitting, Phase.DOWN)

    def stand_up(self, kinematics: Kinematics) -> None:
        """Begin to stand up if it sits or sits down."""
        if self.phase is Phase.REST:
            self._go(kinematics, self._sitting, Phase.WAKE)
        elif self.phase is Phase.DOWN:
            self.rise(kinematics)

    def rise(self, kinematics: Kinematics) -> None:
        """Begin to stand up from wherever the robot is."""
        self._go(kinematics, self._standing, Phase.UP)

    def _go(self, kinematics: Kinematics, goal: Shape, phase: Phase) -> None:
        start = Shape.seen(kinematics, self._wanted)
        self._way, self._age = Lowering(start, goal, self._period), 0.0
        self.phase = phase

    def step(self, kinematics: Kinematics, state: BodyState) -> JointCommand:
        """Do one tick; not while it stands.

        Args:
            kinematics: Of this tick.
            state: The same, with the joints.
        """
        self._age += self._period
        if self.phase is Phase.REST or self._way is None:
            return self._rest()
        task = self._way.task(kinematics)
        self._wanted = task.posture
        command = self._body.solve(task)
        if self.phase is Phase.WAKE:
            share = min(1.0, self._age / RELEASE)
            if share >= 1.0:
                self._go(kinematics, self._standing, Phase.UP)
            return _blend(self._rest(), command, share, state)
        if self._way.over:
            if self.phase is Phase.UP:
                self.reset()
            elif self._age > self._way.duration + SETTLE:
                self._begin_rest(command, state)
        return command

    def _begin_rest(self, command: JointCommand, state: BodyState) -> None:
        robot = self._robot
        self._weight = _torque(command, state)
        self._place = state.position.copy()
        low = (self._place - robot.lower < NEAR) & (self._weight > 0.0)
        high = (robot.upper - self._place < NEAR) & (self._weight < 0.0)
        self._released = (low | high) & self._folding
        self.phase, self._age = Phase.REST, 0.0

    def _rest(self) -> JointCommand:
        """Hold the posture; what rests on a stop lets go little by little."""
        robot = self._robot
        share = min(1.0, self._age / RELEASE) if self.phase is Phase.REST else 1.0
        left = np.where(self._released, 1.0 - share, 1.0)
        return JointCommand(
            position=self._place,
            velocity=np.zeros(len(self._place)),
            effort=left * self._weight,
            proportional=np.maximum(left, SLACK) * robot.kp,
            derivative=robot.kd,
        )


def _folding(robot: Robot) -> Mask:
    """Return which joints fold the legs: between base and ankles, shape (n,)."""
    model = robot.model
    chain: set[int] = set()
    for foot in robot.description.feet:
        joint, up = model.frames[robot.frame(foot.sole)].parentJoint, 0
        while joint > 1:
            if up >= ANKLE:
                chain.add(joint)
            joint, up = model.parents[joint], up + 1
    return np.array([model.getJointId(name) in chain for name in robot.joints])


def _torque(command: JointCommand, state: BodyState) -> Array:
    """Return what a drive makes of a command [N·m], shape (n,)."""
    spring = command.proportional * (command.position - state.position)
    damper = command.derivative * (command.velocity - state.velocity)
    return np.asarray(command.effort + spring + damper)


def _blend(
    rest: JointCommand, active: JointCommand, share: float, state: BodyState
) -> JointCommand:
    """Return the active command with a share of the torque, the rest from resting."""
    wanted = share * _torque(active, state) + (1.0 - share) * _torque(rest, state)
    missing = wanted - _torque(active, state)
    return JointCommand(
        position=active.position,
        velocity=active.velocity,
        effort=active.effort + missing,
        proportional=active.proportional,
        derivative=active.derivative,
    )
