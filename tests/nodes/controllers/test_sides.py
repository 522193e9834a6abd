# SPDX-License-Identifier: Apache-2.0
"""The other controllers as their clients see them."""

import array
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from control_msgs.action import ParallelGripperCommand
from control_msgs.msg import (
    DynamicInterfaceGroupValues,
    DynamicJointState,
    InterfaceValue,
)
from geometry_msgs.msg import WrenchStamped
from rclpy.action import ActionClient
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger

from renxing.control import broadcasters, forward_controller
from renxing.control.gpio_controller import GpioCommandController
from renxing.control.gripper_controller import GripperActionController
from renxing.control.impedance_controller import JointImpedanceController
from renxing.control.posture_controller import PostureController
from renxing.errors import ConfigError
from renxing.nodes.controllers import broadcasters as sides
from renxing.nodes.controllers.forward import ForwardCommandSide
from renxing.nodes.controllers.gpio import GpioCommandSide
from renxing.nodes.controllers.gripper import GripperActionSide
from renxing.nodes.controllers.impedance import JointImpedanceSide
from renxing.nodes.controllers.posture import PostureSide
from renxing.nodes.controllers.side import LoopClock
from renxing.robot import Robot
from renxing_msgs.srv import GoToPosture

ARM = ["left_elbow_joint", "left_wrist_yaw_joint"]


@pytest.mark.ros
def test_forward(pair: Callable[..., Any]) -> None:
    made = pair(
        forward_controller.ForwardCommandController,
        ForwardCommandSide,
        {"joints": ARM, "interface_name": "position"},
    )
    publisher = made.talk(Float64MultiArray, "unit/commands")
    for wrong in ([1.0], [1.0, float("nan")]):
        publisher.publish(Float64MultiArray(data=wrong))
    publisher.publish(Float64MultiArray(data=[0.1, 0.2]))
    made.run(lambda: made.commands.tolist() == [0.1, 0.2], "the command")


@pytest.mark.ros
def test_joint_states(pair: Callable[..., Any], robot: Robot) -> None:
    """In the robot's order, whatever the hardware's."""
    states = {"imu/orientation.x": 0.5}
    for index, joint in enumerate(reversed(robot.joints)):
        states[f"{joint}/velocity"] = -float(index)
        states[f"{joint}/position"] = float(index)
    made = pair(
        broadcasters.JointStateBroadcaster,
        sides.JointStateBroadcasterSide,
        {"extra_joints": ["lid"], "frame_id": "pelvis"},
        states=states,
    )
    plain = made.listen(JointState, "joint_states")
    dynamic = made.listen(DynamicJointState, "dynamic_joint_states")
    made.run(lambda: plain and dynamic, "joint states")
    message = plain[0]
    assert message.header.frame_id == "pelvis"
    assert list(message.name) == [*robot.joints, "lid"]
    count = len(robot.joints)
    assert list(message.position) == [*range(count - 1, -1, -1), 0.0]
    assert list(message.velocity) == [*range(1 - count, 1), 0.0]
    assert np.isnan(message.effort[:-1]).all() and message.effort[-1] == 0.0
    assert set(dynamic[0].joint_names) == {*robot.joints, "imu", "lid"}
    values = dict(zip(dynamic[0].joint_names, dynamic[0].interface_values, strict=True))
    assert list(values["imu"].interface_names) == ["orientation.x"]
    assert list(values["imu"].values) == [0.5]


@pytest.mark.ros
def test_joint_states_as_asked_for(pair: Callable[..., Any]) -> None:
    made = pair(
        broadcasters.JointStateBroadcaster,
        sides.JointStateBroadcasterSide,
        {
            "joints": ARM[::-1],
            "interfaces": ["angle", "velocity"],
            "map_interface_to_joint_state": {"position": "angle"},
            "use_local_topics": True,
            "publish_dynamic_joint_states": False,
        },
        states={f"{ARM[0]}/angle": 0.7, f"{ARM[1]}/angle": 0.3},
    )
    plain = made.listen(JointState, "unit/joint_states")
    made.run(lambda: plain, "joint states")
    assert list(plain[0].name) == ARM[::-1]
    assert list(plain[0].position) == [0.3, 0.7]
    assert not made.bench.node.get_publishers_info_by_topic("dynamic_joint_states")


