# SPDX-License-Identifier: Apache-2.0
"""Goals of actions that are carried out elsewhere, without a coroutine that waits.

rclpy wants a goal executed by a coroutine; the events executor of Jazzy polls one that
waits without pause, and half a core is gone while the robot waves.
"""

from typing import Any

from rclpy.action import ActionServer
from rclpy.action.server import GoalEvent


def begin(handle: Any) -> None:
    """Let an accepted goal run; `ServerGoalHandle.execute` would also end it."""
    if not handle.is_cancel_requested:
        handle._update_state(GoalEvent.EXECUTE)


def end(server: ActionServer, handle: Any, outcome: str, result: Any) -> None:
    """End a goal and send its result.

    Args:
        server: Of the goal.
        handle: Of the goal.
        outcome: `succeeded`, `aborted` or, if that was asked for, `canceled`.
        result: The message.
    """

    def finish(handle: Any) -> Any:
        if outcome == "succeeded":
            handle.succeed()
        elif outcome == "canceled" and handle.is_cancel_requested:
            handle.canceled()
        else:
            handle.abort()
        return result

    server.notify_execute(handle, finish)
