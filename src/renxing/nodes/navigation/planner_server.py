# SPDX-License-Identifier: Apache-2.0
"""Routes over the global costmap."""

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from nav2_msgs.action import ComputePathThroughPoses, ComputePathToPose, SmoothPath
from nav2_msgs.srv import IsPathValid
from nav_msgs.msg import Path
from rclpy.action import ActionServer, CancelResponse, GoalResponse

from renxing import navigation
from renxing.errors import ConfigError, RenxingError, StaleError
from renxing.navigation import CostGrid, NoRoute, PlannerConfig, Reason
from renxing.nodes import convert
from renxing.nodes.managed import ManagedNode
from renxing.nodes.navigation import grid_messages as messages
from renxing.nodes.navigation.bystanders import Bystanders
from renxing.nodes.navigation.costmap import Costmap, CostmapConfig
from renxing.nodes.navigation.frames import Frames, FramesConfig
from renxing.nodes.navigation.solo import failed
from renxing.nodes.parameters import load_config
from renxing.spatial import Array

# Names of the error codes, the same in both actions.
CODES = {
    Reason.START_OUTSIDE: "START_OUTSIDE_MAP",
    Reason.GOAL_OUTSIDE: "GOAL_OUTSIDE_MAP",
    Reason.START_OCCUPIED: "START_OCCUPIED",
    Reason.GOAL_OCCUPIED: "GOAL_OCCUPIED",
    Reason.NO_PATH: "NO_VALID_PATH",
    Reason.TIMEOUT: "TIMEOUT",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannerServerConfig:
    """The node.

    Attributes:
        planner_id: Name that goals may call the planner by.
        smoother_id: Name that goals may call the smoother by.
        frames: Where the robot is.
        costmap: The global costmap.
        planner: The planner.
    """

    planner_id: str = "GridBased"
    smoother_id: str = "simple_smoother"
    frames: FramesConfig = field(default_factory=FramesConfig)
    costmap: CostmapConfig = field(
        default_factory=lambda: CostmapConfig(publish_rate=1.0)
    )
    planner: PlannerConfig = field(default_factory=PlannerConfig)


class RequestError(RenxingError):
    """A goal that cannot be served.

    Attributes:
        code: Name of the error code.
    """

    def __init__(self, code: str, text: str) -> None:
        """Say which."""
        super().__init__(text)
        self.code = code


class PlannerServer(ManagedNode):
    """Plans and smooths.

    Actions: compute_path_to_pose, compute_path_through_poses, smooth_path.
    Publishes: plan (Path), plan_smoothed (Path), the global costmap (`Costmap`).
    Services: is_path_valid (IsPathValid), those of `Costmap`.
    Subscribes: people; routes lead around those who stand.
    Parameters: `PlannerServerConfig`.
    Stale behaviour: without a map, or without a fresh pose where one is needed, goals
    are aborted with TF_ERROR.
    """

    def __init__(self) -> None:
        """Create the node, unconfigured."""
        super().__init__("planner_server")
        self._working = False
        self._servers: list[ActionServer] = []

    def configure(self) -> None:
        """Compile what is compiled, join the graph."""
        self.config = load_config(self, PlannerServerConfig)
        navigation.rehearse()
        self.frames = Frames(self, self.config.frames)
        frame = self.config.frames.map
        self.costmap = Costmap(
            self, "global_costmap", self.config.costmap, self.frames, frame
        )
        self.costmap.mind(Bystanders(self, self.frames).in_map)
        self._plans = self.create_publisher(Path, "plan", 1)
        self._smoothed = self.create_publisher(Path, "plan_smoothed", 1)
        self.create_service(IsPathValid, "is_path_valid", self.is_path_valid)
        self._offer(ComputePathToPose, "compute_path_to_pose", self.to_pose)
        self._offer(
            ComputePathThroughPoses, "compute_path_through_poses", self.through_poses
        )
        self._offer(SmoothPath, "smooth_path", self.smooth)

    def activate(self) -> None:
        """Accept goals."""
        self._working = True

    def deactivate(self) -> None:
        """Accept no more."""
        self._working = False

    def clean(self) -> None:
        """Take the actions off the graph."""
        for server in self._servers:
            server.destroy()
        self._servers = []

    def _offer(self, kind: Any, action: str, serve: Any) -> None:
        def execute(handle: Any) -> Any:
            if handle.is_cancel_requested:
                handle.canceled()
                return kind.Result()
            begun = time.monotonic()
            try:
                result = serve(handle.request, begun)
            except RequestError as error:
                self.get_logger().warning(f"{action}: {error}")
                handle.abort()
                return failed(kind, getattr(kind.Result, error.code), str(error))
            handle.succeed()
            return result

        def accept(_goal: Any) -> GoalResponse:
            return GoalResponse.ACCEPT if self._working else GoalResponse.REJECT

        server = ActionServer(
            self,
            kind,
            action,
            execute_callback=execute,
            goal_callback=accept,
            cancel_callback=lambda handle: CancelResponse.ACCEPT,
        )
        self._servers.append(server)

    # --- goals ------------------------------------------------------------------------

    def to_pose(self, request: Any, begun: float) -> Any:
        """Plan to one pose."""
        path = self._route(request, [request.goal])
        return ComputePathToPose.Result(path=path, planning_time=_since(begun))

    def through_poses(self, request: Any, begun: float) -> Any:
        """Plan through some poses to the last of them."""
        if not request.goals:
            raise RequestError("NO_VIAPOINTS_GIVEN", "no poses given")
        path = self._route(request, request.goals)
        return ComputePathThroughPoses.Result(path=path, planning_time=_since(begun))

    def _route(self, request: Any, goals: Any) -> Path:
        known = self.config.planner_id
        if request.planner_id not in ("", known):
            raise RequestError(
                "INVALID_PLANNER", f"planner '{request.planner_id}'; allowed {known}"
            )
        try:
            if request.use_start:
                start = self.frames.place(request.start)
            else:
                start = messages.place_of(self.frames.base_to_map())
            places = [self.frames.place(goal) for goal in goals]
            costs = self.costmap.whole()
        except (StaleError, ConfigError) as error:
            raise RequestError("TF_ERROR", str(error)) from error
        try:
            route = self._legs(costs, start, places)
        except NoRoute as error:
            code, text = CODES[error.reason], str(error)
            if error.reason is Reason.GOAL_OCCUPIED and self._passes(start, places):
                # Nav2's clients know that this one may pass.
                code, text = "NO_VALID_PATH", f"{text}: by who stands there now"
            raise RequestError(code, text) from error
        path = self._path(route)
        self._plans.publish(path)
        return path

    def _legs(self, costs: CostGrid, start: Array, places: list[Array]) -> Array:
        """Return a route through places, shape (n, 3).

        Raises:
            NoRoute: If there is none.
        """
        legs: list[Array] = []
        for place in places:
            leg = navigation.plan(costs, start, place, self.config.planner)
            legs.append(leg[1:] if legs else leg)
            start = leg[-1]
        return np.concatenate(legs)

    def _passes(self, start: Array, places: list[Array]) -> bool:
        """Say whether there is a route once nobody stands in it."""
        try:
            self._legs(self.costmap.whole(lasting=True), start, places)
        except (NoRoute, StaleError):
            return False
        return True

    def smooth(self, request: Any, begun: float) -> Any:
        """Smooth a path."""
        known = self.config.smoother_id
        if request.smoother_id not in ("", known):
            raise RequestError(
                "INVALID_SMOOTHER", f"smoother '{request.smoother_id}'; allowed {known}"
            )
        try:
            places = self._in_map(request.path)
            costs = self.costmap.whole()
        except StaleError as error:
            raise RequestError("UNKNOWN", str(error)) from error
        except ConfigError as error:
            raise RequestError("INVALID_PATH", str(error)) from error
        allowed = convert.to_seconds(request.max_smoothing_duration)
        places = navigation.smooth(costs, places, allowed)
        valid, bad = navigation.is_valid(costs, places)
        if request.check_for_collisions and not valid:
            raise RequestError(
                "SMOOTHED_PATH_IN_COLLISION", f"{len(bad)} poses touch something"
            )
        path = self._path(places)
        self._smoothed.publish(path)
        return SmoothPath.Result(
            path=path, smoothing_duration=_since(begun), was_completed=True
        )

    def is_path_valid(self, request: Any, response: Any) -> Any:
        """Say whether a path can be walked; without map or frame it cannot."""
        try:
            places = self._in_map(request.path)
            valid, bad = navigation.is_valid(self.costmap.whole(), places)
        except (StaleError, ConfigError) as error:
            self.get_logger().warning(f"is_path_valid: {error}")
            valid, bad = False, np.arange(len(request.path.poses))
        response.is_valid = bool(valid)
        response.invalid_pose_indices = [int(one) for one in bad]
        return response

    def _in_map(self, message: Path) -> Array:
        frame_to_map = self.frames.to_map(message.header.frame_id)
        return messages.moved(frame_to_map, messages.from_path(message))

    def _path(self, places: Array) -> Path:
        now = self.get_clock().now().to_msg()
        return messages.to_path(now, self.config.frames.map, places)


def _since(begun: float) -> Any:
    return messages.to_duration(time.monotonic() - begun)
