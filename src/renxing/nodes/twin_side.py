# SPDX-License-Identifier: Apache-2.0
"""The simulated world on the graph: its truth, and an operator's hands on it."""

from collections.abc import Callable
from typing import Any

from mujoco_ros2_control_msgs.msg import FreeJointState, FreeJointStateArray
from mujoco_ros2_control_msgs.srv import (
    ApplyExternalWrench,
    ResetWorld,
    SetFreeJointState,
    SetPause,
    StepSimulation,
)
from nav_msgs.msg import Odometry
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import BatteryState
from tf2_msgs.msg import TFMessage

from renxing.errors import ConfigError, RenxingError
from renxing.nodes import convert
from renxing.nodes.controllers.side import LoopClock
from renxing.nodes.emergency_stop import LATCHED
from renxing.robot import Robot
from renxing.runtime.core_report import TwinReport, TwinTruth, WorldReport
from renxing.spatial import SE3
from renxing_msgs.msg import TwinStatus


class TwinSide:
    """What only a simulation has.

    Publishes: ground_truth/odom (Odometry), twin/free_joint_states
    (FreeJointStateArray), and tf odom -> base where no estimator does, at 50 Hz;
    battery_state (BatteryState), twin/status (TwinStatus, latched) at 5 Hz; clock (when
    asked).

    Attributes:
        places_base: Whether the truth is what tf tells.
    Services: twin/set_pause, twin/step_simulation, twin/reset_world,
    twin/set_free_joint_state, twin/apply_wrench (mujoco_ros2_control_msgs).
    """

    def __init__(
        self,
        node: Node,
        robot: Robot,
        world: WorldReport,
        call: Callable[..., Any],
        *,
        publish_clock: bool,
        publish_tf: bool,
    ) -> None:
        """Join the graph.

        Args:
            node: That carries topics and services.
            robot: The robot.
            world: Where it stands.
            call: Asks the core.
            publish_clock: Whether to publish simulated time.
            publish_tf: Whether tf may tell where the base really is.
        """
        self.places_base = True
        self._node = node
        self._robot = robot
        self._world = world
        self._call = call
        self._stamps = LoopClock(lambda: node.get_clock().now().nanoseconds * 1e-9)
        publisher = node.create_publisher
        self._odometry = publisher(Odometry, "ground_truth/odom", 10)
        self._objects = publisher(FreeJointStateArray, "twin/free_joint_states", 10)
        self._status = publisher(TwinStatus, "twin/status", LATCHED)
        self._battery = publisher(BatteryState, "battery_state", 10)
        self._tf = publisher(TFMessage, "tf", 100) if publish_tf else None
        self._clock = publisher(Clock, "clock", 10) if publish_clock else None
        self._made = [self._odometry, self._objects, self._status, self._battery]
        self._made += [one for one in (self._tf, self._clock) if one is not None]
        self._services = [
            node.create_service(kind, f"twin/{name}", self._serving(serve))
            for name, kind, serve in (
                ("set_pause", SetPause, self.set_pause),
                ("step_simulation", StepSimulation, self.step_simulation),
                ("reset_world", ResetWorld, self.reset_world),
                ("set_free_joint_state", SetFreeJointState, self.place),
                ("apply_wrench", ApplyExternalWrench, self.apply_wrench),
            )
        ]

    def destroy(self) -> None:
        """Leave the graph."""
        for publisher in self._made:
            self._node.destroy_publisher(publisher)
        for service in self._services:
            self._node.destroy_service(service)

    # --- out ----------

    def on_news(self, news: dict[str, Any]) -> None:
        """Publish what the core tells."""
        truth = news.get("truth")
        if self._clock is not None:
            now = news.get("time", truth.stamp if truth is not None else None)
            if now is not None:
                self._clock.publish(Clock(clock=convert.to_time(now)))
        if truth is not None:
            self._publish(truth)

    def _publish(self, truth: TwinTruth) -> None:
        self._stamps.observe(truth.stamp)
        stamp = self._stamps.to_ros(truth.stamp)
        base, state = self._robot.description.base, truth.base
        if self._odometry.get_subscription_count():
            self._odometry.publish(convert.to_odometry(stamp, "odom", base, state))
        if self._tf is not None and self.places_base:
            pose = state.transform_base_to_odom
            transforms = [convert.to_transform(stamp, "odom", base, pose)]
            self._tf.publish(TFMessage(transforms=transforms))
        if self._objects.get_subscription_count():
            self._publish_objects(stamp, truth)
        if truth.report is not None:
            self._publish_report(truth.stamp, stamp, truth.report)

    def _publish_objects(self, stamp: Any, truth: TwinTruth) -> None:
        message = FreeJointStateArray()
        message.header.stamp = stamp
        message.header.frame_id = "odom"
        for name, pose in truth.objects.items():
            free = FreeJointState(name=name)
            free.pose.header = message.header
            free.pose.pose = convert.to_pose(pose)
            message.free_joints.append(free)
        self._objects.publish(message)

    def _publish_report(self, seconds: float, stamp: Any, report: TwinReport) -> None:
        capacity = self._robot.description.battery.capacity
        self._battery.publish(convert.to_battery(stamp, capacity, report.battery))
        status = TwinStatus(
            robot=self._world.robot,
            world=self._world.world,
            paused=report.paused,
            real_time_factor=report.real_time_factor,
        )
        status.header.stamp = convert.to_time(seconds)
        self._status.publish(status)

    # --- in ----------

    def _serving(self, serve: Callable[[Any], str]) -> Callable[[Any, Any], Any]:
        """Turn a method that returns a message or raises into a service callback."""

        def callback(request: Any, response: Any) -> Any:
            try:
                response.message = serve(request)
                response.success = True
            except RenxingError as error:
                response.message = str(error)
                response.success = False
            return response

        return callback

    def set_pause(self, request: SetPause.Request) -> str:
        """Stop time or let it go on."""
        return str(self._call("set_pause", request.paused))

    def step_simulation(self, request: StepSimulation.Request) -> str:
        """Advance a paused simulation."""
        return str(self._call("step_simulation", request.steps))

    def reset_world(self, request: ResetWorld.Request) -> str:
        """Start again; the keyframe is a posture, overrides move joints and objects."""
        overrides = request.state_overrides.joint_states
        if len(overrides.name) != len(overrides.position):
            raise ConfigError(
                f"state_overrides: {len(overrides.name)} joint names but "
                f"{len(overrides.position)} positions"
            )
        joints = dict(zip(overrides.name, overrides.position, strict=True))
        poses = self._poses(request.state_overrides.free_joints)
        return str(self._call("reset_world", request.keyframe, joints, poses))

    def place(self, request: SetFreeJointState.Request) -> str:
        """Put objects somewhere, at rest."""
        poses = self._poses(request.free_joints)
        return str(self._call("set_free_joint_state", poses))

    def _poses(self, free_joints: list[FreeJointState]) -> list[tuple[str, SE3]]:
        for free in free_joints:
            if free.pose.header.frame_id not in ("", "odom"):
                raise ConfigError(
                    f"object '{free.name}': frame '{free.pose.header.frame_id}'; "
                    "poses are wanted in 'odom'"
                )
        return [(free.name, convert.from_pose(free.pose.pose)) for free in free_joints]

    def apply_wrench(self, request: ApplyExternalWrench.Request) -> str:
        """Push bodies; frame_id names the body, in whose frame the numbers are."""
        pushes = [
            {
                "body": wrench.wrench.header.frame_id,
                "force": convert.from_vector(wrench.wrench.wrench.force),
                "torque": convert.from_vector(wrench.wrench.wrench.torque),
                "point": convert.from_vector(wrench.application_point),
                "duration": convert.to_seconds(wrench.duration),
                "ramp_down": convert.to_seconds(wrench.ramp_down_duration),
            }
            for wrench in request.wrenches.external_wrenches
        ]
        return str(self._call("apply_wrench", pushes))
