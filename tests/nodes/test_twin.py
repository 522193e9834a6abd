# SPDX-License-Identifier: Apache-2.0
"""What a robot that stands in the simulated workshop tells the graph."""

import math
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from control_msgs.msg import DynamicJointState
from geometry_msgs.msg import WrenchStamped
from mujoco_ros2_control_msgs.msg import FreeJointStateArray
from nav_msgs.msg import Odometry
from sensor_msgs.msg import BatteryState, Imu, JointState
from std_msgs.msg import String

from renxing.nodes import convert
from renxing.spatial import rotation_from_quat_xyzw
from renxing_msgs.msg import TwinStatus

pytestmark = pytest.mark.ros

PUBLISHED = {
    "battery_state": "sensor_msgs/msg/BatteryState",
    "controller_manager/activity": (
        "controller_manager_msgs/msg/ControllerManagerActivity"
    ),
    "controller_manager/transition_event": "lifecycle_msgs/msg/TransitionEvent",
    "dynamic_joint_states": "control_msgs/msg/DynamicJointState",
    "ground_truth/odom": "nav_msgs/msg/Odometry",
    "imu/data": "sensor_msgs/msg/Imu",
    "joint_states": "sensor_msgs/msg/JointState",
    "tf": "tf2_msgs/msg/TFMessage",
    "twin/free_joint_states": "mujoco_ros2_control_msgs/msg/FreeJointStateArray",
    "twin/status": "renxing_msgs/msg/TwinStatus",
    "wrench/l_sole": "geometry_msgs/msg/WrenchStamped",
    "wrench/r_sole": "geometry_msgs/msg/WrenchStamped",
}
NAMED = {  # by the controllers, as in ros2_controllers
    "pelvis_imu/imu": "sensor_msgs/msg/Imu",
    "l_sole/wrench": "geometry_msgs/msg/WrenchStamped",
    "l_sole/wrench_filtered": "geometry_msgs/msg/WrenchStamped",
    "r_sole/wrench": "geometry_msgs/msg/WrenchStamped",
    "r_sole/wrench_filtered": "geometry_msgs/msg/WrenchStamped",
}


def test_topics_and_their_types(stack) -> None:
    node, wanted = stack.node, PUBLISHED | NAMED
    start = f"/{stack.namespace}/"

    def of_node(ask) -> dict[str, str]:
        """Return topics in the namespace, without it."""
        found = ask("controller_manager", f"/{stack.namespace}")
        return {n.removeprefix(start): k[0] for n, k in found if n.startswith(start)}

    # The names of nodes and their topics become known one after the other.
    stack.wait(lambda: "controller_manager" in node.get_node_names(), "the node")
    ask = node.get_publisher_names_and_types_by_node
    stack.wait(lambda: wanted.keys() <= of_node(ask).keys(), "its topics")
    assert of_node(ask) == wanted
    ask = node.get_subscriber_names_and_types_by_node
    stack.wait(lambda: "emergency_stop" in of_node(ask), "its subscription")
    assert of_node(ask)["emergency_stop"] == "std_msgs/msg/Bool"


def test_joint_states_stand_in_the_order_of_the_robot(stack, robot) -> None:
    message = stack.collect(JointState, "joint_states", 50)[-1]
    assert tuple(message.name) == robot.joints
    away = np.abs(np.array(message.position) - robot.posture("stand"))
    assert away.max() < 0.1
    assert np.abs(message.velocity).max() < 1.0
    assert (np.abs(message.effort) <= robot.torque).all()


def test_dynamic_joint_states_have_all_interfaces(stack, robot) -> None:
    message = stack.one(DynamicJointState, "dynamic_joint_states")
    parts = dict(zip(message.joint_names, message.interface_values, strict=True))
    for values in (parts[joint] for joint in robot.joints):
        assert tuple(values.interface_names) == convert.INTERFACES
        assert len(values.values) == 4
        assert 20.0 <= values.values[3] < 60.0


def test_the_soles_carry_the_weight(stack, robot) -> None:
    # Settled, and the mean of many, for each sample has noise.
    total = 0.0
    for foot, side in zip(robot.description.feet, "lr", strict=True):
        felt = stack.collect(WrenchStamped, f"wrench/{side}_sole", 100)
        assert felt[0].header.frame_id == f"{foot.force_torque}_frame"
        total += np.mean([message.wrench.force.z for message in felt])
    # What is below the cell, the rubber plates, presses on the ground unfelt.
    assert total == pytest.approx(robot.mass * 9.81, rel=0.05)


@pytest.mark.parametrize("topic", ["imu/data", "pelvis_imu/imu"])
def test_the_imu_feels_gravity_upward(stack, topic) -> None:
    samples = stack.collect(Imu, topic, 100)
    in_odom = []
    for sample in samples:
        q = sample.orientation
        rotation = rotation_from_quat_xyzw(np.array([q.x, q.y, q.z, q.w]))
        in_odom.append(rotation @ convert.from_vector(sample.linear_acceleration))
    mean = np.mean(in_odom, axis=0)
    assert mean == pytest.approx([0.0, 0.0, 9.81], abs=0.3)
    assert samples[0].header.frame_id.endswith("imu_frame")


def test_odometry_knows_where_the_base_stands(stack, robot) -> None:
    message = stack.one(Odometry, "ground_truth/odom")
    assert message.header.frame_id == "odom"
    assert message.child_frame_id == robot.description.base
    height = robot.standing_base(robot.posture("stand")).translation[2]
    assert message.pose.pose.position.z == pytest.approx(height, abs=0.02)


def test_battery_status_and_objects(stack) -> None:
    battery = stack.one(BatteryState, "battery_state")
    assert battery.present and battery.current < 0.0
    assert 0.9 < battery.percentage <= 1.0
    assert 42.0 < battery.voltage < 54.6
    status = stack.one(TwinStatus, "twin/status")
    assert (status.robot, status.world) == ("rx1", "workshop")
    assert not status.paused
    assert status.real_time_factor >= 0.0
    things = stack.one(FreeJointStateArray, "twin/free_joint_states")
    names = [free.name for free in things.free_joints]
    assert names == ["red_box", "blue_can", "green_ball", "parcel", "crate"]
    assert all(math.isfinite(f.pose.pose.position.z) for f in things.free_joints)


def test_status_and_description_are_kept_for_late_comers(stack, robot) -> None:
    assert stack.latched(TwinStatus, "twin/status").robot == "rx1"
    text = stack.latched(String, "robot_description").data
    root = ElementTree.fromstring(text)
    actuated = {j.get("name") for j in root.iter("joint") if j.get("type") != "fixed"}
    assert set(robot.joints) <= actuated
    assert "ros2_control" in text
