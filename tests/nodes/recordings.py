# SPDX-License-Identifier: Apache-2.0
"""A short recording as the recorder writes it, made without a stack."""

from pathlib import Path
from typing import Any

import numpy as np
import yaml
from nav_msgs.msg import Odometry
from rclpy.serialization import serialize_message
from std_msgs.msg import String

from renxing.nodes import convert
from renxing.nodes.definitions import definition_of
from renxing.robot import Robot
from renxing.runtime.recording import Recording
from renxing.signals import JointState as JointSample
from renxing.spatial import transform
from renxing_msgs.msg import Plan, PlanStep, Utterance

BEGIN = 1_700_000_000 * 10**9  # [ns]
PERIOD = 0.02  # [s] between two messages of a topic that flows
SPEED = 0.5  # [m/s] with which the base goes along x
ELBOW = 1.0  # [rad/s] with which one joint turns
BOX = "red_box"  # of the workshop


class Script:
    """Writes messages at times [s] from the beginning."""

    def __init__(self, path: Path, namespace: str, **said: str) -> None:
        self.recording = Recording(path, {"robot": "rx1", **said}, 0)
        self._prefix = f"/{namespace}" if namespace else ""
        self._channels: dict[str, int] = {}

    def write(
        self, time: float, topic: str, message: Any, *, latched: bool = False
    ) -> None:
        kind = type(message)
        package = kind.__module__.partition(".")[0]
        name = f"{package}/msg/{kind.__name__}"
        full = topic if topic.startswith("/") else f"{self._prefix}/{topic}"
        if full not in self._channels:
            profile = {
                "depth": 10,
                "reliability": "reliable",
                "durability": "transient_local" if latched else "volatile",
            }
            self._channels[full] = self.recording.add_channel(
                full,
                name,
                definition_of(name),
                {"offered_qos_profiles": yaml.safe_dump([profile])},
            )
        stamp = BEGIN + round(1e9 * time)
        self.recording.write(self._channels[full], stamp, serialize_message(message))


def walk(script: Script, robot: Robot, seconds: float) -> None:
    """Write how a robot glides along x while it turns a joint."""
    from mujoco_ros2_control_msgs.msg import FreeJointState, FreeJointStateArray

    zeros = np.zeros(len(robot.joints))
    stand = robot.posture("stand")
    height = robot.standing_base(stand).translation[2]
    script.write(0.0, "robot_description", String(data="<robot/>"), latched=True)
    for number in range(round(seconds / PERIOD) + 1):
        time = number * PERIOD
        stamp = convert.to_time(time)
        position = stand.copy()
        position[-1] += ELBOW * time
        sample = JointSample(
            stamp=time,
            position=position,
            velocity=zeros,
            effort=zeros,
            temperature=zeros,
        )
        script.write(
            time, "joint_states", convert.to_joint_state(stamp, robot.joints, sample)
        )
        odometry = Odometry(child_frame_id=robot.description.base)
        odometry.pose.pose = convert.to_pose(transform((SPEED * time, 0.0, height)))
        script.write(time, "ground_truth/odom", odometry)
        free = FreeJointState(name=BOX)
        free.pose.pose = convert.to_pose(transform((0.0, 3.0, time)))
        objects = FreeJointStateArray(free_joints=[free])
        script.write(time, "twin/free_joint_states", objects)


def converse(script: Script) -> None:
    """Write a task that is asked for, done from 0.4 to 1.2 s, and answered."""
    script.write(0.3, "brain/dialogue", Utterance(speaker="operator", text="走到门"))
    step = PlanStep(skill="go_to", text="walk to the door")
    for time, state in ((0.35, 0), (0.4, PlanStep.RUNNING), (1.2, PlanStep.SUCCEEDED)):
        step.state = state
        plan = Plan(id="1", text="走到门", steps=[step])
        script.write(time, "brain/plan", plan, latched=True)
    script.write(1.2, "brain/dialogue", Utterance(speaker="robot", text="there"))
