# SPDX-License-Identifier: Apache-2.0
"""What the page knows of the gait: its balance, and footsteps that it was given."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rclpy.node import Node

from renxing.console import Balance, Member
from renxing.console.footprints import Foothold
from renxing.errors import ConfigError, UnsafeCommandError
from renxing.nodes import convert
from renxing.nodes.controllers.footsteps import read_footsteps
from renxing_msgs.msg import Footsteps, LocomotionStatus

STALE = 0.5  # [s] after which nobody balances the robot; news comes at 50 Hz
LOCOMOTION_TYPE = "renxing/LocomotionController"


class ConsoleWalk:
    """Listens to the controller that walks, if one is active."""

    def __init__(self, node: Node, given: Callable[[Sequence[Foothold]], None]) -> None:
        """Listen for footsteps; to whom walks once it is known.

        Args:
            node: Which listens.
            given: Called with footsteps that the robot was given by topic.
        """
        self._node, self._given = node, given
        self._subscription: Any = None
        self._message: LocomotionStatus | None = None
        self._heard = 0.0
        self.name = ""
        node.create_subscription(Footsteps, "footsteps", self.on_footsteps, 10)

    def find(self, controllers: Sequence[Member]) -> None:
        """Listen to the controller that walks, if one is active."""
        active = [
            one.name
            for one in controllers
            if one.kind == LOCOMOTION_TYPE and one.state == "active"
        ]
        self.name = active[0] if active else ""
        node = self._node
        topic = node.resolve_topic_name(f"{self.name}/status") if active else None
        if self._subscription is not None:
            if self._subscription.topic_name == topic:
                return
            node.destroy_subscription(self._subscription)
            self._subscription = None
        if topic is not None:
            self._subscription = node.create_subscription(
                LocomotionStatus, topic, self.on_status, 10
            )

    def listen_with(self, subscribe: Callable[[Any], Any]) -> None:
        """Let somebody else find who walks, as long as nobody was found.

        Args:
            subscribe: Takes the callback and returns a subscription, or None.
        """
        if self._subscription is None:
            self._subscription = subscribe(self.on_status)

    def on_status(self, message: LocomotionStatus) -> None:
        """Keep what the gait is about."""
        self._message = message
        self._heard = time.monotonic()

    def on_footsteps(self, message: Footsteps) -> None:
        """Pass on footsteps as the controller would read them."""
        try:
            read_footsteps(message)
            steps = [
                Foothold(step.foot, convert.from_pose(step.pose))
                for step in message.steps
            ]
        except (UnsafeCommandError, ConfigError):
            return  # the controller refuses it, too, and says why
        self._given(steps)

    @property
    def balance(self) -> Balance | None:
        """What the gait is about, if somebody has said so lately."""
        message = self._message
        if message is None or time.monotonic() - self._heard > STALE:
            return None
        twist = message.velocity
        return Balance(
            mode=message.mode,
            velocity=np.array([twist.linear.x, twist.linear.y, twist.angular.z]),
            com=convert.from_vector(message.com),
            capture_point=convert.from_vector(message.capture_point)[:2],
            centre_of_pressure=convert.from_vector(message.centre_of_pressure)[:2],
            foothold=convert.from_vector(message.foothold)[:2],
            margin=message.margin,
            steps=message.steps,
            failures=message.failures,
            soles=tuple(convert.from_pose(pose) for pose in message.soles),
            forces=np.array(
                [convert.from_vector(w.force) for w in message.sole_wrenches]
            ),
        )
