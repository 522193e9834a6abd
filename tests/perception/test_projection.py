# SPDX-License-Identifier: Apache-2.0
"""Pixels to points: against planes and points whose place is known."""

import numpy as np
import pytest

from renxing.perception import lift
from renxing.perception.projection import organised
from renxing.robot.pinhole import Pinhole
from renxing.spatial import transform

PINHOLE = Pinhole(width=64, height=48, focal=50.0, centre_x=31.5, centre_y=23.5)
# Looks down by 0.7 rad from 1.2 m, along x.
LOOKS_DOWN = transform((0.3, -0.2, 1.2), (0.0, 0.7, 0.4)) * transform(
    (0.0, 0.0, 0.0), (-np.pi / 2, 0.0, -np.pi / 2)
)


def floor() -> np.ndarray:
    """Return the depth image of the floor z = 0."""
    v, u = np.mgrid[:48, :64]
    rays = np.stack([(u - 31.5) / 50.0, (v - 23.5) / 50.0, np.ones(u.shape)], axis=-1)
    down = rays @ LOOKS_DOWN.rotation[2]
    depth = np.where(down < -0.05, -1.2 / down, 0.0)
    return depth.astype(np.float32)


def test_a_floor_becomes_a_floor() -> None:
    depth = floor()
    points = lift(depth, 0.01 * depth, PINHOLE, LOOKS_DOWN)
    assert len(points.position) == np.count_nonzero(depth)
    assert np.abs(points.position[:, 2]).max() < 1e-5


def test_points_project_to_their_pixels() -> None:
    depth = floor()
    points = lift(depth, depth, PINHOLE, LOOKS_DOWN).position
    seen = (points - LOOKS_DOWN.translation) @ LOOKS_DOWN.rotation
    v, u = np.nonzero(depth)
    assert np.allclose(50.0 * seen[:, 0] / seen[:, 2] + 31.5, u, atol=1e-4)
    assert np.allclose(50.0 * seen[:, 1] / seen[:, 2] + 23.5, v, atol=1e-4)


def test_variance_is_that_of_heights() -> None:
    """Against a finite difference: depth grows by its standard deviation."""
    depth = floor()
    deviation = (0.003 * depth**2).astype(np.float32)
    points = lift(depth, deviation, PINHOLE, LOOKS_DOWN)
    moved = lift(depth + deviation, deviation, PINHOLE, LOOKS_DOWN)
    change = moved.position[:, 2] - points.position[:, 2]
    assert np.allclose(points.variance, change**2, rtol=1e-3, atol=1e-9)


def test_what_is_too_far_or_missing_is_left_out() -> None:
    depth = np.array([[1.0, 0.0], [2.0, 5.0]], np.float32)
    points = lift(depth, depth, PINHOLE, LOOKS_DOWN, farthest=4.0)
    assert len(points.position) == 2


def test_the_cloud_has_a_place_for_each_pixel() -> None:
    cloud = organised(floor(), PINHOLE)
    assert cloud.shape == (48, 64, 3)
    assert np.isnan(cloud[floor() == 0.0]).all()
    there = floor() > 0.0
    assert cloud[there][:, 2] == pytest.approx(floor()[there])
    seen = cloud[there] @ LOOKS_DOWN.rotation.T + LOOKS_DOWN.translation
    assert np.abs(seen[:, 2]).max() < 1e-5
