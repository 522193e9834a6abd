# SPDX-License-Identifier: Apache-2.0
"""Where it can walk, on ground that is known exactly."""

import numpy as np
import pytest

from renxing.mapping import Heights, TraversabilityConfig, traversability
from renxing.mapping.traversability import Traversability

CELL = 0.04


def judge(height: np.ndarray, upper: np.ndarray | None = None) -> Traversability:
    bound = np.full(height.shape, np.inf) if upper is None else upper
    heights = Heights(
        stamp=0.0,
        origin=np.zeros(2),
        resolution=CELL,
        height=height.astype(np.float32),
        variance=np.full(height.shape, 1e-4, np.float32),
        upper=bound.astype(np.float32),
    )
    return traversability(heights, TraversabilityConfig())


def plane(angle: float, cells: int = 40) -> np.ndarray:
    return np.repeat(CELL * np.arange(cells)[:, None] * np.tan(angle), cells, axis=1)


@pytest.mark.parametrize("angle", [0.0, 0.087, 0.262])
def test_slope_is_that_of_the_plane(angle: float) -> None:
    ground = judge(plane(angle))
    assert ground.slope == pytest.approx(angle, abs=1e-4)
    assert np.abs(ground.roughness).max() < 1e-4
    assert (ground.score > 0.2).all()
    assert not ground.drop.any()


def test_ground_that_is_too_steep_is_not_walked_on() -> None:
    assert (judge(plane(0.5)).score[3:-3, 3:-3] == 0.0).all()


@pytest.mark.parametrize(("rise", "walkable"), [(0.18, True), (0.25, False)])
def test_steps_are_judged_by_their_height(rise: float, walkable: bool) -> None:
    height = np.zeros((40, 40))
    height[20:] = rise
    ground = judge(height)
    assert np.nanmax(ground.step) == pytest.approx(rise, abs=1e-6)
    at_edge = ground.score[18:22, 5:-5]
    assert (at_edge > 0.0).all() if walkable else (at_edge == 0.0).all()
    assert (ground.score[5:15, 5:-5] == 1.0).all()


def test_a_drop_is_seen_across_ground_that_is_hidden() -> None:
    height = np.zeros((60, 30))
    height[30:36] = np.nan
    height[36:] = -0.3
    ground = judge(height)
    assert ground.drop[29, 1:-1].all()
    assert not ground.drop[:28].any()
    assert not ground.drop[36:].any()
    assert (ground.score[29, 1:-1] == 0.0).all()


def test_hidden_ground_alone_is_no_drop() -> None:
    height = np.zeros((60, 30))
    height[30:36] = np.nan
    assert not judge(height).drop.any()
    height[36:] = np.nan
    assert not judge(height).drop.any()


def test_a_ray_below_the_edge_is_enough() -> None:
    """Nothing was measured behind the edge, but rays passed there on their way down."""
    height = np.zeros((60, 30))
    height[30:] = np.nan
    upper = np.full(height.shape, np.inf)
    upper[30:45] = -0.03 * np.arange(1, 16)[:, None]
    ground = judge(height, upper)
    assert ground.drop[29, 1:-1].all()
    assert not judge(height, upper + 0.4).drop.any()


def test_stairs_down_are_no_drop() -> None:
    height = np.zeros((60, 30))
    height[20:28] = -0.17
    height[28:36] = -0.34
    height[36:] = -0.51
    ground = judge(height)
    assert not ground.drop.any()
    assert (ground.score[5:-5, 5:-5] > 0.0).all()


def test_what_is_not_known_is_not_judged() -> None:
    height = np.full((30, 30), np.nan)
    height[10:12, 10:12] = 0.0
    ground = judge(height)
    assert np.isnan(ground.score).all()
    assert not ground.drop.any()
