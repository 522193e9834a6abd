# SPDX-License-Identifier: Apache-2.0
"""A robot behind ROS topics as hardware: the `topics` backend (`renxing/TopicsSystem`).

The core knows no ROS. The node `topics_bridge` stands between: to the joint bus it is
the one bus that has all joints.
"""

from renxing.hardware_interface import HardwareInfo
from renxing.robot import Robot
from renxing.runtime.servo.system import JointBusSystem

BACKEND = "topics"
BUS = "bridge"


class TopicsSystem(JointBusSystem):
    """All joints and body sensors of a robot, by the node that speaks ROS."""

    # Nothing on this way is real-time.
    reply_timeout = 0.1

    def __init__(self, info: HardwareInfo, robot: Robot, name: str) -> None:
        """Open nothing yet; arguments as for `JointBusSystem`."""
        super().__init__(info, robot, name, {BUS: robot.joints})
