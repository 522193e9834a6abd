# SPDX-License-Identifier: Apache-2.0
"""ROS half of the posture controller."""

from collections.abc import Callable
from typing import Any

from std_srvs.srv import Trigger

from renxing.control import posture_controller as values
from renxing.nodes import convert
from renxing.nodes.controllers.side import RosSide
from renxing_msgs.srv import GoToPosture


class PostureSide(RosSide):
    """Services: ~/go_to_posture (GoToPosture), ~/stop, ~/release (Trigger)."""

    def connect(self) -> None:
        """Create the services."""
        self.serve(GoToPosture, "~/go_to_posture", self.go_to_posture)
        self.serve(Trigger, "~/stop", self.stop)
        self.serve(Trigger, "~/release", self.release)

    async def go_to_posture(self, request: Any, response: Any) -> Any:
        """Move to a named posture."""
        duration = convert.to_seconds(request.duration)
        return await self._do(
            lambda number: values.GoToPosture(number, request.posture, duration),
            response,
        )

    async def stop(self, _request: Any, response: Any) -> Any:
        """Freeze."""
        return await self._do(values.StopPosture, response)

    async def release(self, _request: Any, response: Any) -> Any:
        """End a stop."""
        return await self._do(values.ReleasePosture, response)

    async def _do(self, question: Callable[[int], Any], response: Any) -> Any:
        answer = None
        response.success, response.message = False, f"{self.name} is not active"
        if self.active:
            answer = await self.ask(question)
            response.message = "the control loop does not answer"
        if answer is not None:
            response.success, response.message = answer.success, answer.message
        return response

    def on_value(self, value: Any) -> None:
        """Take answers."""
        if isinstance(value, values.PostureAnswer):
            self.answer(value.number, value)
