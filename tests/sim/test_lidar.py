# SPDX-License-Identifier: Apache-2.0
"""Beams measure what stands around, and never the housing that sends them."""

import math
from pathlib import Path

import mujoco
import numpy as np
import pytest

from renxing.errors import ModelError
from renxing.robot import Robot
from renxing.robot.description import Lidar
from renxing.sim import Twin, World, load_world
from renxing.sim.lidar import LidarCaster


def lidar_of(robot: Robot) -> Lidar:
    return robot.description.sensors.lidars[0]


def cloud_in_odom(twin: Twin, lidar: Lidar, seed: int = 0) -> np.ndarray:
    """Return finite points in odom, shape (n, 3)."""
    cloud = LidarCaster(twin.model, lidar, seed).scan(twin.data)
    assert cloud.shape == (lidar.rings, lidar.columns, 3)
    site = twin.data.site(lidar.frame)
    points = cloud.reshape(-1, 3) @ site.xmat.reshape(3, 3).T + site.xpos
    return np.asarray(points[np.isfinite(points).all(axis=1)])


STREET = """
name: street
fixed:
  - {kind: box, name: wall, size: [0.2, 6.0, 3.0], at: [2.1, 0.0, 1.5]}
"""


@pytest.fixture
def street(tmp_path: Path) -> World:
    """Return a floor with one wall two metres ahead."""
    file = tmp_path / "street.yaml"
    file.write_text(STREET)
    return load_world(file)


@pytest.fixture
def twin(robot: Robot, street: World) -> Twin:
    twin = Twin(robot, street)
    twin.reset_to(robot.posture("stand"))
    mujoco.mj_forward(twin.model, twin.data)
    return twin


def test_it_measures_floor_and_wall_as_far_as_it_errs(twin: Twin, robot: Robot) -> None:
    lidar = lidar_of(robot)
    points = cloud_in_odom(twin, lidar)
    eye = twin.data.site(lidar.frame).xpos
    beside = np.abs(points[:, 1]) < 1.5
    wall = points[beside & (points[:, 0] > 1.9) & (points[:, 2] > 0.2)]
    assert len(wall) > 100
    assert np.abs(wall[:, 0] - 2.0).max() < 6.0 * lidar.noise
    assert np.std(wall[:, 0]) == pytest.approx(lidar.noise, rel=0.5)
    behind = points[(points[:, 0] < -0.5) & (np.hypot(*points[:, :2].T) > 0.6)]
    assert len(behind) > 100
    assert np.abs(behind[:, 2]).max() < 6.0 * lidar.noise
    # Nothing of what carries it: no point is at the scanner itself.
    assert np.linalg.norm(points - eye, axis=1).min() > 0.1


def test_it_looks_all_around_and_repeats(twin: Twin, robot: Robot) -> None:
    lidar = lidar_of(robot)
    points = cloud_in_odom(twin, lidar)
    bearing = np.arctan2(points[:, 1], points[:, 0])
    counts, _ = np.histogram(bearing, 36, (-math.pi, math.pi))
    assert (counts > 0).all()
    assert np.array_equal(points, cloud_in_odom(twin, lidar))
    assert not np.array_equal(points, cloud_in_odom(twin, lidar, seed=1))


def test_the_scene_is_left_as_it_was(twin: Twin, robot: Robot) -> None:
    groups = twin.model.geom_group.copy()
    cloud_in_odom(twin, lidar_of(robot))
    assert np.array_equal(twin.model.geom_group, groups)


def test_a_frame_that_is_missing_is_named(twin: Twin) -> None:
    lidar = Lidar(
        name="back",
        frame="tail",
        elevation=(-0.5, 0.5),
        rings=2,
        columns=4,
        range=(0.1, 9.0),
        rate=10.0,
        noise=0.0,
    )
    with pytest.raises(ModelError, match="lidar 'back': no frame 'tail'"):
        LidarCaster(twin.model, lidar, 0)


@pytest.mark.parametrize("key", ["elevation", "range"])
def test_an_interval_that_is_inside_out_is_refused(key: str) -> None:
    good = {"elevation": (-0.5, 0.5), "range": (0.1, 9.0)}
    wrong = {**good, key: (0.6, 0.5)}
    with pytest.raises(ValueError, match=f"{key}: .*first must be below"):
        Lidar("a", "b", wrong["elevation"], 2, 4, wrong["range"], 10.0, 0.0)
