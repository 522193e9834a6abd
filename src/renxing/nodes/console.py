# SPDX-License-Identifier: Apache-2.0
"""The operator page on the graph."""

import math
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from control_msgs.msg import DynamicJointState
from mujoco_ros2_control_msgs.msg import ExternalWrench, FreeJointStateArray
from mujoco_ros2_control_msgs.srv import ApplyExternalWrench, ResetWorld, SetPause
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from sensor_msgs.msg import BatteryState
from std_msgs.msg import Bool
from std_srvs.srv import Trigger
from tf2_msgs.msg import TFMessage

from renxing.console import Page, Report
from renxing.errors import DeviceError
from renxing.nodes import convert
from renxing.nodes.managed import ManagedNode
from renxing.nodes.parameters import load_config
from renxing.robot import load_robot
from renxing.signals import JointState
from renxing.sim import load_world
from renxing.spatial import SE3
from renxing_msgs.msg import TwinStatus
from renxing_msgs.srv import GoToPosture

LATCHED = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
ANSWER_TIMEOUT = 3.0  # [s] for a service to answer a click
STALE = 1.0  # [s] after which the page says that the robot is silent
PUSH_SECONDS = 0.1  # a push of I N·s is a force of I / 0.1 N for 0.1 s


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleConfig:
    """The node.

    Attributes:
        robot: Name in config/robots or path of a robot's YAML file.
        world: Name in config/worlds or path of a world's YAML file.
        host: Address to listen on; only 127.0.0.1 keeps strangers out.
        port: To listen on.
        draw_rate: Of the 3D view [Hz].
        table_rate: Of tables and status [Hz].
    """

    robot: str = "rx1"
    world: str = "flat"
    host: str = "127.0.0.1"
    port: int = field(default=8080, metadata={"min": 1, "max": 65535})
    draw_rate: float = field(default=20.0, metadata={"min": 1.0, "max": 60.0})
    table_rate: float = field(default=4.0, metadata={"min": 0.5, "max": 20.0})


