# SPDX-License-Identifier: Apache-2.0
"""The routine of follow_path: a path in the map, walked in odom."""

import math
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from nav2_msgs.action import FollowPath
from nav_msgs.msg import Path

from renxing.errors import ConfigError, StaleError
from renxing.navigation import Follower, ProgressChecker
from renxing.nodes.managed import ManagedNode
from renxing.nodes.navigation import grid_messages as messages
from renxing.nodes.navigation.behaviors import Legs
from renxing.nodes.navigation.bystanders import Bystanders
from renxing.nodes.navigation.frames import Frames
from renxing.nodes.navigation.sight import BlindError
from renxing.nodes.navigation.solo import End, Routine, failed
from renxing.spatial import Array

Result = FollowPath.Result
SHIFT = 0.02  # [m], [rad] by which the map has to move in odom to count
HALT = 0.3  # [s] after which it is taken to stand
LONGEST = 0.5  # [s] of a pause of the clock, of which no more is counted


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowConfig:
    """What is expected of following.

    Attributes:
        controller_id: Name that goals may call the controller by.
        goal_checker_id: Name that goals may call the goal checker by.
        progress_checker_id: Name that goals may call the progress checker by.
        patience: How long it waits before what is in the way [s].
        person_patience: Likewise before people [s].
        blind_patience: How long it waits for eyes that say nothing [s].
        progress_distance: That it has to come along [m].
        progress_time: In this time [s].
    """

    controller_id: str = "FollowPath"
    goal_checker_id: str = "general_goal_checker"
    progress_checker_id: str = "progress_checker"
    patience: float = field(default=3.0, metadata={"min": 0.0, "max": 600.0})
    person_patience: float = field(default=10.0, metadata={"min": 0.0, "max": 600.0})
    blind_patience: float = field(default=15.0, metadata={"min": 0.0, "max": 600.0})
    progress_distance: float = field(default=0.3, metadata={"min": 0.01, "max": 5.0})
    progress_time: float = field(default=15.0, metadata={"min": 1.0, "max": 600.0})


class Walker(Legs, Protocol):
    """Legs that know how fast they go."""

    def velocity(self) -> Array:
        """Return ahead, left, turning, or raise StaleError."""


class PathFollowing:
    """Makes the routine of each goal."""

    def __init__(
        self,
        node: ManagedNode,
        follower: Follower,
        frames: Frames,
        config: FollowConfig,
        legs: Walker,
        bystanders: Bystanders,
    ) -> None:
        """Use somebody's legs."""
        self._follower, self._frames = follower, frames
        self._bystanders = bystanders
        self._config, self._legs = config, legs
        self._left = -math.inf
        self._plans = node.create_publisher(Path, "received_global_plan", 1)

    def follow(self, handle: Any) -> Routine:
        """Walk along a path to its end."""
        request = handle.request
        wrong = self._wrong_name(request)
        if wrong:
            return _aborted(Result.INVALID_CONTROLLER, wrong)
        try:
            frame_to_map = self._frames.to_map(request.path.header.frame_id)
            places = messages.from_path(request.path)
        except ConfigError as error:
            return _aborted(Result.INVALID_PATH, str(error))
        except StaleError as error:
            return _aborted(Result.TF_ERROR, str(error))
        # A path that takes the place of another is walked on without a halt.
        if not 0.0 <= self._legs.now() - self._left < HALT:
            self._follower.reset()
        self._plans.publish(request.path)
        path_in_map = messages.moved(frame_to_map, places)
        try:
            return (yield from self._walk(handle, path_in_map))
        finally:
            self._left = self._legs.now()

    def _walk(self, handle: Any, path_in_map: Array) -> Routine:
        config, legs, follower = self._config, self._legs, self._follower
        progress = ProgressChecker(config.progress_distance, config.progress_time)
        lies: Array | None = None
        last = legs.now()
        blocked = blind = 0.0
        while True:
            now = legs.now()
            dt = min(max(now - last, 0.0), LONGEST)
            last = now
            try:
                place, velocity = legs.place(), legs.velocity()
                costs = legs.costs()
                map_to_odom = self._frames.odom_to_map().inverse()
            except BlindError as error:
                # Stand; who was killed is started again.
                blind += dt
                if blind > config.blind_patience:
                    return _aborted(Result.CONTROLLER_TIMED_OUT, f"blind: {error}")
                follower.reset()
                progress.reset()
                lies = None
                yield
                continue
            except StaleError as error:
                return _aborted(Result.TF_ERROR, str(error))
            blind = 0.0
            # Localization moves the map under the robot; the path goes with it.
            found = messages.place_of(map_to_odom)
            if lies is None or np.abs(found - lies).max() > SHIFT:
                path = messages.moved(map_to_odom, path_in_map)
                follower.follow(path, moved=lies is not None)
                lies = found
            people = self._bystanders.in_odom()
            state = follower.step(place, velocity, costs, people, dt)
            if state.reached:
                return End(Result())
            legs.drive(state.velocity)
            # One free moment between two others does not make the way free.
            blocked = blocked + dt if state.blocked else max(blocked - dt, 0.0)
            patience = config.patience
            if state.reason == "person":
                patience = config.person_patience
            if blocked > patience:
                text = f"{state.reason} in the way for {blocked:.1f} s"
                return _aborted(Result.NO_VALID_CONTROL, text)
            if not progress.update(place[:2], now):
                text = f"less than {config.progress_distance:g} m in "
                text += f"{config.progress_time:g} s"
                return _aborted(Result.FAILED_TO_MAKE_PROGRESS, text)
            handle.publish_feedback(
                FollowPath.Feedback(
                    distance_to_goal=float(state.distance_to_goal),
                    speed=float(np.hypot(velocity[0], velocity[1])),
                )
            )
            yield

    def _wrong_name(self, request: Any) -> str:
        config = self._config
        for what in ("controller_id", "goal_checker_id", "progress_checker_id"):
            got, known = getattr(request, what), getattr(config, what)
            if got not in ("", known):
                return f"{what} '{got}'; allowed {known}"
        return ""


def _aborted(code: int, why: str) -> End:
    return End(failed(FollowPath, code, why), False)
