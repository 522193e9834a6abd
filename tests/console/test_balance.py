# SPDX-License-Identifier: Apache-2.0
"""What is drawn over a walking robot, and what the page says of its balance."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import viser

from renxing.console import Balance
from renxing.console.balance import BalanceView, support_polygon
from renxing.console.follow import FollowingCamera
from renxing.console.tables import walking_table
from renxing.robot import Robot, load_robot
from renxing.spatial import SE3

LEFT = SE3(np.eye(3), np.array([0.0, 0.1, 0.0]))
RIGHT = SE3(np.eye(3), np.array([0.2, -0.1, 0.05]))
BALANCE = Balance(
    mode="walk",
    velocity=np.array([0.3, 0.0, -0.1]),
    com=np.array([0.05, 0.02, 0.9]),
    capture_point=np.array([0.1, 0.0]),
    centre_of_pressure=np.array([0.02, 0.1]),
    foothold=np.array([0.4, -0.1]),
    margin=0.034,
    steps=7,
    failures=0,
    soles=(LEFT, RIGHT),
    forces=np.array([[0.0, 0.0, 500.0], [0.0, 0.0, 3.0]]),
)


@pytest.fixture(scope="module")
def robot() -> Robot:
    return load_robot("rx1")


@pytest.fixture(scope="module")
def server() -> Iterator[viser.ViserServer]:
    server = viser.ViserServer(host="127.0.0.1", port=0, verbose=False)
    yield server
    server.stop()


@pytest.fixture
def view(server: viser.ViserServer, robot: Robot) -> BalanceView:
    return BalanceView(server, robot)


def test_the_polygon_of_two_squares_is_their_hull() -> None:
    square = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
    inside = np.array([(0.5, 0.5), (0.5, 0.0)])
    hull = support_polygon(np.concatenate([square, square + (2.0, 1.0), inside]))
    corners = {(0.0, 0.0), (1.0, 0.0), (3.0, 1.0), (3.0, 2.0), (2.0, 2.0), (0.0, 1.0)}
    assert set(map(tuple, hull.tolist())) == corners
    x, y = hull.T
    area = 0.5 * np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))
    assert area == pytest.approx(4.0)  # positive: counterclockwise


def test_one_foot_carries_and_the_other_has_a_foothold(view, robot) -> None:
    view.show(BALANCE)
    foot = robot.description.feet[0]
    corners = view._support.vertices
    assert np.ptp(corners[:, 0]) == pytest.approx(foot.x[1] - foot.x[0], abs=1e-6)
    assert np.ptp(corners[:, 1]) == pytest.approx(foot.y[1] - foot.y[0], abs=1e-6)
    assert view._foothold.visible
    middle = view._foothold.points[:, 0].mean(axis=0)
    assert middle[:2] == pytest.approx([0.4, -0.1], abs=1e-6)
    assert [one.visible for one in view._forces] == [True, False]
    start, end = view._forces[0].points[0]
    assert end - start == pytest.approx([0.0, 0.0, 0.5], abs=1e-6)


def test_both_feet_carry_while_it_stands(view) -> None:
    nowhere = np.full(2, np.nan)
    forces = np.array([[0.0, 0.0, 260.0], [0.0, 0.0, 260.0]])
    view.show(replace(BALANCE, mode="stand", foothold=nowhere, forces=forces))
    assert np.ptp(view._support.vertices[:, 1]) > 0.2
    assert not view._foothold.visible
    assert all(one.visible for one in view._forces)


def test_it_hides_when_nobody_balances_or_nobody_wants_it(view) -> None:
    assert not view._root.visible
    view.show(BALANCE)
    assert view._root.visible
    view.show(None)
    assert not view._root.visible
    view.show(BALANCE)
    view.want(False)
    assert not view._root.visible
    view.show(BALANCE)
    assert not view._root.visible


@pytest.mark.parametrize(
    ("margin", "color"), [(0.04, "#2b8a3e"), (0.015, "#e67700"), (-0.01, "#c92a2a")]
)
def test_the_margin_has_a_colour(margin: float, color: str) -> None:
    text = walking_table(replace(BALANCE, margin=margin))
    assert f"<b style='color:{color}'>{1e3 * margin:.0f} mm<" in text
    assert "walking, 7 steps" in text
    assert "+0.30, +0.00 m/s, -0.10 rad/s" in text


def test_failures_stand_out_and_silence_is_said() -> None:
    assert "class='hot'>3<" in walking_table(replace(BALANCE, failures=3))
    assert "hot'" not in walking_table(BALANCE)
    assert "no controller balances" in walking_table(None)


def test_the_camera_goes_with_the_robot_but_not_with_its_sway(server) -> None:
    now = 100.0
    camera = FollowingCamera(server, 0.8, lambda: now)
    camera.follow(np.array([0.015, 0.0, 0.9]))
    assert camera.target == pytest.approx([0.0, 0.0, 0.8])
    now += 10.0
    camera.follow(np.array([1.0, 0.5, 0.9]))
    assert camera.target == pytest.approx([1.0, 0.5, 0.8], abs=1e-4)
    camera.want(False)
    now += 10.0
    camera.follow(np.array([3.0, 0.5, 0.9]))
    assert camera.target == pytest.approx([1.0, 0.5, 0.8], abs=1e-4)
