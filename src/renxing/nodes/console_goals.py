# SPDX-License-Identifier: Apache-2.0
"""Which goals the legs have, and what navigation's codes mean in words."""

import time
from collections.abc import Callable
from typing import Any

from action_msgs.msg import GoalStatus, GoalStatusArray
from nav2_msgs.action import ComputePathToPose, FollowPath
from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy, QoSProfile

LATCHED = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
ACTIVE = {
    GoalStatus.STATUS_ACCEPTED,
    GoalStatus.STATUS_EXECUTING,
    GoalStatus.STATUS_CANCELING,
}
LOOK_PERIOD = 1.0  # [s] between two looks whether a server is still there
# Actions that move the legs, and what they are called on the page.
ACTIONS = {
    "navigate_to_pose": "navigation",
    "navigate_through_poses": "navigation",
    "follow_waypoints": "waypoints",
    "follow_path": "a path",
    "spin": "spin",
    "backup": "back up",
    "drive_on_heading": "drive straight",
}
# Of the navigator alone; those of later Nav2.
OWN_CODES = {9000: "unknown", 9001: "no such behaviour tree"}


def code_in_words(code: int) -> str:
    """Return what an error code of navigation means; empty for 0."""
    return CODES.get(code, f"code {code}" if code else "")


def _codes(*results: Any) -> dict[int, str]:
    """Return the codes that actions name in their results."""
    found = dict(OWN_CODES)
    for result in results:
        for name in dir(result):
            value = getattr(result, name)
            if name.isupper() and isinstance(value, int) and value:
                found[value] = name.lower().replace("_", " ")
    return found


CODES = _codes(FollowPath.Result, ComputePathToPose.Result)


class ConsoleGoals:
    """Hears the status of the actions that move the legs."""

    def __init__(self, node: Node, clock: Callable[[], float] = time.monotonic) -> None:
        """Listen; servers tell about changes only.

        Args:
            node: Which listens.
            clock: Tells the time [s].
        """
        self._node, self._clock = node, clock
        self._active: dict[str, set[bytes]] = {}
        self._present: dict[str, bool] = {}
        self._looked = -LOOK_PERIOD
        for action in ACTIONS:
            node.create_subscription(
                GoalStatusArray,
                f"{action}/_action/status",
                lambda message, action=action: self.on_status(action, message),
                LATCHED,
            )

    def on_status(self, action: str, message: GoalStatusArray) -> None:
        """Keep which goals of an action run."""
        self._active[action] = {
            bytes(one.goal_info.goal_id.uuid)
            for one in message.status_list
            if one.status in ACTIVE
        }

    def active(self, action: str) -> bool:
        """Whether a goal of an action runs, and its server still lives."""
        if not self._active.get(action):
            return False
        self._look()
        return self._present.get(action, False)

    def has(self, action: str, goal: bytes) -> bool:
        """Whether this goal of an action runs."""
        return goal in self._active.get(action, set()) and self.active(action)

    @property
    def running(self) -> tuple[str, ...]:
        """The actions of which a goal runs, those that decide first."""
        return tuple(action for action in ACTIONS if self.active(action))

    def _look(self) -> None:
        # A server that was killed has told nobody that its goals are over.
        now = self._clock()
        if now - self._looked < LOOK_PERIOD:
            return
        self._looked = now
        for action in ACTIONS:
            topic = f"{action}/_action/status"
            self._present[action] = self._node.count_publishers(topic) > 0
