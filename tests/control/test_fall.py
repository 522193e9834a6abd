# SPDX-License-Identifier: Apache-2.0
"""A fall is seen long before the trunk hits the ground, and only where there is one."""

from collections.abc import Callable

import mujoco
import numpy as np
import pytest

from renxing.control.fall import FallConfig, FallPredictor, lying_side, side_of
from renxing.control.gait.geometry import GaitGeometry
from renxing.control.whole_body import Kinematics
from renxing.evaluation.body import Body
from renxing.evaluation.rig import PERIOD
from renxing.robot import Robot
from renxing.sim import Twin, TwinConfig, load_world
from renxing.sim.pushes import Push
from renxing.spatial import SE3, Array, rotation_from_rpy

LEAD = 0.2  # [s] from the prediction to the trunk's contact, at least
HARD = {"rx1": 110.0, "g1": 60.0}  # [N·s] nothing stands that
EASY = {"rx1": 25.0, "g1": 10.0}  # [N·s] what a scorecard asks for


class Pushed:
    """A robot that is pushed, and what it saw coming."""

    def __init__(self, robot: Robot, impulse: float, direction: float) -> None:
        self.twin = Twin(robot, load_world("flat"), TwinConfig(seed=5))
        body = Body(robot, self.twin, None, ideal=False)
        body.reset()
        fall = body.locomotion.fall
        self.seen_at: float | None = None
        self.hit_at: float | None = None
        self._trunk = self._ids(robot)
        for tick in range(round(4.0 / PERIOD)):
            if tick == 250:
                self._push(impulse, direction)
            command, _ = body.step()
            self.twin.step(command, round(PERIOD / self.twin.time_step))
            if fall.side and self.seen_at is None:
                self.seen_at = self.twin.time
            if self._hits():
                self.hit_at = self.twin.time
                break
        self.side = fall.side

    def _ids(self, robot: Robot) -> set[int]:
        names = (robot.description.base, robot.description.torso)
        ids = [
            mujoco.mj_name2id(self.twin.model, mujoco.mjtObj.mjOBJ_BODY, name)
            for name in names
        ]
        return {index for index in ids if index > 0}

    def _push(self, impulse: float, direction: float) -> None:
        torso = self.twin.robot.description.torso
        force = np.array([np.cos(direction), np.sin(direction), 0.0])
        push = Push(
            body=torso,
            force=impulse / 0.1 * force,
            torque=np.zeros(3),
            point=np.array(self.twin.model.body(torso).ipos),
            duration=0.1,
        )
        self.twin.apply_wrenches([push])

    def _hits(self) -> bool:
        model, data = self.twin.model, self.twin.data
        for contact in data.contact[: data.ncon]:
            bodies = {int(model.geom_bodyid[geom]) for geom in contact.geom}
            if 0 in bodies and bodies & self._trunk:
                return True
        return False


@pytest.mark.parametrize("degrees", [0.0, 135.0, 270.0])
def test_a_fall_is_seen_early(rx1: Robot, degrees: float) -> None:
    pushed = Pushed(rx1, HARD["rx1"], np.radians(degrees))
    assert pushed.seen_at is not None and pushed.hit_at is not None
    assert pushed.hit_at - pushed.seen_at > LEAD


def test_the_side_is_told(rx1: Robot) -> None:
    assert Pushed(rx1, HARD["rx1"], 0.0).side == "front"


@pytest.mark.parametrize("name", ["rx1", "g1"])
def test_a_push_that_it_stands_is_no_fall(
    name: str, load: Callable[[str], Robot]
) -> None:
    for degrees in (0.0, 90.0, 210.0):
        pushed = Pushed(load(name), EASY[name], np.radians(degrees))
        assert pushed.seen_at is None and pushed.hit_at is None


def still(robot: Robot, com: Array, tilt: float = 0.0) -> Kinematics:
    """Return a robot with both soles on the ground and its centre of mass anywhere."""
    rotation = rotation_from_rpy((0.0, tilt, 0.0))
    feet = tuple(SE3(np.eye(3), np.array([0.0, y, 0.0])) for y in (0.1, -0.1))
    return Kinematics(
        com=com,
        com_velocity=np.zeros(3),
        soles=feet,
        sole_velocities=np.zeros((2, 6)),
        base_rotation=rotation,
        torso_rotation=rotation,
        angular_momentum=np.zeros(3),
        half_length=np.full(2, 0.1),
        half_width=np.full(2, 0.05),
    )


def test_each_sign_alone_tells_and_lasts(rx1: Robot) -> None:
    config, geometry = FallConfig(confirmed=0.01), GaitGeometry.of(rx1)
    height = geometry.com_height
    upright = still(rx1, np.array([0.0, 0.0, height]))
    out = still(rx1, np.array([0.9 * geometry.leg_length, 0.0, height]))
    tilted = still(rx1, np.array([0.0, 0.0, height]), tilt=-0.8)
    low = still(rx1, np.array([0.0, 0.0, 0.6 * height]))
    rest = np.zeros(3)
    for sign, cause in ((out, "reach"), (tilted, "leans"), (low, "sinks")):
        predictor = FallPredictor(config, rx1, PERIOD)
        for _ in range(4):
            assert not predictor.look(sign, rest, may_be_low=False)
        assert not predictor.look(upright, rest, may_be_low=False)
        for _ in range(5):
            seen = predictor.look(sign, rest, may_be_low=False)
        assert seen and cause in predictor.cause
        # It does not get up by itself.
        assert predictor.look(upright, rest, may_be_low=False)
        predictor.reset()
        assert not predictor.look(upright, rest, may_be_low=False)


def test_who_is_low_on_purpose_does_not_fall(rx1: Robot) -> None:
    predictor = FallPredictor(FallConfig(), rx1, PERIOD)
    low = still(rx1, np.array([0.0, 0.0, 0.4]))
    for _ in range(20):
        assert not predictor.look(low, np.zeros(3), may_be_low=True)


def test_a_turning_base_is_seen_before_it_leans(rx1: Robot) -> None:
    predictor = FallPredictor(FallConfig(), rx1, PERIOD)
    height = GaitGeometry.of(rx1).com_height
    leaning = still(rx1, np.array([0.0, 0.0, height]), tilt=0.4)
    for rate, seen in ((-4.0, False), (3.0, False), (4.0, True)):
        predictor.reset()
        for _ in range(5):
            fell = predictor.look(leaning, np.array([0.0, rate, 0.0]), may_be_low=False)
        assert fell is seen


def test_the_side_on_which_it_lies() -> None:
    half = np.pi / 2
    turns = {
        "": (0.3, -0.3, 2.0),
        "front": (0.0, half, 1.0),
        "back": (0.0, -half, -1.0),
        "left": (-half, 0.0, 0.5),
        "right": (half, 0.0, 3.0),
    }
    for side, rpy in turns.items():
        assert lying_side(rotation_from_rpy(rpy)[2]) == side
    assert side_of(1.0, 0.2) == "back"
