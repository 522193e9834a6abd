# SPDX-License-Identifier: Apache-2.0
"""Close one joint on something: the real-time half of parallel_gripper_controller.

In: `GripperGoal`, `GripperCancel`, the joint's position and velocity.  Out: its
command, `GripperState`, `GripperResult`.  A goal ends when the joint is there or has
stood still for `stall_timeout`.  Where the drive takes five parameters
(`command_interfaces`), velocity and effort of a goal are kept by the command itself:
the setpoint moves no faster, and never further from the joint than the effort allows.
"""

from dataclasses import dataclass

import numpy as np

from renxing.control.base_controller import BaseController, by_joint, individual
from renxing.control.controller_parameters import Parameters
from renxing.control.trajectory_config import read_stiffness
from renxing.controller_interface import InterfaceConfiguration
from renxing.hardware_interface import ALIASES, IMPEDANCE, POSITION, Result, Return


@dataclass(frozen=True, slots=True, kw_only=True)
class GripperGoal:
    """Move to a position.

    Attributes:
        number: Of the action goal.
        position: Wanted [rad or m].
        velocity: Greatest speed; None takes the parameter's.
        effort: Greatest effort; None takes the parameter's.
    """

    number: int
    position: float
    velocity: float | None = None
    effort: float | None = None


@dataclass(frozen=True, slots=True)
class GripperCancel:
    """Give up a goal and stay.

    Attributes:
        number: Of the goal.
    """

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GripperState:
    """What the joint does.

    Attributes:
        stamp: Now [s].
        position: Measured.
        velocity: Measured.
        effort: Allowed for the goal.
    """

    stamp: float
    position: float
    velocity: float
    effort: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GripperResult:
    """A goal has ended.

    Attributes:
        number: Of the goal.
        outcome: `succeeded`, `aborted` or `canceled`.
        position: Where.
        effort: Allowed for the goal.
        stalled: Whether something stopped it.
        reached: Whether it is at the goal.
    """

    number: int
    outcome: str
    position: float
    effort: float
    stalled: bool = False
    reached: bool = False


class GripperActionController(BaseController):
    """Moves one joint to where an action wants it."""

    publish_rate = 20.0

    def configure(self, parameters: Parameters) -> None:
        """Read the parameters.

        Raises:
            ConfigError: If one cannot be used.
        """
        self.joint = parameters.needed("joint")
        states = parameters.names("state_interfaces", ("position", "velocity"))
        if states[:2] != ("position", "velocity"):
            raise parameters.wrong("state_interfaces", "must be position, velocity")
        given = parameters.names("command_interfaces", (POSITION,))
        self._interfaces = tuple(ALIASES.get(name, name) for name in given)
        if self._interfaces not in ((POSITION,), IMPEDANCE):
            what = f"{list(given)}: allowed are position; {', '.join(IMPEDANCE)}"
            raise parameters.wrong("command_interfaces", what)
        self._names = by_joint([self.joint], self._interfaces)
        self._effort_at = self._optional(parameters, "max_effort_interface")
        self._velocity_at = self._optional(parameters, "max_velocity_interface")
        self._tolerance = parameters.number("goal_tolerance", 0.01, minimum=0.0)
        self._stalling = parameters.flag("allow_stalling", False)
        self._still = parameters.number("stall_velocity_threshold", 0.001)
        self._patience = parameters.number("stall_timeout", 1.0, minimum=0.0)
        self._max_effort = parameters.number("max_effort", 10.0, minimum=0.0)
        self._max_velocity = parameters.number("max_velocity", 0.1, minimum=0.0)
        kp, kd = read_stiffness(parameters, self.info.robot, (self.joint,))
        self._kp, self._kd = float(kp[0]), float(kd[0])
        if self._interfaces == IMPEDANCE and self._kp <= 0.0:
            raise parameters.wrong(f"gains.{self.joint}.p", "must be more than 0")

    def _optional(self, parameters: Parameters, key: str) -> int | None:
        name = parameters.text(key)
        if not name:
            return None
        self._names.append(name)
        return len(self._names) - 1

    def command_interfaces(self) -> InterfaceConfiguration:
        """Return those of the joint and of its limits."""
        return individual(self._names)

    def state_interfaces(self) -> InterfaceConfiguration:
        """Return position and velocity of the joint."""
        return individual(by_joint([self.joint], ["position", "velocity"]))

    def on_activate(self) -> Result:
        """Stay where it is."""
        self.start()
        position, _ = self.states.get()
        if not np.isfinite(position):
            self.notice("error", "state", 0.0, "no joint position to start from")
            return Result.FAILURE
        self._number: int | None = None
        self._stay(float(position))
        return Result.SUCCESS

    def on_deactivate(self) -> Result:
        """Give up."""
        self._finish("aborted", float(self.states.get()[0]))
        return Result.SUCCESS

    def _stay(self, position: float) -> None:
        self._goal = self._setpoint = position
        self._effort, self._velocity = self._max_effort, self._max_velocity

    def update(self, time: float, period: float) -> Return:
        """Check whether the goal is reached, and command it."""
        position, velocity = (float(value) for value in self.states.get())
        for value in self.take():
            if isinstance(value, GripperGoal):
                self._begin(value, position, time)
            elif isinstance(value, GripperCancel) and value.number == self._number:
                self._stay(position)
                self._finish("canceled", position)
        self._check(position, velocity, time)
        self._command(position, period)
        if self.news.due(time):
            self.tell(
                GripperState(
                    stamp=time,
                    position=position,
                    velocity=velocity,
                    effort=self._effort,
                )
            )
        return Return.OK

    def _begin(self, goal: GripperGoal, position: float, time: float) -> None:
        self._finish("aborted", position)
        limits = (goal.velocity or 0.0, goal.effort or 0.0)
        if not np.isfinite((goal.position, *limits)).all() or min(limits) < 0.0:
            self.notice("error", "refused", time, f"refused goal {goal}")
            self._number = goal.number
            self._finish("aborted", position)
            return
        self._number, self._goal = goal.number, goal.position
        self._velocity = self._max_velocity if goal.velocity is None else goal.velocity
        self._effort = self._max_effort if goal.effort is None else goal.effort
        self._moved = time

    def _check(self, position: float, velocity: float, time: float) -> None:
        if self._number is None:
            return
        if abs(self._goal - position) < self._tolerance:
            self._finish("succeeded", position, reached=True)
        elif abs(velocity) > self._still or time < self._moved:
            self._moved = time
        elif time - self._moved > self._patience:
            outcome = "succeeded" if self._stalling else "aborted"
            self._finish(outcome, position, stalled=True)

    def _finish(
        self,
        outcome: str,
        position: float,
        reached: bool = False,
        stalled: bool = False,
    ) -> None:
        if self._number is not None:
            self.tell(
                GripperResult(
                    number=self._number,
                    outcome=outcome,
                    position=position,
                    effort=self._effort,
                    reached=reached,
                    stalled=stalled,
                )
            )
            self._number = None

    def _command(self, position: float, period: float) -> None:
        values = self.commands.get()
        values[0] = self._goal
        if self._interfaces == IMPEDANCE and np.isfinite(position):
            step = self._velocity * period
            way = min(max(self._goal - self._setpoint, -step), step)
            self._setpoint += way
            reach = self._effort / self._kp
            wanted = min(max(self._setpoint, position - reach), position + reach)
            values[:5] = (wanted, way / period, 0.0, self._kp, self._kd)
        if self._effort_at is not None:
            values[self._effort_at] = self._effort
        if self._velocity_at is not None:
            values[self._velocity_at] = self._velocity
        self.commands.set(values)
