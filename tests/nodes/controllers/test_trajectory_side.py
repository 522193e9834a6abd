# SPDX-License-Identifier: Apache-2.0
"""The trajectory controller as its clients see it."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from control_msgs.action import FollowJointTrajectory
from control_msgs.msg import (
    JointTolerance,
    JointTrajectoryControllerState,
    SpeedScalingFactor,
)
from control_msgs.srv import QueryTrajectoryState
from rclpy.action import ActionClient
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from renxing.control.controller_parameters import Parameters
from renxing.control.trajectory_config import read_trajectory_config
from renxing.control.trajectory_controller import JointTrajectoryController
from renxing.control.trajectory_values import Code, SpeedScaling
from renxing.nodes import convert
from renxing.nodes.controllers.trajectory import JointTrajectorySide
from renxing.nodes.controllers.trajectory_message import GoalError, points_of
from renxing.robot import Robot

JOINTS = ["left_elbow_joint", "left_wrist_yaw_joint"]
PARAMETERS = {
    "joints": JOINTS,
    "command_interfaces": ["position"],
    "state_interfaces": ["position", "velocity"],
    "allow_partial_joints_goal": True,
    "constraints": {JOINTS[0]: {"goal": 0.01}},
}
LATCHED = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)


def follow(pair: Any) -> None:
    pair.states[0::2] = pair.commands


def seconds(value: float) -> Duration:
    nanoseconds = round(value * 1e9)
    return Duration(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def message(*rows: tuple[float, list[float]], **more: Any) -> JointTrajectory:
    points = [
        JointTrajectoryPoint(positions=positions, time_from_start=seconds(at))
        for at, positions in rows
    ]
    return JointTrajectory(joint_names=more.pop("names", JOINTS), points=points)


class Client:
    def __init__(self, pair: Any) -> None:
        self.pair = pair
        self.client = ActionClient(
            pair.bench.node, FollowJointTrajectory, "unit/follow_joint_trajectory"
        )
        self.feedback: list[Any] = []
        pair.run(self.client.server_is_ready, "the action")

    def send(self, trajectory: JointTrajectory, **fields: Any) -> Any:
        goal = FollowJointTrajectory.Goal(trajectory=trajectory, **fields)
        future = self.client.send_goal_async(
            goal, feedback_callback=lambda m: self.feedback.append(m.feedback)
        )
        return self.pair.run(lambda: future.done() and future.result(), "the handle")

    def result(self, handle: Any) -> Any:
        future = handle.get_result_async()
        return self.pair.run(lambda: future.done() and future.result(), "the result")


@pytest.fixture
def jtc(pair: Callable[..., Any]) -> Any:
    made = pair(JointTrajectoryController, JointTrajectorySide, PARAMETERS)
    made.plant = follow
    return made


@pytest.fixture
def client(jtc: Any) -> Any:
    made = Client(jtc)
    yield made
    made.client.destroy()


@pytest.mark.ros
def test_action_succeeds_with_feedback(jtc: Any, client: Client) -> None:
    handle = client.send(message((0.5, [0.1, 0.2])))
    assert handle.accepted
    done = client.result(handle)
    assert done.status == GoalStatus.STATUS_SUCCEEDED
    assert done.result.error_code == FollowJointTrajectory.Result.SUCCESSFUL
    assert done.result.error_string == "Goal successfully reached!"
    assert jtc.commands.tolist() == pytest.approx([0.1, 0.2])
    assert 5 <= len(client.feedback) <= 13  # 20 Hz for half a second
    first = client.feedback[0]
    assert list(first.joint_names) == JOINTS
    assert len(first.desired.positions) == len(first.actual.velocities) == 2
    # The loop's clock is not ROS's: stamps are ROS time all the same.
    stamp = convert.to_seconds(first.header.stamp)
    assert abs(stamp - time.time()) < 5.0


@pytest.mark.ros
def test_cancel(jtc: Any, client: Client) -> None:
    handle = client.send(message((5.0, [1.0, 1.0])))
    cancel = handle.cancel_goal_async()
    jtc.run(cancel.done, "the cancellation")
    assert client.result(handle).status == GoalStatus.STATUS_CANCELED


@pytest.mark.ros
def test_preemption_and_deactivation(jtc: Any, client: Client) -> None:
    first = client.send(message((5.0, [1.0, 1.0])))
    second = client.send(message((5.0, [0.5, 0.5])))
    done = client.result(first)
    assert done.status == GoalStatus.STATUS_ABORTED
    assert done.result.error_code == FollowJointTrajectory.Result.INVALID_GOAL
    assert done.result.error_string == "Current goal preempted by new incoming action."
    jtc.deactivate()
    future = second.get_result_async()
    done = jtc.run(lambda: future.done() and future.result(), "the end", move=False)
    assert done.status == GoalStatus.STATUS_ABORTED
    assert "deactivate" in done.result.error_string
    assert not client.send(message((0.5, [0.1, 0.2]))).accepted


@pytest.mark.ros
def test_tolerances_of_the_goal(jtc: Any, client: Client) -> None:
    jtc.plant = lambda pair: None
    tight = JointTolerance(name=JOINTS[1], position=0.05)
    handle = client.send(message((0.5, [0.1, 0.2])), path_tolerance=[tight])
    done = client.result(handle)
    assert done.status == GoalStatus.STATUS_ABORTED
    code = FollowJointTrajectory.Result.PATH_TOLERANCE_VIOLATED
    assert done.result.error_code == code
    assert done.result.error_string == "Aborted due to path tolerance violation"


@pytest.mark.ros
def test_bad_goals_are_rejected(client: Client) -> None:
    assert not client.send(message()).accepted
    assert not client.send(message((1.0, [0.1]), names=["nose"])).accepted


@pytest.mark.ros
def test_topic_state_and_query(jtc: Any) -> None:
    states = jtc.listen(JointTrajectoryControllerState, "unit/controller_state")
    publisher = jtc.talk(JointTrajectory, "unit/joint_trajectory")
    trajectory = message((0.6, [0.4]), names=[JOINTS[1]])
    # A start in ROS time, on a loop with another clock.
    jtc.run(lambda: states, "a state")
    start = jtc.side.now() + 0.3
    trajectory.header.stamp = convert.to_time(start)
    publisher.publish(trajectory)
    jtc.run(lambda: jtc.commands[1] > 0.05, "motion")
    answer = jtc.call(
        QueryTrajectoryState, "unit/query_state", time=convert.to_time(start + 0.59)
    )
    assert answer.success, answer.message
    assert list(answer.name) == JOINTS
    assert answer.position[1] == pytest.approx(0.4, abs=0.02)
    late = convert.to_time(start + 10.0)
    assert not jtc.call(QueryTrajectoryState, "unit/query_state", time=late).success
    jtc.run(lambda: abs(jtc.commands[1] - 0.4) < 1e-6, "the end")
    # Not before its time; later is what a busy machine does to this loop's clock.
    assert 0.45 < jtc.side.now() - start < 4.0
    assert jtc.commands[0] == 0.0  # not meant
    last = states[-1]
    assert list(last.joint_names) == JOINTS
    assert last.speed_scaling_factor == 1.0
    assert list(last.output.positions) and not list(last.output.velocities)


@pytest.mark.ros
def test_latched_scaling_reaches_a_late_controller(pair: Callable[..., Any]) -> None:
    made = pair(
        JointTrajectoryController, JointTrajectorySide, PARAMETERS, active=False
    )
    publisher = made.bench.node.create_publisher(
        SpeedScalingFactor, "unit/speed_scaling_input", LATCHED
    )
    publisher.publish(SpeedScalingFactor(factor=0.5))
    made.run(lambda: made.side._scaling, "the factor", move=False)
    made.activate()
    assert SpeedScaling(0.5) in made.controller.inbox
    made.bench.node.destroy_publisher(publisher)


# --- messages, without a graph -------------------------------------------------------


@pytest.fixture
def config(robot: Robot) -> Any:
    return read_trajectory_config(Parameters("unit", PARAMETERS), robot)


NOW = 1000.0


def test_points_are_sorted_into_joint_order(config: Any) -> None:
    trajectory = message((0.5, [1.0, 2.0]), names=JOINTS[::-1])
    trajectory.points[0].velocities = [0.0, 0.0]
    points = points_of(trajectory, config, NOW)
    assert points.values[0, 0].tolist() == [2.0, 1.0]
    assert points.values[1, 0].tolist() == [0.0, 0.0]
    assert points.joints is None


def moving(trajectory: JointTrajectory) -> None:
    trajectory.points[-1].velocities = [0.1, 0.0]


def past(trajectory: JointTrajectory) -> None:
    trajectory.header.stamp = convert.to_time(NOW - 5.0)


def pushing(trajectory: JointTrajectory) -> None:
    trajectory.points[0].effort = [1.0, 1.0]


def backwards(trajectory: JointTrajectory) -> None:
    trajectory.points[1].time_from_start = seconds(0.5)


def short(trajectory: JointTrajectory) -> None:
    trajectory.points[1].positions = [0.1]


def no_positions(trajectory: JointTrajectory) -> None:
    trajectory.points[1].positions = []


def not_finite(trajectory: JointTrajectory) -> None:
    trajectory.points[1].positions = [0.1, float("nan")]


def twice(trajectory: JointTrajectory) -> None:
    trajectory.joint_names = [JOINTS[0], JOINTS[0]]


@pytest.mark.parametrize(
    ("spoil", "code", "complaint"),
    [
        (moving, Code.INVALID_GOAL, "Velocity of last trajectory point of joint"),
        (past, Code.OLD_HEADER_TIMESTAMP, "ends in the past"),
        (pushing, Code.INVALID_GOAL, "effort fields are only supported"),
        (backwards, Code.INVALID_GOAL, "Time between points 0 and 1 is not strictly"),
        (short, Code.INVALID_GOAL, "Mismatch between joint_names size"),
        (no_positions, Code.INVALID_GOAL, "Mismatch between joint_names size"),
        (not_finite, Code.INVALID_GOAL, "not all finite"),
        (twice, Code.INVALID_JOINTS, "twice"),
    ],
)
def test_refusals(
    config: Any, spoil: Callable[[Any], None], code: Code, complaint: str
) -> None:
    trajectory = message((0.5, [0.1, 0.2]), (1.0, [0.1, 0.2]))
    points_of(trajectory, config, NOW)
    spoil(trajectory)
    with pytest.raises(GoalError, match=complaint) as error:
        points_of(trajectory, config, NOW)
    assert error.value.code is code
