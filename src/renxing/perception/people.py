# SPDX-License-Identifier: Apache-2.0
"""People among what stands upright around the robot.

In: points of one image in a frame whose z points up, the eye.  Out: `Sighting`s.
Method: above tables people stand apart (`clusters.py`). A person has a head: where the
outline of a body from above the shoulders on is as narrow as one, not as high as a
door, and a trunk follows below it. A post of that width and height would be taken for
one; walls, shelves, pillars and doors are not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from renxing.perception.clusters import ClusterConfig, cut
from renxing.perception.projection import Points
from renxing.spatial import Array, Mask

Columns = npt.NDArray[np.intp]

HEAD = 0.20  # [m] that a head is high, about
FILLED = 0.7  # share of the way down from the head that must have points [-]
SLICE = 0.08  # [m] in which that is looked for
FEWEST = 40  # points of a person


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleFinderConfig:
    """What counts as a person.

    Attributes:
        clusters: How bodies are told apart.
        low: Height over the ground from which on bodies are looked at: above tables
            and what is on them [m].
        shortest: Least height of a person [m].
        tallest: Greatest height of a person [m].
        head_least: Least width of a head [m].
        head_most: Greatest width of a head [m].
        trunk_least: Least width of the trunk with arms [m].
        trunk_most: Greatest width of the trunk with arms [m].
        thickness: Greatest depth of a body along the line of sight [m].
        noise: Standard deviation of 1 / range that is believed of the camera [1/m].
        inside: From the surface that is seen to the middle of a person [m].
    """

    clusters: ClusterConfig = field(default_factory=ClusterConfig)
    low: float = field(default=1.0, metadata={"min": 0.3, "max": 1.5})
    shortest: float = field(default=1.3, metadata={"min": 0.5, "max": 2.0})
    tallest: float = field(default=2.05, metadata={"min": 1.0, "max": 3.0})
    head_least: float = field(default=0.10, metadata={"min": 0.02, "max": 0.5})
    head_most: float = field(default=0.33, metadata={"min": 0.1, "max": 1.0})
    trunk_least: float = field(default=0.16, metadata={"min": 0.05, "max": 0.5})
    trunk_most: float = field(default=0.80, metadata={"min": 0.2, "max": 2.0})
    thickness: float = field(default=0.50, metadata={"min": 0.1, "max": 2.0})
    noise: float = field(default=0.005, metadata={"min": 1e-4, "max": 0.1})
    inside: float = field(default=0.12, metadata={"min": 0.0, "max": 0.5})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sighting:
    """Somebody in one image.

    Attributes:
        position: Of the middle of the body [m], shape (2,).
        height: Of the top of the head over the ground [m].
        width: Of the trunk, arms included [m].
        whole: Whether all of the outline is in the image; who is cut off by its border
            may be something else.
    """

    position: Array
    height: float
    width: float
    whole: bool


def find_people(
    position: Array,
    eye: Array,
    ground: float,
    view: tuple[float, float],
    config: PeopleFinderConfig,
) -> tuple[Sighting, ...]:
    """Find people.

    Args:
        position: Points of one image [m], shape (N, 3).
        eye: Where they were seen from [m], shape (3,).
        ground: Height on which people stand [m].
        view: Bearing of the middle of the image, and half its width [rad].
        config: What counts as a person.
    """
    low, high = ground + config.low, ground + config.tallest + 0.5
    labels, count = cut(position, eye, low, high, config.clusters)
    if not count:
        return ()
    order = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels[order[np.searchsorted(labels[order], 0) :]])
    ends = np.cumsum(sizes) + len(order) - sizes.sum()
    found: list[Sighting] = []
    for size, end in zip(sizes, ends, strict=True):
        if size >= FEWEST:
            body = _Body(position[order[end - size : end]], eye, ground, view[0])
            found += _people(body, eye, view, config)
    return tuple(found)


def believed(
    sightings: Sequence[Sighting], known: Sequence[Array], near: float
) -> Array:
    """Return where people are: parts of bodies count beside those who are known.

    Args:
        sightings: Of one image.
        known: Places of people who are known [m], shape (2,) each.
        near: How far off a part may be of the same person [m].

    Returns:
        Places [m], shape (n, 2).
    """
    places = [
        one.position
        for one in sightings
        if one.whole or any(np.linalg.norm(one.position - k) < near for k in known)
    ]
    return np.reshape(np.array(places, float), (-1, 2))


def without(points: Points, places: Sequence[Array], room: float) -> Points:
    """Return points without those around some places.

    Args:
        points: Of an image.
        places: Of people [m], shape (2,) each.
        room: Radius around each that is left out [m].
    """
    if not places:
        return points
    kept = np.ones(len(points.position), bool)
    for place in places:
        offset = points.position[:, :2] - place
        kept &= np.einsum("ni,ni->n", offset, offset) > room**2
    return Points(position=points.position[kept], variance=points.variance[kept])


class _Body:
    """The points of one body as the eye has them.

    Attributes:
        height: Over the ground [m], shape (n,).
        away: Range in the plane [m], shape (n,).
        angle: Bearing from the middle of the image, which does not wrap [rad], (n,).
    """

    def __init__(self, points: Array, eye: Array, ground: float, middle: float) -> None:
        offset = points[:, :2] - eye[:2]
        self.height: Array = points[:, 2] - ground
        self.away: Array = np.hypot(offset[:, 0], offset[:, 1])
        angle = np.arctan2(offset[:, 1], offset[:, 0]) - middle
        self.angle: Array = np.remainder(angle + np.pi, 2.0 * np.pi) - np.pi


@dataclass(frozen=True, slots=True, eq=False)
class _Trunk:
    """What is below a head: bearings of its sides [rad], range of its surface [m]."""

    right: float
    left: float
    away: float


def _people(
    body: _Body, eye: Array, view: tuple[float, float], config: PeopleFinderConfig
) -> list[Sighting]:
    """Return the people in one body: those under each of its heads."""
    cell = config.clusters.bearing
    first = int(math.floor(body.angle.min() / cell))
    column = np.floor(body.angle / cell).astype(np.intp) - first
    outline = _outline(column, body.height)
    left = outline.copy()
    found = []
    while (top := float(left.max())) >= config.shortest:
        begin, end = _down_to(outline, int(np.argmax(left)), top - HEAD)
        left[begin : end + 1] = -np.inf
        inside = (column >= begin) & (column <= end)
        trunk = _trunk(body, inside, top, config) if top <= config.tallest else None
        if trunk is None:
            continue
        middle = view[0] + 0.5 * (trunk.right + trunk.left)
        direction = np.array([math.cos(middle), math.sin(middle)])
        border = max(abs(trunk.right), abs(trunk.left))
        found.append(
            Sighting(
                position=eye[:2] + (trunk.away + config.inside) * direction,
                height=top,
                width=(trunk.left - trunk.right) * trunk.away,
                whole=border < view[1] - 3.0 * cell,
            )
        )
        # The same shoulders do not carry two heads.
        low, high = (math.floor(a / cell) - first for a in (trunk.right, trunk.left))
        left[max(0, low - 1) : high + 2] = -np.inf
    return found


def _outline(column: Columns, height: Array) -> Array:
    """Return the height of the second highest point of each column; one may fly."""
    count = int(column.max()) + 1
    outline = np.full(count, -np.inf)
    second = np.full(count, -np.inf)
    np.maximum.at(outline, column, height)
    below = height < outline[column]
    np.maximum.at(second, column[below], height[below])
    return second


def _down_to(outline: Array, peak: int, height: float) -> tuple[int, int]:
    """Return the first and last column around a peak that are above a height."""
    begin = end = peak
    while begin > 0 and outline[begin - 1] > height:
        begin -= 1
    while end < len(outline) - 1 and outline[end + 1] > height:
        end += 1
    return begin, end


def _trunk(
    body: _Body, inside: Mask, top: float, config: PeopleFinderConfig
) -> _Trunk | None:
    """Return the trunk below a head; None if one of them is none.

    Args:
        body: Whose head and trunk.
        inside: Points in the head's columns, shape (n,).
        top: Of the head over the ground [m].
        config: What counts as a person.
    """
    height, away, angle = body.height, body.away, body.angle
    distance = float(np.median(away[inside]))
    ends = np.quantile(angle[inside & (height > top - HEAD)], (0.02, 0.98))
    if not config.head_least <= (ends[1] - ends[0]) * distance <= config.head_most:
        return None
    off = np.abs(angle - ends.mean()) * distance
    beside = off <= 0.6 * config.trunk_most
    same = beside & (np.abs(away - distance) <= 0.5 * config.thickness)
    trunk = same & (height < top - HEAD - 0.1) & (height > top - 0.75)
    if trunk.sum() < FEWEST // 2:
        return None
    right, left = np.quantile(angle[trunk], (0.02, 0.98))
    if not config.trunk_least <= (left - right) * distance <= config.trunk_most:
        return None
    # People are lean in depth too: a wall that leads away is not.
    near, far = np.quantile(away[beside & (height < top)], (0.05, 0.95))
    if far - near > config.thickness + 3.3 * config.noise * distance**2:
        return None
    slices = np.arange(config.low, top, SLICE)
    filled = np.histogram(height[same & (off <= 0.1)], slices)[0] > 0
    if filled.mean() < FILLED:
        return None
    return _Trunk(float(right), float(left), float(np.median(away[trunk])))
