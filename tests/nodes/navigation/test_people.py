# SPDX-License-Identifier: Apache-2.0
"""Navigation among people: around who stands, out of the way of who walks."""

from typing import Any

import numpy as np
import pytest
from nav2_msgs.action import NavigateToPose
from people_msgs.msg import People
from std_msgs.msg import Header

from renxing.errors import ConfigError
from renxing.navigation import Person
from renxing.nodes import people_messages as messages

pytestmark = pytest.mark.ros

TOUCH = 0.6  # [m] between the middles of robot and person whose discs touch


@pytest.fixture(autouse=True)
def at_home(rig: Any) -> None:
    """Let each test begin in the open."""
    rig.put(0.0, 0.0)


class Somebody:
    """A person that somebody follows, as a point that walks."""

    def __init__(self, rig: Any, place: tuple[float, float], frame: str = "odom"):
        self.place, self.velocity = np.array(place), np.zeros(2)
        self.nearest = np.inf
        self._rig, self._frame = rig, frame
        self._node = rig.bench.node
        self._topic = self._node.create_publisher(People, "people", 5)
        self._timer = self._node.create_timer(0.05, self._step)

    def _step(self) -> None:
        self.place = self.place + 0.05 * self.velocity
        away = np.linalg.norm(self._rig.robot.place[:2] - self.place)
        self.nearest = min(self.nearest, float(away))
        now = self._node.get_clock().now().to_msg()
        person = Person(7, self.place, self.velocity, 0.01 * np.eye(4), 0.0)
        header = Header(stamp=now, frame_id=self._frame)
        self._topic.publish(messages.to_people(header, [person], 1.0))

    def close(self) -> None:
        self._node.destroy_timer(self._timer)
        self._node.destroy_publisher(self._topic)


def test_paths_lead_around_who_stands_until_nothing_is_heard(rig: Any) -> None:
    assert rig.passes((1.5, 0.05)) < 0.15
    somebody = Somebody(rig, (1.5, 0.05))
    rig.bench.spin(0.5)
    around = rig.passes((1.5, 0.05))
    somebody.close()
    assert around > TOUCH
    rig.bench.spin(1.3)
    assert rig.passes((1.5, 0.05)) < 0.15


def test_who_walks_is_not_planned_around(rig: Any) -> None:
    somebody = Somebody(rig, (1.5, -1.0))
    somebody.velocity = np.array([0.0, 0.4])
    rig.bench.wait(lambda: somebody.place[1] > 0.0, "somebody on the way")
    through = rig.passes((1.5, 0.0))
    somebody.close()
    assert through < 0.3


def test_people_in_another_frame_are_refused(rig: Any) -> None:
    somebody = Somebody(rig, (1.5, 0.05), frame="camera")
    rig.bench.spin(0.5)
    through = rig.passes((1.5, 0.05))
    somebody.close()
    assert through < 0.15


def test_it_does_not_walk_into_who_crosses(rig: Any) -> None:
    somebody = Somebody(rig, (2.0, -1.4))
    rig.bench.spin(0.3)
    handle = rig.send(NavigateToPose, "navigate_to_pose", pose=rig.pose(4.0, 0.5))
    rig.bench.wait(lambda: rig.robot.place[0] > 0.3, "a robot that walks")
    # Without a look at people it would be at x = 2 when they are.
    somebody.velocity = np.array([0.0, 0.9])
    rig.bench.wait(lambda: somebody.place[1] > 1.6, "somebody on the other side")
    somebody.close()
    status, result = rig.end(handle)
    assert status == rig.succeeded, result.error_msg
    assert somebody.nearest > TOUCH


# --- messages -------------------------------------------------------------------------


def test_people_come_back_from_messages() -> None:
    person = Person(
        4,
        np.array([1.0, -2.0]),
        np.array([0.5, 0.25]),
        np.diag([0.04, 0.04, 0.09, 0.09]),
        9.5,
    )
    header = Header(frame_id="odom")
    header.stamp.sec = 10
    message = messages.to_people(header, [person], 1.0)
    assert message.people[0].reliability == pytest.approx(0.5)
    (back,) = messages.from_people(message)
    assert back.number == 4
    assert back.position.tolist() == [1.0, -2.0]
    assert back.velocity.tolist() == [0.5, 0.25]
    assert np.allclose(back.covariance, person.covariance)
    (later,) = messages.moved([back], 2.0)
    assert later.position.tolist() == [2.0, -1.5]
    (there,) = messages.turned([back], 1.0, 1.0, np.pi / 2)
    assert there.position == pytest.approx([3.0, 2.0])
    assert there.velocity == pytest.approx([-0.25, 0.5])
    message.people[0].position.x = float("nan")
    with pytest.raises(ConfigError, match="finite"):
        messages.from_people(message)
    message.people[0].tags = ["wide", "0.1"]
    with pytest.raises(ConfigError, match="person '4'"):
        messages.from_people(message)
