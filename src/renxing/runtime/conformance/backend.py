# SPDX-License-Identifier: Apache-2.0
"""A backend by its name: the robot described for it, and what makes its hardware."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

from renxing.actuation.servo.joint_map import servo_map
from renxing.errors import ConfigError
from renxing.hardware_interface import HardwareInfo
from renxing.robot import Robot, load_robot
from renxing.runtime.default_hardware import default_hardware
from renxing.runtime.manager.component import MakeHardware
from renxing.runtime.manager.component_parser import parse_components
from renxing.runtime.manager.plugins import HARDWARE, HARDWARE_GROUP, Plugins
from renxing.runtime.servo.bench import PlantBench, servo_bench, topics_bench
from renxing.runtime.servo.can_bus import is_simulated
from renxing.runtime.servo.joint_bus import bus_name
from renxing.runtime.servo.system import JointBusSystem, ServoSystem
from renxing.runtime.topics.system import TopicsSystem
from renxing.sim import Twin, load_world
from renxing.sim.mujoco_system import MujocoSystem

# What the descriptions of our robots take for xacro's `backend`.
NAMES = ("mujoco", "gazebo", "topics", "mock", "servo")
REPLY_TIMEOUT = 1.0  # [s]
TOPICS_CYCLES = 10  # messages there and back, by processes that are not real-time
_SERVO = {"renxing/ServoSystem"}
_TOPICS = {"renxing/TopicsSystem", "topic_based_ros2_control/TopicBasedSystem"}
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
        simulated: Whether no real thing can move.
        kinematic: Whether joints jump to their commands, so that there are no forces.
        restart: Puts a simulation back to its beginning.
        paced: Whether a simulation's time is the wall's; else it is ours to turn.
        answer_cycles: In how many cycles a drive must have answered a command.
        processes: Starts what must run beside it, and ends that.
    """

    name: str
    robot: Robot
    infos: tuple[HardwareInfo, ...]
    plugins: Mapping[str, MakeHardware] = field(default_factory=dict)
    simulated: bool = False
    kinematic: bool = False
    restart: Callable[[], None] = _nothing
    paced: bool = False
    answer_cycles: int = 3
    processes: Callable[[], AbstractContextManager[None]] = nullcontext


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
    if used <= _SERVO:
        return servo_backend(name, described, infos)
    if used <= _TOPICS:
        bench = topics_bench(described)
        return _on_joint_bus(name, described, infos, TopicsSystem, bench, TOPICS_CYCLES)
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


def servo_backend(name: str, robot: Robot, infos: tuple[HardwareInfo, ...]) -> Backend:
    """Return the drives as a backend, with processes of its own if they are simulated.

    On a real robot the processes of its buses must run already.

    Raises:
        ConfigError: If the robot's buses are not what they should be.
    """
    if all(is_simulated(bus.url) for bus in servo_map(robot)):
        return _on_joint_bus(name, robot, infos, ServoSystem, servo_bench(robot))

    def attach(info: HardwareInfo) -> ServoSystem:
        return ServoSystem(info, robot, bus_name(""))

    return Backend(
        name=name, robot=robot, infos=infos, plugins={_plugin(infos): attach}
    )


def _on_joint_bus(
    name: str,
    robot: Robot,
    infos: tuple[HardwareInfo, ...],
    kind: type[ServoSystem] | type[TopicsSystem],
    bench: PlantBench,
    answer_cycles: int = 3,
) -> Backend:
    def make(info: HardwareInfo) -> JointBusSystem:
        system = kind(info, robot, bench.name)
        # The suite is no real-time process, nor is all that it starts; how old an
        # answer may be is not what it judges.
        system.reply_timeout = REPLY_TIMEOUT
        return system

    return Backend(
        name=name,
        robot=robot,
        infos=infos,
        plugins={_plugin(infos): make},
        simulated=True,
        restart=bench.restart,
        paced=True,
        answer_cycles=answer_cycles,
        processes=bench.running,
    )


def _plugin(infos: tuple[HardwareInfo, ...]) -> str:
    return infos[0].plugin


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
