# SPDX-License-Identifier: Apache-2.0
"""Routes: where they lead, what they never do, why there is none."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from tests.navigation.walker import SIDE, Walls, inflated, room

from renxing.errors import ConfigError, RenxingError
from renxing.navigation import (
    LETHAL,
    UNKNOWN,
    CostGrid,
    NoRoute,
    PlannerConfig,
    Reason,
    is_valid,
    path_length,
    plan,
    smooth,
)
from renxing.navigation.search import EXHAUSTED, FOUND, search, trace
from renxing.navigation.smoothing import line_cost
from renxing.spatial import Array

DOOR = room(8, 6, (3.9, 4.1, 0, 2.55), (3.9, 4.1, 3.45, 6))


def points_along(path: Array, gap: float) -> Array:
    """Places on a path's lines, no farther apart than a gap [m]."""
    pieces = []
    for a, b in zip(path[:-1, :2], path[1:, :2], strict=True):
        n = max(2, math.ceil(np.linalg.norm(b - a) / gap) + 1)
        pieces.append(a + np.linspace(0.0, 1.0, n)[:, None] * (b - a))
    return np.concatenate(pieces)


def reason_of(*args: object, **kwargs: object) -> Reason:
    with pytest.raises(NoRoute) as caught:
        plan(*args, **kwargs)
    assert isinstance(caught.value, RenxingError)
    return caught.value.reason


def test_over_an_open_floor_it_goes_straight() -> None:
    path = plan(room(10, 8, open_border=True), (1.0, 1.0, 2.0), (7.0, 5.0, -1.0))
    assert path_length(path) == pytest.approx(math.hypot(6.0, 4.0), rel=1e-3)
    assert path[0] == pytest.approx([1.0, 1.0, 2.0])
    assert path[-1] == pytest.approx([7.0, 5.0, -1.0])
    assert path[1:-1, 2] == pytest.approx(math.atan2(4.0, 6.0), abs=0.05)
    steps = np.linalg.norm(np.diff(path[:, :2], axis=0), axis=1)
    assert steps.max() <= 0.1 + 1e-9


def test_through_a_door_it_keeps_to_the_middle() -> None:
    path = plan(inflated(DOOR), (1.0, 1.5, 0.0), (7.0, 4.5, 0.0))
    inside = path[np.abs(path[:, 0] - 4.0) < 0.1]
    assert np.abs(inside[:, 1] - 3.0).max() < 0.1
    walls = Walls(DOOR)
    assert min(walls.distance(p) for p in path[:, :2]) > 0.38
    # No corner that a walking robot would have to stop for.
    turns = np.abs(np.remainder(np.diff(path[1:-1, 2]) + np.pi, 2 * np.pi) - np.pi)
    assert turns.max() < 0.5


def test_out_of_a_trap_it_goes_around() -> None:
    trap = room(10, 8, (3, 7, 6, 6.2), (3, 7, 2, 2.2), (6.8, 7, 2, 6.2))
    path = plan(inflated(trap), (4.0, 4.0, 0.0), (9.0, 4.0, 0.0))
    assert path[:, 0].min() < 3.0
    assert min(Walls(trap).distance(p) for p in path[:, :2]) > 0.3
    assert is_valid(inflated(trap), path)[0]


def test_a_detour_is_worth_room() -> None:
    """Two ways of nearly equal length: through 0.7 m, or through 2 m."""
    floor = room(10, 8, (4, 6, 0, 2.0), (4, 6, 2.7, 5.0), (4, 6, 7.0, 8.0))
    start, goal = (1.0, 3.4, 0.0), (9.0, 3.4, 0.0)
    wide = plan(inflated(floor), start, goal)
    assert wide[:, 1].max() > 5.0
    short = plan(inflated(floor), start, goal, PlannerConfig(cost_factor=0.0))
    assert short[:, 1].min() < 2.7
    assert path_length(short) < path_length(wide)


