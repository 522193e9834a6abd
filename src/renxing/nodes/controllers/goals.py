# SPDX-License-Identifier: Apache-2.0
"""An action whose goals are carried out in the control loop."""

from collections.abc import Callable
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse

from renxing.nodes import action_goals
from renxing.nodes.controllers.side import RosSide


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
        self._count = 0
        self._server = ActionServer(
            side.node,
            kind,
            f"{side.name}/{action}",
            execute_callback=lambda handle: kind.Result(),
            goal_callback=self._on_goal,
            handle_accepted_callback=self._on_accepted,
            cancel_callback=self._on_cancel,
        )
        side.owns(self._server.destroy)

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

    def _on_accepted(self, handle: Any) -> None:
        self._count += 1
        self.handles[self._count] = handle
        action_goals.begin(handle)
        self._begin(self._count, handle.request)

    def end(self, number: int, outcome: str, result: Any) -> None:
        """End a goal, if it still runs: `succeeded`, `aborted` or `canceled`."""
        handle = self.handles.pop(number, None)
        if handle is not None:
            action_goals.end(self._server, handle, outcome, result)

    def end_all(self, result: Any) -> None:
        """Abort whatever runs."""
        for number in list(self.handles):
            self.end(number, "aborted", result)
