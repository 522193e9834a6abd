# SPDX-License-Identifier: Apache-2.0
"""What a drive decides by itself."""

import numpy as np
import pytest

from renxing.actuation.servo.firmware import Firmware, FirmwareConfig
from renxing.actuation.servo.table import DriveState, Fault, Order

ALL = np.array([True, True])
FIRST = np.array([True, False])
COLD, HOT = np.array([30.0, 30.0]), np.array([95.0, 30.0])
POSITION = np.array([0.3, -0.4])
STIFF = np.tile([[0.1], [0.0], [2.0], [50.0], [1.0]], (1, 2))
DAMPING = np.array([7.0, 8.0])


@pytest.fixture
def drives():
    config = FirmwareConfig(command_timeout=0.02, hold_time=0.3, damp_time=0.5)
    return Firmware(config, DAMPING, np.array([90.0, 90.0]))


def enabled(drives):
    assert drives.order(Order.ENABLE, ALL, POSITION, 0.0).all()
    drives.setpoint(slice(0, 2), STIFF, 0.0)
    return drives


def test_without_power_setpoints_do_nothing(drives):
    drives.setpoint(slice(0, 2), STIFF, 0.0)
    assert not drives.step(COLD, 0.0).any()
    assert set(drives.state) == {DriveState.DISABLED}


def test_with_power_it_obeys_the_setpoints_after_that_only(drives):
    drives.setpoint(slice(0, 2), STIFF, 0.0)
    drives.order(Order.ENABLE, FIRST, POSITION, 0.001)
    assert not drives.step(COLD, 0.001).any()
    drives.setpoint(slice(0, 2), STIFF, 0.002)
    rows = drives.step(COLD, 0.002)
    assert rows[:, 0].tolist() == STIFF[:, 0].tolist()
    assert not rows[:, 1].any()


def test_silence_holds_at_rest_and_a_setpoint_ends_that(drives):
    moving = STIFF.copy()
    moving[1] = 3.0
    enabled(drives)
    drives.setpoint(slice(0, 2), moving, 0.0)
    assert drives.step(COLD, 0.0199).tolist() == moving.tolist()
    assert drives.step(COLD, 0.0201).tolist() == STIFF.tolist()
    assert drives.step(COLD, 0.31).tolist() == STIFF.tolist()
    assert set(drives.state) == {DriveState.HOLDING}
    assert set(drives.fault) == {Fault.NONE}
    drives.setpoint(slice(0, 1), moving[:, :1], 0.31)
    assert drives.step(COLD, 0.31)[1].tolist() == [3.0, 0.0]
    assert drives.state.tolist() == [DriveState.ENABLED, DriveState.HOLDING]


def test_a_drive_that_holds_obeys_disable_and_heat(drives):
    enabled(drives)
    drives.step(COLD, 0.1)
    assert drives.order(Order.DISABLE, np.array([False, True]), POSITION, 0.1).any()
    rows = drives.step(HOT, 0.1)
    assert rows.tolist() == [[0.0, 0.0]] * 4 + [[DAMPING[0], 0.0]]
    assert drives.state.tolist() == [DriveState.DAMPING, DriveState.DISABLED]


def test_a_long_silence_damps_then_lets_go_and_stays_a_fault(drives):
    enabled(drives)
    rows = drives.step(COLD, 0.3201)
    assert not rows[:4].any()
    assert rows[4].tolist() == DAMPING.tolist()
    assert set(drives.state) == {DriveState.DAMPING}
    drives.setpoint(slice(0, 2), STIFF, 0.4)  # comes back: too late
    assert drives.step(COLD, 0.4)[4].tolist() == DAMPING.tolist()
    assert not drives.step(COLD, 0.83).any()
    assert set(drives.state) == {DriveState.FAULT}
    assert set(drives.fault) == {Fault.TIMEOUT}
    assert not drives.order(Order.ENABLE, ALL, POSITION, 0.9).any()


def test_a_cleared_fault_allows_power_again(drives):
    enabled(drives)
    drives.step(COLD, 0.33)
    drives.step(COLD, 1.0)
    assert drives.order(Order.CLEAR_FAULT, ALL, POSITION, 1.0).all()
    assert set(drives.state) == {DriveState.DISABLED}
    assert drives.order(Order.ENABLE, ALL, POSITION, 1.0).all()
    assert not drives.step(COLD, 1.0).any()  # limp until a fresh setpoint
    drives.setpoint(slice(0, 2), STIFF, 1.001)
    assert drives.step(COLD, 1.001).tolist() == STIFF.tolist()


def test_heat_is_a_fault_of_that_drive_and_cannot_be_cleared_while_hot(drives):
    enabled(drives)
    rows = drives.step(HOT, 0.001)
    assert rows[:, 0].tolist() == [0.0, 0.0, 0.0, 0.0, DAMPING[0]]
    assert rows[:, 1].tolist() == STIFF[:, 1].tolist()
    assert drives.fault.tolist() == [Fault.OVER_TEMPERATURE, Fault.NONE]
    assert drives.order(Order.CLEAR_FAULT, ALL, POSITION, 0.01).tolist() == [
        False,
        True,
    ]
    drives.step(COLD, 0.012)
    assert drives.order(Order.CLEAR_FAULT, ALL, POSITION, 0.02).all()
    assert drives.state.tolist() == [DriveState.DISABLED, DriveState.ENABLED]


def test_a_disabled_drive_has_no_torque_at_once(drives):
    enabled(drives)
    assert drives.order(Order.DISABLE, FIRST, POSITION, 0.001).tolist() == [True, False]
    rows = drives.step(COLD, 0.001)
    assert not rows[:, 0].any()
    assert rows[:, 1].tolist() == STIFF[:, 1].tolist()


def test_zero_is_set_without_power_only(drives):
    enabled(drives)
    drives.order(Order.DISABLE, FIRST, POSITION, 0.001)
    assert drives.order(Order.SET_ZERO, ALL, POSITION, 0.002).tolist() == [True, False]
    assert drives.offset.tolist() == [0.3, 0.0]
