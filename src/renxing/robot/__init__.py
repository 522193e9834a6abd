# SPDX-License-Identifier: Apache-2.0
"""The robot, once: one URDF and one YAML file, read by everything else."""

from renxing.robot.description import RobotDescription
from renxing.robot.files import load_robot
from renxing.robot.model import Robot

__all__ = ["Robot", "RobotDescription", "load_robot"]
