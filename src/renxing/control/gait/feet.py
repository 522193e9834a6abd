# SPDX-License-Identifier: Apache-2.0
"""Both feet as they are in this tick, and the tasks of those that stand."""

import numpy as np

from renxing.control.gait.standing import Support
from renxing.control.gait.swing import wrap
from renxing.control.whole_body import FootTask, Kinematics
from renxing.spatial import SE3, Array


def sole_yaw(pose: SE3) -> float:
    """Return the heading of a sole [rad]."""
    return float(np.arctan2(pose.rotation[1, 0], pose.rotation[0, 0]))


class Feet:
    """The feet, left first.

    Attributes:
        poses: Of the soles' centres, sole to odom.
        places: The same in the plane [m], shape (2, 2).
        yaws: Their headings [rad], shape (2,).
    """

    poses: tuple[SE3, ...]
    places: Array
    yaws: Array

    def __init__(self, sole: Array, landing_time: float) -> None:
        """Begin without feet; `reset` and `see` place them.

        Args:
            sole: Half length and half width of a sole [m], shape (2,).
            landing_time: For which a landed foot may turn to the ground [s].
        """
        self._sole = sole
        self._landing_time = landing_time

    def reset(self, kinematics: Kinematics) -> None:
        """Let both feet have stood for long where they are."""
        self._landed = [-np.inf, -np.inf]
        self.see(kinematics, 0.0)

    def see(self, kinematics: Kinematics, time: float) -> None:
        """Take where the soles are.

        Args:
            kinematics: Of this tick.
            time: Now [s].
        """
        self._time = time
        self._support: Support | None = None
        self.poses = kinematics.soles
        self.places = np.array([pose.translation[:2] for pose in self.poses])
        self.yaws = np.array([sole_yaw(pose) for pose in self.poses])

    @property
    def support(self) -> Support:
        """What both feet span."""
        if self._support is None:
            self._support = Support(self.places, self.yaws, *self._sole)
        return self._support

    @property
    def ground(self) -> float:
        """Height of the lower sole [m]."""
        return float(min(pose.translation[2] for pose in self.poses))

    @property
    def heading(self) -> float:
        """Between those of both feet [rad]."""
        yaws = self.yaws
        return float(yaws[0] + 0.5 * wrap(yaws[1] - yaws[0]))

    def land(self, foot: int) -> None:
        """Let a foot have landed now."""
        self._landed[foot] = self._time

    def standing(self, foot: int, force_limit: float = np.inf) -> FootTask:
        """Return the task of a foot that stands.

        Args:
            foot: Which one.
            force_limit: That it may carry [N].
        """
        since = self._time - self._landed[foot]
        soft = max(0.0, 1.0 - since / self._landing_time)
        return FootTask(force_limit=force_limit, softness=soft)
