# SPDX-License-Identifier: Apache-2.0
"""What the cameras see, for the page: listened to only while somebody looks."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CompressedImage

from renxing.console.cameras import Picture
from renxing.nodes import convert

PERIOD = 0.25  # [s] between two pictures of a camera on the page
LOOK_PERIOD = 2.0  # [s] between two looks which cameras publish
OLDEST = 3600.0  # [s] a stamp that is older is of another clock, such as a recording's
# Also of drivers that offer no more.
NEWEST = QoSProfile(depth=1, reliability=QoSReliabilityPolicy.BEST_EFFORT)


class _Eye:
    """The pictures of one camera."""

    def __init__(self, camera: str, topic: str) -> None:
        self.camera, self.topic = camera, topic
        self.subscription: Any = None
        self.published = False
        self.waiting: tuple[bytes, float] | None = None
        self.picture = Picture(camera=camera)
        self.taken = 0.0


class ConsoleCameras:
    """Keeps the last picture of each camera, without reading those in between."""

    def __init__(
        self,
        node: Node,
        cameras: Sequence[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Listen to nothing yet.

        Args:
            node: Which listens.
            cameras: Names of the robot's cameras.
            clock: Tells the time [s].
        """
        self._node, self._clock = node, clock
        self._looked = self._shown = -LOOK_PERIOD
        self._eyes = [
            _Eye(name, f"camera/{name}/image_raw/compressed") for name in cameras
        ]

    def watch(self, watched: bool) -> None:
        """Listen while somebody looks, and only then."""
        if not watched:
            for eye in self._eyes:
                self._close(eye)
            return
        now = self._clock()
        if now - self._looked < LOOK_PERIOD:
            return
        self._looked = now
        for eye in self._eyes:
            present = self._node.count_publishers(eye.topic) > 0
            eye.published = eye.published or present
            if present and eye.subscription is None:
                self._open(eye, now)

    def _open(self, eye: _Eye, now: float) -> None:
        def hear(data: bytes) -> None:
            eye.waiting = data, self._clock()

        if not eye.picture.data:
            eye.taken = now
        eye.subscription = self._node.create_subscription(
            CompressedImage, eye.topic, hear, NEWEST, raw=True
        )

    def _close(self, eye: _Eye) -> None:
        if eye.subscription is not None:
            self._node.destroy_subscription(eye.subscription)
            eye.subscription = eye.waiting = None
        self._looked = -LOOK_PERIOD

    def report(self) -> list[Picture] | None:
        """Return the pictures of all cameras that ever published; None: not yet due."""
        now = self._clock()
        if now - self._shown < 0.9 * PERIOD:
            return None
        self._shown = now
        return [self._picture(eye, now) for eye in self._eyes if eye.published]

    def _picture(self, eye: _Eye, now: float) -> Picture:
        waiting, eye.waiting = eye.waiting, None
        last = eye.picture
        data, kind, number = last.data, last.kind, last.number
        if waiting is not None:
            raw, came = waiting
            message = deserialize_message(raw, CompressedImage)
            data, number = bytes(message.data), number + 1
            kind = "png" if "png" in message.format else "jpeg"
            ros_now = self._node.get_clock().now().nanoseconds * 1e-9
            delay = ros_now - convert.to_seconds(message.header.stamp) - (now - came)
            # On its way it has grown old, too, if its clock is ours.
            eye.taken = came - (delay if 0.0 < delay < OLDEST else 0.0)
        eye.picture = Picture(
            camera=eye.camera, data=data, kind=kind, number=number, age=now - eye.taken
        )
        return eye.picture
