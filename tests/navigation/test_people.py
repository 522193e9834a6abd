# SPDX-License-Identifier: Apache-2.0
"""People who are followed, with the truth at hand."""

import numpy as np
import pytest

from renxing.errors import ConfigError
from renxing.navigation import (
    LETHAL,
    CostGrid,
    PeopleConfig,
    PeopleTracker,
    Person,
    occupy,
    predict,
)

NOISE = 0.08


def person(position: tuple[float, float], velocity: tuple[float, float]) -> Person:
    return Person(1, np.array(position), np.array(velocity), 0.01 * np.eye(4), 0.0)


def test_a_walker_is_known_within_a_second() -> None:
    random = np.random.default_rng(1)
    tracker = PeopleTracker()
    errors = []
    for t in np.arange(0.0, 4.0, 0.1):
        true = np.array([1.0 + 1.2 * t, -0.5 * t])
        people = tracker.update(true + random.normal(0.0, NOISE, (1, 2)), t)
        if t > 1.0:
            (one,) = people
            errors.append([*(one.position - true), *(one.velocity - [1.2, -0.5])])
    assert one.number == 1 and one.seen == pytest.approx(3.9)
    deviation = np.std(errors, axis=0)
    assert (deviation[:2] < NOISE).all() and (deviation[2:] < 0.3).all()


def test_the_covariance_is_what_the_errors_are() -> None:
    """Normalised squared errors of consistent estimates average the dimension, 2."""
    random = np.random.default_rng(2)
    config = PeopleConfig(deviation=NOISE, acceleration=0.6, gate=100.0)
    squared = []
    for _ in range(150):
        tracker = PeopleTracker(config)
        place, velocity = np.zeros(2), random.normal(0.0, 1.0, 2)
        for t in np.arange(0.0, 2.0, 0.1):
            (*_, one) = tracker.update(
                place + random.normal(0.0, NOISE, (1, 2)), t
            ) or (None,)
            before = velocity
            velocity = velocity + random.normal(0.0, 0.6 * np.sqrt(0.1), 2)
            # The filter's noise acts all the time; half of each kick is close to it.
            place = place + 0.1 * 0.5 * (before + velocity)
        assert one is not None
        expected, covariance = predict(one, 0.1, 0.6)
        gap = place - expected
        squared.append(gap @ np.linalg.solve(covariance, gap))
    assert np.mean(squared) == pytest.approx(2.0, abs=0.5)


def test_prediction_goes_straight_on_and_doubts_more() -> None:
    walker = person((1.0, 2.0), (0.5, -1.0))
    position, soon = predict(walker, 1.0)
    assert position.tolist() == [1.5, 1.0]
    _, later = predict(walker, 3.0)
    assert np.trace(later) > np.trace(soon) > 0.02


def test_two_who_pass_each_other_keep_their_numbers() -> None:
    tracker = PeopleTracker()
    for t in np.arange(0.0, 6.0, 0.1):
        a, b = (-3.0 + t, 0.25), (3.0 - t, -0.25)
        pair = [a, b] if round(10 * t) % 2 else [b, a]
        people = tracker.update(pair, t)
    one, two = people
    first = one if one.velocity[0] > 0 else two
    # Who came from the left is on the right now, and nobody new was born.
    assert {one.number, two.number} == {1, 2}
    assert first.position[0] == pytest.approx(2.9, abs=0.1)
    assert first.position[1] == pytest.approx(0.25, abs=0.1)


def test_one_detection_is_nobody_yet() -> None:
    tracker = PeopleTracker(PeopleConfig(births=3))
    assert tracker.update([[0.0, 0.0]], 0.0) == ()
    assert tracker.update([[0.0, 0.0]], 0.1) == ()
    assert len(tracker.update([[0.0, 0.0]], 0.2)) == 1


def test_who_is_hidden_goes_on_for_a_while_then_is_gone() -> None:
    tracker = PeopleTracker(PeopleConfig(patience=1.0))
    for t in np.arange(0.0, 2.0, 0.1):
        tracker.update([[t, 0.0]], t)
    (hidden,) = tracker.update([], 2.7)
    assert hidden.position[0] == pytest.approx(2.7, abs=0.1)
    assert hidden.seen == pytest.approx(1.9)
    assert tracker.update(np.empty((0, 2)), 3.0) == ()
    # A number is never given twice.
    tracker.update([[0.0, 0.0]], 3.1)
    (other,) = tracker.update([[0.0, 0.0]], 3.2)
    assert other.number != hidden.number


def test_a_detection_far_off_is_somebody_else() -> None:
    tracker = PeopleTracker()
    for t in np.arange(0.0, 1.0, 0.1):
        (one,) = tracker.update([[0.0, 0.0]], t) or (None,)
    (same,) = tracker.update([[2.0, 0.0]], 1.0)
    assert same.position == pytest.approx([0.0, 0.0], abs=0.02)
    assert len(tracker.update([[2.0, 0.0], [0.0, 0.0]], 1.1)) == 2


def test_time_that_goes_back_forgets() -> None:
    tracker = PeopleTracker()
    for t in (5.0, 5.1, 5.2):
        tracker.update([[0.0, 0.0]], t)
    assert tracker.update([[0.0, 0.0]], 1.0) == ()


def test_what_is_no_place_is_refused() -> None:
    with pytest.raises(ConfigError, match="finite"):
        PeopleTracker().update([[0.0, np.nan]], 0.0)


def test_only_who_stands_takes_room_in_a_plan() -> None:
    floor = CostGrid(
        costs=np.zeros((40, 40), np.uint8), resolution=0.1, origin=np.zeros(2)
    )
    stands, walks = person((1.0, 2.0), (0.1, 0.1)), person((3.0, 2.0), (1.0, 0.0))
    outside, edge = person((9.0, 9.0), (0.0, 0.0)), person((0.0, 4.0), (0.0, 0.0))
    found = occupy(floor, (stands, walks, outside, edge), radius=0.3)
    places = found.point(np.argwhere(found.costs == LETHAL))
    near = np.linalg.norm(places - [1.0, 2.0], axis=1) <= 0.3
    assert near.sum() == 32
    assert (np.linalg.norm(places[~near] - [0.0, 4.0], axis=1) <= 0.3).all()
    assert (~near).sum() == 8
    assert not floor.costs.any()


def test_somebody_far_off_does_not_take_anothers_detection() -> None:
    """Giving away 1.2 m and 10 m would cost less in squares than 0.2 m and 10 m."""
    tracker = PeopleTracker()
    for t in np.arange(0.0, 1.0, 0.1):
        people = tracker.update([[0.0, 0.0], [1.0, 0.0]], t)
    second = people[1].number
    found = {p.number: p for p in tracker.update([[1.2, 0.0], [10.0, 0.0]], 1.0)}
    assert found[second].seen == 1.0
    assert found[second].position[0] > 1.05
