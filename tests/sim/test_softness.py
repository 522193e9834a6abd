# SPDX-License-Identifier: Apache-2.0
"""Soft ground: how deep soles sink into it."""

from dataclasses import replace

import numpy as np
import pytest

from renxing.control.hold import Hold, HoldConfig
from renxing.robot import Robot
from renxing.sim import Twin, TwinConfig, load_world
from renxing.spatial import SE3

THICK = 0.1  # [m] of the mat


def sink(robot: Robot, softness: float) -> float:
    """Return how deep a robot that stands on a mat sinks within a second [m]."""
    world = load_world("soft")
    top_at_zero = SE3(np.eye(3), np.array([0.0, 0.0, -0.5 * THICK]))
    mat = replace(
        world.fixed[0],
        size=(2.0, 2.0, THICK),
        transform_shape_to_parent=top_at_zero,
        softness=softness,
    )
    world = replace(world, ground=-1.0, fixed=(mat,))
    twin, hold = Twin(robot, world, TwinConfig(ideal=True)), Hold(HoldConfig(), robot)
    before = twin.base_state().transform_base_to_odom.translation[2]
    for _ in range(500):
        twin.step(hold.step(twin.time), 2)
    return float(before - twin.base_state().transform_base_to_odom.translation[2])


def test_softer_ground_lets_soles_sink_deeper(rx1: Robot) -> None:
    hard, soft, softer = (sink(rx1, s) for s in (0.0, 0.05, 0.1))
    assert hard < 0.001
    # Depth goes with the square of the time constant.
    assert soft - hard == pytest.approx(0.0016, abs=0.0005)
    assert softer - hard == pytest.approx(0.0064, abs=0.002)
