# SPDX-License-Identifier: Apache-2.0
"""A foot in the air: where it arrives, and that its derivatives belong to its pose."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renxing.control.gait.swing import (
    ACCELERATION_LIMIT,
    JERK_LIMIT,
    LATE,
    REST,
    SETTLE,
    SwingFoot,
    tilt_to,
    wrap,
    yaw_rotation,
)
from renxing.control.whole_body import FootMotion
from renxing.spatial import SE3, Array

DT = 0.002
HEIGHT = 0.06
UP = np.array([0.0, 0.0, 1.0])
DURATION = 0.4  # [s]


def foot_at(x: float = 0.0, y: float = 0.0, z: float = 0.0) -> SwingFoot:
    return SwingFoot(SE3(np.eye(3), np.array([x, y, z])), 0.0, HEIGHT, 0.1)


def swing(
    foot: SwingFoot,
    target: Array,
    duration: float = DURATION,
    yaw: float = 0.0,
    ground: float = 0.0,
    top: float = -np.inf,
    later: Array | None = None,
) -> list[FootMotion]:
    """Run to the planned touchdown; half way the target may become `later`."""
    motions = []
    for tick in range(round(duration / DT)):
        if later is not None and tick * DT >= 0.5 * duration:
            target = later
        left = duration - tick * DT
        motions.append(foot.step(target, yaw, ground, UP, top, left, DT))
    return motions


def positions(motions: list[FootMotion]) -> Array:
    return np.array([m.transform_sole_to_odom.translation for m in motions])


def twists(motions: list[FootMotion]) -> Array:
    return np.array([m.twist for m in motions])


def yaw_of(motion: FootMotion) -> float:
    rotation = motion.transform_sole_to_odom.rotation
    return float(np.arctan2(rotation[1, 0], rotation[0, 0]))


@pytest.mark.parametrize("ground", [0.0, 0.12, -0.12])
def test_arrives_at_the_newest_target(ground: float) -> None:
    foot = foot_at()
    target = np.array([0.45, 0.05])
    motions = swing(foot, np.array([0.35, 0.0]), yaw=0.3, ground=ground, later=target)
    place = positions(motions)
    np.testing.assert_allclose(place[-1, :2], target, atol=0.004)
    assert place[-1, 2] == pytest.approx(ground, abs=0.004)
    assert yaw_of(motions[-1]) == pytest.approx(0.3, abs=0.005)
    assert np.abs(motions[-1].twist[:2]).max() < 0.05
    # Over both ends on the way.
    assert place[:, 2].max() > max(0.0, ground) + 0.8 * HEIGHT


def test_motion_is_continuous_when_the_target_jumps() -> None:
    motions = swing(foot_at(), np.array([0.3, 0.0]), later=np.array([0.36, 0.04]))
    gliding = motions[: round((DURATION - SETTLE - 0.03) / DT)]
    accelerations = np.array([m.acceleration for m in gliding])
    assert np.abs(np.diff(accelerations[:, :2], axis=0)).max() <= JERK_LIMIT * DT + 1e-9
    speeds = twists(gliding)[:, :2]
    assert np.abs(np.diff(speeds, axis=0)).max() <= ACCELERATION_LIMIT * DT + 1e-9


@pytest.mark.parametrize("ground", [0.0, 0.1, -0.08])
def test_twist_is_the_derivative_of_the_pose(ground: float) -> None:
    motions = swing(foot_at(), np.array([0.3, 0.05]), yaw=0.4, ground=ground)
    # Until the foot settles and begins to feel for the ground.
    motions = motions[: round(LATE * DURATION / DT) - 1]
    place, twist = positions(motions), twists(motions)
    numeric = np.diff(place, axis=0) / DT
    np.testing.assert_allclose(numeric[:, :2], twist[1:, :2], atol=1e-9)
    middle = 0.5 * (twist[1:, 2] + twist[:-1, 2])
    np.testing.assert_allclose(numeric[:, 2], middle, atol=0.002)
    turned = np.diff([yaw_of(motion) for motion in motions]) / DT
    np.testing.assert_allclose(turned, twist[1:, 5], atol=1e-9)


def test_acceleration_is_the_derivative_of_the_twist() -> None:
    """On level ground: a rise to another height is not in the upward one."""
    motions = swing(foot_at(), np.array([0.3, 0.05]))
    motions = motions[: round(LATE * DURATION / DT) - 1]
    twist = twists(motions)
    acceleration = np.array([m.acceleration for m in motions])
    changed = np.diff(twist, axis=0) / DT
    np.testing.assert_allclose(changed[:, :2], acceleration[1:, :2], atol=1e-9)
    upward = 0.5 * (acceleration[1:, 2] + acceleration[:-1, 2])
    np.testing.assert_allclose(changed[:, 2], upward, atol=0.05)


@pytest.mark.parametrize("height", [0.06, 0.1, 0.15])
def test_clears_an_edge_that_is_known(height: float) -> None:
    """The toe is above the edge before it is over it, up and down."""
    half, target = 0.11, np.array([0.3, 0.0])
    # Then it feels for the ground.
    until = round(LATE * 0.6 / DT)
    motions = swing(foot_at(), target, 0.6, ground=height, top=height)
    upward = positions(motions)[:until]
    over = upward[:, 0] + half > 0.16
    assert (upward[over, 2] > height - 1e-3).all()
    foot = foot_at(z=height)
    downward = positions(swing(foot, target, 0.6, ground=0.0, top=height))[:until]
    heel_over = downward[:, 0] - half < 0.14
    assert (downward[heel_over, 2] > height - 1e-3).all()
    # It matters: blindly the toe is lower where it meets the riser.
    blind = positions(swing(foot_at(), target, 0.6, ground=height))
    assert blind[blind[:, 0] + half > 0.16][0, 2] < upward[over][0, 2] - 0.02


def test_feels_for_ground_that_is_late() -> None:
    foot = foot_at()
    swing(foot, np.array([0.2, 0.0]))
    heights, speeds = [], []
    for _ in range(100):
        motion = foot.step(np.array([0.2, 0.0]), 0.0, 0.0, UP, -np.inf, 0.0, DT)
        heights.append(motion.transform_sole_to_odom.translation[2])
        speeds.append(motion.twist[2])
    assert foot.phase == 1.0
    np.testing.assert_allclose(np.diff(heights) / DT, speeds[1:], rtol=1e-6)
    # Faster and faster, from the landing speed on.
    assert -0.12 < speeds[0] < -0.1
    assert (np.diff(speeds) < 0.0).all()
    assert heights[-1] < -0.05


def test_sole_lies_flat_on_a_slope() -> None:
    normal = np.array([-0.2, 0.1, 1.0])
    normal /= np.linalg.norm(normal)
    np.testing.assert_allclose(tilt_to(normal) @ UP, normal, atol=1e-12)
    tilt = tilt_to(normal)
    np.testing.assert_allclose(tilt @ tilt.T, np.eye(3), atol=1e-12)
    motion = foot_at().step(np.zeros(2), 0.0, 0.0, normal, -np.inf, 0.4, DT)
    np.testing.assert_allclose(
        motion.transform_sole_to_odom.rotation[:, 2], normal, atol=1e-9
    )


@given(
    left=st.lists(st.floats(0.0, 0.05), min_size=1, max_size=30),
    x=st.floats(-1.0, 1.0),
    yaw=st.floats(-4.0, 4.0),
    ground=st.floats(-0.3, 0.3),
    top=st.one_of(st.just(-np.inf), st.floats(-0.3, 0.3)),
)
def test_is_finite_however_little_time_is_left(
    left: list[float], x: float, yaw: float, ground: float, top: float
) -> None:
    foot = foot_at()
    for rest in left:
        motion = foot.step(np.array([x, 0.1]), yaw, ground, UP, top, rest, DT)
        pose = motion.transform_sole_to_odom
        assert np.isfinite(pose.homogeneous).all()
        assert np.isfinite(motion.twist).all()
        assert np.abs(motion.acceleration[:2]).max() <= ACCELERATION_LIMIT
        assert np.isfinite(motion.acceleration).all()
        assert 0.0 <= foot.phase <= 1.0


@given(st.floats(-50.0, 50.0))
def test_wrap(angle: float) -> None:
    assert -np.pi <= wrap(angle) <= np.pi
    np.testing.assert_allclose(
        yaw_rotation(wrap(angle)), yaw_rotation(angle), atol=1e-12
    )


def test_turns_the_short_way() -> None:
    foot = SwingFoot(SE3(yaw_rotation(3.0), np.zeros(3)), 3.0, HEIGHT, 0.1)
    motions = swing(foot, np.zeros(2), yaw=-3.0)
    assert twists(motions)[:, 5].min() > -1e-9
    assert wrap(yaw_of(motions[-1]) + 3.0) == pytest.approx(0.0, abs=0.005)


def sinking_foot(share: float) -> SwingFoot:
    """A foot that has made a share of a step of 0.5 m."""
    foot, target = foot_at(), np.array([0.5, 0.0])
    for tick in range(round(share * DURATION / DT)):
        foot.step(target, 0.0, 0.0, UP, -np.inf, DURATION - tick * DT, DT)
    return foot


def test_a_foot_stops_where_ground_comes_early() -> None:
    rest = np.zeros(3)
    assert not sinking_foot(0.4).stopped(rest)  # it still rises
    foot = sinking_foot(0.75)
    assert foot.stopped(rest)
    # It lags behind its path in height, but flies ahead: no ground does that.
    assert not foot.stopped(np.array([2.0, 0.0, 0.0]))
    assert not foot.stopped(np.array([0.0, 0.0, -2.0]))


def test_a_late_foot_has_not_landed_while_it_falls() -> None:
    foot = sinking_foot(1.0)
    assert foot.stopped(np.array([0.5 * REST, 0.0, -0.5 * REST]))
    assert not foot.stopped(np.array([0.0, 0.0, -2.0 * REST]))
    assert not foot.stopped(np.array([0.0, 2.0 * REST, 0.0]))


def test_a_foot_has_to_come_down_before_a_step_can_end() -> None:
    """Half of the swing takes half of the time, and a higher bump more of it."""
    level, over = foot_at(), foot_at()
    assert level.least_left(0.2) == 0.2
    half = DURATION / 2
    for tick in range(round(half / DT)):
        left = DURATION - tick * DT
        level.step(np.zeros(2), 0.0, 0.0, UP, -np.inf, left, DT)
        over.step(np.zeros(2), 0.0, 0.0, UP, 3.0 * HEIGHT, left, DT)
    assert level.least_left(0.2) == pytest.approx(0.1, abs=1e-3)
    # Four times as high takes twice as long with the same accelerations.
    assert over.least_left(0.2) == pytest.approx(0.2, abs=2e-3)