class ConsoleNode(ManagedNode):
    """Serves the operator page.

    Publishes: emergency_stop (Bool, latched).
    Subscribes: dynamic_joint_states, tf, battery_state, twin/status,
    twin/free_joint_states.
    Calls: the services of the twin that its buttons stand for.
    Parameters: `ConsoleConfig`.
    Stale behaviour: after 1 s without joint states the page says so in red.
    """

    def __init__(self) -> None:
        """Create the node, unconfigured."""
        super().__init__("console")

    def configure(self) -> None:
        """Load the robot, serve the page and join the graph."""
        self.config = load_config(self, ConsoleConfig)
        self.robot = load_robot(self.config.robot)
        self._place = {name: i for i, name in enumerate(self.robot.joints)}
        self.state: JointState | None = None
        self.heard = time.monotonic()
        self.base = SE3.Identity()
        self.status = TwinStatus()
        self.charge = math.nan
        self.objects: FreeJointStateArray | None = None
        self.stop_topic = self.create_publisher(Bool, "emergency_stop", LATCHED)
        subscribe = self.create_subscription
        subscribe(DynamicJointState, "dynamic_joint_states", self.on_joints, 10)
        subscribe(TFMessage, "tf", self.on_tf, 100)
        subscribe(TwinStatus, "twin/status", self.on_status, LATCHED)
        subscribe(BatteryState, "battery_state", self.on_battery, 10)
        subscribe(FreeJointStateArray, "twin/free_joint_states", self.on_objects, 10)
        self._clients_of = {
            name: self.create_client(kind, f"twin/{name}")
            for name, kind in (
                ("set_pause", SetPause),
                ("reset_world", ResetWorld),
                ("apply_wrench", ApplyExternalWrench),
                ("go_to_posture", GoToPosture),
                ("reset_emergency_stop", Trigger),
            )
        }
        host, port = self.config.host, self.config.port
        world = load_world(self.config.world)
        self.page = Page(self.robot, world, host, port, self)
        self.get_logger().info(f"operator page: http://{host}:{port}")

    def activate(self) -> None:
        """Start refreshing the page."""
        self._draw = self.create_wall_timer(1.0 / self.config.draw_rate, self.draw)
        self._tell = self.create_wall_timer(1.0 / self.config.table_rate, self.tell)

    def deactivate(self) -> None:
        """Stop refreshing the page."""
        self.destroy_timer(self._draw)
        self.destroy_timer(self._tell)

    def clean(self) -> None:
        """Stop serving the page."""
        self.page.close()

    # --- news: callbacks store, timers show ------------------------------------------

    def on_joints(self, message: DynamicJointState) -> None:
        """Keep the joint states, in joint order whatever theirs is."""
        rows = np.full((len(self.robot.joints), len(convert.INTERFACES)), np.nan)
        pairs = zip(message.joint_names, message.interface_values, strict=False)
        for name, values in pairs:
            place = self._place.get(name)
            if place is None:
                continue
            given = dict(zip(values.interface_names, values.values, strict=False))
            rows[place] = [given.get(kind, math.nan) for kind in convert.INTERFACES]
        position, velocity, effort, temperature = np.nan_to_num(rows).T
        self.state = JointState(
            stamp=convert.to_seconds(message.header.stamp),
            position=position,
            velocity=velocity,
            effort=effort,
            temperature=temperature,
        )
        self.heard = time.monotonic()

    def on_tf(self, message: TFMessage) -> None:
        """Keep the pose of the base."""
        for transform in message.transforms:
            if transform.child_frame_id == self.robot.description.base:
                self.base = convert.from_transform(transform.transform)

    def on_status(self, message: TwinStatus) -> None:
        """Keep the simulation's status."""
        self.status = message

    def on_battery(self, message: BatteryState) -> None:
        """Keep the battery's charge."""
        self.charge = message.percentage

    def on_objects(self, message: FreeJointStateArray) -> None:
        """Keep the objects' poses."""
        self.objects = message

    def draw(self) -> None:
        """Refresh the 3D view."""
        if not self.page.watched or self.state is None:
            return
        self.page.show_robot(self.state, self.base)
        if self.objects is not None:
            for free in self.objects.free_joints:
                self.page.show_object(free.name, convert.from_pose(free.pose.pose))
            self.objects = None

    def tell(self) -> None:
        """Refresh tables and status."""
        if not self.page.watched:
            return
        silence = time.monotonic() - self.heard
        if silence > STALE or self.state is None:
            self.page.show_silence(silence)
            return
        self.page.show_joints(self.state)
        status = self.status
        self.page.show_report(
            Report(
                time=convert.to_seconds(status.header.stamp),
                world=status.world,
                paused=status.paused,
                stopped=status.stopped,
                posture=status.posture,
                real_time_factor=status.real_time_factor,
                step_seconds=status.step_seconds,
                charge=self.charge,
            )
        )

    # --- the operator: called in the page's threads -----------------------------------

    def _call(self, name: str, request: Any) -> str:
        client = self._clients_of[name]
        if not client.service_is_ready():
            raise DeviceError(f"twin/{name}: no such service; is the twin running?")
        future = client.call_async(request)
        deadline = time.monotonic() + ANSWER_TIMEOUT
        while not future.done():
            if time.monotonic() > deadline:
                raise DeviceError(f"twin/{name}: no answer in {ANSWER_TIMEOUT} s")
            time.sleep(0.01)
        answer = future.result()
        if not answer.success:
            raise DeviceError(answer.message)
        return str(answer.message)

    def stop(self) -> str:
        """Publish the emergency stop; it does not wait for an answer."""
        self.stop_topic.publish(Bool(data=True))
        return "emergency stop sent"

    def release(self) -> str:
        """Take the stop back and ask the twin to go on."""
        self.stop_topic.publish(Bool(data=False))
        return self._call("reset_emergency_stop", Trigger.Request())

    def pause(self, paused: bool) -> str:
        """Stop simulated time or let it go on."""
        return self._call("set_pause", SetPause.Request(paused=paused))

    def reset(self) -> str:
        """Start the simulation again."""
        return self._call("reset_world", ResetWorld.Request())

    def push(self, impulse: float, heading: float) -> str:
        """Push the torso."""
        wrench = ExternalWrench()
        wrench.wrench.header.frame_id = self.robot.description.torso
        wrench.wrench.wrench.force.x = impulse / PUSH_SECONDS * math.cos(heading)
        wrench.wrench.wrench.force.y = impulse / PUSH_SECONDS * math.sin(heading)
        wrench.duration.nanosec = round(PUSH_SECONDS * 1e9)
        request = ApplyExternalWrench.Request()
        request.wrenches.external_wrenches = [wrench]
        self._call("apply_wrench", request)
        return f"{impulse:.0f} N·s"

    def go_to(self, posture: str) -> str:
        """Move to a posture."""
        return self._call("go_to_posture", GoToPosture.Request(posture=posture))
