# SPDX-License-Identifier: Apache-2.0
"""Short motions of their own: turn, back up, go straight, wait, be steered by hand."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from geometry_msgs.msg import Twist
from nav2_msgs.action import AssistedTeleop, BackUp, DriveOnHeading, Spin, Wait

from renxing.errors import StaleError
from renxing.navigation import LETHAL, UNKNOWN, CostGrid
from renxing.navigation.distance import distances
from renxing.nodes import convert
from renxing.nodes.navigation.grid_messages import to_duration
from renxing.nodes.navigation.sight import BlindError
from renxing.nodes.navigation.solo import End, Routine, failed
from renxing.spatial import Array

STEP = 0.1  # [s] between two places that are looked at
SHARES = (1.0, 0.5, 0.25)  # of a velocity by hand
FRESH = 0.5  # [s] that a velocity by hand counts


@dataclass(frozen=True, slots=True, kw_only=True)
class BehaviorConfig:
    """Short motions.

    Attributes:
        turn: Greatest speed of turning [rad/s].
        least_turn: Slowest speed of turning, near the end [rad/s].
        turn_deceleration: With which turning ends [rad/s²].
        speed: Greatest speed of going straight [m/s].
        forward_teleop: Greatest speed by hand, in each direction [m/s].
        horizon: How far ahead the way must be free [s].
        radius: Distance from what stands that is kept [m].
        blind_patience: How long it stands and waits for eyes that say nothing [s].
    """

    turn: float = field(default=0.5, metadata={"min": 0.05, "max": 3.0})
    least_turn: float = field(default=0.15, metadata={"min": 0.01, "max": 1.0})
    turn_deceleration: float = field(default=0.6, metadata={"min": 0.05, "max": 10.0})
    speed: float = field(default=0.25, metadata={"min": 0.01, "max": 2.0})
    forward_teleop: float = field(default=0.4, metadata={"min": 0.01, "max": 2.0})
    horizon: float = field(default=1.5, metadata={"min": 0.2, "max": 5.0})
    radius: float = field(default=0.34, metadata={"min": 0.05, "max": 2.0})
    blind_patience: float = field(default=5.0, metadata={"min": 0.0, "max": 600.0})


# A velocity, and for how long it is wanted [s].
Wish = tuple[Array, float]


class Legs(Protocol):
    """What short motions need of who owns the robot's legs."""

    def now(self) -> float:
        """Return ROS time [s]."""

    def place(self) -> Array:
        """Return x, y, yaw in odom, or raise StaleError."""

    def costs(self) -> CostGrid:
        """Return the costs around the robot, in odom, or raise StaleError."""

    def drive(self, velocity: Array) -> None:
        """Walk until the next tick."""


