# SPDX-License-Identifier: Apache-2.0
"""The core as a process and the node that speaks for it; also when one of them dies."""

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
import rclpy
from control_msgs.action import FollowJointTrajectory
from controller_manager_msgs.srv import (
    ConfigureController,
    ListControllers,
    ListHardwareComponents,
    ListHardwareInterfaces,
    LoadController,
    SetHardwareComponentState,
    SwitchController,
    UnloadController,
)
from lifecycle_msgs.msg import State
from rclpy.action import ActionClient
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectoryPoint

from renxing.runtime.boards import core_block
from renxing.runtime.link import LinkClient
from renxing.runtime.shared_block import BlockReader, Reading, layout_of
from renxing.runtime.state import RunFolder

pytestmark = pytest.mark.ros
WAIT = 30.0  # [s] generous: the machine may be busy


class Stack:
    """Core and node in a namespace of their own, and a client."""

    def __init__(self, folder, parameters):
        self.namespace = f"cm_{uuid.uuid4().hex[:8]}"
        self.dumps = folder / "black_box"
        self.environment = {
            **os.environ,
            "RENXING_RUN_DIR": str(folder),
            "RENXING_BLACK_BOX_DIR": str(self.dumps),
        }
        self.socket = RunFolder(self.environment, self.namespace).path / "core"
        self.core = self.start(
            "renxing.runtime.core_process",
            *("--namespace", self.namespace, "--parameters", str(parameters)),
        )
        wait_for(self.socket.exists)
        self.host = self.start_host()
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node(
            "client", namespace=self.namespace, context=self.context
        )
        self.executor = rclpy.executors.SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.states = []
        self.node.create_subscription(
            JointState, "joint_states", self.states.append, 10
        )

    def start(self, module, *arguments):
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments], env=self.environment
        )

    def start_host(self):
        return self.start(
            "renxing.nodes.host",
            "controller_manager",
            "--ros-args",
            "-r",
            f"__ns:=/{self.namespace}",
        )

    def spin_until(self, condition):
        end = time.monotonic() + WAIT
        while not condition():
            assert time.monotonic() < end, "waited in vain"
            self.executor.spin_once(timeout_sec=0.05)

    def call(self, kind, name, /, **fields):
        client = self.node.create_client(kind, f"controller_manager/{name}")
        end = time.monotonic() + WAIT
        while True:
            # A server that was killed stays on the graph for a while and never answers.
            self.spin_until(client.service_is_ready)
            future = client.call_async(kind.Request(**fields))
            patience = time.monotonic() + 5.0
            while not future.done() and time.monotonic() < patience:
                self.executor.spin_once(timeout_sec=0.05)
            if future.done():
                self.node.destroy_client(client)
                return future.result()
            assert time.monotonic() < end, f"{name}: no answer"

    def controllers(self):
        found = self.call(ListControllers, "list_controllers").controller
        return {one.name: one.state for one in found}

    def position(self, joint):
        self.states.clear()
        self.spin_until(lambda: self.states)
        state = self.states[-1]
        return state.position[state.name.index(joint)]

    def close(self):
        rclpy.shutdown(context=self.context)
        for process in (self.host, self.core):
            process.send_signal(signal.SIGINT)
        codes = [process.wait(WAIT) for process in (self.host, self.core)]
        assert codes == [0, 0]
        assert not self.socket.exists()


def wait_for(condition):
    end = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def stack(tmp_path_factory, posture_file):
    stack = Stack(tmp_path_factory.mktemp("run"), posture_file)
    stack.spin_until(lambda: stack.controllers().get("posture") == "active")
    yield stack
    stack.close()


def test_the_controllers_of_the_robots_file_run(stack):
    states = stack.controllers()
    assert states == dict.fromkeys(
        ("joint_state_broadcaster", "pelvis_imu", "l_sole", "r_sole", "posture"),
        "active",
    )
    assert stack.position("left_knee_joint") == pytest.approx(0.6, abs=0.02)


def test_hardware_is_listed_with_its_claims(stack):
    (body,) = stack.call(ListHardwareComponents, "list_hardware_components").component
    assert (body.name, body.state.label) == ("body", "active")
    assert len(body.command_interfaces) == 5 * 43
    found = stack.call(ListHardwareInterfaces, "list_hardware_interfaces")
    claimed = {i.name for i in found.command_interfaces if i.is_claimed}
    assert "left_knee_joint/position" in claimed
    assert "left_elbow_joint/position" not in claimed


