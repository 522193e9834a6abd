# SPDX-License-Identifier: Apache-2.0
"""What several checks need: results, reasons to skip, and recordings made once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pinocchio

from renxing.errors import RenxingError
from renxing.hardware_interface import EFFORT, POSITION, VELOCITY, State
from renxing.robot import Robot
from renxing.runtime.conformance.backend import Backend
from renxing.runtime.conformance.rig import Rig
from renxing.spatial import Array

STEP = 0.02  # [rad] that joints are asked to move
MOVE_TIME = 0.3  # [s] for a joint to get there
RETRIES = 40  # of all nudges that pauses of the machine may have spoilt


class NotApplicable(RenxingError):
    """A check that means nothing for this backend."""


class Nonconforming(RenxingError):
    """A backend that does not do what a check requires."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hold:
    """A second of holding still.

    Attributes:
        index: Place of each state value.
        rows: All state values in each cycle, shape (cycles, states).
        joints: Positions of all joints [rad], shape (cycles, n).
        read_times: Of each `read` [s].
        write_times: Of each `write` [s].
    """

    index: dict[str, int]
    rows: Array
    joints: Array
    read_times: Array
    write_times: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nudge:
    """One joint asked to move a little.

    Attributes:
        joint: Its place in joint order.
        step: What it was asked for [rad].
        moved: How far each joint went [rad], shape (n,).
        travelled: Integral of its reported velocity [rad].
        effort: Change of each reported effort just after the command, shape (n,).
    """

    joint: int
    step: float
    moved: Array
    travelled: float
    effort: Array


class Bench:
    """One backend under test.

    Attributes:
        backend: It.
        move: Whether joints may be moved.
    """

    def __init__(self, backend: Backend, move: bool) -> None:
        """Record nothing yet."""
        self.backend = backend
        self.move = move or backend.simulated
        self._retries = RETRIES

    @property
    def robot(self) -> Robot:
        """Its robot."""
        return self.backend.robot

    def need_forces(self) -> None:
        """Skip a check that a backend without forces cannot pass.

        Raises:
            NotApplicable: If it is one.
        """
        if self.backend.kinematic:
            raise NotApplicable("joints jump to their commands; there are no forces")

    def need_move(self) -> None:
        """Skip a check that moves joints of a real robot, unless asked for.

        Raises:
            NotApplicable: If joints must stay.
        """
        if not self.move:
            raise NotApplicable("it would move a device; hoist the robot, give --move")

    @cached_property
    def free(self) -> tuple[int, ...]:
        """Joints that carry no foot: they can move while the robot stands."""
        model = self.robot.model
        feet = {
            model.frames[self.robot.frame(foot.sole)].parentJoint
            for foot in self.robot.description.feet
        }
        return tuple(
            place
            for place, name in enumerate(self.robot.joints)
            if not feet & set(model.subtrees[model.getJointId(name)])
        )

    @cached_property
    def light(self) -> tuple[int, ...]:
        """Free joints that move less than a tenth of the robot's mass."""
        model, most = self.robot.model, 0.1 * self.robot.mass
        return tuple(
            place
            for place in self.free
            if _moved_mass(model, self.robot.joints[place]) < most
        )

    @cached_property
    def hold(self) -> Hold:
        """A second of holding; without commands where nothing may move."""
        with Rig(self.backend) as rig:
            rig.walk(State.ACTIVE)
            if self.move:
                rig.hold()
            rows = rig.turn(1.0)
            return Hold(
                index=dict(rig.resources.state_index),
                rows=rows,
                joints=rows[:, rig.places(POSITION)],
                read_times=np.array(rig.read_times),
                write_times=np.array(rig.write_times),
            )

    @cached_property
    def nudges(self) -> tuple[Nudge, ...]:
        """Every joint in turn, there and back."""
        with Rig(self.backend) as rig:
            rig.walk(State.ACTIVE)
            rig.hold()
            rig.turn(0.5)
            joints = range(len(self.robot.joints))
            return tuple(self._nudge_in_time(rig, j) for j in joints)

    def _nudge_in_time(self, rig: Rig, joint: int) -> Nudge:
        """Nudge a joint; on the wall's time again if the machine may have paused.

        A pause swallows the first milliseconds, or what was on its way; a backend that
        is wrong is wrong every time.
        """
        nudge = self._nudge(rig, joint)
        while self.backend.paced and self._retries and not self._plausible(nudge):
            self._retries -= 1
            nudge = self._nudge(rig, joint)
        return nudge

    def _plausible(self, nudge: Nudge) -> bool:
        joint, step = nudge.joint, nudge.step
        enough = 0.25 * self.robot.kp[joint] * STEP
        if nudge.effort[joint] * np.sign(step) < enough:
            return False
        moved = nudge.moved[joint]
        fits = abs(moved - step) < 0.4 * STEP
        adds_up = abs(nudge.travelled - moved) < 0.4 * STEP
        return joint not in self.free or bool(fits and adds_up)

    def _nudge(self, rig: Rig, joint: int) -> Nudge:
        home = float(rig.wanted[0, joint])
        step = STEP if home + STEP <= self.robot.upper[joint] else -STEP
        q, dq, tau = (rig.places(kind) for kind in (POSITION, VELOCITY, EFFORT))
        before = rig.turn(0.02)
        rig.wanted[0, joint] = home + step
        rows = rig.turn(MOVE_TIME)
        rig.wanted[0, joint] = home
        rig.turn(MOVE_TIME)
        # The first row is from before the command, the next from just after it.
        answer = rows[1 : 1 + self.backend.answer_cycles, tau]
        return Nudge(
            joint=joint,
            step=step,
            moved=rows[-1, q] - rows[0, q],
            travelled=float(rows[:, dq[joint]].sum() * rig.period),
            effort=answer.mean(axis=0) - before[:, tau].mean(axis=0),
        )


def _moved_mass(model: pinocchio.Model, joint: str) -> float:
    places = model.subtrees[model.getJointId(joint)]
    return float(sum(model.inertias[place].mass for place in places))
