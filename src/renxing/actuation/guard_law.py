# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of the guard, compiled: it stands in every cycle of the loop.

Rows of a command are those of `IMPEDANCE`; rows of the limits are numbered here.
`bound` changes the command in place, joint by joint, and the power last, since that is
the whole robot's.
"""

import numpy as np
from numba import njit

from renxing.spatial import Array, Integers

POSITION, VELOCITY, EFFORT, PROPORTIONAL, DERIVATIVE = range(5)
LOWER, UPPER, SPEED, TORQUE, KP, KD, KP_LIMIT, KD_LIMIT = range(8)

# What was changed at a joint; `guard.Flag` gives them names.
HELD, NOT_FINITE, OUTSIDE, SOFT_STOP, TOO_FAST, GAIN = 1, 2, 4, 8, 16, 32
TOO_STRONG, TORQUE_RATE, POWER = 64, 128, 256


@njit("void(f8[::1], f8[:,::1], f8[::1], i8[::1], i8, f8[:,::1])", cache=True)
def complete(
    position: Array,
    limits: Array,
    held: Array,
    flags: Integers,
    i: int,
    command: Array,
) -> None:
    """Fill in what nobody gives at a joint; hold it if that is all, or not finite."""
    column = command[:, i]
    nobody = np.isnan(column).all()
    infinite = np.isinf(column).any()
    if nobody or infinite:
        if np.isnan(held[i]):
            held[i] = position[i]
        flags[i] |= HELD
        if infinite:
            flags[i] |= NOT_FINITE
        column[POSITION], column[VELOCITY], column[EFFORT] = held[i], 0.0, 0.0
        column[PROPORTIONAL], column[DERIVATIVE] = limits[KP, i], limits[KD, i]
        return
    held[i] = np.nan
    placed = not np.isnan(column[POSITION])
    moved = not np.isnan(column[VELOCITY])
    # A position without stiffness gets the robot's; without a position there is
    # nothing to be stiff about.
    if not placed:
        column[POSITION], column[PROPORTIONAL] = position[i], 0.0
    elif np.isnan(column[PROPORTIONAL]):
        column[PROPORTIONAL] = limits[KP, i]
    if np.isnan(column[DERIVATIVE]):
        column[DERIVATIVE] = limits[KD, i] if placed or moved else 0.0
    if not moved:
        column[VELOCITY] = 0.0
    if np.isnan(column[EFFORT]):
        column[EFFORT] = 0.0


@njit("f8(f8, f8, f8, i8, i8[::1], i8)", cache=True)
def clamp(
    value: float, low: float, high: float, flag: int, flags: Integers, i: int
) -> float:
    """Return a value inside its limits; the flag says that it was not."""
    if value < low:
        flags[i] |= flag
        return low
    if value > high:
        flags[i] |= flag
        return high
    return value


@njit(
    "void(f8[:,::1], f8[::1], f8[::1], f8[:,::1], f8, f8, f8, f8[::1], f8[::1], "
    "i8[::1], i8[:,::1])",
    cache=True,
    error_model="numpy",
)
def bound(
    command: Array,
    position: Array,
    velocity: Array,
    limits: Array,
    soft_gain: float,
    rise: float,
    power_limit: float,
    held: Array,
    torque: Array,
    flags: Integers,
    counts: Integers,
) -> None:
    """Make a command harmless.

    Args:
        command: NaN where nobody commands; finite afterwards, shape (5, n).
        position: Measured [rad], shape (n,).
        velocity: Measured [rad/s], shape (n,).
        limits: In the order above, shape (8, n).
        soft_gain: Speed allowed for each radian of room to a limit [1/s].
        rise: Share of its limit by which a torque may change; infinite for any [-].
        power_limit: Of the whole robot [W].
        held: Where joints are held, NaN where they are not [rad], shape (n,).
        torque: Of the last step, then of this one [N·m], shape (n,).
        flags: To fill, shape (n,).
        counts: Goes on counting the flags, shape (16, n).
    """
    n = position.size
    power = driving_power = 0.0
    for i in range(n):
        flags[i] = 0
        complete(position, limits, held, flags, i, command)
        target = clamp(
            command[POSITION, i], limits[LOWER, i], limits[UPPER, i], OUTSIDE, flags, i
        )
        speed = command[VELOCITY, i]
        speed = clamp(speed, -limits[SPEED, i], limits[SPEED, i], TOO_FAST, flags, i)
        kp = clamp(command[PROPORTIONAL, i], 0.0, limits[KP_LIMIT, i], GAIN, flags, i)
        kd = clamp(command[DERIVATIVE, i], 0.0, limits[KD_LIMIT, i], GAIN, flags, i)
        fastest = max(soft_gain * (limits[UPPER, i] - position[i]), 0.0)
        slowest = min(soft_gain * (limits[LOWER, i] - position[i]), 0.0)
        speed = clamp(speed, slowest, fastest, SOFT_STOP, flags, i)
        feedback = kp * (target - position[i]) + kd * (speed - velocity[i])
        strongest, step = limits[TORQUE, i], limits[TORQUE, i] * rise
        result = command[EFFORT, i] + feedback
        result = clamp(result, -strongest, strongest, TOO_STRONG, flags, i)
        before = torque[i]
        result = clamp(result, before - step, before + step, TORQUE_RATE, flags, i)
        torque[i] = result
        power += result * velocity[i]
        driving_power += max(result * velocity[i], 0.0)
        command[POSITION, i], command[VELOCITY, i] = target, speed
        command[PROPORTIONAL, i], command[DERIVATIVE, i] = kp, kd
        command[EFFORT, i] = result - feedback
    if power > power_limit:
        lost = min(1.0, (power - power_limit) / driving_power)
        for i in range(n):
            if torque[i] * velocity[i] > 0.0:
                command[EFFORT, i] -= torque[i] * lost
                torque[i] -= torque[i] * lost
                flags[i] |= POWER
    for i in range(n):
        for bit in range(16):
            counts[bit, i] += (flags[i] >> bit) & 1
