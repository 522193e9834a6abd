# SPDX-License-Identifier: Apache-2.0
"""Who walks where: people followed from detection to detection, and ahead in time.

In: places of people in the map frame.  Out: `Person`, with velocity.
Method: a Kalman filter of constant velocity for each, driven by white acceleration;
detections are given to tracks so that the sum of squared Mahalanobis distances is least
(Bar-Shalom, Li & Kirubarajan 2001, "Estimation with applications to tracking and
navigation", ch. 6; the assignment is the Hungarian one).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from renxing.errors import ConfigError
from renxing.navigation.grid import LETHAL, CostGrid
from renxing.spatial import Array

PLACE = np.eye(2, 4)  # what a detection sees of x, y, vx, vy


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleConfig:
    """The tracker.

    Attributes:
        deviation: Standard deviation of a detection [m].
        speed: Standard deviation of the speed of somebody new [m/s].
        acceleration: Density of the acceleration that people walk with
            [m/s² per square root of Hz].
        gate: Squared Mahalanobis distance up to which a detection is the same person
            [-]; 13.8 lets 1 in 1000 escape.
        births: Detections after which somebody is believed.
        patience: Time without detection after which somebody is gone [s].
    """

    deviation: float = field(default=0.08, metadata={"min": 0.001, "max": 1.0})
    speed: float = field(default=1.0, metadata={"min": 0.01, "max": 5.0})
    acceleration: float = field(default=0.6, metadata={"min": 0.01, "max": 10.0})
    gate: float = field(default=13.8, metadata={"min": 1.0, "max": 100.0})
    births: int = field(default=2, metadata={"min": 1, "max": 20})
    patience: float = field(default=1.0, metadata={"min": 0.05, "max": 30.0})


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """Somebody.

    Attributes:
        number: Never used again for another.
        position: In the map frame [m], shape (2,).
        velocity: In the map frame [m/s], shape (2,).
        covariance: Of x, y, vx, vy, shape (4, 4).
        seen: Time of the last detection [s].
    """

    number: int
    position: Array
    velocity: Array
    covariance: Array
    seen: float


@dataclass(slots=True)
class _Track:
    number: int
    state: Array
    covariance: Array
    seen: float
    sightings: int = 1

    def advance(self, seconds: float, density: float) -> None:
        self.state, self.covariance = _advanced(
            self.state, self.covariance, seconds, density
        )

    def update(self, detection: Array, variance: float) -> None:
        spread = self.covariance[:2, :2] + variance * np.eye(2)
        gain = np.linalg.solve(spread, self.covariance[:2]).T
        self.state = self.state + gain @ (detection - self.state[:2])
        # Joseph's form stays symmetric and positive whatever is rounded.
        left = np.eye(4) - gain @ PLACE
        self.covariance = left @ self.covariance @ left.T + variance * gain @ gain.T


class PeopleTracker:
    """Follows people; somebody is believed after some detections."""

    def __init__(self, config: PeopleConfig | None = None) -> None:
        """Begin with nobody."""
        self._config = config or PeopleConfig()
        self._next = 1
        self.reset()

    def reset(self) -> None:
        """Forget everybody."""
        self._tracks: list[_Track] = []
        self._stamp = -math.inf

    def update(self, detections: npt.ArrayLike, stamp: float) -> tuple[Person, ...]:
        """Take the detections of one moment; none is a moment too.

        Args:
            detections: In the map frame [m], shape (n, 2).
            stamp: Of them [s]; a time that goes back forgets everybody.

        Returns:
            Who is believed, by number.

        Raises:
            ConfigError: If a detection is not two finite numbers.
        """
        places = np.asarray(detections, float).reshape(-1, 2)
        if not np.isfinite(places).all():
            raise ConfigError("detections of people: finite places wanted")
        if stamp < self._stamp:
            self.reset()
        config = self._config
        if self._tracks:
            for track in self._tracks:
                track.advance(stamp - self._stamp, config.acceleration**2)
        self._stamp = stamp
        pairs = self._pairs(places)
        for track, i in pairs:
            track.update(places[i], config.deviation**2)
            track.seen = stamp
            track.sightings += 1
        old = {i for _, i in pairs}
        for i in range(len(places)):
            if i not in old:
                self._tracks.append(self._born(places[i], stamp))
        self._tracks = [t for t in self._tracks if self._alive(t)]
        return tuple(
            Person(t.number, t.state[:2], t.state[2:], t.covariance, t.seen)
            for t in self._tracks
            if t.sightings >= config.births
        )

    def _pairs(self, places: Array) -> list[tuple[_Track, int]]:
        """Return which track gets which detection."""
        if not self._tracks or not len(places):
            return []
        config = self._config
        cost = np.empty((len(self._tracks), len(places)))
        for row, track in zip(cost, self._tracks, strict=True):
            spread = track.covariance[:2, :2] + config.deviation**2 * np.eye(2)
            gap = places - track.state[:2]
            row[:] = np.einsum("ni,ij,nj->n", gap, np.linalg.inv(spread), gap)
        # One that is beyond the gate must not push another out of its own.
        limited = np.minimum(cost, config.gate)
        return [
            (self._tracks[i], int(j))
            for i, j in zip(*linear_sum_assignment(limited), strict=True)
            if cost[i, j] < config.gate
        ]

    def _born(self, place: Array, stamp: float) -> _Track:
        config = self._config
        variances = (
            np.array([config.deviation, config.deviation, config.speed, config.speed])
            ** 2
        )
        track = _Track(
            self._next, np.append(place, [0.0, 0.0]), np.diag(variances), stamp
        )
        self._next += 1
        return track

    def _alive(self, track: _Track) -> bool:
        """Say whether to go on; a first detection has to be confirmed sooner."""
        config = self._config
        patience = config.patience
        if track.sightings < config.births:
            patience *= 0.5
        return self._stamp - track.seen <= patience


def predict(
    person: Person, seconds: float, acceleration: float = 0.6
) -> tuple[Array, Array]:
    """Return where somebody will be.

    Args:
        person: As of the last update.
        seconds: From then on [s].
        acceleration: Density as in `PeopleConfig` [m/s² per square root of Hz].

    Returns:
        Position [m], shape (2,), and its covariance [m²], shape (2, 2).
    """
    state = np.append(person.position, person.velocity)
    state, covariance = _advanced(state, person.covariance, seconds, acceleration**2)
    return state[:2], covariance[:2, :2]


def occupy(
    grid: CostGrid,
    people: tuple[Person, ...],
    radius: float = 0.3,
    slower_than: float = 0.3,
) -> CostGrid:
    """Make the place of people who stand lethal, so that routes lead around them.

    Who walks will be elsewhere and is the follower's business. Do this before grids
    are inflated, and for plans only: the follower keeps off people by itself.

    Args:
        grid: In the frame that people are in.
        people: All.
        radius: Of a person's disc [m].
        slower_than: Speed below which somebody stands [m/s].
    """
    costs = grid.costs.copy()
    rows, columns = costs.shape
    for person in people:
        if np.linalg.norm(person.velocity) >= slower_than:
            continue
        low = np.maximum(grid.cell(person.position - radius), 0)
        high = np.minimum(grid.cell(person.position + radius) + 1, (rows, columns))
        if (low >= high).any():
            continue
        block = np.moveaxis(np.mgrid[low[0] : high[0], low[1] : high[1]], 0, -1)
        away = np.linalg.norm(grid.point(block) - person.position, axis=-1)
        costs[low[0] : high[0], low[1] : high[1]][away <= radius] = LETHAL
    return grid.replaced(costs)


def apart_from(
    points: npt.ArrayLike, people: Sequence[Person], radius: float = 0.8
) -> Array:
    """Return points that are nobody's.

    Args:
        points: In the frame that people are in [m], shape (n, 2).
        people: Whose points are left out: those who walk on, for a plan.
        radius: Around each in which points are theirs; both are some tenths of a
            second old [m].
    """
    kept = np.reshape(np.asarray(points, float), (-1, 2))
    for person in people:
        kept = kept[np.linalg.norm(kept - person.position, axis=1) > radius]
    return kept


def _advanced(
    state: Array, covariance: Array, seconds: float, density: float
) -> tuple[Array, Array]:
    """Let time pass: constant velocity, white acceleration of a density [m²/s³]."""
    through = np.eye(4)
    through[0, 2] = through[1, 3] = seconds
    noise = np.zeros((4, 4))
    noise[:2, :2] = seconds**3 / 3.0 * np.eye(2)
    noise[:2, 2:] = noise[2:, :2] = seconds**2 / 2.0 * np.eye(2)
    noise[2:, 2:] = seconds * np.eye(2)
    return through @ state, through @ covariance @ through.T + density * noise
