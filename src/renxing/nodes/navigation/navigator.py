# SPDX-License-Identifier: Apache-2.0
"""Go somewhere: plan, walk, look whether the way is still free, recover, give up."""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped
from nav2_msgs.action import (
    ComputePathThroughPoses,
    ComputePathToPose,
    FollowPath,
    NavigateThroughPoses,
    NavigateToPose,
)
from nav2_msgs.srv import IsPathValid
from nav_msgs.msg import Path

from renxing import navigation
from renxing.errors import StaleError
from renxing.nodes.navigation import grid_messages as messages
from renxing.nodes.navigation.child import Answer
from renxing.nodes.navigation.frames import Frames, FramesConfig
from renxing.nodes.navigation.recovery import Recovery, RecoveryConfig
from renxing.nodes.navigation.solo import End, Routine, failed
from renxing.nodes.navigation.solo_node import SoloNode
from renxing.nodes.parameters import load_config
from renxing.spatial import Array

TICK = 0.05  # [s]
TELL_PERIOD = 0.1  # [s] between two feedbacks
FAILED_TO_LOAD_BEHAVIOR_TREE = 9001  # of later Nav2; Jazzy has none of its own
THROUGH = 100  # what the codes of navigate_through_poses are higher by
LOST = 9000  # UNKNOWN of later Nav2

