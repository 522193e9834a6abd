# SPDX-License-Identifier: Apache-2.0
"""Where the capture point goes, and which step catches it; compiled.

The capture point (divergent component of motion) `xi = c + dc / omega` of a body at
constant height runs away from the centre of pressure p: `dxi = omega (xi - p)`
[Pratt2006, Englsberger2015]. Within a step p goes from the last foot to the next in
the double support, and stays there. All positions are in odom's plane [m].
"""

import math

import numpy as np
from numba import njit

from renxing.spatial import Array

PREVIEW = 4  # steps looked ahead after the next one


@njit(cache=True)
def next_foothold(
    foot: Array, yaw: float, side: float, velocity: Array, limits: Array
) -> tuple[float, float, float]:
    """Return where the other foot goes at a velocity: x, y [m], yaw [rad].

    Args:
        foot: Centre of the foot that stands, shape (2,).
        yaw: Its heading [rad].
        side: 1 if the left foot steps, -1 if the right one.
        velocity: Forward, to the left [m/s], turning [rad/s]; shape (3,).
        limits: Step time [s], width, least width [m].
    """
    time, width, least = limits[0], limits[1], limits[2]
    middle = yaw + 0.5 * velocity[2] * time
    # Sideways, one foot makes way and the other closes up: on average the width.
    way = velocity[1] * time
    across = side * (width + max(0.0, abs(way) - (width - least))) + way
    if side * across < least:
        across = side * least
    ahead = velocity[0] * time
    c, s = math.cos(middle), math.sin(middle)
    return (
        foot[0] + c * ahead - s * across,
        foot[1] + s * ahead + c * across,
        yaw + velocity[2] * time,
    )


@njit(cache=True)
def footholds(
    foot: Array, yaw: float, side: float, velocity: Array, limits: Array
) -> Array:
    """Return the foot that stands and the next ones at a velocity.

    Args:
        foot: Centre of the foot that stands, shape (2,).
        yaw: Its heading [rad].
        side: 1 if the left foot steps next, -1 if the right one.
        velocity: Forward, to the left [m/s], turning [rad/s]; shape (3,).
        limits: Step time [s], width, least width [m].

    Returns:
        x, y [m], yaw [rad] of each, shape (PREVIEW + 2, 3).
    """
    feet = np.empty((PREVIEW + 2, 3))
    feet[0, 0], feet[0, 1], feet[0, 2] = foot[0], foot[1], yaw
    for i in range(PREVIEW + 1):
        x, y, heading = next_foothold(feet[i, :2], feet[i, 2], side, velocity, limits)
        feet[i + 1, 0], feet[i + 1, 1], feet[i + 1, 2] = x, y, heading
        side = -side
    return feet


@njit(cache=True)
def touchdown_offset(
    feet: Array, omega: float, time: float, support: float
) -> tuple[Array, float]:
    """Return where the capture point shall be at the next touchdown.

    Args:
        feet: From `footholds`, or others in their place.
        omega: Of the pendulum [1/s].
        time: Of each step [s].
        support: Double support at its beginning [s].

    Returns:
        The capture point relative to the next foothold (2,), and how much it must move
        with that foothold [-].
    """
    # xi_(k+1) = u_k + E x_k + D (u_k - u_(k-1)), solved for x_k, the offset of the
    # capture point from foot k at its touchdown.
    e1 = math.exp(omega * support)
    e2 = math.exp(omega * (time - support))
    g = 1.0 / (omega * support)
    growth, lag = e1 * e2, e2 * (g + (1.0 - g) * e1)
    offset = np.zeros(2)
    for i in range(len(feet) - 3, -1, -1):
        step = feet[i + 1, :2] - feet[i, :2]
        offset = (offset + feet[i + 2, :2] - feet[i + 1, :2] - lag * step) / growth
    return offset, 1.0 - lag / growth


@njit(cache=True)
def _nearest(ahead: float, stretches: Array) -> float:
    """Return the place of some stretches that is nearest to a wanted one [m]."""
    best, least = ahead, np.inf
    for k in range(len(stretches)):
        there = min(max(ahead, stretches[k, 0]), stretches[k, 1])
        if abs(there - ahead) < least:
            best, least = there, abs(there - ahead)
    return best


