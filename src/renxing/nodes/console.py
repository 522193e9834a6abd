# SPDX-License-Identifier: Apache-2.0
"""The operator page on the graph."""

import math
import time
from dataclasses import dataclass, field

import numpy as np
from control_msgs.msg import DynamicJointState
from mujoco_ros2_control_msgs.msg import FreeJointStateArray
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from sensor_msgs.msg import BatteryState

from renxing.console import Page, Report, SimulationReport
from renxing.nodes import convert
from renxing.nodes.console_authority import ConsoleAuthority
from renxing.nodes.console_brain import ConsoleBrain
from renxing.nodes.console_cameras import ConsoleCameras
from renxing.nodes.console_core import ConsoleCore
from renxing.nodes.console_frames import ConsoleFrames
from renxing.nodes.console_goals import ConsoleGoals
from renxing.nodes.console_guide import ConsoleGuide
from renxing.nodes.console_map import ConsoleMap
from renxing.nodes.console_operator import ConsoleOperator
from renxing.nodes.console_recorder import ConsoleRecorder
from renxing.nodes.console_recording import ConsoleRecording
from renxing.nodes.console_skin import ConsoleSkin
from renxing.nodes.console_walk import ConsoleWalk
from renxing.nodes.managed import ManagedNode
from renxing.nodes.parameters import load_config
from renxing.robot import load_robot
from renxing.signals import JointState
from renxing.sim import load_world
from renxing_msgs.msg import TwinStatus

LATCHED = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
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
    Subscribes: dynamic_joint_states, tf, tf_static, battery_state, /diagnostics and
    controller_manager/activity of the core, ~/status of the active locomotion
    controller, footsteps, twin/status, twin/free_joint_states, brain/plan,
    brain/dialogue, received_global_plan and the status of navigation's actions; map
    or global_costmap/costmap, camera/*/image_raw/compressed and skin/* only while a
    browser shows them.
    Calls: the services of controller manager, posture controller, twin, brain and
    recorder that its buttons stand for, the actions execute_task and navigate_to_pose.
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
        self.status: TwinStatus | None = None
        self.charge = math.nan
        self.objects: FreeJointStateArray | None = None
        description = self.robot.description
        cameras = [camera.name for camera in description.sensors.cameras]
        self.operator = ConsoleOperator(self, self.robot)
        self.core = ConsoleCore(self, self.robot.name, self.on_controllers)
        self.frames = ConsoleFrames(self, description.base)
        self.skin = ConsoleSkin(self, self.robot)
        self.cameras = ConsoleCameras(self, cameras)
        self.brain = ConsoleBrain(self)
        self.maps = ConsoleMap(self)
        self.goals = ConsoleGoals(self)
        self.guide = ConsoleGuide(self, self.frames, self.maps, self.goals)
        self.authority = ConsoleAuthority(self, self.goals)
        self.recorder = ConsoleRecorder(self)
        self.recordings = ConsoleRecording(self)
        self._join()
        host, port = self.config.host, self.config.port
        self.page = Page(
            self.robot,
            load_world(self.config.world),
            host,
            port,
            self.operator,
            self.brain,
            self.guide,
            self.recorder,
        )
        self.gait = ConsoleWalk(self, self.page.give_footsteps)
        self.get_logger().info(f"operator page: http://{host}:{port}")

    def _join(self) -> None:
        subscribe = self.create_subscription
        subscribe(DynamicJointState, "dynamic_joint_states", self.on_joints, 10)
        subscribe(TwinStatus, "twin/status", self.on_status, LATCHED)
        subscribe(BatteryState, "battery_state", self.on_battery, 10)
        subscribe(FreeJointStateArray, "twin/free_joint_states", self.on_objects, 10)

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
        self.look(False)
        self.page.close()
        self.brain.close()
        self.guide.close()

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

    def on_status(self, message: TwinStatus) -> None:
        """Keep the simulation's status."""
        self.status = message

    def on_battery(self, message: BatteryState) -> None:
        """Keep the battery's charge."""
        self.charge = message.percentage

    def on_objects(self, message: FreeJointStateArray) -> None:
        """Keep the objects' poses."""
        self.objects = message

    def on_controllers(self) -> None:
        """Find who walks and who knows postures among those that run now."""
        self.operator.learn(self.core.controllers)
        self.gait.find(self.core.controllers)

    def look(self, watched: bool) -> None:
        """Listen to what costs something while somebody looks, and only then."""
        self.skin.watch(watched)
        self.maps.watch(self.page.layer if watched else "")
        self.cameras.watch(watched and self.page.pictures_wanted)

    def draw(self) -> None:
        """Refresh the 3D view."""
        if not self.page.watched or self.state is None:
            return
        base = self.frames.base_to_odom
        if base is None:
            # Nobody says where it is: let it stand.
            base = self.robot.standing_base(self.state.position)
        self.page.show_robot(self.state, base)
        self.page.show_balance(self.gait.balance)
        if self.objects is not None:
            for free in self.objects.free_joints:
                self.page.show_object(free.name, convert.from_pose(free.pose.pose))
            self.objects = None

    def tell(self) -> None:
        """Refresh tables and status."""
        self.look(self.page.watched)
        if not self.page.watched:
            return
        played = self.recordings.played
        if played:
            self.gait.listen_with(self.recordings.listen_to_locomotion)
        self.page.show_skin(self.skin.report())
        task = self.brain.report(replayed=bool(played))
        self.page.show_task(task)
        self.page.show_guide(self.guide.report(replayed=bool(played)))
        recorded = self.recordings.recorded
        self.page.show_recorder(self.recorder.report(recorded))
        pictures = self.cameras.report()
        if pictures is not None:
            self.page.show_pictures(pictures)
        if not played and self.core.silence:
            self.page.show_silence(self.core.silence)
            return
        if self.state is not None:
            self.page.show_joints(self.state)
        balance = self.gait.balance
        self.page.show_report(
            Report(
                core=self.core.report,
                silence=time.monotonic() - self.heard,
                simulation=self.simulation(),
                charge=self.charge,
                controllers=self.core.controllers,
                components=self.core.components,
                balance=balance,
                recorded=recorded,
                played=played,
                period=self.core.period,
                authority=self.authority.authority(
                    core=self.core.report,
                    controllers=self.core.controllers,
                    walker=self.gait.name,
                    balance=balance,
                    task=task.asked if task is not None and task.runs else "",
                    ours=self.guide.runs,
                ),
            )
        )

    def simulation(self) -> SimulationReport | None:
        """Return how the simulation does; None without one."""
        status = self.status
        if status is None:
            return None
        return SimulationReport(
            time=convert.to_seconds(status.header.stamp),
            world=status.world,
            paused=status.paused,
            real_time_factor=status.real_time_factor,
        )

    def walk(self) -> None:
        """Publish the wanted velocity, and one zero at its end."""
        if self.operator.walks and not self.page.watched:
            self.page.halt()
        self.operator.publish_velocity()
