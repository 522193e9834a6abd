# SPDX-License-Identifier: Apache-2.0
"""Who walks among bodies that nobody can tell from posts: what has come some way.

In: places of bodies all around, in a fixed frame.  Out: places of those who walk now.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from renxing.navigation.people import PeopleConfig, PeopleTracker
from renxing.spatial import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkersConfig:
    """From when on a body walks.

    Attributes:
        tracker: How bodies are followed.
        way: That it has come since it was first seen [m]; the visible part of a thing
            wanders by less when the robot walks by.
        speed: That it has now [m/s].
    """

    tracker: PeopleConfig = field(
        default_factory=lambda: PeopleConfig(births=3, patience=0.5)
    )
    way: float = field(default=0.5, metadata={"min": 0.05, "max": 5.0})
    speed: float = field(default=0.3, metadata={"min": 0.05, "max": 3.0})


class Walkers:
    """Follows all bodies and knows which of them walk."""

    def __init__(self, config: WalkersConfig | None = None) -> None:
        """Begin with none."""
        self._config = config or WalkersConfig()
        self._tracker = PeopleTracker(self._config.tracker)
        self._first: dict[int, Array] = {}

    def update(self, bodies: npt.ArrayLike, stamp: float) -> Array:
        """Take the bodies of one moment.

        Args:
            bodies: Their middles in a fixed frame [m], shape (n, 2).
            stamp: Of them [s]; a time that goes back forgets everything.

        Returns:
            Places of those who walk and were seen at this moment [m], shape (m, 2).

        Raises:
            ConfigError: If a place is not finite.
        """
        config = self._config
        known = self._tracker.update(bodies, stamp)
        self._first = {
            one.number: self._first.get(one.number, one.position) for one in known
        }
        walking = [
            one.position
            for one in known
            if one.seen == stamp
            and np.linalg.norm(one.velocity) >= config.speed
            and np.linalg.norm(one.position - self._first[one.number]) >= config.way
        ]
        return np.reshape(np.array(walking, float), (-1, 2))
