# SPDX-License-Identifier: Apache-2.0
"""Takes the robot where somebody clicked, and says what came of it."""

import math
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from action_msgs.msg import GoalStatus
from action_msgs.srv import CancelGoal
from nav2_msgs.action import NavigateToPose
from rclpy.action import ActionClient
from rclpy.node import Node

from renxing.console.guide import GuideReport, Level
from renxing.errors import DeviceError, StaleError
from renxing.nodes import convert
from renxing.nodes.console_frames import MAP, ConsoleFrames
from renxing.nodes.console_goals import ConsoleGoals, code_in_words
from renxing.nodes.console_map import ConsoleMap
from renxing.nodes.navigation.grid_messages import place_of, to_pose_stamped
from renxing.spatial import Array

ACTION = "navigate_to_pose"
CANCELLED_WITH_IT = (ACTION, "navigate_through_poses")
HERE = 0.3  # [m] a goal that is nearer keeps the robot's heading
NONE = "no navigation runs: start with navigation:=true"


@dataclass(slots=True)
class _Trip:
    """A goal of the page.

    Attributes:
        goal: x, y [m], yaw [rad] in the map.
        begun: When it was sent [s].
        handle: Of the goal, once it is accepted.
        feedback: The last one.
        ended: When it was over [s]; None before.
        words: What came of it.
        level: How good that is.
        missed: From the goal to where the robot stood at the end [m].
    """

    goal: Array
    begun: float
    handle: Any = None
    feedback: Any = None
    ended: float | None = None
    words: str = ""
    level: Level = "busy"
    missed: float = field(default=math.nan)


