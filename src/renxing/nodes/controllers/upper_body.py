# SPDX-License-Identifier: Apache-2.0
"""Arms, neck and hands beside the gait, as the standard trajectory action."""

from typing import Any

from control_msgs.action import FollowJointTrajectory
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from renxing.control.controller_parameters import Parameters
from renxing.control.impedance_controller import impedance_joints
from renxing.control.locomotion_controller import ReleaseUpperBody
from renxing.control.trajectory_config import read_trajectory_config
from renxing.control.trajectory_tolerances import Tolerances
from renxing.control.trajectory_values import (
    CancelTrajectory,
    TrajectoryGoal,
    TrajectoryResult,
)
from renxing.control.upper_body import upper_joints
from renxing.errors import ConfigError
from renxing.nodes import convert
from renxing.nodes.controllers.goals import GoalServer
from renxing.nodes.controllers.side import RosSide
from renxing.nodes.controllers.trajectory_message import (
    GoalError,
    points_of,
    tolerances_of,
)

GOAL_TOLERANCE = 0.15  # [rad] default
GOAL_TIME = 1.5  # [s] default


class UpperBodyServer:
    """Action ~/follow_joint_trajectory, topic ~/joint_trajectory, service ~/release."""

    def __init__(self, side: RosSide) -> None:
        """Create them on the locomotion controller's ROS side."""
        self._side = side
        self._goals: GoalServer | None = None
        joints = upper_joints(side.robot, impedance_joints(side.parameters, side.robot))
        if not joints:
            return
        given = {
            "joints": list(joints),
            "allow_partial_joints_goal": True,
            "command_interfaces": ["position"],
            "state_interfaces": ["position", "velocity"],
            "constraints": {
                **{joint: {"goal": GOAL_TOLERANCE} for joint in joints},
                "goal_time": GOAL_TIME,
            },
        }
        parameters = Parameters(f"{side.name}.upper_body", given)
        self._config = read_trajectory_config(parameters, side.robot)
        side.subscribe(JointTrajectory, "~/joint_trajectory", self.on_trajectory)
        side.serve(Trigger, "~/release", self.release)
        self._goals = GoalServer(
            side,
            FollowJointTrajectory,
            "follow_joint_trajectory",
            check=self._check,
            begin=self._begin,
            cancel=lambda number: side.send(CancelTrajectory(number)),
        )

    def on_trajectory(self, message: JointTrajectory) -> None:
        """Follow a trajectory of the topic."""
        try:
            self._side.send(self._goal(message, None, self._config.tolerances))
        except GoalError as error:
            self._side.refuse(f"{error.code.name}: {error}")

    def release(self, _request: Any, response: Any) -> Any:
        """Give all joints back to the gait."""
        response.success, response.message = self._side.active, "not active"
        if self._side.active:
            self._side.send(ReleaseUpperBody())
            response.message = "arms and neck go back to the gait"
        return response

    def _goal(
        self, message: JointTrajectory, number: int | None, tolerances: Tolerances
    ) -> TrajectoryGoal:
        points = points_of(message, self._config, self._side.now())
        start = convert.to_seconds(message.header.stamp)
        begin = self._side.clock.to_loop(start) if start else None
        return TrajectoryGoal(
            points=points, begin=begin, number=number, tolerances=tolerances
        )

    def _check(self, goal: Any) -> bool:
        try:
            points_of(goal.trajectory, self._config, self._side.now())
            tolerances_of(goal, self._config)
        except (GoalError, ConfigError) as error:
            # A rejected goal has no result: the reason is in the log, as upstream.
            self._side.log("error", f"{self._side.name}: {error}")
            return False
        return True

    def _begin(self, number: int, goal: Any) -> None:
        tolerances = tolerances_of(goal, self._config)
        try:
            self._side.send(self._goal(goal.trajectory, number, tolerances))
        except GoalError as error:  # it has become too old in between
            self._end(number, "aborted", _result(error.code, str(error)))

    def take(self, value: Any) -> None:
        """Pass on what goals came to."""
        if isinstance(value, TrajectoryResult):
            result = _result(value.code, value.text)
            self._end(value.number, value.outcome.value, result)

    def end_all(self, why: str) -> None:
        """Abort whatever runs."""
        if self._goals is not None:
            self._goals.end_all(FollowJointTrajectory.Result(error_string=why))

    def _end(self, number: int, outcome: str, result: Any) -> None:
        if self._goals is not None:
            self._goals.end(number, outcome, result)


def _result(code: int, text: str) -> Any:
    return FollowJointTrajectory.Result(error_code=int(code), error_string=text)
