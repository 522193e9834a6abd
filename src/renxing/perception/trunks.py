# SPDX-License-Identifier: Apache-2.0
"""People among what a laser scanner measures all around.

In: the points of a turn, in a frame whose z points up.  Out: bodies as wide as a person
with what stands beside them: a part of a shelf or a wall is none. Beams are too far
apart to tell a person from a post: somebody is who walks (`Walkers` in
`renxing.navigation`), or who is known from a camera.
"""

from dataclasses import dataclass, field

import numpy as np

from renxing.perception.clusters import ClusterConfig, cut
from renxing.spatial import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkFinderConfig:
    """What may be the trunk of a person.

    Attributes:
        clusters: How bodies are told apart; its columns are those of the scanner.
        low: Height over the ground from which on points count: above tables [m].
        high: Height up to which [m].
        tall: Least height of the highest point [m].
        narrowest: Least width [m].
        widest: Greatest width [m].
        thickest: Greatest depth along the beams [m].
        farthest: Distance up to which [m].
        fewest: Points of a body.
        apart: Distance to what stands beside, below which both are one thing [m].
        inside: From the surface that is seen to the middle of a person [m].
    """

    clusters: ClusterConfig = field(
        default_factory=lambda: ClusterConfig(
            bearing=0.04, inverse=0.04, nearest=0.2, columns=2, gap=0.2, fewest=1
        )
    )
    low: float = field(default=1.0, metadata={"min": 0.3, "max": 1.5})
    high: float = field(default=2.05, metadata={"min": 1.0, "max": 3.0})
    tall: float = field(default=1.15, metadata={"min": 0.5, "max": 2.0})
    narrowest: float = field(default=0.1, metadata={"min": 0.02, "max": 0.5})
    widest: float = field(default=0.9, metadata={"min": 0.3, "max": 2.0})
    thickest: float = field(default=0.5, metadata={"min": 0.1, "max": 2.0})
    farthest: float = field(default=4.0, metadata={"min": 1.0, "max": 20.0})
    fewest: int = field(default=4, metadata={"min": 1, "max": 1000})
    apart: float = field(default=0.25, metadata={"min": 0.0, "max": 1.0})
    inside: float = field(default=0.12, metadata={"min": 0.0, "max": 0.5})


def find_trunks(
    position: Array, eye: Array, ground: float, config: TrunkFinderConfig
) -> Array:
    """Return the middles of all that may be somebody's trunk.

    Args:
        position: Points of a turn without the robot's own [m], shape (n, 3).
        eye: Where they were measured from [m], shape (3,).
        ground: Height on which people stand [m].
        config: What may be a trunk.

    Returns:
        [m], shape (m, 2).
    """
    labels, count = cut(
        position, eye, ground + config.low, ground + config.high, config.clusters
    )
    found = []
    high = position[labels >= 0, :2] - eye[:2]
    for number in range(count):
        body = position[labels == number]
        if len(body) < config.fewest or body[:, 2].max() < ground + config.tall:
            continue
        offset = body[:, :2] - eye[:2]
        middle = offset.mean(axis=0)
        away = float(np.linalg.norm(middle))
        if not 0.0 < away <= config.farthest:
            continue
        ahead = middle / away
        along, across = offset @ ahead, offset @ (-ahead[1], ahead[0])
        near, far = np.quantile(along, (0.05, 0.95))
        # A beam stands for as much as lies between it and the next.
        width = np.ptp(across) + 0.5 * config.clusters.bearing * away
        if not config.narrowest <= width <= config.widest:
            continue
        if far - near > config.thickest:
            continue
        surface = float(np.median(along)) + config.inside
        # What a beam or two missed is cut apart, too.
        apart = config.apart + config.clusters.columns * config.clusters.bearing * away
        if _reach(high, ahead, along, across, apart) > config.widest:
            continue
        side = 0.5 * (across.max() + across.min())
        found.append(eye[:2] + surface * ahead + side * np.array([-ahead[1], ahead[0]]))
    return np.reshape(np.array(found, float), (-1, 2))


def _reach(
    points: Array, ahead: Array, along: Array, across: Array, apart: float
) -> float:
    """Return how wide a body is with all that stands beside it, one by one [m].

    Args:
        points: All, from the eye [m], shape (n, 2).
        ahead: Direction of the body from the eye, shape (2,).
        along: Of the body's own points [m], shape (m,).
        across: Likewise.
        apart: Greatest distance between neighbours [m].
    """
    deep, wide = points @ ahead, points @ (-ahead[1], ahead[0])
    near = (deep > along.min() - apart) & (deep < along.max() + apart)
    side = np.sort(wide[near])
    ends = np.flatnonzero(np.diff(side) > apart)
    first = np.searchsorted(side[ends], across.min())
    left = side[ends[first - 1] + 1] if first else side[0]
    last = np.searchsorted(side[ends], across.max())
    right = side[ends[last]] if last < len(ends) else side[-1]
    return float(right - left)
