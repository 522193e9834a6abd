# SPDX-License-Identifier: Apache-2.0
"""Who is found among what stands: people in rendered images, and nothing else."""

import math

import numpy as np
import pytest

from renxing.evaluation.wandering import Place, Wanderer
from renxing.perception import (
    PeopleFinderConfig,
    Points,
    Sighting,
    believed,
    find_people,
    without,
)
from renxing.perception.clusters import ClusterConfig, cut

HALF_VIEW = 0.6  # [rad] of rx1's head camera

ROOM = """
name: room
fixed:
  - {kind: person, name: anna, at: [3.0, 0.0, 0.0], yaw: 3.1, height: 1.62}
  - {kind: person, name: berta, at: [2.6, 1.1, 0.0], yaw: 1.57, height: 1.85}
  - {kind: table, name: table, at: [2.9, -0.75, 0.0]}
  - {kind: box, name: wall, at: [4.2, 0.0, 1.25], size: [0.1, 8.0, 2.5]}
  - {kind: shelf, name: shelf, at: [-3.0, 0.4, 0.0], yaw: 3.1415927}
  - {kind: box, name: pillar, at: [-2.5, -0.9, 1.25], size: [0.35, 0.35, 2.5]}
  - {kind: box, name: cupboard, at: [-3.0, 1.6, 0.9], size: [0.5, 0.6, 1.8]}
"""


def look(wanderer: Wanderer, x: float, y: float, yaw: float) -> tuple[Sighting, ...]:
    """Return who is found from a place, after three images."""
    wanderer.restart(seed=3)
    for _ in range(3):
        pose = wanderer.stand(Place(x=x, y=y, yaw=yaw), 0.07)
        wanderer.look(pose)
    head = wanderer.views()[0]
    points = head.points @ pose.rotation.T + pose.translation
    near = np.linalg.norm(points - pose.act(head.eye), axis=1) < 5.0
    view = (yaw, HALF_VIEW)
    eye = pose.act(head.eye)
    return find_people(points[near], eye, 0.0, view, PeopleFinderConfig())


def at(found: tuple[Sighting, ...], x: float, y: float) -> list[Sighting]:
    return [one for one in found if np.hypot(*(one.position - (x, y))) < 0.2]


@pytest.mark.parametrize(
    "place", [(0.0, 0.0, 0.2), (1.0, 0.8, -0.1), (0.5, -1.0, 0.45)]
)
def test_people_are_found_beside_table_and_wall(
    wanderer: Wanderer, place: tuple[float, float, float]
) -> None:
    found = look(wanderer, *place)
    anna, berta = at(found, 3.0, 0.0), at(found, 2.6, 1.1)
    assert len(found) == 2
    assert len(anna) == len(berta) == 1
    assert anna[0].height == pytest.approx(1.62, abs=0.06)
    assert berta[0].height == pytest.approx(1.85, abs=0.06)
    # From ahead with both arms, and from the side.
    assert 0.4 < anna[0].width < 0.65
    assert anna[0].whole


def test_who_is_near_is_found(wanderer: Wanderer) -> None:
    found = look(wanderer, 2.0, 0.0, 0.0)
    assert len(at(found, 3.0, 0.0)) == 1


def test_who_is_cut_off_by_the_border_is_marked(wanderer: Wanderer) -> None:
    # The body's middle is at the border of the view, 0.6 rad to the left.
    found = look(wanderer, 1.0, 0.0, -0.6)
    assert [one.whole for one in found] in ([], [False])


def test_furniture_and_pillars_are_nobody(wanderer: Wanderer) -> None:
    for place in ((0.0, 0.4, math.pi), (-0.8, 0.0, 2.8), (-1.0, -0.5, 3.4)):
        # What the border cuts off may look like anything, and is marked.
        assert not any(one.whole for one in look(wanderer, *place))


def test_heights_count_over_the_ground() -> None:
    raised = np.array([[3.0 + 0.01 * k, 0.02 * j, 1.0 + 0.02 * i] for i in range(30)
                       for j in range(-5, 6) for k in range(3)])  # fmt: skip
    # A post that ends at 1.6 m: a child on the floor, too short on a step of 0.4 m.
    view = (0.0, 0.6)
    eye = np.array([0.0, 0.0, 1.6])
    found = find_people(raised, eye, 0.0, view, PeopleFinderConfig())
    assert len(found) == 1
    assert find_people(raised, eye, 0.4, view, PeopleFinderConfig()) == ()


def test_parts_count_beside_those_who_are_known() -> None:
    whole = Sighting(position=np.zeros(2), height=1.7, width=0.5, whole=True)
    part = Sighting(position=np.ones(2), height=1.7, width=0.3, whole=False)
    assert believed([whole, part], [], 0.6).tolist() == [[0.0, 0.0]]
    assert len(believed([whole, part], [np.array([1.2, 1.3])], 0.6)) == 2
    assert believed([], [], 0.6).shape == (0, 2)


def test_points_around_people_are_left_out() -> None:
    places = np.array([[0.0, 0.0, 1.0], [0.4, 0.0, 0.2], [2.0, 0.0, 0.0]])
    points = Points(position=places, variance=np.array([1.0, 2.0, 3.0]))
    left = without(points, [np.zeros(2), np.array([5.0, 5.0])], 0.5)
    assert left.variance.tolist() == [3.0]
    assert left.position.tolist() == [[2.0, 0.0, 0.0]]
    assert without(points, [], 0.5) is points


def test_bodies_are_cut_where_there_is_a_gap() -> None:
    random = np.random.default_rng(4)
    bodies = []
    for x, y in ((2.0, 0.0), (2.0, 0.5), (2.6, 0.0)):
        offset = random.uniform(-0.1, 0.1, (400, 3))
        bodies.append(offset + (x, y, 1.5))
    points = np.concatenate(bodies)
    order = random.permutation(len(points))
    labels, count = cut(points[order], np.array([0, 0, 1.5]), 1.0, 2.0, ClusterConfig())
    assert count == 3
    back = labels[np.argsort(order)].reshape(3, 400)
    for body in back:
        known = body[body >= 0]
        # A cell with a single point is nobody's.
        assert len(known) > 300 and (known == known[0]).all()
    none = cut(points, np.array([0, 0, 1.5]), 3.0, 4.0, ClusterConfig())
    assert none[1] == 0 and (none[0] == -1).all()
