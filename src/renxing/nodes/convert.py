# SPDX-License-Identifier: Apache-2.0
"""Signals <-> ROS messages; the only file that touches message fields of both.

Vectors go into messages as `array.array`: any other sequence is copied element by
element by rclpy.
"""

import array
from collections.abc import Sequence

import numpy as np
from builtin_interfaces.msg import Duration, Time
from control_msgs.msg import DynamicJointState, InterfaceValue
from geometry_msgs.msg import (
    Point,
    Pose,
    Quaternion,
    Transform,
    TransformStamped,
    Vector3,
    WrenchStamped,
)
from nav_msgs.msg import Odometry
from sensor_msgs.msg import BatteryState, Imu, JointState
from std_msgs.msg import Header

from renxing import signals
from renxing.robot.description import Imu as ImuDescription
from renxing.spatial import (
    SE3,
    Array,
    quat_xyzw_from_rotation,
    transform_from_quat_xyzw,
)

INTERFACES = ("position", "velocity", "effort", "temperature")


def to_time(stamp: float) -> Time:
    """Return a stamp [s] as a message."""
    nanoseconds = round(stamp * 1e9)
    return Time(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def to_seconds(span: Duration | Time) -> float:
    """Return a duration or time in seconds."""
    return float(span.sec + span.nanosec * 1e-9)


def to_vector(values: Array) -> Vector3:
    """Return three numbers as a vector message."""
    return Vector3(x=float(values[0]), y=float(values[1]), z=float(values[2]))


def from_vector(message: Vector3 | Point) -> Array:
    """Return a vector or point message as an array, shape (3,)."""
    return np.array([message.x, message.y, message.z])


def to_quaternion(rotation: Array) -> Quaternion:
    """Return a rotation matrix as a quaternion message."""
    x, y, z, w = (float(value) for value in quat_xyzw_from_rotation(rotation))
    return Quaternion(x=x, y=y, z=z, w=w)


def to_pose(transform: SE3) -> Pose:
    """Return a pose message."""
    x, y, z = (float(value) for value in transform.translation)
    pose = Pose(orientation=to_quaternion(transform.rotation))
    pose.position.x, pose.position.y, pose.position.z = x, y, z
    return pose


def from_pose(pose: Pose) -> SE3:
    """Return the transform of a pose message.

    Raises:
        ConfigError: If its numbers are not finite or its quaternion is not of length 1.
    """
    q = pose.orientation
    return transform_from_quat_xyzw(from_vector(pose.position), [q.x, q.y, q.z, q.w])


def to_transform(
    stamp: Time, parent: str, child: str, transform_child_to_parent: SE3
) -> TransformStamped:
    """Return a tf message."""
    message = TransformStamped(
        header=Header(stamp=stamp, frame_id=parent), child_frame_id=child
    )
    message.transform.translation = to_vector(transform_child_to_parent.translation)
    message.transform.rotation = to_quaternion(transform_child_to_parent.rotation)
    return message


def from_transform(message: Transform) -> SE3:
    """Return a transform message as a transform.

    Raises:
        ConfigError: If its numbers are not finite or its quaternion is not of length 1.
    """
    q = message.rotation
    translation = from_vector(message.translation)
    return transform_from_quat_xyzw(translation, [q.x, q.y, q.z, q.w])


def to_joint_state(
    stamp: Time, names: Sequence[str], state: signals.JointState
) -> JointState:
    """Return the joint states; the header's frame is empty, as in ros2_control."""
    return JointState(
        header=Header(stamp=stamp),
        name=list(names),
        position=array.array("d", state.position.tobytes()),
        velocity=array.array("d", state.velocity.tobytes()),
        effort=array.array("d", state.effort.tobytes()),
    )


def to_dynamic_joint_state(
    stamp: Time, names: Sequence[str], state: signals.JointState
) -> DynamicJointState:
    """Return the joint states with all their interfaces."""
    rows = np.column_stack([getattr(state, name) for name in INTERFACES])
    interfaces = list(INTERFACES)
    return DynamicJointState(
        header=Header(stamp=stamp),
        joint_names=list(names),
        interface_values=[
            InterfaceValue(
                interface_names=interfaces, values=array.array("d", row.tobytes())
            )
            for row in rows
        ],
    )


def to_imu(stamp: Time, imu: ImuDescription, sample: signals.ImuSample) -> Imu:
    """Return an IMU message with the covariances of its description."""

    def diagonal(deviation: float) -> Array:
        return np.diag([deviation**2] * 3).ravel()

    return Imu(
        header=Header(stamp=stamp, frame_id=imu.frame),
        orientation=to_quaternion(sample.rotation_sensor_to_odom),
        angular_velocity=to_vector(sample.angular_velocity),
        linear_acceleration=to_vector(sample.specific_force),
        orientation_covariance=diagonal(imu.attitude_noise),
        angular_velocity_covariance=diagonal(imu.gyro_noise),
        linear_acceleration_covariance=diagonal(imu.accel_noise),
    )


def to_wrench(stamp: Time, frame: str, sample: signals.WrenchSample) -> WrenchStamped:
    """Return a wrench message."""
    message = WrenchStamped(header=Header(stamp=stamp, frame_id=frame))
    message.wrench.force = to_vector(sample.force)
    message.wrench.torque = to_vector(sample.torque)
    return message


def to_battery(
    stamp: Time, capacity: float, sample: signals.BatterySample
) -> BatteryState:
    """Return a battery message; current is negative when the pack empties (REP-147).

    Args:
        stamp: Capture time.
        capacity: Of a full pack [A·h].
        sample: What its monitor reports.
    """
    nothing = float("nan")
    return BatteryState(
        header=Header(stamp=stamp),
        voltage=float(sample.voltage),
        temperature=nothing,
        current=-float(sample.current),
        charge=float(sample.charge * capacity),
        capacity=float(capacity),
        design_capacity=float(capacity),
        percentage=float(sample.charge),
        power_supply_status=BatteryState.POWER_SUPPLY_STATUS_DISCHARGING,
        power_supply_health=BatteryState.POWER_SUPPLY_HEALTH_GOOD,
        power_supply_technology=BatteryState.POWER_SUPPLY_TECHNOLOGY_LION,
        present=True,
    )


def to_odometry(
    stamp: Time, parent: str, child: str, state: signals.BaseState
) -> Odometry:
    """Return an odometry message; its twist is in the child's frame."""
    message = Odometry(
        header=Header(stamp=stamp, frame_id=parent), child_frame_id=child
    )
    message.pose.pose = to_pose(state.transform_base_to_odom)
    message.twist.twist.linear = to_vector(state.linear_velocity)
    message.twist.twist.angular = to_vector(state.angular_velocity)
    return message
