# SPDX-License-Identifier: Apache-2.0
"""The twin's services: what they do, and what they say when they refuse."""

import math

import numpy as np
import pytest
from builtin_interfaces.msg import Duration
from controller_manager_msgs.srv import ListControllers
from diagnostic_msgs.msg import DiagnosticArray
from mujoco_ros2_control_msgs.msg import (
    ExternalWrench,
    ExternalWrenchArray,
    FreeJointState,
    FreeJointStateArray,
    SimulationState,
)
from mujoco_ros2_control_msgs.srv import (
    ApplyExternalWrench,
    ResetWorld,
    SetFreeJointState,
    SetPause,
    StepSimulation,
)
from nav_msgs.msg import Odometry
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

from renxing.nodes.convert import to_seconds
from renxing.nodes.manager_messages import from_diagnostics
from renxing_msgs.msg import TwinStatus
from renxing_msgs.srv import GoToPosture

pytestmark = pytest.mark.ros


class Hands:
    """An operator's hands on the twin."""

    def __init__(self, bench) -> None:
        self.bench = bench

    def pause(self, paused: bool = True):
        return self.bench.call(SetPause, "twin/set_pause", paused=paused)

    def step(self, steps: int):
        return self.bench.call(StepSimulation, "twin/step_simulation", steps=steps)

    def reset(self, keyframe: str = "", **overrides):
        state = SimulationState(**overrides)
        return self.bench.call(
            ResetWorld, "twin/reset_world", keyframe=keyframe, state_overrides=state
        )

    def place(self, free: FreeJointState):
        name = "twin/set_free_joint_state"
        return self.bench.call(SetFreeJointState, name, free_joints=[free])

    def push(self, wrench: ExternalWrench):
        array = ExternalWrenchArray(external_wrenches=[wrench])
        return self.bench.call(ApplyExternalWrench, "twin/apply_wrench", wrenches=array)

    def go_to(self, posture: str, seconds: float = 0.0):
        span = Duration(sec=int(seconds), nanosec=round(seconds % 1 * 1e9))
        name = "posture/go_to_posture"
        return self.bench.call(GoToPosture, name, posture=posture, duration=span)

    def release(self):
        return self.bench.call(Trigger, "controller_manager/reset_emergency_stop")

    def controllers(self) -> dict[str, str]:
        name = "controller_manager/list_controllers"
        found = self.bench.call(ListControllers, name).controller
        return {one.name: one.state for one in found}

    def reach(self, joint: str, is_so) -> None:
        """Wait until the position of a joint is so."""

        def there(message: JointState) -> bool:
            return is_so(message.position[message.name.index(joint)])

        self.bench.until(JointState, "joint_states", there)

    def status(self, is_so=lambda status: True) -> TwinStatus:
        return self.bench.until(TwinStatus, "twin/status", is_so)

    def seconds(self) -> float:
        """Return the time at which the paused twin stands."""
        return to_seconds(self.status(lambda s: s.paused).header.stamp)

    def joint(self, name: str) -> float:
        message = self.bench.one(JointState, "joint_states")
        return dict(zip(message.name, message.position, strict=True))[name]

    def where(self, thing: str, is_so=lambda position: True):
        """Return the pose of an object once something is so."""

        def find(message: FreeJointStateArray):
            return next(f.pose.pose for f in message.free_joints if f.name == thing)

        topic = "twin/free_joint_states"
        return find(
            self.bench.until(FreeJointStateArray, topic, lambda m: is_so(find(m)))
        )


@pytest.fixture
def hands(stack):
    hands = Hands(stack)
    assert hands.release().success
    assert hands.pause(False).success
    assert hands.reset().success
    yield hands
    hands.release()
    hands.pause(False)
    hands.reset()


def free(name: str, x: float, y: float, z: float, yaw: float = 0.0) -> FreeJointState:
    state = FreeJointState(name=name)
    position, orientation = state.pose.pose.position, state.pose.pose.orientation
    position.x, position.y, position.z = x, y, z
    orientation.z, orientation.w = math.sin(yaw / 2), math.cos(yaw / 2)
    return state


def push(body: str, x: float, seconds: float) -> ExternalWrench:
    wrench = ExternalWrench()
    wrench.wrench.header.frame_id = body
    wrench.wrench.wrench.force.x = x
    wrench.duration.nanosec = round(seconds * 1e9)
    return wrench


