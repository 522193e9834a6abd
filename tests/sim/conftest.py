# SPDX-License-Identifier: Apache-2.0
"""A twin that holds its posture."""

from collections.abc import Callable

import pytest

from renxing.control.hold import Hold, HoldConfig
from renxing.robot import Robot
from renxing.sim import Twin, TwinConfig, load_world

G = 9.81  # [m/s²]


class Held:
    """A twin and the hold that keeps it on its feet."""

    def __init__(self, robot: Robot, world: str, config: TwinConfig) -> None:
        self.twin = Twin(robot, load_world(world), config)
        self.hold = Hold(HoldConfig(), robot)

    def run(self, seconds: float) -> None:
        """Hold for some time, with a new command every 2 ms."""
        for _ in range(round(seconds / (2 * self.twin.time_step))):
            self.twin.step(self.hold.step(self.twin.time), 2)

    @property
    def height(self) -> float:
        """Height of the base [m]."""
        return float(self.twin.base_state().transform_base_to_odom.translation[2])

    @property
    def upright(self) -> float:
        """Cosine of the angle between the base's z and the vertical."""
        return float(self.twin.base_state().transform_base_to_odom.rotation[2, 2])


@pytest.fixture
def held() -> Callable[..., Held]:
    def make(robot: Robot, world: str = "flat", **config) -> Held:
        config.setdefault("ideal", True)
        return Held(robot, world, TwinConfig(**config))

    return make
