# SPDX-License-Identifier: Apache-2.0
"""The last gate before the joint bus; it trusts no one.

In: five command vectors, NaN where nobody commands, and what the drives report.
Out: the command that is really sent.  Rate: the loop's.

The five parameters are bounded together: what counts is the torque that the drive will
make of them, `effort + kp (position - q) + kd (velocity - dq)`. No limit on one of them
alone can bound that.

- A joint that nobody commands, or whose command is not finite, is held: where it was
  when that began, with the robot's own gains.
- Positions are clamped to the limits; near them a soft stop takes over: the wanted
  speed may not exceed what `soft_gain` times the room to the limit allows.
- Speeds and gains are clamped, the resulting torque is clamped to the drive's limit by
  shifting the feed-forward, and its rate of change is bounded.
- Mechanical power is bounded for the whole robot: above the limit all torques that
  drive motion shrink by one factor.
"""

from dataclasses import dataclass, field
from enum import IntFlag

import numpy as np

from renxing.actuation import guard_law
from renxing.actuation.guard_law import bound
from renxing.hardware_interface import IMPEDANCE
from renxing.robot import Robot
from renxing.signals import JointCommand
from renxing.spatial import Array, Mask


class Flag(IntFlag):
    """What the guard changed at a joint; several can be set."""

    HELD = guard_law.HELD  # nobody commands it
    NOT_FINITE = guard_law.NOT_FINITE  # a command was infinite
    POSITION = guard_law.OUTSIDE  # beyond a position limit
    SOFT_STOP = guard_law.SOFT_STOP  # too fast towards a position limit
    SPEED = guard_law.TOO_FAST  # beyond the speed limit
    GAIN = guard_law.GAIN  # stiffness or damping negative or beyond its limit
    TORQUE = guard_law.TOO_STRONG  # the resulting torque beyond the limit
    TORQUE_RATE = guard_law.TORQUE_RATE  # the resulting torque rose too fast
    POWER = guard_law.POWER  # the robot's power beyond the limit


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardConfig:
    """The guard.

    Attributes:
        soft_gain: Speed allowed for each radian of room to a limit [1/s].
        stiffness_limit: Greatest kp, as a multiple of the robot's own [-].
        damping_limit: Greatest kd, as a multiple of the robot's own [-].
        torque_rise: Time in which the resulting torque may go from zero to the
            limit [s].
        power_limit: Greatest mechanical power of all joints together [W].
    """

    soft_gain: float = field(default=20.0, metadata={"min": 1.0, "max": 1000.0})
    stiffness_limit: float = field(default=4.0, metadata={"min": 0.1, "max": 100.0})
    damping_limit: float = field(default=6.0, metadata={"min": 0.1, "max": 100.0})
    torque_rise: float = field(default=0.01, metadata={"min": 0.0, "max": 1.0})
    power_limit: float = field(default=4000.0, metadata={"min": 1.0, "max": 1e5})


class Guard:
    """Bounds the commands of all joints of one robot.

    Attributes:
        flags: What it changed in the last step, one `Flag` a joint, shape (n,).
        counts: Number of steps in which each joint was changed, by flag bit (16, n).
        sent: What it let pass in the last step, rows as in `IMPEDANCE`, shape (5, n).
        torque: That all five parameters made in the last step [N·m], shape (n,).
    """

    def __init__(self, config: GuardConfig, robot: Robot) -> None:
        """Start with no joint held.

        Args:
            config: Its limits.
            robot: Whose joints; limits and holding gains are the robot's.
        """
        n = len(robot.joints)
        self._config = config
        self._limits = np.array(
            [
                robot.lower,
                robot.upper,
                robot.speed,
                robot.torque,
                robot.kp,
                robot.kd,
                config.stiffness_limit * robot.kp,
                config.damping_limit * robot.kd,
            ]
        )
        self._held = np.full(n, np.nan)
        self.sent = np.full((5, n), np.nan)
        self.torque = np.zeros(n)
        self.flags = np.zeros(n, dtype=np.int64)
        self.counts = np.zeros((16, n), dtype=np.int64)
        self._fresh = True

    def reset(self) -> None:
        """Forget the last torques and held positions; the next step starts anew."""
        self._held[:] = np.nan
        self._fresh = True

    def hold_here(self, joints: Mask) -> None:
        """Hold some joints where they will be at the next step, if they are held.

        Args:
            joints: Which, shape (n,).
        """
        self._held[joints] = np.nan

    def step(
        self, wanted: Array, position: Array, velocity: Array, dt: float
    ) -> JointCommand:
        """Return what may be sent.

        Args:
            wanted: Rows position, velocity, effort, proportional, derivative; NaN
                where nobody commands, shape (5, n).
            position: Measured [rad], shape (n,).
            velocity: Measured [rad/s], shape (n,).
            dt: Since the last step [s].
        """
        rows = self.bound(wanted, position, velocity, dt)
        return JointCommand(**dict(zip(IMPEDANCE, rows, strict=True)))

    def bound(
        self, wanted: Array, position: Array, velocity: Array, dt: float
    ) -> Array:
        """Do the same as `step`, and return rows as those of `wanted`, shape (5, n)."""
        command = np.array(wanted, dtype=float, order="C")
        rise = self._config.torque_rise
        bound(
            command,
            position,
            velocity,
            self._limits,
            self._config.soft_gain,
            np.inf if self._fresh or rise <= 0.0 else dt / rise,
            self._config.power_limit,
            self._held,
            self.torque,
            self.flags,
            self.counts,
        )
        self._fresh = False
        self.sent = command
        return command
