# SPDX-License-Identifier: Apache-2.0
"""What an operator clicks on the page, as topics and services."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from geometry_msgs.msg import TwistStamped
from mujoco_ros2_control_msgs.msg import ExternalWrench
from mujoco_ros2_control_msgs.srv import (
    ApplyExternalWrench,
    ResetWorld,
    SetPause,
    StepSimulation,
)
from rclpy.node import Node
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

from renxing.console import Member
from renxing.errors import DeviceError
from renxing.nodes.emergency_stop import LATCHED, TOPIC
from renxing.robot import Robot
from renxing_msgs.srv import GoToPosture

LINGER = 1.0  # [s] from the zero that ends a walk to the publisher's end
ANSWER_TIMEOUT = 3.0  # [s] for a service to answer a click
PUSH_SECONDS = 0.1  # a push of I N·s is a force of I / 0.1 N for 0.1 s
MANAGER = "controller_manager"


@dataclass(frozen=True, slots=True)
class PostureService:
    """Where postures are asked for.

    Attributes:
        name: Of the service.
        client: Of the service.
    """

    name: str
    client: Any


class ConsoleOperator:
    """The `Operator` of the page; its methods are called in the page's threads."""

    def __init__(self, node: Node, robot: Robot) -> None:
        """Join the graph.

        Args:
            node: That carries topics and services.
            robot: The robot.
        """
        self._node = node
        self._robot = robot
        self._velocity = (0.0, 0.0, 0.0)
        self._walked = False
        self._sent = 0.0
        self._posture: PostureService | None = None
        self.stop_topic = node.create_publisher(Bool, TOPIC, LATCHED)
        # Only while somebody walks here: others may publish velocities of another type.
        self._cmd_vel: Any = None
        self._clients_of = {
            name: node.create_client(kind, name)
            for name, kind in (
                ("twin/set_pause", SetPause),
                ("twin/step_simulation", StepSimulation),
                ("twin/reset_world", ResetWorld),
                ("twin/apply_wrench", ApplyExternalWrench),
                (f"{MANAGER}/reset_emergency_stop", Trigger),
            )
        }

    # --- called by the executor ----------

    def learn(self, controllers: Sequence[Member]) -> None:
        """Find the controller that knows postures, if one is active."""
        wanted = next((c.name for c in controllers if c.poses), None)
        topic = None if wanted is None else f"{wanted}/go_to_posture"
        if self._posture is not None and self._posture.name == topic:
            return
        if self._posture is not None:
            self._node.destroy_client(self._posture.client)
            self._posture = None
        if topic is not None:
            client = self._node.create_client(GoToPosture, topic)
            self._posture = PostureService(topic, client)

    @property
    def walks(self) -> bool:
        """Whether a velocity is wanted."""
        return any(self._velocity)

    def publish_velocity(self) -> None:
        """Publish the wanted velocity, and one zero at its end."""
        now, velocity = time.monotonic(), self._velocity
        walks = any(velocity)
        if walks or self._walked:
            if self._cmd_vel is None:
                self._cmd_vel = self._node.create_publisher(TwistStamped, "cmd_vel", 10)
            self._walked, self._sent = walks, now
            self._send(velocity)
        elif self._cmd_vel is not None and now - self._sent > LINGER:
            self._node.destroy_publisher(self._cmd_vel)
            self._cmd_vel = None

    def _send(self, velocity: tuple[float, float, float]) -> None:
        message = TwistStamped()
        message.header.stamp = self._node.get_clock().now().to_msg()
        message.header.frame_id = self._robot.description.base
        twist = message.twist
        twist.linear.x, twist.linear.y, twist.angular.z = velocity
        self._cmd_vel.publish(message)

    # --- called in the page's threads ----------

    def _call(self, name: str, request: Any) -> str:
        return answer_of(name, self._clients_of[name], request)

    def stop(self, by: str) -> str:
        """Publish the emergency stop; it does not wait for an answer."""
        self.stop_topic.publish(Bool(data=True))
        self._node.get_logger().warning(f"emergency stop by {by}")
        return "emergency stop sent"

    def release(self) -> str:
        """Take the stop back and ask the core to go on."""
        self.stop_topic.publish(Bool(data=False))
        return self._call(f"{MANAGER}/reset_emergency_stop", Trigger.Request())

    def pause(self, paused: bool) -> str:
        """Stop simulated time or let it go on."""
        return self._call("twin/set_pause", SetPause.Request(paused=paused))

    def step(self, steps: int) -> str:
        """Advance a paused simulation."""
        request = StepSimulation.Request(steps=steps)
        return self._call("twin/step_simulation", request)

    def reset(self) -> str:
        """Start the simulation again."""
        return self._call("twin/reset_world", ResetWorld.Request())

    def push(self, impulse: float, heading: float) -> str:
        """Push the torso."""
        wrench = ExternalWrench()
        wrench.wrench.header.frame_id = self._robot.description.torso
        wrench.wrench.wrench.force.x = impulse / PUSH_SECONDS * math.cos(heading)
        wrench.wrench.wrench.force.y = impulse / PUSH_SECONDS * math.sin(heading)
        wrench.duration.nanosec = round(PUSH_SECONDS * 1e9)
        request = ApplyExternalWrench.Request()
        request.wrenches.external_wrenches = [wrench]
        self._call("twin/apply_wrench", request)
        return f"{impulse:.0f} N·s"

    def go_to(self, posture: str) -> str:
        """Move to a posture, with whatever posture controller is active."""
        service = self._posture
        if service is None:
            raise DeviceError("no posture controller is active")
        request = GoToPosture.Request(posture=posture)
        return answer_of(service.name, service.client, request)

    def drive(self, forward: float, left: float, turn: float) -> None:
        """Keep the wanted velocity for the next message."""
        self._velocity = (forward, left, turn)


def answer_of(name: str, client: Any, request: Any) -> str:
    """Call a service from a thread of the page, and return the words of its answer.

    Args:
        name: Of the service, for messages.
        client: Of a service whose answer has `success` and `message`.
        request: The request message.

    Raises:
        DeviceError: If nobody answers, or the answer is a refusal.
    """
    if not client.service_is_ready():
        raise DeviceError(f"{name}: no such service; does the robot run?")
    future = client.call_async(request)
    deadline = time.monotonic() + ANSWER_TIMEOUT
    while not future.done():
        if time.monotonic() > deadline:
            raise DeviceError(f"{name}: no answer in {ANSWER_TIMEOUT} s")
        time.sleep(0.01)
    answer = future.result()
    if not answer.success:
        raise DeviceError(answer.message)
    return str(answer.message)
