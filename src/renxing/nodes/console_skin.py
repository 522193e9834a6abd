# SPDX-License-Identifier: Apache-2.0
"""What the page shows of the skin: listened to only while somebody looks."""

import time
from typing import Any

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import Image

from renxing.console.skin import SkinReport, SkinTouch
from renxing.robot import Robot
from renxing.robot.skin import SkinLayout
from renxing.spatial import Array
from renxing_msgs.msg import SkinContacts

STALE = 1.0  # [s] after which nobody says what the skin feels


class ConsoleSkin:
    """Keeps the strongest of what the skin has felt since the page was last told."""

    def __init__(self, node: Node, robot: Robot) -> None:
        """Listen to nothing yet.

        Args:
            node: Which listens.
            robot: Whose skin; without any it never listens.
        """
        self._node = node
        self._size = SkinLayout(robot.description.sensors.skin).size
        self._heard: list[Any] = []
        self._came = -np.inf
        self._pressure: Array | None = None
        self._last: Array | None = None
        self._touches: list[Any] = []
        self._force = 0.0

    def watch(self, watched: bool) -> None:
        """Listen while somebody looks, and only then."""
        if bool(self._heard) == (watched and self._size > 0):
            return
        if self._heard:
            for subscription in self._heard:
                self._node.destroy_subscription(subscription)
            self._heard, self._came = [], -np.inf
            return
        subscribe = self._node.create_subscription
        self._heard = [
            subscribe(Image, "skin/overview", self.on_overview, 1),
            subscribe(SkinContacts, "skin/contacts", self.on_contacts, 5),
        ]

    def on_overview(self, message: Image) -> None:
        """Keep the greatest pressure of each taxel."""
        pressure = np.frombuffer(message.data, np.float32).astype(float)
        if len(pressure) != self._size:
            return  # of another robot
        self._came = time.monotonic()
        self._last = pressure
        if self._pressure is None:
            self._pressure = pressure
        else:
            np.fmax(self._pressure, pressure, out=self._pressure)
            self._pressure[np.isnan(pressure)] = np.nan

    def on_contacts(self, message: SkinContacts) -> None:
        """Keep the touches of the moment with the greatest force."""
        force = sum(contact.force for contact in message.contacts)
        if force > self._force:
            self._force, self._touches = force, message.contacts

    def report(self) -> SkinReport | None:
        """Return what it has felt since the last time; None: nobody says so."""
        pressure, touches = self._pressure, self._touches
        self._pressure, self._touches, self._force = None, [], 0.0
        if time.monotonic() - self._came > STALE or self._last is None:
            return None
        return SkinReport(
            pressure=self._last if pressure is None else pressure,
            touches=[
                SkinTouch(
                    patch=touch.patch,
                    x=touch.position.x,
                    y=touch.position.y,
                    force=touch.force,
                    area=touch.area,
                    peak=touch.peak,
                )
                for touch in touches
            ],
        )