def test_pause_and_step_by_step(hands) -> None:
    refused = hands.step(1)
    assert not refused.success
    assert "pause" in refused.message
    assert hands.pause().success
    before = hands.seconds()
    assert hands.seconds() == before
    assert hands.step(37).success
    after = hands.status(lambda s: to_seconds(s.header.stamp) > before)
    assert to_seconds(after.header.stamp) - before == pytest.approx(0.037, abs=1e-9)
    assert hands.pause(False).success
    hands.status(lambda s: not s.paused and to_seconds(s.header.stamp) > before + 0.1)


def test_reset_to_a_keyframe_with_overrides(hands) -> None:
    seen: list[JointState] = []
    node = hands.bench.node
    heard = node.create_subscription(JointState, "joint_states", seen.append, 10)
    hands.bench.wait(lambda: seen, "joint states")
    hands.pause()
    hands.bench.spin(0.2)
    joints = JointState(name=["neck_yaw_joint"], position=[0.3])
    things = [free("red_box", 0.9, -0.7, 0.05)]
    done = hands.reset("squat", joint_states=joints, free_joints=things)
    assert done.success, done.message
    assert hands.seconds() == 0.0
    there = hands.where("red_box", lambda pose: abs(pose.position.x - 0.9) < 1e-9)
    assert there.position.y == pytest.approx(-0.7)
    # Controllers say nothing while time stands still: turn it by some cycles.
    seen.clear()
    assert hands.step(20).success
    hands.bench.wait(lambda: seen, "joint states")
    node.destroy_subscription(heard)
    there = dict(zip(seen[-1].name, seen[-1].position, strict=True))
    assert there["left_knee_joint"] == pytest.approx(1.4, abs=0.01)
    assert there["neck_yaw_joint"] == pytest.approx(0.3, abs=0.01)
    # Time goes on from there: the robot stays in its squat, the neck comes back to it.
    hands.pause(False)
    hands.status(lambda s: to_seconds(s.header.stamp) > 0.3)
    assert hands.joint("left_knee_joint") == pytest.approx(1.4, abs=0.05)
    hands.reach("neck_yaw_joint", lambda q: abs(q) < 0.02)


def test_a_reset_stands_a_fallen_robot_up_again(hands) -> None:
    blow = push("torso_link", -1500.0, 0.3)
    assert hands.push(blow).success
    hands.bench.wait(
        lambda: hands.controllers()["posture"] == "inactive", "the stop's suspension"
    )
    refused = hands.release()
    assert not refused.success
    assert "fallen" in refused.message
    assert hands.reset().success
    assert set(hands.controllers().values()) == {"active"}
    assert hands.release().message == "not stopped"
    hands.status(lambda s: 0.5 < to_seconds(s.header.stamp) < 5.0)
    assert hands.joint("left_knee_joint") == pytest.approx(0.6, abs=0.02)
    answer = hands.go_to("squat")
    assert answer.success, answer.message


def test_a_reset_does_not_end_the_stop_that_somebody_asked_for(hands) -> None:
    assert hands.bench.call(Trigger, "controller_manager/emergency_stop").success
    assert hands.controllers()["posture"] == "inactive"
    assert hands.reset().success
    assert hands.controllers()["posture"] == "inactive"
    assert hands.controllers()["joint_state_broadcaster"] == "active"
    hands.status(lambda s: 0.5 < to_seconds(s.header.stamp) < 5.0)
    # Held without the torque that carries the weight: it sags a little.
    assert hands.joint("left_knee_joint") == pytest.approx(0.6, abs=0.05)
    assert "posture" in hands.release().message
    assert hands.controllers()["posture"] == "active"


@pytest.mark.parametrize(
    ("keyframe", "overrides", "words"),
    [
        ("handstand", {}, ["handstand", "stand, squat"]),
        ("", {"joint_states": JointState(name=["tail"], position=[0.0])}, ["tail"]),
        (
            "",
            {"joint_states": JointState(name=["neck_yaw_joint"])},
            ["1 joint names", "0 positions"],
        ),
        (
            "",
            {"joint_states": JointState(name=["neck_yaw_joint"], position=[math.nan])},
            ["finite"],
        ),
        ("", {"free_joints": [free("moon", 0.0, 0.0, 1.0)]}, ["moon", "red_box"]),
    ],
)
def test_reset_refuses(hands, keyframe, overrides, words) -> None:
    answer = hands.reset(keyframe, **overrides)
    assert not answer.success
    assert all(word in answer.message for word in words), answer.message


