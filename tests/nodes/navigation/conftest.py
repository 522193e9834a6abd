# SPDX-License-Identifier: Apache-2.0
"""Navigation in real processes, and a robot that does at once what it is told."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import PoseStamped, TwistStamped
from grid_map_msgs.msg import GridMap
from nav2_msgs.action import ComputePathToPose
from nav_msgs.msg import Odometry
from rclpy.action import ActionClient
from tf2_msgs.msg import TFMessage

from renxing.mapping import Heights, TraversabilityConfig, traversability
from renxing.nodes import convert
from renxing.nodes.camera_messages import to_grid_map
from renxing.nodes.navigation.grid_messages import planar, to_pose
from renxing.nodes.navigation.map_file import OccupancyMap, save_map
from renxing.signals import BaseState

PERIOD = 0.02  # [s] between two poses
DEAF = 0.5  # [s] after which a velocity counts no more, as in the real robot

# All of navigation that walks three times as fast as a robot would.
NODES = (
    "map_server",
    "planner_server",
    "controller_server",
    "bt_navigator",
    "waypoint_follower",
    "lifecycle_manager_navigation",
    "lifecycle_manager_localization",
)
FAST = {
    "fixed_odom": "odom",
    "follower__forward": 1.5,
    "follower__backward": 0.6,
    "follower__lateral": 0.8,
    "follower__turn": 3.0,
    "follower__forward_acceleration": 3.0,
    "follower__lateral_acceleration": 3.0,
    "follower__turn_acceleration": 10.0,
    "follower__lag": 0.1,
    "follower__smoothing": 0.05,
    "follower__xy_tolerance": 0.3,
    "follower__yaw_tolerance": 0.4,
    "follow__patience": 0.8,
    "follow__progress_time": 3.0,
    "behaviors__turn": 3.0,
    "behaviors__turn_deceleration": 6.0,
    "behaviors__speed": 1.0,
    "recovery__wait": 0.3,
    "recovery__back_up_speed": 0.5,
    "pause": 0.0,
    "look_period": 0.3,
    "recoveries": 3,
    "frames__odom_age": 2.0,
    "costmap__sight__ground_age": 0.8,
    "costmap__sight__obstacles_age": 0.6,
}


class StandIn:
    """A robot as a point that obeys `cmd_vel` on the test's own node."""

    def __init__(self, node: Any) -> None:
        self.place = np.zeros(3)
        self.velocity = np.zeros(3)
        self.silent = False  # says no more where it is
        self.stuck = False  # is told to walk and does not
        self.heard = 0
        self._node = node
        self._told = -math.inf
        self._odometry = node.create_publisher(Odometry, "odom", 10)
        self._tf = node.create_publisher(TFMessage, "tf", 100)
        node.create_subscription(TwistStamped, "cmd_vel", self._on_velocity, 1)
        node.create_timer(PERIOD, self._step)

    def _now(self) -> float:
        return float(self._node.get_clock().now().nanoseconds * 1e-9)

    def _on_velocity(self, message: TwistStamped) -> None:
        twist = message.twist
        self.velocity = np.array([twist.linear.x, twist.linear.y, twist.angular.z])
        self._told = self._now()
        self.heard += 1

    def _step(self) -> None:
        if self._now() - self._told > DEAF:
            self.velocity = np.zeros(3)
        if not self.stuck:
            x, y, yaw = self.place
            forward, left, turn = self.velocity
            cos, sin = math.cos(yaw), math.sin(yaw)
            moved = (cos * forward - sin * left, sin * forward + cos * left, turn)
            self.place = self.place + PERIOD * np.array(moved)
        if self.silent:
            return
        stamp = self._node.get_clock().now().to_msg()
        forward, left, turn = np.zeros(3) if self.stuck else self.velocity
        state = BaseState(
            stamp=0.0,
            transform_base_to_odom=planar(self.place),
            linear_velocity=np.array([forward, left, 0.0]),
            angular_velocity=np.array([0.0, 0.0, turn]),
        )
        self._odometry.publish(convert.to_odometry(stamp, "odom", "base_link", state))
        pose = state.transform_base_to_odom
        moved = convert.to_transform(stamp, "odom", "base_link", pose)
        self._tf.publish(TFMessage(transforms=[moved]))


