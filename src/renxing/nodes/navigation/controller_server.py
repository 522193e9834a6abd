# SPDX-License-Identifier: Apache-2.0
"""The robot's legs for navigation: whoever wants to move it asks here.

Following a path and the short motions share one set of legs, so one goal at a time
has them; only this node publishes velocities.
"""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from geometry_msgs.msg import Twist, TwistStamped
from nav2_msgs.action import (
    AssistedTeleop,
    BackUp,
    DriveOnHeading,
    FollowPath,
    Spin,
    Wait,
)
from nav2_msgs.msg import SpeedLimit
from nav_msgs.msg import Odometry
from std_msgs.msg import Empty

from renxing import navigation
from renxing.errors import StaleError
from renxing.navigation import CostGrid, Follower, FollowerConfig
from renxing.nodes import convert
from renxing.nodes.navigation import grid_messages as messages
from renxing.nodes.navigation.behaviors import BehaviorConfig, Behaviors
from renxing.nodes.navigation.bystanders import Bystanders
from renxing.nodes.navigation.costmap import Costmap, CostmapConfig
from renxing.nodes.navigation.follow_path import FollowConfig, PathFollowing
from renxing.nodes.navigation.frames import Frames, FramesConfig
from renxing.nodes.navigation.solo_node import SoloNode
from renxing.nodes.parameters import load_config
from renxing.spatial import Array

COSTS_AGE = 0.2  # [s] for which the costs around the robot are used; Nav2's 5 Hz
LINGER = 1.0  # [s] for which zero is said after the last velocity


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerServerConfig:
    """The node.

    Attributes:
        rate: Of velocities [Hz].
        stamped: Whether velocities are TwistStamped, or Twist.
        eyes: Whether the robot moves only while its eyes say what is around it.
        window: Side of the local costmap [m].
        resolution: Of the local costmap [m].
        frames: Where the robot is.
        costmap: The local costmap.
        follower: The follower.
        follow: What is expected of following.
        behaviors: Short motions.
    """

    rate: float = field(default=20.0, metadata={"min": 5.0, "max": 100.0})
    stamped: bool = True
    eyes: bool = False
    window: float = field(default=5.0, metadata={"min": 2.0, "max": 20.0})
    resolution: float = field(default=0.05, metadata={"min": 0.02, "max": 0.2})
    frames: FramesConfig = field(default_factory=FramesConfig)
    costmap: CostmapConfig = field(default_factory=CostmapConfig)
    follower: FollowerConfig = field(default_factory=FollowerConfig)
    follow: FollowConfig = field(default_factory=FollowConfig)
    behaviors: BehaviorConfig = field(default_factory=BehaviorConfig)


