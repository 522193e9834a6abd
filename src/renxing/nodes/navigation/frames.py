# SPDX-License-Identifier: Apache-2.0
"""Where the robot is: `map <- odom <- base`, heard on tf.

tf2 has no wheel on PyPI; navigation needs three frames of it and the latest values.
"""

from dataclasses import dataclass, field

from geometry_msgs.msg import PoseStamped, TransformStamped
from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from rclpy.serialization import deserialize_message
from tf2_msgs.msg import TFMessage

from renxing.errors import ConfigError, StaleError
from renxing.nodes import convert
from renxing.nodes.navigation.grid_messages import place_of
from renxing.spatial import SE3, Array

STATIC = QoSProfile(depth=10, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class FramesConfig:
    """Frames and how old they may be.

    Attributes:
        map: Frame that does not drift.
        odom: Frame that does not jump.
        base: Frame of the robot; empty takes the one that tf has below odom.
        odom_age: Oldest pose of the base in odom that counts [s].
        map_age: Oldest pose of odom in the map that counts [s]; a static one never
            grows old.
    """

    map: str = "map"
    odom: str = "odom"
    base: str = ""
    odom_age: float = field(default=0.5, metadata={"min": 0.02, "max": 10.0})
    map_age: float = field(default=3.0, metadata={"min": 0.02, "max": 60.0})


class Frames:
    """The latest transforms of the chain."""

    def __init__(self, node: Node, config: FramesConfig) -> None:
        """Listen to tf and tf_static."""
        self.config = config
        self.base = config.base
        self._node = node
        # Child frame: stamp [s], None of a static one; parent; pose in the parent.
        self._known: dict[str, tuple[float | None, str, SE3]] = {}
        self._odom_bytes = config.odom.encode()
        hear = node.create_subscription
        hear(TFMessage, "tf", self.on_tf, QoSProfile(depth=100), raw=True)
        hear(TFMessage, "tf_static", self.on_static, STATIC, raw=True)

    def on_tf(self, data: bytes) -> None:
        """Keep transforms of the chain that change."""
        for one in self._transforms(data):
            self._keep(one, convert.to_seconds(one.header.stamp))

    def on_static(self, data: bytes) -> None:
        """Keep transforms of the chain that do not change."""
        for one in self._transforms(data):
            self._keep(one, None)

    def _transforms(self, data: bytes) -> list[TransformStamped]:
        """Return those of the chain; each has to do with odom."""
        # All the robot's links come by here, and reading them costs ten times more
        # than what navigation needs of it.
        if self._odom_bytes not in data:
            return []
        odom = self.config.odom
        found = deserialize_message(data, TFMessage).transforms
        for one in found:
            if not self.base and one.header.frame_id == odom:
                self.base = one.child_frame_id
        return [one for one in found if one.child_frame_id in (odom, self.base)]

    def _keep(self, message: TransformStamped, stamp: float | None) -> None:
        try:
            pose = convert.from_transform(message.transform)
        except ConfigError as error:
            text = f"tf {message.child_frame_id}: {error}"
            self._node.get_logger().error(text, throttle_duration_sec=1.0)
            return
        child, parent = message.child_frame_id, message.header.frame_id
        self._known[child] = (stamp, parent, pose)

    def base_to_odom(self) -> SE3:
        """Return the pose of the base in odom.

        Raises:
            StaleError: If none, or no new one, came.
        """
        return self._one(self.base, self.config.odom, self.config.odom_age)

    def odom_to_map(self) -> SE3:
        """Return the pose of odom in the map.

        Raises:
            StaleError: If none, or no new one, came.
        """
        return self._one(self.config.odom, self.config.map, self.config.map_age)

    def base_to_map(self) -> SE3:
        """Return the pose of the base in the map.

        Raises:
            StaleError: If one of the two transforms is missing or too old.
        """
        return self.odom_to_map() * self.base_to_odom()

    def to_map(self, frame: str) -> SE3:
        """Return the pose of a frame in the map; no name stands for the map.

        Raises:
            StaleError: If it is not in the chain, or its transform too old.
        """
        config = self.config
        if frame in ("", config.map):
            return SE3.Identity()
        if frame == config.odom:
            return self.odom_to_map()
        if frame == self.base:
            return self.base_to_map()
        raise StaleError(
            f"frame '{frame}': not known; allowed {config.map}, {config.odom}, "
            f"{self.base}"
        )

    def place(self, message: PoseStamped) -> Array:
        """Return x, y [m] and yaw [rad] of a pose in the map, shape (3,).

        Raises:
            StaleError: If its frame has no place in the map.
            ConfigError: If its numbers make no pose.
        """
        pose = message.pose
        q = pose.orientation
        if (q.x, q.y, q.z, q.w) == (0.0, 0.0, 0.0, 0.0):  # left out by many clients
            q.w = 1.0
        frame_to_map = self.to_map(message.header.frame_id.lstrip("/"))
        return place_of(frame_to_map * convert.from_pose(pose))

    def _one(self, child: str, parent: str, oldest: float) -> SE3:
        stamp, found, pose = self._known.get(child, (None, "", None))
        if pose is None or found != parent:
            raise StaleError(f"tf {parent} -> {child or 'base'}: none heard")
        if stamp is not None:
            age = self._node.get_clock().now().nanoseconds * 1e-9 - stamp
            if age > oldest:
                raise StaleError(
                    f"tf {parent} -> {child}: {age:.2f} s old; allowed {oldest:g} s"
                )
        return pose
