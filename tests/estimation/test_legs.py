# SPDX-License-Identifier: Apache-2.0
"""What the legs say, against the kinematics of the whole robot."""

from dataclasses import dataclass

import numpy as np
import pinocchio
import pytest

from renxing.estimation.legs import Legs
from renxing.estimation.samples import Encoders, Inertial, find_imu, find_mount
from renxing.robot import Robot
from renxing.signals import ImuSample, JointState
from renxing.spatial import SE3, Array


@dataclass
class Case:
    """Random joints of a robot, and what its legs make of them."""

    robot: Robot
    legs: Legs
    position: Array
    velocity: Array

    def place(self, position: Array) -> list[SE3]:
        """Return sole to sensor, by the model of the whole robot."""
        model, data = self.robot.model, self.robot.model.createData()
        pinocchio.framesForwardKinematics(
            model, data, self.robot.configuration(position)
        )
        sensor = data.oMf[self.robot.frame(find_imu(self.robot, "").frame)]
        feet = self.robot.description.feet
        return [sensor.inverse() * data.oMf[self.robot.frame(f.sole)] for f in feet]

    def step(self, position: Array, dt: float) -> None:
        """Let the legs take samples of a sensor that feels only gravity."""
        inertial, encoders = Inertial(0.0, 0.0), Encoders(len(position), 0.0)
        up = np.array([0.0, 0.0, 9.81])
        inertial.reset(
            ImuSample(
                stamp=0.0,
                rotation_sensor_to_odom=np.eye(3),
                angular_velocity=np.zeros(3),
                specific_force=up,
            )
        )
        zero = np.zeros(len(position))
        encoders.reset(
            JointState(
                stamp=0.0,
                position=position,
                velocity=self.velocity,
                effort=zero,
                temperature=zero,
            )
        )
        self.legs.step(encoders, inertial, np.zeros(6), dt)


@pytest.fixture
def case(robot: Robot) -> Case:
    random = np.random.default_rng(4)
    count = len(robot.joints)
    made = Case(
        robot,
        Legs(robot, find_mount(robot, find_imu(robot, "")), 25.0),
        robot.posture("stand") + 0.2 * random.normal(size=count),
        random.normal(size=count),
    )
    made.step(made.position, 0.0)
    return made


def test_soles_are_where_the_whole_robot_has_them(case: Case) -> None:
    for index, sole in enumerate(case.place(case.position)):
        assert np.allclose(case.legs.soles[index], sole.translation, atol=1e-12)
        assert np.allclose(case.legs.rotations[index], sole.rotation, atol=1e-12)


def test_velocities_are_derivatives(case: Case) -> None:
    h = 1e-6
    after = case.place(case.position + h * case.velocity)
    before = case.place(case.position - h * case.velocity)
    for index, (one, other) in enumerate(zip(before, after, strict=True)):
        velocity = (other.translation - one.translation) / (2.0 * h)
        turn = pinocchio.log3(other.rotation @ one.rotation.T) / (2.0 * h)
        assert np.allclose(case.legs.velocities[index], velocity, atol=1e-8)
        assert np.allclose(case.legs.turns[index], turn, atol=1e-8)


def test_turns_are_differences_once_there_are_two_samples(case: Case) -> None:
    dt = 0.002
    place = case.place(case.position)
    moved = case.position - 3.0 * dt * case.velocity
    case.step(moved, dt)
    for index, (one, other) in enumerate(zip(place, case.place(moved), strict=True)):
        turn = pinocchio.log3(other.rotation @ one.rotation.T) / dt
        assert np.allclose(case.legs.turns[index], turn, rtol=1e-3)


def test_jacobians_are_those_of_the_soles_in_their_frames(case: Case) -> None:
    legs, robot = case.legs, case.robot
    model, data = robot.model, robot.model.createData()
    q = robot.configuration(case.position)
    pinocchio.computeJointJacobians(model, data, q)
    pinocchio.updateFramePlacements(model, data)
    for index, foot in enumerate(robot.description.feet):
        wanted = pinocchio.getFrameJacobian(
            model, data, robot.frame(foot.sole), pinocchio.ReferenceFrame.LOCAL
        )
        # The legs' joints are those that bear a sole, in the order of the model.
        bearing = np.zeros(model.nv, dtype=bool)
        for other in robot.description.feet:
            joint = model.frames[robot.frame(other.sole)].parentJoint
            for support in list(model.supports[joint])[1:]:
                start = model.joints[support].idx_v
                bearing[start : start + model.joints[support].nv] = True
        assert np.allclose(legs.jacobians[index], wanted[:, bearing], atol=1e-12)


def test_load_of_a_hanging_robot_is_the_pull_of_its_legs(case: Case) -> None:
    """Without motor torques and ground, gravity has to be borne by somebody."""
    case.velocity = np.zeros(len(case.position))
    case.step(case.position, 0.0)
    load = case.legs.load
    robot = case.robot
    sensor = robot.model.frames[robot.frame(find_imu(robot, "").frame)].placement
    pull = robot.mass * sensor.rotation @ np.array([0.0, 0.0, 9.81])
    assert np.allclose(load[:3], pull, rtol=1e-9)
    assert np.abs(load[6:]).max() > 0.1
