# SPDX-License-Identifier: Apache-2.0
"""A laser scanner follows people where no camera looks."""

from typing import Any

import numpy as np
import pytest
from nav_msgs.msg import OccupancyGrid
from people_msgs.msg import People
from std_msgs.msg import Header

from renxing.navigation import CostGrid, LookOutConfig
from renxing.nodes import convert
from renxing.nodes.terrain_people import PeopleWatch, PeopleWatchConfig
from renxing.spatial import SE3

pytestmark = pytest.mark.ros

PERIOD = 0.1  # [s]
EYE = SE3(np.eye(3), np.array([0.0, 0.0, 1.7]))
POST = (-1.0, -1.0)


def trunk(x: float, y: float) -> np.ndarray:
    """Return points on a column as thick as a person."""
    angle, z = np.meshgrid(np.arange(0.0, 6.28, 0.15), np.arange(0.9, 1.7, 0.1))
    ring = np.column_stack([np.cos(angle.ravel()), np.sin(angle.ravel())])
    return np.column_stack([(x, y) + 0.18 * ring, z.ravel()])


class Watch:
    """A look-out with a clock of its own."""

    def __init__(self, node: Any) -> None:
        self.said: list[People] = []
        self.now = 100.0
        self._watch = PeopleWatch(
            node, PeopleWatchConfig(follow=LookOutConfig(memory=4.0))
        )
        self._watch._topic = self
        self._beside: tuple[np.ndarray, ...] = ()

    def build(self, shelf: np.ndarray, mapped: bool) -> None:
        """Put something there, and on the map."""
        self._beside = (shelf,)
        if mapped:
            costs = np.zeros((120, 120), np.int8)
            grid = CostGrid(
                costs=costs.astype(np.uint8), resolution=0.05, origin=np.full(2, -3.0)
            )
            costs[tuple(grid.cell(shelf[:, :2]).T)] = 100
            message = OccupancyGrid(data=costs.ravel().tolist())
            message.info.width = message.info.height = 120
            message.info.resolution = 0.05
            message.info.origin.position.x = message.info.origin.position.y = -3.0
            backdrop = self._watch._backdrop
            backdrop.on_map(message)
            backdrop._frames._known["odom"] = (None, "map", SE3.Identity())

    def publish(self, message: People) -> None:
        self.said.append(message)

    def sweep(self, *places: tuple[float, float]) -> list[np.ndarray]:
        """Let a turn pass; returns who is there."""
        self.now += PERIOD
        bodies = [trunk(*place) for place in (POST, *places)]
        points = np.vstack([*bodies, *self._beside])
        header = Header(stamp=convert.to_time(self.now), frame_id="odom")
        self._watch.sweep(header, points, EYE, 0.0)
        people = self.said[-1].people
        return [np.array([one.position.x, one.position.y]) for one in people]


def test_who_walks_beside_it_is_somebody_and_a_post_is_not(bench: Any) -> None:
    watch = Watch(bench.node)
    for _ in range(20):
        assert watch.sweep((0.3, 2.0)) == []
    for number in range(20):
        here = (0.3, 2.0 - 0.08 * number)
        found = watch.sweep(here)
    assert len(found) == 1 and np.linalg.norm(found[0] - here) < 0.2
    assert watch.said[-1].header.frame_id == "odom"


def test_who_stands_is_believed_for_a_while(bench: Any) -> None:
    watch = Watch(bench.node)
    for number in range(20):
        here = (0.3, 2.0 - 0.08 * number)
        watch.sweep(here)
    for _ in range(30):
        assert len(watch.sweep(here)) == 1
    for _ in range(30):
        last = watch.sweep(here)
    # It may be a post by which somebody passed.
    assert last == []


def test_a_turn_that_was_overtaken_forgets_nobody(bench: Any) -> None:
    watch = Watch(bench.node)
    for number in range(20):
        watch.sweep((0.3, 2.0 - 0.08 * number))
    watch.now -= 2 * PERIOD
    assert len(watch.sweep((0.3, 0.48))) == 1
    # A clock that went back does.
    watch.now -= 50.0
    assert watch.sweep((0.3, 0.48)) == []


@pytest.mark.parametrize("mapped", [True, False])
def test_who_walks_along_a_shelf_is_somebody_before_the_map(
    bench: Any, mapped: bool
) -> None:
    """A scanner alone cannot tell a person from the end of a shelf; the map can."""
    watch = Watch(bench.node)
    along, z = np.meshgrid(np.arange(-1.0, 2.5, 0.05), np.arange(0.9, 1.7, 0.1))
    face = np.column_stack([np.full(along.size, 0.85), along.ravel(), z.ravel()])
    watch.build(face, mapped)
    met = 0
    for number in range(20):
        here = (0.45, 2.0 - 0.08 * number)
        found = watch.sweep(here)
        met += any(np.linalg.norm(one - here) < 0.25 for one in found)
    assert met >= 8 if mapped else met == 0
