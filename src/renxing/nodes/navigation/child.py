# SPDX-License-Identifier: Apache-2.0
"""Goals that a routine gives to other servers and waits for."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from rclpy.node import Node
from unique_identifier_msgs.msg import UUID

from renxing.nodes.goal_ids import new_goal_id, unanswered
from renxing.nodes.navigation.solo import CancelledError

SERVER_TIME = 5.0  # [s] that a server has to appear, to accept, and to stop


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a goal.

    Attributes:
        status: Of `GoalStatus`; unknown when it was rejected or never answered.
        result: The message; None without one.
        why: What went wrong, in words.
    """

    status: int
    result: Any
    why: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether all went well."""
        return self.status == GoalStatus.STATUS_SUCCEEDED

    @property
    def code(self) -> int:
        """The result's error code; 0 when it has none."""
        return int(getattr(self.result, "error_code", 0))

    @property
    def text(self) -> str:
        """What went wrong, in the server's words or ours."""
        said = getattr(self.result, "error_msg", "")
        # control_msgs has another name for it.
        return str(said or getattr(self.result, "error_string", "") or self.why)

    @property
    def replaced(self) -> bool:
        """Whether another goal took its place: aborted without code, as in Nav2."""
        return self.status == GoalStatus.STATUS_ABORTED and self.code == 0


Waiting = Generator[None, None, Answer]


class Child:
    """A client of one action."""

    def __init__(self, node: Node, kind: Any, action: str) -> None:
        """Look for the server."""
        self._node, self._action = node, action
        self.kind = kind
        self._client = ActionClient(node, kind, action)
        self._running: tuple[Any, Any] | None = None

    def close(self) -> None:
        """Let go of it."""
        self._client.destroy()

    def send(self, goal: Any) -> None:
        """Send a goal whose end nobody waits for."""
        self._client.send_goal_async(goal)

    def run(self, goal: Any, feedback: Callable[[Any], None] | None = None) -> Waiting:
        """Send a goal and yield until it is over; given up, it is cancelled.

        Args:
            goal: The goal message.
            feedback: Gets what the server feeds back.
        """
        answer = yield from self.run_until(goal, lambda: False, feedback)
        return answer or self._lost("left")

    def run_until(
        self,
        goal: Any,
        leave: Callable[[], bool],
        feedback: Callable[[Any], None] | None = None,
    ) -> Generator[None, None, Answer | None]:
        """Do so until there is a reason to leave; then the goal goes on without us.

        Args:
            goal: The goal message.
            leave: Asked each time whether there is one.
            feedback: Gets what the server feeds back.

        Returns:
            None if it was left; `stop` ends it, as does another goal.
        """
        deadline = self._now() + SERVER_TIME
        while not self._client.server_is_ready():
            if self._now() > deadline:
                return self._lost(f"no server of {self._action}")
            yield

        def on_feedback(message: Any) -> None:
            if feedback is not None:
                feedback(message.feedback)

        goal_id = new_goal_id()
        sent = self._client.send_goal_async(
            goal, feedback_callback=on_feedback, goal_uuid=goal_id
        )
        deadline = self._now() + SERVER_TIME
        try:
            while not sent.done():
                if self._now() > deadline:
                    self._give_up(sent, goal_id)
                    return self._lost(f"{self._action} does not answer")
                yield
        except (CancelledError, GeneratorExit):
            self._give_up(sent, goal_id)
            raise
        handle = sent.result()
        if not handle.accepted:
            return self._lost(f"{self._action} rejected the goal")
        ended = handle.get_result_async()
        self._running = handle, ended
        try:
            while not ended.done():
                if leave():
                    return None
                yield
        except CancelledError:
            self.stop()
            deadline = self._now() + SERVER_TIME
            while not ended.done() and self._now() < deadline:
                yield
            raise
        except GeneratorExit:
            self.stop()
            raise
        return Answer(ended.result().status, ended.result().result)

    def stop(self) -> None:
        """Cancel the last goal, unless it is over."""
        if self._running is not None and not self._running[1].done():
            self._running[0].cancel_goal_async()
        self._running = None

    def _give_up(self, sent: Any, goal_id: UUID) -> None:
        """Cancel a goal that has not been answered yet."""
        # It may have been accepted and only the answer be lost, or come yet.
        unanswered(self._client, self.kind, goal_id).cancel_goal_async()
        sent.add_done_callback(_cancel_late)

    def _lost(self, why: str) -> Answer:
        return Answer(GoalStatus.STATUS_UNKNOWN, None, why)

    def _now(self) -> float:
        return float(self._node.get_clock().now().nanoseconds * 1e-9)


def _cancel_late(sent: Any) -> None:
    """Cancel a goal that is accepted after nobody wants it any more."""
    if sent.result() is not None and sent.result().accepted:
        sent.result().cancel_goal_async()
