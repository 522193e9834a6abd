# SPDX-License-Identifier: Apache-2.0
"""The guard must hold whatever it is given: these are its promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from renxing.actuation.guard import Flag, Guard, GuardConfig
from renxing.robot import load_robot

ROBOT = load_robot("rx1")
N = len(ROBOT.joints)
DT = 0.002
STAND = ROBOT.posture("stand")
ZERO = np.zeros(N)


def resulting_torque(command, position, velocity):
    stretch = command.proportional * (command.position - position)
    drag = command.derivative * (command.velocity - velocity)
    return command.effort + stretch + drag


def nobody():
    return np.full((5, N), np.nan)


def holding(position=STAND):
    return np.array([position, ZERO, ZERO, ROBOT.kp, ROBOT.kd])


WILD = st.floats(-1e6, 1e6) | st.sampled_from([np.nan, np.inf, -np.inf, 0.0])


@settings(max_examples=150, deadline=None)
@given(
    wanted=arrays(float, (5, N), elements=WILD),
    position=arrays(float, N, elements=st.floats(-4, 4)),
    velocity=arrays(float, N, elements=st.floats(-50, 50)),
)
def test_whatever_comes_in_what_goes_out_is_finite_and_within_limits(
    wanted, position, velocity
):
    guard = Guard(GuardConfig(torque_rise=0.0), ROBOT)
    sent = guard.step(wanted, position, velocity, DT)
    for part in ("position", "velocity", "effort", "proportional", "derivative"):
        assert np.isfinite(getattr(sent, part)).all(), part
    torque = resulting_torque(sent, position, velocity)
    scale = 1e-9 * (np.abs(sent.effort) + 1.0)
    assert (np.abs(torque) <= ROBOT.torque + scale).all()
    assert (sent.position >= ROBOT.lower - 1e-12).all()
    assert (sent.position <= ROBOT.upper + 1e-12).all()
    assert (np.abs(sent.velocity) <= ROBOT.speed).all()
    assert (sent.proportional >= 0).all() and (sent.derivative >= 0).all()


def test_a_harmless_command_passes_unchanged():
    guard = Guard(GuardConfig(), ROBOT)
    wanted = holding()
    wanted[2] = 0.1 * ROBOT.torque
    sent = guard.step(wanted, STAND, ZERO, DT)
    for row, part in zip(
        wanted,
        ("position", "velocity", "effort", "proportional", "derivative"),
        strict=True,
    ):
        np.testing.assert_allclose(getattr(sent, part), row, atol=1e-9)
    assert not guard.flags.any()


def test_gains_and_feed_forward_together_cannot_exceed_the_torque_limit():
    # Each of the three is harmless alone; together they would double the limit.
    guard = Guard(GuardConfig(torque_rise=0.0), ROBOT)
    wanted = holding(STAND + 0.7 * ROBOT.torque / ROBOT.kp)
    wanted[0] = np.clip(wanted[0], ROBOT.lower, ROBOT.upper)
    wanted[2] = 0.9 * ROBOT.torque
    sent = guard.step(wanted, STAND, ZERO, DT)
    torque = resulting_torque(sent, STAND, ZERO)
    assert (torque <= ROBOT.torque + 1e-9).all()
    beyond = ROBOT.kp * (wanted[0] - STAND) + wanted[2] > ROBOT.torque
    assert beyond.sum() > N / 2
    assert ((guard.flags & Flag.TORQUE) > 0)[beyond].all()


def test_a_joint_that_nobody_commands_is_held_where_it_was():
    guard = Guard(GuardConfig(torque_rise=0.0), ROBOT)
    guard.step(nobody(), STAND, ZERO, DT)
    sagged = np.clip(STAND + 0.01, ROBOT.lower, ROBOT.upper)
    sent = guard.step(nobody(), sagged, ZERO, DT)
    np.testing.assert_allclose(sent.position, STAND)
    np.testing.assert_allclose(sent.proportional, ROBOT.kp)
    assert (guard.flags & Flag.HELD).all()


def test_a_joint_taken_back_is_held_at_its_new_place():
    guard = Guard(GuardConfig(torque_rise=0.0), ROBOT)
    guard.step(nobody(), STAND, ZERO, DT)
    guard.step(holding(), STAND, ZERO, DT)
    moved = np.clip(STAND + 0.2, ROBOT.lower, ROBOT.upper)
    sent = guard.step(nobody(), moved, ZERO, DT)
    np.testing.assert_allclose(sent.position, moved)


def test_one_infinite_number_holds_only_its_joint():
    guard = Guard(GuardConfig(torque_rise=0.0), ROBOT)
    wanted = holding()
    wanted[2, 3] = np.inf
    sent = guard.step(wanted, STAND, ZERO, DT)
    assert guard.flags[3] & Flag.NOT_FINITE and guard.flags[3] & Flag.HELD
    assert not (np.delete(guard.flags, 3) & Flag.HELD).any()
    assert sent.position[3] == STAND[3]


def test_position_alone_gets_the_robots_gains_and_effort_alone_gets_none():
    guard = Guard(GuardConfig(torque_rise=0.0), ROBOT)
    wanted = nobody()
    wanted[0, 0] = STAND[0]
    wanted[2, 1] = 5.0
    wanted[1, 2] = 0.1
    sent = guard.step(wanted, STAND, ZERO, DT)
    assert (sent.proportional[0], sent.derivative[0]) == (ROBOT.kp[0], ROBOT.kd[0])
    assert (sent.proportional[1], sent.derivative[1]) == (0.0, 0.0)
    assert sent.effort[1] == 5.0
    assert (sent.proportional[2], sent.derivative[2]) == (0.0, ROBOT.kd[2])


def test_the_soft_stop_brakes_before_the_hard_one():
    guard = Guard(GuardConfig(soft_gain=10.0, torque_rise=0.0), ROBOT)
    near = ROBOT.upper - 0.05
    wanted = holding(near)
    wanted[1] = ROBOT.speed
    sent = guard.step(wanted, near, ZERO, DT)
    np.testing.assert_allclose(sent.velocity, 0.5)
    assert (guard.flags & Flag.SOFT_STOP).all()
    past = guard.step(wanted, ROBOT.upper + 0.01, ZERO, DT)
    np.testing.assert_allclose(past.velocity, 0.0)


def test_torque_rises_no_faster_than_declared():
    guard = Guard(GuardConfig(torque_rise=0.02), ROBOT)
    guard.step(holding(), STAND, ZERO, DT)
    wanted = nobody()
    wanted[2] = ROBOT.torque
    previous = np.zeros(N)
    for _ in range(9):
        sent = guard.step(wanted, STAND, ZERO, DT)
        rise = sent.effort - previous
        assert (rise <= ROBOT.torque * DT / 0.02 + 1e-9).all()
        previous = sent.effort
    assert (guard.flags & Flag.TORQUE_RATE).all()
    for _ in range(2):
        sent = guard.step(wanted, STAND, ZERO, DT)
    np.testing.assert_allclose(sent.effort, ROBOT.torque)


def test_power_is_bounded_for_the_whole_robot_and_braking_is_free():
    guard = Guard(GuardConfig(power_limit=500.0, torque_rise=0.0), ROBOT)
    wanted = nobody()
    wanted[2] = 0.5 * ROBOT.torque
    velocity = np.full(N, 2.0)
    velocity[0] = -2.0  # this one brakes
    sent = guard.step(wanted, STAND, velocity, DT)
    power = sent.effort * velocity
    assert power.sum() == pytest.approx(500.0)
    assert sent.effort[0] == 0.5 * ROBOT.torque[0]
    assert guard.flags[1] & Flag.POWER and not guard.flags[0] & Flag.POWER


def test_counts_add_up():
    guard = Guard(GuardConfig(), ROBOT)
    for _ in range(7):
        guard.step(nobody(), STAND, ZERO, DT)
    assert (guard.counts[0] == 7).all()
    assert guard.counts[1:].sum() == 0
