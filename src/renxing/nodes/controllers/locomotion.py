# SPDX-License-Identifier: Apache-2.0
"""ROS half of the locomotion controller."""

from typing import Any

from geometry_msgs.msg import Point, Pose, Quaternion, Twist, Vector3, Wrench
from visualization_msgs.msg import MarkerArray

from renxing.control.base_controller import Cadence
from renxing.control.locomotion_controller import (
    BOARD,
    FOOT_BOARD,
    MODES,
    VelocityCommand,
)
from renxing.nodes.controllers.board_side import BoardSide
from renxing.nodes.controllers.footsteps import FootstepServer
from renxing.nodes.controllers.locomotion_markers import markers
from renxing.nodes.controllers.upper_body import UpperBodyServer
from renxing.nodes.controllers.velocity_topic import VelocityTopic
from renxing.runtime.boards import BoardReader
from renxing.spatial import Array, quat_xyzw_from_rotation, rotation_from_rpy
from renxing_msgs.msg import LocomotionStatus

STATUS_RATE = 50.0  # [Hz]
PLACE = {name: index for index, name in enumerate(BOARD)}
_POSITION, _HEADING, _FORCE, _TORQUE = 0, 3, 4, 7


class LocomotionSide(BoardSide):
    """Subscribes: cmd_vel (TwistStamped or Twist), in the frame of the robot's heading.

    Action and topic for footsteps: see `FootstepServer`; for arms and neck:
    see `UpperBodyServer`.
    Publishes: ~/status (LocomotionStatus), ~/markers (MarkerArray) for RViz.
    Parameters: `status_rate` [Hz]; `cmd_vel_topic`; `footsteps_topic`; `stale` [s], age
    from which a stamped velocity is refused. Late velocities: see the controller.
    """

    def connect(self) -> None:
        """Create the topics."""
        p = self.parameters
        self._due = Cadence(p.number("status_rate", STATUS_RATE, 1.0, 1000.0))
        topic = VelocityTopic(
            self.node,
            p.text("cmd_vel_topic", "cmd_vel"),
            self.on_velocity,
            self.refuse,
            p.number("stale", 0.5, 0.01, 60.0),
        )
        self.owns(topic.close)
        self._footsteps = FootstepServer(self)
        self._upper = UpperBodyServer(self)
        self._status = self.publisher(LocomotionStatus, "~/status")
        self._markers = self.publisher(MarkerArray, "~/markers")

    def on_velocity(self, twist: Twist) -> None:
        """Pass a velocity on."""
        if self.active:
            turning = twist.angular.z
            self.send(VelocityCommand(twist.linear.x, twist.linear.y, turning))

    def on_value(self, value: Any) -> None:
        """Take what footsteps and trajectories came to."""
        self._footsteps.take(value)
        self._upper.take(value)

    def deactivate(self) -> None:
        """Abort goals that the loop did not end."""
        super().deactivate()
        self._footsteps.end_all("the controller was deactivated")
        self._upper.end_all("the controller was deactivated")

    def on_shown(self, board: BoardReader) -> None:
        """Publish at the wanted rate."""
        if not self._due.due(board.time):
            return
        self.clock.observe(board.time, board.due)
        message = self.status(board.values)
        message.header.stamp = self.clock.to_ros(board.time)
        message.header.frame_id = "odom"
        self._status.publish(message)
        if self._markers.get_subscription_count():
            self._markers.publish(markers(message, self.robot))

    def status(self, values: Array) -> LocomotionStatus:
        """Return the message of a board."""
        feet = values[len(BOARD) :].reshape(-1, len(FOOT_BOARD))
        ground = float(feet[:, 2].min())
        com, capture, pressure, foothold = (
            values[1:4],
            values[4:6],
            values[6:8],
            values[8:10],
        )
        message = LocomotionStatus(
            mode=MODES[int(values[PLACE["mode"]])],
            com=_point(*com),
            capture_point=_point(capture[0], capture[1], ground),
            centre_of_pressure=_point(pressure[0], pressure[1], ground),
            foothold=_point(foothold[0], foothold[1], ground),
            margin=float(values[PLACE["margin"]]),
            steps=int(values[PLACE["steps"]]),
            failures=int(values[PLACE["failures"]]),
        )
        forward, left, turning = map(float, values[13:16])
        message.velocity.linear.x, message.velocity.linear.y = forward, left
        message.velocity.angular.z = turning
        for row in feet:
            facing = rotation_from_rpy((0.0, 0.0, row[_HEADING]))
            turn = quat_xyzw_from_rotation(facing)
            x, y, z, w = map(float, turn)
            pose = Pose(
                position=_point(*row[:3]), orientation=Quaternion(x=x, y=y, z=z, w=w)
            )
            message.soles.append(pose)
            force, torque = row[_FORCE:_TORQUE], row[_TORQUE:]
            message.sole_wrenches.append(
                Wrench(force=_vector(*force), torque=_vector(*torque))
            )
        return message


def _point(x: float, y: float, z: float) -> Point:
    return Point(x=float(x), y=float(y), z=float(z))


def _vector(x: float, y: float, z: float) -> Vector3:
    return Vector3(x=float(x), y=float(y), z=float(z))
