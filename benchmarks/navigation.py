# SPDX-License-Identifier: Apache-2.0
"""Routes and the steps along them, on one core, beside SciPy's Dijkstra.

Floors of rooms of 4 m with doors of 1 m at random places, and things in them; the route
leads from corner to corner. Times are of the process, so that they mean something on a
machine that others use too.
"""

import time
from collections.abc import Callable

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from renxing.cli.bench import Row
from renxing.navigation import (
    CostGrid,
    Follower,
    NoRoute,
    Person,
    PlannerConfig,
    inflate,
    path_length,
    plan,
    rehearse,
)

SIDE = 0.05  # [m] of a cell
SIZES = (400, 1000)  # cells along each side
REFERENCE = 400  # Dijkstra is shown on this size: it looks at every cell
STEPS = 200  # of the follower
CROWDS = (0, 1, 5, 10)  # people around it


def run(seconds: float | None) -> list[Row]:
    """Measure plans on several floors, and steps with several people."""
    floors = max(3, round((seconds or 30.0) / 2.0))
    rehearse()
    rows: list[Row] = []
    for cells in SIZES:
        rows += _plans(cells, floors)
    return rows + [_steps(count) for count in CROWDS]


def _rooms(cells: int, seed: int) -> CostGrid:
    random = np.random.default_rng(seed)
    costs = np.zeros((cells, cells), np.uint8)
    costs[[0, -1]] = costs[:, [0, -1]] = 254
    walls = range(80, cells - 40, 80)
    for k in walls:
        costs[k : k + 2] = costs[:, k : k + 2] = 254
    for k in walls:
        for m in range(0, cells, 80):
            a, b = m + 15 + random.integers(0, 40, 2)
            costs[k : k + 2, a : a + 20] = costs[b : b + 20, k : k + 2] = 0
    for i, j in random.integers(40, cells - 40, (cells * cells // 4000, 2)):
        size = int(random.integers(1, 6))
        costs[i : i + size, j : j + size] = 254
    return CostGrid(costs=costs, resolution=SIDE, origin=np.zeros(2))


def _milliseconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return 1e3 * (time.process_time() - begun)


def _plans(cells: int, floors: int) -> list[Row]:
    times: dict[str, list[float]] = {}
    lengths, without = [], 0

    def measure(name: str, work: Callable[[], object]) -> None:
        times.setdefault(name, []).append(_milliseconds(work))

    start = (1.0, 1.0, 0.0)
    goal = (SIDE * cells - 1.0, SIDE * cells - 1.0, 0.0)
    config = PlannerConfig(tolerance=0.5)
    for seed in range(floors):
        raw = _rooms(cells, seed)
        grid = inflate(raw, 0.3, 0.8, 3.0)
        try:
            path = plan(grid, start, goal, config)
        except NoRoute:
            without += 1
            continue
        lengths.append(path_length(path))
        measure("inflate", lambda raw=raw: inflate(raw, 0.3, 0.8, 3.0))
        free = raw.costs < 254
        measure(
            "SciPy's distance transform",
            lambda free=free: distance_transform_edt(free),
        )
        measure("plan", lambda grid=grid: plan(grid, start, goal, config))
        if cells == REFERENCE:
            graph = _graph(grid.costs)
            first = int(start[1] / SIDE) * cells + int(start[0] / SIDE)
            measure(
                "SciPy's Dijkstra",
                lambda graph=graph, first=first: dijkstra(graph, indices=first),
            )
    note = f"{floors - without} floors with a route of {np.median(lengths):.0f} m"
    return [
        _row(f"{cells} x {cells} cells: {name}", values, note)
        for name, values in times.items()
    ]


def _graph(costs: np.ndarray) -> csr_array:
    """Return the open cells and their eight neighbours as a graph."""
    side = costs.shape[1]
    opened = costs < 253
    number = np.arange(costs.size).reshape(costs.shape)
    rows, columns, weights = [], [], []
    for i, j in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = (slice(0, side - i), slice(max(0, -j), side - max(0, j)))
        there = (slice(i, side), slice(max(0, j), side + min(0, j)))
        both = opened[here] & opened[there]
        rows.append(number[here][both])
        columns.append(number[there][both])
        mean = 0.5 * (costs[here][both].astype(float) + costs[there][both])
        weights.append(np.hypot(i, j) * (1.0 + 4.0 * mean / 252.0))
    a, b, w = (np.concatenate(parts) for parts in (rows, columns, weights))
    both_ways = (np.concatenate([w, w]), (np.append(a, b), np.append(b, a)))
    return csr_array(both_ways, shape=(costs.size, costs.size))


def _steps(count: int) -> Row:
    costs = np.zeros((160, 340), np.uint8)
    costs[[0, -1]] = costs[:, [0, -1]] = 254
    for x in (60, 100, 140, 180):
        costs[60:68, x : x + 8] = 254
    raw = CostGrid(costs=costs, resolution=SIDE, origin=np.zeros(2))
    grid = inflate(raw, 0.3, 0.9, 4.0)
    follower = Follower()
    follower.follow(plan(grid, (1.0, 4.0, 0.0), (16.0, 4.0, 0.0)))
    people = tuple(
        Person(
            k,
            np.array([3.0 + k % 5, 5.0]),
            np.array([0.2, -1.0]),
            0.01 * np.eye(4),
            0.0,
        )
        for k in range(count)
    )
    speed = np.array([0.3, 0.0, 0.0])
    values = [
        _milliseconds(lambda: follower.step([2.0, 3.9, 0.1], speed, grid, people, 0.1))
        for _ in range(STEPS)
    ]
    return _row(f"step of the follower, {count} people", values, f"{STEPS} steps")


def _row(name: str, values: list[float], note: str) -> Row:
    return Row(
        name=name,
        unit="ms",
        minimum=min(values),
        median=float(np.median(values)),
        p99=float(np.percentile(values, 99)),
        note=note,
    )
