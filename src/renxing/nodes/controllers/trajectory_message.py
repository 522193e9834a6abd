# SPDX-License-Identifier: Apache-2.0
"""Check trajectory messages, with the words of ros2_controllers, and unpack them."""

from typing import Any

import numpy as np
from trajectory_msgs.msg import JointTrajectory

from renxing.control.trajectory import Points
from renxing.control.trajectory_config import TrajectoryConfig
from renxing.control.trajectory_tolerances import Tolerances, of_goal
from renxing.control.trajectory_values import Code
from renxing.errors import RenxingError
from renxing.nodes import convert

FIELDS = ("positions", "velocities", "accelerations", "effort")


class GoalError(RenxingError):
    """A trajectory that cannot be followed.

    Attributes:
        code: Which kind of reason.
    """

    def __init__(self, code: Code, text: str) -> None:
        """Keep both."""
        super().__init__(text)
        self.code = code


def points_of(message: JointTrajectory, config: TrajectoryConfig, now: float) -> Points:
    """Return the points of a message in the controller's joint order.

    Args:
        message: From the topic or an action goal.
        config: Of the controller.
        now: ROS time [s].

    Raises:
        GoalError: If the controller cannot follow it.
    """
    _check_joints(message, config)
    _check_end(message, config, now)
    times = np.array([convert.to_seconds(p.time_from_start) for p in message.points])
    for index in np.flatnonzero(np.diff(times) <= 0.0).tolist():
        raise GoalError(
            Code.INVALID_GOAL,
            f"Time between points {index} and {index + 1} is not strictly increasing, "
            f"it is {times[index]:f} and {times[index + 1]:f} respectively",
        )
    if times[0] < 0.0:
        raise GoalError(Code.INVALID_GOAL, f"First point is at {times[0]:f} s")
    names = message.joint_names
    order = [config.joints.index(name) for name in names]
    values = np.full((4, len(times), len(config.joints)), np.nan)
    for index, point in enumerate(message.points):
        _check_point(point, index, len(names), config)
        for row, field in enumerate(FIELDS):
            numbers = getattr(point, field)
            if numbers:
                values[row, index, order] = numbers
                if not np.isfinite(values[row, index, order]).all():
                    what = f"{field} of point #{index} are not all finite."
                    raise GoalError(Code.INVALID_GOAL, what)
    meant = None
    if len(names) < len(config.joints):
        meant = np.array([joint in names for joint in config.joints])
    return Points(times=times, values=values, joints=meant)


def tolerances_of(goal: Any, config: TrajectoryConfig) -> Tolerances:
    """Return the tolerances of an action goal.

    Raises:
        ConfigError: If one cannot be meant.
    """

    def numbers(tolerances: Any) -> dict[str, tuple[float, float, float]]:
        return {t.name: (t.position, t.velocity, t.acceleration) for t in tolerances}

    return of_goal(
        config.tolerances,
        config.joints,
        numbers(goal.path_tolerance),
        numbers(goal.goal_tolerance),
        convert.to_seconds(goal.goal_time_tolerance),
    )


def _check_joints(message: JointTrajectory, config: TrajectoryConfig) -> None:
    names = message.joint_names
    if not config.partial and len(names) != len(config.joints):
        raise GoalError(
            Code.INVALID_JOINTS,
            "Joints on incoming trajectory don't match the controller joints.",
        )
    if not names:
        raise GoalError(
            Code.INVALID_JOINTS, "Empty joint names on incoming trajectory."
        )
    if not message.points:
        raise GoalError(Code.INVALID_GOAL, "Empty trajectory received.")
    for name in names:
        if name not in config.joints:
            raise GoalError(
                Code.INVALID_JOINTS,
                f"Incoming joint {name} doesn't match the controller's joints.",
            )
    if len(set(names)) != len(names):
        raise GoalError(Code.INVALID_JOINTS, "A joint is named twice.")


def _check_end(message: JointTrajectory, config: TrajectoryConfig, now: float) -> None:
    last = message.points[-1]
    if not config.end_velocity:
        for name, velocity in zip(message.joint_names, last.velocities, strict=False):
            if abs(velocity) > np.finfo(np.float32).eps:
                raise GoalError(
                    Code.INVALID_GOAL,
                    f"Velocity of last trajectory point of joint {name} is not zero: "
                    f"{velocity:.15f}",
                )
    start = convert.to_seconds(message.header.stamp)
    end = start + convert.to_seconds(last.time_from_start)
    if start != 0.0 and end < now:
        raise GoalError(
            Code.OLD_HEADER_TIMESTAMP,
            f"Received trajectory with non-zero start time ({start:f}) that ends in "
            f"the past ({end:f})",
        )


def _check_point(point: Any, index: int, count: int, config: TrajectoryConfig) -> None:
    for field in FIELDS:
        size = len(getattr(point, field))
        optional = field != "positions" or config.integrate
        if size == count or (size == 0 and optional):
            continue
        raise GoalError(
            Code.INVALID_GOAL,
            f"Mismatch between joint_names size ({count}) and {field} ({size}) at "
            f"point #{index}.",
        )
    if not (point.positions or point.velocities or point.accelerations):
        raise GoalError(
            Code.INVALID_GOAL,
            "The given trajectory has no position, velocity, or acceleration points.",
        )
    if point.effort and "effort" not in config.command_interfaces:
        raise GoalError(
            Code.INVALID_GOAL,
            "Trajectories with effort fields are only supported for controllers using "
            "the 'effort' command interface.",
        )