class ControllerServer(SoloNode):
    """Follows paths and carries out short motions.

    Actions: follow_path, spin, backup, drive_on_heading, wait, assisted_teleop; a new
    goal aborts the one that runs.
    Publishes: cmd_vel (TwistStamped or Twist) while it moves the robot and for a second
    of zeros after it, otherwise there is no publisher; received_global_plan (Path); the
    local costmap (`Costmap`, in odom).
    Subscribes: tf, odom, people, speed_limit, cmd_vel_teleop (Twist), preempt_teleop
    (Empty), emergency_stop, /diagnostics of the core.
    Parameters: `ControllerServerConfig`.
    Stale behaviour: without fresh tf and odometry it says zero and aborts the goal with
    TF_ERROR; with `eyes` but no fresh news of them it stands, and goes on when they
    wake within `follow.blind_patience`; while a stop is latched goals are rejected, and
    the one that runs aborted.
    """

    def __init__(self) -> None:
        """Create the node, unconfigured."""
        super().__init__("controller_server", "controller")

    def configure(self) -> None:
        """Compile what is compiled, join the graph."""
        self.config = config = load_config(self, ControllerServerConfig)
        navigation.rehearse()
        self.frames = Frames(self, config.frames)
        self.costmap = Costmap(
            self, "local_costmap", config.costmap, self.frames, config.frames.odom
        )
        self.costmap.use(self.costs)
        self._velocity = np.zeros(3)
        self._measured = -math.inf
        self._wanted: Array | None = None
        self._moved = -math.inf
        self._publisher: Any = None
        self._costs: tuple[float, CostGrid] | None = None
        self.follower = Follower(config.follower)
        behaviors = Behaviors(self, config.behaviors)
        people = Bystanders(self, self.frames)
        following = PathFollowing(
            self, self.follower, self.frames, config.follow, self, people
        )
        solo = self.offer_solo()
        solo.offer(FollowPath, "follow_path", following.follow)
        solo.offer(Spin, "spin", behaviors.spin)
        solo.offer(BackUp, "backup", behaviors.back_up)
        solo.offer(DriveOnHeading, "drive_on_heading", behaviors.drive_on_heading)
        solo.offer(Wait, "wait", behaviors.wait)
        solo.offer(AssistedTeleop, "assisted_teleop", behaviors.assisted_teleop)
        subscribe = self.create_subscription
        subscribe(Odometry, "odom", self.on_odometry, 10)
        subscribe(SpeedLimit, "speed_limit", self.on_speed_limit, 10)
        subscribe(Twist, "cmd_vel_teleop", behaviors.on_hand, 1)
        subscribe(Empty, "preempt_teleop", lambda _: behaviors.on_let_go(), 1)
        self.create_wall_timer(1.0 / config.rate, self.tick)

    def deactivate(self) -> None:
        """Accept no more and stand."""
        super().deactivate()
        if self._publisher is not None:
            self._send(np.zeros(3))
            self.destroy_publisher(self._publisher)
            self._publisher = None

    # --- callbacks store, the tick thinks ---------------------------------------------

    def on_odometry(self, message: Odometry) -> None:
        """Keep the measured velocity."""
        twist = message.twist.twist
        self._velocity = np.array([twist.linear.x, twist.linear.y, twist.angular.z])
        self._measured = convert.to_seconds(message.header.stamp)

    def on_speed_limit(self, message: SpeedLimit) -> None:
        """Walk slower, or as fast as before with 0."""
        limit = float(message.speed_limit)
        if not math.isfinite(limit) or limit < 0.0:
            self.get_logger().error(f"speed limit {limit}: at least 0 wanted")
            return
        fastest = self.config.follower.forward
        share = limit / 100.0 if message.percentage else limit / fastest
        self.follower.limit(min(share, 1.0) if limit > 0.0 else 1.0)

    def tick(self) -> None:
        """Carry the goal on, and say how fast to walk."""
        if not self._working or self._solo is None:
            return
        why = self._stops.why
        if why and self._solo.busy:
            self.get_logger().warning(f"goal aborted: {why}")
            self._solo.end(why)
        self._solo.tick()
        now, wanted = self.now(), self._taken()
        if wanted is not None:
            self._moved = now
            self._send(wanted)
        elif self._publisher is not None:
            self._send(np.zeros(3))
            if not 0.0 <= now - self._moved < LINGER:
                # Others may publish velocities, and of the other type.
                self.destroy_publisher(self._publisher)
                self._publisher = None

    def _taken(self) -> Array | None:
        """Return the velocity of this tick, if anybody wants one."""
        wanted, self._wanted = self._wanted, None
        return wanted

    def _send(self, velocity: Array) -> None:
        kind = TwistStamped if self.config.stamped else Twist
        if self._publisher is None:
            self._publisher = self.create_publisher(kind, "cmd_vel", 1)
        message = kind()
        twist = message.twist if self.config.stamped else message
        if self.config.stamped:
            message.header.stamp = self.get_clock().now().to_msg()
            message.header.frame_id = self.frames.base
        twist.linear.x, twist.linear.y, twist.angular.z = map(float, velocity)
        self._publisher.publish(message)

    # --- the legs ---------------------------------------------------------------------

    def place(self) -> Array:
        """Return x, y, yaw in odom.

        Raises:
            StaleError: If nobody knows.
        """
        return messages.place_of(self.frames.base_to_odom())

    def velocity(self) -> Array:
        """Return the measured velocity: ahead, left [m/s], turning [rad/s].

        Raises:
            StaleError: If it is too old.
        """
        age, allowed = self.now() - self._measured, self.config.frames.odom_age
        if age > allowed:
            raise StaleError(f"odom: {age:.2f} s old; allowed {allowed:g} s")
        return self._velocity

    def costs(self) -> CostGrid:
        """Return the costs around the robot, in odom.

        Raises:
            BlindError: If the eyes are wanted and say nothing.
            StaleError: If there is no map, or nobody knows where the robot is in it.
        """
        if self.config.eyes:
            self.costmap.sight.need()
        now = self.now()
        if self._costs is None or not 0.0 <= now - self._costs[0] < COSTS_AGE:
            config, here = self.config, self.place()[:2]
            grid = self.costmap.window(here, config.window, config.resolution)
            self._costs = (now, grid)
        return self._costs[1]

    def drive(self, velocity: Array) -> None:
        """Walk at a velocity until the next tick."""
        self._wanted = velocity
