# SPDX-License-Identifier: Apache-2.0
"""Things that stand on surfaces, cut out of a depth image and measured.

In: organised points, surfaces.  Out: `Body`s.  Method: a pixel above a surface within
its outline belongs to what stands there; pixels that are beside each other in the image
and near in space are one body.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from numba import njit

from renxing.perception.forms import Form, form_of
from renxing.perception.surfaces import Cloud, Labels, Surface, hull_of
from renxing.spatial import Array

GROUND = -1  # index of the surface that what stands nowhere else stands on
NONE = -2
BORDER = 3  # [px] at the border of an image that cut off what reaches there
HIDDEN = 1.5  # pixels beside something nearer, in sides of a square as large as a body
SHADOW = 12  # [px] without depth beside a body that nothing is known of
SLENDER = 0.12  # [m] width up to which part of a body tells its form
BEFORE = 0.06  # [m] by which something is nearer that hides


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyConfig:
    """How bodies are cut out.

    Attributes:
        clear: Height over a surface from which on points are no longer its own [m].
        noise: Standard deviation of 1 / depth that adds to it [1/m].
        margin: By which a body may stick out over its surface [m].
        highest: Greatest height over the ground [m].
        gap: Distance between neighbouring pixels of one body [m].
        fewest: Pixels of a body.
        table_area: Least area of a table [m²].
        table_low: Least height of a table [m].
        table_high: Greatest height of a table [m].
    """

    clear: float = field(default=0.014, metadata={"min": 0.002, "max": 0.1})
    noise: float = field(default=0.004, metadata={"min": 0.0, "max": 0.1})
    margin: float = field(default=0.01, metadata={"min": 0.0, "max": 0.2})
    highest: float = field(default=1.3, metadata={"min": 0.2, "max": 3.0})
    gap: float = field(default=0.035, metadata={"min": 0.005, "max": 0.3})
    fewest: int = field(default=24, metadata={"min": 4, "max": 1000})
    table_area: float = field(default=0.3, metadata={"min": 0.05, "max": 5.0})
    table_low: float = field(default=0.4, metadata={"min": 0.1, "max": 2.0})
    table_high: float = field(default=1.2, metadata={"min": 0.2, "max": 2.0})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Body:
    """What stands on a surface.

    Attributes:
        pixels: Rows and columns, shape (n, 2).
        support: Index of the surface below, or `GROUND`.
        tops: Indices of level surfaces that are its own.
        centre: Of its box [m], shape (3,).
        size: Of its box: along its own x and y, height [m].
        yaw: Of its box [rad].
        form: What it looks like.
        whole: Whether the image shows all of it.
    """

    pixels: npt.NDArray[np.intp]
    support: int
    tops: tuple[int, ...]
    centre: Array
    size: tuple[float, float, float]
    yaw: float
    form: Form
    whole: bool


def is_table(surface: Surface, ground: float, config: BodyConfig) -> bool:
    """Say whether a surface is a table's top."""
    height = surface.height - ground
    return (
        surface.area >= config.table_area
        and config.table_low <= height <= config.table_high
    )


def find_bodies(
    cloud: Cloud,
    surfaces: list[Surface],
    labels: Labels,
    eye: Array,
    ground: float,
    config: BodyConfig,
) -> list[Body]:
    """Cut out what stands on surfaces and on the ground.

    Args:
        cloud: The point of each pixel [m], shape (H, W, 3); NaN without one.
        surfaces: Lowest first.
        labels: Index of each pixel's surface, -1 for none, shape (H, W).
        eye: Where they were seen from [m], shape (3,).
        ground: Height of the ground [m].
        config: How.
    """
    tables = np.array([is_table(s, ground, config) for s in surfaces], bool)
    outlines = [_half_planes(surface.hull) for surface in surfaces]
    counts = np.array([len(outline) for outline in outlines], np.intp)
    supports = _supports(
        cloud,
        labels,
        np.array([surface.height for surface in surfaces], float),
        np.concatenate([*outlines, np.empty((0, 3))]),
        np.concatenate([[0], np.cumsum(counts)]).astype(np.intp),
        tables,
        eye,
        ground,
        config.clear,
        config.noise,
        config.margin,
        config.highest,
    )
    groups, count = _group(cloud, supports, eye, config.gap)
    flat = groups.ravel()
    order = np.argsort(flat, kind="stable")
    sizes = np.bincount(flat[flat >= 0], minlength=count)
    ends = np.cumsum(sizes) + len(flat) - sizes.sum()
    hidden = _hidden(cloud, groups, eye, count)
    found = []
    for number in np.flatnonzero(sizes >= config.fewest):
        places = order[ends[number] - sizes[number] : ends[number]]
        pixels = np.column_stack(np.unravel_index(places, groups.shape))
        support = int(supports.ravel()[places[0]])
        base = ground if support == GROUND else surfaces[support].height
        own = labels.ravel()[places]
        tops = tuple(int(one) for one in np.unique(own[own >= 0]))
        points = cloud.reshape(-1, 3)[places].astype(float)
        seen = bool(hidden[number] <= HIDDEN * np.sqrt(sizes[number]))
        seen &= bool((pixels.min(axis=0) >= BORDER).all())
        seen &= bool((pixels.max(axis=0) < np.array(groups.shape) - BORDER).all())
        found.append(_measure(points, own >= 0, pixels, support, tops, base, eye, seen))
    return found


