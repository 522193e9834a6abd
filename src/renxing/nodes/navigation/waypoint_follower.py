# SPDX-License-Identifier: Apache-2.0
"""Go to one pose after the other, as often as wanted."""

from dataclasses import dataclass, field
from typing import Any

from nav2_msgs.action import FollowWaypoints, NavigateToPose
from nav2_msgs.msg import MissedWaypoint

from renxing.nodes.navigation.solo import End, Routine, failed
from renxing.nodes.navigation.solo_node import SoloNode
from renxing.nodes.parameters import load_config

TICK = 0.05  # [s]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaypointConfig:
    """The node.

    Attributes:
        stop_on_failure: Whether a pose that cannot be reached ends it all.
        pause: At each pose [s].
    """

    stop_on_failure: bool = False
    pause: float = field(default=0.2, metadata={"min": 0.0, "max": 3600.0})


class WaypointFollower(SoloNode):
    """Goes from pose to pose, and notes those that it did not reach.

    Action: follow_waypoints. Calls: navigate_to_pose.
    Parameters: `WaypointConfig`.
    """

    def __init__(self) -> None:
        """Create the node, unconfigured."""
        super().__init__("waypoint_follower", "waypoint follower")

    def configure(self) -> None:
        """Join the graph."""
        self.config = load_config(self, WaypointConfig)
        self._go = self.ask(NavigateToPose, "navigate_to_pose")
        solo = self.offer_solo()
        solo.offer(FollowWaypoints, "follow_waypoints", self.follow)
        self.create_wall_timer(TICK, solo.tick)

    def follow(self, handle: Any) -> Routine:
        """Go to one pose after the other."""
        request = handle.request
        code = FollowWaypoints.Result.TASK_EXECUTOR_FAILED
        if request.goal_index >= len(request.poses):
            text = f"{len(request.poses)} poses, to begin with {request.goal_index}"
            return End(failed(FollowWaypoints, code, text), False)
        missed: list[MissedWaypoint] = []
        first = int(request.goal_index)
        for _ in range(int(request.number_of_loops) + 1):
            for index in range(first, len(request.poses)):
                handle.publish_feedback(
                    FollowWaypoints.Feedback(current_waypoint=index)
                )
                goal = request.poses[index]
                answer = yield from self._go.run(NavigateToPose.Goal(pose=goal))
                if answer.succeeded:
                    yield from self._pause()
                    continue
                missed.append(
                    MissedWaypoint(index=index, goal=goal, error_code=answer.code)
                )
                # Somebody wants the robot elsewhere, or nobody lets it go.
                taken = answer.replaced or answer.result is None
                if taken or self.config.stop_on_failure:
                    result = failed(FollowWaypoints, code, answer.text)
                    result.missed_waypoints = missed
                    return End(result, False)
            first = 0
        return End(FollowWaypoints.Result(missed_waypoints=missed))

    def _pause(self) -> Any:
        end = self.now() + self.config.pause
        while self.now() < end:
            yield
