# SPDX-License-Identifier: Apache-2.0
"""Where the feet have stood, and where they were told to."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import viser
from tests.console.test_balance import BALANCE

from renxing.console.footprints import KEPT, Foothold, FootprintView
from renxing.robot import load_robot
from renxing.spatial import SE3

UP, DOWN = np.zeros(3), np.array([0.0, 0.0, 400.0])
STANDS = replace(BALANCE, mode="stand", forces=np.array([DOWN, DOWN]))


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def server() -> Iterator[viser.ViserServer]:
    server = viser.ViserServer(host="127.0.0.1", port=0, verbose=False)
    yield server
    server.stop()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def view(server: viser.ViserServer, clock: Clock) -> FootprintView:
    return FootprintView(server, load_robot("rx1"), clock)


def at(x: float, y: float) -> SE3:
    return SE3(np.eye(3), np.array([x, y, 0.0]))


def step(view: FootprintView, foot: int, x: float, number: int) -> None:
    """Lift a foot and put it down at x."""
    for carries in (False, True):
        forces = np.array([DOWN, DOWN])
        forces[foot] = DOWN if carries else UP
        soles = [at(0.0, 0.1), at(0.0, -0.1)]
        soles[foot] = at(x, 0.1 - 0.2 * foot)
        balance = replace(
            BALANCE, forces=forces, soles=tuple(soles), steps=number, mode="walk"
        )
        view.show(balance)


def shown(lines: list) -> list:
    return [line for line in lines if line.visible]


def test_a_foot_that_lands_leaves_a_print(view: FootprintView) -> None:
    view.show(STANDS)
    assert shown(view._trail) == []
    step(view, 0, 0.4, 1)
    (line,) = shown(view._trail)
    middle = line.points.reshape(-1, 3).mean(axis=0)
    assert middle[:2] == pytest.approx((0.4, 0.1), abs=1e-6)
    step(view, 0, 0.41, 2)  # it only shuffled
    assert len(shown(view._trail)) == 1
    for number in range(2 * KEPT):
        step(view, number % 2, 1.0 + 0.2 * number, 3 + number)
    assert len(shown(view._trail)) == KEPT
    newest = max(line.points[..., 0].mean() for line in view._trail)
    assert newest == pytest.approx(1.0 + 0.2 * (2 * KEPT - 1), abs=1e-6)


def test_given_footsteps_go_as_they_are_made(view: FootprintView) -> None:
    view.give([Foothold(n % 2, at(0.2 * n, 0.1)) for n in range(3)])
    assert view.left == len(shown(view._planned)) == 3
    assert view._planned[2].points[..., 0].mean() == pytest.approx(0.4, abs=1e-6)
    view.show(STANDS)
    assert view.left == 3
    for number, left in ((7, 3), (8, 2), (9, 1)):
        view.show(replace(BALANCE, mode="walk", steps=number))
        assert view.left == len(shown(view._planned)) == left
    view.show(replace(STANDS, steps=10))
    assert view.left == 0 and not view._planned


def test_footsteps_that_nobody_makes_are_taken_away(view, clock) -> None:
    view.give([Foothold(0, at(0.2, 0.1))])
    view.show(STANDS)
    assert view.left == 1
    clock.now = 10.0
    view.show(STANDS)
    assert view.left == 0
    view.give([Foothold(0, at(0.2, 0.1))])
    view.show(None)
    assert view.left == 0
