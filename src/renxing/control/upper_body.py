# SPDX-License-Identifier: Apache-2.0
"""Arms, neck and hands while the legs walk: trajectories over the gait's posture.

In: `TrajectoryGoal`, the posture that the gait wants.  Out: the posture that the whole
body pulls towards, and what goals came to.  Rate: the controller's.
A joint follows its trajectory and stays at its end; `release` gives it back.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from renxing.control.trajectory import EFFORT, POSITION, VELOCITY, Points, Trajectory
from renxing.control.trajectory_values import (
    Code,
    Outcome,
    TrajectoryGoal,
    TrajectoryResult,
)
from renxing.errors import ConfigError
from renxing.robot import Robot
from renxing.spatial import Array

RELEASE = 1.0  # [s] in which joints go back to what the gait wants
TINY = 1e-6  # [rad], [rad/s] by which numbers may be rounded


def upper_joints(robot: Robot, joints: tuple[str, ...]) -> tuple[str, ...]:
    """Return which of some joints carry neither the body nor the torso.

    Args:
        robot: Whose joints they are.
        joints: To choose from.
    """
    model = robot.model
    carrying: set[str] = set()
    description = robot.description
    for name in (description.torso, *(foot.sole for foot in description.feet)):
        parent = model.frames[model.getFrameId(name)].parentJoint
        carrying.update(model.names[index] for index in list(model.supports[parent]))
    return tuple(name for name in joints if name not in carrying)


class UpperBody:
    """Carries out one goal at a time."""

    def __init__(
        self, robot: Robot, joints: tuple[str, ...], tell: Callable[[Any], None]
    ) -> None:
        """Leave everything to the gait.

        Args:
            robot: Whose joints they are.
            joints: That goals may move, see `upper_joints`.
            tell: Takes results.
        """
        self.joints = joints
        self._at = robot.indices(joints)
        self._low, self._high = robot.lower[self._at], robot.upper[self._at]
        self._speed = robot.speed[self._at]
        self._tell = tell
        self._sample = np.zeros((4, len(joints)))
        self.reset(robot.posture("stand"))

    def reset(self, measured: Array) -> None:
        """Forget goals, and leave everything to the gait.

        Args:
            measured: Where all joints are [rad], shape (n,).
        """
        self._trajectory: Trajectory | None = None
        self._goal: TrajectoryGoal | None = None
        self._mine: npt.NDArray[np.bool_] = np.zeros(len(self.joints), bool)
        self._meant = self._mine.copy()
        self._state = np.zeros((4, len(self.joints)))
        self._wanted: Array = measured[self._at]
        self._released: float | None = None

    def begin(self, goal: TrajectoryGoal, time: float) -> str:
        """Begin a goal, in place of the one that runs.

        Args:
            goal: In the order of `joints`.
            time: Now [s].

        Returns:
            Why not; nothing if it has begun.
        """
        try:
            trajectory = self._made(goal, time)
        except ConfigError as error:
            return self.refuse(goal, str(error))
        self.give_up("another trajectory came")
        self._goal, self._trajectory = goal, trajectory
        given = goal.points.joints
        self._meant = np.ones(len(self.joints), bool) if given is None else given
        self._mine |= self._meant
        self._released = None
        return ""

    def refuse(self, goal: TrajectoryGoal, why: str) -> str:
        """Do not begin a goal; returns why."""
        self._report(goal, Outcome.ABORTED, Code.INVALID_GOAL, why)
        return why

    def cancel(self, number: int) -> None:
        """Stay where the joints are, if it is this goal that runs."""
        if self._goal is not None and self._goal.number == number:
            self._end(Outcome.CANCELED, Code.SUCCESSFUL, "canceled")

    def give_up(self, why: str) -> None:
        """End the goal that runs; its joints stay where they are."""
        if self._goal is not None:
            self._end(Outcome.ABORTED, Code.INVALID_GOAL, why)

    def release(self, time: float) -> None:
        """Give all joints back to the gait, within a second."""
        self.give_up("the joints were released")
        if self._mine.any() and self._released is None:
            self._released = time

    def apply(self, time: float, posture: Array, measured: Array) -> Array:
        """Return the posture with what goals want in it.

        Args:
            time: Now [s].
            posture: That the gait wants, all joints [rad], shape (n,).
            measured: Positions of all joints [rad], shape (n,).
        """
        own = posture[self._at]
        if not self._mine.any():
            self._state[POSITION] = self._wanted = own
            return posture
        if self._trajectory is not None:
            self._follow(self._trajectory, time, measured)
        wanted = np.where(self._mine, self._state[POSITION], own)
        if self._released is not None:
            part = (time - self._released) / RELEASE
            if part >= 1.0:
                self._mine[:] = False
                self._released = None
                wanted = own
            else:
                # Of least jerk [Flash1985], from where they were to where the gait is.
                blend = part**3 * (10.0 - 15.0 * part + 6.0 * part**2)
                wanted = wanted + blend * (own - wanted)
        self._wanted = wanted
        self._state[POSITION, ~self._mine] = own[~self._mine]
        mixed = posture.copy()
        mixed[self._at] = wanted
        return mixed

    # --- a goal ---------------------------------------------------------------------

    def _made(self, goal: TrajectoryGoal, time: float) -> Trajectory:
        """Return the trajectory from where the joints are now.

        Raises:
            ConfigError: If joints cannot follow it.
        """
        got, wanted = goal.points.values.shape[-1], len(self.joints)
        if got != wanted:
            raise ConfigError(f"trajectory: {got} joints; {wanted} wanted")
        start = np.zeros_like(self._state)
        start[POSITION] = self._wanted
        if self._trajectory is not None:
            start[VELOCITY] = self._state[VELOCITY]
        points = _from_rest(goal.points, start[POSITION])
        self._check(points, start[POSITION])
        trajectory = Trajectory(points, goal.begin)
        trajectory.start(time, start)
        return trajectory

    def _check(self, points: Points, start: Array) -> None:
        """Refuse at once what can be seen from the points."""
        times, places = points.times, points.values[POSITION]
        if times[0] <= 0.0:
            what = "its first point is not ahead in time"
            raise ConfigError(f"trajectory: {what}: the joints would jump")
        ways = np.diff(places, axis=0, prepend=start[None])
        speeds = np.abs(ways) / np.diff(times, prepend=0.0)[:, None]
        for values, low, high, unit in (
            (places, self._low, self._high, "rad"),
            (speeds, 0.0 * self._speed, self._speed, "rad/s"),
        ):
            wrong = np.argwhere(~((values >= low - TINY) & (values <= high + TINY)))
            for point, joint in wrong[:1]:
                raise ConfigError(
                    f"{self.joints[joint]}: {values[point, joint]:.3f} {unit} at "
                    f"{times[point]:.2f} s; allowed {low[joint]:.3f} to "
                    f"{high[joint]:.3f}"
                )

    def _breaks(self, sample: Array) -> str:
        """Say which limit a sample breaks, if one: splines may swing out."""
        place, speed = sample[POSITION], np.abs(sample[VELOCITY])
        bad = (place < self._low - TINY) | (place > self._high + TINY)
        bad |= speed > self._speed + TINY
        if not bad.any():
            return ""
        joint = int(bad.argmax())
        return (
            f"{self.joints[joint]}: {place[joint]:.3f} rad at {speed[joint]:.3f} rad/s;"
            f" allowed {self._low[joint]:.3f} to {self._high[joint]:.3f} at "
            f"{self._speed[joint]:.3f}"
        )

    def _follow(self, trajectory: Trajectory, time: float, measured: Array) -> None:
        index = trajectory.sample(time, self._sample)
        wrong = self._breaks(self._sample)
        if wrong:
            self._end(Outcome.ABORTED, Code.PATH_TOLERANCE_VIOLATED, wrong)
            return
        self._state[:EFFORT] = self._sample[:EFFORT]
        goal = self._goal
        if goal is None or (bounds := goal.tolerances) is None:
            return
        error = np.abs(measured[self._at] - self._state[POSITION])
        error[~self._meant] = 0.0
        ended = index == trajectory.last
        allowed = (bounds.goal if ended else bounds.path)[POSITION]
        if (error <= allowed).all():
            if ended:
                what = "Goal successfully reached!"
                self._end(Outcome.SUCCEEDED, Code.SUCCESSFUL, what)
            return
        worst = int((error - allowed).argmax())
        what = f"{self.joints[worst]} is {error[worst]:.3f} rad from where it should be"
        what += f", allowed {allowed[worst]:g}"
        if not ended:
            self._end(Outcome.ABORTED, Code.PATH_TOLERANCE_VIOLATED, what)
        elif 0.0 < bounds.goal_time < time - trajectory.reached(index):
            self._end(Outcome.ABORTED, Code.GOAL_TOLERANCE_VIOLATED, what)

    def _end(self, outcome: Outcome, code: Code, text: str) -> None:
        goal = self._goal
        self._goal = self._trajectory = None
        self._state[VELOCITY:] = 0.0
        if goal is not None:
            self._report(goal, outcome, code, text)

    def _report(
        self, goal: TrajectoryGoal, outcome: Outcome, code: Code, text: str
    ) -> None:
        if goal.number is not None:
            result = TrajectoryResult(
                number=goal.number, outcome=outcome, code=code, text=text
            )
            self._tell(result)


def _from_rest(points: Points, positions: Array) -> Points:
    """Return points of all joints, at rest where only positions are given.

    Straight lines between points would ask for jumps of the speed.
    """
    filled = points.filled(positions)
    values = filled.values.copy()
    without = ~np.isfinite(values[VELOCITY]).all(axis=1)
    values[VELOCITY, without] = 0.0
    bare = ~np.isfinite(values[VELOCITY + 1]).all(axis=1)
    if bare.all():
        values[VELOCITY + 1] = 0.0
    return Points(times=filled.times, values=values)
