# SPDX-License-Identifier: Apache-2.0
"""A path, and how far along it the robot is."""

import numpy as np
import numpy.typing as npt

from renxing.errors import ConfigError
from renxing.spatial import Array

BACK = 0.3  # [m] that the robot may have gone back along the path since the last look
AHEAD = 1.5  # [m] likewise ahead
TIP = 0.5  # [m] of the path that may be left out where it turns back
NEXT = 0.03  # [m] that the part that comes next may be farther off
PASSED = 0.1  # [m] before such a place from which on the robot is there
BACKWARDS = -0.3  # cosine of the angle from which on a path turns back
LOST = 1.0  # [m] off the path from which on all of it is searched


class Path:
    """Places one after the other, by their distance along them.

    Attributes:
        goal: Last pose: x, y [m], yaw [rad], shape (3,).
        length: [m].
    """

    def __init__(self, poses: npt.ArrayLike) -> None:
        """Begin at its start.

        Args:
            poses: x, y [m], yaw [rad], shape (n, 3), n at least 1.

        Raises:
            ConfigError: If they are not such poses.
        """
        path = np.array(poses, float)
        if path.ndim != 2 or path.shape[1:] != (3,) or not len(path):
            raise ConfigError(f"path of shape {path.shape}: (n, 3) wanted, n above 0")
        if not np.isfinite(path).all():
            raise ConfigError("path: finite numbers wanted")
        self.goal = path[-1]
        gaps = np.linalg.norm(np.diff(path[:, :2], axis=0), axis=1)
        kept = np.append(True, gaps > 1e-6)
        self._places = path[kept, :2]
        self._places[-1] = self.goal[:2]
        steps = np.linalg.norm(np.diff(self._places, axis=0), axis=1)
        self._along = np.append(0.0, np.cumsum(steps))
        self.length = float(self._along[-1])
        step = np.diff(self._places, axis=0) / steps[:, None]
        back = (step[1:] * step[:-1]).sum(1) < BACKWARDS
        self._tips = self._along[1:-1][back]
        self._here = 0.0
        self._begun = False

    def resume(self, other: "Path") -> None:
        """Begin where the robot is on another path, which is this one elsewhere."""
        self._here, self._begun = other._here, other._begun

    def advance(self, place: Array) -> float:
        """Find the robot on the path and return the way that is left [m].

        A path that comes near itself is not cut short: the robot is looked for where
        it can have got to.
        """
        off = np.inf
        if self._begun:
            here, off = self._nearest(place, self._here - BACK, self._here + AHEAD)
        if off > LOST:
            here, off = self._nearest(place, 0.0, self.length)
        self._here, self._begun = here, True
        straight = float(np.linalg.norm(self.goal[:2] - place))
        return max(self.length - here, straight)

    def at(self, ahead: float) -> Array:
        """Return the place so far ahead of the robot [m], shape (2,).

        It is not beyond where the path turns back, unless the robot is there.
        """
        along = min(self._here + ahead, self.length)
        tips = self._tips[self._tips > self._here + PASSED]
        if len(tips):
            along = min(along, float(tips[0]))
        x, y = self._places.T
        return np.array(
            [np.interp(along, self._along, x), np.interp(along, self._along, y)]
        )

    def _nearest(self, place: Array, low: float, high: float) -> tuple[float, float]:
        """Return the way to the nearest place within two, and how far off it is [m]."""
        first = max(int(np.searchsorted(self._along, low, "right")) - 1, 0)
        last = min(int(np.searchsorted(self._along, high)) + 1, len(self._places))
        if last - first < 2:
            k = max(first, last - 1)
            return float(self._along[k]), float(np.linalg.norm(place - self._places[k]))
        begin, end = self._places[first : last - 1], self._places[first + 1 : last]
        step = end - begin
        squared = (step**2).sum(1)
        share = np.clip(((place - begin) * step).sum(1) / squared, 0.0, 1.0)
        off = np.linalg.norm(begin + share[:, None] * step - place, axis=1)
        along = self._along[first : last - 1] + share * np.sqrt(squared)
        k = int(np.argmin(off))
        # Where a path turns back on itself the robot is on the part that comes next.
        equal = (off <= off[k] + NEXT) & (np.abs(along - along[k]) <= TIP)
        k = int(np.flatnonzero(equal)[-1])
        return float(along[k]), float(off[k])
