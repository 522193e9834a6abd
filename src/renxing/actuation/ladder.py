# SPDX-License-Identifier: Apache-2.0
"""The stop ladder: what the robot does when it must stop, without dropping.

In: what the controllers want, what the drives report.  Out: what the guard shall see.
Rungs, each less than the one before: `run`, `stand`, `sit`, `hold`, `damp`, `off`. A
cause asks for a rung; the lowest one asked for rules and stays (is latched) until
`reset`.

- stand: who balances is told to stand and makes the steps that it needs; only what it
  commands passes.
- sit: likewise, and then it sits down and rests.
- hold: every joint keeps the torque that it had and is stiff about where it was: no
  bump at the start, and a standing robot goes on standing.
- damp: stiffness and torque of `hold` fade to nothing while damping stays, so that the
  robot sinks instead of falling. One that falls anyway may be braced first: it goes
  into a posture in which it hits the ground more softly.
- off: nothing, after `damp` has done its work; at once only if that is asked for.
"""

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from renxing.errors import ConfigError, UnsafeCommandError
from renxing.robot import Robot
from renxing.spatial import Array

Mask = npt.NDArray[np.bool_]


class Rung(IntEnum):
    """How far down the ladder the robot is."""

    RUN = 0
    STAND = 1
    SIT = 2
    HOLD = 3
    DAMP = 4
    OFF = 5

    @classmethod
    def named(cls, name: str) -> "Rung":
        """Return the rung of a name.

        Raises:
            ConfigError: If there is no such rung.
        """
        try:
            return cls[name.upper()]
        except KeyError:
            known = ", ".join(rung.label for rung in cls)
            raise ConfigError(f"rung '{name}': allowed: {known}") from None

    @property
    def balanced(self) -> bool:
        """Whether somebody who balances is in charge, or all controllers are."""
        return self <= Rung.SIT

    @property
    def label(self) -> str:
        """The name in configuration and messages."""
        return self.name.lower()


_SIT = Rung.SIT  # in a cycle a look into an enumeration costs


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderConfig:
    """The ladder.

    Attributes:
        sink_time: In which stiffness and torque fade when damping begins [s].
        damping: Of the `damp` rung, as a multiple of the robot's kd [-].
        off_after: From damping to off [s]; 0 never goes there by itself.
        brace_time: That a falling robot stays braced before it sinks [s].
        brace_stiffness: Braced, as a multiple of the robot's kp [-].
        brace_damping: Braced, as a multiple of the robot's kd [-].
    """

    sink_time: float = field(default=2.0, metadata={"min": 0.0, "max": 10.0})
    damping: float = field(default=1.5, metadata={"min": 0.1, "max": 6.0})
    off_after: float = field(default=6.0, metadata={"min": 0.0, "max": 600.0})
    brace_time: float = field(default=1.5, metadata={"min": 0.0, "max": 10.0})
    brace_stiffness: float = field(default=1.0, metadata={"min": 0.0, "max": 4.0})
    brace_damping: float = field(default=2.0, metadata={"min": 0.1, "max": 6.0})


class Ladder:
    """Chooses the rung and makes the command of each.

    Attributes:
        rung: Where it is.
        causes: What asked for which rung and has not been reset, oldest first.
        balancing: Joints whose commands pass on `stand` and `sit`, shape (n,); none
            unless somebody balances.
    """

    def __init__(self, config: LadderConfig, robot: Robot) -> None:
        """Start at the top.

        Args:
            config: Its times.
            robot: Whose joints; stiffness and damping are the robot's.
        """
        self._config = config
        self._kp, self._kd = robot.kp, robot.kd
        self._zero = np.zeros(len(robot.joints))
        self._target = self._zero
        self._torque = self._zero
        self._age = 0.0
        self._braced = False
        self.rung = Rung.RUN
        self.causes: dict[str, Rung] = {}
        self.balancing: Mask = np.zeros(len(robot.joints), dtype=bool)

    @property
    def asked(self) -> Rung:
        """The lowest rung asked for; for other threads, too."""
        return max(self.causes.copy().values(), default=Rung.RUN)

    def ask(self, rung: Rung, cause: str) -> None:
        """Ask for a rung; a higher one than now is noted but changes nothing.

        Args:
            rung: At least `stand`.
            cause: In words, also the key under which it is noted.
        """
        if rung > self.causes.get(cause, Rung.RUN):
            self.causes[cause] = rung

    def brace(self, posture: Array, cause: str) -> None:
        """Ask for `damp` because the robot falls, at once and once.

        Args:
            posture: In which it shall hit the ground [rad], shape (n,).
            cause: As for `ask`.
        """
        if self.rung < Rung.DAMP and cause not in self.causes:
            self._target, self._braced = posture.copy(), True
        self.ask(Rung.DAMP, cause)

    def reset(self, clear: bool = True) -> None:
        """Forget the causes and go back to the top.

        Controllers start from where the robot is: it is theirs to be without a bump.

        Args:
            clear: Whether what caused the stop is over.

        Raises:
            UnsafeCommandError: If it is not.
        """
        if not clear:
            raise UnsafeCommandError(
                f"stop cannot be reset yet: {', '.join(self.causes)}"
            )
        self.causes.clear()
        self.rung = Rung.RUN
        self.balancing[:] = False
        self._braced = False

    def hold_here(self, joints: Mask, position: Array) -> None:
        """Hold some joints where they are now instead of where they were.

        Args:
            joints: Which, shape (n,).
            position: Measured [rad], shape (n,).
        """
        self._target = np.where(joints, position, self._target)

    def step(
        self,
        wanted: Array,
        position: Array,
        velocity: Array,
        torque: Array,
        dt: float,
    ) -> Array:
        """Return the command of the present rung.

        Args:
            wanted: Rows position, velocity, effort, proportional, derivative, NaN
                where nobody commands, shape (5, n).
            position: Measured [rad], shape (n,).
            velocity: Measured [rad/s], shape (n,).
            torque: That the drives were last asked for, all five together [N·m].
            dt: Since the last step [s].

        Returns:
            `wanted` itself on the top rung; on `stand` and `sit` that of the joints
            that balance, NaN for the others; else a command without NaN, shape (5, n).
        """
        asked = max(self.causes.values(), default=Rung.RUN)
        if asked > self.rung:
            if self.rung <= _SIT < asked and not self._braced:
                self._target = position.copy()
                # What damping will add at once is taken off, so nothing jumps.
                self._torque = torque + self._kd * velocity
            self.rung = asked
            self._age = 0.0
        if self.rung == Rung.RUN:
            return wanted
        if self.rung <= _SIT:
            return np.where(self.balancing, wanted, np.nan)
        self._age += dt
        if self.rung == Rung.DAMP and 0.0 < self._config.off_after < self._age:
            self.rung = Rung.OFF
        return self._command()

    def _command(self) -> Array:
        zero = self._zero
        if self.rung == Rung.OFF:
            return np.array([self._target, zero, zero, zero, zero])
        if self.rung == Rung.HOLD:
            return np.array([self._target, zero, self._torque, self._kp, self._kd])
        config, age = self._config, self._age
        if self._braced and age <= config.brace_time:
            stiffness = config.brace_stiffness * self._kp
            braced = config.brace_damping * self._kd
            return np.array([self._target, zero, zero, stiffness, braced])
        sink = config.sink_time
        left = max(0.0, 1.0 - age / sink) if sink > 0.0 else 0.0
        if self._braced:
            left = 0.0
        damping = self._kd * config.damping
        return np.array(
            [self._target, zero, left * self._torque, left * self._kp, damping]
        )
