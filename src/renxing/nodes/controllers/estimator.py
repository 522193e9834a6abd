# SPDX-License-Identifier: Apache-2.0
"""ROS half of the state estimator."""

from nav_msgs.msg import Odometry
from std_srvs.srv import Trigger
from tf2_msgs.msg import TFMessage

from renxing.control.base_controller import Cadence
from renxing.estimation.estimator_controller import Restart
from renxing.nodes import convert
from renxing.nodes.controllers.board_side import BoardSide
from renxing.runtime.boards import BoardReader
from renxing.signals import BaseState
from renxing.spatial import transform_from_quat_xyzw

ODOMETRY_RATE = 50.0  # [Hz]


class EstimatorSide(BoardSide):
    """Publishes: odom (Odometry), tf odom -> base (TFMessage).

    Services: ~/restart (Trigger): odom begins anew; the robot stands still.
    Parameters: `publish_tf`; `odom_rate` [Hz].
    """

    @property
    def places_base(self) -> bool:
        """Whether it publishes odom -> base now."""
        return self.active and self._tf is not None

    def connect(self) -> None:
        """Create the topics."""
        rate = self.parameters.number("odom_rate", ODOMETRY_RATE, 1.0, 1000.0)
        self._due = Cadence(rate)
        self._odometry = self.publisher(Odometry, "odom")
        self._tf = None
        if self.parameters.flag("publish_tf", True):
            self._tf = self.publisher(TFMessage, "tf")
        self.serve(Trigger, "~/restart", self.restart)

    def restart(self, _request: object, response: Trigger.Response) -> Trigger.Response:
        """Begin anew."""
        self.send(Restart())
        response.success = self.active
        response.message = "" if self.active else f"{self.name} is not active"
        return response

    def on_names(self, names: tuple[str, ...]) -> None:
        """Find the covariances."""
        self._pose = names.index("pose_covariance.0")
        self._twist = names.index("twist_covariance.0")

    def on_shown(self, board: BoardReader) -> None:
        """Publish at the wanted rate."""
        if not self._due.due(board.time):
            return
        self.clock.observe(board.time, board.due)
        values = board.values
        state = BaseState(
            stamp=board.time,
            transform_base_to_odom=transform_from_quat_xyzw(values[:3], values[3:7]),
            linear_velocity=values[7:10],
            angular_velocity=values[10:13],
        )
        stamp = self.clock.to_ros(board.time)
        base = self.robot.description.base
        message = convert.to_odometry(stamp, "odom", base, state)
        message.pose.covariance[:] = values[self._pose : self._pose + 36]
        message.twist.covariance[:] = values[self._twist : self._twist + 36]
        self._odometry.publish(message)
        if self._tf is not None:
            pose = state.transform_base_to_odom
            moved = convert.to_transform(stamp, "odom", base, pose)
            self._tf.publish(TFMessage(transforms=[moved]))
