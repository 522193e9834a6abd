# SPDX-License-Identifier: Apache-2.0
"""Walk along a path, around what is in the way, and stop before what cannot be passed.

In: path, pose, velocity, `CostGrid`, people.  Out: a velocity.  Rate: 10 to 20 Hz.

A law of its own says which velocity the path asks for. That one, slower ones and a
fixed set of others are followed into the future (`rollout.py`); of those that are safe
the one counts that leads nearest to where the path asks to be. Pose and velocity of a
walking robot sway with its steps; they are mixed with what the last commands let
expect.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renxing.errors import ConfigError
from renxing.navigation import rollout
from renxing.navigation.follower_config import FollowerConfig as FollowerConfig
from renxing.navigation.grid import CostGrid
from renxing.navigation.path import Path
from renxing.navigation.people import Person
from renxing.navigation.rollout import CONTACT, COST, END, GOING, SAFE, STOPPING
from renxing.navigation.surroundings import TICK, ahead, around
from renxing.spatial import Array, Mask

STEP = 0.1  # [s] of the simulation of a target
TURN_FIRST = 0.9  # [rad] off the path's direction from which on it only turns
JUMP = 0.4  # [m] that a pose may be off before it is believed at once
GAIN = 1.5  # [1/s] of turning towards a direction and of going to the goal
SHARES = (1.0, 0.75, 0.5, 0.25)  # of the velocity that the path asks for, also tried


@dataclass(frozen=True, slots=True, eq=False)
class FollowerState:
    """What to do now.

    Attributes:
        velocity: Forward, left [m/s], turning [rad/s], shape (3,).
        distance_to_goal: Along the path [m].
        reached: Whether the robot has arrived; it stays so until the next path.
        blocked: Whether no safe velocity leads on now.
        reason: By what: `obstacle`, `person`, or `off the grid` if the robot is; `no
            path` without one; else empty.
    """

    velocity: Array
    distance_to_goal: float
    reached: bool
    blocked: bool
    reason: str


class Follower:
    """Follows one path at a time."""

    def __init__(self, config: FollowerConfig | None = None) -> None:
        """Choose which velocities are tried."""
        self._config = config = config or FollowerConfig()
        self._acceleration = np.array(
            [
                config.forward_acceleration,
                config.lateral_acceleration,
                config.turn_acceleration,
            ]
        )
        # Who cannot go sideways has to divide by something.
        self._most = np.array([config.forward, max(config.lateral, 1e-6), config.turn])
        self._lattice = _lattice(config)
        self._share = 1.0
        self._path: Path | None = None
        self.reset()

    def reset(self) -> None:
        """Stand still, without a path."""
        self._path = None
        self._state: Array | None = None
        self._there = self._reached = False

    def follow(self, path: npt.ArrayLike, moved: bool = False) -> None:
        """Take a path; the robot goes on from the velocity that it has.

        Args:
            path: Poses x, y [m], yaw [rad] in the grid's frame, shape (n, 3), n at
                least 1; only the last one's yaw matters.
            moved: Whether it is the last path, which lies elsewhere because its frame
                has moved; how far the robot has got on it then stays known.

        Raises:
            ConfigError: If it is not such a path.
        """
        last, self._path = self._path, Path(path)
        if moved and last is not None:
            self._path.resume(last)
        else:
            self._there = self._reached = False

    def limit(self, share: float) -> None:
        """Walk no faster than a share of the greatest speeds, until further notice.

        Raises:
            ConfigError: If the share is not within 0 and 1.
        """
        if not 0.0 <= share <= 1.0:
            raise ConfigError(f"share of the speed {share}: 0 to 1 allowed")
        self._share = share

    def step(
        self,
        pose: npt.ArrayLike,
        velocity: npt.ArrayLike,
        grid: CostGrid,
        people: tuple[Person, ...],
        dt: float,
    ) -> FollowerState:
        """Choose a velocity.

        Args:
            pose: x, y [m], yaw [rad] in the grid's frame, shape (3,).
            velocity: Measured, forward, left [m/s], turning [rad/s], shape (3,).
            grid: What stands around the robot; inflated, so that it keeps off walls
                where there is room.
            people: Who is predicted; of now.
            dt: Time since the last step [s].

        Raises:
            ConfigError: If pose or velocity are not three finite numbers.
        """
        state = self._observe(_three("pose", pose), _three("velocity", velocity), dt)
        path = self._path
        if path is None:
            return self._answer(np.zeros(3), 0.0, dt, False, "no path")
        remaining = path.advance(state[:2])
        if self._arrived(state, path, remaining):
            return self._answer(np.zeros(3), remaining, dt, False, "")
        if not grid.inside(state[:2]):
            return self._answer(np.zeros(3), remaining, dt, True, "off the grid")
        wish, place, heading = self._wish(state, path, remaining)
        targets = self._targets(wish)
        found = rollout.judge(
            targets,
            state,
            self._acceleration,
            self._config.lag,
            *around(grid, state[:2], self._config),
            ahead(people, state[:2], self._config),
            TICK,
            self._config.commitment,
            self._config.sight,
            STEP,
        )
        target, reason = self._choose(targets, found, wish, place, heading)
        return self._answer(target, remaining, dt, bool(reason), reason)

    def _observe(self, pose: Array, velocity: Array, dt: float) -> Array:
        """Return pose, velocity and command, without most of the sway; shape (9,)."""
        config = self._config
        state = self._state
        if state is None:
            self._state = np.concatenate([pose, velocity, np.zeros(3)])
            return self._state
        if dt > 0.0:
            blend = 1.0 - math.exp(-dt / config.lag)
            rollout.advance(state, state[6:].copy(), self._acceleration, blend, dt)
        gap = pose - state[:3]
        gap[2] = math.remainder(gap[2], math.tau)
        believed = 1.0
        if config.smoothing > 0.0:
            believed = 1.0 - math.exp(-dt / config.smoothing)
        sudden = math.hypot(gap[0], gap[1]) > JUMP or abs(gap[2]) > JUMP
        state[:3] += gap if sudden else believed * gap
        state[3:6] += believed * (velocity - state[3:6])
        return state

    def _arrived(self, state: Array, path: Path, remaining: float) -> bool:
        config = self._config
        away = float(np.linalg.norm(path.goal[:2] - state[:2]))
        # Once there it only turns, unless it strays while doing so.
        limit = config.xy_tolerance * (1.5 if self._there else 0.7)
        # A round ends where it begins; only at its end that is the goal.
        self._there = away <= limit and remaining <= max(config.approach, 2.0 * limit)
        turned = abs(math.remainder(path.goal[2] - state[2], math.tau))
        if self._there and turned <= config.yaw_tolerance:
            self._reached = True
        return self._reached

    def _wish(
        self, state: Array, path: Path, remaining: float
    ) -> tuple[Array, Array, float]:
        """Return the velocity that the path asks for, and where that leads.

        Returns:
            Velocity, shape (3,); place on the path after `sight` [m], shape (2,);
            direction to look in then [rad].
        """
        config = self._config
        near = remaining <= config.approach
        aim = path.goal[:2] if near else path.at(config.lookahead)
        gap = aim - state[:2]
        # Who cannot go sideways has to face the goal until it is there.
        turned = self._there or (near and config.lateral > 0.0)
        heading = path.goal[2] if turned else math.atan2(gap[1], gap[0])
        off = math.remainder(heading - state[2], math.tau)
        speed = min(config.forward * self._share, GAIN * remaining)
        if not turned:
            speed *= max(0.0, math.cos(min(abs(off) / TURN_FIRST, 1.0) * math.pi / 2.0))
        if self._there:
            speed = 0.0
        cos, sin = math.cos(state[2]), math.sin(state[2])
        length = max(math.hypot(gap[0], gap[1]), 1e-6)
        along = (cos * gap[0] + sin * gap[1]) / length * speed
        left = (-sin * gap[0] + cos * gap[1]) / length * speed
        # What it cannot do at all is left out, what is too fast slows down the rest.
        along = max(along, -math.inf if config.backward else 0.0)
        left = left if config.lateral else 0.0
        fastest = config.forward if along > 0.0 else max(config.backward, 1e-6)
        share = max(abs(along) / fastest, abs(left) / self._most[1])
        share /= max(self._share, 1e-6)
        if share > 1.0:
            along, left = along / share, left / share
        most = min(config.turn, math.sqrt(config.turn_acceleration * abs(off)))
        turn = min(max(GAIN * off, -most), most)
        place = path.goal[:2] if near else path.at(speed * config.sight)
        if self._there:
            place = state[:2].copy()
        return np.array([along, left, turn]), place, heading

    def _targets(self, wish: Array) -> Array:
        """Return the velocities to try, shape (n, 3); the first is to stand."""
        slower = [wish * [share, share, 1.0] for share in SHARES]
        turning = [[0.0, 0.0, 0.0], [0.0, 0.0, wish[2]]]
        targets = np.concatenate([turning, slower, self._lattice])
        targets[:, :2] = np.concatenate(
            [targets[:6, :2], self._share * targets[6:, :2]]
        )
        return targets

    def _choose(
        self, targets: Array, found: Array, wish: Array, place: Array, heading: float
    ) -> tuple[Array, str]:
        """Return the best target, and what is in the way if there is none."""
        config = self._config
        safe = found[:, SAFE] > 0.0
        apart = np.maximum(found[:, STOPPING], found[:, GOING])
        if not (safe & (apart >= 0.0)).any():
            return self._evade(targets, safe, apart)
        off = np.linalg.norm(found[:, END : END + 2] - place, axis=1)
        turned = np.abs(
            np.remainder(found[:, END + 2] - heading + np.pi, 2 * np.pi) - np.pi
        )
        contact = np.maximum(0.0, 1.0 - found[:, CONTACT] / config.sight)
        score = (
            off / (config.forward * config.sight)
            + 0.25 * turned
            + 0.3 * np.linalg.norm((targets - wish) / self._most, axis=1)
            + 0.5 * found[:, COST]
            + contact
            + 0.5 * np.exp(-np.maximum(apart, 0.0) / 0.3)
        )
        allowed: Mask = safe & (apart >= 0.0)
        score[~allowed] = np.inf
        best = int(np.argmin(score))
        chosen = targets[best]
        # The first target is to stand: what is not better does not lead on.
        turns = turned[0] > config.yaw_tolerance and chosen[2] * wish[2] > 0.01
        if off[0] > 0.15 and off[best] > off[0] - 0.03 and not turns:
            by_people = (safe & (apart < 0.0)).any()
            return chosen, "person" if by_people else "obstacle"
        return chosen, ""

    def _evade(self, targets: Array, safe: Mask, apart: Array) -> tuple[Array, str]:
        """Return what keeps farthest from people, or nearest to standing."""
        if not safe.any():
            return np.zeros(3), "obstacle"
        apart = np.where(safe, apart, -np.inf)
        best = int(np.argmax(apart))
        # Stepping aside must be worth it: standing is what people expect.
        if safe[0] and apart[best] < apart[0] + 0.1:
            best = 0
        return targets[best], "person"

    def _answer(
        self, target: Array, remaining: float, dt: float, blocked: bool, reason: str
    ) -> FollowerState:
        """Lead the command to the target and return it."""
        state = self._state
        command = np.zeros(3)
        if state is not None:
            most = self._acceleration * max(dt, 0.0)
            state[6:] += np.clip(target - state[6:], -most, most)
            command = state[6:].copy()
        return FollowerState(command, remaining, self._reached, blocked, reason)


def rehearse() -> None:
    """Compile now what is compiled, rather than at the first path."""
    grid = CostGrid(
        costs=np.zeros((40, 40), np.uint8), resolution=0.1, origin=np.zeros(2)
    )
    follower = Follower()
    follower.follow([[1.0, 2.0, 0.0], [3.0, 2.0, 0.0]])
    somebody = Person(1, np.array([3.5, 3.5]), np.zeros(2), np.eye(4), 0.0)
    for people in ((), (somebody,)):
        follower.step([1.0, 2.0, 0.0], np.zeros(3), grid, people, 0.1)


def _lattice(config: FollowerConfig) -> Array:
    """Return velocities all over what the robot can do, shape (n, 3)."""
    forward = np.append([-config.backward], np.linspace(0.0, config.forward, 6))
    left = np.linspace(-config.lateral, config.lateral, 5)
    turn = config.turn * np.array([-1.0, -0.6, -0.25, 0.0, 0.25, 0.6, 1.0])
    grid = np.stack(np.meshgrid(forward, left, turn, indexing="ij"), -1).reshape(-1, 3)
    walks = np.maximum(grid[:, 0] / config.forward, 0.0)
    aside = np.abs(grid[:, 1]) / max(config.lateral, 1e-6)
    # Full speed ahead and aside at once is more than legs can do.
    return np.ascontiguousarray(grid[np.hypot(walks, aside) <= 1.1])


def _three(name: str, values: npt.ArrayLike) -> Array:
    found = np.array(values, float)
    if found.shape != (3,) or not np.isfinite(found).all():
        raise ConfigError(f"{name} {found.tolist()}: three finite numbers wanted")
    return found
