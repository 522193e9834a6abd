# SPDX-License-Identifier: Apache-2.0
"""Make a core from the command line and the parameter files."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from renxing.hardware_interface import HardwareInfo
from renxing.resources import resource_root
from renxing.robot import Robot, load_robot
from renxing.runtime.core import CoreConfig, RealTimeCore
from renxing.runtime.default_hardware import PLUGINS, default_hardware
from renxing.runtime.manager.parameters import (
    ParameterStore,
    parameters_of,
    read_parameter_file,
)
from renxing.runtime.manager.settings import read_settings
from renxing.runtime.servo.joint_bus import bus_name
from renxing.runtime.servo.system import ServoSystem
from renxing.runtime.topics.system import TopicsSystem
from renxing.sim import Twin, load_world
from renxing.sim.mujoco_system import MujocoSystem

UPDATE_RATE = 500  # [Hz] where the parameter files name none


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreSetup:
    """A core that has not been started.

    Attributes:
        core: The core.
        parameters: Of the controller manager.
        start: Controllers to start, in their order.
        twin: The simulated robot, if that is the backend.
    """

    core: RealTimeCore
    parameters: ParameterStore
    start: tuple[str, ...]
    twin: Twin | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of the core's process."""
    parser.add_argument("--robot", default="rx1", help="name or YAML file")
    parser.add_argument("--backend", default="mujoco", help="what moves the joints")
    parser.add_argument("--world", default="flat", help="name or YAML file")
    parser.add_argument("--namespace", default="", help="of the nodes that attach")
    parser.add_argument("--speed", type=float, default=1.0, help="of simulated time")
    parser.add_argument(
        "--clock",
        choices=("true", "false"),
        default="false",
        help="tell the simulated time of every cycle, for nodes that follow it",
    )
    parser.add_argument(
        "--parameters",
        nargs="*",
        default=[],
        metavar="FILE",
        help="ROS parameter files; by default config/controllers/<robot>.yaml",
    )


def make_core(arguments: argparse.Namespace) -> CoreSetup:
    """Load robot, hardware and controllers.

    Args:
        arguments: As `add_arguments` declares them.

    Raises:
        RenxingError: If any of that cannot be done.
    """
    robot = load_robot(arguments.robot, arguments.backend)
    files = [Path(file) for file in arguments.parameters]
    own_file = resource_root() / f"config/controllers/{robot.name}.yaml"
    if not files and own_file.exists():
        files = [own_file]
    read = [read_parameter_file(file) for file in files]
    values = parameters_of("controller_manager", arguments.namespace, read)
    values.setdefault("update_rate", UPDATE_RATE)
    parameters = ParameterStore(values)
    own = ParameterStore(parameters_of("core", arguments.namespace, read))
    twin = None
    hardware: dict[str, Any] = {}
    if arguments.backend == "mujoco":
        twin = Twin(robot, load_world(arguments.world))
        hardware[PLUGINS["mujoco"]] = _system_of(twin)
    if arguments.backend == "servo":
        name = bus_name(arguments.namespace)
        hardware[PLUGINS["servo"]] = lambda info: ServoSystem(info, robot, name)
    if arguments.backend == "topics":
        name = bus_name(arguments.namespace, "topics")
        hardware[PLUGINS["topics"]] = lambda info: TopicsSystem(info, robot, name)
    core = RealTimeCore(
        robot,
        read_settings(parameters, arguments.namespace or "/"),
        CoreConfig(),
        description=_description(robot, arguments.backend),
        hardware=hardware,
        parameters=parameters,
        files=files,
        threaded=True,
    )
    start = own.texts("start_controllers")
    return CoreSetup(core=core, parameters=parameters, start=start, twin=twin)


def _description(robot: Robot, backend: str) -> Sequence[HardwareInfo] | None:
    """Return the hardware of a robot whose URDF has no ros2_control tags."""
    if robot.urdf.root.find("ros2_control") is not None:
        return None
    return default_hardware(robot, backend)


def _system_of(twin: Twin) -> Any:
    def make(info: HardwareInfo) -> MujocoSystem:
        return MujocoSystem(info, twin)

    return make
