# SPDX-License-Identifier: Apache-2.0
"""What skills move and measure the robot with: actions, odometry, joints, voice."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration
from control_msgs.action import FollowJointTrajectory
from control_msgs.msg import JointTolerance
from nav2_msgs.action import (
    BackUp,
    ComputePathToPose,
    DriveOnHeading,
    NavigateToPose,
    Spin,
)
from nav2_msgs.msg import SpeedLimit
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from renxing.errors import ConfigError
from renxing.nodes.brain.odometer import Odometer
from renxing.nodes.brain.surroundings import Surroundings
from renxing.nodes.joint_positions import JointPositions
from renxing.nodes.navigation.child import Answer, Child
from renxing.planning.runner import Call
from renxing.planning.skill import Outcome
from renxing.robot import Robot
from renxing.robot.gaze import GazeSolver
from renxing.spatial import Array

# What carries a skill out: called some times a second until it returns.
Routine = Generator[None, None, Outcome]
# Takes the body, the call and the arguments in the skill's own class.
SkillRoutine = Callable[["Body", Call, Any], Routine]
SETTLE = 1.5  # [s] beyond the planned end that a motion of the arms may take
JOINTS_TIME = 2.0  # [s] in which joint states have to come


class Body:
    """The robot, as skills see it.

    Attributes:
        robot: Which.
        surroundings: What it knows.
        odometer: How far it went.
        gaze: What turns its head; None if it has no camera.
        eyes: Its cameras, the one of the head first, each with its directions.
        dwell: How long a search looks into one direction [s].
        say: Takes a text and its language.
    """

    def __init__(
        self,
        node: Node,
        robot: Robot,
        surroundings: Surroundings,
        arms: str,
        dwell: float,
        say: Callable[[str, str], None],
    ) -> None:
        """Look for the servers.

        Args:
            node: That carries the clients.
            robot: Which.
            surroundings: What it knows.
            arms: Name of the controller that moves arms and neck.
            dwell: How long a search looks into one direction [s].
            say: Takes a text and its language.
        """
        self.robot, self.surroundings = robot, surroundings
        self.odometer = Odometer(node)
        cameras = robot.description.sensors.cameras
        self.eyes = [(camera, GazeSolver(robot, camera)) for camera in cameras]
        self.gaze = self.eyes[0][1] if self.eyes else None
        self.dwell = dwell
        self.say = say
        self.navigate = Child(node, NavigateToPose, "navigate_to_pose")
        self.plan = Child(node, ComputePathToPose, "compute_path_to_pose")
        self.spin = Child(node, Spin, "spin")
        self.drive = Child(node, DriveOnHeading, "drive_on_heading")
        self.back_up = Child(node, BackUp, "backup")
        self._arms = Child(
            node, FollowJointTrajectory, f"{arms}/follow_joint_trajectory"
        )
        self._release = node.create_client(Trigger, f"{arms}/release")
        self._speed = node.create_publisher(SpeedLimit, "speed_limit", 10)
        self._node = node
        self._positions: Array | None = None

    def close(self) -> None:
        """Let go of the servers."""
        for one in (self.navigate, self.plan, self.spin, self.drive, self.back_up):
            one.close()
        self._arms.close()

    def now(self) -> float:
        """Return ROS time [s]."""
        return self.surroundings.now()

    def wait(self, seconds: float) -> Generator[None, None, None]:
        """Let time pass."""
        end = self.now() + seconds
        while self.now() < end:
            yield

    @contextmanager
    def speed_limit(self, speed: float | None) -> Iterator[None]:
        """Walk no faster than this [m/s] meanwhile; None for the usual."""
        if speed is not None:
            self._speed.publish(SpeedLimit(speed_limit=speed))
        try:
            yield
        finally:
            if speed is not None:
                self._speed.publish(SpeedLimit(speed_limit=0.0))

    # --- arms and head ----------------------------------------------------------------

    @contextmanager
    def joints(self) -> Iterator[Callable[[], Array | None]]:
        """Listen to joint states meanwhile; they come too often to do so always.

        Yields:
            What returns the positions of all joints [rad], shape (n,), or None before
            they came.
        """
        reader = JointPositions(self.robot)

        def positions() -> Array | None:
            return reader.positions.copy() if np.isfinite(reader.stamp) else None

        node, qos = self._node, QoSProfile(depth=1)
        heard = node.create_subscription(
            JointState, "joint_states", reader.read, qos, raw=True
        )
        try:
            yield positions
        finally:
            node.destroy_subscription(heard)

    def measured(
        self, positions: Callable[[], Array | None]
    ) -> Generator[None, None, Array | None]:
        """Wait for joint states; None if none come."""
        end = self.now() + JOINTS_TIME
        while (found := positions()) is None and self.now() < end:
            yield
        return found

    def move(
        self, frames: list[tuple[float, dict[str, float]]], loose: bool = False
    ) -> Generator[None, None, Answer]:
        """Move joints of arms and head through keyframes.

        Args:
            frames: Time since the one before [s], and positions by joint [rad]; joints
                left out stay where they were, from `stand` on.
            loose: Take any end for an end, for who measures by himself what it is.
        """
        names = list(dict.fromkeys(name for _, joints in frames for name in joints))
        stand = self.robot.posture("stand")
        here = {name: float(stand[self.robot.joints.index(name)]) for name in names}
        points, time = [], 0.0
        for after, joints in frames:
            time += after
            here |= joints
            at = Duration(sec=int(time), nanosec=int(round(time % 1.0 * 1e9)))
            points.append(
                JointTrajectoryPoint(
                    positions=[here[name] for name in names], time_from_start=at
                )
            )
        goal = FollowJointTrajectory.Goal(
            trajectory=JointTrajectory(joint_names=names, points=points)
        )
        if loose:
            goal.goal_tolerance = [
                JointTolerance(name=name, position=-1.0) for name in names
            ]
        return (yield from self._arms.run(goal))

    def release(self) -> None:
        """Give arms and head back to the gait."""
        if self._release.service_is_ready():
            self._release.call_async(Trigger.Request())


def failed(code: str, reason: str, **measured: Any) -> Outcome:
    """Return the outcome of a skill that did not do what it is for."""
    return Outcome(success=False, code=code, reason=reason, measured=measured)


def failed_answer(answer: Answer, what: str, **measured: Any) -> Outcome:
    """Return the outcome of a skill whose action did not succeed."""
    text = answer.text or "it gives no reason"
    code = "blocked" if answer.code else "refused"
    return failed(code, f"{what}: {text} (code {answer.code})", **measured)


def by_name(
    robot: Robot, joints: tuple[str, ...], positions: Array
) -> dict[str, float]:
    """Return some joints' positions by name.

    Raises:
        ConfigError: If there are not as many positions as joints.
    """
    if len(joints) != len(positions):
        raise ConfigError(f"{robot.name}: {len(positions)} positions for {joints}")
    return dict(zip(joints, positions.tolist(), strict=True))
