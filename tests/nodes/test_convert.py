# SPDX-License-Identifier: Apache-2.0
"""Signals to messages and back, through the wire where that is the question."""

import numpy as np
import pytest
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Pose
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import BatteryState, Imu, JointState

from renxing import signals
from renxing.errors import ConfigError
from renxing.nodes import convert
from renxing.robot.description import Imu as ImuDescription
from renxing.spatial import SE3, rotation_from_quat_xyzw

pytestmark = pytest.mark.ros

STAMP = convert.to_time(12.5)


def poses() -> list[SE3]:
    random = np.random.default_rng(5)
    quaternions = random.normal(size=(20, 4))
    quaternions /= np.linalg.norm(quaternions, axis=1, keepdims=True)
    moved = [
        SE3(rotation_from_quat_xyzw(q), random.normal(size=3)) for q in quaternions
    ]
    half = np.diag([1.0, -1.0, -1.0])  # where the quaternion's w is 0
    return [SE3.Identity(), SE3(half, np.zeros(3)), *moved]


def joint_state() -> signals.JointState:
    random = np.random.default_rng(6)
    return signals.JointState(
        stamp=12.5,
        position=random.normal(size=3),
        velocity=random.normal(size=3),
        effort=random.normal(size=3),
        temperature=random.normal(size=3),
    )


@pytest.mark.parametrize("seconds", [0.0, 1e-9, 0.999999999, 1.0, 1795372062.123456])
def test_times(seconds) -> None:
    message = convert.to_time(seconds)
    assert convert.to_seconds(message) == pytest.approx(seconds, rel=0, abs=1e-6)
    assert 0 <= message.nanosec < 10**9


def test_a_time_that_rounds_up_to_the_next_second() -> None:
    message = convert.to_time(1.9999999999)
    assert (message.sec, message.nanosec) == (2, 0)
    assert convert.to_seconds(Duration(sec=-1, nanosec=5 * 10**8)) == -0.5


def test_poses_and_transforms_there_and_back() -> None:
    for pose in poses():
        assert convert.from_pose(convert.to_pose(pose)).isApprox(pose, 1e-9)
        message = convert.to_transform(STAMP, "odom", "base_link", pose)
        assert (message.header.frame_id, message.child_frame_id) == (
            "odom",
            "base_link",
        )
        assert convert.from_transform(message.transform).isApprox(pose, 1e-9)


def test_a_known_turn_has_the_known_quaternion() -> None:
    yaw = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    q = convert.to_quaternion(yaw)
    assert [q.x, q.y, q.z, q.w] == pytest.approx([0.0, 0.0, np.sqrt(0.5), np.sqrt(0.5)])


@pytest.mark.parametrize(
    ("field", "value"),
    [("w", 0.0), ("w", 2.0), ("x", float("nan")), ("z", float("inf"))],
)
def test_poses_that_are_none(field, value) -> None:
    pose = Pose()
    setattr(pose.orientation, field, value)
    with pytest.raises(ConfigError):
        convert.from_pose(pose)


def test_a_position_that_is_none() -> None:
    pose = Pose()
    pose.position.y = float("nan")
    with pytest.raises(ConfigError, match="finite"):
        convert.from_pose(pose)


def test_joint_states_over_the_wire() -> None:
    state = joint_state()
    message = convert.to_joint_state(STAMP, ("a", "b", "c"), state)
    message = deserialize_message(serialize_message(message), JointState)
    assert message.name == ["a", "b", "c"]
    assert convert.to_seconds(message.header.stamp) == 12.5
    for part in ("position", "velocity", "effort"):
        assert list(getattr(message, part)) == list(getattr(state, part))


def test_dynamic_joint_states_row_by_row() -> None:
    state = joint_state()
    message = convert.to_dynamic_joint_state(STAMP, ("a", "b", "c"), state)
    for index, values in enumerate(message.interface_values):
        for name, value in zip(values.interface_names, values.values, strict=True):
            assert value == getattr(state, name)[index]


def test_an_imu_with_its_covariances() -> None:
    imu = ImuDescription(
        name="imu",
        frame="imu_frame",
        topic="imu/data",
        gyro_noise=0.2,
        gyro_bias_walk=0.0,
        accel_noise=0.3,
        accel_bias_walk=0.0,
        attitude_noise=0.1,
    )
    sample = signals.ImuSample(
        stamp=12.5,
        rotation_sensor_to_odom=np.eye(3),
        angular_velocity=np.array([1.0, 2.0, 3.0]),
        specific_force=np.array([0.0, 0.0, 9.81]),
    )
    message = convert.to_imu(STAMP, imu, sample)
    message = deserialize_message(serialize_message(message), Imu)
    assert message.header.frame_id == "imu_frame"
    assert message.linear_acceleration.z == 9.81
    assert message.angular_velocity.y == 2.0
    for part, deviation in (
        ("orientation", 0.1),
        ("angular_velocity", 0.2),
        ("linear_acceleration", 0.3),
    ):
        covariance = getattr(message, f"{part}_covariance").reshape(3, 3)
        assert covariance == pytest.approx(np.eye(3) * deviation**2)


def test_a_battery_that_empties_has_a_negative_current() -> None:
    sample = signals.BatterySample(stamp=12.5, voltage=50.0, current=4.0, charge=0.5)
    message = convert.to_battery(STAMP, 18.0, sample)
    message = deserialize_message(serialize_message(message), BatteryState)
    assert (message.current, message.charge, message.percentage) == (-4.0, 9.0, 0.5)
    assert np.isnan(message.temperature)


def test_odometry_has_its_twist_in_the_body() -> None:
    state = signals.BaseState(
        stamp=12.5,
        transform_base_to_odom=SE3(np.eye(3), np.array([1.0, 2.0, 3.0])),
        linear_velocity=np.array([0.1, 0.2, 0.3]),
        angular_velocity=np.array([0.4, 0.5, 0.6]),
    )
    message = convert.to_odometry(STAMP, "odom", "base_link", state)
    assert (message.header.frame_id, message.child_frame_id) == ("odom", "base_link")
    assert message.pose.pose.position.z == 3.0
    assert message.twist.twist.linear.x == 0.1
    assert message.twist.twist.angular.z == 0.6
