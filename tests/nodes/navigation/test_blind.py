# SPDX-License-Identifier: Apache-2.0
"""A robot that has eyes walks only while they say something."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import Point
from nav2_msgs.action import BackUp, FollowPath, NavigateToPose, Spin
from tests.nodes.navigation.conftest import FAST, NODES, Rig, Sight, StandIn, draw_room

pytestmark = pytest.mark.ros

PATIENCE = 3.0  # [s]


@pytest.fixture(scope="module")
def seeing(bench: Any, tmp_path_factory: Callable[..., Any]) -> Iterator[Rig]:
    """A stack that insists on its eyes."""
    room = bench.folder / "room.yaml"
    draw_room(room)
    robot = StandIn(bench.node)
    patience = {
        "follow__blind_patience": PATIENCE,
        "behaviors__blind_patience": PATIENCE,
    }
    stack = bench.start(*NODES, map=str(room), eyes=True, **FAST, **patience)
    stack.wait_until_ready()
    yield Rig(bench, robot, room)


def watched(rig: Rig) -> Sight:
    """Return eyes that see the room's floor."""
    sight = Sight(rig.bench.node, wall_from=-1.0, wall_to=-3.9)
    rig.bench.spin(0.5)
    return sight


def test_it_stands_while_they_are_silent_and_then_goes_on(seeing: Rig) -> None:
    seeing.put(0.0, 0.0)
    sight = watched(seeing)
    goal = seeing.send(NavigateToPose, "navigate_to_pose", pose=seeing.pose(3.0, 0.0))
    seeing.bench.wait(lambda: seeing.robot.place[0] > 0.4, "it to walk")
    sight.close()
    seeing.bench.spin(1.0)  # what was seen counts for 0.8 s
    assert seeing.stands()
    assert seeing.robot.place[0] < 2.5
    sight = watched(seeing)
    status, result = seeing.end(goal)
    sight.close()
    assert status == seeing.succeeded, result.error_msg


def test_it_gives_up_when_they_stay_silent_and_says_why(seeing: Rig) -> None:
    seeing.put(0.0, 0.0)
    seeing.bench.spin(1.0)
    goal = seeing.pose(3.0, 0.0)
    status, result = seeing.do(NavigateToPose, "navigate_to_pose", pose=goal)
    code = FollowPath.Result.CONTROLLER_TIMED_OUT
    assert (status, result.error_code) == (seeing.aborted, code)
    assert "blind: elevation_map" in result.error_msg
    assert np.linalg.norm(seeing.robot.place[:2]) < 0.05


def test_short_motions_wait_for_them(seeing: Rig) -> None:
    seeing.put(0.0, 0.0)
    seeing.bench.spin(1.0)
    begun = seeing.send(Spin, "spin", target_yaw=1.5)
    assert seeing.stands()
    sight = watched(seeing)
    status, result = seeing.end(begun)
    sight.close()
    assert status == seeing.succeeded, result.error_msg
    assert seeing.robot.place[2] == pytest.approx(1.5, abs=0.3)


def test_short_motions_are_given_up(seeing: Rig) -> None:
    seeing.bench.spin(1.0)
    status, result = seeing.do(BackUp, "backup", target=Point(x=0.3), speed=0.2)
    assert status == seeing.aborted
    assert result.error_code == BackUp.Result.TF_ERROR
    assert "elevation_map" in result.error_msg
