# SPDX-License-Identifier: Apache-2.0
"""Which of a robot's cameras and laser scanners a node looks through."""

from renxing.errors import ConfigError
from renxing.robot import Robot
from renxing.robot.description import Camera, Lidar


def chosen_cameras(robot: Robot, names: str) -> list[Camera]:
    """Return the cameras of some names, in the order of the robot's file.

    Args:
        robot: That has them.
        names: Between blanks; the robot may lack some.

    Raises:
        ConfigError: If it has none of them.
    """
    cameras, wanted = robot.description.sensors.cameras, names.split()
    chosen = [camera for camera in cameras if camera.name in wanted]
    if not chosen:
        known = ", ".join(camera.name for camera in cameras)
        raise ConfigError(
            f"cameras: '{names}': none of them is on {robot.name}, which has "
            f"{known or 'none'}"
        )
    return chosen


def chosen_lidars(robot: Robot, names: str) -> list[Lidar]:
    """Return the laser scanners of some names; many robots have none.

    Args:
        robot: That may have them.
        names: Between blanks; the robot may lack any of them.
    """
    lidars, wanted = robot.description.sensors.lidars, names.split()
    return [lidar for lidar in lidars if lidar.name in wanted]
