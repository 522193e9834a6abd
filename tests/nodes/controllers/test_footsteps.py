# SPDX-License-Identifier: Apache-2.0
"""Footsteps as clients see them. The plant stands still: feet land where they were."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import TwistStamped
from rclpy.action import ActionClient
from tests.control.controllers.test_locomotion_controller import standing

from renxing.control.locomotion_controller import LocomotionController
from renxing.nodes.controllers.locomotion import LocomotionSide
from renxing.robot import Robot
from renxing_msgs.action import ExecuteFootsteps
from renxing_msgs.msg import Footstep, Footsteps, LocomotionStatus

LEFT, RIGHT = Footstep.LEFT, Footstep.RIGHT
PATIENT = {"command_timeout": 60.0}


class Client:
    """Sends plans relative to where the feet stand."""

    def __init__(self, pair: Any) -> None:
        self.pair = pair
        self.action = ActionClient(
            pair.bench.node, ExecuteFootsteps, "unit/execute_footsteps"
        )
        self.feedback: list[Any] = []
        self.status = pair.listen(LocomotionStatus, "unit/status")
        pair.run(self.action.server_is_ready, "the action")
        pair.run(lambda: bool(self.status), "a status")

    def plan(self, *ways: float, first: int = LEFT) -> Footsteps:
        message = Footsteps()
        message.header.frame_id = "odom"
        for number, way in enumerate(ways):
            foot = (first + number) % 2
            step = Footstep(foot=foot, pose=self.status[-1].soles[foot])
            step.pose.position.x += way
            message.steps.append(step)
        return message

    def send(self, plan: Footsteps, tolerance: float = 0.0) -> Any:
        goal = ExecuteFootsteps.Goal(plan=plan, tolerance=tolerance)
        future = self.action.send_goal_async(
            goal, feedback_callback=lambda m: self.feedback.append(m.feedback)
        )
        return self.pair.run(lambda: future.done() and future.result(), "the handle")

    def result(self, handle: Any) -> Any:
        future = handle.get_result_async()
        return self.pair.run(lambda: future.done() and future.result(), "the result")


@pytest.fixture
def client(pair: Callable[..., Any], robot: Robot) -> Iterator[Client]:
    states = standing(robot)
    made = Client(pair(LocomotionController, LocomotionSide, PATIENT, states=states))
    yield made
    made.action.destroy()


@pytest.mark.ros
def test_steps_are_made_and_measured(client: Client) -> None:
    handle = client.send(client.plan(0.0, 0.0), tolerance=0.05)
    done = client.result(handle)
    assert done.status == GoalStatus.STATUS_SUCCEEDED, done.result.message
    assert done.result.made == 2 and done.result.message == ""
    assert max(done.result.errors) < 0.01
    assert [feedback.made for feedback in client.feedback] == [1, 2]
    client.pair.run(lambda: client.status[-1].mode == "stand", "it to say so")


@pytest.mark.ros
def test_a_foot_that_lands_elsewhere_ends_the_goal(client: Client) -> None:
    done = client.result(client.send(client.plan(0.2, 0.4), tolerance=0.05))
    assert done.status == GoalStatus.STATUS_ABORTED
    assert "footstep 0 landed 0.2" in done.result.message
    assert done.result.made == 1 and done.result.errors[0] > 0.15


@pytest.mark.ros
def test_what_legs_cannot_do_is_aborted(client: Client) -> None:
    done = client.result(client.send(client.plan(2.0)))
    assert done.status == GoalStatus.STATUS_ABORTED and done.result.made == 0
    assert "footstep 0: 2.000 m ahead, allowed" in done.result.message


@pytest.mark.ros
def test_what_cannot_be_meant_is_rejected(client: Client) -> None:
    elsewhere = client.plan(0.1)
    elsewhere.header.frame_id = "map"
    third = client.plan(0.1)
    third.steps[0].foot = 2
    nowhere = client.plan(float("nan"))
    skewed = client.plan(0.1)
    skewed.steps[0].pose.orientation.w = 3.0
    for plan in (elsewhere, third, nowhere, skewed, Footsteps()):
        assert not client.send(plan).accepted
    assert not client.send(client.plan(0.1), tolerance=-1.0).accepted


@pytest.mark.ros
def test_cancelled_it_stands(client: Client) -> None:
    handle = client.send(client.plan(*[0.0] * 20))
    client.pair.run(lambda: bool(client.feedback), "a step")
    handle.cancel_goal_async()
    done = client.result(handle)
    assert done.status == GoalStatus.STATUS_CANCELED
    assert 1 <= done.result.made < 20
    client.pair.run(lambda: client.status[-1].mode == "stand", "it to say so")


@pytest.mark.ros
def test_topic_and_velocity(client: Client) -> None:
    publisher = client.pair.talk(Footsteps, "footsteps")
    publisher.publish(client.plan(0.0, 0.0, first=RIGHT))
    client.pair.run(lambda: client.status[-1].mode == "walk", "a walk")
    client.pair.run(lambda: client.status[-1].mode == "stand", "its end")
    assert client.status[-1].steps >= 2
    handle = client.send(client.plan(*[0.0] * 20))
    client.pair.run(lambda: bool(client.feedback), "a step")
    twist = TwistStamped()
    twist.twist.linear.x = 0.1
    client.pair.talk(TwistStamped, "cmd_vel").publish(twist)
    done = client.result(handle)
    assert done.status == GoalStatus.STATUS_ABORTED
    assert "a velocity was commanded" in done.result.message
