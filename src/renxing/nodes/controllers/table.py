# SPDX-License-Identifier: Apache-2.0
"""Which ROS side belongs to which type of controller; a type without one needs none."""

from collections.abc import Mapping

from renxing.nodes.controllers.broadcasters import (
    ForceTorqueSensorBroadcasterSide,
    ImuSensorBroadcasterSide,
    JointStateBroadcasterSide,
)
from renxing.nodes.controllers.estimator import EstimatorSide
from renxing.nodes.controllers.forward import (
    ForwardCommandSide,
    JointGroupEffortSide,
    JointGroupPositionSide,
    JointGroupVelocitySide,
)
from renxing.nodes.controllers.gpio import GpioCommandSide
from renxing.nodes.controllers.gripper import GripperActionSide
from renxing.nodes.controllers.impedance import JointImpedanceSide
from renxing.nodes.controllers.locomotion import LocomotionSide
from renxing.nodes.controllers.posture import PostureSide
from renxing.nodes.controllers.side import RosSide
from renxing.nodes.controllers.trajectory import JointTrajectorySide

SIDES: Mapping[str, type[RosSide]] = {
    "joint_state_broadcaster/JointStateBroadcaster": JointStateBroadcasterSide,
    "imu_sensor_broadcaster/IMUSensorBroadcaster": ImuSensorBroadcasterSide,
    "force_torque_sensor_broadcaster/ForceTorqueSensorBroadcaster": (
        ForceTorqueSensorBroadcasterSide
    ),
    "joint_trajectory_controller/JointTrajectoryController": JointTrajectorySide,
    "forward_command_controller/ForwardCommandController": ForwardCommandSide,
    "forward_command_controller/MultiInterfaceForwardCommandController": (
        ForwardCommandSide
    ),
    "position_controllers/JointGroupPositionController": JointGroupPositionSide,
    "velocity_controllers/JointGroupVelocityController": JointGroupVelocitySide,
    "effort_controllers/JointGroupEffortController": JointGroupEffortSide,
    "parallel_gripper_action_controller/GripperActionController": GripperActionSide,
    "gpio_controllers/GpioCommandController": GpioCommandSide,
    "renxing/JointImpedanceController": JointImpedanceSide,
    "renxing/LocomotionController": LocomotionSide,
    "renxing/PostureController": PostureSide,
    "renxing/StateEstimator": EstimatorSide,
}
