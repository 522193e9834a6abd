# SPDX-License-Identifier: Apache-2.0
"""Heights of the ground around the robot, on a grid that moves with it.

In: points in odom, where they were seen from.  Out: `Heights`.

Method: a Kalman filter for the height of each cell (Fankhauser, Bloesch & Hutter 2018,
"Probabilistic terrain mapping for mobile robots with uncertain localization"). Where
points of one image spread over more heights than their errors explain, as at the edge
of a step, the upper ones count. A cell that is contradicted several images in a row
starts anew. The ground below a ray of sight is lower than the ray: for each cell the
least of these bounds is kept, which tells a drop from ground that is only hidden (as
`upper_bound` of Miki et al. 2022, "Elevation mapping for locomotion and navigation
using GPU"). What stands above a newer bound is not there, or not any more.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from numba import njit

from renxing.signals import ElevationMap
from renxing.spatial import Array

Grid = npt.NDArray[np.float32]
Counts = npt.NDArray[np.uint8]

STEP = 0.015  # [m] standard deviation in a cell that is no step, besides noise


@dataclass(frozen=True, slots=True, kw_only=True)
class ElevationConfig:
    """The map.

    Attributes:
        side: Length of its sides [m].
        resolution: Side of a cell [m].
        floor: Standard deviation that no cell falls below: what cameras are wrong by
            besides their noise, and odometry within an image [m].
        drift: Growth of the variance of heights, as odometry drifts [m²/s].
        gate: Standard deviations by which a height may contradict a cell [-].
        doubts: Images in a row that must contradict a cell, or what rays of sight have
            shown, to be believed.
        haze: Height over the bound from which a cell is not believed [m].
        highest: Height over the base above which points are no ground [m].
        neighbours: Known ones of its eight that a cell must have to be shown.
        ray_stride: One of so many points in each row of points bounds what is below
            its ray.
        beam_stride: One of so many beams of a scanner bounds what is below it.
        beam_error: What such a bound is wrong by [m].
        beam_tilt: Likewise, for each metre that the beam is long: a head nods [-].
        own_radius: Around the robot's middle, where nothing else can be [m].
        own_height: Over its lower sole, up to which the ground may be there [m].
    """

    side: float = field(default=8.0, metadata={"min": 1.0, "max": 40.0})
    resolution: float = field(default=0.04, metadata={"min": 0.01, "max": 0.5})
    floor: float = field(default=0.005, metadata={"min": 1e-4, "max": 0.1})
    drift: float = field(default=1e-6, metadata={"min": 0.0, "max": 0.01})
    gate: float = field(default=3.0, metadata={"min": 1.0, "max": 10.0})
    doubts: int = field(default=3, metadata={"min": 1, "max": 200})
    haze: float = field(default=0.04, metadata={"min": 0.005, "max": 1.0})
    highest: float = field(default=0.5, metadata={"min": -1.0, "max": 3.0})
    neighbours: int = field(default=4, metadata={"min": 0, "max": 8})
    ray_stride: int = field(default=5, metadata={"min": 1, "max": 100})
    beam_stride: int = field(default=2, metadata={"min": 1, "max": 100})
    beam_error: float = field(default=0.06, metadata={"min": 0.0, "max": 1.0})
    beam_tilt: float = field(default=0.04, metadata={"min": 0.0, "max": 1.0})
    own_radius: float = field(default=0.25, metadata={"min": 0.0, "max": 1.0})
    own_height: float = field(default=0.3, metadata={"min": 0.05, "max": 1.0})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heights:
    """What the map knows; cell [i, j] is at `origin + resolution * (i, j)` in odom.

    Attributes:
        stamp: Of the newest measurement in it [s].
        origin: Centre of cell [0, 0] [m], shape (2,).
        resolution: Side of a cell [m].
        height: [m], shape (n, n); NaN where nothing is known.
        variance: Of the height [m²]; NaN where nothing is known.
        upper: Height that the ground is not above, from rays of sight [m]; infinite
            where no ray has passed.
    """

    stamp: float
    origin: Array
    resolution: float
    height: Grid
    variance: Grid
    upper: Grid

    def ground(self) -> ElevationMap:
        """Return the heights as the signal that planners of footsteps take."""
        return ElevationMap(
            stamp=self.stamp,
            origin=self.origin,
            resolution=self.resolution,
            height=self.height.astype(float),
        )


class Elevation:
    """Collects heights; it needs the same memory however long it runs."""

    def __init__(self, config: ElevationConfig) -> None:
        """Begin with an empty map."""
        self._config = config
        self._cells = cells = 2 * round(0.5 * config.side / config.resolution)
        shape = (cells, cells)
        self._height: Grid = np.empty(shape, np.float32)
        self._variance: Grid = np.empty(shape, np.float32)
        self._upper: Grid = np.empty(shape, np.float32)
        self._doubt: Counts = np.empty(shape, np.uint8)
        self._sums = np.empty((5, *shape))
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._height[:] = self._variance[:] = np.nan
        self._upper[:] = np.inf
        self._doubt[:] = 0
        self._stamp = -math.inf
        # Index of cell [0, 0] on the endless grid of odom.
        self._corner: tuple[int, int] | None = None

    def step(
        self,
        stamp: float,
        position: Array,
        variance: Array,
        eye: Array,
        base: Array,
    ) -> None:
        """Take the points of one image.

        Args:
            stamp: When it was taken [s]; a time that goes back empties the map.
            position: Points in odom [m], shape (N, 3).
            variance: Of their heights [m²], shape (N,).
            eye: Where they were seen from, in odom [m], shape (3,).
            base: Of the robot, in odom [m], shape (3,); the map's middle goes with it.
        """
        config = self._config
        if stamp < self._stamp - 1.0:
            self.reset()
        passed = stamp - self._stamp if math.isfinite(self._stamp) else 0.0
        self._stamp = max(stamp, self._stamp)
        self._move(base)
        corner = self._corner
        if corner is None:
            return
        # Edge of the map, not middle of its first cell: then a cell is a floor().
        low_x = (corner[0] - 0.5) * config.resolution
        low_y = (corner[1] - 0.5) * config.resolution
        self._variance += np.float32(config.drift * max(passed, 0.0))
        _fuse(
            position,
            variance,
            low_x,
            low_y,
            config.resolution,
            base[2] + config.highest,
            config.floor,
            config.gate,
            config.doubts,
            config.haze,
            self._sums,
            self._height,
            self._variance,
            self._upper,
            self._doubt,
        )
        _bound(
            position,
            variance,
            eye,
            low_x,
            low_y,
            config.resolution,
            config.ray_stride,
            self._upper,
        )
        _refute(self._upper, config.haze, self._height, self._variance)

    def see_through(self, position: Array, eye: Array) -> None:
        """Forget what the beams of a scanner have gone through.

        It looks where no camera does: whoever stood there and left leaves no trace.

        Args:
            position: Where beams ended, in odom [m], shape (N, 3).
            eye: Where they came from, in odom [m], shape (3,).
        """
        corner, config = self._corner, self._config
        if corner is None or not len(position):
            return
        away = np.linalg.norm(position - eye, axis=1)
        _bound(
            position,
            (0.5 * (config.beam_error + config.beam_tilt * away)) ** 2,
            eye,
            (corner[0] - 0.5) * config.resolution,
            (corner[1] - 0.5) * config.resolution,
            config.resolution,
            config.beam_stride,
            self._upper,
        )
        _refute(self._upper, config.haze, self._height, self._variance)

    def stand(self, base: Array, sole: float) -> None:
        """Forget what cannot be there, for the robot is: what was seen of its own body.

        No camera would look there again as long as the robot stands on it.

        Args:
            base: Of the robot, in odom [m], shape (3,).
            sole: Height of its lower sole in odom [m].
        """
        corner, config = self._corner, self._config
        if corner is None:
            return
        middle = np.asarray(base[:2]) / config.resolution - corner
        reach = config.own_radius / config.resolution
        low = np.maximum(np.ceil(middle - reach).astype(int), 0)
        high = np.minimum(np.floor(middle + reach).astype(int) + 1, self._cells)
        if (low >= high).any():
            return
        window = np.s_[low[0] : high[0], low[1] : high[1]]
        rows, columns = np.ogrid[window]
        own = np.hypot(rows - middle[0], columns - middle[1]) <= reach
        own &= self._height[window] > sole + config.own_height
        self._height[window][own] = self._variance[window][own] = np.nan

    def heights(self) -> Heights:
        """Return what is known now, but for specks: cells with few known neighbours.

        Behind edges they come from errors along the ray, which carry points beyond.
        """
        resolution = self._config.resolution
        height, variance = self._height.copy(), self._variance.copy()
        _without_specks(self._height, self._config.neighbours, height, variance)
        corner = self._corner or (0, 0)
        return Heights(
            stamp=self._stamp,
            origin=np.array([corner[0] * resolution, corner[1] * resolution]),
            resolution=resolution,
            height=height,
            variance=variance,
            upper=self._upper.copy(),
        )

    def _move(self, base: Array) -> None:
        """Put the middle of the map under the robot, by whole cells."""
        resolution, cells = self._config.resolution, self._cells
        corner = (
            math.floor(base[0] / resolution + 0.5) - cells // 2,
            math.floor(base[1] / resolution + 0.5) - cells // 2,
        )
        if self._corner is None:
            self._corner = corner
        shift = (corner[0] - self._corner[0], corner[1] - self._corner[1])
        self._corner = corner
        if shift == (0, 0):
            return
        for grid, empty in (
            (self._height, np.nan),
            (self._variance, np.nan),
            (self._upper, np.inf),
            (self._doubt, 0),
        ):
            _shift(grid, shift, empty)


def _shift(grid: npt.NDArray[np.generic], by: tuple[int, int], empty: float) -> None:
    """Move what is in a grid by whole cells; what comes in is empty."""
    cells = grid.shape[0]
    if max(abs(by[0]), abs(by[1])) >= cells:
        grid[:] = empty
        return
    kept = grid.copy()
    grid[:] = empty
    new, old = [], []
    for step in by:
        new.append(slice(max(0, -step), cells - max(0, step)))
        old.append(slice(max(0, step), cells - max(0, -step)))
    grid[new[0], new[1]] = kept[old[0], old[1]]


@njit(cache=True)
def _fuse(
    position: Array,
    variance: Array,
    low_x: float,
    low_y: float,
    resolution: float,
    highest: float,
    floor: float,
    gate: float,
    doubts: int,
    haze: float,
    sums: Array,
    height: Grid,
    spread: Grid,
    upper: Grid,
    doubt: Counts,
) -> None:
    """Put the points of one image into `height`, `spread` (its variance), `doubt`."""
    cells = height.shape[0]
    weight, first, second, top, number = sums[0], sums[1], sums[2], sums[3], sums[4]
    sums[:] = 0.0
    top[:] = -np.inf
    count = position.shape[0]
    place = np.empty((count, 2), np.int32)
    for index in range(count):
        i = int(math.floor((position[index, 0] - low_x) / resolution))
        j = int(math.floor((position[index, 1] - low_y) / resolution))
        z = position[index, 2]
        if i < 0 or j < 0 or i >= cells or j >= cells or z > highest:
            place[index, 0] = -1
            continue
        place[index, 0], place[index, 1] = i, j
        w = 1.0 / (variance[index] + floor * floor)
        weight[i, j] += w
        first[i, j] += w * z
        second[i, j] += w * z * z
        number[i, j] += 1.0
        top[i, j] = max(top[i, j], z)
    # What spreads further than noise is a step: only what is near its top counts.
    for i in range(cells):
        for j in range(cells):
            w = weight[i, j]
            if w <= 0.0:
                continue
            mean = first[i, j] / w
            scatter = second[i, j] / w - mean * mean
            # With these weights it would be number / weight if it were noise.
            noise = number[i, j] / w
            if scatter > 4.0 * noise + STEP * STEP and top[i, j] - mean > 2.0 * STEP:
                first[i, j] = 0.0
                second[i, j] = -1.0  # marks a cell to be summed again
                weight[i, j] = 0.0
    for index in range(count):
        i, j = place[index, 0], place[index, 1]
        if i < 0 or second[i, j] >= 0.0:
            continue
        z = position[index, 2]
        band = 0.02 + 2.0 * math.sqrt(variance[index])
        if z > top[i, j] - band:
            w = 1.0 / (variance[index] + floor * floor)
            weight[i, j] += w
            first[i, j] += w * z
    for i in range(cells):
        for j in range(cells):
            w = weight[i, j]
            if w <= 0.0:
                continue
            z = first[i, j] / w
            # Errors within one image are alike: more points help less than they
            # would if each had its own.
            r = 2.0 / w + floor * floor
            p = spread[i, j]
            if p >= 0.0:
                off = z - height[i, j]
                strange = off * off > gate * gate * (p + r) + 4.0 * floor * floor
            else:
                off = 0.0
                strange = z > upper[i, j] + haze
            if strange:
                doubt[i, j] += 1
                if doubt[i, j] < doubts:
                    continue
                upper[i, j] = np.inf
            if strange or not p >= 0.0:
                height[i, j], spread[i, j], doubt[i, j] = z, r, 0
                continue
            gain = p / (p + r)
            height[i, j] += gain * off
            spread[i, j] = max((1.0 - gain) * p, floor * floor)
            doubt[i, j] = 0


@njit(cache=True)
def _bound(
    position: Array,
    variance: Array,
    eye: Array,
    low_x: float,
    low_y: float,
    resolution: float,
    stride: int,
    upper: Grid,
) -> None:
    """Lower `upper` to the rays from `eye` to the points, but for their last cells.

    A ray counts as high as where it comes into a cell: ground that fills only this side
    of it, up to an edge, is below that.
    """
    cells = upper.shape[0]
    for index in range(0, position.shape[0], stride):
        x, y = position[index, 0] - eye[0], position[index, 1] - eye[1]
        z = position[index, 2] - eye[2]
        length = math.sqrt(x * x + y * y)
        if length < 2.0 * resolution or z >= 0.0:
            continue
        error = 2.0 * math.sqrt(variance[index])
        steps = int(length / resolution)
        for k in range(1, steps - 1):
            share = k * resolution / length
            i = int(math.floor((eye[0] + share * x - low_x) / resolution))
            j = int(math.floor((eye[1] + share * y - low_y) / resolution))
            if i < 0 or j < 0 or i >= cells or j >= cells:
                continue
            bound = eye[2] + (k - 1) * resolution / length * (z + error)
            if bound < upper[i, j]:
                upper[i, j] = bound


@njit(cache=True)
def _refute(upper: Grid, haze: float, height: Grid, spread: Grid) -> None:
    """Forget cells that rays of sight have gone through."""
    cells = height.shape[0]
    for i in range(cells):
        for j in range(cells):
            if height[i, j] > upper[i, j] + haze:
                height[i, j] = spread[i, j] = np.nan


@njit(cache=True)
def _without_specks(known: Grid, neighbours: int, height: Grid, spread: Grid) -> None:
    """Forget, in `height` and `spread`, cells with too few known neighbours."""
    cells = known.shape[0]
    for i in range(cells):
        for j in range(cells):
            if math.isnan(known[i, j]):
                continue
            count = -1  # the cell itself
            for a in range(max(0, i - 1), min(cells, i + 2)):
                for b in range(max(0, j - 1), min(cells, j + 2)):
                    if not math.isnan(known[a, b]):
                        count += 1
            if count < neighbours:
                height[i, j] = spread[i, j] = np.nan