@pytest.mark.ros
def test_imu(pair: Callable[..., Any]) -> None:
    values = {name: index / 10 for index, name in enumerate(broadcasters.IMU_VALUES)}
    made = pair(
        broadcasters.ImuSensorBroadcaster,
        sides.ImuSensorBroadcasterSide,
        {
            "sensor_name": "imu",
            "frame_id": "imu_link",
            "static_covariance_orientation": [1, 0, 0, 0, 1, 0, 0, 0, 1],
        },
        states={f"imu/{name}": value for name, value in values.items()},
    )
    messages = made.listen(Imu, "unit/imu")
    made.run(lambda: messages, "an imu")
    imu = messages[0]
    assert (imu.header.frame_id, imu.orientation.w) == ("imu_link", 0.3)
    assert (imu.angular_velocity.x, imu.linear_acceleration.z) == (0.4, 0.9)
    assert list(imu.orientation_covariance) == [1, 0, 0, 0, 1, 0, 0, 0, 1]


@pytest.mark.ros
def test_wrenches(pair: Callable[..., Any]) -> None:
    made = pair(
        broadcasters.ForceTorqueSensorBroadcaster,
        sides.ForceTorqueSensorBroadcasterSide,
        {
            "frame_id": "foot",
            "interface_names": {"force": {"z": "cell/fz"}},
            "sensor_filter_chain": {
                "filter1": {"type": "control_filters/LowPassFilterWrench"}
            },
        },
        states={"cell/fz": 50.0},
    )
    raw = made.listen(WrenchStamped, "unit/wrench")
    filtered = made.listen(WrenchStamped, "unit/wrench_filtered")
    made.run(lambda: raw and filtered, "wrenches")
    assert raw[0].wrench.force.z == filtered[0].wrench.force.z == 50.0
    assert np.isnan(raw[0].wrench.force.x)


@pytest.mark.ros
def test_gpio(pair: Callable[..., Any]) -> None:
    made = pair(
        GpioCommandController,
        GpioCommandSide,
        {"gpios": ["fan"], "command_interfaces": {"fan": {"interfaces": ["speed"]}}},
        states={"fan/speed": 0.1, "fan/alarm": 1.0},
    )
    shown = made.listen(DynamicInterfaceGroupValues, "unit/gpio_states")
    publisher = made.talk(DynamicInterfaceGroupValues, "unit/commands")
    for name, value in (("volume", 1.0), ("speed", 0.7)):
        part = InterfaceValue(interface_names=[name], values=[value])
        publisher.publish(
            DynamicInterfaceGroupValues(
                interface_groups=["fan"], interface_values=[part]
            )
        )
    made.run(lambda: shown and made.commands[0] == 0.7, "state and command")
    assert list(shown[0].interface_groups) == ["fan"]
    assert list(shown[0].interface_values[0].interface_names) == ["speed", "alarm"]
    assert list(shown[0].interface_values[0].values) == [0.1, 1.0]


@pytest.mark.ros
def test_gripper(pair: Callable[..., Any]) -> None:
    joint = "left_index_joint"
    made = pair(GripperActionController, GripperActionSide, {"joint": joint})

    def close(pair: Any) -> None:
        way = np.clip(pair.commands[0] - pair.states[0], -0.002, 0.002)
        pair.states[:] = pair.states[0] + way, way / 0.002

    made.plant = close
    client = ActionClient(made.bench.node, ParallelGripperCommand, "unit/gripper_cmd")
    made.run(client.server_is_ready, "the action")
    feedback: list[Any] = []

    def send(*positions: float) -> Any:
        goal = ParallelGripperCommand.Goal(command=JointState(position=positions))
        future = client.send_goal_async(goal, feedback_callback=feedback.append)
        return made.run(lambda: future.done() and future.result(), "the handle")

    assert not send(0.1, 0.2).accepted
    future = send(0.4).get_result_async()
    done = made.run(lambda: future.done() and future.result(), "the result")
    client.destroy()
    assert done.status == GoalStatus.STATUS_SUCCEEDED
    assert done.result.reached_goal and not done.result.stalled
    assert done.result.state.position[0] == pytest.approx(0.4, abs=0.011)
    assert feedback[0].feedback.state.name == [joint]


