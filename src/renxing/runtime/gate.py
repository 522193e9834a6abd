# SPDX-License-Identifier: Apache-2.0
"""What stands between controllers and hardware: watch the robot, ladder, guard.

In: the values of all hardware, what the controllers want.  Out: what the hardware gets.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pinocchio
from numba import njit

from renxing.actuation.guard import Guard, GuardConfig
from renxing.actuation.ladder import Ladder, LadderConfig, Rung
from renxing.control.fall import lying_side
from renxing.hardware_interface import IMPEDANCE, POSITION, VELOCITY, State
from renxing.robot import Robot
from renxing.runtime.manager.controller_spec import ControllerSpec
from renxing.runtime.manager.resource_manager import ResourceManager
from renxing.spatial import Array, Integers, Mask, rotation_from_quat_xyzw

# In a cycle a look into an enumeration costs as much as a sum of vectors.
_ACTIVE, _HOLD, _DAMP = State.ACTIVE, Rung.HOLD, Rung.DAMP
UNIT_TOLERANCE = 1e-3  # [-] of a quaternion's squared length
ELSEWHERE = 0.05  # [rad] that a joint has gone while it was not seen
_UNSEEN, _MOVED = 1, 2  # what `look` tells of all joints together


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreConfig:
    """The core.

    Attributes:
        fallen_tilt: Of the base from upright, beyond which the robot has fallen [rad].
        guard: The last gate.
        ladder: The stop ladder.
    """

    fallen_tilt: float = field(default=1.1, metadata={"min": 0.2, "max": 3.1})
    guard: GuardConfig = field(default_factory=GuardConfig)
    ladder: LadderConfig = field(default_factory=LadderConfig)


class Gate:
    """Ladder and guard of one robot, on the values of its hardware.

    Attributes:
        ladder: The stop ladder.
        guard: The last gate.
        sent: All command values as the hardware gets them, behind the guard.
        balancer: The controller that stands or sits on a stop, if there is one.
    """

    def __init__(
        self, config: CoreConfig, robot: Robot, resources: ResourceManager
    ) -> None:
        """Make the hardware obey `sent` instead of what controllers want.

        Args:
            config: Of ladder and guard.
            robot: The robot.
            resources: Its hardware.
        """
        self.ladder = Ladder(config.ladder, robot)
        self.guard = Guard(config.guard, robot)
        self.balancer: ControllerSpec | None = None
        self._resources = resources
        self._upright = math.cos(config.fallen_tilt)
        self.sent = np.full_like(resources.commands, np.nan)
        for component in resources.components:
            names = component.command_names
            start = resources.command_index[names[0]] if names else 0
            sent = self.sent[start : start + len(names)]
            component.lend(component.hardware.state, sent)
        commands, joints = resources.command_index, robot.joints
        self._command_at = np.array(
            [[commands.get(f"{joint}/{k}", -1) for joint in joints] for k in IMPEDANCE]
        )
        self._state_at = np.array(
            [
                [resources.state_index[f"{joint}/{kind}"] for joint in joints]
                for kind in (POSITION, VELOCITY)
            ]
        )
        self._position = np.array(robot.posture("stand"))
        self._velocity = np.zeros(len(joints))
        self._unseen = np.zeros(len(joints), dtype=np.bool_)
        self._moved = np.zeros(len(joints), dtype=np.bool_)
        self._joints = joints
        self._wanted = np.empty((len(IMPEDANCE), len(joints)))
        imus = robot.description.sensors.imu
        first = f"{imus[0].name}/orientation.x" if imus else ""
        self._attitude_at = resources.state_index.get(first)
        self._imu_to_base = (
            rotation_to_base(robot, imus[0].frame) if imus else np.eye(3)
        )
        braces = "brace" in robot.description.postures
        self._brace = robot.posture("brace") if braces else None

    def watch(self) -> None:
        """Ask for a rung when the robot or its hardware has a fault."""
        upright = self._look_up()
        if upright is None:
            self.ladder.ask(_HOLD, "attitude lost")
        elif upright < self._upright:
            self.ladder.ask(_DAMP, "fallen")
        for component in self._resources.components:
            if component.state is not _ACTIVE:
                self.ladder.ask(_HOLD, f"hardware {component.name}")

    def heed(self, controllers: Sequence[ControllerSpec]) -> None:
        """Ask for `damp` when one that balances cannot go on.

        One that falls is braced; where the robot's file has no posture for that, the
        controller may go on trying until the robot has fallen.

        Args:
            controllers: The active ones.
        """
        for spec in controllers:
            controller = spec.controller
            if not controller.gives_up:
                continue
            if not controller.falls:
                self.ladder.ask(_DAMP, controller.gives_up)
            elif self._brace is not None:
                self.ladder.brace(self._brace, controller.gives_up)

    @property
    def lies(self) -> str:
        """The side on which the robot lies; empty if it is upright or unknown."""
        at = self._attitude_at
        if at is None or self.blind:
            return ""
        quat = self._resources.states[at : at + 4]
        up_in_imu = rotation_from_quat_xyzw(quat / np.linalg.norm(quat))[2]
        return lying_side(self._imu_to_base @ up_in_imu)

    @property
    def blind(self) -> bool:
        """Whether the first IMU gives no attitude; False without one."""
        return self._look_up() is None

    @property
    def fallen(self) -> bool:
        """Whether the first IMU says that the base lies; False without one."""
        upright = self._look_up()
        return upright is not None and upright < self._upright

    @property
    def unseen(self) -> list[str]:
        """Joints of which no finite state is known."""
        seen = np.isfinite(self._resources.states[self._state_at]).all(axis=0)
        return [joint for joint, ok in zip(self._joints, seen, strict=True) if not ok]

    def _look_up(self) -> float | None:
        """Return the cosine of the base's tilt, 1 without an IMU, None if it is dead.

        It is the last element of the rotation matrix of the quaternion.
        """
        at = self._attitude_at
        if at is None:
            return 1.0
        x, y, z, w = self._resources.states[at : at + 4].tolist()
        square = x * x + y * y + z * z + w * w
        if not abs(square - 1.0) < UNIT_TOLERANCE:  # also if it is not a number
            return None
        return float(1.0 - 2.0 * (x * x + y * y) / square)

    def pass_on(self, period: float) -> None:
        """Bring what controllers want through ladder and guard to the hardware.

        Args:
            period: Since the last call [s].
        """
        resources, guard = self._resources, self.guard
        position, velocity = self._position, self._velocity
        told = look(
            resources.states,
            self._state_at,
            position,
            velocity,
            self._unseen,
            self._moved,
        )
        if told & _MOVED:
            # Its drive was off: to where it was it would go with all its strength.
            self.ladder.hold_here(self._moved, position)
            guard.hold_here(self._moved)
        if told & _UNSEEN:
            # The drives close their loops on what they measure themselves: hold, and
            # take the joint for where it was last seen.
            self.ladder.ask(_HOLD, "joint states not finite")
        balancer = self.balancer
        if balancer is not None and not balancer.active:
            self.ladder.ask(_HOLD, f"{balancer.name} no longer balances")
        gather(resources.commands, self._command_at, self._wanted)
        wanted = self.ladder.step(
            self._wanted, position, velocity, guard.torque, period
        )
        passed = guard.bound(wanted, position, velocity, period)
        # What is no joint's, such as a digital output, passes as it is.
        np.copyto(self.sent, resources.commands)
        scatter(passed, self._command_at, self.sent)


def rotation_to_base(robot: Robot, frame: str) -> Array:
    """Return the rotation of a frame to the base, all joints at zero, shape (3, 3)."""
    model = robot.model
    data = model.createData()
    pinocchio.framesForwardKinematics(model, data, pinocchio.neutral(model))
    base = data.oMf[robot.frame(robot.description.base)].rotation
    return np.asarray(base.T @ data.oMf[robot.frame(frame)].rotation)


@njit("i8(f8[::1], i8[:,::1], f8[::1], f8[::1], b1[::1], b1[::1])", cache=True)
def look(
    states: Array,
    at: Integers,
    position: Array,
    velocity: Array,
    unseen: Mask,
    moved: Mask,
) -> int:
    """Fill in what joints do; one that is not seen stays where it was, at rest.

    Args:
        states: All state values.
        at: Places of positions and velocities in them, shape (2, n).
        position: Of the last look, then of this one [rad], shape (n,).
        velocity: To fill [rad/s], shape (n,).
        unseen: The same, whether it is not seen, shape (n,).
        moved: To fill: seen again, and elsewhere, shape (n,).

    Returns:
        1 if one is not seen, plus 2 if one has moved.
    """
    told = 0
    for i in range(position.size):
        q, dq = states[at[0, i]], states[at[1, i]]
        if np.isfinite(q) and np.isfinite(dq):
            moved[i] = unseen[i] and abs(q - position[i]) > ELSEWHERE
            if moved[i]:
                told |= _MOVED
            unseen[i] = False
            position[i], velocity[i] = q, dq
        else:
            unseen[i], moved[i] = True, False
            velocity[i] = 0.0
            told |= _UNSEEN
    return told


@njit("void(f8[::1], i8[:,::1], f8[:,::1])", cache=True)
def gather(values: Array, at: Integers, rows: Array) -> None:
    """Fill rows with values by their places; -1 is what does not exist: NaN."""
    for row in range(rows.shape[0]):
        for i in range(rows.shape[1]):
            place = at[row, i]
            rows[row, i] = values[place] if place >= 0 else np.nan


@njit("void(f8[:,::1], i8[:,::1], f8[::1])", cache=True)
def scatter(rows: Array, at: Integers, values: Array) -> None:
    """Put rows where they belong; what does not exist gets none."""
    for row in range(rows.shape[0]):
        for i in range(rows.shape[1]):
            if at[row, i] >= 0:
                values[at[row, i]] = rows[row, i]
