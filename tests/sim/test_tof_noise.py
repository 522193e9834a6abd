# SPDX-License-Identifier: Apache-2.0
"""Time of flight: errors that grow as light fades, and corners that seem too far."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from renxing.robot.description import Camera
from renxing.robot.pinhole import pinhole_of
from renxing.sim.depth_errors import DepthErrorsConfig, noise_of
from renxing.sim.depth_noise import StereoNoise
from renxing.sim.tof_noise import TofConfig, TofNoise

CAMERA = Camera(
    name="test",
    frame="test",
    width=640,
    height=480,
    field_of_view=1.2,
    range=(0.3, 8.0),
    rate=30,
    depth="tof",
)
PLAIN = TofConfig(bounce=0.0, base_dropout=0.0)


def wall(distance: float) -> np.ndarray:
    return np.full((240, 320), distance, np.float32)


def grey(value: int = 128) -> np.ndarray:
    return np.full((240, 320, 3), value, np.uint8)


def measured(config: TofConfig, depth: np.ndarray, light: int = 128) -> np.ndarray:
    found = TofNoise(config, CAMERA, 2, seed=1).measure(depth, grey(light))
    return np.where(found > 0.0, found, np.nan)[5:-5, 5:-5]


def middle(image: np.ndarray) -> np.ndarray:
    """Return the part that faces the camera."""
    return image[105:125, 145:165]


def test_noise_is_that_of_the_light_which_comes_back() -> None:
    def wanted(distance: float, albedo: float) -> float:
        amplitude = albedo / distance**2
        shot = np.sqrt((amplitude + PLAIN.ambient) / (1.0 + PLAIN.ambient))
        return float(0.5 * PLAIN.noise * shot / amplitude)

    for distance, light in ((0.5, 128), (1.0, 128), (3.0, 128), (2.0, 255 // 4)):
        error = middle(measured(PLAIN, wall(distance), light)) - distance
        assert np.std(error) == pytest.approx(
            wanted(distance, light / 255), rel=0.15
        ), (distance, light)
        assert abs(np.mean(error)) < 0.3 * np.std(error)


def test_one_number_for_conditioning_is_that_of_a_middling_surface() -> None:
    noise = TofNoise(PLAIN, CAMERA, 2, seed=1)
    found = noise.measure(wall(2.0), grey())[110:130, 150:170]
    assert np.std(1.0 / found) == pytest.approx(noise.disparity_error, rel=0.15)


@pytest.mark.parametrize(
    ("depth", "light"),
    [(wall(2.0), 3), (wall(7.9), 60), (wall(2.0), 255), (wall(0.31), 255)],
    ids=["dark", "far", "mirror", "dazzled"],
)
def test_too_little_and_too_much_light_is_no_measurement(depth, light) -> None:
    assert np.isnan(measured(PLAIN, depth, light)).mean() > 0.99


def test_what_is_grazed_drops_out() -> None:
    pinhole = pinhole_of(CAMERA, 2)
    v = (np.arange(240) - pinhole.centre_y) / pinhole.focal

    def lost(cosine: float) -> float:
        # A plane that the ray in the middle meets at this angle, 4 m away.
        depth = 4.0 * cosine / (cosine + np.sqrt(1 - cosine**2) * v)
        image = np.repeat(depth[:, None], 320, axis=1).astype(np.float32)
        return float(np.isnan(middle(measured(PLAIN, image))).mean())

    assert lost(0.9) == 0.0
    assert lost(0.12) > 0.5
    assert lost(0.06) > 0.8


def test_out_of_range_is_nothing() -> None:
    assert np.isnan(measured(PLAIN, wall(0.25))).all()
    beyond = replace(PLAIN, least=0.0)
    assert np.isnan(measured(beyond, wall(8.5), 240)).mean() > 0.99


def test_pixels_on_an_edge_fly_between_or_are_lost() -> None:
    depth = wall(3.0)
    depth[:, 160:] = 2.0
    found = measured(PLAIN, depth)
    edge, beside = found[:, 154:156], found[:, (150, 160)]
    flying = (edge > 2.1) & (edge < 2.9)
    assert 0.03 < flying.mean() < 0.25
    assert 0.2 < np.isnan(edge).mean() < 0.6
    assert not ((beside > 2.1) & (beside < 2.9)).any()


def corner() -> tuple[np.ndarray, np.ndarray]:
    """Return the depth of a floor 0.8 m below and a wall 2 m ahead, and what is floor.

    The camera looks along the floor.
    """
    pinhole = pinhole_of(CAMERA, 2)
    v = (np.arange(240) - pinhole.centre_y) / pinhole.focal
    floor = 0.8 / np.maximum(v, 1e-6)
    depth = np.repeat(np.minimum(floor, 2.0)[:, None], 320, axis=1)
    return depth.astype(np.float32), floor < 2.0


def test_a_concave_corner_seems_further_away() -> None:
    depth, floor = corner()
    config = TofConfig(noise=0.0, base_dropout=0.0)
    error = (measured(config, depth, 200) - depth[5:-5, 5:-5])[:, 155]
    wall_rows = np.flatnonzero(~floor[5:-5])
    near, far = error[wall_rows[-12:-6]], error[wall_rows[:20]]
    assert 0.003 < np.nanmean(near) < 0.10
    assert np.nanmean(near) > 3.0 * np.nanmean(far) > 0.0
    # Darker walls send less to and fro.
    dim = (measured(config, depth, 80) - depth[5:-5, 5:-5])[:, 155]
    assert np.nanmean(dim[wall_rows]) < 0.6 * np.nanmean(error[wall_rows])
    plain = replace(config, bounce=0.0)
    alone = (measured(plain, depth, 200) - depth[5:-5, 5:-5])[:, 155]
    assert abs(np.nanmean(alone)) < 1e-6


def test_a_wall_alone_has_nothing_to_reflect_to() -> None:
    error = measured(TofConfig(noise=0.0), wall(2.0), 200) - 2.0
    assert np.nanmax(np.abs(error)) < 1e-5


def test_the_seed_decides() -> None:
    one, same, other = (
        TofNoise(TofConfig(), CAMERA, 2, seed).measure(wall(2.0), grey())
        for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_the_robot_s_file_says_which_kind_a_camera_is() -> None:
    config = DepthErrorsConfig()
    assert isinstance(noise_of(CAMERA, config, 2, 0), TofNoise)
    words = {**msgspec.to_builtins(CAMERA)}
    del words["depth"]
    plain = msgspec.convert(words, Camera)
    assert isinstance(noise_of(plain, config, 2, 0), StereoNoise)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**words, "depth": "sonar"}, Camera)
