# SPDX-License-Identifier: Apache-2.0
"""The ground under the coming steps: what a map knows, else what the soles feel."""

import numpy as np

from renxing.control.gait.terrain import (
    flat_stretches,
    height_at,
    highest,
    patch,
    stand_place,
)
from renxing.signals import ElevationMap
from renxing.spatial import SE3, Array

MEMORY = 4  # footholds from which the slope is learnt
BUMP = 0.015  # [m] by which ground is uneven, standard deviation
SLOPE = 0.1  # [-] that ground has, standard deviation
REACH = 0.14  # [m] that a foothold may be shifted to lie flat
RIM = 0.015  # [m] around a sole that shall be ground too
ANYWHERE = np.empty((0, 2))  # stretches where a foot can stand: no matter where


class Ground:
    """Slopes and heights for planning steps.

    Attributes:
        map: Heights around the robot; None walks blindly.
    """

    def __init__(self, sole: Array) -> None:
        """Begin on level ground.

        Args:
            sole: Half length and half width of a sole [m], shape (2,).
        """
        self.map: ElevationMap | None = None
        self._sole = sole + RIM
        self._normal = np.array([0.0, 0.0, 1.0])
        self._stood: list[Array] = []

    def feel(self, sole: Array) -> None:
        """Learn the slope from where a foot stands.

        A sole alone would take the edge of a stone for a slope; the last footholds
        together do not. Least squares with a prior of level ground.

        Args:
            sole: Centre of a foot that begins to carry the robot [m], shape (3,).
        """
        self._stood = [*self._stood, sole][-MEMORY:]
        points = np.array(self._stood) - self._stood[-1]
        centred = points - points.mean(axis=0)
        precision = (BUMP / SLOPE) ** 2 * np.eye(2)
        ahead, aside = np.linalg.solve(
            centred[:, :2].T @ centred[:, :2] + precision,
            centred[:, :2].T @ centred[:, 2],
        )
        normal = np.array([-ahead, -aside, 1.0])
        self._normal = normal / np.linalg.norm(normal)

    def stand_place(self, place: Array, yaw: float) -> Array:
        """Return where a foot stands well, at or near a wanted place.

        Args:
            place: Centre of the sole [m], shape (2,).
            yaw: Its heading [rad].
        """
        if self.map is None:
            return place
        return stand_place(*self._grid, place, yaw, self._sole, REACH)

    def stretches(self, foot: Array, yaw: float, place: Array, span: Array) -> Array:
        """Return how far ahead of the foot that stands another one can.

        Args:
            foot: Centre of the sole that stands [m], shape (2,).
            yaw: Its heading [rad].
            place: Wanted foothold [m], shape (2,); how far aside it is counts.
            span: To look at, from and to [m], shape (2,).

        Returns:
            From and to of each stretch [m], shape (S, 2); none if that is anywhere.
        """
        if self.map is None:
            return ANYWHERE
        ahead = np.array([np.cos(yaw), np.sin(yaw)])
        aside = place - foot - ahead * (ahead @ (place - foot))
        return flat_stretches(*self._grid, foot + aside, ahead, yaw, self._sole, span)

    def surface(self, stance: SE3, place: Array, yaw: float) -> tuple[float, Array]:
        """Return height [m] and normal of the ground at a place.

        Args:
            stance: Pose of the sole that stands.
            place: In the plane [m], shape (2,).
            yaw: Heading of the foot that will stand there [rad].
        """
        here = stance.translation
        if self.map is not None:
            height, ahead, across, rough = patch(*self._grid, place, yaw, self._sole)
            # Map and feet may disagree about where zero is: only steps count.
            under = height_at(*self._grid, here[0], here[1])
            if np.isfinite(rough) and np.isfinite(under):
                c, s = np.cos(yaw), np.sin(yaw)
                normal = np.array(
                    [s * across - c * ahead, -s * ahead - c * across, 1.0]
                )
                return here[2] + height - under, normal / np.linalg.norm(normal)
        way = place - here[:2]
        return float(here[2] - self._normal[:2] @ way / self._normal[2]), self._normal

    def obstacle(self, start: SE3, stance: SE3, place: Array) -> float:
        """Return how high the ground rises between lift-off and touchdown [m].

        Args:
            start: Pose of the sole at lift-off.
            stance: Pose of the sole that stands.
            place: Of the touchdown [m], shape (2,).

        Returns:
            A height in odom; -inf without a map.
        """
        if self.map is None:
            return -np.inf
        here = stance.translation
        under = height_at(*self._grid, here[0], here[1])
        top = highest(*self._grid, start.translation[:2], place, self._sole[0])
        return float(here[2] + top - under) if np.isfinite(top - under) else -np.inf

    @property
    def _grid(self) -> tuple[Array, Array, float]:
        assert self.map is not None
        return self.map.height, self.map.origin, self.map.resolution


def nearest_stretch(stretches: Array, ahead: float) -> Array:
    """Return the stretch that is nearest to a place, as the only one; none of none.

    Args:
        stretches: From and to of each [m], shape (S, 2).
        ahead: The place [m].
    """
    if len(stretches) < 2:
        return stretches
    away = np.maximum(stretches[:, 0] - ahead, ahead - stretches[:, 1])
    nearest = int(np.argmin(away))
    return stretches[nearest : nearest + 1]