def _half_planes(hull: Array) -> Array:
    """Return normals and distances of the sides of an outline, shape (k, 3)."""
    ahead = np.roll(hull, -1, axis=0) - hull
    lengths = np.maximum(np.hypot(ahead[:, 0], ahead[:, 1]), 1e-9)
    normal = np.column_stack([ahead[:, 1], -ahead[:, 0]]) / lengths[:, None]
    return np.column_stack([normal, np.einsum("ki,ki->k", normal, hull)])


def _measure(
    points: Array,
    top: npt.NDArray[np.bool_],
    pixels: npt.NDArray[np.intp],
    support: int,
    tops: tuple[int, ...],
    base: float,
    eye: Array,
    whole: bool,
) -> Body:
    """Measure a body by its points, of which some lie on its level top."""
    height = max(float(np.quantile(points[:, 2], 0.97)) - base, 1e-3)
    middle = np.median(points[:, :2], axis=0)
    ahead = (middle - eye[:2]) / max(float(np.linalg.norm(middle - eye[:2])), 1e-6)
    aside = np.array([-ahead[1], ahead[0]])
    across, along = ((points[:, :2] - middle) @ np.column_stack([aside, ahead])).T
    right, left = np.quantile(across, (0.02, 0.98))
    width = float(left - right)
    form: Form = "box"
    if whole or width < SLENDER:
        form = form_of(across, along, points[:, 2] - base, height, width)
    if form == "box":
        # What is seen from above shows its whole outline, else its visible sides do.
        enough = top.sum() >= 12 and top.sum() >= 0.15 * len(top)
        outline = points[top, :2] if enough else points[:, :2]
        centre, sides, yaw = rectangle(outline)
    else:
        near = float(np.quantile(along, 0.1))
        centre = middle + aside * 0.5 * (right + left) + ahead * (near + 0.45 * width)
        sides, yaw = (width, width), 0.0
    return Body(
        pixels=pixels,
        support=support,
        tops=tops,
        centre=np.array([centre[0], centre[1], base + 0.5 * height]),
        size=(sides[0], sides[1], height),
        yaw=yaw,
        form=form,
        whole=whole,
    )


def rectangle(places: Array) -> tuple[Array, tuple[float, float], float]:
    """Return middle, sides and turn of the least rectangle around most of the places.

    Args:
        places: Seen from above [m], shape (n, 2).
    """
    hull, _ = hull_of(places)
    if not len(hull):
        hull = places
    ahead = np.roll(hull, -1, axis=0) - hull
    best = (np.inf, np.zeros(2), (0.0, 0.0), 0.0)
    for angle in np.arctan2(ahead[:, 1], ahead[:, 0]) % (0.5 * np.pi):
        cos, sin = np.cos(angle), np.sin(angle)
        turned = places @ np.array([[cos, -sin], [sin, cos]])
        low, high = np.quantile(turned, (0.01, 0.99), axis=0)
        area = float(np.prod(high - low))
        if area < best[0]:
            centre = np.array([[cos, -sin], [sin, cos]]) @ (0.5 * (low + high))
            sides = (float(high[0] - low[0]), float(high[1] - low[1]))
            best = (area, centre, sides, float(angle))
    return best[1], best[2], best[3]


