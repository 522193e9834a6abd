# SPDX-License-Identifier: Apache-2.0
"""The simulated robot on the graph."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from control_msgs.msg import DynamicJointState
from geometry_msgs.msg import WrenchStamped
from mujoco_ros2_control_msgs.msg import FreeJointState, FreeJointStateArray
from mujoco_ros2_control_msgs.srv import (
    ApplyExternalWrench,
    ResetWorld,
    SetFreeJointState,
    SetPause,
    StepSimulation,
)
from nav_msgs.msg import Odometry
from rclpy.time import Time
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import BatteryState, Imu, JointState
from std_srvs.srv import Trigger
from tf2_msgs.msg import TFMessage

from renxing.control.hold import Hold, HoldConfig
from renxing.errors import ConfigError, RenxingError
from renxing.nodes import convert
from renxing.nodes.emergency_stop import LATCHED, on_emergency_stop
from renxing.nodes.managed import ManagedNode
from renxing.nodes.parameters import load_config
from renxing.robot import load_robot
from renxing.runtime.twin_loop import PaceConfig, TwinLoop
from renxing.sim import Twin, TwinConfig, load_world
from renxing.sim.pushes import Push
from renxing_msgs.msg import TwinStatus
from renxing_msgs.srv import GoToPosture

SERVICE_TIMEOUT = 5.0  # [s] for the physics thread to get to a request
STEPS_LIMIT = 10_000  # physics steps in one request; about a second of work
BODY_RATE = 50.0  # [Hz] of odometry, tf, objects and dynamic joint states
REPORT_RATE = 5.0  # [Hz] of status and battery


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinNodeConfig:
    """The node.

    Attributes:
        robot: Name in config/robots or path of a robot's YAML file.
        world: Name in config/worlds or path of a world's YAML file.
        publish_clock: Publish /clock and stamp everything with simulated time.
        publish_tf: Publish the true pose of the base as odom -> base; switch it off
            where an estimator does that.
        state_rate: Of joint states, IMUs and wrenches [Hz].
        pace: How fast it runs.
        hold: The posture holder.
        twin: The simulation.
    """

    robot: str = "rx1"
    world: str = "flat"
    publish_clock: bool = False
    publish_tf: bool = True
    state_rate: float = field(default=250.0, metadata={"min": 1.0, "max": 1000.0})
    pace: PaceConfig = field(default_factory=PaceConfig)
    hold: HoldConfig = field(default_factory=HoldConfig)
    twin: TwinConfig = field(default_factory=TwinConfig)


class TwinNode(ManagedNode):
    """The robot in MuJoCo, holding a posture.

    Publishes: joint_states (JointState), dynamic_joint_states (DynamicJointState),
    the IMU and wrench topics of the robot's file, battery_state (BatteryState),
    ground_truth/odom (Odometry), tf, clock (when asked), ~/status (TwinStatus),
    ~/free_joint_states (FreeJointStateArray).
    Subscribes: emergency_stop (Bool, latched): true freezes the robot where it is.
    Services: ~/set_pause, ~/step_simulation, ~/reset_world, ~/set_free_joint_state,
    ~/apply_wrench (mujoco_ros2_control_msgs), ~/go_to_posture (GoToPosture),
    ~/reset_emergency_stop (Trigger).
    Parameters: `TwinNodeConfig`.
    Stale behaviour: it has no input that can be late; when its physics thread fails
    the process ends with an error and the supervisor starts it again.
    """

    def __init__(self) -> None:
        """Create the node, unconfigured."""
        super().__init__("twin")

    def configure(self) -> None:
        """Load robot and world, compile the model, join the graph."""
        self.config = load_config(self, TwinNodeConfig)
        self.robot = load_robot(self.config.robot)
        world = load_world(self.config.world)
        self.twin = Twin(self.robot, world, self.config.twin)
        self.twin.reset(self.config.hold.posture)
        self.hold = Hold(self.config.hold, self.robot)
        self.loop = TwinLoop(self.twin, self.hold, self.config.pace, self.on_tick)
        self._due = dict.fromkeys(("state", "body", "report"), 0.0)
        self._create_publishers()
        on_emergency_stop(self, self.stop)
        for name, kind, serve in (
            ("set_pause", SetPause, self.set_pause),
            ("step_simulation", StepSimulation, self.step_simulation),
            ("reset_world", ResetWorld, self.reset_world),
            ("set_free_joint_state", SetFreeJointState, self.set_free_joint_state),
            ("apply_wrench", ApplyExternalWrench, self.apply_wrench),
            ("go_to_posture", GoToPosture, self.go_to_posture),
            ("reset_emergency_stop", Trigger, self.reset_emergency_stop),
        ):
            self.create_service(kind, f"~/{name}", self._serving(serve))
        self.get_logger().info(
            f"{self.robot.name} in '{world.name}': {len(self.robot.joints)} joints, "
            f"{self.robot.mass:.1f} kg, physics {1 / self.twin.time_step:.0f} Hz"
        )

    def _create_publishers(self) -> None:
        sensors = self.robot.description.sensors
        publisher = self.create_publisher
        self.joint_states = publisher(JointState, "joint_states", 10)
        self.dynamic = publisher(DynamicJointState, "dynamic_joint_states", 10)
        self.imus = [publisher(Imu, imu.topic, 10) for imu in sensors.imu]
        self.wrenches = [
            publisher(WrenchStamped, cell.topic, 10) for cell in sensors.force_torque
        ]
        self.battery = publisher(BatteryState, "battery_state", 10)
        self.odometry = publisher(Odometry, "ground_truth/odom", 10)
        self.tf = publisher(TFMessage, "tf", 100)
        self.clock = publisher(Clock, "clock", 10)
        self.status = publisher(TwinStatus, "~/status", LATCHED)
        self.objects = publisher(FreeJointStateArray, "~/free_joint_states", 10)

    def activate(self) -> None:
        """Start turning time."""
        self.loop.start()
        self._watch = self.create_wall_timer(0.5, self._watch_loop)

    def deactivate(self) -> None:
        """Stop turning time."""
        self.destroy_timer(self._watch)
        self.loop.stop()

    def _watch_loop(self) -> None:
        if self.loop.failure is not None:
            self.failure = self.loop.failure
            self.get_logger().fatal(f"physics thread: {self.failure!r}")

    # --- out: called in the physics thread -----------------------------------------

    def on_tick(self) -> None:
        """Publish what is due."""
        now = self.twin.time
        stamp = convert.to_time(now) if self.config.publish_clock else self._wall()
        if self.config.publish_clock:
            self.clock.publish(Clock(clock=stamp))
        if self._is_due("state", self.config.state_rate):
            state = self.twin.joint_state()
            names = self.robot.joints
            self.joint_states.publish(convert.to_joint_state(stamp, names, state))
            self._publish_senses(stamp)
            if self._is_due("body", BODY_RATE):
                message = convert.to_dynamic_joint_state(stamp, names, state)
                self.dynamic.publish(message)
                self._publish_bodies(stamp)
        if self._is_due("report", REPORT_RATE):
            self._publish_report(stamp)

    def _wall(self) -> Any:
        return self.get_clock().now().to_msg()

    def _is_due(self, what: str, rate: float) -> bool:
        """Tell whether a topic's next time has come; always while paused."""
        now, due, period = self.twin.time, self._due[what], 1.0 / rate
        if not self.loop.paused and due - period < now < due:
            return False
        self._due[what] = due + period if 0.0 <= now - due < period else now + period
        return True

    def _publish_senses(self, stamp: Any) -> None:
        sensors = self.robot.description.sensors
        for imu, publisher, sample in zip(
            sensors.imu, self.imus, self.twin.imus(), strict=True
        ):
            publisher.publish(convert.to_imu(stamp, imu, sample))
        for cell, wrenches, felt in zip(
            sensors.force_torque, self.wrenches, self.twin.wrenches(), strict=True
        ):
            wrenches.publish(convert.to_wrench(stamp, cell.frame, felt))

    def _publish_bodies(self, stamp: Any) -> None:
        base = self.robot.description.base
        state = self.twin.base_state()
        self.odometry.publish(convert.to_odometry(stamp, "odom", base, state))
        if self.config.publish_tf:
            pose = state.transform_base_to_odom
            transforms = [convert.to_transform(stamp, "odom", base, pose)]
            self.tf.publish(TFMessage(transforms=transforms))
        message = FreeJointStateArray()
        message.header.stamp = stamp
        message.header.frame_id = "odom"
        for thing in self.twin.world.objects:
            free = FreeJointState(name=thing.name)
            free.pose.header = message.header
            free.pose.pose = convert.to_pose(self.twin.object_pose(thing.name))
            message.free_joints.append(free)
        self.objects.publish(message)

    def _publish_report(self, stamp: Any) -> None:
        capacity = self.robot.description.battery.capacity
        self.battery.publish(convert.to_battery(stamp, capacity, self.twin.battery()))
        status = TwinStatus(
            robot=self.robot.name,
            world=self.twin.world.name,
            paused=self.loop.paused,
            stopped=self.hold.stopped,
            posture=self.hold.posture,
            real_time_factor=self.loop.real_time_factor,
            step_seconds=self.loop.step_seconds,
        )
        status.header.stamp = Time(seconds=self.twin.time).to_msg()
        self.status.publish(status)

    # --- in: called by the executor -------------------------------------------------

    def stop(self) -> None:
        """Emergency stop: freeze; only ~/reset_emergency_stop ends it."""
        if not self.hold.stopped:
            self.loop.submit(lambda: self.hold.stop(self.twin.time))
            self.get_logger().warning("emergency stop: holding where it is")

    def _serving(self, serve: Callable[[Any, Any], str]) -> Callable[[Any, Any], Any]:
        """Turn a method that returns a message or raises into a service callback."""

        def callback(request: Any, response: Any) -> Any:
            try:
                response.message = serve(request, response)
                response.success = True
            except (RenxingError, TimeoutError) as error:
                response.message = str(error) or "the physics thread does not answer"
                response.success = False
            return response

        return callback

    def _do(self, request: Callable[[], Any]) -> Any:
        future: Future[Any] = self.loop.submit(request)
        return future.result(timeout=SERVICE_TIMEOUT)

    def set_pause(self, request: SetPause.Request, _response: Any) -> str:
        """Stop time or let it go on."""

        def pause() -> None:
            self.loop.paused = request.paused

        self._do(pause)
        return "paused" if request.paused else "running"

    def step_simulation(self, request: StepSimulation.Request, _response: Any) -> str:
        """Advance a paused simulation."""
        if not self.loop.paused:
            raise ConfigError("step_simulation: pause the simulation first")
        if request.steps > STEPS_LIMIT:
            # They are done in one go, and an emergency stop waits for their end.
            raise ConfigError(
                f"step_simulation: {request.steps} steps; at most {STEPS_LIMIT} at once"
            )
        self._do(lambda: self.loop.advance(request.steps))
        return f"at {self.twin.time:.3f} s"

    def reset_world(self, request: ResetWorld.Request, _response: Any) -> str:
        """Start again; the keyframe is a posture, overrides move joints and objects."""
        posture = request.keyframe or self.config.hold.posture
        positions = self.robot.posture(posture)
        overrides = request.state_overrides.joint_states
        if len(overrides.name) != len(overrides.position):
            raise ConfigError(
                f"state_overrides: {len(overrides.name)} joint names but "
                f"{len(overrides.position)} positions"
            )
        positions[self.robot.indices(tuple(overrides.name))] = overrides.position
        if not np.isfinite(positions).all():
            raise ConfigError("state_overrides: positions must be finite")
        poses = self._poses(request.state_overrides.free_joints)

        def reset() -> None:
            self.twin.reset_to(positions)
            self.hold.reset(posture, positions)
            for name, pose in poses:
                self.twin.set_object_pose(name, pose)

        self._do(reset)
        return f"reset to '{posture}'"

    def set_free_joint_state(
        self, request: SetFreeJointState.Request, _response: Any
    ) -> str:
        """Put objects somewhere, at rest."""
        poses = self._poses(request.free_joints)

        def place() -> None:
            for name, pose in poses:
                self.twin.set_object_pose(name, pose)

        self._do(place)
        return f"{len(poses)} objects placed"

    def _poses(self, free_joints: list[FreeJointState]) -> list[tuple[str, Any]]:
        known = [thing.name for thing in self.twin.world.objects]
        for free in free_joints:
            if free.name not in known:
                raise ConfigError(
                    f"object '{free.name}': not in world '{self.twin.world.name}', "
                    f"which has {', '.join(known) or 'none'}"
                )
            if free.pose.header.frame_id not in ("", "odom"):
                raise ConfigError(
                    f"object '{free.name}': frame '{free.pose.header.frame_id}'; "
                    "poses are wanted in 'odom'"
                )
        return [(free.name, convert.from_pose(free.pose.pose)) for free in free_joints]

    def apply_wrench(self, request: ApplyExternalWrench.Request, _response: Any) -> str:
        """Push bodies; frame_id names the body, in whose frame the numbers are."""
        pushes = [
            Push(
                body=wrench.wrench.header.frame_id,
                force=convert.from_vector(wrench.wrench.wrench.force),
                torque=convert.from_vector(wrench.wrench.wrench.torque),
                point=convert.from_vector(wrench.application_point),
                duration=convert.to_seconds(wrench.duration),
                ramp_down=convert.to_seconds(wrench.ramp_down_duration),
            )
            for wrench in request.wrenches.external_wrenches
        ]
        self._do(lambda: self.twin.apply_wrenches(pushes))
        return f"{len(pushes)} wrenches applied"

    def go_to_posture(self, request: GoToPosture.Request, _response: Any) -> str:
        """Move all joints to a named posture."""
        duration = self._do(
            lambda: self.hold.move_to(
                request.posture, self.twin.time, convert.to_seconds(request.duration)
            )
        )
        return f"to '{request.posture}' in {duration:.2f} s"

    def reset_emergency_stop(self, _request: Trigger.Request, _response: Any) -> str:
        """End an emergency stop; the robot stays where it is."""
        self._do(self.hold.release)
        return "released"
