# SPDX-License-Identifier: Apache-2.0
"""A route to a goal over a grid of costs.

In: `CostGrid`, start, goal.  Out: poses x, y, yaw in the map frame.
Method: A* over cells, pulled taut and rounded where that is about as cheap.
"""

from dataclasses import dataclass, field
from enum import Enum

import numpy as np
import numpy.typing as npt

from renxing.errors import ConfigError, RenxingError
from renxing.navigation import search
from renxing.navigation.grid import INSCRIBED, LETHAL, UNKNOWN, CostGrid
from renxing.navigation.smoothing import line_cost, pull_taut, relax, subdivide
from renxing.spatial import Array, Integers

TRAPPED = 10.0  # times the dearest open cell: what closed cells cost who must leave
PULL = 0.5  # part of the gap to the middle of its neighbours that a pose goes at once
RELAX_COST = 2e-7  # [s] a pose and round, twice what it took on one core of a server


class Reason(Enum):
    """Why there is no route."""

    START_OUTSIDE = "start outside the grid"
    GOAL_OUTSIDE = "goal outside the grid"
    START_OCCUPIED = "start occupied"
    GOAL_OCCUPIED = "goal occupied"
    NO_PATH = "no path"
    TIMEOUT = "gave up"


class NoRoute(RenxingError):
    """There is no route.

    Attributes:
        reason: Why.
    """

    def __init__(self, reason: Reason, text: str) -> None:
        """Say why, where, and what is allowed."""
        super().__init__(f"{reason.value}: {text}")
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannerConfig:
    """The planner.

    Attributes:
        tolerance: How far from the goal a route may end where the goal itself is
            occupied or cannot be reached [m].
        unknown_allowed: Whether a route may lead over what nobody has seen.
        unknown_cost: What that costs, of 252.
        cost_factor: How many times its length a route over cells of cost 252 costs
            more [-]; 0 takes the shortest way, even along walls.
        escape: How far it may lead over inscribed or unknown cells if it begins on
            one [m].
        spacing: Greatest distance of two poses [m].
        smoothing: Rounds that corners are rounded in.
        most_cells: After looking at so many it gives up.
    """

    tolerance: float = field(default=0.25, metadata={"min": 0.0, "max": 5.0})
    unknown_allowed: bool = False
    unknown_cost: int = field(default=100, metadata={"min": 0, "max": 252})
    cost_factor: float = field(default=4.0, metadata={"min": 0.0, "max": 50.0})
    escape: float = field(default=0.6, metadata={"min": 0.0, "max": 3.0})
    spacing: float = field(default=0.1, metadata={"min": 0.01, "max": 1.0})
    smoothing: int = field(default=60, metadata={"min": 0, "max": 1000})
    most_cells: int = field(default=4_000_000, metadata={"min": 100, "max": 10**9})


