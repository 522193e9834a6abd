# SPDX-License-Identifier: Apache-2.0
"""Run a walker on a twin in lock-step: no clock, no ROS, the same bits every time.

In: a twin, a walker, a course.  Out: a trace.  Rate: 500 Hz on 1 kHz physics.
"""

import math
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from renxing.evaluation.recorder import SAMPLE_PERIOD, Recorder, Trace
from renxing.evaluation.truth import Truth
from renxing.signals import BodyState, JointCommand
from renxing.sim import Twin
from renxing.sim.pushes import Push
from renxing.spatial import Array

PERIOD = 0.002  # [s] of the walker
COMMAND_PERIOD = 0.05  # [s] between two velocity commands, as an operator sends them
AFTER_FALL = 0.6  # [s] that the trial goes on, for the pictures


class Walker(Protocol):
    """Whatever makes joint commands of what the sensors of a twin say."""

    def reset(self) -> None:
        """Start from how the twin stands."""

    def command_velocity(self, forward: float, left: float, turn: float) -> None:
        """Want a velocity [m/s, m/s, rad/s]."""

    def step(self) -> tuple[JointCommand, BodyState]:
        """Return the command for one period, and the state that it rests on."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """What happens to the walker.

    Attributes:
        duration: [s].
        times: When each velocity begins to be wanted, rising [s], shape (k,).
        velocities: [m/s, m/s, rad/s], shape (k, 3); zero before the first.
        push: A force on the torso in its frame [N], shape (3,).
        push_at: When it begins [s].
        push_duration: [s].
        silent_from: When commands cease to come [s].
        goal: The run ends when the base is this far along x in odom [m].
    """

    duration: float
    times: Array
    velocities: Array
    push: Array = field(default_factory=lambda: np.zeros(3))
    push_at: float = math.inf
    push_duration: float = 0.1
    silent_from: float = math.inf
    goal: float = math.inf

    def velocity(self, time: float) -> Array:
        """Return the velocity that is wanted at some time, shape (3,)."""
        index = int(np.searchsorted(self.times, time + 1e-9)) - 1
        return np.zeros(3) if index < 0 else np.asarray(self.velocities[index])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """What came of it.

    Attributes:
        trace: Everything over time.
        fell_at: When the robot had fallen [s]; None if it did not.
        error: What the walker raised, which ends a run; empty if it did not.
    """

    trace: Trace
    fell_at: float | None
    error: str = ""


class FallDetector:
    """Tells whether the robot lies, by its true state."""

    TILT = math.radians(60.0)
    LOW = 0.55  # of the height of the base above the lower sole, standing [-]

    def __init__(self, twin: Twin, truth: Truth) -> None:
        """Take how the twin stands now for upright."""
        self._twin, self._truth = twin, truth
        self._height = self._height_now()

    def _height_now(self) -> float:
        base = self._twin.base_state().transform_base_to_odom.translation[2]
        return float(base - self._truth.soles()[:, 2].min())

    def fallen(self) -> bool:
        """Return whether it is tilted beyond 60 degrees or far too low."""
        up = self._twin.base_state().transform_base_to_odom.rotation[2, 2]
        return bool(
            up < math.cos(self.TILT) or self._height_now() < self.LOW * self._height
        )


def run(twin: Twin, walker: Walker, course: Course) -> Run:
    """Run a walker over a course.

    Args:
        twin: Just reset.
        walker: Of this twin; it is reset first.
        course: What happens.
    """
    truth = Truth(twin.robot, twin)
    recorder = Recorder(twin, truth)
    detector = FallDetector(twin, truth)
    walker.reset()
    steps = round(PERIOD / twin.time_step)
    sample_every = round(SAMPLE_PERIOD / PERIOD)
    command_every = round(COMMAND_PERIOD / PERIOD)
    fell_at: float | None = None
    error = ""
    pushed = False
    for tick in range(round(course.duration / PERIOD)):
        now = twin.time
        velocity = course.velocity(now)
        if now >= course.silent_from:
            velocity = np.zeros(3)
        elif tick % command_every == 0:
            walker.command_velocity(*velocity)
        if not pushed and now >= course.push_at:
            pushed = True
            twin.apply_wrenches([_push(twin, course)])
        try:
            command, state = walker.step()
        # In the core a bug stops the robot, not the core; here it fails the trial.
        except Exception as raised:
            if tick == 0:
                raise
            error = f"{type(raised).__name__} at {now:.2f} s: {raised}"
            break
        if tick % sample_every == 0:
            recorder.sample(state, velocity)
            if fell_at is None and detector.fallen():
                fell_at = now
        if fell_at is not None and now > fell_at + AFTER_FALL:
            break
        if fell_at is None and twin.data.qpos[0] > course.goal:
            break
        twin.step(command, steps)
        recorder.tick()
    return Run(trace=recorder.trace(), fell_at=fell_at, error=error)


def _push(twin: Twin, course: Course) -> Push:
    torso = twin.robot.description.torso
    return Push(
        body=torso,
        force=course.push,
        torque=np.zeros(3),
        point=np.array(twin.model.body(torso).ipos),
        duration=course.push_duration,
    )
