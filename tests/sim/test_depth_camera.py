# SPDX-License-Identifier: Apache-2.0
"""The simulated camera: geometry against rays, errors against what they should be."""

from collections.abc import Iterator

import mujoco
import numpy as np
import pytest

from renxing.errors import DeviceError, ModelError
from renxing.robot import Robot
from renxing.robot.description import Camera
from renxing.robot.pinhole import pinhole_of
from renxing.sim import Twin, load_world, offscreen
from renxing.sim.compile import compile_model
from renxing.sim.depth_camera import DepthCamera
from renxing.sim.depth_noise import StereoConfig, StereoNoise
from renxing.sim.offscreen import Offscreen
from renxing.sim.physics import PhysicsConfig

CAMERA = Camera(
    name="test",
    frame="test",
    width=640,
    height=480,
    field_of_view=1.2,
    range=(0.3, 8.0),
    rate=30,
)


@pytest.fixture
def opengl() -> Iterator[Offscreen]:
    try:
        context = Offscreen(640, 480)
    except DeviceError as error:
        pytest.skip(str(error))
    with context:
        yield context


def camera_of(robot: Robot, name: str) -> Camera:
    return next(c for c in robot.description.sensors.cameras if c.name == name)


@pytest.mark.parametrize("world", ["ramp", "stairs", "ledge"])
@pytest.mark.parametrize("name", ["head", "chest"])
def test_depth_is_what_rays_measure(
    opengl: Offscreen, rx1: Robot, world: str, name: str
) -> None:
    twin = Twin(rx1, load_world(world))
    eye = DepthCamera(compile_model(rx1, twin.world, PhysicsConfig()))
    eye.place(twin.data.qpos)
    camera = camera_of(rx1, name)
    look, pinhole = eye.look(camera, 2), pinhole_of(camera, 2)
    eye.free()
    # Groups 0 to 2 are what is drawn.
    groups = np.array([1, 1, 1, 0, 0, 0], np.uint8)
    hit = np.zeros(1, np.int32)
    errors = []
    for v in range(3, pinhole.height, 13):
        for u in range(3, pinhole.width, 13):
            ray = np.array(
                [
                    (u - pinhole.centre_x) / pinhole.focal,
                    (v - pinhole.centre_y) / pinhole.focal,
                    1.0,
                ]
            )
            direction = look.pose.rotation @ ray
            start = look.pose.translation + 0.03 * direction
            true = 0.03 + mujoco.mj_ray(
                twin.model, twin.data, start, direction, groups, 1, -1, hit
            )
            if hit[0] >= 0 and true < 10.0:
                errors.append(abs(look.depth[v, u] - true) / true)
            elif hit[0] < 0:
                assert look.depth[v, u] == 0.0
    assert len(errors) > 90
    # At the edge of a step half a pixel decides what is seen.
    assert np.quantile(errors, 0.97) < 5e-4


def test_a_camera_that_the_model_lacks_is_named(opengl: Offscreen, rx1: Robot) -> None:
    eye = DepthCamera(compile_model(rx1, load_world("flat"), PhysicsConfig()))
    with pytest.raises(ModelError, match="no frame 'test'"):
        eye.look(CAMERA, 2)
    eye.free()


def test_the_own_body_is_what_moves_with_it(opengl: Offscreen, rx1: Robot) -> None:
    twin = Twin(rx1, load_world("flat"))
    positions = rx1.posture("stand")
    for joint, angle in (("pitch", -0.5), ("yaw", -0.8)):
        positions[rx1.indices((f"left_shoulder_{joint}_joint",))] = angle
    positions[rx1.indices(("left_elbow_joint",))] = -1.0
    twin.reset_to(positions)
    eye = DepthCamera(compile_model(rx1, twin.world, PhysicsConfig()))
    eye.place(twin.data.qpos)
    camera = camera_of(rx1, "chest")
    mask = eye.own_body(camera, "base_link", 2)
    depth = eye.look(camera, 2).depth
    eye.free()
    assert mask.sum() > 1000
    # The floor is 1.2 m below the camera, arms are within its reach.
    assert depth[mask].max() < 0.9


def test_without_opengl_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(offscreen.ctypes.util, "find_library", lambda _name: None)
    with pytest.raises(DeviceError, match="apt-get install libegl1"):
        Offscreen(640, 480)


# --- errors ----------


def wall(distance: float) -> np.ndarray:
    return np.full((240, 320), distance, np.float32)


def grey(value: int = 128) -> np.ndarray:
    return np.full((240, 320, 3), value, np.uint8)


def inside(measured: np.ndarray) -> np.ndarray:
    """Return the valid pixels that both imagers see."""
    part = measured[5:-5, 60:-5]
    return part[part > 0.0].astype(float)


