# SPDX-License-Identifier: Apache-2.0
"""Conditioning: better than before against the truth, and where it must not act."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from renxing.errors import DeviceError
from renxing.evaluation.sight import Sight
from renxing.perception import ConditioningConfig, DepthConditioner
from renxing.robot import Robot
from renxing.robot.pinhole import Pinhole
from renxing.sim import load_world
from renxing.spatial import SE3, transform

PINHOLE = Pinhole(width=80, height=60, focal=60.0, centre_x=39.5, centre_y=29.5)
NOISE = 0.005  # [1/m]
STILL = SE3.Identity()


def conditioner(**settings: float) -> DepthConditioner:
    return DepthConditioner(ConditioningConfig(noise=NOISE, **settings), PINHOLE)


def noisy(depth: np.ndarray, random: np.random.Generator) -> np.ndarray:
    inverse = 1.0 / depth + NOISE * random.standard_normal(depth.shape)
    return (1.0 / inverse).astype(np.float32)


def wall(distance: float) -> np.ndarray:
    return np.full((60, 80), distance, np.float32)


@pytest.fixture
def sight(rx1: Robot) -> Iterator[Callable[[str], Sight]]:
    made = []

    def make(world: str) -> Sight:
        try:
            made.append(Sight(rx1, load_world(world), seed=1))
        except DeviceError as error:
            pytest.skip(str(error))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("world", ["stairs", "workshop"])
def test_images_are_better_than_before(
    sight: Callable[[str], Sight], rx1: Robot, world: str
) -> None:
    """On the move, of both cameras: more pixels, smaller errors, fewer gross ones."""
    looking = sight(world)
    looking.walk(0.0, 0.3, images=12)
    for camera in rx1.description.sensors.cameras:
        if camera.name not in looking.images:
            continue
        before, after = looking.depth_errors(camera)
        assert after.covered > before.covered + 0.005
        # Of more pixels, and those are the difficult ones.
        assert after.rmse < 0.9 * before.rmse
        assert after.gross < 0.8 * before.gross


def test_noise_goes_down_with_time() -> None:
    random = np.random.default_rng(1)
    condition = conditioner(memory=6)
    for _ in range(10):
        clean = condition.step(noisy(wall(2.0), random), STILL)
    there = clean.depth > 0.0
    assert there.mean() > 0.98
    error = 1.0 / clean.depth[there] - 0.5
    # The mean of six has 1/√6 of the error; 0.41.
    assert error.std() < 0.5 * NOISE
    wanted = 4 * NOISE / np.sqrt(6)
    assert clean.deviation[there].mean() == pytest.approx(wanted, rel=0.1)


def test_time_goes_along_with_the_camera() -> None:
    """Past a grazed floor; without its motion the average would lag by centimetres."""
    random = np.random.default_rng(1)
    v, u = np.mgrid[:60, :80]
    looks = transform((0, 0, 0), (0.0, 0.45, 0.0)) * transform(
        (0, 0, 0), (-np.pi / 2, 0.0, -np.pi / 2)
    )
    condition = conditioner()
    bias = []
    for image in range(15):
        height = 1.2 + 0.02 * image
        rays = np.stack(
            [(u - 39.5) / 60.0, (v - 29.5) / 60.0, np.ones(u.shape)], axis=-1
        )
        true = -height / (rays @ looks.rotation[2])
        pose = SE3(looks.rotation, np.array([0.03 * image, 0.0, height]))
        clean = condition.step(noisy(true, random), pose)
        there = clean.depth > 0.0
        there[:20] = False
        bias.append(np.mean(1.0 / clean.depth[there] - 1.0 / true[there]))
    assert abs(np.mean(bias[5:])) < 0.1 * NOISE


def test_what_comes_into_view_is_seen_at_once() -> None:
    condition = conditioner()
    for _ in range(8):
        condition.step(wall(2.0), STILL)
    near = wall(2.0)
    near[20:40, 30:50] = 1.0
    clean = condition.step(near, STILL).depth
    assert clean[23:37, 33:47] == pytest.approx(1.0)


def test_pixels_between_two_surfaces_go() -> None:
    depth = wall(2.5)
    depth[:, :40] = 1.0
    depth[:, 40] = 1.5  # flies
    clean = conditioner(hole=0).step(depth, STILL).depth
    assert not clean[:, 40].any()
    assert clean[:, 45:] == pytest.approx(2.5)
    assert clean[2:-2, 2:36] == pytest.approx(1.0)


def test_grazed_planes_stay() -> None:
    """The floor up to 10 m: rows there are 1 m apart."""
    v = np.arange(60.0)[:, None]
    down = (v - 29.5) / 60.0
    depth = np.where(down > 0.12, 1.2 / np.maximum(down, 0.01), 0.0)
    depth = np.repeat(depth, 80, axis=1).astype(np.float32)
    clean = conditioner().step(depth, STILL).depth
    assert np.array_equal(clean > 0.0, depth > 0.0)


def test_small_holes_are_bridged_and_great_ones_are_not() -> None:
    depth = wall(2.0)
    depth[30:32, 40:42] = 0.0
    depth[10:20, 10:20] = 0.0
    clean = conditioner(hole=4).step(depth, STILL).depth
    assert clean[30:32, 40:42] == pytest.approx(2.0, abs=1e-3)
    assert not clean[14:16, 14:16].any()


def test_no_bridge_leads_over_a_drop() -> None:
    depth = wall(2.5)
    depth[30:] = 1.5
    depth[28:31] = 0.0
    clean = conditioner(hole=6).step(depth, STILL).depth
    assert not clean[28:31].any()


def test_what_was_seen_stands_in_for_some_images_only() -> None:
    condition = conditioner(memory=4, hole=0)
    for _ in range(6):
        condition.step(wall(2.0), STILL)
    nothing = np.zeros((60, 80), np.float32)
    held = [bool(condition.step(nothing, STILL).depth.any()) for _ in range(6)]
    assert held == [True, True, True, False, False, False]
