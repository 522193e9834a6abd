# SPDX-License-Identifier: Apache-2.0
"""What becomes of a velocity: where the robot goes, what it comes near to; compiled.

Method: the dynamic window (Fox, Burgard & Thrun 1997, "The dynamic window approach to
collision avoidance") for a robot that also walks sideways. The command is led to a
target as quickly as the gait allows, the body follows it like a first-order lag. A
target is safe if the robot can obey it for a moment and then stop without touching
(Macek, Vasquez, Fraichard & Siegwart 2009, "Towards safe vehicle navigation in dynamic
urban scenarios": passive safety).
"""

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from renxing.spatial import Array

Field = npt.NDArray[np.float64]

# Columns of what `judge` returns.
SAFE = 0  # 1 if it can stop in time for what stands
STOPPING = 1  # least distance from people beyond what is wanted, if it stops [m]
GOING = 2  # likewise if it goes on [m]; minus infinity if it cannot
CONTACT = 3  # until it would touch if it went on [s]; infinite for not within sight
END = 4  # 4, 5, 6: x, y [m], yaw [rad] after `sight`
COST = 7  # mean cost on the way there, of 1
RESULTS = 8

AWAY = 0.01  # [m] that the way may lead nearer to what the robot is too near to
SLOW = 0.02  # [m/s, rad/s] below which it stands


@njit(cache=True)
def between(field: Field, x: float, y: float) -> float:
    """Return a field's value between its cells' middles; infinite outside.

    Args:
        field: Shape (rows, columns).
        x: Along a row, in cells from the field's corner.
        y: Across rows.
    """
    a, b = y - 0.5, x - 0.5
    i, j = int(math.floor(a)), int(math.floor(b))
    if i < 0 or j < 0 or i + 1 >= field.shape[0] or j + 1 >= field.shape[1]:
        return np.inf
    a, b = a - i, b - j
    upper = (1.0 - b) * field[i, j] + b * field[i, j + 1]
    lower = (1.0 - b) * field[i + 1, j] + b * field[i + 1, j + 1]
    return float((1.0 - a) * upper + a * lower)


@njit(cache=True)
def advance(
    state: Array, target: Array, acceleration: Array, blend: float, dt: float
) -> None:
    """Let time pass.

    Args:
        state: x, y [m], yaw [rad], velocity and command, each forward, left [m/s],
            turning [rad/s]; shape (9,), changed in place.
        target: Of the command, shape (3,).
        acceleration: Greatest change of the command, shape (3,).
        blend: Part of the gap to the command that the velocity makes up [-].
        dt: [s].
    """
    for k in range(3):
        most = acceleration[k] * dt
        state[6 + k] += min(max(target[k] - state[6 + k], -most), most)
        state[3 + k] += blend * (state[6 + k] - state[3 + k])
    yaw = state[2] + 0.5 * dt * state[5]
    cos, sin = math.cos(yaw), math.sin(yaw)
    state[0] += dt * (cos * state[3] - sin * state[4])
    state[1] += dt * (sin * state[3] + cos * state[4])
    state[2] += dt * state[5]


@njit(cache=True)
def _margin(people: Array, moment: float, tick: float, x: float, y: float) -> float:
    """Return the least distance from people beyond what is wanted [m]."""
    least = np.inf
    if people.shape[0] == 0:
        return least
    at = moment / tick
    k = min(int(at), people.shape[1] - 2)
    share = min(at - k, 1.0)
    for n in range(people.shape[0]):
        px = (1.0 - share) * people[n, k, 0] + share * people[n, k + 1, 0]
        py = (1.0 - share) * people[n, k, 1] + share * people[n, k + 1, 1]
        least = min(least, math.hypot(x - px, y - py) - people[n, k, 2])
    return least


@njit(cache=True)
def judge(
    targets: Array,
    state: Array,
    acceleration: Array,
    lag: float,
    room: Field,
    costs: Field,
    corner: Array,
    resolution: float,
    need: float,
    people: Array,
    tick: float,
    commitment: float,
    sight: float,
    dt: float,
) -> Array:
    """Follow each target into the future.

    Args:
        targets: Velocities forward, left [m/s], turning [rad/s], shape (n, 3).
        state: As `advance` takes it.
        acceleration: Likewise.
        lag: Time constant of the body behind its command [s].
        room: Distance from what stands [m], on cells around the robot.
        costs: Of 1, on the same cells.
        corner: Lower left corner of these cells [m], shape (2,).
        resolution: Side of a cell [m].
        need: Distance to keep from what stands [m]; who is nearer may go away.
        people: x, y [m], distance to keep [m] of each at times 0, tick, ...; shape
            (m, k, 3).
        tick: Time between them [s]; the last of them ends what is looked at.
        commitment: How long a target is obeyed before the robot stops [s].
        sight: How far ahead a target is judged by where it leads [s].
        dt: Step of the simulation [s].

    Returns:
        Shape (n, RESULTS).
    """
    results = np.empty((len(targets), RESULTS))
    blend = 1.0 - math.exp(-dt / lag)
    horizon = (people.shape[1] - 1) * tick
    now = between(room, (state[0] - corner[0]) / resolution,
                  (state[1] - corner[1]) / resolution)  # fmt: skip
    # Who is too near may not come nearer in the end, and hardly on the way.
    near = min(need, now - AWAY)
    last = min(need, now)
    if now <= 0.0:  # Within what stands nothing says which way is out.
        near = last = need
    still = np.zeros(3)
    for n in range(len(targets)):
        s = state.copy()
        safe, margin, moment = 1.0, np.inf, 0.0
        while moment < horizon:
            target = targets[n] if moment < commitment else still
            advance(s, target, acceleration, blend, dt)
            moment += dt
            x, y = (s[0] - corner[0]) / resolution, (s[1] - corner[1]) / resolution
            free = between(room, x, y)
            if free < near:
                safe = 0.0
                break
            margin = min(margin, _margin(people, moment, tick, s[0], s[1]))
            speed = max(abs(s[3]), abs(s[4]), abs(s[5]))
            if moment > commitment and speed < SLOW:
                if free < last - 1e-6:
                    safe = 0.0
                break
        while safe and moment < horizon:
            moment += tick
            margin = min(margin, _margin(people, moment, tick, s[0], s[1]))
        results[n, SAFE], results[n, STOPPING] = safe, margin
        s = state.copy()
        contact, margin, cost, moment = np.inf, np.inf, 0.0, 0.0
        steps = 0
        seen = False
        while moment < (horizon if people.shape[0] else sight):
            advance(s, targets[n], acceleration, blend, dt)
            moment += dt
            x, y = (s[0] - corner[0]) / resolution, (s[1] - corner[1]) / resolution
            if between(room, x, y) < near and contact == np.inf:
                contact = moment
            if moment <= sight + 1e-9:
                steps += 1
                here = between(costs, x, y)
                if here < np.inf:
                    cost += here
            if not seen and moment >= sight - 1e-9:
                seen = True
                results[n, END : END + 3] = s[:3]
            if seen and contact < np.inf:
                break
            margin = min(margin, _margin(people, moment, tick, s[0], s[1]))
        results[n, GOING] = margin if contact == np.inf else -np.inf
        results[n, CONTACT] = contact if contact <= sight else np.inf
        results[n, COST] = cost / max(steps, 1)
    return results
