# SPDX-License-Identifier: Apache-2.0
"""Base of our nodes: the ROS 2 life cycle, with errors that reach the log."""

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from renxing.errors import RenxingError

SUCCESS = TransitionCallbackReturn.SUCCESS


class ManagedNode(LifecycleNode):
    """A lifecycle node whose steps are `configure`, `activate`, `deactivate`, `clean`.

    A step that raises a `RenxingError` fails its transition and logs the message; rclpy
    alone would swallow it.

    Attributes:
        failure: What broke it while it ran; the host ends the process when it is set.
    """

    def __init__(self, name: str) -> None:
        """Create the node, unconfigured."""
        super().__init__(name)
        self.failure: BaseException | None = None

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
        try:
            self.configure()
        except RenxingError as error:
            self.get_logger().fatal(str(error))
            return TransitionCallbackReturn.FAILURE
        return SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Life cycle: inactive -> active."""
        try:
            self.activate()
        except RenxingError as error:
            self.get_logger().fatal(str(error))
            return TransitionCallbackReturn.FAILURE
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Life cycle: active -> inactive."""
        self.deactivate()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Life cycle: inactive -> unconfigured."""
        self.clean()
        return SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Life cycle: any -> finalized."""
        if state.label == "active":
            self.deactivate()
        if state.label in ("active", "inactive"):
            self.clean()
        return SUCCESS
