# SPDX-License-Identifier: Apache-2.0
"""Who walks among bodies that nobody can tell from posts: what has come some way.

In: places of bodies all around, in a fixed frame.  Out: places of those who walk now.
"""

from collections import deque
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
        speed: That it has now, and had since `lately` [m/s].
        lately: Time in which it went straight on [s].
        sightings: Least number of them in that time.
        straight: Greatest length of its way in that time, of the straight one [-].
    """

    tracker: PeopleConfig = field(
        default_factory=lambda: PeopleConfig(births=3, patience=0.5, speed=0.7)
    )
    way: float = field(default=0.5, metadata={"min": 0.05, "max": 5.0})
    speed: float = field(default=0.3, metadata={"min": 0.05, "max": 3.0})
    lately: float = field(default=1.2, metadata={"min": 0.2, "max": 5.0})
    sightings: int = field(default=5, metadata={"min": 2, "max": 100})
    straight: float = field(default=1.3, metadata={"min": 1.0, "max": 10.0})


@dataclass(slots=True)
class _Way:
    """Where a body was: at first, and of late."""

    first: Array
    late: deque[tuple[float, Array]] = field(default_factory=deque)

    def add(self, stamp: float, place: Array, lately: float) -> None:
        self.late.append((stamp, place))
        while stamp - self.late[0][0] > lately + 1e-9:
            self.late.popleft()

    def walks(self, config: WalkersConfig) -> bool:
        """Say whether it has come some way, and straight on of late."""
        # Things that come and go seem to leap, to and fro.
        if len(self.late) < config.sightings:
            return False
        places = np.array([place for _, place in self.late])
        steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
        net = float(np.linalg.norm(places[-1] - places[0]))
        passed = self.late[-1][0] - self.late[0][0]
        return bool(
            np.linalg.norm(places[-1] - self.first) >= config.way
            and net >= config.speed * passed
            and steps.sum() <= config.straight * net
        )


class Walkers:
    """Follows all bodies and knows which of them walk."""

    def __init__(self, config: WalkersConfig | None = None) -> None:
        """Begin with none."""
        self._config = config or WalkersConfig()
        self._tracker = PeopleTracker(self._config.tracker)
        self._ways: dict[int, _Way] = {}

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
        ways = {
            one.number: self._ways.get(one.number) or _Way(one.position)
            for one in known
        }
        self._ways = ways
        for one in known:
            if one.seen == stamp:
                ways[one.number].add(stamp, one.position, config.lately)
        walking = [
            one.position
            for one in known
            if one.seen == stamp
            and np.linalg.norm(one.velocity) >= config.speed
            and ways[one.number].walks(config)
        ]
        return np.reshape(np.array(walking, float), (-1, 2))
