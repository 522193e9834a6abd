# SPDX-License-Identifier: Apache-2.0
"""Steps over a known flight of stairs; the law of the capture point is all physics."""

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from renxing.control.gait.feet import Feet
from renxing.control.gait.gait_config import GaitConfig, GaitScale
from renxing.control.gait.geometry import GRAVITY, GaitGeometry
from renxing.control.gait.ground import Ground
from renxing.control.gait.stepping import Step
from renxing.control.gait.stride import Stride
from renxing.control.whole_body import Kinematics
from renxing.signals import ElevationMap
from renxing.spatial import SE3, Array

GEOMETRY = GaitGeometry(
    com_height=0.67,
    leg_length=0.73,
    hip_height=0.66,
    reach=0.69,
    width=0.2,
    half_length=0.085,
    half_width=0.03,
    mass=33.0,
)
SCALE = GaitScale(GaitConfig(), GEOMETRY)
OMEGA = float(np.sqrt(GRAVITY / GEOMETRY.com_height))
SOLE = np.array([GEOMETRY.half_length, GEOMETRY.half_width])
TREAD, RISE = 0.3, 0.05  # [m]
DT = 0.002  # [s]


def flight() -> Ground:
    """Treads of 0.3 m, edges at multiples of that, ahead of 0.6 m of level ground."""
    ground = Ground(SOLE)
    x = np.arange(-1.0, 6.0, 0.01)
    heights = RISE * np.maximum(0.0, np.floor(x / TREAD + 1e-6) - 1.0)
    ground.map = ElevationMap(
        stamp=0.0,
        origin=np.array([-1.0, -1.0]),
        resolution=0.01,
        height=np.repeat(heights[:, None], 201, axis=1),
    )
    return ground


class Climb:
    """A capture point on feet that stand where strides put them."""

    def __init__(self, speed: float) -> None:
        self.velocity = np.array([speed, 0.0, 0.0])
        self.ground = flight()
        self.places = np.array([[0.0, 1.0], [0.0, -1.0]]) * 0.5 * SCALE.width
        self.feet = Feet(SOLE, SCALE.landing_time)
        self.see()
        self.capture = np.zeros(2)
        self.begin(0, np.zeros(2), 0.0, first=True)
        self.apart: list[float] = []
        self.touchdowns: list[Array] = []

    def see(self) -> None:
        soles = tuple(SE3(np.eye(3), np.array([*p, 0.0])) for p in self.places)
        self.feet.see(cast(Kinematics, SimpleNamespace(soles=soles)), 0.0)

    def begin(
        self, swing: int, pressure: Array, behind: float, first: bool = False
    ) -> None:
        support = SCALE.first_support if first else SCALE.double_support
        duration = SCALE.step_time + support - SCALE.double_support
        step = Step(SCALE, SOLE, swing, pressure, duration, support, first)
        self.stride = Stride(step, self.feet, SCALE, SOLE, behind)

    def step(self) -> None:
        """Make one step."""
        stride, step = self.stride, self.stride.step
        foot = self.places[step.stance].copy()
        while step.elapsed < step.duration:
            step.elapsed += DT
            stride.plan(self.capture, OMEGA, self.velocity, None, self.ground)
            pressure = step.pressure(self.capture, foot, OMEGA, 4.0)
            if step.swinging:
                pressure = foot + np.clip(pressure - foot, -SOLE, SOLE)
                way = step.foothold - self.places[step.swing]
                self.places[step.swing] += way * DT / max(step.left, DT)
                self.see()
            self.capture = self.capture + OMEGA * (self.capture - pressure) * DT
        self.places[step.swing] = step.foothold
        self.see()
        self.touchdowns.append(step.foothold.copy())
        self.apart.append(float(np.linalg.norm(self.capture - step.foothold)))
        self.begin(step.stance, foot, stride.behind)


@pytest.mark.parametrize("speed", [0.12, 0.2, 0.35])
def test_short_steps_climb_stairs_at_the_speed(speed: float) -> None:
    """A step shorter than a tread must neither wait at an edge nor run over it."""
    climb = Climb(speed)
    for _ in range(30):
        climb.step()
    ways = np.array([place[0] for place in climb.touchdowns])
    # Whole soles on the treads; the ground before the first edge is level.
    beyond = ways[ways > 2.0 * TREAD]
    toes, heels = beyond + SOLE[0], beyond - SOLE[0]
    np.testing.assert_array_equal(np.floor(toes / TREAD), np.floor(heels / TREAD))
    assert len(beyond) > 10 and np.diff(ways).max() < 1.5 * TREAD
    assert ways[-1] == pytest.approx(30 * SCALE.step_time * speed, abs=0.15)
    # The capture point stays within reach: the plan does not run away.
    assert max(climb.apart) < 0.1


def test_level_ground_leaves_nothing_to_make_up_for() -> None:
    climb = Climb(0.3)
    climb.ground.map = None
    for _ in range(6):
        climb.step()
    assert climb.stride.behind == 0.0
    lengths = np.diff([place[0] for place in climb.touchdowns])[2:]
    np.testing.assert_allclose(lengths, 0.3 * SCALE.step_time, atol=0.002)


def ceiling(rise: float, ahead: float) -> float:
    """Return that of a step from height 0 to a foothold `ahead` and `rise` up."""
    climb = Climb(0.0)
    edge = 0.5 * ahead
    climb.ground.map = ElevationMap(
        stamp=0.0,
        origin=np.array([-1.0, -1.0]),
        resolution=0.01,
        height=np.where(np.arange(-1.0, 2.0, 0.01) > edge, rise, 0.0)[:, None]
        * np.ones(201),
    )
    climb.stride.plan(
        np.zeros(2),
        OMEGA,
        np.array([ahead / SCALE.step_time, 0, 0]),
        None,
        climb.ground,
    )
    return climb.stride.ceiling


def test_both_legs_reach_the_ground_at_a_touchdown() -> None:
    level = SCALE.reach + SCALE.over_hips
    assert ceiling(0.0, 0.0) == pytest.approx(level)
    # The triangle of both legs, hips in the middle between the feet.
    apart = np.sqrt(SCALE.reach**2 - 0.15**2) + SCALE.over_hips
    assert ceiling(0.0, 0.3) == pytest.approx(apart)
    assert ceiling(-RISE, 0.3) == pytest.approx(apart - RISE)
    # Upwards it is the foot that stays behind that limits.
    assert ceiling(RISE, 0.3) == pytest.approx(apart)
