# SPDX-License-Identifier: Apache-2.0
"""A brain in a process of its own, with navigation, and a robot that obeys at once."""

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from control_msgs.action import FollowJointTrajectory
from rclpy.action import ActionServer, CancelResponse
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from tests.nodes.navigation.conftest import FAST, NODES, StandIn, draw_room

from renxing.nodes import action_goals, convert
from renxing.nodes.navigation.grid_messages import planar
from renxing.robot import Robot
from renxing_msgs.action import ExecuteTask
from renxing_msgs.msg import Plan, SceneObject, SceneObjects, Utterance

LATCHED = QoSProfile(depth=50, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
ARMS_PERIOD = 0.02  # [s] between two joint states
PATIENCE = 180.0  # [s] for a task that tries many things, on a busy machine
EYES_PERIOD = 0.3  # [s] between two looks
# In the room of the tests of navigation: x from -1 to 5, y from -2 to 2.
PLACES = """
places:
  - {name: home, en: [start], zh: [家], pose: [0.0, 0.0, 0.0]}
  - {name: window, zh: [窗户], pose: [2.5, 1.2, 0.0]}
  - {name: left_table, kind: table, en: [table], zh: [桌子], pose: [0.5, 1.0, 1.57],
     center: [0.5, 1.8], radius: 0.4}
  - {name: right_table, kind: table, en: [table], zh: [桌子], pose: [0.5, -1.0, -1.57],
     center: [0.5, -1.8], radius: 0.4}
zones:
  - {name: pit, kind: forbidden,
     polygon: [[3.6, 0.8], [4.8, 0.8], [4.8, 1.8], [3.6, 1.8]]}
"""


class Arms:
    """Joints that follow trajectories on time, unless they are `weak`."""

    def __init__(self, node: Any, robot: Robot) -> None:
        self.weak = False
        self._node, self._robot = node, robot
        self._positions = robot.posture("stand")
        self._goal: Any = None
        self._began = 0.0
        self._states = node.create_publisher(JointState, "joint_states", 10)
        self._server = ActionServer(
            node,
            FollowJointTrajectory,
            "locomotion/follow_joint_trajectory",
            execute_callback=lambda _: FollowJointTrajectory.Result(),
            handle_accepted_callback=self._accept,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )
        node.create_timer(ARMS_PERIOD, self._step)

    def _now(self) -> float:
        return float(self._node.get_clock().now().nanoseconds * 1e-9)

    def _accept(self, handle: Any) -> None:
        action_goals.begin(handle)
        self._goal, self._began = handle, self._now()

    def _step(self) -> None:
        if self._goal is not None:
            self._follow(self._goal.request.trajectory)
        message = JointState(name=list(self._robot.joints))
        message.position = self._positions.tolist()
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._states.publish(message)

    def _follow(self, trajectory: Any) -> None:
        at = self._robot.indices(tuple(trajectory.joint_names))
        times = [convert.to_seconds(p.time_from_start) for p in trajectory.points]
        time = self._now() - self._began
        if not self.weak:
            rows = np.array([p.positions for p in trajectory.points])
            self._positions[at] = [np.interp(time, times, row) for row in rows.T]
        if time > times[-1]:
            goal, self._goal = self._goal, None
            result = FollowJointTrajectory.Result()
            action_goals.end(self._server, goal, "succeeded", result)


class Eyes:
    """Sees things while they are within reach, again and again."""

    def __init__(self, node: Any, robot: StandIn) -> None:
        self.things: list[SceneObject] = []
        self.reach = 10.0
        self._node, self._robot = node, robot
        self._seen: dict[str, SceneObject] = {}
        self._publisher = node.create_publisher(SceneObjects, "scene/objects", LATCHED)
        node.create_timer(EYES_PERIOD, self._look)

    def show(self, *things: SceneObject, reach: float = 10.0) -> None:
        self.things, self._seen, self.reach = list(things), {}, reach

    def _look(self) -> None:
        stamp = self._node.get_clock().now().to_msg()
        for thing in self.things:
            p = thing.pose.position
            if math.dist((p.x, p.y), self._robot.place[:2]) > self.reach:
                continue
            known = self._seen.setdefault(thing.id, thing)
            known.sightings += 1
            known.last_seen = stamp
        message = SceneObjects(objects=list(self._seen.values()))
        message.header.frame_id, message.header.stamp = "map", stamp
        self._publisher.publish(message)


def thing(
    identity: str, color: str, x: float, y: float, support: str = "", z: float = 0.15
) -> SceneObject:
    """Return a thing of the kind that its id begins with."""
    made = SceneObject(id=identity, label=identity.split("_")[0], color=color)
    made.support, made.confidence = support, 0.9
    made.pose = convert.to_pose(planar((x, y, 0.0)))
    made.pose.position.z = z
    made.size.x = made.size.y = made.size.z = 0.3
    return made


class Talk:
    """Asks the brain and hears what it says."""

    def __init__(self, bench: Any, robot: StandIn, arms: Arms, eyes: Eyes) -> None:
        from rclpy.action import ActionClient

        self.bench, self.robot, self.arms, self.eyes = bench, robot, arms, eyes
        self.lines: list[Utterance] = []
        self.plans: list[Plan] = []
        node = bench.node
        self.action = ActionClient(node, ExecuteTask, "execute_task")
        node.create_subscription(
            Utterance, "brain/dialogue", self.lines.append, LATCHED
        )
        node.create_subscription(Plan, "brain/plan", self.plans.append, LATCHED)

    def start_brain(self) -> None:
        self.brain = self.bench.start(
            "brain",
            places=str(self.bench.folder / "places.yaml"),
            log_folder=str(self.bench.folder / "brain"),
            mission__approval_timeout=2.0,
            mission__replanning__pause=0.3,
            mission__replanning__search=1,
            mission__replanning__revisions=1,
            dwell=0.2,
            frames__odom_age=2.0,
        ).wait_until_ready()

    def revive(self) -> None:
        """Begin anew where a test has killed the brain."""
        started = self.bench.started
        started[:] = [one for one in started if one.process.poll() is None]
        if self.brain.process.poll() is not None:
            self.start_brain()
            # After a process was killed Fast DDS may need 3 s to hear the others.
            self.bench.spin(5.0)

    def send(self, text: str, **fields: Any) -> Any:
        self.bench.wait(self.action.server_is_ready, "the brain")
        goal = ExecuteTask.Goal(text=text, **fields)
        sent = self.action.send_goal_async(goal)
        self.bench.wait(sent.done, "an answer of the brain")
        return sent.result()

    def end(self, handle: Any) -> tuple[int, Any]:
        assert handle.accepted
        ended = handle.get_result_async()
        deadline = time.monotonic() + PATIENCE
        while not ended.done() and time.monotonic() < deadline:
            self.bench.spin(0.05)
        assert ended.done(), "the task does not end"
        return ended.result().status, ended.result().result

    def ask(self, text: str, **fields: Any) -> tuple[int, Any]:
        return self.end(self.send(text, **fields))

    def put(self, x: float, y: float, yaw: float = 0.0) -> None:
        while self.bench.call(Trigger, "brain/cancel").success:
            self.bench.spin(0.3)  # a task of a test that has failed
        self.robot.place = np.array([x, y, yaw])
        self.robot.stuck = False
        self.bench.spin(0.3)

    def stands(self) -> bool:
        self.bench.spin(0.5)
        before = self.robot.place
        self.bench.spin(0.3)
        return bool(np.abs(self.robot.place - before).max() < 1e-3)

    def runs(self, skill: str) -> Callable[[], bool]:
        """Return whether a step of a skill is under way."""

        def so() -> bool:
            steps = self.plans[-1].steps if self.plans else []
            return any(s.skill == skill and s.state == s.RUNNING for s in steps)

        return so


@pytest.fixture(scope="module")
def talk(bench: Any, robot: Robot) -> Iterator[Talk]:
    room: Path = bench.folder / "room.yaml"
    draw_room(room)
    places = bench.folder / "places.yaml"
    places.write_text(PLACES)
    stand_in = StandIn(bench.node)
    arms, eyes = Arms(bench.node, robot), Eyes(bench.node, stand_in)
    bench.start(*NODES, map=str(room), **FAST).wait_until_ready()
    made = Talk(bench, stand_in, arms, eyes)
    made.start_brain()
    bench.spin(0.5)
    yield made
    for running in bench.started:
        if running.process.poll() is not None:
            raise AssertionError(running.output)
