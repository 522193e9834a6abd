# SPDX-License-Identifier: Apache-2.0
"""A walker that only holds its posture, and runs and traces made with it."""

from collections.abc import Callable

import numpy as np
import pytest

from renxing.control.hold import Hold, HoldConfig
from renxing.evaluation.recorder import SAMPLE_PERIOD, Trace
from renxing.evaluation.rig import Course
from renxing.evaluation.truth import Truth
from renxing.robot import Robot
from renxing.signals import BodyState, JointCommand
from renxing.sim import Twin


class Holder:
    """Holds a posture whatever it is told, and notes what that was."""

    def __init__(self, robot: Robot, twin: Twin, fails_at: float = np.inf) -> None:
        self._twin, self._hold = twin, Hold(HoldConfig(), robot)
        self._truth = Truth(robot, twin)
        self._fails_at = fails_at
        self.commands: list[tuple[float, tuple[float, float, float]]] = []

    def reset(self) -> None:
        self.commands.clear()

    def command_velocity(self, forward: float, left: float, turn: float) -> None:
        self.commands.append((self._twin.time, (forward, left, turn)))

    def step(self) -> tuple[JointCommand, BodyState]:
        if self._twin.time >= self._fails_at:
            raise ValueError("nothing comes to mind")
        return self._hold.step(self._twin.time), self._truth.body_state()


@pytest.fixture
def holder() -> Callable[..., Holder]:
    return Holder


@pytest.fixture
def make_trace() -> Callable[..., Trace]:
    """Make a trace of a body that stands; columns can be given."""

    def make(seconds: float, **columns) -> Trace:
        time = np.arange(0.0, seconds, SAMPLE_PERIOD)
        m = len(time)
        zeros = {
            "com": (m, 3),
            "base": (m, 3),
            "rpy": (m, 3),
            "estimate": (m, 3),
            "estimate_yaw": (m,),
            "velocity": (m, 3),
            "estimate_velocity": (m, 3),
            "command": (m, 3),
            "soles": (m, 2, 3),
            "torque": (m, 4),
            "frames": (1, 7),
        }
        values = {name: np.zeros(shape) for name, shape in zeros.items()}
        values |= {"time": time, "load": np.full((m, 2), 0.5), **columns}
        return Trace(**values)

    return make


@pytest.fixture
def standing_course() -> Callable[..., Course]:
    def make(duration: float, **changes) -> Course:
        changes.setdefault("times", np.zeros(0))
        changes.setdefault("velocities", np.zeros((0, 3)))
        return Course(duration=duration, **changes)

    return make