def test_a_gap_that_is_too_narrow_is_refused() -> None:
    def gap(width: float) -> CostGrid:
        return inflated(room(6, 4, (2.9, 3.1, 0, 2.0), (2.9, 3.1, 2.0 + width, 4.0)))

    assert reason_of(gap(0.55), (1, 2, 0), (5, 2, 0)) is Reason.NO_PATH
    assert is_valid(gap(0.75), plan(gap(0.75), (1, 2, 0), (5, 2, 0)))[0]


def test_why_there_is_no_route() -> None:
    floor = inflated(room(6, 4, (3, 3.1, 0, 4), (1.5, 1.7, 1.5, 1.7)))
    inside, beyond, off = (1.0, 2.0, 0.0), (5.0, 2.0, 0.0), (7.0, 2.0, 0.0)
    assert reason_of(floor, off, inside) is Reason.START_OUTSIDE
    assert reason_of(floor, inside, off) is Reason.GOAL_OUTSIDE
    assert reason_of(floor, (1.6, 1.6, 0), inside) is Reason.START_OCCUPIED
    assert reason_of(floor, inside, (1.6, 1.6, 0)) is Reason.GOAL_OCCUPIED
    assert reason_of(floor, inside, beyond) is Reason.NO_PATH
    few = PlannerConfig(most_cells=100)
    assert reason_of(floor, inside, beyond, few) is Reason.TIMEOUT


def test_the_reason_says_where_and_what_is_allowed() -> None:
    floor = inflated(room(6, 4))
    with pytest.raises(
        NoRoute, match=r"goal \(7.00, 2.00\) m: \(0.00 to 6.00, 0.00 to"
    ):
        plan(floor, (1, 2, 0), (7, 2, 0))
    with pytest.raises(NoRoute, match=r"\(0.10, 2.00\) m: cost 253, at most 252 allow"):
        plan(floor, (1, 2, 0), (0.1, 2, 0), PlannerConfig(tolerance=0.05))
    with pytest.raises(ConfigError, match="goal .* three finite numbers"):
        plan(floor, (1, 2, 0), (1, np.nan, 0))


def test_who_stands_too_near_a_wall_may_leave() -> None:
    floor = inflated(room(6, 4, (3, 3.1, 0, 4)))
    path = plan(floor, (0.15, 2.0, 1.0), (2.0, 2.0, 0.0))
    cost = floor.cost_at(path)
    assert cost[0] == 253
    # It never goes back, and what it does is no invalid path.
    assert (np.diff((cost >= 253).astype(int)) <= 0).all()
    assert is_valid(floor, path)[0]
    # But not through the wall, and not where leaving takes too long.
    assert reason_of(floor, (2.9, 2.0, 0.0), (5.0, 2.0, 0.0)) is Reason.NO_PATH
    patient = PlannerConfig(escape=0.05)
    assert reason_of(floor, (0.15, 2, 0), (2, 2, 0), patient) is Reason.NO_PATH


def test_a_goal_in_the_way_is_approached_within_the_tolerance() -> None:
    floor = inflated(room(6, 4))
    path = plan(floor, (1, 2, 0), (5.8, 2, 1.0), PlannerConfig(tolerance=0.5))
    assert path[-1, :2] == pytest.approx([5.62, 2.0], abs=0.06)
    assert path[-1, 2] == 1.0
    # A free goal that nothing leads to: the nearest place that something leads to.
    shut = room(6, 4, (4, 4.1, 0, 4))
    path = plan(inflated(shut), (1, 2, 0), (4.5, 2, 0), PlannerConfig(tolerance=1.0))
    assert path[-1, 0] == pytest.approx(3.62, abs=0.06)


def test_a_goal_in_the_cell_of_the_start() -> None:
    path = plan(room(2, 2), (1.01, 1.01, 0.3), (1.02, 1.03, 2.0))
    assert path.tolist() == [[1.01, 1.01, 0.3], [1.02, 1.03, 2.0]]


