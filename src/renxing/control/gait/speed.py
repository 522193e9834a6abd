# SPDX-License-Identifier: Apache-2.0
"""What speed the steps are planned for: bounded change, and what was missing before."""

import numpy as np

from renxing.control.gait.gait_config import GaitConfig
from renxing.spatial import Array

WINDOW = 2  # steps over which the real speed is measured: a left and a right one
BRAKING = 2.0  # [-] times the acceleration
LIMIT = 0.35  # [m/s] that the correction may come to


class SpeedRegulator:
    """Turns a commanded velocity into the one that steps are planned for.

    Attributes:
        smooth: The command with bounded acceleration, shape (3,).
    """

    def __init__(self, config: GaitConfig) -> None:
        """Start at rest."""
        self._rate = np.array(config.acceleration)
        self._gain = config.speed_gain
        self.reset()

    def reset(self) -> None:
        """Stand still and forget what was learnt."""
        self.smooth = np.zeros(3)
        self._correction = np.zeros(2)
        self._past: list[tuple[float, Array]] = []

    @property
    def wanted(self) -> Array:
        """Velocity to plan steps for, shape (3,)."""
        wanted = self.smooth.copy()
        wanted[:2] += self._correction
        return wanted

    @property
    def pace(self) -> float:
        """Speed in the plane [m/s]."""
        return float(np.hypot(self.smooth[0], self.smooth[1]))

    @property
    def fast(self) -> bool:
        """Whether it is not yet slow enough to stand."""
        return bool(np.abs(self.smooth).max() > 0.05)

    def follow(self, command: Array, dt: float) -> None:
        """Approach the command for `dt` [s]."""
        # Less speed than now is no risk: brake harder than accelerate.
        braking = np.abs(command) < np.abs(self.smooth)
        limit = np.where(braking, BRAKING, 1.0) * self._rate * dt
        change = command - self.smooth
        self.smooth += np.minimum(np.maximum(change, -limit), limit)

    def learn(self, stamp: float, place: Array, heading: float, command: Array) -> None:
        """At a touchdown: correct for the speed that was missing.

        Args:
            stamp: Now [s].
            place: Of the centre of mass [m], shape (2,).
            heading: Of the robot [rad].
            command: Velocity, shape (3,).
        """
        self._past = [*self._past, (stamp, place.copy())][-WINDOW - 1 :]
        if len(self._past) <= WINDOW:
            return
        (then, there), _, (now, here) = self._past
        c, s = np.cos(heading), np.sin(heading)
        real = np.array([[c, s], [-s, c]]) @ (here - there) / (now - then)
        if np.linalg.norm(command - self.smooth) < 0.3:
            correction = self._correction + self._gain * (self.smooth[:2] - real)
            self._correction = np.clip(correction, -LIMIT, LIMIT)
        if np.abs(command).max() < 1e-3:
            self._correction *= 0.5
