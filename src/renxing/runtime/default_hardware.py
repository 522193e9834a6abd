# SPDX-License-Identifier: Apache-2.0
"""The hardware of a robot whose URDF says nothing of it: one system with everything."""

from renxing.hardware_interface import (
    EFFORT,
    FORCE_TORQUE,
    IMPEDANCE,
    IMU,
    POSITION,
    TEMPERATURE,
    VELOCITY,
    HardwareInfo,
    InterfaceInfo,
    PartInfo,
)
from renxing.robot import Robot

# The plugin names that robot descriptions use for the backends that exist.
PLUGINS = {
    "mujoco": "mujoco_ros2_control/MujocoSystemInterface",
    "mock": "mock_components/GenericSystem",
    "servo": "renxing/ServoSystem",
    "topics": "topic_based_ros2_control/TopicBasedSystem",
}


def default_hardware(robot: Robot, backend: str) -> tuple[HardwareInfo, ...]:
    """Return one system with all joints and body sensors of a robot.

    Args:
        robot: The robot.
        backend: A key of `PLUGINS`, or a plugin's own name.
    """
    sensors = robot.description.sensors
    joints = [
        PartInfo(
            name=name,
            kind="joint",
            command_interfaces=_interfaces(IMPEDANCE),
            state_interfaces=_interfaces((POSITION, VELOCITY, EFFORT, TEMPERATURE)),
        )
        for name in robot.joints
    ]
    felt = [
        PartInfo(name=sensor.name, kind="sensor", state_interfaces=_interfaces(states))
        for group, states in (
            (sensors.imu, IMU),
            (sensors.force_torque, FORCE_TORQUE),
        )
        for sensor in group
    ]
    plugin = PLUGINS.get(backend, backend)
    parts = (*joints, *felt)
    return (HardwareInfo(name="body", type="system", plugin=plugin, parts=parts),)


def _interfaces(names: tuple[str, ...]) -> tuple[InterfaceInfo, ...]:
    return tuple(InterfaceInfo(name=name) for name in names)
