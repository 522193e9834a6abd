# SPDX-License-Identifier: Apache-2.0
"""What stands around the robot now is in the way, and only now."""

from typing import Any

import numpy as np
import pytest
from nav2_msgs.action import ComputePathToPose, NavigateToPose
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header

from renxing.nodes.cloud_messages import from_cloud, to_cloud

pytestmark = pytest.mark.ros

HALF = 0.2  # [m] half the thickness of what stands there


class Post:
    """Something that a scanner measures ten times a second."""

    def __init__(self, rig: Any, place: tuple[float, float], frame: str = "odom"):
        side = np.arange(-HALF, HALF + 1e-6, 0.05)
        x, y = np.meshgrid(place[0] + side, place[1] + side)
        points = np.column_stack([x.ravel(), y.ravel(), np.full(x.size, 1.2)])
        self._node = rig.bench.node
        self._message = to_cloud(Header(frame_id=frame), points.astype(np.float32))
        self._topic = self._node.create_publisher(PointCloud2, "obstacles", 2)
        self._timer = self._node.create_timer(0.1, self._step)

    def _step(self) -> None:
        self._message.header.stamp = self._node.get_clock().now().to_msg()
        self._topic.publish(self._message)

    def close(self) -> None:
        self._node.destroy_timer(self._timer)
        self._node.destroy_publisher(self._topic)


@pytest.fixture(autouse=True)
def at_home(rig: Any) -> None:
    """Let each test begin in the open."""
    rig.put(0.0, 0.0)


def test_paths_lead_around_it_until_it_is_gone(rig: Any) -> None:
    assert rig.passes((1.5, 0.05)) < 0.15
    post = Post(rig, (1.5, 0.05))
    rig.bench.spin(0.5)
    around = rig.passes((1.5, 0.05))
    post.close()
    assert around > HALF + 0.3
    rig.bench.spin(1.0)
    assert rig.passes((1.5, 0.05)) < 0.15


def test_who_stands_on_the_goal_is_told_from_a_wall(rig: Any) -> None:
    """A wall is GOAL_OCCUPIED for good; who stands there may leave, so try again."""
    post = Post(rig, (3.0, 0.0))
    rig.bench.spin(0.5)
    goal = rig.pose(3.0, 0.0)
    status, result = rig.do(ComputePathToPose, "compute_path_to_pose", goal=goal)
    post.close()
    assert status != rig.succeeded
    assert result.error_code == ComputePathToPose.Result.NO_VALID_PATH
    assert "by who stands there now" in result.error_msg


def test_in_another_frame_it_is_refused(rig: Any) -> None:
    post = Post(rig, (1.5, 0.05), frame="camera")
    rig.bench.spin(0.5)
    through = rig.passes((1.5, 0.05))
    post.close()
    assert through < 0.15


def test_it_walks_around_what_only_the_scanner_sees(rig: Any) -> None:
    post = Post(rig, (1.5, 0.05))
    nearest = np.inf

    def watch() -> None:
        nonlocal nearest
        away = np.linalg.norm(rig.robot.place[:2] - (1.5, 0.05))
        nearest = min(nearest, float(away))

    timer = rig.bench.node.create_timer(0.02, watch)
    goal = rig.pose(3.0, 0.0)
    status, result = rig.do(NavigateToPose, "navigate_to_pose", pose=goal)
    rig.bench.node.destroy_timer(timer)
    post.close()
    assert status == rig.succeeded, result.error_msg
    assert HALF + 0.25 < nearest < 1.2


def test_clouds_come_back_from_messages() -> None:
    points = np.array([[1.0, 2.0, 3.0], [np.nan, 0.0, 0.0], [4.0, 5.0, 6.0]])
    message = to_cloud(Header(frame_id="a"), points.astype(np.float32))
    assert (message.height, message.width, message.is_dense) == (1, 3, False)
    assert from_cloud(message).tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