@njit(cache=True)
def catch(
    now: Array,
    elapsed: float,
    foot: Array,
    yaw: float,
    side: float,
    swing_foot: Array,
    wanted: Array,
    offset: Array,
    ratio: float,
    omega: float,
    times: Array,
    usual_time: float,
    last_time: float,
    stickiness: float,
    sole: Array,
    box: Array,
    swing_speed: float,
    stretches: Array,
) -> tuple[Array, float]:
    """Choose place and time of the next touchdown so that the capture point is caught.

    For each time the best constant centre of pressure is found in closed form, then the
    foothold that is left to correct; the cheapest pair wins.

    Args:
        now: Capture point when single support goes on (2,).
        elapsed: Single support so far [s].
        foot: Centre of the foot that stands (2,).
        yaw: Its heading [rad].
        side: 1 if the left foot steps, -1 if the right one.
        swing_foot: Where the foot in the air is (2,).
        wanted: Foothold of the plan (2,).
        offset: Of the capture point from it at touchdown (2,).
        ratio: From `touchdown_offset`.
        omega: Of the pendulum [1/s].
        times: Candidate durations of the single support [s], at least one.
        usual_time: Duration that costs nothing [s].
        last_time: Chosen last [s].
        stickiness: Cost of leaving it [1/s²].
        sole: Half length and width in which the centre of pressure may be [m].
        box: Least and greatest step ahead, least and greatest to the side [m].
        swing_speed: That the foot should stay below [m/s].
        stretches: Of the way ahead where a foot can stand, from and to [m], shape
            (S, 2); none at all if it can stand anywhere.

    Returns:
        The foothold (2,) and the duration of the single support [s].
    """
    c, s = math.cos(yaw), math.sin(yaw)
    target = wanted + offset
    best, best_time, best_place = np.inf, times[0], wanted.copy()
    place = np.empty(2)
    for time in times:
        grown = math.exp(omega * (time - elapsed))
        if grown > 1.0 + 1e-9:
            px = (target[0] - now[0] * grown) / (1.0 - grown) - foot[0]
            py = (target[1] - now[1] * grown) / (1.0 - grown) - foot[1]
        else:
            px, py = 0.0, 0.0
        ahead = min(max(c * px + s * py, -sole[0]), sole[0])
        across = min(max(-s * px + c * py, -sole[1]), sole[1])
        px = foot[0] + c * ahead - s * across
        py = foot[1] + s * ahead + c * across
        ux = wanted[0] + (px + (now[0] - px) * grown - target[0]) / ratio - foot[0]
        uy = wanted[1] + (py + (now[1] - py) * grown - target[1]) / ratio - foot[1]
        lx, ly = c * ux + s * uy, side * (-s * ux + c * uy)
        kx = _nearest(min(max(lx, box[0]), box[1]), stretches)
        ky = min(max(ly, box[2]), box[3])
        place[0] = foot[0] + c * kx - s * side * ky
        place[1] = foot[1] + s * kx + c * side * ky
        missed = (lx - kx) ** 2 + (ly - ky) ** 2
        moved = (place[0] - wanted[0]) ** 2 + (place[1] - wanted[1]) ** 2
        left = max(time - elapsed - 0.02, 0.02)
        # The peak speed of a quintic is 1.9 times its mean.
        speed = (
            1.9 / left * math.hypot(place[0] - swing_foot[0], place[1] - swing_foot[1])
        )
        fast = max(0.0, speed - swing_speed)
        cost = (
            400.0 * missed
            + 3.0 * moved
            + 0.6 * (ahead**2 + across**2)
            + 10.0 * (time - usual_time) ** 2
            + 0.3 * fast**2
            + stickiness * (time - last_time) ** 2
        )
        if cost < best:
            best, best_time, best_place = cost, time, place.copy()
    return best_place, best_time


def rehearse() -> None:
    """Compile, or load what was compiled: the first step shall not wait for it."""
    origin, limits = np.zeros(2), np.array([0.4, 0.2, 0.1])
    feet = footholds(origin, 0.0, 1.0, np.zeros(3), limits)
    offset, ratio = touchdown_offset(feet, 3.0, 0.4, 0.1)
    sole, box = np.array([0.1, 0.05]), np.array([-0.5, 0.5, 0.1, 0.5])
    times = np.array([0.3, 0.4])
    catch(
        *(origin, 0.0, feet[0, :2], 0.0, 1.0, origin, feet[1, :2], offset, ratio, 3.0),
        *(times, 0.4, 0.4, 0.5, sole, box, 5.0, np.empty((0, 2))),
    )
