# SPDX-License-Identifier: Apache-2.0
"""The operator page on the graph."""

import math
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from control_msgs.msg import DynamicJointState
from controller_manager_msgs.msg import ControllerManagerActivity
from controller_manager_msgs.srv import ListControllers, ListHardwareComponents
from diagnostic_msgs.msg import DiagnosticArray
from mujoco_ros2_control_msgs.msg import FreeJointStateArray
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from sensor_msgs.msg import BatteryState
from tf2_msgs.msg import TFMessage

from renxing.console import Balance, Member, Page, Report, SimulationReport
from renxing.nodes import convert
from renxing.nodes.console_brain import ConsoleBrain
from renxing.nodes.console_operator import MANAGER, ConsoleOperator
from renxing.nodes.console_recording import ConsoleRecording
from renxing.nodes.console_skin import ConsoleSkin
from renxing.nodes.managed import ManagedNode
from renxing.nodes.manager_messages import from_diagnostics, status_name
from renxing.nodes.parameters import load_config
from renxing.robot import load_robot
from renxing.runtime.core_report import CoreReport
from renxing.signals import JointState
from renxing.sim import load_world
from renxing.spatial import SE3
from renxing_msgs.msg import LocomotionStatus, TwinStatus

LATCHED = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
STALE_CORE = 3.0  # [s] after which it says that the core is; it reports once a second
STALE_BALANCE = 0.5  # [s] after which nobody balances the robot; news comes at 50 Hz
LOCOMOTION_TYPE = "renxing/LocomotionController"
DRIVE_PERIOD = 0.1  # [s] between two velocities while they are not zero


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleConfig:
    """The node.

    Attributes:
        robot: Name in config/robots or path of a robot's YAML file.
        world: Name in config/worlds or path of a world's YAML file.
        host: Address to listen on; only 127.0.0.1 keeps strangers out.
        port: To listen on.
        draw_rate: Of the 3D view [Hz].
        table_rate: Of tables and status [Hz].
    """

    robot: str = "rx1"
    world: str = "flat"
    host: str = "127.0.0.1"
    port: int = field(default=8080, metadata={"min": 1, "max": 65535})
    draw_rate: float = field(default=20.0, metadata={"min": 1.0, "max": 60.0})
    table_rate: float = field(default=4.0, metadata={"min": 0.5, "max": 20.0})