class Sight:
    """Says what a map of the ground would: flat, but for a wall across x."""

    def __init__(self, node: Any, wall_from: float, wall_to: float) -> None:
        self.wall_from = wall_from
        size, count = 0.1, 80
        height = np.zeros((count, count), np.float32)
        corner = np.array([-2.95, -3.95])
        first = int((wall_from - corner[0]) / size)
        height[first : first + 2, : int((wall_to - corner[1]) / size)] = 1.0
        self._heights = {
            "resolution": size,
            "origin": corner,
            "height": height,
            "variance": np.full_like(height, 1e-4),
            "upper": height,
        }
        self._node = node
        self._topic = node.create_publisher(GridMap, "elevation_map", 2)
        self._timer = self._node.create_timer(0.2, self._publish)

    def _publish(self) -> None:
        now = self._node.get_clock().now()
        heights = Heights(stamp=now.nanoseconds * 1e-9, **self._heights)
        ground = traversability(heights, TraversabilityConfig())
        self._topic.publish(to_grid_map(now.to_msg(), "odom", heights, ground))

    def close(self) -> None:
        self._node.destroy_timer(self._timer)
        self._node.destroy_publisher(self._topic)


class Rig:
    """A stack with a stand-in, and clients of its actions."""

    def __init__(self, bench: Any, robot: StandIn, room: Path) -> None:
        self.bench = bench
        self.robot = robot
        self.room = room
        self.feedback: list[Any] = []
        self._clients: dict[str, ActionClient] = {}

    def pose(self, x: float, y: float, yaw: float = 0.0) -> PoseStamped:
        message = PoseStamped(pose=to_pose((x, y, yaw)))
        message.header.frame_id = "map"
        return message

    def send(self, kind: Any, action: str, /, **fields: Any) -> Any:
        """Send a goal and return its handle, accepted or not."""
        if action not in self._clients:
            self._clients[action] = ActionClient(self.bench.node, kind, action)
        client = self._clients[action]
        self.bench.wait(client.server_is_ready, action)
        self.feedback = []
        sent = client.send_goal_async(
            kind.Goal(**fields),
            feedback_callback=lambda one: self.feedback.append(one.feedback),
        )
        self.bench.wait(sent.done, f"an answer of {action}")
        return sent.result()

    def end(self, handle: Any) -> tuple[int, Any]:
        """Return status and result of a goal."""
        assert handle.accepted
        ended = handle.get_result_async()
        self.bench.wait(ended.done, "the end of a goal")
        return ended.result().status, ended.result().result

    def passes(self, place: tuple[float, float]) -> float:
        """Return how near to a place a path from home to (3, 0) leads [m]."""
        goal = self.pose(3.0, 0.0)
        status, result = self.do(ComputePathToPose, "compute_path_to_pose", goal=goal)
        assert status == self.succeeded, result.error_msg
        path = [(p.pose.position.x, p.pose.position.y) for p in result.path.poses]
        return float(np.linalg.norm(np.array(path) - place, axis=1).min())

    def do(self, kind: Any, action: str, /, **fields: Any) -> tuple[int, Any]:
        return self.end(self.send(kind, action, **fields))

    def stands(self) -> bool:
        """Say whether it comes to stand within half a second and stays there."""
        self.bench.spin(0.4)
        before = self.robot.place
        self.bench.spin(0.3)
        return bool(np.abs(self.robot.place - before).max() < 1e-3)

    def put(self, x: float, y: float, yaw: float = 0.0) -> None:
        self.robot.place = np.array([x, y, yaw])
        self.bench.spin(0.15)

    @property
    def succeeded(self) -> int:
        return int(GoalStatus.STATUS_SUCCEEDED)

    @property
    def aborted(self) -> int:
        return int(GoalStatus.STATUS_ABORTED)

    @property
    def cancelled(self) -> int:
        return int(GoalStatus.STATUS_CANCELED)


def draw_room(path: Path) -> None:
    """Draw a room of 6 x 4 m with a closet in the far right corner, walled in.

    x from -1 to 5, y from -2 to 2; the closet from x = 3.5 on and below y = -0.5.
    """
    size = 0.05
    values = np.zeros((80, 120), np.int8)
    values[[0, -1]] = values[:, [0, -1]] = 100
    values[:30, 90] = values[30, 90:] = 100
    origin = np.array([-1.0, -2.0])
    save_map(path, OccupancyMap(values=values, resolution=size, origin=origin))


@pytest.fixture(scope="module")
def rig(bench: Any, tmp_path_factory: Callable[..., Any]) -> Iterator[Rig]:
    room = bench.folder / "room.yaml"
    draw_room(room)
    robot = StandIn(bench.node)
    bench.start(*NODES, map=str(room), **FAST).wait_until_ready()
    made = Rig(bench, robot, room)
    bench.spin(0.5)
    yield made
    if bench.started[0].process.poll() is not None:
        raise AssertionError(bench.started[0].output)
