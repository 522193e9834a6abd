# SPDX-License-Identifier: Apache-2.0
"""A camera that goes with the robot; its angle and distance are the operator's."""

import time
from collections.abc import Callable

import numpy as np
import viser

from renxing.spatial import Array

FIELD_OF_VIEW = 0.8  # [rad] near what an eye sees: no stretched corners
OFFSET = (3.2, 2.2, 0.85)  # [m] from what it looks at to where it is, at first
SMOOTHING = 0.7  # [s] so that the view does not sway with every step
NEAR = 0.02  # [m] a robot that stands leaves the camera alone


class FollowingCamera:
    """Keeps the robot in the middle of every browser's view.

    Attributes:
        target: What it looks at, in odom [m], shape (3,).
    """

    def __init__(
        self,
        server: viser.ViserServer,
        height: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Look at the robot from now on.

        Args:
            server: The page's server.
            height: Of what it looks at [m].
            clock: Tells the time [s].
        """
        self._server = server
        self.target = np.array([0.0, 0.0, height])
        self._clock = clock
        self._last = clock()
        self._wanted = True
        server.on_client_connect(self._greet)

    def want(self, wanted: bool) -> None:
        """Follow or stay, as the operator likes."""
        self._wanted = wanted

    def _greet(self, client: viser.ClientHandle) -> None:
        client.camera.fov = FIELD_OF_VIEW
        client.camera.position = self.target + OFFSET
        client.camera.look_at = self.target

    def follow(self, base: Array) -> None:
        """Go on towards the robot.

        Args:
            base: Where it is in odom [m], shape (3,).
        """
        now = self._clock()
        share = 1.0 - np.exp((self._last - now) / SMOOTHING)
        self._last = now
        away = base[:2] - self.target[:2]
        if not self._wanted or np.hypot(*away) < NEAR:
            return
        self.target[:2] += share * away
        for client in self._server.get_clients().values():
            camera = client.camera
            # Not by adding up: what a browser says comes late, but both together.
            offset = camera.position - camera.look_at
            with client.atomic():
                camera.position = self.target + offset
                camera.look_at = self.target