def group_values(**groups: tuple[list[str], list[float]]) -> Any:
    return DynamicInterfaceGroupValues(
        interface_groups=list(groups),
        interface_values=[
            InterfaceValue(interface_names=names, values=array.array("d", values))
            for names, values in groups.values()
        ],
    )


@pytest.mark.ros
def test_impedance(pair: Callable[..., Any]) -> None:
    made = pair(JointImpedanceController, JointImpedanceSide, {"joints": ARM})
    publisher = made.talk(DynamicInterfaceGroupValues, "unit/commands")
    publisher.publish(group_values(position=([], [0.1, 0.2]), kp=([ARM[1]], [7.0])))
    made.run(lambda: made.commands[0] == 0.1, "the command")
    assert made.commands[[5, 8]].tolist() == [0.2, 7.0]
    setpoint = made.side.setpoint
    by_joint = setpoint(group_values(**{ARM[1]: (["velocity", "effort"], [1.0, 2.0])}))
    assert by_joint[1:3, 1].tolist() == [1.0, 2.0]
    assert np.isnan(by_joint).sum() == 8
    for wrong, complaint in (
        ({"position": ([], [0.1])}, "2 wanted"),
        ({"position": (["nose"], [0.1])}, "nose"),
        ({"nose": (["position"], [0.1])}, "nose"),
        ({ARM[0]: (["warp"], [0.1])}, "warp"),
        ({ARM[0]: ([], [0.1])}, "0 names, 1 values"),
        ({"position": ([], [0.1, float("inf")])}, "finite"),
    ):
        with pytest.raises(ConfigError, match=complaint):
            setpoint(group_values(**wrong))


@pytest.mark.ros
def test_posture(pair: Callable[..., Any]) -> None:
    made = pair(PostureController, PostureSide, {"groups": ["left_arm"]})
    go = "unit/go_to_posture"
    answer = made.call(GoToPosture, go, posture="squat", duration=Duration(sec=3))
    assert answer.success and answer.message == "to 'squat' in 3.00 s"
    assert not made.call(GoToPosture, go, posture="handstand").success
    assert made.call(Trigger, "unit/stop").success
    assert "stopped" in made.call(GoToPosture, go, posture="stand").message
    assert made.call(Trigger, "unit/release").success
    made.deactivate()
    client = made.bench.node.create_client(Trigger, "unit/stop")
    future = client.call_async(Trigger.Request())
    answer = made.run(lambda: future.done() and future.result(), "no", move=False)
    assert not answer.success and "not active" in answer.message


@pytest.mark.ros
def test_a_silent_loop_is_reported(pair: Callable[..., Any]) -> None:
    made = pair(PostureController, PostureSide, {})
    client = made.bench.node.create_client(Trigger, "unit/stop")
    made.run(client.service_is_ready, "the service", move=False)
    future = client.call_async(Trigger.Request())
    answer = made.run(lambda: future.done() and future.result(), "no", move=False)
    assert not answer.success and "does not answer" in answer.message


def test_loop_clock() -> None:
    now = [1e9]
    clock = LoopClock(lambda: now[0])
    assert clock.difference == 0.0  # the same, until told otherwise
    for delay in (0.01, 0.002, 0.05):
        clock.observe(now[0] + delay - 1e9 + 100.0 - delay * 2)
    assert clock.difference == pytest.approx(1e9 - 100.0 + 0.002, abs=1e-6)
    # A loop on ROS's own clock needs no correction, however late its news.
    same = LoopClock(lambda: now[0])
    same.observe(now[0] - 0.3)
    assert same.difference == 0.0
    # A reset simulation is learned anew.
    for step in range(5):
        clock.observe(step * 1.0)
        now[0] += 1.0
    assert clock.difference == pytest.approx(1e9)


def test_a_cycle_that_says_when_it_was_due_is_stamped_exactly() -> None:
    # ROS time is 1e9 s ahead of the monotonic clock; asking takes up to 50 ms.
    asking = iter([0.05, 0.0, 0.02])
    clock = LoopClock(lambda: time.monotonic() + 1e9 + next(asking))
    for cycle, wrong in enumerate((0.05, 0.0, 0.0)):
        due = 10**9 * (7 + cycle)
        clock.observe(100.0 + 0.002 * cycle, due)
        found = clock.difference + 100.0 + 0.002 * cycle
        assert found == pytest.approx(1e9 + 7 + cycle + wrong, abs=1e-3)
