# SPDX-License-Identifier: Apache-2.0
"""What of a room was looked at, and from where to look next.

In: a map, looks.  Out: views that show the most of what nobody has looked at.  Method:
the next best view on a grid (Gonzalez-Banos & Latombe 2002, "Navigation strategies for
exploring indoor environments"): what a view shows for the way that it takes.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.ndimage import distance_transform_edt, label

from renxing.navigation.grid import LETHAL, UNKNOWN, CostGrid
from renxing.spatial import Array, Integers, Mask

BEARINGS = 24  # that are tried for a look
AT_ONCE = 2.0  # [m] of way that looking around takes as long as


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageConfig:
    """What counts as looked at.

    Attributes:
        resolution: Side of a cell at least [m].
        reach: Distance from which things are told apart [m].
        behind: How far beyond its edge the top of a table is seen; what stands behind
            it is not [m].
        clearance: Of a place to look from, from what stands [m].
        spacing: Of such places [m].
        memory: How old a look may be when a search begins to count in it [s].
    """

    resolution: float = 0.1
    reach: float = 2.5
    behind: float = 0.6
    clearance: float = 0.5
    spacing: float = 0.5
    memory: float = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A place to look from.

    Attributes:
        place: In the map [m], shape (2,).
        area: That nobody has looked at and is seen from there [m²].
        worth: The same for each metre that going and looking takes [m].
    """

    place: Array
    area: float
    worth: float


class Coverage:
    """Remembers what was looked at on the part of a map that the robot can get to."""

    def __init__(
        self, grid: CostGrid, start: npt.ArrayLike, config: CoverageConfig
    ) -> None:
        """Begin with nothing looked at.

        Args:
            grid: The map, not inflated.
            start: Where the robot is [m], shape (2,).
            config: What counts.
        """
        self._config = config
        self._grid = coarse = _coarser(grid, config.resolution)
        # A map of larger cells keeps its own.
        size = coarse.resolution
        solid = coarse.costs == LETHAL
        self._solid = np.ascontiguousarray(solid)
        free = ~solid & (coarse.costs != UNKNOWN)
        away = size * distance_transform_edt(~solid)
        room = _connected(free, coarse.cell(start))
        near = size * distance_transform_edt(~room)
        self._worth: Mask = room | (solid & (near <= config.behind))
        step = max(1, round(config.spacing / size))
        stands = room & (away >= config.clearance)
        rows, columns = np.nonzero(stands)
        kept = (rows % step == 0) & (columns % step == 0)
        self._places: Integers = np.column_stack([rows[kept], columns[kept]])
        self._looked = np.full(solid.shape, np.nan)
        self._since = -math.inf
        self._looks: list[tuple[Array, float, float, float]] = []

    def begin(self, stamp: float) -> None:
        """Begin a search: what it looks at counts until the next one, however long.

        Forgetting on the way, a slow search would go to and fro for ever.

        Args:
            stamp: When [s].
        """
        self._since = stamp - self._config.memory
        self._looks = [one for one in self._looks if one[3] >= self._since]

    def near(self, places: npt.ArrayLike, radius: float) -> Mask:
        """Return the cells about some places.

        Args:
            places: [m], shape (n, 2).
            radius: [m].
        """
        middles = self._grid.point(np.moveaxis(np.indices(self._solid.shape), 0, -1))
        found = np.zeros(self._solid.shape, bool)
        for place in np.reshape(np.asarray(places, float), (-1, 2)):
            found |= np.linalg.norm(middles - place, axis=-1) <= radius
        return found

    def look(
        self, place: npt.ArrayLike, bearing: float, half: float, stamp: float
    ) -> None:
        """Remember a look.

        Args:
            place: Where the eyes were [m], shape (2,).
            bearing: Of its middle in the map [rad].
            half: Half of what it takes in [rad].
            stamp: When [s].
        """
        self._looked[self._seen(place, bearing, half)] = stamp
        self._looks.append((np.array(place, float), bearing, half, stamp))

    def remember(self, before: "Coverage") -> None:
        """Take over the looks on another map of the same place."""
        self._since = before._since
        for look in before._looks:
            self.look(*look)

    def unseen(self, where: Mask, stamp: float) -> float:
        """Return how much of some cells nobody has looked at [m²]."""
        return self._area(self._open(where, stamp))

    def bearings(
        self, place: npt.ArrayLike, half: float, where: Mask, stamp: float
    ) -> Array:
        """Return how much looks from a place show anew.

        Args:
            place: Where the eyes are [m], shape (2,).
            half: Half of what a look takes in [rad].
            where: Cells that matter.
            stamp: Now [s].

        Returns:
            Rows of bearing in the map [rad] and area [m²], shape (BEARINGS, 2).
        """
        left = self._open(where, stamp)
        bearings = np.arange(BEARINGS) * math.tau / BEARINGS - math.pi
        areas = [self._area(left & self._seen(place, b, half)) for b in bearings]
        return np.column_stack([bearings, areas])

    def views(self, here: npt.ArrayLike, where: Mask, stamp: float) -> list[View]:
        """Return places that show something anew, the most worthwhile first.

        Args:
            here: Where the robot is [m], shape (2,).
            where: Cells that matter.
            stamp: Now [s].
        """
        if not len(self._places):
            return []
        left = self._open(where, stamp)
        reach, behind = (
            self._cells(self._config.reach),
            self._cells(self._config.behind),
        )
        counts = _counts(self._solid, left, self._places, reach, behind)
        places = self._grid.point(self._places)
        way = np.linalg.norm(places - np.asarray(here, float)[:2], axis=1)
        areas = counts * self._grid.resolution**2
        worth = areas / (way + AT_ONCE)
        return [
            View(places[n], float(areas[n]), float(worth[n]))
            for n in np.argsort(-worth, kind="stable")
            if areas[n] > 0.0
        ]

    def _open(self, where: Mask, stamp: float) -> Mask:
        # A clock that went back forgets what was looked at after now.
        known = (self._looked >= self._since) & (self._looked <= stamp)
        return np.asarray(self._worth & where & ~known)

    def _seen(self, place: npt.ArrayLike, bearing: float, half: float) -> Mask:
        found = np.zeros(self._solid.shape, np.bool_)
        row, column = (float(v) for v in self._grid.cell(place))
        reach, behind = (
            self._cells(self._config.reach),
            self._cells(self._config.behind),
        )
        _cast(self._solid, row, column, bearing, half, reach, behind, found)
        return found

    def _cells(self, metres: float) -> float:
        return metres / self._grid.resolution

    def _area(self, cells: Mask) -> float:
        return float(np.count_nonzero(cells)) * self._grid.resolution**2


