# SPDX-License-Identifier: Apache-2.0
"""The height of the body over the feet: a point mass that does what it is told."""

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from renxing.control.gait.gait_config import GaitConfig, GaitScale
from renxing.control.gait.geometry import GaitGeometry
from renxing.control.gait.trunk import HEIGHT_TIME, Trunk
from renxing.control.whole_body import FootTask, Kinematics
from renxing.robot import Robot
from renxing.spatial import Array

PERIOD = 0.002  # [s]


class Body:
    """A point mass over ground of height 0."""

    def __init__(self, robot: Robot) -> None:
        geometry = GaitGeometry.of(robot)
        self.scale = GaitScale(GaitConfig(), geometry)
        self.trunk = Trunk(self.scale, robot, PERIOD)
        self.height = self.stood = geometry.com_height
        self.speed = 0.0
        self.trunk.reset(self.seen(), 0.0, 0.0)

    def seen(self) -> Kinematics:
        here, speed = np.array([0, 0, self.height]), np.array([0, 0, self.speed])
        return cast(Kinematics, SimpleNamespace(com=here, com_velocity=speed))

    def run(self, seconds: float, ceiling: float) -> Array:
        """Return the heights on the way, shape (n,)."""
        heights = []
        places, feet = np.zeros((2, 2)), (FootTask(), FootTask())
        for _ in range(round(seconds / PERIOD)):
            task = self.trunk.task(
                self.seen(), np.zeros(2), 0.0, ceiling, 0.0, 0.0, places, feet
            )
            self.speed += float(task.com_acceleration[2]) * PERIOD
            self.height += self.speed * PERIOD
            heights.append(self.height)
        return np.array(heights)


def test_is_below_the_ceiling_at_the_touchdown(robot: Robot) -> None:
    body = Body(robot)
    low = 0.95 * body.stood
    heights = body.run(body.scale.step_time, low)
    assert heights[-1] == pytest.approx(low, abs=0.1 * (body.stood - low))
    # Smoothly: not below what is wanted, and without a blow at the beginning.
    assert heights.min() > low - 0.02 * (body.stood - low)
    third = HEIGHT_TIME * body.scale.step_time / 3.0
    assert heights[round(third / PERIOD)] > 0.5 * (body.stood + low)


def test_comes_back_up_where_nothing_is_above(robot: Robot) -> None:
    body = Body(robot)
    body.run(1.0, 0.95 * body.stood)
    assert body.run(1.0, np.inf)[-1] == pytest.approx(body.stood, abs=1e-3)
