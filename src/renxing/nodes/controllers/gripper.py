# SPDX-License-Identifier: Apache-2.0
"""ROS half of the gripper controller."""

import math
from typing import Any

from control_msgs.action import ParallelGripperCommand
from sensor_msgs.msg import JointState
from std_msgs.msg import Header

from renxing.control.gripper_controller import (
    GripperCancel,
    GripperGoal,
    GripperResult,
    GripperState,
)
from renxing.nodes.controllers.goals import GoalServer
from renxing.nodes.controllers.side import RosSide


class GripperActionSide(RosSide):
    """Action: ~/gripper_cmd (ParallelGripperCommand)."""

    latest = (GripperState,)

    def connect(self) -> None:
        """Create the action."""
        self._joint = self.parameters.needed("joint")
        self._period = 1.0 / self.parameters.number("action_monitor_rate", 20.0, 0.1)
        self._next_feedback = -math.inf
        self._goals = GoalServer(
            self,
            ParallelGripperCommand,
            "gripper_cmd",
            check=self._check,
            begin=self._begin,
            cancel=lambda number: self.send(GripperCancel(number)),
        )

    def _check(self, goal: Any) -> bool:
        command = goal.command
        if len(command.position) != 1:
            self.log(
                "error",
                "Received action goal with wrong number of position values, expects 1, "
                f"got {len(command.position)}",
            )
            return False
        numbers = [*command.position, *command.velocity, *command.effort]
        if not all(math.isfinite(number) for number in numbers):
            self.log("error", f"goal with a value that is not finite: {numbers}")
            return False
        return True

    def _begin(self, number: int, goal: Any) -> None:
        command = goal.command
        self.send(
            GripperGoal(
                number=number,
                position=command.position[0],
                velocity=command.velocity[0] if command.velocity else None,
                effort=command.effort[0] if command.effort else None,
            )
        )

    def on_value(self, value: Any) -> None:
        """Take results and states."""
        if isinstance(value, GripperResult):
            result = ParallelGripperCommand.Result(
                stalled=value.stalled, reached_goal=value.reached
            )
            result.state = self._state(value.position, None, value.effort)
            self._goals.end(value.number, value.outcome, result)
        elif isinstance(value, GripperState) and self._goals.handles:
            if 0.0 < self._next_feedback - value.stamp <= self._period:
                return
            self._next_feedback = value.stamp + self._period
            state = self._state(value.position, value.velocity, value.effort)
            state.header = Header(stamp=self.clock.to_ros(value.stamp))
            feedback = ParallelGripperCommand.Feedback(state=state)
            for handle in self._goals.handles.values():
                handle.publish_feedback(feedback)

    def _state(self, position: float, velocity: float | None, effort: float) -> Any:
        return JointState(
            name=[self._joint],
            position=[position],
            velocity=[] if velocity is None else [velocity],
            effort=[effort],
        )

    def deactivate(self) -> None:
        """Abort the goal."""
        super().deactivate()
        self._goals.end_all(ParallelGripperCommand.Result())