def test_what_nobody_has_seen_is_not_walked_on() -> None:
    floor = room(6, 4)
    floor.costs[:, 50:60] = UNKNOWN
    start, goal = (1.0, 2.0, 0.0), (5.0, 2.0, 0.0)
    assert reason_of(floor, start, goal) is Reason.NO_PATH
    path = plan(floor, start, goal, PlannerConfig(unknown_allowed=True))
    assert is_valid(floor, path, unknown_allowed=True)[0]
    assert not is_valid(floor, path)[0]
    # Unknown may be cheap or dear, and a way around is longer.
    floor.costs[70:-1, 50:60] = 0
    around = PlannerConfig(unknown_allowed=True, unknown_cost=252, cost_factor=20.0)
    assert (floor.cost_at(plan(floor, start, goal, around)) == 0).all()
    across = PlannerConfig(unknown_allowed=True, unknown_cost=0)
    assert (floor.cost_at(plan(floor, start, goal, across)) == UNKNOWN).any()


def random_grid(seed: int, density: float, levels: bool) -> CostGrid:
    random = np.random.default_rng(seed)
    costs = random.integers(0, 253, (20, 24)) if levels else np.zeros((20, 24))
    costs[random.random(costs.shape) < density] = LETHAL
    costs[random.random(costs.shape) < 0.3 * density] = UNKNOWN
    costs[2, 2] = costs[17, 21] = 0
    return CostGrid(
        costs=costs.astype(np.uint8), resolution=SIDE, origin=np.array([-3.0, 1.0])
    )


@given(
    st.integers(0, 2**32 - 1), st.floats(0.0, 0.45), st.booleans(), st.floats(0.0, 10.0)
)
@settings(max_examples=150, deadline=None)
def test_no_route_crosses_what_is_lethal(
    seed: int, density: float, levels: bool, factor: float
) -> None:
    grid = random_grid(seed, density, levels)
    start, goal = np.zeros(3), np.zeros(3)
    offset = np.random.default_rng(seed).uniform(-0.02, 0.02, (2, 2))
    start[:2], goal[:2] = grid.point([[2, 2], [17, 21]]) + offset
    config = PlannerConfig(cost_factor=factor, tolerance=0.0)
    try:
        path = plan(grid, start, goal, config)
    except NoRoute as error:
        assert error.reason is Reason.NO_PATH
        return
    for walked in (path, smooth(grid, path, 0.01)):
        assert walked[[0, -1]] == pytest.approx(np.array([start, goal]))
        assert grid.cost_at(points_along(walked, 0.002)).max() < 253
        assert is_valid(grid, walked)[0]


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 0.4), st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_search_finds_what_dijkstra_finds(
    seed: int, density: float, levels: bool
) -> None:
    costs = random_grid(seed, density, levels).costs
    weights = 1.0 + 3.0 * np.arange(256) / 252.0
    weights[253:] = np.inf
    rows, columns = costs.shape
    cell, other, cost = [], [], []
    w = weights[costs]
    for i in range(rows):
        for j in range(columns):
            for di, dj in ((0, 1), (1, 0), (1, 1), (1, -1)):
                a, b = i + di, j + dj
                if not (a < rows and 0 <= b < columns):
                    continue
                block = [w[i, j], w[a, b], w[i, b], w[a, j]]
                if np.isinf(block).any():
                    continue
                cell.append(i * columns + j)
                other.append(a * columns + b)
                cost.append(0.5 * math.hypot(di, dj) * (block[0] + block[1]))
    graph = coo_array((cost, (cell, other)), shape=(costs.size, costs.size))
    start, goal = 2 * columns + 2, 17 * columns + 21
    best = dijkstra(graph.tocsr(), directed=False, indices=start)[goal]
    outcome, entered = search(costs, weights, start, goal, 40.0, 5.0, 10**6)
    assert outcome == (EXHAUSTED if np.isinf(best) else FOUND)
    if outcome == FOUND:
        way = trace(entered, columns, goal)
        assert (way[0], way[-1]) == (start, goal)
        i, j = np.divmod(way, columns)
        length = np.hypot(np.diff(i), np.diff(j))
        passed = 0.5 * (w[i, j][1:] + w[i, j][:-1])
        assert (length * passed).sum() == pytest.approx(best, rel=1e-5)


