# SPDX-License-Identifier: Apache-2.0
"""Level surfaces in a depth image: floor, table tops, tops of boxes.

In: organised points in a frame whose z points up.  Out: `Surface`s and which pixels are
theirs.  Method: pixels whose normal points up are connected in the image where their
heights go on; pieces at the same height that lie together, as those of a table that is
split by what stands on it, are one.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.spatial import ConvexHull, QhullError

from renxing.spatial import Array

Cloud = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceConfig:
    """What counts as a level surface.

    Attributes:
        reach: Pixels to both sides between which a normal is measured.
        upright: Least third component of the normal [-].
        step: Height between neighbours of one surface [m].
        band: Height by which one surface may differ in itself, or pieces of it [m].
        fewest: Pixels of a piece.
        area: Least area [m²].
        apart: Gap between pieces of one surface [m].
    """

    reach: int = field(default=2, metadata={"min": 1, "max": 10})
    upright: float = field(default=0.8, metadata={"min": 0.3, "max": 1.0})
    step: float = field(default=0.015, metadata={"min": 0.002, "max": 0.1})
    band: float = field(default=0.02, metadata={"min": 0.005, "max": 0.1})
    fewest: int = field(default=40, metadata={"min": 4, "max": 10000})
    area: float = field(default=0.015, metadata={"min": 0.001, "max": 1.0})
    apart: float = field(default=0.2, metadata={"min": 0.0, "max": 1.0})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surface:
    """A level surface.

    Attributes:
        height: [m].
        hull: Corners of its convex outline, counter-clockwise [m], shape (k, 2).
        area: Of the outline [m²].
    """

    height: float
    hull: Array
    area: float


def inside(hull: Array, places: Array, margin: float) -> npt.NDArray[np.bool_]:
    """Return which places lie within a counter-clockwise outline grown by a margin."""
    ahead = np.roll(hull, -1, axis=0) - hull
    lengths = np.maximum(np.hypot(ahead[:, 0], ahead[:, 1]), 1e-9)
    normal = np.column_stack([ahead[:, 1], -ahead[:, 0]]) / lengths[:, None]
    beyond = places @ normal.T - np.einsum("ki,ki->k", normal, hull)
    return np.asarray((beyond <= margin).all(axis=1))


def hull_of(places: Array) -> tuple[Array, float]:
    """Return the convex outline of places and its area; (0, 2) and 0 if it has none."""
    try:
        hull = ConvexHull(places)
    except (QhullError, ValueError):
        return np.empty((0, 2)), 0.0
    return places[hull.vertices], float(hull.volume)


def find_surfaces(cloud: Cloud, config: SurfaceConfig) -> tuple[list[Surface], Labels]:
    """Find level surfaces.

    Args:
        cloud: The point of each pixel [m], shape (H, W, 3); NaN without one.
        config: What counts.

    Returns:
        The surfaces, lowest first, and for each pixel the index of its own, -1 for
        none, shape (H, W).
    """
    up = _up(cloud, config.reach, config.upright)
    pieces, count = _connect(cloud, up, config.step)
    flat = pieces.ravel()
    order = np.argsort(flat, kind="stable")
    sizes = np.bincount(flat[flat >= 0], minlength=count)
    ends = np.cumsum(sizes) + len(flat) - sizes.sum()
    points = cloud.reshape(-1, 3)
    found: list[tuple[float, Array, list[int]]] = []
    for number in np.flatnonzero(sizes >= config.fewest):
        part = points[order[ends[number] - sizes[number] : ends[number]]]
        height = float(np.median(part[:, 2]))
        spread = np.quantile(part[:, 2], (0.1, 0.9))
        if spread[1] - spread[0] > 2.0 * config.band:
            continue
        hull, area = hull_of(part[:, :2].astype(float))
        if area > 0.0:
            found.append((height, hull, [int(number)]))
    found.sort(key=lambda one: one[0])
    whole = _together(found, sizes, config)
    surfaces = [one for one, _ in whole]
    names = np.full(count + 1, -1, np.int32)
    for index, (_, numbers) in enumerate(whole):
        names[numbers] = index
    # The last of `names` stands for pixels of no piece, which have -1.
    return surfaces, names[pieces]


def _together(
    found: list[tuple[float, Array, list[int]]],
    sizes: npt.NDArray[np.intp],
    config: SurfaceConfig,
) -> list[tuple[Surface, list[int]]]:
    """Join pieces of one surface; lowest first."""
    groups: list[tuple[float, Array, list[int]]] = []
    for height, hull, numbers in found:
        for index, (other, outline, members) in enumerate(groups):
            near = abs(height - other) <= config.band and (
                inside(outline, hull, config.apart).any()
                or inside(hull, outline, config.apart).any()
            )
            if near:
                joined, _ = hull_of(np.concatenate([outline, hull]))
                weight = sizes[members].sum(), sizes[numbers].sum()
                mean = (weight[0] * other + weight[1] * height) / sum(weight)
                groups[index] = (float(mean), joined, members + numbers)
                break
        else:
            groups.append((height, hull, numbers))
    whole = []
    for height, hull, numbers in sorted(groups, key=lambda one: one[0]):
        area = hull_of(hull)[1]
        if area >= config.area:
            whole.append((Surface(height=height, hull=hull, area=area), numbers))
    return whole


@njit(cache=True)
def _up(cloud: Cloud, reach: int, upright: float) -> npt.NDArray[np.bool_]:
    """Return which pixels' normals point up or down."""
    rows, columns = cloud.shape[:2]
    up = np.zeros((rows, columns), np.bool_)
    for v in range(reach, rows - reach):
        for u in range(reach, columns - reach):
            ax = cloud[v, u + reach, 0] - cloud[v, u - reach, 0]
            ay = cloud[v, u + reach, 1] - cloud[v, u - reach, 1]
            az = cloud[v, u + reach, 2] - cloud[v, u - reach, 2]
            bx = cloud[v + reach, u, 0] - cloud[v - reach, u, 0]
            by = cloud[v + reach, u, 1] - cloud[v - reach, u, 1]
            bz = cloud[v + reach, u, 2] - cloud[v - reach, u, 2]
            nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
            length = np.sqrt(nx * nx + ny * ny + nz * nz)
            # NaN compares false.
            up[v, u] = abs(nz) >= upright * length and length > 0.0
    return up


@njit(cache=True)
def _connect(
    cloud: Cloud, up: npt.NDArray[np.bool_], step: float
) -> tuple[Labels, int]:
    """Label connected pixels whose heights go on; -1 for the others."""
    rows, columns = up.shape
    labels = np.full((rows, columns), -1, np.int32)
    stack = np.empty((rows * columns, 2), np.int32)
    count = 0
    for first_v in range(rows):
        for first_u in range(columns):
            if not up[first_v, first_u] or labels[first_v, first_u] >= 0:
                continue
            labels[first_v, first_u] = count
            stack[0, 0], stack[0, 1] = first_v, first_u
            height = 1
            while height:
                height -= 1
                v, u = stack[height, 0], stack[height, 1]
                for side in range(4):
                    a = v + (1 if side == 0 else -1 if side == 1 else 0)
                    b = u + (1 if side == 2 else -1 if side == 3 else 0)
                    if not (0 <= a < rows and 0 <= b < columns):
                        continue
                    if not up[a, b] or labels[a, b] >= 0:
                        continue
                    if abs(cloud[a, b, 2] - cloud[v, u, 2]) < step:
                        labels[a, b] = count
                        stack[height, 0], stack[height, 1] = a, b
                        height += 1
            count += 1
    return labels, count