def plan(
    grid: CostGrid,
    start: npt.ArrayLike,
    goal: npt.ArrayLike,
    config: PlannerConfig | None = None,
) -> Array:
    """Plan a route.

    Args:
        grid: Inflated, so that a cell below 253 is room enough for the robot.
        start: x, y [m], yaw [rad] in the map frame, shape (3,).
        goal: Likewise.
        config: The planner.

    Returns:
        Poses x, y [m], yaw [rad] in the map frame, shape (n, 3), n at least 2. The
        first is the start; the last is the goal, or the nearest place to it within the
        tolerance, with the goal's yaw. In between they look where the route leads.

    Raises:
        NoRoute: If there is none.
        ConfigError: If start or goal are not three finite numbers.
    """
    config = config or PlannerConfig()
    begin, end = _pose("start", start), _pose("goal", goal)
    weights = _weights(config)
    if not grid.inside(begin):
        raise NoRoute(Reason.START_OUTSIDE, _where("start", begin, grid))
    if not grid.inside(end):
        raise NoRoute(Reason.GOAL_OUTSIDE, _where("goal", end, grid))
    if grid.cost_at(begin) == LETHAL:
        raise NoRoute(Reason.START_OCCUPIED, _where("start", begin, grid))
    columns = grid.costs.shape[1]
    cells, last = _cells(grid, weights, begin, end, config)
    middles = np.column_stack([cells % columns, cells // columns]) + 0.5
    way = np.asarray(middles, float)
    way[0] = _to_cells(grid, begin)
    if last:
        if len(way) == 1:
            way = np.concatenate([way, way])
        way[-1] = _to_cells(grid, end)
    elif len(way) == 1:
        way = np.concatenate([way, middles])
    # The part that leaves closed cells stays as it was found.
    closed = np.isinf(weights[grid.costs.reshape(-1)[cells]])
    first = int(np.argmin(closed)) if closed[0] else 0
    rest = pull_taut(grid.costs, weights, way[first:])
    rest = subdivide(rest, config.spacing / grid.resolution)
    rest = relax(grid.costs, weights, rest, config.smoothing, PULL)
    points = grid.origin + grid.resolution * np.concatenate([way[:first], rest])
    return _poses(points, begin[2], end[2])


def smooth(grid: CostGrid, path: npt.ArrayLike, seconds: float) -> Array:
    """Round the corners of a path where that is about as cheap.

    Args:
        grid: Inflated.
        path: Poses x, y [m], yaw [rad] in the map frame, shape (n, 3).
        seconds: What it may take [s]; turned into rounds, since rooms know no clock.

    Returns:
        As many poses, the ends as they were. It leads over unknown cells only if it
        did before.
    """
    poses = _path(path)
    if len(poses) < 3:
        return poses.copy()
    unknown = bool((grid.cost_at(poses) == UNKNOWN).any())
    weights = _weights(PlannerConfig(unknown_allowed=unknown))
    way = _to_cells(grid, poses)
    rounds = int(np.clip(seconds / (RELAX_COST * len(way)), 0, 1000))
    way = relax(grid.costs, weights, way, rounds, PULL)
    points = grid.origin + grid.resolution * way
    points[[0, -1]] = poses[[0, -1], :2]
    return _poses(points, poses[0, 2], poses[-1, 2])


def path_length(path: npt.ArrayLike) -> float:
    """Return the length of a path [m]; poses of shape (n, 2) or (n, 3)."""
    places = np.asarray(path, float)[:, :2]
    return float(np.linalg.norm(np.diff(places, axis=0), axis=1).sum())


def is_valid(
    grid: CostGrid, path: npt.ArrayLike, unknown_allowed: bool = False
) -> tuple[bool, Integers]:
    """Say whether a path can still be walked.

    Args:
        grid: Inflated.
        path: Poses x, y [m], yaw [rad] in the map frame, shape (n, 3).
        unknown_allowed: Whether it may lead over what nobody has seen.

    Returns:
        Whether it is valid, and the indices of poses that are not: on inscribed,
        lethal or unknown cells or off the grid, or with such a cell on the line from
        a valid pose before. Poses at the path's begin that leave inscribed or unknown
        cells are valid.
    """
    poses = _path(path)
    weights = _weights(PlannerConfig(unknown_allowed=unknown_allowed))
    cost = grid.cost_at(poses)
    bad = np.isinf(weights[cost]) | ~grid.inside(poses)
    leaving = np.logical_and.accumulate(bad & (cost != LETHAL) & grid.inside(poses))
    way = _to_cells(grid, poses)
    for k in range(1, len(way)):
        if not (bad[k] or bad[k - 1]):
            bad[k] = np.isinf(line_cost(grid.costs, weights, *way[k - 1], *way[k]))
    invalid = np.flatnonzero(bad & ~leaving)
    return len(invalid) == 0, invalid


def rehearse() -> None:
    """Compile now what is compiled, rather than at the first goal."""
    grid = CostGrid(
        costs=np.zeros((8, 8), np.uint8), resolution=0.1, origin=np.zeros(2)
    )
    grid.costs[3:5, :5] = LETHAL
    grid.costs[7, 0] = LETHAL
    path = plan(grid, (0.1, 0.1, 0.0), (0.05, 0.75, 0.0))
    smooth(grid, path, 1.0)
    is_valid(grid, path)


def _cells(
    grid: CostGrid, weights: Array, begin: Array, end: Array, config: PlannerConfig
) -> tuple[Integers, bool]:
    """Return the cells of the cheapest way, and whether it ends in the goal's."""
    costs, columns = grid.costs, grid.costs.shape[1]
    radius = config.tolerance / grid.resolution
    x, y = _to_cells(grid, end)
    (i, j), (gi, gj) = grid.cell(begin), grid.cell(end)
    wanted = aim = int(gi * columns + gj)
    nothing = np.empty(0, np.int8)
    if np.isinf(weights[costs[gi, gj]]):
        aim = search.nearest(costs, weights, nothing, y, x, radius, False)
        if aim < 0:
            raise NoRoute(
                Reason.GOAL_OCCUPIED,
                f"{_where('goal', end, grid)}, and nothing free within "
                f"{config.tolerance:g} m",
            )
    open_weights = weights[np.isfinite(weights)]
    outcome, entered = search.search(
        costs,
        weights,
        int(i * columns + j),
        aim,
        TRAPPED * float(open_weights.max()),
        config.escape / grid.resolution,
        config.most_cells,
    )
    if outcome == search.GAVE_UP:
        raise NoRoute(
            Reason.TIMEOUT,
            f"to ({end[0]:.2f}, {end[1]:.2f}) m: {config.most_cells} cells looked at, "
            "as many as allowed",
        )
    if outcome == search.EXHAUSTED:
        aim = search.nearest(costs, weights, entered, y, x, radius, True)
        if aim < 0:
            raise NoRoute(
                Reason.NO_PATH,
                f"from ({begin[0]:.2f}, {begin[1]:.2f}) m nothing within "
                f"{config.tolerance:g} m of ({end[0]:.2f}, {end[1]:.2f}) m can be "
                "reached",
            )
    found = search.trace(entered, columns, aim).astype(np.int64)
    return found, aim == wanted


def _weights(config: PlannerConfig) -> Array:
    """Return how many times its length a way costs over each of the 256 costs."""
    weights = 1.0 + config.cost_factor * np.arange(256) / 252.0
    weights[INSCRIBED:] = np.inf
    if config.unknown_allowed:
        weights[UNKNOWN] = weights[config.unknown_cost]
    return np.asarray(weights)


def _to_cells(grid: CostGrid, poses: Array) -> Array:
    return np.asarray((poses[..., :2] - grid.origin) / grid.resolution)


def _poses(points: Array, first_yaw: float, last_yaw: float) -> Array:
    """Return poses that look along the line of their neighbours, shape (n, 3)."""
    along = np.gradient(points, axis=0)
    yaw = np.arctan2(along[:, 1], along[:, 0])
    yaw[0], yaw[-1] = first_yaw, last_yaw
    return np.column_stack([points, yaw])


def _pose(name: str, values: npt.ArrayLike) -> Array:
    pose = np.array(values, float)
    if pose.shape != (3,) or not np.isfinite(pose).all():
        raise ConfigError(f"{name} {pose.tolist()}: three finite numbers wanted")
    return pose


def _path(values: npt.ArrayLike) -> Array:
    path = np.array(values, float)
    if path.ndim != 2 or path.shape[1:] != (3,) or not np.isfinite(path).all():
        raise ConfigError(f"path of shape {path.shape}: finite, (n, 3) wanted")
    return path


def _where(name: str, pose: Array, grid: CostGrid) -> str:
    """Say what is at a pose, and what is allowed there."""
    place = f"{name} ({pose[0]:.2f}, {pose[1]:.2f}) m"
    if grid.inside(pose):
        allowed = LETHAL - 1 if name == "start" else INSCRIBED - 1
        return f"{place}: cost {grid.cost_at(pose)}, at most {allowed} allowed"
    low = grid.origin
    high = low + grid.resolution * np.array(grid.costs.shape[::-1])
    return (
        f"{place}: ({low[0]:.2f} to {high[0]:.2f}, {low[1]:.2f} to {high[1]:.2f}) m "
        "allowed"
    )