class Behaviors:
    """The routines of the five actions."""

    def __init__(self, legs: Legs, config: BehaviorConfig) -> None:
        """Use somebody's legs."""
        self._legs, self._config = legs, config
        self._hand: tuple[float, Array] = (-math.inf, np.zeros(3))
        self._let_go = False

    # --- actions ----------------------------------------------------------------------

    def spin(self, handle: Any) -> Routine:
        """Turn by an angle."""
        wanted = float(handle.request.target_yaw)
        turned = 0.0
        last: float | None = None

        def velocity(place: Array) -> Wish | None:
            nonlocal turned, last
            if last is not None:
                turned += math.remainder(place[2] - last, math.tau)
            last = place[2]
            left = abs(wanted) - turned * math.copysign(1.0, wanted)
            if left <= 0.0:
                return None
            config = self._config
            speed = math.sqrt(2.0 * config.turn_deceleration * left)
            speed = min(max(speed, config.least_turn), config.turn)
            return np.array([0.0, 0.0, math.copysign(speed, wanted)]), left / speed

        def feedback() -> None:
            told = Spin.Feedback(angular_distance_traveled=abs(turned))
            handle.publish_feedback(told)

        if not math.isfinite(wanted):
            return End(failed(Spin, Spin.Result.UNKNOWN, "angle not finite"), False)
        return (yield from self._move(handle, Spin, velocity, feedback))

    def back_up(self, handle: Any) -> Routine:
        """Go straight back; signs do not matter, as in Nav2."""
        request = handle.request
        return (
            yield from self._straight(
                handle, BackUp, -abs(request.target.x), -abs(request.speed)
            )
        )

    def drive_on_heading(self, handle: Any) -> Routine:
        """Go straight on, or back with both numbers below zero."""
        request = handle.request
        return (
            yield from self._straight(
                handle, DriveOnHeading, request.target.x, request.speed
            )
        )

    def wait(self, handle: Any) -> Routine:
        """Stand."""
        begun, wanted = self._legs.now(), convert.to_seconds(handle.request.time)
        while (left := begun + wanted - self._legs.now()) > 0.0:
            handle.publish_feedback(Wait.Feedback(time_left=to_duration(left)))
            yield
        elapsed = to_duration(self._legs.now() - begun)
        return End(Wait.Result(total_elapsed_time=elapsed))

    def assisted_teleop(self, handle: Any) -> Routine:
        """Obey a hand where the way is free; a timeout ends it, as in Nav2."""
        begun = self._legs.now()
        allowed = convert.to_seconds(handle.request.time_allowance)
        kind, self._let_go = AssistedTeleop, False
        while not self._let_go:
            elapsed = self._legs.now() - begun
            if 0.0 < allowed < elapsed:
                code = kind.Result.TIMEOUT
                return self._ended(kind, begun, code, "the time is over")
            came, wish = self._hand
            try:
                if self._legs.now() - came < FRESH:
                    self._legs.drive(self._careful(wish))
            except StaleError as error:
                return self._ended(kind, begun, kind.Result.TF_ERROR, str(error))
            told = kind.Feedback(current_teleop_duration=to_duration(elapsed))
            handle.publish_feedback(told)
            yield
        return End(
            kind.Result(total_elapsed_time=to_duration(self._legs.now() - begun))
        )

    def _careful(self, wish: Array) -> Array:
        """Return the greatest share of a velocity for which the way is free."""
        free = (share * wish for share in SHARES if self._free(share * wish))
        return next(free, np.zeros(3))

    def on_hand(self, message: Twist) -> None:
        """Keep a velocity by hand."""
        wish = np.array([message.linear.x, message.linear.y, message.angular.z])
        if np.isfinite(wish).all():
            most = self._config.forward_teleop
            wish[:2] = np.clip(wish[:2], -most, most)
            wish[2] = np.clip(wish[2], -self._config.turn, self._config.turn)
            self._hand = (self._legs.now(), wish)

    def on_let_go(self) -> None:
        """End steering by hand."""
        self._let_go = True

    # --- what they share --------------------------------------------------------------

    def _straight(
        self, handle: Any, kind: Any, distance: float, speed: float
    ) -> Routine:
        target = handle.request.target
        if target.y or target.z:
            text = "only x of the target may be other than 0"
            return End(failed(kind, kind.Result.INVALID_INPUT, text), False)
        if not (math.isfinite(distance) and distance * speed > 0.0):
            text = f"{distance:g} m at {speed:g} m/s: other than 0, the same sign"
            return End(failed(kind, kind.Result.INVALID_INPUT, text), False)
        begin: Array | None = None
        gone = 0.0
        most = self._config.speed

        def velocity(place: Array) -> Wish | None:
            nonlocal begin, gone
            begin = place if begin is None else begin
            gone = float(np.linalg.norm(place[:2] - begin[:2]))
            if gone >= abs(distance):
                return None
            off = math.remainder(begin[2] - place[2], math.tau)
            ahead = min(max(speed, -most), most)
            turn = min(max(off, -0.3), 0.3)
            left = (abs(distance) - gone) / abs(ahead)
            return np.array([ahead, 0.0, turn]), left

        def feedback() -> None:
            handle.publish_feedback(kind.Feedback(distance_traveled=gone))

        return (yield from self._move(handle, kind, velocity, feedback))

    def _move(
        self,
        handle: Any,
        kind: Any,
        velocity: Callable[[Array], Wish | None],
        feedback: Callable[[], None],
    ) -> Routine:
        """Move until `velocity` of the place is None, or something speaks against."""
        begun = saw = self._legs.now()
        allowed = convert.to_seconds(handle.request.time_allowance)
        while True:
            try:
                wish = velocity(self._legs.place())
                if wish is None:
                    break
                wanted, left = wish
                free = self._free(wanted, left)
                saw = self._legs.now()
            except BlindError as error:
                # Stand: they may only be late.
                if self._legs.now() - saw > self._config.blind_patience:
                    return self._ended(kind, begun, kind.Result.TF_ERROR, str(error))
                yield
                continue
            except StaleError as error:
                return self._ended(kind, begun, kind.Result.TF_ERROR, str(error))
            if not free:
                code = kind.Result.COLLISION_AHEAD
                return self._ended(kind, begun, code, "something is in the way")
            if 0.0 < allowed < self._legs.now() - begun:
                code = kind.Result.TIMEOUT
                text = f"not done in {allowed:g} s"
                return self._ended(kind, begun, code, text)
            self._legs.drive(wanted)
            feedback()
            yield
        elapsed = to_duration(self._legs.now() - begun)
        return End(kind.Result(total_elapsed_time=elapsed))

    def _free(self, velocity: Array, seconds: float = math.inf) -> bool:
        """Say whether the way is free as far ahead as is looked, or as it goes on."""
        place, costs = self._legs.place(), self._legs.costs()
        horizon = min(self._config.horizon, seconds)
        return is_free(costs, place, velocity, horizon, self._config.radius)

    def _ended(self, kind: Any, begun: float, code: int, why: str) -> End:
        result = failed(kind, code, why)
        result.total_elapsed_time = to_duration(self._legs.now() - begun)
        return End(result, False)


def is_free(
    costs: CostGrid, place: Array, velocity: Array, horizon: float, radius: float
) -> bool:
    """Say whether a velocity leads over free ground.

    Who is nearer to something than allowed may still go where it is not nearer.

    Args:
        costs: Around the robot.
        place: x, y [m], yaw [rad] in the frame of the costs.
        velocity: Ahead, left [m/s], turning [rad/s].
        horizon: For how long [s].
        radius: Of the robot [m].
    """
    x, y, yaw = place
    forward, left, turn = velocity
    ways = [(x, y)]
    for _ in range(math.ceil(horizon / STEP)):
        yaw += turn * STEP
        x += STEP * (forward * math.cos(yaw) - left * math.sin(yaw))
        y += STEP * (forward * math.sin(yaw) + left * math.cos(yaw))
        ways.append((x, y))
    found = costs.cost_at(ways)
    if (found[1:] == LETHAL).any() or (found[1:] == UNKNOWN).any():
        moves = float(np.hypot(forward, left)) > 0.0
        return not moves
    cells = costs.cell(ways)
    reach = (radius + 0.2) / costs.resolution
    squared = distances(costs.costs, reach, False)
    room = costs.resolution * np.sqrt(squared[cells[:, 0], cells[:, 1]])
    allowed = min(radius, float(room[0]) - 0.5 * costs.resolution)
    return bool((room[1:] >= allowed).all())
