# SPDX-License-Identifier: Apache-2.0
"""Grids of costs, against brute force and Nav2's formula."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from renxing.errors import ConfigError
from renxing.mapping import Heights, TraversabilityConfig, traversability
from renxing.navigation import (
    FREE,
    INSCRIBED,
    LETHAL,
    UNKNOWN,
    CostGrid,
    from_elevation_costs,
    from_occupancy,
    inflate,
    mark,
    merge,
)
from renxing.navigation.distance import distances


def grid(
    costs: object, side: float = 0.1, origin: tuple[float, float] = (0, 0)
) -> CostGrid:
    return CostGrid(
        costs=np.array(costs, np.uint8), resolution=side, origin=np.array(origin, float)
    )


def test_a_row_lies_along_x() -> None:
    three = grid([[1, 2, 3], [4, 5, 6]], 0.5, (-1.0, 2.0))
    assert three.cell([[-0.9, 2.1], [0.4, 2.6]]).tolist() == [[0, 0], [1, 2]]
    assert three.point([[0, 0], [1, 2]]).tolist() == [[-0.75, 2.25], [0.25, 2.75]]
    assert three.cost_at([0.4, 2.1]) == 3
    assert three.cost_at([[-0.9, 2.9], [0.6, 2.1], [-1.1, 2.1]]).tolist() == [
        4,
        255,
        255,
    ]
    assert three.inside([[0.49, 2.99], [0.51, 2.0]]).tolist() == [True, False]


def test_what_stands_is_lethal_where_it_stands() -> None:
    empty = grid(np.full((2, 3), UNKNOWN), 0.5, (-1.0, 2.0))
    marked = mark(empty, [[-0.9, 2.1], [0.4, 2.6], [9.0, 9.0], [-1.1, 2.1]])
    assert marked.costs.tolist() == [
        [LETHAL, UNKNOWN, UNKNOWN],
        [UNKNOWN, UNKNOWN, LETHAL],
    ]
    assert (empty.costs == UNKNOWN).all()
    assert (mark(empty, np.empty((0, 2))).costs == UNKNOWN).all()


def test_what_the_map_does_not_have_is_given_a_berth() -> None:
    costs = np.zeros((60, 60), np.uint8)
    costs[:, 5] = LETHAL
    room = grid(costs, 0.05)
    wall, post = (0.4, 1.0), (2.0, 1.0)
    plain, wide = mark(room, [wall, post]), mark(room, [wall, post], 0.12)
    added = wide.point(np.argwhere(wide.costs != plain.costs))
    away = np.linalg.norm(added - post, axis=1)
    assert 0.08 < away.min() and 0.1 < away.max() < 0.16
    turned = np.arctan2(*(added - post).T)
    assert np.diff(np.sort(turned)).max() < 1.0  # all around
    assert (mark(room, np.empty((0, 2)), 0.12).costs == costs).all()


@given(st.integers(0, 30), st.integers(0, 40))
def test_the_middle_of_a_cell_lies_in_it(row: int, column: int) -> None:
    some = grid(np.zeros((31, 41)), 0.05, (-7.3, 4.1))
    assert some.cell(some.point([row, column])).tolist() == [row, column]


@pytest.mark.parametrize(
    ("costs", "side", "origin"),
    [
        (np.zeros(3), 0.1, (0.0, 0.0)),
        (np.zeros((0, 3)), 0.1, (0.0, 0.0)),
        (np.zeros((3, 3)), 0.0, (0.0, 0.0)),
        (np.zeros((3, 3)), np.nan, (0.0, 0.0)),
        (np.zeros((3, 3)), 0.1, (0.0, np.inf)),
    ],
)
def test_what_is_no_grid_is_refused(
    costs: np.ndarray, side: float, origin: tuple[float, float]
) -> None:
    with pytest.raises(ConfigError, match="cost grid"):
        grid(costs, side, origin)


def test_costs_of_a_message_may_be_read_only() -> None:
    costs = np.frombuffer(bytes([0, 0, 254, 0]), np.uint8).reshape(2, 2)
    some = CostGrid(costs=costs, resolution=0.1, origin=np.zeros(2))
    assert inflate(some, 0.1, 0.1, 1.0).costs.tolist() == [[253, 0], [254, 253]]


def test_occupancy_becomes_costs() -> None:
    costs = from_occupancy([[-1, 0, 13, 64, 65, 100]], 0.1, (0.0, 0.0)).costs
    assert costs.tolist() == [[UNKNOWN, FREE, 50, 248, LETHAL, LETHAL]]


def test_ground_below_the_standing_robot_is_free() -> None:
    costs = np.full((5, 5), np.nan)
    costs[0] = [0.0, 0.5, 0.99, 1.0, 3.0]
    blind = from_elevation_costs(costs, 0.1, (0.0, 0.0))
    assert blind.costs[0].tolist() == [0, 126, 249, LETHAL, LETHAL]
    assert (blind.costs[1:] == UNKNOWN).all()
    stands = from_elevation_costs(costs, 0.1, (0.0, 0.0), (0.25, 0.25), 0.11)
    free = np.argwhere(stands.costs[1:] == FREE).tolist()
    assert free == [[0, 2], [1, 1], [1, 2], [1, 3], [2, 2]]
    assert (stands.costs[0] == blind.costs[0]).all()


def test_what_mapping_judges_arrives_where_it_is() -> None:
    """The recipe in the docstring, with a wall at x = 1.4 m, y below 0 m."""
    height = np.zeros((50, 40), np.float32)
    origin = np.array([0.0, -1.0])  # middle of the first cell; [i, j] at x, y
    height[35:37, :25] = 1.0
    heights = Heights(
        stamp=0.0,
        origin=origin,
        resolution=0.04,
        height=height,
        variance=np.full(height.shape, 1e-4, np.float32),
        upper=np.full(height.shape, np.inf, np.float32),
    )
    score = traversability(heights, TraversabilityConfig()).score
    some = from_elevation_costs(1.0 - score.T, 0.04, heights.origin - 0.02)
    assert some.cost_at([[1.4, -0.8], [1.4, -0.1]]).tolist() == [LETHAL, LETHAL]
    assert some.cost_at([[1.4, 0.3], [0.8, -0.8]]).tolist() == [FREE, FREE]


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 0.3), st.integers(1, 30))
@settings(max_examples=40, deadline=None)
def test_distances_are_exact_within_reach(
    seed: int, density: float, reach: int
) -> None:
    random = np.random.default_rng(seed)
    costs = np.where(random.random((17, 23)) < density, 254, 0).astype(np.uint8)
    found = np.sqrt(distances(costs, float(reach), False))
    wanted = distance_transform_edt(costs != 254) if costs.any() else found
    near = np.minimum(wanted, found) <= reach
    assert found[near] == pytest.approx(wanted[near])
    assert (found[~near] > reach).all()


def test_costs_fall_off_by_nav2s_rule() -> None:
    costs = np.zeros((41, 41), np.uint8)
    costs[20, 20] = LETHAL
    costs[20, 22:26] = UNKNOWN
    costs[0, 0] = 77
    found = inflate(grid(costs, 0.05), 0.2, 0.6, 3.0).costs
    i, j = np.indices(costs.shape)
    d = np.round(0.05 * np.hypot(i - 20, j - 20), 6)
    wanted = np.where(d <= 0.2, 253, np.floor(252 * np.exp(-3.0 * (d - 0.2))))
    wanted[d > 0.6] = 0
    wanted[20, 20], wanted[0, 0] = 254, 77
    # Unknown stays unknown where the robot would not touch for certain.
    wanted[20, 25] = 255
    assert (found == wanted).all()


def test_the_greater_of_two_costs_counts() -> None:
    map_ = grid([[0, 100, 254, 255, 255, 50]])
    seen = grid([[254, 30, 0, 7, 255, 255]])
    assert merge(map_, seen).costs.tolist() == [[254, 100, 254, 7, 255, 50]]


@pytest.mark.parametrize("side", [0.02, 0.1, 0.23])
@pytest.mark.parametrize("yaw", [0.0, 0.5, -2.0])
def test_a_window_is_put_where_it_was_seen(side: float, yaw: float) -> None:
    map_ = grid(np.zeros((80, 80)), 0.1, (-4.0, -4.0))
    window = grid(np.full((round(2.0 / side), round(2.0 / side)), 9), side, (0.5, -1.0))
    window.costs[:2] = LETHAL
    pose = np.array([0.3, -0.2])
    found = merge(map_, window, (pose[0], pose[1], yaw))
    turn = np.array([[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]])
    middles = map_.point(np.argwhere(map_.costs == 0)).reshape(80, 80, 2)
    expected = window.cost_at((middles - pose) @ turn)
    inner = expected != UNKNOWN
    # No hole, and what is added beside it comes from cells that share a border.
    assert (found.costs[inner] >= expected[inner]).all()
    assert (found.costs[inner] > 0).all()
    extra = (found.costs > 0) & ~inner
    assert extra.sum() < 0.2 * inner.sum()
    # Nothing thin is lost: each lethal cell is found again where its middle lies.
    lethal = window.point(np.argwhere(window.costs == LETHAL)) @ turn.T + pose
    assert (found.cost_at(lethal) == LETHAL).all()


def test_inscribed_is_what_touches() -> None:
    costs = np.zeros((30, 30), np.uint8)
    costs[15, 15] = LETHAL
    found = inflate(grid(costs, 0.05), 0.3, 0.5, 5.0)
    places = found.point(np.argwhere(found.costs == INSCRIBED))
    away = np.linalg.norm(places - found.point([15, 15]), axis=1)
    assert away.max() <= 0.3 + 1e-9
    assert len(places) == 112