class ConsoleGuide:
    """The `Guide` of the page; `go` and `stop_going` run in the page's threads."""

    def __init__(
        self, node: Node, frames: ConsoleFrames, maps: ConsoleMap, goals: ConsoleGoals
    ) -> None:
        """Join the graph.

        Args:
            node: That carries the action's client.
            frames: Where the robot is.
            maps: The map and the way on it.
            goals: Which goals run.
        """
        self._node, self._frames, self._maps = node, frames, maps
        self._goals = goals
        self._client = ActionClient(node, NavigateToPose, ACTION)
        self._cancels = {
            action: node.create_client(CancelGoal, f"{action}/_action/cancel_goal")
            for action in CANCELLED_WITH_IT
        }
        self._trip: _Trip | None = None

    def close(self) -> None:
        """Let go of the action."""
        self._client.destroy()

    @property
    def runs(self) -> bool:
        """Whether a goal of the page runs."""
        return self._trip is not None and self._trip.ended is None

    # --- called in the page's threads ----------

    def go(self, x: float, y: float) -> str:
        """Go to a place in odom [m]; a newer goal takes the older one's place."""
        if not self._client.server_is_ready():
            raise DeviceError(NONE)
        here = self._here()
        map_to_odom = self._frames.map_to_odom
        if here is None or map_to_odom is None:
            raise StaleError("nobody says where the robot is in the map (tf map, odom)")
        place = map_to_odom.inverse().act(np.array([x, y, 0.0]))
        away = place[:2] - here[:2]
        far = math.hypot(*away) > HERE
        yaw = math.atan2(away[1], away[0]) if far else here[2]
        trip = _Trip(np.array([place[0], place[1], yaw]), time.monotonic())
        now = self._node.get_clock().now().to_msg()
        goal = NavigateToPose.Goal(pose=to_pose_stamped(now, MAP, trip.goal))
        self._trip = trip

        def on_feedback(message: Any) -> None:
            trip.feedback = message.feedback

        sent = self._client.send_goal_async(goal, feedback_callback=on_feedback)
        sent.add_done_callback(lambda future: self._on_answer(trip, future))
        return f"to {_place(trip.goal)} in the map"

    def stop_going(self) -> str:
        """Cancel whatever goal navigation has, whoever gave it."""
        asked = False
        for client in self._cancels.values():
            if client.service_is_ready():
                client.call_async(CancelGoal.Request())  # all zero: all goals
                asked = True
        if not asked:
            raise DeviceError(NONE)
        return "asked to stop"

    # --- called by the executor ----------

    def _on_answer(self, trip: _Trip, future: Any) -> None:
        handle = future.result()
        if handle is None or not handle.accepted:
            why = "refused: navigation takes no goals now; is a stop latched?"
            self._end(trip, why, "bad")
            return
        trip.handle = handle
        handle.get_result_async().add_done_callback(
            lambda ended: self._on_result(trip, ended.result())
        )

    def _on_result(self, trip: _Trip, answer: Any) -> None:
        result, status = answer.result, answer.status
        code, text = int(result.error_code), str(result.error_msg)
        if status == GoalStatus.STATUS_SUCCEEDED:
            self._end(trip, "arrived", "good")
        elif status == GoalStatus.STATUS_CANCELED:
            self._end(trip, "cancelled", "idle")
        elif code == 0:
            self._end(trip, text or "replaced by a newer goal", "idle")
        else:
            words = f"not reached: {code_in_words(code)} ({code})"
            self._end(trip, f"{words}: {text}" if text else words, "bad")

    def _end(self, trip: _Trip, words: str, level: Level) -> None:
        trip.ended, trip.words, trip.level = time.monotonic(), words, level
        here = self._here()
        if here is not None:
            trip.missed = float(np.hypot(*(trip.goal[:2] - here[:2])))

    def report(self, *, replayed: bool = False) -> GuideReport:
        """Return how navigation does, with the map.

        Args:
            replayed: Whether a recording is played, in which nobody takes goals.
        """
        ready = not replayed and self._client.server_is_ready()
        running = ready and any(map(self._goals.active, CANCELLED_WITH_IT))
        walking = replayed or self._goals.active("follow_path")
        maps, trip = self._maps, self._trip
        if trip is not None and trip.ended is None and not ready:
            self._end(trip, "navigation is gone", "bad")
        ours = trip is not None and trip.ended is None
        goal = trip.goal if ours and trip else maps.goal if walking else None
        words, level = self._words(ready, replayed, running)
        return GuideReport(
            ready=ready,
            words=words,
            level=level,
            figures=() if trip is None or replayed else _figures(trip),
            running=running or ours,
            goal=goal,
            label=_label(trip) if ours and trip else "goal",
            path=maps.path if walking else None,
            ground=maps.ground,
            map_to_odom=self._frames.map_to_odom,
        )

    def _words(self, ready: bool, replayed: bool, running: bool) -> tuple[str, Level]:
        trip = self._trip
        if replayed:
            return "a recording is played: nobody can be sent anywhere", "idle"
        if not ready:
            return NONE, "idle"
        if self._frames.map_to_odom is None:
            return "nobody says where the robot is in the map", "bad"
        if trip is not None and trip.ended is None:
            phase = "walks" if trip.handle is not None else "asked to go"
            return f"{phase} to {_place(trip.goal)}", "busy"
        if running:
            return "somebody else's goal runs", "busy"
        if trip is not None:
            return trip.words, trip.level
        return "ready for a goal", "idle"

    def _here(self) -> Array | None:
        """Return x, y [m], yaw [rad] of the robot in the map, if that is known."""
        base_to_odom = self._frames.base_to_odom
        map_to_odom = self._frames.map_to_odom
        if base_to_odom is None or map_to_odom is None:
            return None
        return place_of(map_to_odom.inverse() * base_to_odom)


def _place(goal: Array) -> str:
    return f"x {goal[0]:.2f}, y {goal[1]:.2f} m"


def _label(trip: _Trip) -> str:
    feedback = trip.feedback
    return "goal" if feedback is None else f"{feedback.distance_remaining:.1f} m"


def _figures(trip: _Trip) -> list[tuple[str, str]]:
    feedback = trip.feedback
    took = (time.monotonic() if trip.ended is None else trip.ended) - trip.begun
    rows = [("since the click", f"{took:.1f} s")]
    if trip.ended is None:
        if feedback is not None:
            left = convert.to_seconds(feedback.estimated_time_remaining)
            rows.insert(0, ("still to go", f"{feedback.distance_remaining:.2f} m"))
            rows.append(("about", f"{left:.0f} s more" if left > 0.0 else "not known"))
    elif not math.isnan(trip.missed):
        rows.append(("from the goal", f"{trip.missed:.2f} m"))
    if feedback is not None and feedback.number_of_recoveries:
        rows.append(("recoveries", str(feedback.number_of_recoveries)))
    return rows
