# SPDX-License-Identifier: Apache-2.0
"""Steps that walk a capture point without a body: its law is all the physics."""

import numpy as np
import pytest

from renxing.control.gait.capture_point import footholds
from renxing.control.gait.gait_config import GaitConfig, GaitScale
from renxing.control.gait.geometry import GRAVITY, GaitGeometry
from renxing.control.gait.stepping import FREEZE, REPLAN, Step
from renxing.spatial import Array

GEOMETRY = GaitGeometry(
    com_height=0.9,
    leg_length=0.85,
    hip_height=0.81,
    reach=0.84,
    width=0.2,
    half_length=0.11,
    half_width=0.05,
    mass=50.0,
)
SCALE = GaitScale(GaitConfig(), GEOMETRY)
OMEGA = float(np.sqrt(GRAVITY / GEOMETRY.com_height))
SOLE = np.array([GEOMETRY.half_length, GEOMETRY.half_width])
LIMITS = np.array([SCALE.step_time, SCALE.width, SCALE.least_width])
DT = 0.001


class Pendulum:
    """A capture point that steps carry; it starts between the feet, left one first."""

    def __init__(self, velocity: object) -> None:
        self.velocity = np.array(velocity)
        self.feet = np.array([[0.0, 1.0], [0.0, -1.0]]) * 0.5 * SCALE.width
        self.capture = np.zeros(2)
        self.com = np.zeros(2)
        duration = SCALE.step_time + SCALE.first_support - SCALE.double_support
        self.step = self.begin(0, np.zeros(2), duration, SCALE.first_support, True)
        self.touchdowns: list[Array] = []
        self.durations: list[float] = []

    def begin(
        self,
        swing: int,
        pressure: Array,
        duration: float,
        support: float,
        first: bool = False,
    ) -> Step:
        return Step(SCALE, SOLE, swing, pressure, duration, support, first)

    def walk(self, steps: int) -> None:
        while len(self.touchdowns) < steps:
            self.tick()

    def tick(self) -> None:
        step = self.step
        step.elapsed += DT
        foot = self.feet[step.stance]
        feet = footholds(foot, 0.0, step.side, self.velocity, LIMITS)
        step.plan(self.capture, feet, self.feet[step.swing], OMEGA)
        if step.swinging:
            way = step.foothold - self.feet[step.swing]
            self.feet[step.swing] += way * DT / max(step.left, DT)
        pressure = step.pressure(self.capture, foot, OMEGA, 4.0)
        if step.swinging:
            pressure = foot + np.clip(pressure - foot, -SOLE, SOLE)
        self.com = self.com + OMEGA * (self.capture - self.com) * DT
        self.capture = self.capture + OMEGA * (self.capture - pressure) * DT
        if step.elapsed >= step.duration:
            self.feet[step.swing] = step.foothold
            self.touchdowns.append(step.foothold.copy())
            self.durations.append(step.duration)
            self.step = self.begin(
                step.stance, foot.copy(), SCALE.step_time, SCALE.double_support
            )


@pytest.mark.parametrize(
    "velocity", [[0.0, 0.0, 0.0], [0.7, 0.0, 0.0], [-0.3, 0.1, 0.0]]
)
def test_walks_at_the_velocity(velocity: list[float]) -> None:
    walker = Pendulum(velocity)
    walker.walk(6)
    begun = walker.com.copy()
    walker.walk(12)
    seconds = sum(walker.durations[6:])
    assert seconds == pytest.approx(6 * SCALE.step_time, rel=0.05)
    np.testing.assert_allclose((walker.com - begun) / seconds, velocity[:2], atol=0.03)


@pytest.mark.parametrize("push", [[0.25, 0.0], [-0.25, 0.0], [0.0, 0.2], [0.0, -0.12]])
def test_catches_a_push_at_any_time_of_a_step(push: list[float]) -> None:
    """Metres per second, all at once; after a few steps it walks as before."""
    for wait in (0, 100, 250):
        walker = Pendulum([0.4, 0.0, 0.0])
        walker.walk(5)
        for _ in range(wait):
            walker.tick()
        walker.capture = walker.capture + np.array(push) / OMEGA
        walker.walk(14)
        ways = np.diff(walker.touchdowns, axis=0)[-4:]
        np.testing.assert_allclose(ways[:, 0], 0.4 * SCALE.step_time, atol=0.02)
        np.testing.assert_allclose(np.abs(ways[:, 1]), SCALE.width, atol=0.02)


def test_plans_now_and_then_and_is_final_before_touchdown() -> None:
    walker = Pendulum([0.4, 0.0, 0.0])
    walker.walk(2)
    step = walker.step
    feet = footholds(walker.feet[step.stance], 0.0, step.side, walker.velocity, LIMITS)
    swing = walker.feet[step.swing]
    assert step.plan(walker.capture, feet, swing, OMEGA)
    step.elapsed += 0.5 * REPLAN
    assert not step.plan(walker.capture, feet, swing, OMEGA)
    while step.left > FREEZE:
        walker.tick()
    final, duration = step.foothold.copy(), step.duration
    assert not step.plan(walker.capture + 0.1, feet, swing, OMEGA)
    walker.capture = walker.capture + 0.02
    while step is walker.step:
        walker.tick()
    np.testing.assert_array_equal(walker.touchdowns[-1], final)
    assert walker.durations[-1] == duration


def test_foot_that_will_lift_is_unloaded_gradually() -> None:
    step = Pendulum([0.0, 0.0, 0.0]).begin(0, np.zeros(2), 0.6, 0.1)
    limits = []
    for elapsed in np.linspace(0.0, 0.1, 21):
        step.elapsed = float(elapsed)
        limits.append(step.force_limit(500.0))
    assert limits[0] == np.inf
    assert (np.diff(limits[11:]) < 0.0).all() and limits[11] <= 500.0
    assert limits[-1] == 1.0