class ConsoleNode(ManagedNode):
    """Serves the operator page.

    Publishes: emergency_stop (Bool, latched), cmd_vel (TwistStamped, 10 Hz while the
    operator wants the robot to walk, then one zero).
    Subscribes: dynamic_joint_states, tf, battery_state, /diagnostics and
    controller_manager/activity of the core, ~/status of the active locomotion
    controller, twin/status, twin/free_joint_states, brain/plan, brain/dialogue.
    Calls: the services of controller manager, posture controller, twin and brain that
    its buttons stand for, and the action execute_task.
    Parameters: `ConsoleConfig`.
    Stale behaviour: after 1 s without joint states, or 3 s without the core's report,
    the page says so; without a browser the velocity is zero.
    """

    def __init__(self) -> None:
        """Create the node, unconfigured."""
        super().__init__("console")

    def configure(self) -> None:
        """Load the robot, serve the page and join the graph."""
        self.config = load_config(self, ConsoleConfig)
        self.robot = load_robot(self.config.robot)
        self._place = {name: i for i, name in enumerate(self.robot.joints)}
        self.state: JointState | None = None
        self.heard = time.monotonic()
        self.base: SE3 | None = None
        self.status: TwinStatus | None = None
        self.charge = math.nan
        self.objects: FreeJointStateArray | None = None
        self._locomotion: Any = None
        self._balance: LocomotionStatus | None = None
        self._balance_heard = 0.0
        self.core: CoreReport | None = None
        self._core_heard = 0.0
        self.controllers: tuple[Member, ...] = ()
        self.components: tuple[Member, ...] = ()
        self.operator = ConsoleOperator(self, self.robot)
        self.skin = ConsoleSkin(self, self.robot)
        self.brain = ConsoleBrain(self)
        self.recordings = ConsoleRecording(self)
        namespace = self.get_namespace().rstrip("/")
        self._diagnosed = status_name(f"{namespace}/{MANAGER}")
        self._join()
        host, port = self.config.host, self.config.port
        world = load_world(self.config.world)
        self.page = Page(self.robot, world, host, port, self.operator, self.brain)
        self.get_logger().info(f"operator page: http://{host}:{port}")

    def _join(self) -> None:
        subscribe = self.create_subscription
        subscribe(DynamicJointState, "dynamic_joint_states", self.on_joints, 10)
        subscribe(TFMessage, "tf", self.on_tf, 100)
        subscribe(TwinStatus, "twin/status", self.on_status, LATCHED)
        subscribe(BatteryState, "battery_state", self.on_battery, 10)
        subscribe(FreeJointStateArray, "twin/free_joint_states", self.on_objects, 10)
        subscribe(DiagnosticArray, "/diagnostics", self.on_diagnostics, 10)
        subscribe(
            ControllerManagerActivity, f"{MANAGER}/activity", self.on_activity, LATCHED
        )
        self._list_controllers = self.create_client(
            ListControllers, f"{MANAGER}/list_controllers"
        )
        self._list_components = self.create_client(
            ListHardwareComponents, f"{MANAGER}/list_hardware_components"
        )

    def activate(self) -> None:
        """Start refreshing the page."""
        self._draw = self.create_wall_timer(1.0 / self.config.draw_rate, self.draw)
        self._tell = self.create_wall_timer(1.0 / self.config.table_rate, self.tell)
        self._walk = self.create_wall_timer(DRIVE_PERIOD, self.walk)

    def deactivate(self) -> None:
        """Stop refreshing the page."""
        self.destroy_timer(self._draw)
        self.destroy_timer(self._tell)
        self.destroy_timer(self._walk)

    def clean(self) -> None:
        """Stop serving the page."""
        self.page.close()
        self.brain.close()

    # --- news: callbacks store, timers show ------------------------------------------

    def on_joints(self, message: DynamicJointState) -> None:
        """Keep the joint states, in joint order whatever theirs is."""
        rows = np.full((len(self.robot.joints), len(convert.INTERFACES)), np.nan)
        pairs = zip(message.joint_names, message.interface_values, strict=False)
        for name, values in pairs:
            place = self._place.get(name)
            if place is None:
                continue
            given = dict(zip(values.interface_names, values.values, strict=False))
            rows[place] = [given.get(kind, math.nan) for kind in convert.INTERFACES]
        position, velocity, effort, temperature = np.nan_to_num(rows).T
        self.state = JointState(
            stamp=convert.to_seconds(message.header.stamp),
            position=position,
            velocity=velocity,
            effort=effort,
            temperature=temperature,
        )
        self.heard = time.monotonic()

    def on_tf(self, message: TFMessage) -> None:
        """Keep the pose of the base."""
        for transform in message.transforms:
            if transform.child_frame_id == self.robot.description.base:
                self.base = convert.from_transform(transform.transform)

    def on_status(self, message: TwinStatus) -> None:
        """Keep the simulation's status."""
        self.status = message

    def on_battery(self, message: BatteryState) -> None:
        """Keep the battery's charge."""
        self.charge = message.percentage

    def on_objects(self, message: FreeJointStateArray) -> None:
        """Keep the objects' poses."""
        self.objects = message

    def on_diagnostics(self, message: DiagnosticArray) -> None:
        """Keep the core's report."""
        for status in message.status:
            if status.name == self._diagnosed:
                self.core = from_diagnostics(status)
                self._core_heard = time.monotonic()

    def on_activity(self, _message: ControllerManagerActivity) -> None:
        """Ask anew what runs: activity has states, but neither types nor claims."""

        def on_controllers(future: Any) -> None:
            self.controllers = tuple(
                Member(
                    name=one.name,
                    kind=one.type,
                    state=one.state,
                    commands=len(one.claimed_interfaces),
                )
                for one in future.result().controller
            )
            self.operator.learn(self.controllers)
            self._find_locomotion()

        def on_components(future: Any) -> None:
            self.components = tuple(
                Member(
                    name=one.name,
                    kind=one.plugin_name,
                    state=one.state.label,
                    commands=sum(i.is_claimed for i in one.command_interfaces),
                )
                for one in future.result().component
            )

        asked = self._list_controllers.call_async(ListControllers.Request())
        asked.add_done_callback(on_controllers)
        asked = self._list_components.call_async(ListHardwareComponents.Request())
        asked.add_done_callback(on_components)

    def _find_locomotion(self) -> None:
        """Listen to the controller that walks, if one is active."""
        active = [
            f"{one.name}/status"
            for one in self.controllers
            if one.kind == LOCOMOTION_TYPE and one.state == "active"
        ]
        topic = self.resolve_topic_name(active[0]) if active else None
        if self._locomotion is not None:
            if self._locomotion.topic_name == topic:
                return
            self.destroy_subscription(self._locomotion)
            self._locomotion = None
        if topic is not None:
            self._locomotion = self.create_subscription(
                LocomotionStatus, topic, self.on_locomotion, 10
            )

    def on_locomotion(self, message: LocomotionStatus) -> None:
        """Keep what the gait is about."""
        self._balance = message
        self._balance_heard = time.monotonic()

    @property
    def balance(self) -> Balance | None:
        """What the gait is about, if somebody has said so lately."""
        message = self._balance
        if message is None or time.monotonic() - self._balance_heard > STALE_BALANCE:
            return None
        twist = message.velocity
        return Balance(
            mode=message.mode,
            velocity=np.array([twist.linear.x, twist.linear.y, twist.angular.z]),
            com=convert.from_vector(message.com),
            capture_point=convert.from_vector(message.capture_point)[:2],
            centre_of_pressure=convert.from_vector(message.centre_of_pressure)[:2],
            foothold=convert.from_vector(message.foothold)[:2],
            margin=message.margin,
            steps=message.steps,
            failures=message.failures,
            soles=tuple(convert.from_pose(pose) for pose in message.soles),
            forces=np.array(
                [convert.from_vector(w.force) for w in message.sole_wrenches]
            ),
        )

    def draw(self) -> None:
        """Refresh the 3D view."""
        if not self.page.watched or self.state is None:
            return
        base = self.base
        if base is None:
            # Nobody says where it is: let it stand.
            base = self.robot.standing_base(self.state.position)
        self.page.show_robot(self.state, base)
        self.page.show_balance(self.balance)
        if self.objects is not None:
            for free in self.objects.free_joints:
                self.page.show_object(free.name, convert.from_pose(free.pose.pose))
            self.objects = None

    def tell(self) -> None:
        """Refresh tables and status."""
        self.skin.watch(self.page.watched)
        if not self.page.watched:
            return
        self.page.show_skin(self.skin.report())
        played = self.recordings.played
        self.page.show_task(self.brain.report(replayed=bool(played)))
        now = time.monotonic()
        if played and self._locomotion is None:
            listen = self.recordings.listen_to_locomotion
            self._locomotion = listen(self.on_locomotion)
        if not played and now - self._core_heard > STALE_CORE:
            self.page.show_silence(now - self._core_heard)
            return
        if self.state is not None:
            self.page.show_joints(self.state)
        simulation, status = None, self.status
        if status is not None:
            simulation = SimulationReport(
                time=convert.to_seconds(status.header.stamp),
                world=status.world,
                paused=status.paused,
                real_time_factor=status.real_time_factor,
            )
        self.page.show_report(
            Report(
                core=self.core,
                silence=now - self.heard,
                simulation=simulation,
                charge=self.charge,
                controllers=self.controllers,
                components=self.components,
                balance=self.balance,
                recorded=self.recordings.recorded,
                played=played,
            )
        )

    def walk(self) -> None:
        """Publish the wanted velocity, and one zero at its end."""
        if self.operator.walks and not self.page.watched:
            self.page.halt()
        self.operator.publish_velocity()
