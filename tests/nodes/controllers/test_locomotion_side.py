# SPDX-License-Identifier: Apache-2.0
"""Walking and its estimator as clients see them."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import rclpy
from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry
from rclpy.node import Node
from std_srvs.srv import Trigger
from tests.control.controllers.test_locomotion_controller import standing
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import Marker, MarkerArray

from renxing.control.locomotion_controller import LocomotionController
from renxing.estimation.estimator_controller import EstimatorController
from renxing.nodes.controllers.estimator import EstimatorSide
from renxing.nodes.controllers.locomotion import LocomotionSide
from renxing.robot import Robot
from renxing_msgs.msg import LocomotionStatus

PATIENT = {"command_timeout": 60.0}


@pytest.fixture
def walker(pair: Callable[..., Any], robot: Robot) -> Any:
    states = standing(robot)
    return pair(LocomotionController, LocomotionSide, PATIENT, states=states)


def twist(forward: float, turning: float = 0.0) -> Twist:
    message = Twist()
    message.linear.x, message.angular.z = forward, turning
    return message


def stamped(made: Any, forward: float, age: float = 0.0) -> TwistStamped:
    message = TwistStamped(twist=twist(forward))
    now = made.node.get_clock().now().nanoseconds
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(
        now - int(age * 1e9), 10**9
    )
    return message


@pytest.fixture
def other(bench: Any) -> Iterator[Node]:
    """A node of another participant: within one, a topic has one type."""
    context = rclpy.Context()
    context.init(domain_id=bench.domain)
    node = Node("joystick", namespace=bench.namespace, context=context)
    yield node
    node.destroy_node()
    context.shutdown()


def heard(made: Any, node: Node, kind: type) -> Any:
    """Return a publisher of velocities that has a listener."""
    publisher = node.create_publisher(kind, "cmd_vel", 10)
    made.run(lambda: publisher.get_subscription_count(), f"a listener to {kind}")
    return publisher


def walks_at(found: list[LocomotionStatus], forward: float) -> Callable[[], bool]:
    return lambda: bool(found) and found[-1].velocity.linear.x == forward


@pytest.mark.ros
def test_both_kinds_of_velocity_are_heard(walker: Any, other: Node) -> None:
    """One after the other, there and back: who publishes decides."""
    status = walker.listen(LocomotionStatus, "unit/status")
    for kind, speed in ((TwistStamped, 0.1), (Twist, 0.2), (TwistStamped, 0.3)):
        publisher = heard(walker, other, kind)
        message = twist(speed) if kind is Twist else stamped(walker, speed)
        publisher.publish(message)
        walker.run(walks_at(status, speed), f"{kind.__name__} to be obeyed")
        assert status[-1].mode == "walk"
        other.destroy_publisher(publisher)


@pytest.mark.ros
def test_stale_and_broken_velocities_are_refused(walker: Any) -> None:
    status = walker.listen(LocomotionStatus, "unit/status")
    publisher = walker.talk(TwistStamped, "cmd_vel")
    broken = stamped(walker, 0.3)
    broken.twist.angular.z = float("nan")
    for wrong in (stamped(walker, 0.3, age=2.0), broken):
        publisher.publish(wrong)
        count = len(status)
        walker.run(lambda c=count: len(status) > c + 10, "status")
        assert not any(message.velocity.linear.x for message in status)
    publisher.publish(stamped(walker, 0.2, age=0.1))
    walker.run(walks_at(status, 0.2), "a fresh one")
    # A sender without a clock is taken at its word.
    publisher.publish(TwistStamped(twist=twist(0.1)))
    walker.run(walks_at(status, 0.1), "one without a stamp")
    assert {m.velocity.linear.x for m in status} == {0.0, 0.2, 0.1}


@pytest.mark.ros
def test_status_and_markers(walker: Any, robot: Robot) -> None:
    status = walker.listen(LocomotionStatus, "unit/status")
    shown = walker.listen(MarkerArray, "unit/markers")
    walker.run(lambda: status and shown, "status and markers")
    message = status[-1]
    assert message.header.frame_id == "odom" and message.mode == "stand"
    assert message.margin > 0.0 and message.failures == 0
    assert np.isnan(message.foothold.x)
    assert len(message.soles) == len(message.sole_wrenches) == 2
    assert message.soles[0].position.y > 0.0 > message.soles[1].position.y
    assert message.sole_wrenches[0].force.z == pytest.approx(robot.mass * 9.81 / 2)

    found = {(m.ns, m.id): m for m in shown[-1].markers}
    by_name = {marker.ns: marker for marker in shown[-1].markers}
    assert len(found) == len(by_name) == len(shown[-1].markers) == 8
    for marker in found.values():
        assert marker.header.frame_id == "odom"
        assert marker.pose.orientation.w == 1.0
        points = [marker.pose.position, *marker.points]
        assert np.isfinite([[p.x, p.y, p.z] for p in points]).all()
        assert marker.scale.x > 0.0 and marker.color.a == 1.0
    assert by_name["foothold"].action == Marker.DELETE
    assert by_name["com"].action == Marker.ADD
    assert by_name["com"].pose.position == message.com
    foot = robot.description.feet[0]
    outline = by_name["left_sole"]
    assert outline.type == Marker.LINE_STRIP and len(outline.points) == 5
    assert outline.points[0] == outline.points[-1]
    long = outline.points[0].x - outline.points[2].x
    assert long == pytest.approx(foot.x[1] - foot.x[0])
    arrow = by_name["right_force"]
    assert arrow.type == Marker.ARROW and len(arrow.points) == 2
    up = arrow.points[1].z - arrow.points[0].z
    assert up == pytest.approx(message.sole_wrenches[1].force.z / 1000.0)

    walker.talk(TwistStamped, "cmd_vel").publish(stamped(walker, 0.2))
    walker.run(lambda: status[-1].mode == "walk", "a walk")
    assert np.isfinite(status[-1].foothold.x)


@pytest.mark.ros
def test_deaf_while_inactive(pair: Callable[..., Any], robot: Robot) -> None:
    made = pair(LocomotionController, LocomotionSide, PATIENT, standing(robot))
    status = made.listen(LocomotionStatus, "unit/status")
    publisher = made.talk(TwistStamped, "cmd_vel")
    made.deactivate()
    publisher.publish(stamped(made, 0.2))
    made.bench.spin(0.2)
    made.activate()
    publisher.publish(stamped(made, 0.1))
    made.run(walks_at(status, 0.1), "one that comes later")
    assert 0.2 not in {message.velocity.linear.x for message in status}


@pytest.mark.ros
def test_odometry(pair: Callable[..., Any], robot: Robot) -> None:
    states = standing(robot)
    imu = robot.description.sensors.imu[0].name
    states[f"{imu}/orientation.w"] = 1.0
    states[f"{imu}/linear_acceleration.z"] = 9.81
    for cell in robot.description.sensors.force_torque:
        states[f"{cell.name}/force.z"] = 0.5 * robot.mass * 9.81
    made = pair(EstimatorController, EstimatorSide, {}, states=states)
    odometry, moved = made.listen(Odometry, "odom"), made.listen(TFMessage, "tf")
    made.run(lambda: len(odometry) > 5 and moved, "odometry")
    message = odometry[-1]
    base = robot.description.base
    assert (message.header.frame_id, message.child_frame_id) == ("odom", base)
    turn = message.pose.pose.orientation
    norm = np.linalg.norm([turn.x, turn.y, turn.z, turn.w])
    assert norm == pytest.approx(1.0)
    for covariance in (message.pose.covariance, message.twist.covariance):
        matrix = np.array(covariance).reshape(6, 6)
        np.testing.assert_allclose(matrix, matrix.T, atol=1e-12)
        assert np.linalg.eigvalsh(matrix).min() > -1e-12 and matrix.any()
    (transform,) = moved[-1].transforms
    assert transform.header.frame_id == "odom" and transform.child_frame_id == base
    by_stamp = {(m.header.stamp.sec, m.header.stamp.nanosec): m for m in odometry}
    stamp = transform.header.stamp
    same = by_stamp[stamp.sec, stamp.nanosec].pose.pose.position
    assert transform.transform.translation.z == same.z

    assert made.call(Trigger, "unit/restart").success
    made.deactivate()
    client = made.bench.node.create_client(Trigger, "unit/restart")
    future = client.call_async(Trigger.Request())
    answer = made.run(lambda: future.done() and future.result(), "no", move=False)
    assert not answer.success and "not active" in answer.message


@pytest.mark.ros
def test_odometry_without_transform(pair: Callable[..., Any], robot: Robot) -> None:
    made = pair(EstimatorController, EstimatorSide, {"publish_tf": False}, active=False)
    # The service is made last.
    client = made.bench.node.create_client(Trigger, "unit/restart")
    made.run(client.service_is_ready, "the side", move=False)
    node = made.bench.node
    assert node.get_publishers_info_by_topic(made.bench.full("odom"))
    assert not node.get_publishers_info_by_topic(made.bench.full("tf"))
