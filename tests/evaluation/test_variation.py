# SPDX-License-Identifier: Apache-2.0
"""A varied twin differs by what was drawn, and the robot of its controller does not."""

import dataclasses

import mujoco
import numpy as np
import pytest

from renxing.evaluation.scenario import variation_file
from renxing.robot import Robot
from renxing.sim import Twin, TwinConfig, load_world
from renxing.sim.contacts import WORLD_GROUP
from renxing.sim.variation import (
    VariationRanges,
    draw_variation,
    no_variation,
    varied_twin,
)
from renxing.yaml_file import read_yaml


@pytest.fixture
def ranges() -> VariationRanges:
    return read_yaml(variation_file(), VariationRanges)[0]


def robot_bodies(twin: Twin) -> np.ndarray:
    base = twin.model.body(twin.robot.description.base).id
    return np.flatnonzero(twin.model.body_rootid == base)


def mass_matrix(model: mujoco.MjModel) -> np.ndarray:
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    full = np.zeros((model.nv, model.nv))
    mujoco.mj_fullM(model, data, full)
    return full


def test_nothing_varied_is_the_plain_twin(robot: Robot) -> None:
    world = load_world("flat")
    plain = Twin(robot, world, TwinConfig(seed=3)).model
    same = varied_twin(robot, world, no_variation(3)).model
    np.testing.assert_array_equal(same.body_mass, plain.body_mass)
    np.testing.assert_array_equal(same.geom_friction, plain.geom_friction)
    np.testing.assert_array_equal(same.dof_frictionloss, plain.dof_frictionloss)
    np.testing.assert_allclose(same.dof_invweight0, plain.dof_invweight0)


def test_same_seed_same_robot_and_others_within_ranges(
    rx1: Robot, ranges: VariationRanges
) -> None:
    first, again = (draw_variation(ranges, rx1, 7) for _ in range(2))
    assert first.numbers() == again.numbers()
    draws = [draw_variation(ranges, rx1, seed) for seed in range(200)]
    for name in ("friction", "noise", "delay", "encoder_bias", "drive_friction"):
        values = [getattr(draw, name) for draw in draws]
        low, high = getattr(ranges, name)
        assert low <= min(values) < low + 0.1 * (high - low)
        assert high - 0.1 * (high - low) < max(values) <= high
    payload = [draw.payload / rx1.mass for draw in draws]
    assert ranges.payload[0] <= min(payload) <= max(payload) <= ranges.payload[1]
    tilt = np.std([draw.attitude for draw in draws])
    assert tilt == pytest.approx(ranges.attitude, rel=0.15)


def test_masses_change_within_their_range_and_the_robot_does_not(
    rx1: Robot, ranges: VariationRanges
) -> None:
    before = rx1.mass, rx1.description
    variation = dataclasses.replace(draw_variation(ranges, rx1, 2), payload=0.0)
    world = load_world("flat")
    plain = Twin(rx1, world)
    twin = varied_twin(rx1, world, variation)
    bodies = robot_bodies(plain)
    share = twin.model.body_mass[bodies] / plain.model.body_mass[bodies]
    assert 0.95 <= share.min() < 0.97 and 1.03 < share.max() <= 1.05
    inertia = twin.model.body_inertia[bodies] / plain.model.body_inertia[bodies]
    np.testing.assert_allclose(inertia, np.repeat(share[:, None], 3, axis=1))
    assert (rx1.mass, rx1.description) == before


@pytest.mark.parametrize("frame", ["l_gripper", "torso_link"])
def test_a_load_is_as_heavy_as_a_ball_that_is_welded_on(rx1: Robot, frame: str) -> None:
    """Against MuJoCo: a body with the ball's inertia, fixed at the same place."""
    mass, world = 4.0, load_world("flat")
    if frame == "torso_link":
        variation = dataclasses.replace(
            no_variation(0), payload=mass, payload_place=np.array([0.1, -0.05, 0.2])
        )
        twin = varied_twin(rx1, world, variation)
    else:
        twin = varied_twin(rx1, world, no_variation(0), {frame: mass})
    plain = Twin(rx1, world).model
    model = twin.model
    if frame == "torso_link":
        body = plain.body(frame).id
        place = plain.body_ipos[body] + np.array([0.1, -0.05, 0.2])
    else:
        body = plain.site(frame).bodyid[0]
        place = plain.site(frame).pos
    data = mujoco.MjData(plain)
    mujoco.mj_forward(plain, data)
    point = data.xpos[body] + data.xmat[body].reshape(3, 3) @ place
    linear, angular = np.zeros((3, plain.nv)), np.zeros((3, plain.nv))
    mujoco.mj_jac(plain, data, linear, angular, point, body)
    radius = (mass / (1000.0 * 4.0 / 3.0 * np.pi)) ** (1.0 / 3.0)
    added = mass * linear.T @ linear + 0.4 * mass * radius**2 * angular.T @ angular
    np.testing.assert_allclose(
        mass_matrix(model), mass_matrix(plain) + added, atol=1e-9
    )


def test_friction_delay_noise_and_tilt_arrive(rx1: Robot) -> None:
    variation = dataclasses.replace(
        no_variation(0),
        friction=0.55,
        noise=2.0,
        drive_friction=1.5,
        attitude=np.array([0.02, -0.01]),
    )
    plain = Twin(rx1, load_world("ramp"))
    twin = varied_twin(rx1, load_world("ramp"), variation)
    model = twin.model
    world = model.geom_group == WORLD_GROUP
    assert world.sum() == 4  # the ground and three parts of the ramp
    assert set(model.geom_friction[world, 0]) == {0.55}
    joint = rx1.joints[0]
    doubled = model.joint(joint).frictionloss / plain.model.joint(joint).frictionloss
    assert doubled == pytest.approx(1.5)
    imu, name = twin.robot.description.sensors.imu[0], rx1.joints[0]
    assert imu.gyro_noise == 2.0 * rx1.description.sensors.imu[0].gyro_noise
    assert name in twin.robot.joints
    # Standing upright, the tilted sensor feels gravity to the side.
    mujoco.mj_forward(model, twin.data)
    site = twin.data.site(imu.frame).xmat.reshape(3, 3)
    upright = plain.data.site(imu.frame).xmat.reshape(3, 3)
    gravity = (upright.T @ site).T @ np.array([0.0, 0.0, 1.0])
    np.testing.assert_allclose(gravity[:2], [0.01, 0.02], atol=3e-4)


def test_what_is_slippery_on_purpose_stays_so(
    rx1: Robot, ranges: VariationRanges
) -> None:
    variation = draw_variation(ranges, rx1, 1)
    model = varied_twin(rx1, load_world("slippery"), variation).model
    assert model.geom("ground").friction[0] == variation.friction
    assert model.geom("sheet").friction[0] == 0.3
