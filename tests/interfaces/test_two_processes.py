# SPDX-License-Identifier: Apache-2.0
"""A message, a service and an action of the built packages, between two processes.

The build leaves out the C++ flavours of each type; this is the proof that nothing
on the way between two Python processes needs them.
"""

import subprocess
import sys
from collections.abc import Iterator

import pytest
import rclpy
from control_msgs.action import FollowJointTrajectory
from control_msgs.msg import DynamicJointState
from mujoco_ros2_control_msgs.srv import StepSimulation
from rclpy.action import ActionClient
from rclpy.node import Node

pytestmark = pytest.mark.ros

PEER = """
import rclpy
from control_msgs.action import FollowJointTrajectory
from control_msgs.msg import DynamicJointState, InterfaceValue
from mujoco_ros2_control_msgs.srv import StepSimulation
from rclpy.action import ActionServer

rclpy.init()
node = rclpy.create_node("interface_peer")

def execute(goal):
    goal.publish_feedback(FollowJointTrajectory.Feedback(joint_names=["knee"]))
    goal.succeed()
    return FollowJointTrajectory.Result(error_string="arrived")

def answer(request, response):
    response.message = f"{request.steps} steps"
    return response

values = [InterfaceValue(interface_names=["position"], values=[1.5])]
state = DynamicJointState(joint_names=["knee"], interface_values=values)
ActionServer(node, FollowJointTrajectory, "test_interfaces/follow", execute)
node.create_service(StepSimulation, "test_interfaces/step", answer)
publisher = node.create_publisher(DynamicJointState, "test_interfaces/state", 1)
node.create_timer(0.05, lambda: publisher.publish(state))
rclpy.spin(node)
"""


@pytest.fixture
def node() -> Iterator[Node]:
    context = rclpy.Context()
    context.init()
    node = Node("interface_test", context=context)
    peer = subprocess.Popen([sys.executable, "-c", PEER])
    yield node
    peer.kill()
    peer.wait()
    node.destroy_node()
    context.shutdown()


def test_message_service_and_action(node: Node) -> None:
    executor = rclpy.executors.SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    received: list[DynamicJointState] = []
    feedback: list[list[str]] = []
    node.create_subscription(
        DynamicJointState, "test_interfaces/state", received.append, 1
    )

    step = node.create_client(StepSimulation, "test_interfaces/step")
    assert step.wait_for_service(15.0)
    reply = step.call_async(StepSimulation.Request(steps=7))
    executor.spin_until_future_complete(reply, timeout_sec=10.0)
    assert reply.result().message == "7 steps"

    follow = ActionClient(node, FollowJointTrajectory, "test_interfaces/follow")
    assert follow.wait_for_server(10.0)
    accepted = follow.send_goal_async(
        FollowJointTrajectory.Goal(),
        feedback_callback=lambda said: feedback.append(said.feedback.joint_names),
    )
    executor.spin_until_future_complete(accepted, timeout_sec=10.0)
    result = accepted.result().get_result_async()
    executor.spin_until_future_complete(result, timeout_sec=10.0)
    assert result.result().result.error_string == "arrived"

    for _ in range(100):
        if received and feedback:
            break
        executor.spin_once(timeout_sec=0.1)
    assert feedback == [["knee"]]
    assert received[0].interface_values[0].values.tolist() == [1.5]
