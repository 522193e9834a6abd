# SPDX-License-Identifier: Apache-2.0
"""The robot's description and its transforms, as `robot_state_publisher` gives them."""

from dataclasses import dataclass, field

import numpy as np
import pinocchio
from geometry_msgs.msg import TransformStamped
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage

from renxing.nodes import convert
from renxing.nodes.joint_positions import JointPositions
from renxing.nodes.managed import ManagedNode
from renxing.nodes.parameters import load_config
from renxing.robot import load_robot
from renxing.spatial import SE3

LATCHED = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotStatePublisherConfig:
    """The node.

    Attributes:
        robot: Name in config/robots or path of a robot's YAML file.
        backend: Given to xacro; chooses the hardware plugin in the description.
        publish_frequency: Greatest rate of tf [Hz].
    """

    robot: str = "rx1"
    backend: str = "mujoco"
    publish_frequency: float = field(default=20.0, metadata={"min": 1.0, "max": 1000.0})


class RobotStatePublisher(ManagedNode):
    """Turns joint states into transforms.

    Publishes: robot_description (String, latched), tf_static (TFMessage, latched),
    tf (TFMessage, with the stamps of the joint states).
    Subscribes: joint_states (JointState); any order, also some of the joints only.
    Parameters: `RobotStatePublisherConfig`.
    Stale behaviour: without new joint states it publishes no transforms, so that a
    listener sees them age.
    """

    def __init__(self) -> None:
        """Create the node, unconfigured."""
        super().__init__("robot_state_publisher")

    def configure(self) -> None:
        """Load the robot and publish what never changes."""
        config = load_config(self, RobotStatePublisherConfig)
        self.robot = load_robot(config.robot, config.backend)
        self._period = 1.0 / config.publish_frequency
        self._data = self.robot.model.createData()
        self._joint_positions = JointPositions(self.robot)
        self._last = -np.inf
        self._find_pairs()
        self.description = self.create_publisher(String, "robot_description", LATCHED)
        self.tf_static = self.create_publisher(TFMessage, "tf_static", LATCHED)
        self.tf = self.create_publisher(TFMessage, "tf", 100)
        self.description.publish(String(data=self.robot.urdf.text))

    def activate(self) -> None:
        """Publish the fixed transforms and listen to the joints."""
        stamp = self.get_clock().now().to_msg()
        frames = self.robot.model.frames
        fixed = []
        for parent, child in self._fixed:
            carrier, carried = frames[parent], frames[child]
            placement = carrier.placement.actInv(carried.placement)
            fixed.append(
                convert.to_transform(stamp, carrier.name, carried.name, placement)
            )
        self.tf_static.publish(TFMessage(transforms=fixed))
        self._joints = self.create_subscription(
            JointState, "joint_states", self.on_data, 10, raw=True
        )

    def deactivate(self) -> None:
        """Stop listening."""
        self.destroy_subscription(self._joints)

    def _find_pairs(self) -> None:
        """List the (parent link, child link) pairs that move and that do not."""
        model = self.robot.model
        links = (pinocchio.FrameType.BODY, pinocchio.FrameType.OP_FRAME)
        self._fixed: list[tuple[int, int]] = []
        self._moving: list[tuple[int, int]] = []
        root = model.getFrameId(self.robot.description.base)
        for index, frame in enumerate(model.frames):
            if frame.type not in links or index in (0, root):
                continue
            parent = frame.parentFrame
            while model.frames[parent].type not in links:
                parent = model.frames[parent].parentFrame
            same = model.frames[parent].parentJoint == frame.parentJoint
            (self._fixed if same else self._moving).append((parent, index))

    def on_data(self, message: bytes) -> None:
        """Keep the positions and, at most at the wanted rate, publish transforms."""
        self._joint_positions.read(message)
        stamp = self._joint_positions.stamp
        # A clock that went back (a reset simulation) starts again.
        if 0.0 <= stamp - self._last < 0.9 * self._period:
            return
        self._last = stamp
        header = convert.to_time(stamp)
        model, data = self.robot.model, self._data
        q = self.robot.configuration(self._joint_positions.positions)
        pinocchio.framesForwardKinematics(model, data, q)
        transforms: list[TransformStamped] = []
        for parent, child in self._moving:
            placement: SE3 = data.oMf[parent].actInv(data.oMf[child])
            transforms.append(
                convert.to_transform(
                    header,
                    model.frames[parent].name,
                    model.frames[child].name,
                    placement,
                )
            )
        self.tf.publish(TFMessage(transforms=transforms))
