# SPDX-License-Identifier: Apache-2.0
"""Between the joint bus and ROS topics: the ROS half of the `topics` backend."""

import array
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from control_msgs.msg import (
    DynamicInterfaceGroupValues,
    DynamicJointState,
    InterfaceValue,
)
from geometry_msgs.msg import WrenchStamped
from rclpy.qos import QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import Imu, JointState

from renxing.actuation.servo.table import DriveState
from renxing.hardware_interface import IMPEDANCE, TEMPERATURE
from renxing.nodes.managed import ManagedNode
from renxing.nodes.parameters import load_config
from renxing.robot import load_robot
from renxing.runtime.servo.follower import Follower
from renxing.runtime.servo.joint_bus import (
    body_layout,
    bus_name,
    command_layout,
    state_layout,
)
from renxing.runtime.shared_block import BlockReader, BlockWriter
from renxing.runtime.topics.system import BACKEND, BUS
from renxing.spatial import Array

POLL = 0.001  # [s] between two looks for a new command of the core
CORE_TIMEOUT = 0.1  # [s] after which a command is not passed on any more
LATEST = QoSProfile(depth=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicsBridgeConfig:
    """The node. Names of topics are those of topic_based_ros2_control by default.

    Attributes:
        robot: Name in config/robots or path of a robot's YAML file.
        joint_states_topic: JointState from the robot; needs position, and velocity
            and effort if the robot has them.
        temperatures_topic: DynamicJointState with `temperature`, if the robot has it.
        joint_commands_topic: JointState to the robot: position, velocity, effort.
        impedance_commands_topic: All five parameters to the robot, one group of
            DynamicInterfaceGroupValues for each, with a value for each named joint.
        command_rate: Greatest rate of the commands [Hz].
    """

    robot: str = "rx1"
    joint_states_topic: str = "robot_joint_states"
    temperatures_topic: str = "robot_dynamic_joint_states"
    joint_commands_topic: str = "robot_joint_commands"
    impedance_commands_topic: str = "robot_impedance_commands"
    command_rate: float = field(default=500.0, metadata={"min": 1.0, "max": 1000.0})


class TopicsBridge(ManagedNode):
    """Passes messages of a robot to the core, and the core's commands to the robot.

    Subscribes: the joint states and temperatures of `TopicsBridgeConfig`, the IMU and
    wrench topics of the robot's file below `robot/`.
    Publishes: the two command topics. NaN is a parameter that nobody commands.
    Parameters: `TopicsBridgeConfig`.
    Stale behaviour: it passes on when it has heard of each joint; the core holds the
    robot when that is too old. Without a core it publishes nothing.
    """

    def __init__(self) -> None:
        """Create the node, unconfigured."""
        super().__init__("topics_bridge")

    def configure(self) -> None:
        """Join joint bus and graph."""
        self.config = load_config(self, TopicsBridgeConfig)
        robot = load_robot(self.config.robot)
        name = bus_name(self.get_namespace(), BACKEND)
        self._joints = robot.joints
        self._place = {joint: place for place, joint in enumerate(robot.joints)}
        self._names: tuple[list[str], Any] = ([], np.zeros(0, dtype=np.intp))
        self._state = BlockWriter(f"{name}.{BUS}.state", state_layout(robot.joints))
        self._state.frame["heard"][:] = 0
        self._state.frame[TEMPERATURE][:] = np.nan
        self._core = Follower(f"{name}.command", command_layout(robot))
        layout = body_layout(robot)
        self._body = BlockWriter(f"{name}.body", layout) if layout.fields else None
        self._lock = threading.Lock()
        self._create_topics(robot.description.sensors)

    def _create_topics(self, sensors: Any) -> None:
        config, qos = self.config, qos_profile_sensor_data
        subscribe = self.create_subscription
        subscribe(JointState, config.joint_states_topic, self.on_joints, qos)
        topic = config.temperatures_topic
        subscribe(DynamicJointState, topic, self.on_temperatures, qos)
        for imu in sensors.imu:
            heard = partial(self.on_imu, imu.name)
            subscribe(Imu, f"robot/{imu.topic}", heard, qos)
        for cell in sensors.force_torque:
            heard = partial(self.on_wrench, cell.name)
            subscribe(WrenchStamped, f"robot/{cell.topic}", heard, qos)
        self._commands = self.create_publisher(
            JointState, config.joint_commands_topic, LATEST
        )
        self._impedance = self.create_publisher(
            DynamicInterfaceGroupValues, config.impedance_commands_topic, LATEST
        )

    def activate(self) -> None:
        """Start passing commands on."""
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._pass_on, daemon=True)
        self._thread.start()

    def deactivate(self) -> None:
        """Stop passing commands on."""
        self._end.set()
        self._thread.join(timeout=1.0)

    def clean(self) -> None:
        """Leave the joint bus."""
        self._state.close()
        if self._body is not None:
            self._body.close()

    # --- robot to core ----------

    def on_joints(self, message: JointState) -> None:
        """Take joint states; joints that are not ours are passed over."""
        names = message.name
        if names != self._names[0]:
            places = np.array([self._place.get(name, -1) for name in names])
            self._names = (list(names), places)
        places = self._names[1]
        ours = places >= 0
        with self._lock:
            frame = self._state.frame
            for kind in ("position", "velocity", "effort"):
                values = np.asarray(getattr(message, kind))
                if len(values) == len(places):
                    frame[kind][places[ours]] = values[ours]
            if len(message.position) == len(places):
                frame["heard"][places[ours]] = time.monotonic_ns()
            self._state.publish()

    def on_temperatures(self, message: DynamicJointState) -> None:
        """Take temperatures; they are published with the next joint states."""
        with self._lock:
            for joint, values in zip(
                message.joint_names, message.interface_values, strict=False
            ):
                place = self._place.get(joint)
                if place is not None and TEMPERATURE in values.interface_names:
                    at = values.interface_names.index(TEMPERATURE)
                    self._state.frame[TEMPERATURE][place] = values.values[at]

    def on_imu(self, name: str, message: Imu) -> None:
        """Take a sample of an IMU."""
        q, w, a = (
            message.orientation,
            message.angular_velocity,
            message.linear_acceleration,
        )
        values = [q.x, q.y, q.z, q.w, w.x, w.y, w.z, a.x, a.y, a.z]
        self._feel(name, values)

    def on_wrench(self, name: str, message: WrenchStamped) -> None:
        """Take a sample of a force/torque cell."""
        f, t = message.wrench.force, message.wrench.torque
        self._feel(name, [f.x, f.y, f.z, t.x, t.y, t.z])

    def _feel(self, name: str, values: list[float]) -> None:
        if self._body is not None:
            self._body.frame[name][:] = values
            self._body.publish()

    # --- core to robot, in its own thread ----------

    def _pass_on(self) -> None:
        last, due = 0, 0.0
        period = 1.0 / self.config.command_rate
        while not self._end.wait(POLL):
            now = time.monotonic()
            reader = self._core.read(now)
            session = 0 if reader is None else int(reader.frame["session"])
            powered = DriveState.ENABLED if session else DriveState.DISABLED
            with self._lock:
                self._state.frame["state"][:] = powered
            if reader is None or not session or reader.age() > CORE_TIMEOUT:
                continue
            if reader.frame.stamp != last and now >= due:
                last, due = reader.frame.stamp, now + 0.9 * period
                self._publish(reader)

    def _publish(self, reader: BlockReader) -> None:
        rows: Array = reader.frame["rows"]
        stamp = self.get_clock().now().to_msg()
        joints = list(self._joints)
        plain = JointState(name=joints)
        plain.header.stamp = stamp
        numbers = [array.array("d", row.tobytes()) for row in rows]
        plain.position, plain.velocity, plain.effort = numbers[:3]
        self._commands.publish(plain)
        full = DynamicInterfaceGroupValues(interface_groups=list(IMPEDANCE))
        full.header.stamp = stamp
        full.interface_values = [
            InterfaceValue(
                interface_names=joints, values=array.array("d", row.tobytes())
            )
            for row in rows
        ]
        self._impedance.publish(full)