def test_a_trajectory_by_the_standard_action_then_unload(stack):
    assert stack.call(LoadController, "load_controller", name="left_arm").ok
    assert stack.call(ConfigureController, "configure_controller", name="left_arm").ok
    answer = stack.call(
        SwitchController,
        "switch_controller",
        activate_controllers=["left_arm"],
        strictness=SwitchController.Request.STRICT,
        activate_asap=True,
    )
    assert answer.ok, answer.message
    client = ActionClient(
        stack.node, FollowJointTrajectory, "left_arm/follow_joint_trajectory"
    )
    stack.spin_until(client.server_is_ready)
    goal = FollowJointTrajectory.Goal()
    goal.trajectory.joint_names = [
        f"left_{part}_joint"
        for part in (
            "shoulder_pitch",
            "shoulder_roll",
            "shoulder_yaw",
            "elbow",
            "wrist_yaw",
            "wrist_pitch",
            "wrist_roll",
        )
    ]
    point = JointTrajectoryPoint(positions=[-0.3, 0.2, 0.0, -1.0, 0.0, 0.0, 0.0])
    point.time_from_start.sec = 1
    goal.trajectory.points = [point]
    sent = client.send_goal_async(goal)
    stack.spin_until(sent.done)
    assert sent.result().accepted
    done = sent.result().get_result_async()
    stack.spin_until(done.done)
    assert done.result().result.error_code == 0, done.result().result.error_string
    assert stack.position("left_elbow_joint") == pytest.approx(-1.0, abs=0.1)
    client.destroy()
    refused = stack.call(UnloadController, "unload_controller", name="left_arm")
    assert not refused.ok
    answer = stack.call(
        SwitchController, "switch_controller", deactivate_controllers=["left_arm"]
    )
    assert answer.ok, answer.message
    assert stack.call(UnloadController, "unload_controller", name="left_arm").ok
    # The arm is held where it was left; its position loop sags under its weight.
    assert stack.position("left_elbow_joint") == pytest.approx(-1.0, abs=0.1)


def test_errors_are_answers(stack):
    assert not stack.call(LoadController, "load_controller", name="nobody").ok
    answer = stack.call(
        SwitchController, "switch_controller", activate_controllers=["nobody"]
    )
    assert not answer.ok and "nobody" in answer.message
    answer = stack.call(
        SetHardwareComponentState,
        "set_hardware_component_state",
        name="nothing",
        target_state=State(label="active"),
    )
    assert not answer.ok


def test_an_emergency_stop_by_topic_is_latched_until_reset(stack):
    stop = stack.node.create_publisher(Bool, "emergency_stop", 1)
    stack.spin_until(lambda: stop.get_subscription_count() > 0)
    stop.publish(Bool(data=True))
    stack.spin_until(lambda: stack.controllers()["posture"] == "inactive")
    assert stack.position("left_knee_joint") == pytest.approx(0.6, abs=0.03)
    answer = stack.call(Trigger, "reset_emergency_stop")
    assert answer.success, answer.message
    stack.spin_until(lambda: stack.controllers()["posture"] == "active")
    # What led to the stop is on disk.
    wait_for(lambda: list(stack.dumps.glob("*emergency-stop-topic.mcap")))


def test_the_black_box_is_written_on_request(stack):
    answer = stack.call(Trigger, "dump_black_box")
    assert answer.success, answer.message
    wait_for(lambda: Path(answer.message).exists())


def test_the_ros_side_stands_still_for_two_seconds_and_the_loop_does_not(stack):
    name = f"{core_block(stack.namespace)}.now"
    reader = BlockReader(name, layout_of(name))
    stack.position("left_knee_joint")
    stack.host.send_signal(signal.SIGSTOP)
    try:
        assert reader.read() is Reading.NEW
        before, begin = reader.frame.cycle, reader.frame.stamp
        time.sleep(2.0)
        assert reader.read() is Reading.NEW
        cycles = reader.frame.cycle - before
        # Cycles that a busy machine has skipped are missing, but the loop turned.
        assert cycles > 0.3 * 500 * 1e-9 * (reader.frame.stamp - begin)
        assert reader.frame["rung"] == 0
    finally:
        stack.host.send_signal(signal.SIGCONT)
    assert stack.position("left_knee_joint") == pytest.approx(0.6, abs=0.02)
    assert stack.controllers()["posture"] == "active"


def test_the_ros_side_is_killed_and_the_robot_stands(stack):
    before = LinkClient(stack.socket)
    stack.host.kill()
    stack.host.wait(WAIT)
    # The core still answers, and its controllers still run.
    states = {c.name: c.state for c in before.call("list_controllers")}
    assert states["posture"] == "active"
    before.close()
    stack.host = stack.start_host()
    stack.spin_until(lambda: stack.controllers().get("posture") == "active")
    assert stack.position("left_knee_joint") == pytest.approx(0.6, abs=0.02)
