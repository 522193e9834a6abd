# SPDX-License-Identifier: Apache-2.0
"""ROS half of the trajectory controller."""

import array
import math
from typing import Any

from builtin_interfaces.msg import Duration
from control_msgs.action import FollowJointTrajectory
from control_msgs.msg import JointTrajectoryControllerState, SpeedScalingFactor
from control_msgs.srv import QueryTrajectoryState
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from renxing.control.trajectory_axes import ROWS
from renxing.control.trajectory_config import read_trajectory_config
from renxing.control.trajectory_tolerances import Tolerances
from renxing.control.trajectory_values import (
    CancelTrajectory,
    Code,
    QueryTrajectory,
    SpeedScaling,
    TrajectoryAnswer,
    TrajectoryGoal,
    TrajectoryResult,
    TrajectoryState,
)
from renxing.errors import ConfigError
from renxing.nodes import convert
from renxing.nodes.controllers.goals import GoalServer
from renxing.nodes.controllers.side import RosSide
from renxing.nodes.controllers.trajectory_message import (
    FIELDS,
    GoalError,
    points_of,
    tolerances_of,
)
from renxing.spatial import Array

LATCHED = QoSProfile(depth=10, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)


class JointTrajectorySide(RosSide):
    """Action: ~/follow_joint_trajectory (FollowJointTrajectory).

    Subscribes: ~/joint_trajectory (JointTrajectory), ~/speed_scaling_input
    (SpeedScalingFactor, latched; where positions alone are commanded).
    Publishes: ~/controller_state (JointTrajectoryControllerState).
    Service: ~/query_state (QueryTrajectoryState).
    """

    latest = (TrajectoryState,)

    def connect(self) -> None:
        """Create topics, action and service."""
        self._config = read_trajectory_config(self.parameters, self.robot)
        self._next_feedback = -math.inf
        self._scaling: SpeedScaling | None = None
        self.subscribe(JointTrajectory, "~/joint_trajectory", self.on_trajectory)
        if self._config.command_interfaces == ("position",):
            topic = "~/speed_scaling_input"
            self.subscribe(SpeedScalingFactor, topic, self.on_scaling, LATCHED, True)
        kind = JointTrajectoryControllerState
        self._state = self.publisher(kind, "~/controller_state")
        self.serve(QueryTrajectoryState, "~/query_state", self.query_state)
        self._goals = GoalServer(
            self,
            FollowJointTrajectory,
            "follow_joint_trajectory",
            check=self._check,
            begin=self._begin,
            cancel=lambda number: self.send(CancelTrajectory(number)),
        )

    # --- in -------------------------------------------------------------------------

    def on_trajectory(self, message: JointTrajectory) -> None:
        """Follow a trajectory from the topic."""
        try:
            self.send(self._goal(message, None, None))
        except GoalError as error:
            self.refuse(f"{error.code.name}: {error}")

    def on_scaling(self, message: SpeedScalingFactor) -> None:
        """Play slower or faster."""
        if message.factor >= 0.0:
            self._scaling = SpeedScaling(message.factor)
            if self.active:
                self.send(self._scaling)
        else:
            self.refuse(
                "Scaling factor has to be greater or equal to 0.0 - Ignoring input!"
            )

    def _goal(
        self,
        message: JointTrajectory,
        number: int | None,
        tolerances: Tolerances | None,
    ) -> TrajectoryGoal:
        points = points_of(message, self._config, self.now())
        start = convert.to_seconds(message.header.stamp)
        return TrajectoryGoal(
            points=points,
            begin=self.clock.to_loop(start) if start else None,
            number=number,
            tolerances=tolerances,
        )

    def _check(self, goal: Any) -> bool:
        try:
            points_of(goal.trajectory, self._config, self.now())
        except GoalError as error:
            # A rejected goal has no result: the reason is in the log, as upstream.
            self.log("error", f"{self.name}: {error.code.name}: {error}")
            return False
        return True

    def _begin(self, number: int, goal: Any) -> None:
        try:
            tolerances = tolerances_of(goal, self._config)
        except ConfigError as error:
            text = f"{self.name}: {error} Using default tolerances."
            self.log("error", text)
            tolerances = self._config.tolerances
        try:
            self.send(self._goal(goal.trajectory, number, tolerances))
        except GoalError as error:  # it has become too old in between
            self._goals.end(number, "aborted", _result(error.code, str(error)))

    async def query_state(self, request: Any, response: Any) -> Any:
        """Say what the trajectory wants at a time."""
        response.success, response.message = False, "Controller is not active."
        response.name = list(self._config.joints)
        if not self.active:
            return response
        time = self.clock.to_loop(convert.to_seconds(request.time))
        answer = await self.ask(lambda number: QueryTrajectory(number, time))
        if answer is None:
            response.message = "the control loop does not answer"
            return response
        response.success, response.message = answer.success, answer.message
        position, velocity, acceleration = (row.tolist() for row in answer.state)
        response.position, response.velocity = position, velocity
        response.acceleration = acceleration
        return response

    # --- out ------------------------------------------------------------------------

    def on_value(self, value: Any) -> None:
        """Take states, results and answers."""
        if isinstance(value, TrajectoryState):
            self._publish(value)
            self._feed_back(value)
        elif isinstance(value, TrajectoryResult):
            if value.text:
                self.log("info", f"{self.name}: {value.text}")
            result = _result(value.code, value.text)
            self._goals.end(value.number, value.outcome.value, result)
        elif isinstance(value, TrajectoryAnswer):
            self.answer(value.number, value)

    def _publish(self, state: TrajectoryState) -> None:
        if self._state.get_subscription_count() == 0:
            return
        commands = self._config.command_interfaces
        output = JointTrajectoryPoint()
        for column, name in enumerate(commands):
            if name in ROWS:
                values = _array(state.output[:, column].copy())
                setattr(output, FIELDS[ROWS[name]], values)
        self._state.publish(
            JointTrajectoryControllerState(
                header=Header(stamp=self.clock.to_ros(state.stamp)),
                joint_names=list(self._config.joints),
                reference=_point(state.reference, state.time),
                feedback=_point(state.feedback, state.elapsed, self._measured()),
                error=_point(state.error, 0.0, self._measured()),
                output=output,
                speed_scaling_factor=float(state.scaling),
            )
        )

    def _measured(self) -> int:
        return len(self._config.state_interfaces)

    def _feed_back(self, state: TrajectoryState) -> None:
        handle = self._goals.handles.get(state.number or 0)
        wait = self._next_feedback - state.stamp
        period = 1.0 / self._config.monitor_rate
        if handle is None or 1e-6 < wait <= period:
            return
        self._next_feedback = state.stamp + period
        handle.publish_feedback(
            FollowJointTrajectory.Feedback(
                header=Header(stamp=self.clock.to_ros(state.stamp)),
                joint_names=list(self._config.joints),
                desired=_point(state.reference, state.time),
                actual=_point(state.feedback, state.elapsed, self._measured()),
                error=_point(state.error, 0.0, self._measured()),
            )
        )

    def activate(self) -> None:
        """Let goals in, and say again how fast."""
        super().activate()
        if self._scaling is not None:
            self.send(self._scaling)

    def deactivate(self) -> None:
        """Abort goals that the loop did not end."""
        super().deactivate()
        text = "Current goal cancelled during deactivate transition."
        self._goals.end_all(_result(Code.INVALID_GOAL, text))


def _result(code: Code, text: str) -> Any:
    return FollowJointTrajectory.Result(error_code=int(code), error_string=text)


def _duration(seconds: float) -> Duration:
    nanoseconds = round(seconds * 1e9)
    return Duration(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def _array(values: Array) -> Any:
    return array.array("d", values.tobytes())


def _point(rows: Array, time: float, count: int = 3) -> JointTrajectoryPoint:
    """Return a point with the first `count` of position, velocity, acceleration."""
    point = JointTrajectoryPoint(time_from_start=_duration(time))
    for field, row in zip(FIELDS[:count], rows[:count], strict=True):
        setattr(point, field, _array(row))
    return point
