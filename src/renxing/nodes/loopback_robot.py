# SPDX-License-Identifier: Apache-2.0
"""A simulated robot behind topics, to try the `topics` backend against.

It stands in for whatever else speaks these topics, such as another simulator.
"""

import threading
import time
from dataclasses import dataclass, field

import numpy as np
from control_msgs.msg import DynamicInterfaceGroupValues, DynamicJointState
from geometry_msgs.msg import WrenchStamped
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Imu, JointState

from renxing.hardware_interface import IMPEDANCE
from renxing.nodes import convert
from renxing.nodes.managed import ManagedNode
from renxing.nodes.parameters import load_config
from renxing.robot import load_robot
from renxing.runtime.rights import RightsConfig, claim_rights
from renxing.runtime.servo.follower import Follower
from renxing.runtime.servo.hoist import Hoist
from renxing.runtime.servo.joint_bus import bus_name, plant_layout
from renxing.runtime.topics.system import BACKEND
from renxing.sim import Twin, load_world
from renxing.spatial import Array

STATE_STEPS = 2  # physics steps between two joint states
SENSE_STEPS = 4  # physics steps between two samples of the body's sensors
REPORT_STEPS = 100  # physics steps between two temperatures
# Of the thread of the physics alone; the rest of the process is an ordinary node.
RIGHTS = RightsConfig(
    thread_priority=52, lock_memory=False, freeze_garbage=False, heap=0
)
LAG_LIMIT = 0.05  # [s] behind the clock: time is given up, not caught up in a burst


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopbackRobotConfig:
    """The node.

    Attributes:
        robot: Name in config/robots or path of a robot's YAML file.
        world: Name in config/worlds or path of a world's YAML file.
        command_timeout: Age of a command after which the joints only damp [s].
    """

    robot: str = "rx1"
    world: str = "flat"
    command_timeout: float = field(default=0.5, metadata={"min": 0.005, "max": 10.0})


class LoopbackRobot(ManagedNode):
    """The twin behind the topics of `topics_bridge`.

    Subscribes: robot_impedance_commands (DynamicInterfaceGroupValues).
    Publishes: robot_joint_states (JointState, 500 Hz), robot/<IMU and wrench topics of
    the robot's file> (250 Hz), robot_dynamic_joint_states (DynamicJointState, 10 Hz).
    Parameters: `LoopbackRobotConfig`.
    Stale behaviour: without commands its joints damp. It hangs on a hoist until the
    first stiff command.
    """

    def __init__(self) -> None:
        """Create the node, unconfigured."""
        super().__init__("loopback_robot")

    def configure(self) -> None:
        """Stand the robot in its world, join the graph."""
        self.config = load_config(self, LoopbackRobotConfig)
        robot = self.robot = load_robot(self.config.robot)
        self.twin = Twin(robot, load_world(self.config.world))
        self._hoist = Hoist(robot)
        name = bus_name(self.get_namespace(), BACKEND)
        self._orders = Follower(f"{name}.plant", plant_layout())
        self._resets: int | None = None
        self._rows: Array = np.zeros((5, len(robot.joints)))
        self._heard = 0.0
        sensors = robot.description.sensors
        publisher = self.create_publisher
        self._states = publisher(JointState, "robot_joint_states", 10)
        self._dynamic = publisher(DynamicJointState, "robot_dynamic_joint_states", 10)
        self._imus = [publisher(Imu, f"robot/{s.topic}", 10) for s in sensors.imu]
        self._wrenches = [
            publisher(WrenchStamped, f"robot/{cell.topic}", 10)
            for cell in sensors.force_torque
        ]
        self.create_subscription(
            DynamicInterfaceGroupValues,
            "robot_impedance_commands",
            self.on_command,
            QoSProfile(depth=1),
        )

    def on_command(self, message: DynamicInterfaceGroupValues) -> None:
        """Take a command of all joints; others are refused as a whole."""
        groups = dict(
            zip(message.interface_groups, message.interface_values, strict=False)
        )
        joints = list(self.robot.joints)
        if any(
            kind not in groups or groups[kind].interface_names != joints
            for kind in IMPEDANCE
        ):
            self.get_logger().warning("command: not of all joints in their order")
            return
        rows = np.array([groups[kind].values for kind in IMPEDANCE])
        missing = np.isnan(rows)
        rows[3, missing[0]] = 0.0
        rows[np.isnan(rows)] = 0.0
        self._rows, self._heard = rows, time.monotonic()

    def activate(self) -> None:
        """Start turning time."""
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def deactivate(self) -> None:
        """Stop turning time."""
        self._end.set()
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        claim_rights(RIGHTS)  # without them it runs less evenly, as any simulation
        due, steps = time.monotonic(), 0
        while not self._end.is_set():
            now = time.monotonic()
            if now < due:
                time.sleep(due - now)
            due += self.twin.time_step
            if now - due > LAG_LIMIT:
                due = now
            steps += 1
            self.step(now, steps)

    def step(self, now: float, steps: int) -> None:
        """Do one step of the physics, or of the hoist, and publish what is due.

        Args:
            now: For the age of commands [s].
            steps: How many there were.
        """
        rows = self._rows.copy()
        if now - self._heard > self.config.command_timeout:
            rows[:4], rows[4] = 0.0, self.robot.kd
        if self._hoist.lets_go(rows):
            self.twin.advance(rows, 1)
        if steps % STATE_STEPS == 0:
            self._publish(steps)
        reader = self._orders.read(now)
        if reader is not None and int(reader.frame["resets"]) != self._resets:
            if self._resets is not None:
                self.twin.reset()
                self._hoist.hang()
                self._heard = 0.0
            self._resets = int(reader.frame["resets"])

    def _publish(self, steps: int) -> None:
        stamp = self.get_clock().now().to_msg()
        joints, state = self.robot.joints, self.twin.joint_state()
        self._states.publish(convert.to_joint_state(stamp, joints, state))
        if steps % REPORT_STEPS == 0:
            message = convert.to_dynamic_joint_state(stamp, joints, state)
            self._dynamic.publish(message)
        if steps % SENSE_STEPS == 0:
            sensors = self.robot.description.sensors
            for imu, publisher, sample in zip(
                sensors.imu, self._imus, self.twin.imus(), strict=True
            ):
                publisher.publish(convert.to_imu(stamp, imu, sample))
            for cell, wrenches, felt in zip(
                sensors.force_torque, self._wrenches, self.twin.wrenches(), strict=True
            ):
                wrenches.publish(convert.to_wrench(stamp, cell.frame, felt))
