# SPDX-License-Identifier: Apache-2.0
"""Follow joint trajectories: the real-time half of joint_trajectory_controller.

In: `TrajectoryGoal` and what else `trajectory_values` knows, joint states.
Out: joint commands for the next cycle, results, `TrajectoryState`.
Method: that of ros2_controllers' JointTrajectoryController, cycle by cycle;
`docs/controllers.md` lists what differs.
"""

from typing import Any

import numpy as np

from renxing.control.base_controller import BaseController, by_joint, individual
from renxing.control.controller_parameters import Parameters
from renxing.control.trajectory import (
    EFFORT,
    POSITION,
    VELOCITY,
    Points,
    Trajectory,
    braking,
    single,
)
from renxing.control.trajectory_axes import TrajectoryAxes
from renxing.control.trajectory_config import read_trajectory_config
from renxing.control.trajectory_tolerances import describe, outside
from renxing.control.trajectory_values import (
    CancelTrajectory,
    Code,
    Outcome,
    QueryTrajectory,
    SpeedScaling,
    TrajectoryAnswer,
    TrajectoryGoal,
    TrajectoryResult,
    TrajectoryState,
)
from renxing.controller_interface import InterfaceConfiguration
from renxing.errors import ConfigError
from renxing.hardware_interface import Result, Return
from renxing.spatial import Array


