# SPDX-License-Identifier: Apache-2.0
"""Arms and neck follow trajectories, standing and walking, and are given back."""

from typing import Any

import numpy as np
import pytest
from tests.control.test_locomotion import Stage

from renxing.control.trajectory import POSITION, VELOCITY, Points
from renxing.control.trajectory_tolerances import Tolerances
from renxing.control.trajectory_values import Outcome, TrajectoryGoal, TrajectoryResult
from renxing.control.upper_body import RELEASE, UpperBody, upper_joints
from renxing.robot import Robot
from renxing.spatial import Array

ARM = ("right_shoulder_pitch_joint", "right_elbow_joint")
ALLOWED = 0.15  # [rad]


def upper_body(robot: Robot) -> tuple[UpperBody, list[TrajectoryResult]]:
    told: list[Any] = []
    return UpperBody(robot, upper_joints(robot, robot.joints), told.append), told


def goal(upper: UpperBody, *ways: tuple[float, list[float]], number: int = 1) -> Any:
    """Return the goal to bring the two arm joints to places at times."""
    joints = np.array([joint in ARM for joint in upper.joints])
    values = np.full((4, len(ways), len(joints)), np.nan)
    for index, (_, places) in enumerate(ways):
        values[POSITION, index, joints] = places
    bounds = np.full((3, len(joints)), np.inf)
    ends = bounds.copy()
    ends[POSITION] = ALLOWED
    return TrajectoryGoal(
        points=Points(
            times=np.array([time for time, _ in ways]), values=values, joints=joints
        ),
        number=number,
        tolerances=Tolerances(path=bounds, goal=ends, goal_time=1.0),
    )


def raised(robot: Robot, pitch: float) -> list[float]:
    """Return the arm with a turned shoulder and an elbow more bent."""
    shoulder, elbow = robot.posture("stand")[robot.indices(ARM)]
    middle = 0.5 * (robot.lower + robot.upper)[robot.indices(ARM)][1]
    return [shoulder + pitch, elbow + 0.3 * float(np.sign(middle - elbow))]


def arm(robot: Robot, positions: Array) -> Array:
    return np.asarray(positions[robot.indices(ARM)])


def test_legs_and_waist_are_not_among_its_joints(robot: Robot) -> None:
    joints = upper_joints(robot, robot.joints)
    assert set(ARM) <= set(joints)
    groups = robot.description.groups
    for group in ("left_leg", "right_leg", "waist"):
        assert not set(joints) & set(groups[group])


@pytest.mark.parametrize("forward", [0.0, 0.3])
def test_an_arm_moves_while_the_robot_stands_and_walks(
    robot: Robot, forward: float
) -> None:
    stage = Stage(robot)
    upper, told = upper_body(robot)
    stage.body.locomotion.upper_body = upper
    stage.run(1.0, forward)
    start = arm(robot, robot.posture("stand"))
    wanted = raised(robot, -0.9)
    now = stage.twin.time
    assert upper.begin(goal(upper, (1.0, wanted)), now) == ""
    rows = stage.run(3.0, forward)
    assert [one.outcome for one in told] == [Outcome.SUCCEEDED]
    measured = arm(robot, stage.twin.joint_state().position)
    assert np.abs(measured - wanted).max() < ALLOWED
    assert min(row.up for row in rows) > 0.97
    upper.release(stage.twin.time)
    stage.run(2.0)
    measured = arm(robot, stage.twin.joint_state().position)
    assert np.abs(measured - start).max() < 0.25  # the gait swings it


@pytest.fixture
def ready(rx1: Robot) -> tuple[UpperBody, list[TrajectoryResult]]:
    upper, told = upper_body(rx1)
    stand = rx1.posture("stand")
    upper.apply(0.0, stand, stand)
    return upper, told


@pytest.mark.parametrize(
    ("ways", "why"),
    [
        ([(1.0, [9.0, -0.5])], "right_shoulder_pitch_joint: .* rad at .*; allowed"),
        ([(0.01, [-1.0, -0.5])], "right_shoulder_pitch_joint: .* rad/s at"),
        ([(0.0, [0.1, -0.5])], "would jump"),
    ],
)
def test_what_joints_cannot_do_is_refused(
    ready: Any, ways: list[tuple[float, list[float]]], why: str
) -> None:
    upper, told = ready
    wanted = goal(upper, *ways)
    said = upper.begin(wanted, 1.0)
    assert told[0].outcome is Outcome.ABORTED and told[0].text == said
    with pytest.raises(AssertionError, match=why):
        raise AssertionError(said)


def test_a_joint_that_does_not_come_aborts_the_goal(ready: Any, rx1: Robot) -> None:
    upper, told = ready
    stand = rx1.posture("stand")
    upper.begin(goal(upper, (0.5, raised(rx1, -0.5))), 0.0)
    for time in np.arange(0.0, 2.0, 0.002):
        upper.apply(float(time), stand, stand)  # it stays in `stand`
    assert [one.outcome for one in told] == [Outcome.ABORTED]
    assert "right_shoulder_pitch_joint is" in told[0].text


def test_a_spline_that_swings_out_is_given_up(ready: Any, rx1: Robot) -> None:
    upper, told = ready
    stand = rx1.posture("stand")
    wild = goal(upper, (0.2, raised(rx1, -0.8)), (1.0, raised(rx1, -0.9)))
    wild.points.values[VELOCITY, :, wild.points.joints] = [[-40.0, 0.0], [0.0, 0.0]]
    upper.begin(wild, 0.0)
    for time in np.arange(0.0, 1.0, 0.002):
        place = upper.apply(float(time), stand, stand)
    assert [one.outcome for one in told] == [Outcome.ABORTED]
    assert ((place >= rx1.lower) & (place <= rx1.upper)).all()


def test_a_newer_goal_goes_on_from_where_the_old_one_was(
    ready: Any, rx1: Robot
) -> None:
    upper, told = ready
    stand = rx1.posture("stand")
    upper.begin(goal(upper, (1.0, raised(rx1, -0.8))), 0.0)
    for time in np.arange(0.0, 0.5, 0.002):
        before = upper.apply(float(time), stand, stand)
    upper.begin(goal(upper, (1.0, raised(rx1, 0.3)), number=2), 0.5)
    assert [(one.number, one.outcome) for one in told] == [(1, Outcome.ABORTED)]
    after = upper.apply(0.5, stand, stand)
    assert np.abs(after - before).max() < 0.01


def test_a_cancelled_goal_stays_and_release_gives_back(ready: Any, rx1: Robot) -> None:
    upper, told = ready
    stand = rx1.posture("stand")
    upper.begin(goal(upper, (1.0, raised(rx1, -0.8))), 0.0)
    for time in np.arange(0.0, 0.5, 0.002):
        place = upper.apply(float(time), stand, stand)
    upper.cancel(2)
    assert not told
    upper.cancel(1)
    assert told[0].outcome is Outcome.CANCELED
    assert np.allclose(upper.apply(0.9, stand, stand), place)
    upper.release(1.0)
    half = upper.apply(1.0 + 0.5 * RELEASE, stand, stand)
    assert np.allclose(half, 0.5 * (place + stand))
    assert np.array_equal(upper.apply(1.0 + RELEASE, stand, stand), stand)