def _coarser(grid: CostGrid, resolution: float) -> CostGrid:
    """Return a grid of larger cells, each as its worst."""
    factor = max(1, round(resolution / grid.resolution))
    rows, columns = (-(-n // factor) for n in grid.costs.shape)
    padded = np.full((rows * factor, columns * factor), UNKNOWN, np.uint8)
    padded[: grid.costs.shape[0], : grid.costs.shape[1]] = grid.costs
    blocks = padded.reshape(rows, factor, columns, factor)
    unknown = (blocks == UNKNOWN).all((1, 3))
    costs = np.where(blocks == UNKNOWN, 0, blocks).max((1, 3))
    costs[unknown] = UNKNOWN
    size = grid.resolution * factor
    return CostGrid(costs=costs, resolution=size, origin=grid.origin)


def _connected(free: Mask, start: Integers) -> Mask:
    """Return the free cells that hang together with the one nearest to a cell."""
    names, count = label(free)
    if not count:
        return np.zeros_like(free)
    rows, columns = np.nonzero(free)
    nearest = int(np.argmin(np.hypot(rows - start[0], columns - start[1])))
    return np.asarray(names == names[rows[nearest], columns[nearest]])


def rehearse() -> None:
    """Compile now what is compiled, rather than in the first search."""
    room = CostGrid(
        costs=np.zeros((9, 9), np.uint8), resolution=0.2, origin=np.zeros(2)
    )
    coverage = Coverage(room, [0.9, 0.9], CoverageConfig())
    coverage.look([0.9, 0.9], 0.0, 0.5, 0.0)
    coverage.views([0.9, 0.9], coverage.near([[0.9, 0.9]], 1.0), 0.0)


@njit(cache=True)
def _cast(
    solid: Mask,
    row: float,
    column: float,
    bearing: float,
    half: float,
    reach: float,
    behind: float,
    found: Mask,
) -> None:
    """Note the cells that are seen from a cell; lengths in cells."""
    rays = int(math.ceil(2.0 * half * reach)) + 1
    for k in range(rays):
        angle = bearing - half + 2.0 * half * k / max(rays - 1, 1)
        dx, dy = math.cos(angle), math.sin(angle)
        gone, entered = 0.0, -1.0
        while gone <= reach:
            i = int(math.floor(row + 0.5 + gone * dy))
            j = int(math.floor(column + 0.5 + gone * dx))
            if i < 0 or j < 0 or i >= solid.shape[0] or j >= solid.shape[1]:
                break
            if solid[i, j]:
                if entered < 0.0:
                    entered = gone
                if gone - entered > behind:
                    break
            elif entered >= 0.0:
                break
            found[i, j] = True
            gone += 0.5


@njit(cache=True)
def _counts(
    solid: Mask, left: Mask, places: Integers, reach: float, behind: float
) -> Integers:
    """Return how many cells of `left` are seen all around each place."""
    counts = np.zeros(len(places), np.int64)
    found = np.zeros(solid.shape, np.bool_)
    for n in range(len(places)):
        found[:] = False
        row, column = float(places[n, 0]), float(places[n, 1])
        _cast(solid, row, column, 0.0, math.pi, reach, behind, found)
        total = 0
        for i in range(solid.shape[0]):
            for j in range(solid.shape[1]):
                if found[i, j] and left[i, j]:
                    total += 1
        counts[n] = total
    return counts
