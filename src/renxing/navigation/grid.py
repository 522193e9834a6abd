# SPDX-License-Identifier: Apache-2.0
"""What it costs to be where: a grid of costs in the map frame.

In: occupancy, traversability.  Out: `CostGrid`, with the numbers of Nav2's costmaps, so
that it passes to and from its messages unchanged.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from renxing.errors import ConfigError
from renxing.navigation.distance import distances
from renxing.spatial import Array, Integers, Mask

Costs = npt.NDArray[np.uint8]

FREE = 0
INSCRIBED = 253  # the robot's middle here means contact for certain
LETHAL = 254
UNKNOWN = 255
BERTH = 0.12  # [m] that a robot errs by and its hands stick out, kept off people
KNOWN = 0.25  # [m] from what a map has, within which it is that
RING = np.array([(math.cos(a), math.sin(a)) for a in np.arange(8) * math.pi / 4.0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CostGrid:
    """Costs of square cells.

    Attributes:
        costs: Shape (rows, columns), a row along x, rows along y, as in nav_msgs:
            0 free to 252, 253 inscribed, 254 lethal, 255 unknown.
        resolution: Side of a cell [m].
        origin: Lower left corner of cell [0, 0] in the map frame [m], shape (2,).
    """

    costs: Costs
    resolution: float
    origin: Array

    def __post_init__(self) -> None:
        """Check the shape, and own what compiled code is going to read.

        Raises:
            ConfigError: If there is no cell, or no size.
        """
        # Compiled code knows one kind of array: contiguous and not read-only.
        costs = np.require(self.costs, np.uint8, ["C", "W"])
        origin = np.require(self.origin, np.float64, ["C", "W"])
        if costs.ndim != 2 or costs.size == 0:
            raise ConfigError(f"cost grid: shape {costs.shape}, not (rows, columns)")
        if origin.shape != (2,) or not np.isfinite(origin).all():
            raise ConfigError(f"cost grid: origin {self.origin}: two numbers wanted")
        if not (math.isfinite(self.resolution) and self.resolution > 0.0):
            raise ConfigError(
                f"cost grid: resolution {self.resolution} m, above 0 allowed"
            )
        object.__setattr__(self, "costs", costs)
        object.__setattr__(self, "origin", origin)
        object.__setattr__(self, "resolution", float(self.resolution))

    def cell(self, points: npt.ArrayLike) -> Integers:
        """Return row and column of points [m], shape (..., 2); also outside."""
        offset = (np.asarray(points, float)[..., :2] - self.origin) / self.resolution
        return np.floor(offset).astype(np.int64)[..., ::-1]

    def point(self, cells: npt.ArrayLike) -> Array:
        """Return the middles [m] of cells given as row and column, shape (..., 2)."""
        middles = np.asarray(cells, float)[..., ::-1] + 0.5
        return np.asarray(self.origin + self.resolution * middles)

    def inside(self, points: npt.ArrayLike) -> Mask:
        """Say which points [m], shape (..., 2), lie on the grid."""
        cells = self.cell(points)
        return np.asarray(((cells >= 0) & (cells < self.costs.shape)).all(-1))

    def cost_at(self, points: npt.ArrayLike) -> Costs:
        """Return the cost at points [m], shape (..., 2); unknown outside."""
        limit = np.array(self.costs.shape) - 1
        rows, columns = np.moveaxis(np.clip(self.cell(points), 0, limit), -1, 0)
        found = np.where(self.inside(points), self.costs[rows, columns], UNKNOWN)
        return found.astype(np.uint8)

    def replaced(self, costs: Costs) -> "CostGrid":
        """Return a grid over the same ground with other costs."""
        return CostGrid(costs=costs, resolution=self.resolution, origin=self.origin)


def from_occupancy(
    data: npt.ArrayLike, resolution: float, origin: npt.ArrayLike, lethal: int = 65
) -> CostGrid:
    """Return the costs of a nav_msgs/OccupancyGrid.

    Args:
        data: Occupancy [%], shape (rows, columns); -1 for unknown.
        resolution: Side of a cell [m].
        origin: Lower left corner in the map frame [m], shape (2,).
        lethal: Occupancy from which a cell is lethal [%]; below it costs grow evenly.
    """
    occupancy = np.asarray(data, np.int64)
    costs = np.clip(occupancy * 252 // lethal, 0, 252)
    costs[occupancy >= lethal] = LETHAL
    costs[occupancy < 0] = UNKNOWN
    return CostGrid(
        costs=costs.astype(np.uint8),
        resolution=resolution,
        origin=np.asarray(origin, float),
    )


def from_elevation_costs(
    costs: npt.ArrayLike,
    resolution: float,
    origin: npt.ArrayLike,
    standing: npt.ArrayLike | None = None,
    standing_radius: float = 0.4,
) -> CostGrid:
    """Return the costs of ground that was judged, around the robot.

    The room `mapping` counts the other way: its cell [i, j] lies at i along x, and its
    origin is a middle. `costs` is then `1 - score.T` and `origin` half a cell less.

    Args:
        costs: 0 for flat ground, from 1 on the robot cannot walk there, NaN unknown;
            shape (rows, columns), rows along y.
        resolution: Side of a cell [m].
        origin: Lower left corner of cell [0, 0] [m], shape (2,).
        standing: Where the robot stands [m], shape (2,). No camera sees the ground
            below it, and it bears: there unknown becomes free.
        standing_radius: How far around it [m].
    """
    wanted = np.asarray(costs, float)
    known = np.isfinite(wanted)
    scaled = np.clip(np.where(known, wanted, 0.0), 0.0, 1.0)
    cells = np.floor(252.0 * scaled).astype(np.uint8)
    cells[scaled >= 1.0] = LETHAL
    cells[~known] = UNKNOWN
    grid = CostGrid(
        costs=cells, resolution=resolution, origin=np.asarray(origin, float)
    )
    if standing is not None:
        middles = grid.point(np.moveaxis(np.indices(cells.shape), 0, -1))
        away = np.linalg.norm(middles - np.asarray(standing, float)[:2], axis=-1)
        grid.costs[~known & (away <= standing_radius)] = FREE
    return grid


def inflate(
    grid: CostGrid, inscribed_radius: float, inflation_radius: float, decay: float
) -> CostGrid:
    """Let costs fall off around lethal cells, by the rule of Nav2's inflation layer.

    252 exp(-decay (d - inscribed_radius)) at the distance d from the nearest lethal
    cell's middle to a cell's middle. Unknown cells stay unknown unless inscribed.

    Args:
        grid: Costs, not inflated yet.
        inscribed_radius: Below which the robot touches [m].
        inflation_radius: Beyond which nothing is added [m].
        decay: How quickly costs fall [1/m].
    """
    squared = distances(grid.costs, inflation_radius / grid.resolution, False)
    costs = grid.costs.copy()
    radii = float(inscribed_radius), float(inflation_radius)
    _inflate(costs, squared, grid.resolution, *radii, float(decay))
    return grid.replaced(costs)


def merge(
    global_grid: CostGrid,
    local_grid: CostGrid,
    local_to_global: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> CostGrid:
    """Put what the robot sees now onto what the map says.

    The greater cost counts where both know something; what only one of them knows
    counts as it is. So the eyes add obstacles and never take away those of the map:
    a glass wall that is on the map stays. Merge first, inflate afterwards.

    Args:
        global_grid: The map's.
        local_grid: The robot's.
        local_to_global: Pose x, y [m], yaw [rad] of the local grid's frame in the
            global grid's.
    """
    x, y, yaw = local_to_global
    costs = global_grid.costs.copy()
    _merge(
        costs,
        global_grid.origin,
        global_grid.resolution,
        local_grid.costs,
        local_grid.origin,
        local_grid.resolution,
        float(x),
        float(y),
        math.cos(yaw),
        math.sin(yaw),
    )
    return global_grid.replaced(costs)


def about(grid: CostGrid, reach: float) -> Mask:
    """Say which cells lie within a distance [m] from what stands, middle to middle."""
    cells = reach / grid.resolution
    return np.asarray(distances(grid.costs, cells, False) <= cells**2)


def mark(grid: CostGrid, points: npt.ArrayLike, berth: float = 0.0) -> CostGrid:
    """Make cells lethal in which something stands. Do this before grids are inflated.

    Args:
        grid: Costs, not inflated yet.
        points: Of what stands, in the grid's frame [m], shape (n, 2); those beside the
            grid do not matter.
        berth: Distance that is kept in addition from what the grid does not have: it
            may be somebody, who moves [m].
    """
    places = np.reshape(np.asarray(points, float), (-1, 2))
    places = places[grid.inside(places)]
    if berth > 0.0 and len(places):
        rows, columns = grid.cell(places).T
        strange = places[~about(grid, KNOWN)[rows, columns]]
        around = (strange[:, None] + berth * RING).reshape(-1, 2)
        places = np.concatenate([places, around[grid.inside(around)]])
    rows, columns = grid.cell(places).T
    costs = grid.costs.copy()
    costs[rows, columns] = LETHAL
    return grid.replaced(costs)


def rehearse() -> None:
    """Compile now what is compiled, rather than at the first map."""
    cell = CostGrid(
        costs=np.zeros((2, 2), np.uint8), resolution=0.1, origin=np.zeros(2)
    )
    inflate(merge(cell, cell), 0.1, 0.2, 1.0)


@njit(cache=True)
def _inflate(
    costs: Costs,
    squared: npt.NDArray[np.float32],
    resolution: float,
    inscribed: float,
    reach: float,
    decay: float,
) -> None:
    """Raise costs by their distance in cells, squared."""
    for i in range(costs.shape[0]):
        for j in range(costs.shape[1]):
            # Radii are often whole cells, which floating point may miss by a hair.
            distance = resolution * math.sqrt(squared[i, j]) - 1e-9
            if distance > reach or costs[i, j] == LETHAL:
                continue
            if distance <= inscribed:
                costs[i, j] = INSCRIBED
            elif costs[i, j] != UNKNOWN:
                cost = 252.0 * math.exp(-decay * (distance - inscribed))
                costs[i, j] = max(costs[i, j], int(cost))


@njit(cache=True)
def _merge(
    costs: Costs,
    origin: Array,
    resolution: float,
    local: Costs,
    local_origin: Array,
    local_resolution: float,
    x: float,
    y: float,
    cos: float,
    sin: float,
) -> None:
    """Write local costs into global ones."""
    rows, columns = costs.shape
    seen = np.full((rows, columns), UNKNOWN, np.uint8)
    # Each cell of the finer grid looks for one of the other, so that nothing thin
    # falls between the middles and nothing stays open between them.
    for i in range(local.shape[0]):
        for j in range(local.shape[1]):
            if local[i, j] == UNKNOWN:
                continue
            px = local_origin[0] + (j + 0.5) * local_resolution
            py = local_origin[1] + (i + 0.5) * local_resolution
            gx = (x + cos * px - sin * py - origin[0]) / resolution
            gy = (y + sin * px + cos * py - origin[1]) / resolution
            a, b = int(math.floor(gy)), int(math.floor(gx))
            if 0 <= a < rows and 0 <= b < columns:
                if seen[a, b] == UNKNOWN or local[i, j] > seen[a, b]:
                    seen[a, b] = local[i, j]
    for a in range(rows):
        for b in range(columns):
            px = origin[0] + (b + 0.5) * resolution - x
            py = origin[1] + (a + 0.5) * resolution - y
            lx = (cos * px + sin * py - local_origin[0]) / local_resolution
            ly = (-sin * px + cos * py - local_origin[1]) / local_resolution
            i, j = int(math.floor(ly)), int(math.floor(lx))
            if 0 <= i < local.shape[0] and 0 <= j < local.shape[1]:
                cost = local[i, j]
                if cost != UNKNOWN and (seen[a, b] == UNKNOWN or cost > seen[a, b]):
                    seen[a, b] = cost
            if seen[a, b] != UNKNOWN:
                if costs[a, b] == UNKNOWN or seen[a, b] > costs[a, b]:
                    costs[a, b] = seen[a, b]