# Codes of a planner after which another attempt from elsewhere or later may help.
PLAN_AGAIN = {
    ComputePathToPose.Result.UNKNOWN,
    ComputePathToPose.Result.START_OCCUPIED,
    ComputePathToPose.Result.TIMEOUT,
    ComputePathToPose.Result.NO_VALID_PATH,
}
# Codes of a controller after which it does not.
FOLLOW_NO_MORE = {
    FollowPath.Result.INVALID_CONTROLLER,
    FollowPath.Result.TF_ERROR,
    FollowPath.Result.INVALID_PATH,
    FollowPath.Result.CONTROLLER_TIMED_OUT,  # blind: it has waited for long enough
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NavigatorConfig:
    """The node.

    Attributes:
        recoveries: Attempts after which a goal is given up.
        look_period: Between two looks whether the way is still free [s].
        recovery: What it does in between.
        frames: Where the robot is.
    """

    recoveries: int = field(default=4, metadata={"min": 0, "max": 100})
    look_period: float = field(default=1.0, metadata={"min": 0.1, "max": 60.0})
    recovery: RecoveryConfig = field(default_factory=RecoveryConfig)
    frames: FramesConfig = field(default_factory=FramesConfig)


@dataclass(slots=True)
class _Trip:
    """What is told about a goal while it runs."""

    handle: Any
    kind: Any
    poses: list[PoseStamped]
    through: bool
    begun: float
    recoveries: int = 0
    remaining: float = 0.0
    speed: float = 0.0
    # Plans that failed since the last one that did not.
    unplanned: int = 0
    # Length of the path behind each pose [m].
    rests: list[float] = field(default_factory=list)


class Navigator(SoloNode):
    """Takes the robot to poses; the node that Nav2 calls bt_navigator.

    Actions: navigate_to_pose, navigate_through_poses; the newest goal counts.
    Subscribes: goal_pose (PoseStamped), tf, emergency_stop, /diagnostics of the core.
    Calls: compute_path_to_pose, compute_path_through_poses, follow_path, spin, backup,
    wait; is_path_valid and the services that clear the costmaps.
    Parameters: `NavigatorConfig`.

    After a failure that may pass, in turn: clear costmaps and wait, back up, spin;
    then it plans anew. Where there is still no way after that, no motion finds one, and
    the goal is given up. A result has the code of the last failure.
    """

    def __init__(self) -> None:
        """Create the node, unconfigured."""
        super().__init__("bt_navigator", "navigator")

    def configure(self) -> None:
        """Join the graph."""
        self.config = load_config(self, NavigatorConfig)
        self.frames = Frames(self, self.config.frames)
        ask = self.ask
        self._to_pose = ask(ComputePathToPose, "compute_path_to_pose")
        self._through = ask(ComputePathThroughPoses, "compute_path_through_poses")
        self._follow = ask(FollowPath, "follow_path")
        self._recovery = Recovery(self, self.config.recovery)
        self._self = ask(NavigateToPose, "navigate_to_pose")
        self._is_valid = self.create_client(IsPathValid, "is_path_valid")
        solo = self.offer_solo()
        solo.offer(NavigateToPose, "navigate_to_pose", self.to_pose)
        solo.offer(NavigateThroughPoses, "navigate_through_poses", self.through_poses)
        self.create_subscription(PoseStamped, "goal_pose", self.on_goal_pose, 10)
        self.create_wall_timer(TICK, solo.tick)

    def on_goal_pose(self, message: PoseStamped) -> None:
        """Go where a click in RViz points."""
        self._self.send(NavigateToPose.Goal(pose=message))

    # --- routines ---------------------------------------------------------------------

    def to_pose(self, handle: Any) -> Routine:
        """Go to one pose."""
        poses = [handle.request.pose]
        trip = _Trip(handle, NavigateToPose, poses, False, self.now())
        return self._travel(trip)

    def through_poses(self, handle: Any) -> Routine:
        """Go through poses to the last of them."""
        poses = list(handle.request.poses)
        trip = _Trip(handle, NavigateThroughPoses, poses, True, self.now())
        return self._travel(trip)

    def _travel(self, trip: _Trip) -> Routine:
        tree = trip.handle.request.behavior_tree
        if tree:
            code = FAILED_TO_LOAD_BEHAVIOR_TREE + THROUGH * trip.through
            text = f"behaviour tree '{tree}': there are none here"
            return self._given_up(trip, code, text)
        try:
            while True:
                planned = yield from self._plan(trip)
                if planned.succeeded:
                    trip.unplanned = 0
                    walked = yield from self._walk(trip, planned.result.path)
                    if walked is None:
                        continue
                    if walked.succeeded:
                        return End(trip.kind.Result())
                    if walked.replaced:
                        return End(failed(trip.kind, 0, walked.text), False)
                    failure, hopeless = walked, walked.code in FOLLOW_NO_MORE
                else:
                    failure, hopeless = planned, self._is_hopeless(trip, planned)
                    trip.unplanned += 1
                # A server that is not there, or says no, will not say yes later.
                hopeless = hopeless or failure.result is None
                if hopeless or trip.recoveries >= self.config.recoveries:
                    code = failure.code or LOST + THROUGH * trip.through
                    return self._given_up(trip, code, failure.text)
                text = (
                    f"{failure.text} ({failure.code}): recovery {trip.recoveries + 1}"
                )
                self.get_logger().warning(text)
                recovered = yield from self._recover(trip)
                if recovered.replaced:
                    return End(failed(trip.kind, 0, recovered.text), False)
        finally:
            self._follow.stop()

    def _is_hopeless(self, trip: _Trip, planned: Answer) -> bool:
        """Say whether another plan would end as the last one did."""
        reason = planned.code - THROUGH * trip.through
        if reason == ComputePathToPose.Result.START_OCCUPIED:
            return False
        return trip.unplanned > 0 or reason not in PLAN_AGAIN

    def _given_up(self, trip: _Trip, code: int, why: str) -> End:
        self.get_logger().error(f"goal aborted: {why} ({code})")
        return End(failed(trip.kind, code, why), False)

    def _plan(self, trip: _Trip) -> Generator[None, None, Answer]:
        if trip.through:
            goals = ComputePathThroughPoses.Goal(goals=trip.poses)
            return (yield from self._through.run(goals))
        goal = ComputePathToPose.Goal(goal=trip.poses[0])
        return (yield from self._to_pose.run(goal))

    def _walk(self, trip: _Trip, path: Path) -> Generator[None, None, Answer | None]:
        """Follow a path; None if it is no longer free."""

        def on_feedback(message: Any) -> None:
            trip.remaining = float(message.distance_to_goal)
            trip.speed = float(message.speed)

        places = messages.from_path(path)
        trip.remaining = navigation.path_length(places)
        trip.rests = self._rests(places, trip.poses)
        look = self.now() + self.config.look_period
        told = self.now()
        asked: Any = None

        def leave() -> bool:
            nonlocal look, told, asked
            now = self.now()
            if now - told >= TELL_PERIOD:
                told = now
                self._pass_poses(trip)
                self._tell(trip)
            if asked is None:
                if now >= look and self._is_valid.service_is_ready():
                    asked = self._is_valid.call_async(IsPathValid.Request(path=path))
            elif asked.done():
                if not asked.result().is_valid:
                    self.get_logger().info("the way is no longer free")
                    return True
                asked, look = None, now + self.config.look_period
            return False

        goal = FollowPath.Goal(path=path)
        return (yield from self._follow.run_until(goal, leave, on_feedback))

    def _recover(self, trip: _Trip) -> Generator[None, None, Answer]:
        trip.recoveries += 1
        self._tell(trip)
        return (yield from self._recovery.run(trip.recoveries - 1))

    # --- feedback ---------------------------------------------------------------------

    def _rests(self, places: Array, poses: list[PoseStamped]) -> list[float]:
        """Return how long a path is from the place nearest to each pose on [m]."""
        rests = []
        first = 0
        for pose in poses:
            try:
                wanted = self.frames.place(pose)[:2]
            except StaleError:
                return [0.0] * len(poses)  # who walks notices too, and ends the goal
            away = np.linalg.norm(places[first:, :2] - wanted, axis=1)
            first += int(np.argmin(away))
            rests.append(navigation.path_length(places[first:]))
        return rests

    def _pass_poses(self, trip: _Trip) -> None:
        """Leave behind poses that were passed, so that a new plan does not go back."""
        while len(trip.poses) > 1 and trip.remaining < trip.rests[0]:
            trip.poses.pop(0)
            trip.rests.pop(0)

    def _tell(self, trip: _Trip) -> None:
        feedback = trip.kind.Feedback()
        now = self.get_clock().now().to_msg()
        try:
            here = messages.place_of(self.frames.base_to_map())
            frame = self.config.frames.map
            feedback.current_pose = messages.to_pose_stamped(now, frame, here)
        except StaleError:
            return
        feedback.navigation_time = messages.to_duration(self.now() - trip.begun)
        feedback.number_of_recoveries = trip.recoveries
        feedback.distance_remaining = trip.remaining
        if trip.speed > 0.01:
            left = trip.remaining / trip.speed
            feedback.estimated_time_remaining = messages.to_duration(left)
        if trip.through:
            feedback.number_of_poses_remaining = len(trip.poses)
        trip.handle.publish_feedback(feedback)
