# SPDX-License-Identifier: Apache-2.0
"""A backend by its name: the robot described for it, and what makes its hardware."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from renxing.errors import ConfigError
from renxing.hardware_interface import HardwareInfo
from renxing.robot import Robot, load_robot
from renxing.runtime.default_hardware import default_hardware
from renxing.runtime.manager.component import MakeHardware
from renxing.runtime.manager.component_parser import parse_components
from renxing.runtime.manager.plugins import HARDWARE, HARDWARE_GROUP, Plugins
from renxing.sim import Twin, load_world
from renxing.sim.mujoco_system import MujocoSystem

# What the descriptions of our robots take for xacro's `backend`.
NAMES = ("mujoco", "gazebo", "topics", "mock", "servo")
_MOCK = {"renxing/MockSystem", "mock_components/GenericSystem"}
_MUJOCO = {
    "renxing/MujocoSystem",
    "mujoco_ros2_control/MujocoSystemInterface",
    "mujoco_ros2_control/MujocoSystem",
}


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Backend:
    """One backend of one robot.

    Attributes:
        name: As the user says it.
        robot: Described for this backend.
        infos: Its components.
        plugins: What makes hardware, besides the known plugins.
        simulated: Whether no real thing can move; its time is ours to turn.
        kinematic: Whether joints jump to their commands, so that there are no forces.
        restart: Puts a simulation back to its beginning.
    """

    name: str
    robot: Robot
    infos: tuple[HardwareInfo, ...]
    plugins: Mapping[str, MakeHardware] = field(default_factory=dict)
    simulated: bool = False
    kinematic: bool = False
    restart: Callable[[], None] = _nothing


def find_backend(name: str, robot: str = "rx1") -> Backend:
    """Return a backend, ready to be checked.

    Args:
        name: What the robot's xacro calls it, or a plugin: `package/Class`.
        robot: Name or YAML file.

    Raises:
        ConfigError: If there is no such backend or robot.
        ModelError: If the robot's files contradict each other.
    """
    known = Plugins(HARDWARE, HARDWARE_GROUP)
    if "/" in name:
        described = load_robot(robot, "mock")
        infos = tuple(
            replace(info, plugin=name) for info in _components(described, name)
        )
    else:
        try:
            described = load_robot(robot, name)
        except ConfigError:
            load_robot(robot)  # if this fails too, it is not the backend's name
            raise _unknown(name, robot, known) from None
        infos = _components(described, name)
    if any(info.plugin not in known for info in infos):
        raise _unknown(name, robot, known)
    used = {info.plugin for info in infos}
    if used & _MUJOCO:
        return mujoco_backend(name, described, infos)
    mock = used <= _MOCK
    return Backend(
        name=name, robot=described, infos=infos, simulated=mock, kinematic=mock
    )


def mujoco_backend(name: str, robot: Robot, infos: tuple[HardwareInfo, ...]) -> Backend:
    """Return the twin on flat ground as a backend.

    Raises:
        ModelError: If MuJoCo refuses the robot.
    """
    twin = Twin(robot, load_world("flat"))

    def make(info: HardwareInfo) -> MujocoSystem:
        return MujocoSystem(info, twin)

    return Backend(
        name=name,
        robot=robot,
        infos=infos,
        plugins=dict.fromkeys(_MUJOCO, make),
        simulated=True,
        restart=twin.reset,
    )


def known_backends(robot: str, known: Plugins) -> list[str]:
    """Return the names of a robot's backends whose plugins are installed.

    Raises:
        ConfigError: If there is no such robot.
        ModelError: If the robot's files contradict each other.
    """
    found = []
    for name in NAMES:
        try:
            infos = _components(load_robot(robot, name), name)
        except ConfigError:  # its description knows no such backend
            continue
        if all(info.plugin in known for info in infos):
            found.append(name)
    return found


def _components(robot: Robot, backend: str) -> tuple[HardwareInfo, ...]:
    if robot.urdf.root.find("ros2_control") is None:
        return default_hardware(robot, backend)
    return parse_components(robot.urdf.text)


def _unknown(name: str, robot: str, known: Plugins) -> ConfigError:
    have = ", ".join(known_backends(robot, known)) or "none yet"
    plugins = ", ".join(known)
    return ConfigError(
        f"backend '{name}': none of {robot} whose plugin is installed; allowed: "
        f"{have}, or a plugin: {plugins}"
    )
