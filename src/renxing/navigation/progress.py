# SPDX-License-Identifier: Apache-2.0
"""Whether a robot still gets anywhere, and whether it has arrived.

Method: those of Nav2's SimpleProgressChecker and SimpleGoalChecker.
"""

import math

import numpy as np
import numpy.typing as npt

from renxing.errors import ConfigError
from renxing.spatial import Array


class ProgressChecker:
    """Wants the robot to come some distance away from where it was, in some time."""

    def __init__(self, required_distance: float, time: float) -> None:
        """Begin to watch at the first update.

        Args:
            required_distance: As the crow flies [m].
            time: That it has for it [s].

        Raises:
            ConfigError: If one of them is not above zero.
        """
        _above_zero("required_distance", required_distance)
        _above_zero("time", time)
        self._distance = required_distance
        self._time = time
        self.reset()

    def reset(self) -> None:
        """Begin anew at the next update."""
        self._since: float | None = None
        self._place: Array = np.zeros(2)

    def update(self, position: npt.ArrayLike, stamp: float) -> bool:
        """Return whether it has moved on recently.

        Args:
            position: [m], shape (2,).
            stamp: [s]; a time that goes back begins anew.
        """
        here = np.array(position, float)[:2]
        moved = float(np.linalg.norm(here - self._place))
        if self._since is None or moved >= self._distance or stamp < self._since:
            self._since, self._place = stamp, here
        return stamp - self._since <= self._time


class GoalChecker:
    """Says whether a pose is the goal; the place, once reached, stays reached.

    A robot that turns on the spot strays a little; it need not go back for that.
    """

    def __init__(self, xy_tolerance: float, yaw_tolerance: float) -> None:
        """Set how near is near.

        Args:
            xy_tolerance: [m].
            yaw_tolerance: [rad].

        Raises:
            ConfigError: If one of them is not above zero.
        """
        _above_zero("xy_tolerance", xy_tolerance)
        _above_zero("yaw_tolerance", yaw_tolerance)
        self._xy = xy_tolerance
        self._yaw = yaw_tolerance
        self.reset()

    def reset(self) -> None:
        """Forget that the place was reached; for a new goal."""
        self._there = False

    def reached(self, pose: npt.ArrayLike, goal: npt.ArrayLike) -> bool:
        """Return whether the robot has arrived.

        Args:
            pose: x, y [m], yaw [rad] of the robot.
            goal: Likewise.
        """
        x, y, yaw = np.asarray(goal, float) - np.asarray(pose, float)
        self._there = self._there or math.hypot(x, y) <= self._xy
        return self._there and abs(math.remainder(yaw, math.tau)) <= self._yaw


def _above_zero(name: str, value: float) -> None:
    if not value > 0.0:
        raise ConfigError(f"{name}: {value}, above 0 allowed")