class JointTrajectoryController(BaseController):
    """Moves its joints along trajectories, and holds them in between."""

    publish_rate = 50.0
    _holding: bool  # at rest, or on the way to it: no tolerances

    def configure(self, parameters: Parameters) -> None:
        """Read the parameters.

        Raises:
            ConfigError: If one cannot be used.
        """
        self.config = read_trajectory_config(parameters, self.info.robot)
        if self.news.period < float("inf"):
            # Feedback of the action is made of the same news.
            self.news.period = min(self.news.period, 1.0 / self.config.monitor_rate)
        self._axes = TrajectoryAxes(self.config)
        self._desired = np.zeros((4, len(self.config.joints)))
        self._next = np.zeros((4, len(self.config.joints)))

    def command_interfaces(self) -> InterfaceConfiguration:
        """Return `joint/interface`, joint by joint, and that of the speed scaling."""
        c = self.config
        names = by_joint(c.command_joints, c.command_interfaces)
        return individual(names + ([c.scaling_command] if c.scaling_command else []))

    def state_interfaces(self) -> InterfaceConfiguration:
        """Return `joint/interface`, joint by joint, and that of the speed scaling."""
        c = self.config
        names = by_joint(c.joints, c.state_interfaces)
        return individual(names + ([c.scaling_state] if c.scaling_state else []))

    def on_activate(self) -> Result:
        """Hold what was commanded last, or else where the joints are."""
        self.start()
        if not self._axes.activate(self.states, self.commands):
            self.notice("error", "state", 0.0, "no joint positions to start from")
            return Result.FAILURE
        self._number: int | None = None
        self._tolerances = self.config.tolerances
        self._clock = 0.0
        self._last_time: float | None = None
        # What held the joints up goes on doing so.
        self._play(single(self._axes.here(), self._axes.measured[EFFORT]))
        return Result.SUCCESS

    def on_deactivate(self) -> Result:
        """Stop: zero speed and force; positions stay as they are."""
        text = "Current goal cancelled during deactivate transition."
        self._finish(Outcome.ABORTED, Code.INVALID_GOAL, text)
        self._axes.halt(self.commands)
        return Result.SUCCESS

    # --- the cycle ------------------------------------------------------------------

    def update(self, time: float, period: float) -> Return:
        """Take what has come, sample, check the tolerances, command the next cycle."""
        for value in self.take():
            self._obey(value, time)
        axes = self._axes
        axes.read(self.states)
        trajectory = self._trajectory
        first = not trajectory.started
        if first:
            self._start(time)
        else:
            self._clock += period * axes.scaling
        trajectory.sample(self._clock, self._desired)
        index = trajectory.sample(self._clock + self.period, self._next)
        error = axes.compare(self._desired)
        ended = index == trajectory.last
        late = self._clock - trajectory.reached(index)  # since the last point
        bounds = self._tolerances
        off_path = off_goal = too_late = False
        if not self._holding:
            if first or not ended:
                off_path = bool(outside(error, bounds.path).any())
            if ended:
                off_goal = bool(outside(error, bounds.goal).any())
                too_late = off_goal and 0.0 < bounds.goal_time < late
        if not off_path and not too_late:
            axes.command(self._next, period, self.commands)
            self._last_time = time
        if off_path:
            text = "Aborted due to path tolerance violation"
            self._abort(time, Code.PATH_TOLERANCE_VIOLATED, text, bounds.path)
        elif too_late:
            text = f"Aborted due to goal_time_tolerance exceeding by {late:f} seconds"
            self._abort(time, Code.GOAL_TOLERANCE_VIOLATED, text, bounds.goal)
        elif ended and not off_goal and self._number is not None:
            text = "Goal successfully reached!"
            self._finish(Outcome.SUCCEEDED, Code.SUCCESSFUL, text)
            self._holding = True  # the last point is commanded on and on
        elif ended and not self._holding and 0.0 < self.config.timeout < late:
            text = "Aborted due to command timeout"
            self._abort(time, Code.GOAL_TOLERANCE_VIOLATED, text)
        if self.news.due(time):
            self._publish(time, trajectory)
        return Return.OK

    def _start(self, time: float) -> None:
        axes, wraps = self._axes, self.config.wraps
        if self.config.from_desired:
            self._trajectory.start(
                time, axes.last, self._last_time, has_acceleration=True, wraps=wraps
            )
        else:
            self._trajectory.start(
                time,
                axes.measured,
                has_velocity=axes.has_velocity,
                has_acceleration=axes.has_acceleration,
                wraps=wraps,
            )
        self._clock = time

    # --- what begins and ends trajectories ------------------------------------------

    def _obey(self, value: Any, time: float) -> None:
        if isinstance(value, TrajectoryGoal):
            self._follow(value, time)
        elif isinstance(value, CancelTrajectory):
            if value.number == self._number:
                self._finish(Outcome.CANCELED)
                self._stop()
        elif isinstance(value, SpeedScaling):
            # As in ros2_controllers: scaled time would falsify velocities and forces.
            only_position = self.config.command_interfaces == ("position",)
            if only_position and value.factor >= 0.0:
                self._axes.scaling = value.factor
        elif isinstance(value, QueryTrajectory):
            self._answer(value)

    def _follow(self, goal: TrajectoryGoal, time: float) -> None:
        try:
            trajectory = self._made(goal)
        except ConfigError as error:
            self.notice("error", "refused", time, str(error))
            if goal.number is not None:
                result = TrajectoryResult(
                    number=goal.number,
                    outcome=Outcome.ABORTED,
                    code=Code.INVALID_GOAL,
                    text=str(error),
                )
                self.tell(result)
            return
        by = "action" if goal.number is not None else "trajectory message"
        text = f"Current goal preempted by new incoming {by}."
        self._finish(Outcome.ABORTED, Code.INVALID_GOAL, text)
        self._trajectory, self._holding = trajectory, False
        self._number = goal.number
        self._tolerances = goal.tolerances or self.config.tolerances

    def _made(self, goal: TrajectoryGoal) -> Trajectory:
        wanted, got = len(self.config.joints), goal.points.values.shape[-1]
        if got != wanted:
            raise ConfigError(f"trajectory: {got} joints; {wanted} wanted")
        filled = goal.points.filled(self._axes.commanded())
        return Trajectory(filled, goal.begin, self.config.interpolate)

    def _abort(
        self, time: float, code: Code, text: str, bounds: Array | None = None
    ) -> None:
        what = ""
        if bounds is not None:
            what = f": {describe(self._axes.error, bounds, self.config.joints)}"
        self.notice("warning", code.name, time, f"{text}{what}")
        self._finish(Outcome.ABORTED, code, text)
        self._stop()

    def _finish(
        self, outcome: Outcome, code: Code = Code.SUCCESSFUL, text: str = ""
    ) -> None:
        """End the action goal that runs, if one does."""
        if self._number is not None:
            self.tell(
                TrajectoryResult(
                    number=self._number, outcome=outcome, code=code, text=text
                )
            )
            self._number = None

    def _stop(self) -> None:
        """Brake if it may, and hold."""
        decelerations = self.config.decelerations
        here, velocity = self._axes.here(), self._axes.measured[VELOCITY]
        if decelerations is None or not np.isfinite(velocity).all():
            self._play(single(here))
        else:
            self._play(braking(here, velocity, decelerations))

    def _play(self, points: Points) -> None:
        self._trajectory = Trajectory(points, None, self.config.interpolate)
        self._holding = True

    # --- news ------------------------------------------------------------------------

    def _answer(self, question: QueryTrajectory) -> None:
        state = np.zeros_like(self._desired)
        state[POSITION] = self._axes.here()
        message = ""
        try:
            if not self._trajectory.started:
                raise ConfigError("the trajectory has not started yet")
            index = self._trajectory.sample(question.time, state)
            if index == self._trajectory.last:
                message = "the requested time is after the trajectory's end"
        except ConfigError as error:
            message = str(error)
        self.tell(
            TrajectoryAnswer(
                number=question.number,
                success=not message,
                message=message,
                state=state[:EFFORT],
            )
        )

    def _publish(self, time: float, trajectory: Trajectory) -> None:
        begin, axes = trajectory.begin or 0.0, self._axes
        self.tell(
            TrajectoryState(
                stamp=time,
                number=self._number,
                time=self._clock - begin,
                elapsed=time - begin,
                reference=self._desired[:EFFORT].copy(),
                feedback=axes.measured[:EFFORT].copy(),
                error=axes.error.copy(),
                output=axes.output.copy(),
                scaling=axes.scaling,
            )
        )
