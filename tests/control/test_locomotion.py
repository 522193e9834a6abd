# SPDX-License-Identifier: Apache-2.0
"""The twin stands, walks, stops and is pushed; only noisy sensors tell the robot so."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from renxing.control.gait.footsteps import Footstep
from renxing.errors import UnsafeCommandError
from renxing.evaluation.body import Body
from renxing.evaluation.rig import PERIOD
from renxing.robot import Robot
from renxing.sim import Twin
from renxing.sim.pushes import Push
from renxing.sim.twin import TwinConfig
from renxing.sim.world import load_world
from renxing.spatial import Array

SPEED = 0.4  # [m/s]
PUSH_TIME = 0.1  # [s]
ASIDE = {"rx1": 15.0, "g1": 8.0}  # [N·s]
ALONG = {"rx1": 18.0, "g1": 12.0}  # [N·s]


@dataclass(frozen=True)
class Row:
    """What was so after one tick."""

    base: Array  # [m]
    up: float  # cosine of the tilt
    mode: str
    steps: int


class Stage:
    """A twin and the stack that moves it."""

    def __init__(self, robot: Robot, seed: int = 3, world: str = "flat") -> None:
        self.twin = Twin(robot, load_world(world), TwinConfig(seed=seed))
        self.body = Body(robot, self.twin, None, ideal=False)
        self.body.reset()

    def run(self, seconds: float, forward: float = 0.0) -> list[Row]:
        rows = []
        for _ in range(round(seconds / PERIOD)):
            self.body.command_velocity(forward, 0.0, 0.0)
            command, _ = self.body.step()
            self.twin.step(command, round(PERIOD / self.twin.time_step))
            pose = self.twin.base_state().transform_base_to_odom
            locomotion = self.body.locomotion
            rows.append(
                Row(
                    pose.translation.copy(),
                    float(pose.rotation[2, 2]),
                    locomotion.mode,
                    locomotion.plan.steps,
                )
            )
        return rows

    def push(self, force: Array) -> None:
        torso = self.twin.robot.description.torso
        point = np.array(self.twin.model.body(torso).ipos)
        push = Push(
            body=torso,
            force=force,
            torque=np.zeros(3),
            point=point,
            duration=PUSH_TIME,
        )
        self.twin.apply_wrenches([push])


@pytest.fixture(scope="module", params=["rx1", "g1"])
def journey(
    request: pytest.FixtureRequest, load: Callable[[str], Robot]
) -> tuple[Stage, list[Row], list[Row], list[Row]]:
    """Stand, walk and stop, once for all tests that look at it."""
    stage = Stage(load(request.param))
    return stage, stage.run(2.0), stage.run(4.0, SPEED), stage.run(3.0)


Journey = tuple[Stage, list[Row], list[Row], list[Row]]


def test_stands_without_a_step(journey: Journey) -> None:
    _, standing, _, _ = journey
    assert {row.mode for row in standing} == {"stand"}
    places = np.array([row.base for row in standing])
    assert np.ptp(places, axis=0).max() < 0.03
    assert min(row.up for row in standing) > 0.995


def test_walks_at_the_speed(journey: Journey) -> None:
    _, standing, walking, _ = journey
    assert walking[-1].mode == "walk" and walking[-1].steps >= 5
    # The second half; before it gathers speed. Ends are at any phase of a step.
    way = walking[-1].base - walking[len(walking) // 2].base
    assert way[0] / 2.0 == pytest.approx(SPEED, abs=0.1)
    assert abs(walking[-1].base[1] - standing[-1].base[1]) < 0.15
    assert min(row.up for row in walking) > 0.98


def test_stops_and_stands(journey: Journey) -> None:
    stage, _, walking, stopping = journey
    assert stopping[-1].mode == "stand"
    late = np.array([row.base for row in stopping[-250:]])
    assert np.ptp(late, axis=0).max() < 0.02
    assert stopping[-1].base[0] - walking[-1].base[0] < 0.8
    assert stopping[-1].up > 0.99
    assert stage.body.locomotion.failures == 0


def pushed(robot: Robot, impulse: list[float]) -> list[Row]:
    stage = Stage(robot)
    stage.run(0.5)
    stage.push(np.array([*impulse, 0.0]) / PUSH_TIME)
    rows = stage.run(2.5)
    assert min(row.up for row in rows) > 0.9
    last = rows[-1]
    assert last.up > 0.99 and last.base[2] > 0.95 * rows[0].base[2]
    assert last.mode == "stand"
    assert np.ptp([row.base for row in rows[-100:]], axis=0).max() < 0.03
    return rows


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_push_to_the_side_is_caught(robot: Robot, side: float) -> None:
    rows = pushed(robot, [0.0, side * ASIDE[robot.name]])
    # It was one: the body gave way by more than standing ever does.
    assert np.ptp([row.base[1] for row in rows]) > 0.03


@pytest.mark.parametrize("direction", [1.0, -1.0])
def test_push_that_the_soles_cannot_bear_takes_steps(
    robot: Robot, direction: float
) -> None:
    rows = pushed(robot, [direction * ALONG[robot.name], 0.0])
    assert rows[-1].steps >= 1


def test_same_seed_same_bits(rx1: Robot) -> None:
    """Through a first step; another seed has other noise and other bits."""

    def end(seed: int) -> bytes:
        stage = Stage(rx1, seed)
        rows = stage.run(1.2, SPEED)
        assert rows[-1].steps >= 1
        return stage.twin.fingerprint()

    first = end(3)
    assert end(3) == first
    assert end(4) != first


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_velocity_that_is_not_finite_is_refused(rx1: Robot, bad: float) -> None:
    locomotion = Stage(rx1).body.locomotion
    locomotion.command_velocity(0.2, 0.0, 0.0)
    for place in range(3):
        wrong = [0.1, 0.1, 0.1]
        wrong[place] = bad
        with pytest.raises(UnsafeCommandError, match="finite numbers wanted"):
            locomotion.command_velocity(*wrong)
    np.testing.assert_array_equal(locomotion.walker.velocity, [0.2, 0.0, 0.0])


def by_turns(stage: Stage, ways: list[float], rises: list[float]) -> list[Footstep]:
    """Return footsteps ahead of where the robot stands, left and right by turns."""
    soles = np.array([p.translation for p in stage.body.locomotion.kinematics.soles])
    return [
        Footstep(
            foot=number % 2,
            place=np.array([way, soles[number % 2, 1]]),
            yaw=0.0,
            height=float(soles[:, 2].mean()) + rise,
        )
        for number, (way, rise) in enumerate(zip(ways, rises, strict=True))
    ]


def test_walks_over_given_footsteps_then_stands(robot: Robot) -> None:
    stage = Stage(robot)
    stage.run(1.0)
    ways = [0.12, 0.24, 0.36, 0.42, 0.42]
    plan = stage.body.locomotion.walker.follow(by_turns(stage, ways, [0.0] * 5))
    rows = stage.run(4.0)
    assert plan.next is None and max(plan.errors) < 0.03
    assert rows[-1].mode == "stand" and rows[-1].up > 0.99
    # It ended where it was sent, as the simulation knows.
    assert rows[-1].base[0] - rows[0].base[0] == pytest.approx(0.42, abs=0.06)


def test_climbs_stairs_by_footsteps_alone(rx1: Robot) -> None:
    """Five steps of 0.10 m, of which the robot has no map."""
    stage = Stage(rx1, world="stairs")
    stage.run(1.0)
    ways = [0.28, 0.56, 0.8, 0.8] + [1.0 + 0.3 * (i // 2 + 0.5) for i in range(10)]
    rises = [0.0] * 4 + [0.1 * (i // 2 + 1) for i in range(10)]
    plan = stage.body.locomotion.walker.follow(by_turns(stage, ways, rises))
    rows = stage.run(9.0)
    assert plan.next is None and max(plan.errors) < 0.04
    assert rows[-1].mode == "stand"
    assert rows[-1].base[2] - rows[0].base[2] == pytest.approx(0.5, abs=0.03)


def test_a_velocity_ends_footsteps(rx1: Robot) -> None:
    stage = Stage(rx1)
    stage.run(1.0)
    locomotion = stage.body.locomotion
    locomotion.walker.follow(by_turns(stage, [0.2, 0.4, 0.6], [0.0] * 3))
    stage.run(0.5)
    stage.run(0.5, SPEED)
    assert locomotion.walker.footsteps is None
    with pytest.raises(UnsafeCommandError, match="a velocity is commanded"):
        locomotion.walker.follow(by_turns(stage, [0.2], [0.0]))
    assert stage.run(3.0)[-1].mode == "stand"