@pytest.mark.parametrize("distance", [0.8, 2.0, 4.0])
def test_noise_is_one_of_disparity(distance: float) -> None:
    noise = StereoNoise(StereoConfig(), CAMERA, 2, seed=1)
    seen = inside(noise.measure(wall(distance), grey()))
    inverse = 1.0 / seen
    # Steps add a twelfth of their square.
    steps = 1.0 / 64 / (pinhole_of(CAMERA, 2).focal * 0.05)
    wanted = np.hypot(noise.disparity_error, steps / np.sqrt(12))
    assert np.std(inverse) == pytest.approx(wanted, rel=0.05)
    assert np.mean(inverse) == pytest.approx(1 / distance, abs=0.05 * wanted)


def test_noise_of_neighbours_is_alike() -> None:
    noise = StereoNoise(StereoConfig(), CAMERA, 2, seed=1)
    error = 1.0 / inside_grid(noise.measure(wall(2.0), grey())) - 0.5
    near = np.nanmean(error[:, 1:] * error[:, :-1]) / np.nanvar(error)
    far = np.nanmean(error[:, 6:] * error[:, :-6]) / np.nanvar(error)
    assert 0.3 < near < 0.8
    assert abs(far) < 0.05


def inside_grid(measured: np.ndarray) -> np.ndarray:
    part = measured[5:-5, 60:-5].astype(float)
    return np.where(part > 0.0, part, np.nan)


def lost(measured: np.ndarray) -> float:
    part = measured[5:-5, 60:-5]
    return float(np.mean(part == 0.0))


def test_dark_and_overexposed_surfaces_drop_out() -> None:
    noise = StereoNoise(StereoConfig(), CAMERA, 2, seed=1)
    assert lost(noise.measure(wall(2.0), grey())) == pytest.approx(0.004, abs=0.003)
    assert lost(noise.measure(wall(2.0), grey(13))) == pytest.approx(0.49, abs=0.03)
    assert lost(noise.measure(wall(2.0), grey(255))) > 0.95


@pytest.mark.parametrize(("cosine", "share"), [(0.5, 0.004), (0.1, 0.5)])
def test_grazed_surfaces_drop_out(cosine: float, share: float) -> None:
    """The ray in the middle of the image meets a plane at this angle."""
    pinhole = pinhole_of(CAMERA, 2)
    v = (np.arange(240) - pinhole.centre_y) / pinhole.focal
    # A plane n . p = 2 n_z, so that it is 2 m away along the axis.
    sine = np.sqrt(1 - cosine**2)
    depth = 2.0 * cosine / (cosine + sine * v)
    image = np.repeat(depth[:, None], 320, axis=1).astype(np.float32)
    noise = StereoNoise(StereoConfig(), CAMERA, 2, seed=1)
    measured = noise.measure(image, grey())
    rows = slice(115, 126)
    missing = np.mean(measured[rows, 60:-5] == 0.0)
    assert missing == pytest.approx(share, abs=0.08)


def test_things_shade_what_is_left_of_them_for_the_other_imager() -> None:
    depth = wall(3.0)
    depth[80:160, 150:200] = 1.0
    measured = StereoNoise(StereoConfig(), CAMERA, 2, seed=1).measure(depth, grey())
    width = pinhole_of(CAMERA, 2).focal * 0.05 * (1.0 - 1.0 / 3.0)  # [px]
    shaded = 150 - round(width)
    assert np.mean(measured[85:155, shaded + 1 : 149] == 0.0) > 0.99
    assert np.mean(measured[85:155, shaded - 10 : shaded - 1] == 0.0) < 0.05
    assert np.mean(measured[85:155, 202:220] == 0.0) < 0.05


def test_edges_bleed_no_further_than_the_window() -> None:
    depth = wall(3.0)
    depth[80:160, 150:200] = 1.0
    measured = StereoNoise(StereoConfig(), CAMERA, 2, seed=1).measure(depth, grey())
    beside = measured[85:155, 200]
    assert np.mean((beside > 0.0) & (beside < 2.5)) > 0.3
    beyond = measured[85:155, 201:230]
    assert not np.any((beyond > 0.0) & (beyond < 2.5))


def test_out_of_range_is_nothing_and_the_seed_decides() -> None:
    config = StereoConfig()
    near = StereoNoise(config, CAMERA, 2, seed=1).measure(wall(0.2), grey())
    assert not near.any()
    first = StereoNoise(config, CAMERA, 2, seed=1).measure(wall(2.0), grey())
    again = StereoNoise(config, CAMERA, 2, seed=1).measure(wall(2.0), grey())
    other = StereoNoise(config, CAMERA, 2, seed=2).measure(wall(2.0), grey())
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
