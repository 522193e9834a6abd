# SPDX-License-Identifier: Apache-2.0
"""An action whose goals are carried out in the control loop."""

from collections.abc import Callable
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.task import Future

from renxing.nodes.controllers.side import RosSide

# How a goal ended, and its result message.
End = tuple[str, Any]


class GoalServer:
    """An action server that numbers its goals and waits for the loop to end them.

    Attributes:
        handles: Goals that run, by number.
    """

    def __init__(
        self,
        side: RosSide,
        kind: Any,
        action: str,
        check: Callable[[Any], bool],
        begin: Callable[[int, Any], None],
        cancel: Callable[[int], None],
    ) -> None:
        """Offer the action.

        Args:
            side: Whose action it is.
            kind: Its type.
            action: Its name below that of the controller.
            check: Tells whether a goal request can be accepted.
            begin: Gives a goal request to the loop, under a number.
            cancel: Asks the loop to give it up.
        """
        self.handles: dict[int, Any] = {}
        self._side = side
        self._kind = kind
        self._check = check
        self._begin = begin
        self._cancel = cancel
        self._futures: dict[int, Any] = {}
        self._count = 0
        server = ActionServer(
            side.node,
            kind,
            f"{side.name}/{action}",
            execute_callback=self._execute,
            goal_callback=self._on_goal,
            cancel_callback=self._on_cancel,
        )
        side.owns(server.destroy)

    def _on_goal(self, request: Any) -> GoalResponse:
        if not self._side.active:
            text = "Can't accept new action goals. Controller is not running."
            self._side.log("error", f"{self._side.name}: {text}")
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT if self._check(request) else GoalResponse.REJECT

    def _on_cancel(self, handle: Any) -> CancelResponse:
        for number, known in self.handles.items():
            if known.goal_id == handle.goal_id:
                self._cancel(number)
        return CancelResponse.ACCEPT

    async def _execute(self, handle: Any) -> Any:
        self._count += 1
        number = self._count
        future: Any = Future(executor=self._side.node.executor)
        self.handles[number], self._futures[number] = handle, future
        self._begin(number, handle.request)
        outcome, result = await future
        if outcome == "succeeded":
            handle.succeed()
        elif outcome == "canceled" and handle.is_cancel_requested:
            handle.canceled()
        else:
            handle.abort()
        return result

    def end(self, number: int, outcome: str, result: Any) -> None:
        """End a goal: `succeeded`, `aborted` or `canceled`."""
        self.handles.pop(number, None)
        future = self._futures.pop(number, None)
        if future is not None:
            future.set_result((outcome, result))

    def end_all(self, result: Any) -> None:
        """Abort whatever runs."""
        for number in list(self._futures):
            self.end(number, "aborted", result)
