# SPDX-License-Identifier: Apache-2.0
"""Who is around the robot: a camera knows people, a laser scanner follows them.

In: places of people in images, places of bodies in a scanner's turns, in a fixed frame.
Out: `Person`s. A body that walks is somebody (`walkers.py`), one that stands where
somebody was is them for a while.
"""

import math
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from renxing.navigation.people import PeopleConfig, PeopleTracker, Person
from renxing.navigation.walkers import Walkers, WalkersConfig
from renxing.spatial import Array

OVERTAKEN = 0.5  # [s] by which a measurement may come after a newer one


@dataclass(frozen=True, slots=True, kw_only=True)
class LookOutConfig:
    """The look-out.

    Attributes:
        tracker: How people are followed.
        walkers: From when on what a scanner sees is somebody.
        memory: How long who stands where no camera looks is believed [s].
        near: Distance from somebody known up to which a body is theirs [m].
        walking: Speed from which on somebody leaves no trace on maps [m/s].
    """

    tracker: PeopleConfig = field(default_factory=lambda: PeopleConfig(births=3))
    walkers: WalkersConfig = field(default_factory=WalkersConfig)
    memory: float = field(default=10.0, metadata={"min": 0.0, "max": 600.0})
    near: float = field(default=0.6, metadata={"min": 0.1, "max": 2.0})
    walking: float = field(default=0.25, metadata={"min": 0.05, "max": 5.0})


class LookOut:
    """Follows people through what several eyes see.

    Attributes:
        people: Who is believed.
        stamp: Of that [s].
    """

    def __init__(self, config: LookOutConfig | None = None) -> None:
        """Begin with nobody."""
        self.config = config or LookOutConfig()
        self._tracker = PeopleTracker(self.config.tracker)
        self._walkers = Walkers(self.config.walkers)
        self._sure: dict[int, float] = {}
        self.people: tuple[Person, ...] = ()
        self.stamp = -math.inf

    def see(self, places: Array, stamp: float) -> None:
        """Take the people in an image.

        Args:
            places: [m], shape (n, 2).
            stamp: Of the image [s].
        """
        self._update(places, places, self._on_time(stamp))

    def sweep(self, bodies: Array, stamp: float) -> None:
        """Take what may be people in a scanner's turn.

        Args:
            bodies: Their middles [m], shape (n, 2).
            stamp: Of the turn [s].
        """
        config, stamp = self.config, self._on_time(stamp)
        walking = self._walkers.update(bodies, stamp)
        places = [*walking]
        for person in self.at(stamp):
            # Nobody is a post for ever because they once stood beside one.
            if stamp - self._sure.get(person.number, -math.inf) > config.memory:
                continue
            if not len(bodies) or _nearest(person.position, walking) < config.near:
                continue
            body = bodies[np.linalg.norm(bodies - person.position, axis=1).argmin()]
            if np.linalg.norm(body - person.position) < config.near:
                places.append(body)
        self._update(np.reshape(places, (-1, 2)), walking, stamp)

    def at(self, stamp: float) -> tuple[Person, ...]:
        """Return who is believed, where they are at a time if they walk on.

        Args:
            stamp: [s]; nobody is known long after the last measurement.
        """
        passed = stamp - self.stamp
        if not -OVERTAKEN <= passed <= self.config.tracker.patience:
            return ()
        return tuple(
            replace(one, position=one.position + passed * one.velocity)
            for one in self.people
        )

    def walkers(self, stamp: float) -> list[npt.NDArray[np.float64]]:
        """Return the places of those who walk [m], shape (2,) each."""
        return [
            one.position
            for one in self.at(stamp)
            if np.linalg.norm(one.velocity) >= self.config.walking
        ]

    def _on_time(self, stamp: float) -> float:
        """Return the time of a measurement; one that was overtaken counts as now."""
        return self.stamp if 0.0 < self.stamp - stamp < OVERTAKEN else stamp

    def _update(self, places: Array, sure: Array, stamp: float) -> None:
        """Take where people are, and which of them are people for certain."""
        self.people = self._tracker.update(places, stamp)
        self.stamp = stamp
        near = self.config.near
        self._sure = {
            one.number: stamp
            if one.seen == stamp and _nearest(one.position, sure) < near
            else self._sure.get(one.number, -math.inf)
            for one in self.people
        }


def _nearest(place: Array, others: Array) -> float:
    """Return the distance to the nearest of some places; infinite without any [m]."""
    if not len(others):
        return math.inf
    return float(np.linalg.norm(others - place, axis=1).min())