@njit(cache=True)
def _supports(
    cloud: Cloud,
    labels: Labels,
    heights: Array,
    sides: Array,
    begins: npt.NDArray[np.intp],
    tables: npt.NDArray[np.bool_],
    eye: Array,
    ground: float,
    clear: float,
    noise: float,
    margin: float,
    highest: float,
) -> Labels:
    """Return for each pixel on which surface it stands; NONE for what is no body's."""
    rows, columns = labels.shape
    found = np.full((rows, columns), NONE, np.int32)
    for v in range(rows):
        for u in range(columns):
            z = cloud[v, u, 2]
            if not z <= ground + highest:
                continue
            own = labels[v, u]
            if own >= 0 and tables[own]:
                continue
            x, y = cloud[v, u, 0], cloud[v, u, 1]
            away2 = (x - eye[0]) ** 2 + (y - eye[1]) ** 2 + (z - eye[2]) ** 2
            over = clear + noise * away2
            if z < ground + over:
                continue
            support = GROUND
            for index in range(heights.shape[0] - 1, -1, -1):
                if index == own:
                    continue
                below = z > heights[index] + over
                if not below and not tables[index]:
                    continue
                within = True
                # What is below a table's top is the table's, legs and edges.
                grow = margin if below else 0.05
                for side in range(begins[index], begins[index + 1]):
                    beyond = sides[side, 0] * x + sides[side, 1] * y - sides[side, 2]
                    if beyond > grow:
                        within = False
                        break
                if within:
                    support = index if below else NONE
                    break
            if support >= 0 and heights[support] < ground + over:
                support = GROUND
            found[v, u] = support
    return found


@njit(cache=True)
def _group(
    cloud: Cloud, supports: Labels, eye: Array, gap: float
) -> tuple[Labels, int]:
    """Label pixels that are beside each other, near in space, on one support."""
    rows, columns = supports.shape
    labels = np.full((rows, columns), -1, np.int32)
    stack = np.empty((rows * columns, 2), np.int32)
    count = 0
    for first_v in range(rows):
        for first_u in range(columns):
            if supports[first_v, first_u] == NONE or labels[first_v, first_u] >= 0:
                continue
            labels[first_v, first_u] = count
            stack[0, 0], stack[0, 1] = first_v, first_u
            height = 1
            while height:
                height -= 1
                v, u = stack[height, 0], stack[height, 1]
                away2 = 0.0
                for axis in range(3):
                    away2 += (cloud[v, u, axis] - eye[axis]) ** 2
                # Grows as noise does.
                limit = gap + 0.006 * away2
                for a in range(max(v - 1, 0), min(v + 2, rows)):
                    for b in range(max(u - 1, 0), min(u + 2, columns)):
                        if labels[a, b] >= 0 or supports[a, b] != supports[v, u]:
                            continue
                        apart = 0.0
                        for axis in range(3):
                            apart += (cloud[a, b, axis] - cloud[v, u, axis]) ** 2
                        if apart < limit * limit:
                            labels[a, b] = count
                            stack[height, 0], stack[height, 1] = a, b
                            height += 1
            count += 1
    return labels, count


@njit(cache=True)
def _hidden(
    cloud: Cloud, groups: Labels, eye: Array, count: int
) -> npt.NDArray[np.intp]:
    """Return how many sides of pixels end at something nearer or unknown, (count,)."""
    rows, columns = groups.shape
    hidden = np.zeros(count, np.intp)
    away = np.empty((rows, columns))
    for v in range(rows):
        for u in range(columns):
            square = 0.0
            for axis in range(3):
                square += (cloud[v, u, axis] - eye[axis]) ** 2
            away[v, u] = np.sqrt(square)
    for v in range(rows):
        for u in range(columns):
            own = groups[v, u]
            if own < 0:
                continue
            for side in range(4):
                # Rims and shadows have no depth: look behind them.
                known = False
                for reach in range(1, SHADOW):
                    a = v + (reach if side == 0 else -reach if side == 1 else 0)
                    b = u + (reach if side == 2 else -reach if side == 3 else 0)
                    if not (0 <= a < rows and 0 <= b < columns):
                        break
                    if groups[a, b] == own:
                        known = True
                        break
                    if away[a, b] > 0.0:
                        known = away[a, b] >= away[v, u] - BEFORE
                        break
                if not known:
                    hidden[own] += 1
    return hidden
