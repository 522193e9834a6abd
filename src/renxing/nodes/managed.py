# SPDX-License-Identifier: Apache-2.0
"""Base of our nodes: the ROS 2 life cycle, with errors that reach the log."""

import traceback
from collections.abc import Callable
from typing import Any

from lifecycle_msgs.srv import ChangeState
from rclpy._rclpy_pybind11 import RCLError
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.timer import Timer

from renxing.errors import RenxingError

SUCCESS = TransitionCallbackReturn.SUCCESS
FAILURE = TransitionCallbackReturn.FAILURE


class ManagedNode(LifecycleNode):
    """A lifecycle node whose steps are `configure`, `activate`, `deactivate`, `clean`.

    A step that raises fails its transition, and the log says why; rclpy alone would
    swallow it. What `configure` creates on the graph is destroyed by the clean-up.

    Attributes:
        failure: What broke it while it ran; the host ends the process when it is set.
    """

    def __init__(self, name: str, **options: Any) -> None:
        """Create the node, unconfigured; options are rclpy's."""
        super().__init__(name, **options)
        self.failure: BaseException | None = None
        self._own: list[tuple[Any, Callable[[Any], bool]]] = []
        for service in self.services:
            if service.srv_type is ChangeState:
                service.callback = self._refusing(service.callback)

    def create_wall_timer(self, period: float, callback: Callable[[], None]) -> Timer:
        """Return a timer that runs also while simulated time stands still.

        Args:
            period: Between two calls [s].
            callback: What it calls.
        """
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        return self.create_timer(period, callback, clock=steady)

    def now(self) -> float:
        """Return ROS time [s]."""
        return float(self.get_clock().now().nanoseconds * 1e-9)

    @property
    def ready(self) -> bool:
        """Whether it can do what it is for, once it is active."""
        return True

    def configure(self) -> None:
        """Load what it needs, declare parameters, create publishers and services."""

    def activate(self) -> None:
        """Start working."""

    def deactivate(self) -> None:
        """Stop working; keep everything."""

    def clean(self) -> None:
        """Let go of everything."""

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Life cycle: unconfigured -> inactive."""
        present = {id(entity) for entity, _ in self._entities()}
        result = self._try(self.configure)
        self._own = [own for own in self._entities() if id(own[0]) not in present]
        if result != SUCCESS:
            self._let_go()
        return result

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Life cycle: inactive -> active."""
        result = self._try(self.activate)
        return super().on_activate(state) if result == SUCCESS else result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Life cycle: active -> inactive."""
        self.deactivate()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Life cycle: inactive -> unconfigured."""
        self.clean()
        self._let_go()
        return SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Life cycle: any -> finalized."""
        if state.label == "active":
            self.deactivate()
        if state.label in ("active", "inactive"):
            self.clean()
        return SUCCESS

    def _refusing(self, change: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """Answer a transition that is not possible now; rclpy alone would raise."""

        def callback(request: Any, response: Any) -> Any:
            try:
                return change(request, response)
            except RCLError as error:
                self.get_logger().warning(f"life cycle: {error}")
                response.success = False
                return response

        return callback

    def _try(self, step: Callable[[], None]) -> TransitionCallbackReturn:
        try:
            step()
        except RenxingError as error:
            self.get_logger().fatal(str(error))
            return FAILURE
        except Exception:
            self.get_logger().fatal(traceback.format_exc())
            return FAILURE
        return SUCCESS

    def _entities(self) -> list[tuple[Any, Callable[[Any], bool]]]:
        """Return all that the node has on the graph, each with what destroys it."""
        return [
            *((entity, self.destroy_publisher) for entity in self.publishers),
            *((entity, self.destroy_subscription) for entity in self.subscriptions),
            *((entity, self.destroy_service) for entity in self.services),
            *((entity, self.destroy_client) for entity in self.clients),
            *((entity, self.destroy_timer) for entity in self.timers),
        ]

    def _let_go(self) -> None:
        for entity, destroy in self._own:
            destroy(entity)
        self._own = []
