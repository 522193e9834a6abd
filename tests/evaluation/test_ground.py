# SPDX-License-Identifier: Apache-2.0
"""The known heights are those of the simulation, and levels set what they should."""

import mujoco
import numpy as np
import pytest

from renxing.errors import ConfigError
from renxing.evaluation.ground import elevation_map, extent, make_world
from renxing.evaluation.scenario import load_suite, suite_names
from renxing.robot import Robot
from renxing.sim.compile import compile_model
from renxing.sim.physics import PhysicsConfig

WORLDS = [
    ("ramp", "slope", 10.0),
    ("flight", "rise", 0.12),
    ("block_field", "height", 0.05),
    ("ledge", "drop", 0.07),
    ("flat", "speed", 1.0),
]


@pytest.mark.parametrize(("name", "setting", "level"), WORLDS)
def test_heights_are_what_a_ray_hits(
    rx1: Robot, name: str, setting, level: float
) -> None:
    world = make_world(name, setting, level, seed=5)
    heights = elevation_map(world)
    model = compile_model(rx1, world, PhysicsConfig())
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    groups = np.array([1, 0, 0, 0, 0, 0], dtype=np.uint8)
    robot = model.body("base_link").id
    random = np.random.default_rng(0)

    def ray(x: float, y: float) -> float:
        geom = np.zeros(1, dtype=np.int32)
        above, down = np.array([x, y, 5.0]), np.array([0.0, 0.0, -1.0])
        return 5.0 - mujoco.mj_ray(model, data, above, down, groups, True, robot, geom)

    for i, j in random.integers(0, heights.height.shape, (300, 2)):
        x, y = heights.origin + heights.resolution * np.array([i, j])
        # A cell that lies on an edge may be counted to either side.
        e = 1e-5
        around = [ray(x + a, y + b) for a in (-e, e) for b in (-e, e)]
        assert np.abs(heights.height[i, j] - around).min() < 1e-4


def test_levels_set_heights() -> None:
    def top(name: str, setting, level: float) -> float:
        return float(
            np.nanmax(elevation_map(make_world(name, setting, level, 0)).height)
        )

    assert top("flight", "rise", 0.1) == pytest.approx(0.4)
    assert top("flight", "rise", 0.17) == pytest.approx(0.68)
    assert 0.045 < top("block_field", "height", 0.05) <= 0.05
    ledge = elevation_map(make_world("ledge", "drop", 0.06, 0)).height
    assert set(np.round(np.unique(ledge), 6)) == {-0.06, 0.0}
    flat_ramp, steep = (make_world("ramp", "slope", a, 0) for a in (5.0, 15.0))
    assert extent(flat_ramp)[1][0] > extent(steep)[1][0] + 3.0


def test_a_field_of_blocks_is_another_one_with_another_seed() -> None:
    one, same, other = (
        elevation_map(make_world("block_field", "height", 0.05, seed)).height
        for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_patches_are_as_slippery_and_as_soft_as_the_level_says() -> None:
    (sheet,) = make_world("slippery", "slipperiness", 0.6, 0).fixed
    (mat,) = make_world("soft", "softness", 0.07, 0).fixed
    assert sheet.friction == pytest.approx(0.4) and sheet.softness == 0.0
    assert mat.softness == 0.07


def test_a_world_without_the_thing_is_refused() -> None:
    with pytest.raises(ConfigError, match="nothing whose rise"):
        make_world("ramp", "rise", 0.1, 0)


@pytest.mark.parametrize("name", suite_names())
def test_every_scenario_fits_its_world(name: str) -> None:
    for scenario in load_suite(name).scenarios:
        world = make_world(scenario.world, scenario.level, 0.05, 0)
        if scenario.success.across:
            assert extent(world)[1][0] > 1.0
