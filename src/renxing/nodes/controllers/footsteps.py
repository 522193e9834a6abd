# SPDX-License-Identifier: Apache-2.0
"""Footsteps as messages: a topic and an action."""

from typing import Any

import numpy as np

from renxing.control.footstep_goals import (
    CancelFootsteps,
    FootstepGoal,
    FootstepProgress,
    FootstepResult,
)
from renxing.control.gait.footsteps import Footstep
from renxing.errors import UnsafeCommandError
from renxing.nodes.controllers.goals import GoalServer
from renxing.nodes.controllers.side import RosSide
from renxing.spatial import rotation_from_quat_xyzw
from renxing_msgs.action import ExecuteFootsteps
from renxing_msgs.msg import Footsteps

FRAME = "odom"
FEET = (0, 1)


class FootstepServer:
    """Subscribes: footsteps (Footsteps). Action: ~/execute_footsteps."""

    def __init__(self, side: RosSide) -> None:
        """Create topic and action of the locomotion controller's ROS side."""
        self._side = side
        topic = side.parameters.text("footsteps_topic", "footsteps")
        side.subscribe(Footsteps, topic, self.on_footsteps)
        self._goals = GoalServer(
            side,
            ExecuteFootsteps,
            "execute_footsteps",
            check=self._check,
            begin=self._begin,
            cancel=lambda number: side.send(CancelFootsteps(number)),
        )

    def on_footsteps(self, message: Footsteps) -> None:
        """Walk over the footsteps of the topic."""
        try:
            steps = read_footsteps(message)
        except UnsafeCommandError as error:
            self._side.refuse(str(error))
            return
        self._side.send(FootstepGoal(steps=steps))

    def _check(self, goal: Any) -> bool:
        try:
            read_footsteps(goal.plan)
            if not goal.tolerance >= 0.0:
                raise UnsafeCommandError(
                    f"tolerance {goal.tolerance:g} m: at least 0 wanted"
                )
        except UnsafeCommandError as error:
            self._side.log("error", f"{self._side.name}: {error}")
            return False
        return True

    def _begin(self, number: int, goal: Any) -> None:
        tolerance = goal.tolerance or float("inf")
        steps = read_footsteps(goal.plan)
        self._side.send(FootstepGoal(steps=steps, number=number, tolerance=tolerance))

    def take(self, value: Any) -> None:
        """Pass on what the loop tells of its goals."""
        if isinstance(value, FootstepProgress):
            handle = self._goals.handles.get(value.number)
            if handle is not None:
                handle.publish_feedback(
                    ExecuteFootsteps.Feedback(made=value.made, error=value.error)
                )
        elif isinstance(value, FootstepResult):
            result = ExecuteFootsteps.Result(
                message=value.text, made=len(value.errors), errors=list(value.errors)
            )
            self._goals.end(value.number, value.outcome, result)

    def end_all(self, why: str) -> None:
        """Abort whatever runs."""
        self._goals.end_all(ExecuteFootsteps.Result(message=why))


def read_footsteps(message: Footsteps) -> tuple[Footstep, ...]:
    """Return the footsteps of a message.

    Raises:
        UnsafeCommandError: If there are none, or one cannot be meant.
    """
    if message.header.frame_id.lstrip("/") not in ("", FRAME):
        raise UnsafeCommandError(
            f"footsteps in frame '{message.header.frame_id}'; {FRAME} wanted"
        )
    if not message.steps:
        raise UnsafeCommandError("footsteps: none; at least one wanted")
    return tuple(_read(number, one) for number, one in enumerate(message.steps))


def _read(number: int, step: Any) -> Footstep:
    name = f"footstep {number}"
    if step.foot not in FEET:
        raise UnsafeCommandError(f"{name}: foot {step.foot}; 0 left or 1 right wanted")
    p, q = step.pose.position, step.pose.orientation
    quaternion = np.array([q.x, q.y, q.z, q.w])
    if not np.isfinite([p.x, p.y, p.z, *quaternion]).all():
        raise UnsafeCommandError(f"{name}: its pose is not finite")
    if abs(np.linalg.norm(quaternion) - 1.0) > 1e-3:
        raise UnsafeCommandError(f"{name}: its orientation is no unit quaternion")
    rotation = rotation_from_quat_xyzw(quaternion)
    return Footstep(
        foot=step.foot,
        place=np.array([p.x, p.y]),
        yaw=float(np.arctan2(rotation[1, 0], rotation[0, 0])),
        height=p.z,
        normal=rotation[:, 2],
    )
