# SPDX-License-Identifier: Apache-2.0
"""The robot's own body goes out of its images, and little else does."""

from collections.abc import Iterator

import numpy as np
import pytest

from renxing.errors import DeviceError, ModelError
from renxing.perception import SelfFilter, SelfFilterConfig
from renxing.robot import Robot
from renxing.robot.pinhole import pinhole_of
from renxing.sim import Twin, load_world
from renxing.sim.compile import compile_model
from renxing.sim.depth_camera import DepthCamera
from renxing.sim.depth_noise import StereoConfig, StereoNoise
from renxing.sim.offscreen import Offscreen
from renxing.sim.physics import PhysicsConfig

# Arms before the cameras; yaw is that of the left arm.
RAISED = {
    "rx1": {"shoulder_pitch": -0.5, "shoulder_yaw": -0.8, "elbow": -1.0},
    "g1": {"shoulder_pitch": -0.9, "shoulder_yaw": 0.0, "elbow": 0.6},
}
CAMERA = {"rx1": "chest", "g1": "head"}


@pytest.fixture
def opengl() -> Iterator[Offscreen]:
    try:
        context = Offscreen(640, 480)
    except DeviceError as error:
        pytest.skip(str(error))
    with context:
        yield context


def raised(robot: Robot) -> np.ndarray:
    positions = robot.posture("stand")
    for part, angle in RAISED[robot.name].items():
        for side, sign in (("left", 1.0), ("right", -1.0)):
            turned = angle * (sign if part == "shoulder_yaw" else 1.0)
            positions[robot.indices((f"{side}_{part}_joint",))] = turned
    return positions


def test_own_arms_go_and_the_world_stays(opengl: Offscreen, robot: Robot) -> None:
    positions = raised(robot)
    twin = Twin(robot, load_world("workshop"))
    twin.reset_to(positions)
    eye = DepthCamera(compile_model(robot, twin.world, PhysicsConfig()))
    eye.place(twin.data.qpos)
    cameras = robot.description.sensors.cameras
    camera = next(c for c in cameras if c.name == CAMERA[robot.name])
    look = eye.look(camera, 2)
    own = eye.own_body(camera, robot.description.base, 2)
    eye.free()
    raw = StereoNoise(StereoConfig(), camera, 2, seed=1).measure(
        look.depth, look.colour
    )
    body = SelfFilter(SelfFilterConfig(), robot)
    body.place(positions)
    kept = body.remove(raw, pinhole_of(camera, 2), camera.frame)
    seen = own & (raw > 0.0)
    assert seen.sum() > 1000
    assert np.mean(kept[seen] > 0.0) < 0.005
    world = ~own & (raw > 0.0)
    assert np.mean(kept[world] == 0.0) < 0.03


def test_without_the_posture_it_would_not_work(opengl: Offscreen, rx1: Robot) -> None:
    """What the test above rests on: boxes of another posture leave the arms in."""
    positions = raised(rx1)
    twin = Twin(rx1, load_world("flat"))
    twin.reset_to(positions)
    eye = DepthCamera(compile_model(rx1, twin.world, PhysicsConfig()))
    eye.place(twin.data.qpos)
    (camera,) = [c for c in rx1.description.sensors.cameras if c.name == "chest"]
    look, own = eye.look(camera, 2), eye.own_body(camera, "base_link", 2)
    eye.free()
    body = SelfFilter(SelfFilterConfig(), rx1)
    body.place(rx1.posture("stand"))
    kept = body.remove(look.depth, pinhole_of(camera, 2), camera.frame)
    assert np.mean(kept[own] > 0.0) > 0.5


def test_the_camera_is_where_the_urdf_has_it(rx1: Robot) -> None:
    body = SelfFilter(SelfFilterConfig(), rx1)
    body.place(np.zeros(len(rx1.joints)))
    pose = body.camera_to_base("head_camera_optical_frame")
    assert pose.rotation[:, 2] == pytest.approx([1.0, 0.0, 0.0], abs=1e-9)
    with pytest.raises(ModelError, match="no frame 'nose'"):
        body.camera_to_base("nose")
