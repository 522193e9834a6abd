# SPDX-License-Identifier: Apache-2.0
"""Joints on buses: the default, a robot's own section, signs, zeros and ratios."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from renxing.actuation.servo.joint_map import servo_map
from renxing.errors import ConfigError
from renxing.robot.servo import Servo, ServoBus, ServoJoint


def with_servo(robot, **values):
    servo = Servo(**values)
    description = msgspec.structs.replace(robot.description, servo=servo)
    return replace(robot, description=description)


def test_every_limb_has_a_bus_and_every_joint_a_drive(robot):
    buses = servo_map(robot)
    assert [bus.name for bus in buses] == [
        "left_leg",
        "right_leg",
        "torso",
        "left_arm",
        "right_arm",
    ]
    assert sorted(j for bus in buses for j in bus.joints) == sorted(robot.joints)
    for bus in buses:
        assert tuple(robot.joints[i] for i in bus.index) == bus.joints
        assert sum(part.stop - part.start for part in bus.segments) == len(bus.joints)
        assert all(part.stop - part.start <= 7 for part in bus.segments)


def test_an_arm_with_a_hand_takes_two_frames_and_a_leg_one(rx1):
    counts = {bus.name: len(bus.segments) for bus in servo_map(rx1)}
    assert counts["left_leg"] == counts["torso"] == 1
    assert counts["left_arm"] == 2


KNEE = "left_knee_joint"


@pytest.fixture
def turned(rx1):
    """A knee whose drive turns the other way, three times as fast, from 0.2 rad."""
    joints = {KNEE: ServoJoint(sign=-1, ratio=3.0, zero=0.2)}
    bus = next(
        b for b in servo_map(with_servo(rx1, joints=joints)) if b.name == "left_leg"
    )
    return bus, bus.joints.index(KNEE)


def test_sign_zero_and_ratio_change_the_drive_s_numbers(turned):
    bus, knee = turned
    rows = np.tile([[0.5], [1.0], [30.0], [900.0], [9.0]], (1, len(bus.joints)))
    there = bus.command_to_drive(rows)
    assert there[:, knee] == pytest.approx([-0.9, -3.0, -10.0, 100.0, 1.0])
    assert there[:, knee - 1] == pytest.approx(rows[:, knee - 1])


def test_both_sides_give_the_same_torque_and_power(turned):
    bus, _ = turned
    random = np.random.default_rng(1)
    command = random.uniform(0.1, 1.0, (5, len(bus.joints)))
    state = random.uniform(-1.0, 1.0, (3, len(bus.joints)))

    def law(rows, q):
        return rows[2] + rows[3] * (rows[0] - q[0]) + rows[4] * (rows[1] - q[1])

    drive = bus.command_to_drive(command)
    moved = bus.state_to_drive(state)
    assert law(drive, moved) / bus.scale[2] == pytest.approx(law(command, state))
    assert bus.command_to_joint(drive) == pytest.approx(command)
    assert bus.state_to_joint(moved) == pytest.approx(state)
    assert moved[1] * moved[2] == pytest.approx(state[1] * state[2])


def test_what_nobody_commands_has_no_stiffness(turned):
    bus, knee = turned
    rows = np.tile([[0.5], [1.0], [30.0], [900.0], [9.0]], (1, len(bus.joints)))
    rows[0, knee] = np.nan
    assert bus.command_to_drive(rows)[:, knee] == pytest.approx([0, -3, -10, 0, 1])
    rows[:] = np.nan
    assert not bus.command_to_drive(rows).any()


@pytest.mark.parametrize(
    ("buses", "joints", "message"),
    [
        ([ServoBus("a", ("left_leg",))], {}, "on no bus is right_hip_yaw_joint"),
        ([ServoBus("a", ("tail",))], {}, "no group 'tail'"),
        ((), {"tail": ServoJoint()}, "there is no joint tail"),
        (
            [ServoBus("a", ("left_leg",)), ServoBus("a", ("left_leg",))],
            {},
            "on no bus",
        ),
    ],
)
def test_a_wrong_map_is_refused(rx1, buses, joints, message):
    with pytest.raises(ConfigError, match=message):
        servo_map(with_servo(rx1, buses=tuple(buses), joints=joints))


def test_a_joint_on_two_buses_is_refused(rx1):
    everything = ServoBus("all", tuple(rx1.description.groups))
    again = ServoBus("more", joints=(KNEE,))
    with pytest.raises(ConfigError, match=f"more than one bus has {KNEE}"):
        servo_map(with_servo(rx1, buses=(everything, again)))
