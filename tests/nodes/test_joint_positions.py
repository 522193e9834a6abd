# SPDX-License-Identifier: Apache-2.0
"""Joint positions are read as the message has them, whatever comes after what."""

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState

from renxing.nodes.joint_positions import JointPositions
from renxing.robot import Robot


def message(
    names: list[str], positions: list[float], stamp: int = 3, frame: str = ""
) -> bytes:
    made = JointState(name=names, position=positions)
    made.velocity = [0.5] * len(names)
    made.header.stamp = Time(sec=stamp, nanosec=500_000_000)
    made.header.frame_id = frame
    return bytes(serialize_message(made))


@pytest.mark.parametrize("frame", ["", "a", "base_link", "odd_one"])
@pytest.mark.parametrize("shift", range(4))
def test_every_alignment_is_read(rx1: Robot, frame: str, shift: int) -> None:
    found = JointPositions(rx1)
    names = [*rx1.joints[shift:], *("x" * (k + 1) for k in range(shift))]
    rng = np.random.default_rng(shift)
    for stamp in range(4):
        values = rng.normal(size=len(names))
        found.read(message(names, values.tolist(), stamp, frame))
        assert found.stamp == stamp + 0.5
        known = len(rx1.joints) - shift
        assert np.array_equal(found.positions[shift:], values[:known])


def test_messages_of_different_joints_do_not_disturb_each_other(rx1: Robot) -> None:
    found = JointPositions(rx1)
    first, second = list(rx1.joints[:5]), list(rx1.joints[5:9])
    for k in range(3):
        found.read(message(first, [k + 0.1] * 5))
        found.read(message(second, [k + 0.2] * 4))
    assert np.array_equal(found.positions[:5], [2.1] * 5)
    assert np.array_equal(found.positions[5:9], [2.2] * 4)
    assert not found.positions[9:].any()


def test_order_matters_by_name_alone_and_what_is_not_finite_is_left(rx1: Robot) -> None:
    found = JointPositions(rx1)
    names = [rx1.joints[2], "tail", rx1.joints[0]]
    found.read(message(names, [1.0, 9.0, 2.0]))
    found.read(message(names, [3.0, 9.0, float("nan")]))
    assert found.positions[[0, 1, 2]].tolist() == [2.0, 0.0, 3.0]


def test_a_message_without_joints_changes_nothing(rx1: Robot) -> None:
    found = JointPositions(rx1)
    found.read(message([], []))
    found.read(message([rx1.joints[0]], []))
    assert not found.positions.any()
