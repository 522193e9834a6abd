# SPDX-License-Identifier: Apache-2.0
"""The posture holder moves smoothly, within limits, and carries the robot."""

import numpy as np
import pinocchio
import pytest

from renxing.control.hold import Hold, HoldConfig
from renxing.errors import ConfigError, ModelError
from renxing.robot import Robot


@pytest.fixture
def hold(rx1: Robot) -> Hold:
    return Hold(HoldConfig(), rx1)


def sampled(hold: Hold, start: float, end: float, count: int = 2001):
    """Return times and the wanted positions and velocities at them."""
    times = np.linspace(start, end, count)
    commands = [hold.step(time) for time in times]
    return (
        times,
        np.array([command.position for command in commands]),
        np.array([command.velocity for command in commands]),
    )


def test_holds_the_posture(hold: Hold, rx1: Robot) -> None:
    command = hold.step(0.0)
    assert np.array_equal(command.position, rx1.posture("stand"))
    assert not command.velocity.any()
    assert np.array_equal(command.proportional, rx1.kp)
    assert np.array_equal(command.derivative, rx1.kd)


def test_motion_begins_and_ends_at_rest(hold: Hold, rx1: Robot) -> None:
    """Position, velocity and acceleration at both ends, and velocity = d position."""
    duration = hold.move_to("squat", 1.0, 2.0)
    assert duration == 2.0
    times, positions, velocities = sampled(hold, 1.0, 3.0)
    dt = times[1] - times[0]
    assert np.allclose(positions[0], rx1.posture("stand"))
    assert np.allclose(positions[-1], rx1.posture("squat"))
    assert np.allclose(positions[1000], (positions[0] + positions[-1]) / 2)
    assert np.abs(velocities).max() > 0.5
    numeric = np.gradient(positions, dt, axis=0)
    assert np.allclose(numeric[1:-1], velocities[1:-1], atol=1e-4)
    for end in (velocities[0], velocities[-1]):
        assert np.allclose(end, 0.0, atol=1e-12)
    acceleration = np.gradient(velocities, dt, axis=0)
    peak = np.abs(acceleration).max()
    assert np.abs(acceleration[[1, -2]]).max() < 0.01 * peak
    after = hold.step(10.0)
    assert np.array_equal(after.position, rx1.posture("squat"))
    assert not after.velocity.any()


def test_peak_speed(hold: Hold, rx1: Robot) -> None:
    """15/8 of the mean; the duration chosen keeps to the configured mean speed."""
    duration = hold.move_to("squat", 0.0)
    way = np.abs(rx1.posture("squat") - rx1.posture("stand")).max()
    assert duration == pytest.approx(way / 0.5)
    _times, _positions, velocities = sampled(hold, 0.0, duration)
    assert np.abs(velocities).max() == pytest.approx(15 / 8 * 0.5, rel=1e-5)
    assert (np.abs(velocities) <= rx1.speed).all()


def test_never_faster_than_the_joints(rx1: Robot) -> None:
    """Told to hurry, it takes as long as the slowest joint needs, and not less."""
    hold = Hold(HoldConfig(speed=100.0), rx1)
    shortest = hold.move_to("squat", 0.0)
    _times, _positions, velocities = sampled(hold, 0.0, shortest)
    share = (np.abs(velocities) / rx1.speed).max()
    assert share == pytest.approx(1.0, rel=1e-5)
    again = Hold(HoldConfig(), rx1)
    with pytest.raises(ConfigError, match=f"joints need {shortest:.2f} s"):
        again.move_to("squat", 0.0, 0.99 * shortest)
    assert again.posture == "stand"
    assert np.array_equal(again.step(5.0).position, rx1.posture("stand")), "refused"


@pytest.mark.parametrize("duration", [-1.0, np.nan, np.inf])
def test_refuses_a_time_that_is_none(hold: Hold, duration: float) -> None:
    with pytest.raises(ConfigError, match="posture 'squat' in"):
        hold.move_to("squat", 0.0, duration)


def test_change_of_mind_has_no_jump(hold: Hold) -> None:
    hold.move_to("squat", 0.0, 2.0)
    before = hold.step(1.0).position
    hold.move_to("ready", 1.0, 2.0)
    assert np.allclose(hold.step(1.0).position, before)
    assert np.abs(hold.step(1.0001).position - before).max() < 1e-6