@given(st.lists(st.floats(0.05, 7.95), min_size=4, max_size=4), st.integers(0, 99))
@settings(max_examples=100, deadline=None)
def test_a_line_costs_what_it_crosses(ends: list[float], seed: int) -> None:
    costs = np.random.default_rng(seed).integers(0, 253, (8, 8)).astype(np.uint8)
    weights = 1.0 + np.arange(256.0)
    x0, y0, x1, y1 = ends
    share = (np.arange(20000) + 0.5) / 20000
    x, y = x0 + share * (x1 - x0), y0 + share * (y1 - y0)
    mean = weights[costs[y.astype(int), x.astype(int)]].mean()
    found = line_cost(costs, weights, x0, y0, x1, y1)
    assert found == pytest.approx(
        mean * math.hypot(x1 - x0, y1 - y0), rel=5e-3, abs=0.02
    )


def test_what_got_into_the_way_is_named() -> None:
    floor = room(8, 4)
    path = plan(floor, (1.0, 2.0, 0.0), (7.0, 2.0, 0.0))
    assert is_valid(floor, path)[1].tolist() == []
    floor.costs[38:42, 80] = LETHAL
    valid, invalid = is_valid(floor, path)
    assert not valid
    assert path[invalid, 0] == pytest.approx([4.0], abs=0.06)
    # Also what stands between two poses, and what is off the grid.
    coarse = path[[0, -1]]
    assert is_valid(floor, coarse)[1].tolist() == [1]
    assert is_valid(floor, [[1.0, 2.0, 0.0], [9.0, 2.0, 0.0]])[1].tolist() == [1]
    with pytest.raises(ConfigError, match="path"):
        is_valid(floor, path[:, :2])


def test_smoothing_takes_corners_off_and_keeps_the_ends() -> None:
    floor = inflated(room(8, 8, (0, 4, 4, 8)))
    x = np.concatenate([np.arange(1.0, 5.0, 0.1), np.full(40, 5.0)])
    y = np.concatenate([np.full(40, 2.0), np.arange(2.0, 6.0, 0.1)])
    path = np.column_stack([x, y, np.full(80, 0.7)])
    smoothed = smooth(floor, path, 0.05)
    assert smoothed[[0, -1]] == pytest.approx(path[[0, -1]])
    assert path_length(smoothed) < path_length(path) - 0.2
    turns = np.abs(np.diff(smoothed[1:-1, 2]))
    assert turns.max() < 0.3
    assert is_valid(floor, smoothed)[0]
    # No time, no change; two poses have no corner.
    assert smooth(floor, path, 0.0)[:, :2] == pytest.approx(path[:, :2])
    assert smooth(floor, path[:2], 1.0) == pytest.approx(path[:2])


def test_rounds_of_smoothing_are_counted() -> None:
    floor = inflated(room(8, 6, (2, 4, 0, 3), (5, 6, 2.4, 6)))
    rough = plan(floor, (1, 1, 0), (7, 5, 0), PlannerConfig(smoothing=0, spacing=0.3))
    fine = plan(floor, (1, 1, 0), (7, 5, 0), PlannerConfig(spacing=0.3))
    assert len(rough) == len(fine)
    bend = [np.abs(np.diff(p[:, :2], 2, axis=0)).max() for p in (rough, fine)]
    assert bend[1] < 0.8 * bend[0]
