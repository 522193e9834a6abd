# SPDX-License-Identifier: Apache-2.0
"""Arms and neck as clients of the standard trajectory action see them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from control_msgs.action import FollowJointTrajectory
from rclpy.action import ActionClient
from std_srvs.srv import Trigger
from tests.control.controllers.test_locomotion_controller import standing
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from renxing.control.locomotion_controller import LocomotionController
from renxing.nodes.controllers.locomotion import LocomotionSide
from renxing.robot import Robot

JOINT = "right_shoulder_pitch_joint"


def moved(way: float, joint: str = JOINT, begin: float = 0.0) -> JointTrajectory:
    """Return the trajectory that brings a joint somewhere in half a second."""
    point = JointTrajectoryPoint(
        positions=[begin + way], time_from_start=Duration(nanosec=500_000_000)
    )
    return JointTrajectory(joint_names=[joint], points=[point])


class Client:
    """Sends goals and waits for what becomes of them."""

    def __init__(self, pair: Any, robot: Robot) -> None:
        self.pair = pair
        kind = FollowJointTrajectory
        self.action = ActionClient(
            pair.bench.node, kind, "unit/follow_joint_trajectory"
        )
        pair.run(self.action.server_is_ready, "the action")
        self.begin = float(robot.posture("stand")[robot.joints.index(JOINT)])

    def send(self, trajectory: JointTrajectory) -> Any:
        goal = FollowJointTrajectory.Goal(trajectory=trajectory)
        future = self.action.send_goal_async(goal)
        return self.pair.run(lambda: future.done() and future.result(), "the handle")

    def result(self, handle: Any) -> Any:
        future = handle.get_result_async()
        return self.pair.run(lambda: future.done() and future.result(), "the result")


@pytest.fixture
def client(pair: Callable[..., Any], rx1: Robot) -> Iterator[Client]:
    made = pair(LocomotionController, LocomotionSide, {}, states=standing(rx1))
    client = Client(made, rx1)
    yield client
    client.action.destroy()


@pytest.mark.ros
def test_a_joint_that_is_there_succeeds_and_one_that_is_not_aborts(
    client: Client,
) -> None:
    """The plant stands still, so that only the place where it is can be reached."""
    here = client.result(client.send(moved(0.05, begin=client.begin)))
    assert here.status == GoalStatus.STATUS_SUCCEEDED
    assert here.result.error_code == FollowJointTrajectory.Result.SUCCESSFUL
    away = client.result(client.send(moved(-0.6, begin=client.begin)))
    assert away.status == GoalStatus.STATUS_ABORTED
    assert away.result.error_code == -5 and JOINT in away.result.error_string


@pytest.mark.ros
def test_legs_are_not_to_be_had(client: Client) -> None:
    assert not client.send(moved(0.1, "left_knee_joint")).accepted


@pytest.mark.ros
def test_what_it_cannot_do_is_aborted_with_the_reason(client: Client) -> None:
    end = client.result(client.send(moved(9.0)))
    assert end.status == GoalStatus.STATUS_ABORTED
    assert end.result.error_code == -1 and "allowed" in end.result.error_string


@pytest.mark.ros
def test_a_goal_can_be_cancelled(client: Client) -> None:
    handle = client.send(moved(-0.6, begin=client.begin))
    future = handle.cancel_goal_async()
    client.pair.run(future.done, "the cancellation")
    assert client.result(handle).status == GoalStatus.STATUS_CANCELED


@pytest.mark.ros
def test_release_is_answered(client: Client) -> None:
    node = client.pair.bench.node
    service = node.create_client(Trigger, "unit/release")
    client.pair.run(service.service_is_ready, "the service")
    future = service.call_async(Trigger.Request())
    answer = client.pair.run(lambda: future.done() and future.result(), "the answer")
    assert answer.success