def test_stop_freezes(hold: Hold) -> None:
    hold.move_to("squat", 0.0, 2.0)
    there = hold.step(0.8).position
    hold.stop(0.8)
    assert hold.stopped
    for time in (0.8, 1.0, 5.0):
        command = hold.step(time)
        assert np.array_equal(command.position, there)
        assert not command.velocity.any()
    with pytest.raises(ConfigError, match="stopped: reset the emergency stop"):
        hold.move_to("stand", 5.0)
    hold.release()
    assert not hold.stopped
    assert np.array_equal(hold.step(6.0).position, there), "stays where it is"
    hold.move_to("stand", 6.0, 2.0)
    assert np.allclose(hold.step(6.0).position, there)
    hold.stop(7.0)
    hold.reset("squat")
    assert not hold.stopped


def test_reset_to_given_positions(hold: Hold, rx1: Robot) -> None:
    given = rx1.posture("squat") + 0.01
    hold.reset("squat", given)
    assert np.array_equal(hold.step(0.0).position, given)
    assert hold.posture == "squat"


def test_unknown_posture(hold: Hold, rx1: Robot) -> None:
    with pytest.raises(ModelError, match="no posture 'dance'"):
        hold.move_to("dance", 0.0)
    with pytest.raises(ModelError, match="no posture 'dance'"):
        Hold(HoldConfig(posture="dance"), rx1)
    assert hold.posture == "stand"


@pytest.mark.parametrize("posture", ["stand", "squat"])
def test_static_torques_carry_the_robot(robot: Robot, posture: str) -> None:
    """Newton's law: joint torques and the ground at the soles balance gravity.

    Found here from the other side: given the torques, is there any pair of sole
    wrenches for which nothing accelerates, base included?
    """
    hold = Hold(HoldConfig(posture=posture), robot)
    torques = hold.step(0.0).effort
    model, data = robot.model, robot.model.createData()
    positions = robot.posture(posture)
    q = robot.configuration(positions, robot.standing_base(positions))
    zero = np.zeros(model.nv)
    needed = pinocchio.rnea(model, data, q, zero, zero)
    assert np.abs(torques).max() > 5.0, "knees carry something"
    needed[robot.v_index] -= torques
    pinocchio.computeJointJacobians(model, data, q)
    pinocchio.updateFramePlacements(model, data)
    columns = [
        pinocchio.getFrameJacobian(
            model, data, robot.frame(foot.sole), pinocchio.LOCAL_WORLD_ALIGNED
        ).T
        for foot in robot.description.feet
    ]
    jacobian = np.hstack(columns)
    # A follower is moved by its finger's linkage; it takes no part in standing.
    rows = np.r_[0:6, robot.v_index]
    wrenches, *_rest = np.linalg.lstsq(jacobian[rows], needed[rows], rcond=None)
    residual = needed[rows] - jacobian[rows] @ wrenches
    assert np.abs(residual).max() < 1e-8
    upwards = wrenches[2] + wrenches[8]
    assert upwards == pytest.approx(robot.mass * 9.81, rel=1e-6)
    # Pressure inside each sole: it stands without pulling at the ground.
    for foot, wrench in zip(
        robot.description.feet, wrenches.reshape(2, 6), strict=True
    ):
        assert wrench[2] > 0.0
        assert foot.x[0] < -wrench[4] / wrench[2] < foot.x[1]
        assert foot.y[0] < wrench[3] / wrench[2] < foot.y[1]
    assert (np.abs(torques) < robot.torque).all()


def test_torques_follow_the_motion(rx1: Robot) -> None:
    """They are computed anew every period, and not more often."""
    hold = Hold(HoldConfig(period=0.02), rx1)
    hold.move_to("squat", 0.0, 2.0)
    efforts = [hold.step(0.001 * count).effort for count in range(2001)]
    changes = sum(
        not np.array_equal(first, second)
        for first, second in zip(efforts, efforts[1:], strict=False)
    )
    assert 95 <= changes <= 101
    squat = Hold(HoldConfig(posture="squat"), rx1).step(0.0).effort
    assert np.allclose(hold.step(3.0).effort, squat)