def test_objects_are_put_where_they_shall_be(hands) -> None:
    hands.pause()
    assert hands.place(free("green_ball", -1.0, 0.5, 1.2)).success
    pose = hands.where("green_ball", lambda pose: pose.position.x < -0.9)
    assert (pose.position.y, pose.position.z) == pytest.approx((0.5, 1.2))
    elsewhere = free("green_ball", 0.0, 0.0, 1.0)
    elsewhere.pose.header.frame_id = "map"
    crooked = free("green_ball", 0.0, 0.0, 1.0)
    crooked.pose.pose.orientation.w = 0.5
    nowhere = free("green_ball", math.inf, 0.0, 1.0)
    for wrong, words in (
        (elsewhere, ["'map'", "'odom'"]),
        (crooked, ["quat"]),
        (nowhere, ["finite"]),
        (free("moon", 0.0, 0.0, 1.0), ["moon", "green_ball"]),
    ):
        answer = hands.place(wrong)
        assert not answer.success
        assert all(word in answer.message for word in words), answer.message
    assert hands.where("green_ball").position.x == pytest.approx(-1.0)


def test_a_push_acts_in_the_frame_of_its_body(hands) -> None:
    hands.pause()
    assert hands.place(free("crate", -1.0, -1.0, 3.0, yaw=math.pi / 2)).success
    # 5 kg, 100 N along its own x for 0.1 s: 2 m/s along y of odom, 0.1 m on the way.
    assert hands.push(push("crate", 100.0, 0.1)).success
    assert hands.step(100).success
    pose = hands.where("crate", lambda pose: pose.position.z < 2.999)
    moved = np.array([pose.position.x + 1.0, pose.position.y + 1.0])
    assert moved == pytest.approx([0.0, 0.1], abs=0.005)
    # It is over now: another 0.1 s without a force, at the speed it has got.
    assert hands.step(100).success
    pose = hands.where("crate", lambda pose: pose.position.y > -0.85)
    assert pose.position.y + 1.0 == pytest.approx(0.3, abs=0.01)


def test_a_push_moves_the_robot(hands) -> None:
    hands.pause()
    assert hands.push(push("torso_link", 100.0, 0.1)).success
    assert hands.step(100).success

    def pushed(message: Odometry) -> bool:
        return message.twist.twist.linear.x > 0.05

    hands.bench.until(Odometry, "ground_truth/odom", pushed)


def test_pushes_that_are_refused(hands) -> None:
    endless = push("torso_link", math.nan, 0.1)
    backward = push("torso_link", 1.0, 0.1)
    backward.duration.sec = -1
    for wrong, words in (
        (push("tail", 1.0, 0.1), ["tail", "torso_link"]),
        (endless, ["torso_link", "finite"]),
        (backward, ["duration", "negative"]),
    ):
        answer = hands.push(wrong)
        assert not answer.success
        assert all(word in answer.message for word in words), answer.message


def test_go_to_a_posture(hands) -> None:
    answer = hands.go_to("squat")
    assert answer.success, answer.message
    assert "squat" in answer.message

    def down(message: JointState) -> bool:
        return message.position[message.name.index("left_knee_joint")] > 1.3

    hands.bench.until(JointState, "joint_states", down)
    assert "no posture" in hands.go_to("handstand").message
    hasty = hands.go_to("stand", 0.01)
    assert not hasty.success
    assert "joints need" in hasty.message


def test_an_emergency_stop_holds_until_it_is_released(hands) -> None:
    qos = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
    button = hands.bench.node.create_publisher(Bool, "emergency_stop", qos)

    def stopped() -> bool:
        return hands.controllers()["posture"] == "inactive"

    try:
        hands.go_to("squat", 5.0)
        # Latched: it arrives though the node had not met this publisher yet.
        button.publish(Bool(data=True))
        hands.bench.wait(stopped, "the stop")
        refused = hands.go_to("stand")
        assert not refused.success
        assert "not active" in refused.message
        # Taking the button back is not enough.
        button.publish(Bool(data=False))
        hands.bench.spin(0.5)
        assert stopped()
        assert hands.release().success
        assert not stopped()
        hands.bench.wait(lambda: hands.go_to("stand").success, "a motion")
    finally:
        hands.bench.node.destroy_publisher(button)


def test_an_emergency_stop_by_service(hands) -> None:
    answer = hands.bench.call(Trigger, "controller_manager/emergency_stop")
    assert answer.success
    assert "service" in answer.message
    assert hands.controllers()["posture"] == "inactive"
    said = hands.bench.until(
        DiagnosticArray,
        "/diagnostics",
        lambda m: (
            hands.bench.namespace in m.status[0].name
            and m.status[0].message.startswith("hold")
        ),
    )
    report = from_diagnostics(said.status[0])
    assert report.causes == ("emergency_stop service",)
    assert report.suspended == ("posture",)
    assert hands.release().success
