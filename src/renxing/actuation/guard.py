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

from renxing.hardware_interface import IMPEDANCE
from renxing.robot import Robot
from renxing.signals import JointCommand
from renxing.spatial import Array, Mask


class Flag(IntFlag):
    """What the guard changed at a joint; several can be set."""

    HELD = 1  # nobody commands it
    NOT_FINITE = 2  # a command was NaN where it must not be, or infinite
    POSITION = 4  # beyond a position limit
    SOFT_STOP = 8  # too fast towards a position limit
    SPEED = 16  # beyond the speed limit
    GAIN = 32  # stiffness or damping negative or beyond its limit
    TORQUE = 64  # the resulting torque beyond the limit
    TORQUE_RATE = 128  # the resulting torque rose too fast
    POWER = 256  # the robot's power beyond the limit


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
        self._lower, self._upper = robot.lower, robot.upper
        self._speed, self._limit = robot.speed, robot.torque
        self._kp, self._kd = robot.kp, robot.kd
        self._kp_limit = config.stiffness_limit * robot.kp
        self._kd_limit = config.damping_limit * robot.kd
        self._held = np.full(n, np.nan)
        self.torque = np.zeros(n)
        self.flags = np.zeros(n, dtype=np.int64)
        self.counts = np.zeros((16, n), dtype=np.int64)
        self._bits = (1 << np.arange(16))[:, None]
        self._fresh = True

    def reset(self) -> None:
        """Forget the last torques and held positions; the next step starts anew."""
        self._held[:] = np.nan
        self._fresh = True

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
        flags = self.flags
        flags[:] = 0
        given: Mask = np.isfinite(wanted)
        target, speed, effort, kp, kd = np.where(given, wanted, 0.0)
        self._complete(given, position, target, kp, kd)
        infinite: Mask = np.asarray(np.isinf(wanted).any(axis=0))
        idle: Mask = np.logical_not(given.any(axis=0)) | infinite
        self._hold(idle, infinite, position)
        held = flags & Flag.HELD > 0
        target[held], kp[held], kd[held] = (
            self._held[held],
            self._kp[held],
            self._kd[held],
        )
        speed[held] = effort[held] = 0.0
        self._clamp(target, self._lower, self._upper, Flag.POSITION)
        self._clamp(speed, -self._speed, self._speed, Flag.SPEED)
        self._clamp(kp, 0.0, self._kp_limit, Flag.GAIN)
        self._clamp(kd, 0.0, self._kd_limit, Flag.GAIN)
        self._stop_softly(speed, position)
        self._bound_torque(target, speed, effort, kp, kd, position, velocity, dt)
        self.counts += (flags & self._bits) > 0
        return JointCommand(
            position=target,
            velocity=speed,
            effort=effort,
            proportional=kp,
            derivative=kd,
        )

    def _complete(
        self, given: Mask, position: Array, target: Array, kp: Array, kd: Array
    ) -> None:
        """Fill in what a controller of fewer interfaces leaves open."""
        has = dict(zip(IMPEDANCE, given, strict=True))
        # A position without stiffness gets the robot's; without a position there is
        # nothing to be stiff about.
        stiff = has["position"] & ~has["proportional"]
        kp[stiff] = self._kp[stiff]
        loose = ~has["position"]
        kp[loose] = 0.0
        target[loose] = position[loose]
        damped = (has["position"] | has["velocity"]) & ~has["derivative"]
        kd[damped] = self._kd[damped]

    def _hold(self, idle: Mask, infinite: Mask, position: Array) -> None:
        begins = idle & np.isnan(self._held)
        self._held[begins] = position[begins]
        self._held[np.logical_not(idle)] = np.nan
        self.flags[idle] |= Flag.HELD
        self.flags[infinite] |= Flag.NOT_FINITE

    def _clamp(
        self, values: Array, low: Array | float, high: Array, flag: Flag
    ) -> None:
        clamped = np.clip(values, low, high)
        self.flags[clamped != values] |= flag
        values[:] = clamped

    def _stop_softly(self, speed: Array, position: Array) -> None:
        gain = self._config.soft_gain
        fastest = np.maximum(gain * (self._upper - position), 0.0)
        slowest = np.minimum(gain * (self._lower - position), 0.0)
        clamped = np.clip(speed, slowest, fastest)
        self.flags[clamped != speed] |= Flag.SOFT_STOP
        speed[:] = clamped

    def _bound_torque(
        self,
        target: Array,
        speed: Array,
        effort: Array,
        kp: Array,
        kd: Array,
        position: Array,
        velocity: Array,
        dt: float,
    ) -> None:
        feedback = kp * (target - position) + kd * (speed - velocity)
        result = effort + feedback
        bounded = np.clip(result, -self._limit, self._limit)
        self.flags[bounded != result] |= Flag.TORQUE
        if self._config.torque_rise > 0.0 and not self._fresh:
            step = self._limit * (dt / self._config.torque_rise)
            slow = np.clip(bounded, self.torque - step, self.torque + step)
            self.flags[slow != bounded] |= Flag.TORQUE_RATE
            bounded = slow
        power = bounded * velocity
        total = float(power.sum())
        if total > self._config.power_limit:
            driving: Mask = power > 0.0
            surplus = total - self._config.power_limit
            share = 1.0 - min(1.0, surplus / float(power[driving].sum()))
            bounded = np.where(driving, bounded * share, bounded)
            self.flags[driving] |= Flag.POWER
        self._fresh = False
        self.torque = bounded
        effort[:] = bounded - feedback
