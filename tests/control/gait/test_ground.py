# SPDX-License-Identifier: Apache-2.0
"""What soles feel and what a map knows."""

import numpy as np
import pytest

from renxing.control.gait.ground import Ground, nearest_stretch
from renxing.signals import ElevationMap
from renxing.spatial import SE3, Array

SOLE = np.array([0.1, 0.05])


def pose(x: float, y: float, z: float) -> SE3:
    return SE3(np.eye(3), np.array([x, y, z]))


def walk(ground: Ground, height: "object", steps: int = 6) -> Array:
    """Feel a way of steps of 0.3 m; return where the last foot stood."""
    for k in range(steps):
        x, y = 0.3 * k, 0.1 * (-1) ** k
        last = np.array([x, y, height(k, x, y)])  # type: ignore[operator]
        ground.feel(last)
    return last


def step_map(rise: float) -> ElevationMap:
    """Level, and higher by `rise` from x = 0.3 on; known 2 m around."""
    heights = np.zeros((201, 201))
    heights[130:] = rise
    return ElevationMap(
        stamp=0.0, origin=np.array([-1.0, -1.0]), resolution=0.01, height=heights
    )


def test_level_until_told_otherwise() -> None:
    height, normal = Ground(SOLE).surface(pose(1.0, 2.0, 0.3), np.array([2.0, 1.0]), 0)
    assert height == 0.3
    np.testing.assert_array_equal(normal, [0.0, 0.0, 1.0])


@pytest.mark.parametrize("slope", [0.15, -0.1])
def test_ramp_is_learnt(slope: float) -> None:
    ground = Ground(SOLE)
    last = walk(ground, lambda k, x, y: slope * x)
    height, normal = ground.surface(
        pose(*last), np.array([last[0] + 0.3, -last[1]]), 0.0
    )
    assert height - last[2] == pytest.approx(0.3 * slope, rel=0.1)
    assert -normal[0] / normal[2] == pytest.approx(slope, rel=0.1)
    assert abs(normal[1]) < 0.01
    assert np.linalg.norm(normal) == pytest.approx(1.0)


def test_side_slope_is_learnt_in_part() -> None:
    """Feet are near each other sideways: the prior weighs more."""
    ground = Ground(SOLE)
    walk(ground, lambda k, x, y: 0.1 * y)
    normal = ground.surface(pose(0.0, 0.0, 0.0), np.zeros(2), 0.0)[1]
    assert 0.05 < -normal[1] / normal[2] < 0.1


def test_block_is_not_taken_for_a_slope() -> None:
    """Two soles alone would make 0.15 of a block of 3 cm under one of them."""
    for block in range(3, 6):
        ground = Ground(SOLE)
        walk(ground, lambda k, x, y, b=block: 0.03 * (k == b))
        normal = ground.surface(pose(0.0, 0.0, 0.0), np.zeros(2), 0.0)[1]
        assert np.abs(normal[:2]).max() < 0.08


def test_ramp_is_forgotten_on_level_ground() -> None:
    ground = Ground(SOLE)
    walk(ground, lambda k, x, y: 0.15 * min(x, 0.9), steps=9)
    normal = ground.surface(pose(0.0, 0.0, 0.0), np.zeros(2), 0.0)[1]
    np.testing.assert_allclose(normal, [0.0, 0.0, 1.0], atol=1e-9)


def test_map_gives_steps_relative_to_the_foot_that_stands() -> None:
    """The map's zero is not the estimator's."""
    ground = Ground(SOLE)
    ground.map = step_map(0.12)
    height, normal = ground.surface(pose(0.0, 0.1, 0.5), np.array([0.5, -0.1]), 0.3)
    assert height == pytest.approx(0.62)
    np.testing.assert_allclose(normal, [0.0, 0.0, 1.0], atol=1e-12)


@pytest.mark.parametrize("yaw", [0.0, 0.7, -2.0])
def test_normal_of_a_mapped_slope_does_not_depend_on_the_foot(yaw: float) -> None:
    ground = Ground(SOLE)
    axis = -1.0 + 0.01 * np.arange(201)
    heights = 0.2 * axis[:, None] - 0.1 * axis[None, :]
    ground.map = ElevationMap(
        stamp=0.0, origin=np.array([-1.0, -1.0]), resolution=0.01, height=heights
    )
    normal = ground.surface(pose(0.0, 0.0, 0.0), np.array([0.3, 0.1]), yaw)[1]
    np.testing.assert_allclose(normal[:2] / normal[2], [-0.2, 0.1], atol=0.02)


def test_footholds_keep_a_rim_from_edges() -> None:
    ground, wanted = Ground(SOLE), np.array([0.25, 0.1])
    np.testing.assert_array_equal(ground.stand_place(wanted, 0.0), wanted)
    ground.map = step_map(0.12)
    place = ground.stand_place(wanted, 0.0)
    assert place[0] + SOLE[0] < 0.3 - 0.01 or place[0] - SOLE[0] > 0.3 + 0.01


def test_stretches_are_as_far_from_the_foot_that_stands() -> None:
    """Ahead of it and on the side of the foothold, whichever way it looks."""
    ground, span = Ground(SOLE), np.array([-0.4, 0.6])
    foot, place = np.array([0.1, -0.1]), np.array([0.25, 0.1])
    assert len(ground.stretches(foot, 0.0, place, span)) == 0
    ground.map = step_map(0.12)
    near, far = ground.stretches(foot, 0.0, place, span)
    # Soles end a rim before the edge at 0.3, which is 0.2 ahead.
    assert near[0] == -0.4 and far[1] == pytest.approx(0.6)
    assert near[1] == pytest.approx(0.2 - SOLE[0], abs=0.05)
    assert far[0] == pytest.approx(0.2 + SOLE[0], abs=0.05)
    back = ground.stretches(foot, np.pi, place, np.array([-0.6, 0.4]))
    np.testing.assert_allclose(back, [-far[::-1], -near[::-1]], atol=0.03)
    aside = ground.stretches(foot, np.pi / 2, foot + [0.4, 0.1], span)
    np.testing.assert_allclose(aside, [span])


def test_the_nearest_stretch_is_kept() -> None:
    treads = np.array([[-0.3, -0.2], [0.0, 0.1], [0.3, 0.4]])
    for ahead, nearest in ((-0.5, 0), (-0.12, 0), (-0.08, 1), (0.05, 1), (0.9, 2)):
        kept = nearest_stretch(treads, ahead)
        np.testing.assert_array_equal(kept, treads[nearest : nearest + 1])
    assert len(nearest_stretch(treads[:0], 0.1)) == 0


def test_obstacle_is_known_from_the_map_alone() -> None:
    ground, start, stance = Ground(SOLE), pose(0.0, 0.1, 0.4), pose(0.1, -0.1, 0.4)
    end = np.array([0.5, 0.1])
    assert ground.obstacle(start, stance, end) == -np.inf
    ground.map = step_map(0.12)
    assert ground.obstacle(start, stance, end) == pytest.approx(0.52)
    # Off the map it walks as if it had none.
    assert ground.obstacle(start, pose(9.0, 9.0, 0.0), end) == -np.inf
    height, _ = ground.surface(pose(9.0, 9.0, 0.1), end, 0.0)
    assert height == pytest.approx(0.1)
