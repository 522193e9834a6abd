# SPDX-License-Identifier: Apache-2.0
"""What the look into the future is told about walls and people."""

import numpy as np
import pytest
from tests.navigation.walker import room

from renxing.navigation import UNKNOWN, FollowerConfig, Person
from renxing.navigation.rollout import between
from renxing.navigation.surroundings import TICK, ahead, around

CONFIG = FollowerConfig()
HERE = np.array([2.0, 2.0])


def person(velocity: tuple[float, float], variance: float, x: float = 3.0) -> Person:
    covariance = variance * np.eye(4)
    return Person(1, np.array([x, 2.0]), np.array(velocity), covariance, 0.0)


def test_people_go_straight_on() -> None:
    (walker,) = ahead((person((-0.5, 1.0), 1e-4),), HERE, CONFIG)
    moments = TICK * np.arange(len(walker))
    assert moments[-1] == pytest.approx(CONFIG.person_horizon)
    assert walker[:, 0] == pytest.approx(3.0 - 0.5 * moments)
    assert walker[:, 1] == pytest.approx(2.0 + moments)


def test_who_walks_is_given_more_room_than_who_stands() -> None:
    people = person((0.0, 0.0), 1e-4), person((0.5, 0.0), 1e-4)
    stands, walks = ahead(people, HERE, CONFIG)[:, 0, 2]
    both = CONFIG.radius + CONFIG.person_radius
    assert stands == pytest.approx(both + 0.5 * CONFIG.person_clearance)
    assert walks == pytest.approx(both + CONFIG.person_clearance)


def test_who_stands_too_near_already_may_be_left() -> None:
    def keep(speed: float, away: float) -> float:
        (one,) = ahead((person((speed, 0.0), 0.05, 2.0 + away),), HERE, CONFIG)
        return float(one[0, 2])

    both = CONFIG.radius + CONFIG.person_radius
    assert keep(0.0, 2.0) == pytest.approx(both + 0.5 * CONFIG.person_clearance)
    assert both < keep(0.0, 0.7) < 0.7
    assert keep(0.0, 0.4) == pytest.approx(both)
    assert keep(0.5, 0.7) == pytest.approx(both + CONFIG.person_clearance)


def test_the_less_is_known_the_more_room_is_kept_later() -> None:
    people = tuple(person((0.5, 0.0), v) for v in (1e-4, 0.005, 0.02, 9.0))
    keep = ahead(people, HERE, CONFIG)[:, :, 2]
    assert (np.diff(keep, axis=1) > 0.0).all()
    assert (np.diff(keep[:, -1]) > 0.0).all()
    # However little, it does not close the room.
    assert keep[:, -1].max() == pytest.approx(keep[0, 0] + 0.4)


def test_who_is_far_does_not_matter() -> None:
    people = person((0.0, 0.0), 1.0, 9.9), person((0.0, 0.0), 1.0, 10.1)
    assert len(ahead(people, HERE, CONFIG)) == 1


def test_room_is_measured_to_the_border_of_what_stands() -> None:
    floor = room(6, 4, (3.0, 3.2, 0.0, 4.0))
    found, _, corner, side, need = around(floor, HERE, CONFIG)
    assert need == pytest.approx(CONFIG.radius + CONFIG.clearance)
    for x in (2.975, 2.5, 2.175, 1.975):
        place = (np.array([x, 2.025]) - corner) / side
        assert between(found, *place) == pytest.approx(3.0 - x, abs=1e-6)


@pytest.mark.parametrize("allowed", [False, True])
def test_unknown_stands_in_the_way_unless_allowed_or_stood_in(allowed: bool) -> None:
    config = FollowerConfig(unknown_allowed=allowed)
    floor = room(6, 4)
    floor.costs[:, 50:] = UNKNOWN
    for x, in_it in ((1.5, False), (2.9, True)):
        found, _, corner, side, _ = around(floor, np.array([x, 2.0]), config)
        at_border = between(found, *((np.array([2.525, 2.0]) - corner) / side))
        assert (at_border < 0.1) is not (allowed or in_it)
