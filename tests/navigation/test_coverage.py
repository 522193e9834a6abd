# SPDX-License-Identifier: Apache-2.0
"""What was looked at, and the views that show the rest."""

import math

import numpy as np
import pytest

from renxing.navigation import LETHAL, UNKNOWN, CostGrid
from renxing.navigation.coverage import Coverage, CoverageConfig
from renxing.spatial import Array

HALF = 0.5  # [rad]


def two_rooms() -> CostGrid:
    """Return 8 x 4 m, a wall at x = 4 with a door from y = 3 to 4; closed at x = 7."""
    costs = np.zeros((80, 160), np.uint8)
    costs[[0, -1]] = costs[:, [0, -1]] = LETHAL
    costs[:60, 80:82] = LETHAL
    costs[:, 140] = LETHAL
    costs[:, 141:] = 0
    return CostGrid(costs=costs, resolution=0.05, origin=np.zeros(2))


@pytest.fixture
def coverage() -> Coverage:
    return Coverage(two_rooms(), [1.0, 1.0], CoverageConfig())


def everywhere(coverage: Coverage) -> Array:
    return coverage.near([[4.0, 2.0]], 99.0)


def test_only_what_can_be_got_to_matters(coverage: Coverage) -> None:
    area = coverage.unseen(everywhere(coverage), 0.0)
    # 7 x 4 m with its walls, some way into what cannot be entered.
    assert 24.0 < area < 31.0
    assert coverage.unseen(coverage.near([[7.7, 2.0]], 0.2), 0.0) == 0.0


def test_a_look_shows_what_is_in_sight_and_is_forgotten(coverage: Coverage) -> None:
    all_of_it = everywhere(coverage)
    before = coverage.unseen(all_of_it, 0.0)
    coverage.look([1.0, 1.0], 0.0, HALF, 0.0)
    gained = before - coverage.unseen(all_of_it, 1.0)
    assert gained == pytest.approx(HALF * 2.5**2, rel=0.15)
    through_the_wall = coverage.near([[5.5, 1.0]], 0.3)
    assert coverage.unseen(through_the_wall, 1.0) > 0.2
    # Not by the search that looked, but by one a while later.
    assert coverage.unseen(all_of_it, 1000.0) < before
    coverage.begin(30.0)
    assert coverage.unseen(all_of_it, 30.0) < before
    coverage.begin(1000.0)
    assert coverage.unseen(all_of_it, 1000.0) == before


def test_bearings_tell_where_to_look_next(coverage: Coverage) -> None:
    all_of_it, place = everywhere(coverage), [2.0, 2.0]
    for _ in range(12):
        found = coverage.bearings(place, HALF, all_of_it, 0.0)
        bearing, area = found[np.argmax(found[:, 1])]
        if area < 0.3:
            break
        coverage.look(place, bearing, HALF, 0.0)
    assert area < 0.3  # some looks are enough for all around
    assert coverage.unseen(coverage.near([place], 1.5), 0.0) < 0.2


def test_views_lead_through_the_whole_room(coverage: Coverage) -> None:
    all_of_it, here = everywhere(coverage), np.array([1.0, 1.0])
    visited = []
    while views := coverage.views(here, all_of_it, 0.0):
        if views[0].area < 0.5:
            break
        here = views[0].place
        visited.append(here)
        coverage.look(here, 0.0, math.pi, 0.0)
    assert 2 <= len(visited) <= 8
    assert max(place[0] for place in visited) > 4.0
    assert coverage.unseen(all_of_it, 0.0) < 1.5
    worths = [view.worth for view in coverage.views(here, all_of_it, 0.0)]
    assert worths == sorted(worths, reverse=True)


def test_it_keeps_to_what_is_asked_for(coverage: Coverage) -> None:
    corner = coverage.near([[0.5, 3.5]], 0.8)
    (best, *_) = coverage.views([1.0, 1.0], corner, 0.0)
    assert np.linalg.norm(best.place - [0.5, 3.5]) < 3.0
    assert best.area <= math.pi * 0.8**2


def test_nothing_behind_a_table_but_its_top(coverage: Coverage) -> None:
    costs = np.zeros((80, 80), np.uint8)
    costs[30:50, 40:60] = LETHAL  # 1 x 1 m from (2, 1.5) on
    room = Coverage(
        CostGrid(costs=costs, resolution=0.05, origin=np.zeros(2)),
        [0.5, 2.0],
        CoverageConfig(),
    )
    room.look([0.5, 2.0], 0.0, HALF, 0.0)
    assert room.unseen(room.near([[2.3, 2.0]], 0.15), 0.0) == 0.0
    assert room.unseen(room.near([[3.4, 2.0]], 0.15), 0.0) > 0.03


def test_looks_survive_a_new_map(coverage: Coverage) -> None:
    coverage.look([1.0, 1.0], 0.0, HALF, 5.0)
    grown = np.full((100, 200), UNKNOWN, np.uint8)
    grown[10:90, 20:180] = two_rooms().costs
    wider = Coverage(
        CostGrid(costs=grown, resolution=0.05, origin=np.array([-1.0, -0.5])),
        [1.0, 1.0],
        CoverageConfig(),
    )
    wider.remember(coverage)
    spot = [[2.5, 1.0]]
    assert wider.unseen(wider.near(spot, 0.3), 6.0) == 0.0


@pytest.mark.parametrize("size", [0.05, 0.07, 0.2])
def test_areas_do_not_depend_on_the_cells_of_the_map(size: float) -> None:
    shape = (round(4.0 / size), round(8.0 / size))
    room = CostGrid(
        costs=np.zeros(shape, np.uint8), resolution=size, origin=np.zeros(2)
    )
    open_floor = Coverage(room, [4.0, 2.0], CoverageConfig())
    all_of_it = open_floor.near([[4.0, 2.0]], 99.0)
    before = open_floor.unseen(all_of_it, 0.0)
    assert before == pytest.approx(32.0, rel=0.06)
    open_floor.look([4.0, 2.0], 0.0, HALF, 5.0)
    gained = before - open_floor.unseen(all_of_it, 6.0)
    assert gained == pytest.approx(HALF * 2.5**2, rel=0.25)
    # A clock that went back.
    assert open_floor.unseen(all_of_it, 1.0) == before


def test_without_room_there_are_no_views() -> None:
    costs = np.full((20, 20), LETHAL, np.uint8)
    grid = CostGrid(costs=costs, resolution=0.1, origin=np.zeros(2))
    assert (
        Coverage(grid, [1.0, 1.0], CoverageConfig()).views(
            [1.0, 1.0], np.ones((20, 20), bool), 0.0
        )
        == []
    )
