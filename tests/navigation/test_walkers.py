# SPDX-License-Identifier: Apache-2.0
"""Who walks among bodies that could as well be posts."""

import numpy as np
import pytest

from renxing.errors import ConfigError
from renxing.navigation import Walkers

PERIOD = 0.1  # [s] between two turns of a scanner
ERROR = 0.05  # [m] of a body's middle


def turns(way: np.ndarray, seed: int = 0) -> list[np.ndarray]:
    """Return who walks at each turn while one body goes a way."""
    random = np.random.default_rng(seed)
    walkers = Walkers()
    return [
        walkers.update([place + random.normal(0.0, ERROR, 2)], PERIOD * number)
        for number, place in enumerate(way)
    ]


def straight(speed: float, count: int) -> np.ndarray:
    along = speed * PERIOD * np.arange(count)
    return np.column_stack([np.full(count, 2.0), -1.0 + along])


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.4])
def test_who_walks_is_noticed_within_a_metre(speed: float) -> None:
    way = straight(speed, 40)
    found = turns(way)
    first = next(number for number, seen in enumerate(found) if len(seen))
    assert speed * PERIOD * first < 1.0
    for place, seen in zip(way[first + 5 :], found[first + 5 :], strict=True):
        assert len(seen) == 1 and np.linalg.norm(seen[0] - place) < 0.2


@pytest.mark.parametrize("seed", range(5))
def test_a_post_never_walks(seed: int) -> None:
    assert not any(len(seen) for seen in turns(np.tile([1.5, 0.5], (600, 1)), seed))


def test_who_stops_does_not_walk() -> None:
    walk = straight(0.8, 30)
    found = turns(np.vstack([walk, np.tile(walk[-1], (40, 1))]))
    assert len(found[29]) == 1 and not any(len(seen) for seen in found[-20:])


@pytest.mark.parametrize("seed", range(5))
def test_things_that_come_and_go_do_not_walk(seed: int) -> None:
    """Parts of a long wall, each seen for a moment only."""
    random = np.random.default_rng(seed)
    walkers = Walkers()
    found = 0
    for number in range(600):
        bodies = [[2.5, random.uniform(-1.5, 1.5)]] if random.random() < 0.4 else []
        found += len(walkers.update(bodies, PERIOD * number))
    # Three in a row make somebody.
    assert found <= 3


def test_who_was_out_of_sight_has_to_show_it_anew() -> None:
    walkers = Walkers()
    for number, place in enumerate(straight(0.8, 20)):
        seen = walkers.update([place], PERIOD * number)
    assert len(seen) == 1
    for number in range(20, 40):
        assert not len(walkers.update([], PERIOD * number))
    assert not len(walkers.update([[2.0, 0.7]], 4.0))


def test_places_that_are_none_are_refused() -> None:
    with pytest.raises(ConfigError, match="finite places"):
        Walkers().update([[np.nan, 0.0]], 0.0)
