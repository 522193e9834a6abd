# SPDX-License-Identifier: Apache-2.0
"""Names of hardware and controllers, and the classes behind them.

The names are those of the C++ packages, so that robot descriptions and parameter files
need no change. Other packages add theirs as entry points of the groups
`renxing.hardware` and `renxing.controllers`.
"""

import importlib
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from renxing.errors import ConfigError

HARDWARE_GROUP = "renxing.hardware"
CONTROLLERS_GROUP = "renxing.controllers"

_MOCK = "renxing.actuation.mock_system:MockSystem"
_MUJOCO = "renxing.sim.mujoco_system:MujocoSystem"
_TOPICS = "renxing.runtime.topics.system:TopicsSystem"
_BROADCASTERS = "renxing.control.broadcasters"
_FORWARD = "renxing.control.forward_controller"
_GRIPPER = "renxing.control.gripper_controller:GripperActionController"
_IMPEDANCE = "renxing.control.impedance_controller:JointImpedanceController"
_POSTURE = "renxing.control.posture_controller:PostureController"

HARDWARE: Mapping[str, str] = {
    "renxing/MockSystem": _MOCK,
    "mock_components/GenericSystem": _MOCK,
    "renxing/MujocoSystem": _MUJOCO,
    "mujoco_ros2_control/MujocoSystemInterface": _MUJOCO,
    "mujoco_ros2_control/MujocoSystem": _MUJOCO,
    "renxing/ServoSystem": "renxing.runtime.servo.system:ServoSystem",
    "renxing/TopicsSystem": _TOPICS,
    "topic_based_ros2_control/TopicBasedSystem": _TOPICS,
}

CONTROLLERS: Mapping[str, str] = {
    "joint_state_broadcaster/JointStateBroadcaster": (
        f"{_BROADCASTERS}:JointStateBroadcaster"
    ),
    "imu_sensor_broadcaster/IMUSensorBroadcaster": (
        f"{_BROADCASTERS}:ImuSensorBroadcaster"
    ),
    "force_torque_sensor_broadcaster/ForceTorqueSensorBroadcaster": (
        f"{_BROADCASTERS}:ForceTorqueSensorBroadcaster"
    ),
    "joint_trajectory_controller/JointTrajectoryController": (
        "renxing.control.trajectory_controller:JointTrajectoryController"
    ),
    "forward_command_controller/ForwardCommandController": (
        f"{_FORWARD}:ForwardCommandController"
    ),
    "forward_command_controller/MultiInterfaceForwardCommandController": (
        f"{_FORWARD}:MultiInterfaceForwardCommandController"
    ),
    "position_controllers/JointGroupPositionController": (
        f"{_FORWARD}:JointGroupPositionController"
    ),
    "velocity_controllers/JointGroupVelocityController": (
        f"{_FORWARD}:JointGroupVelocityController"
    ),
    "effort_controllers/JointGroupEffortController": (
        f"{_FORWARD}:JointGroupEffortController"
    ),
    "parallel_gripper_action_controller/GripperActionController": _GRIPPER,
    "position_controllers/GripperActionController": _GRIPPER,
    "effort_controllers/GripperActionController": _GRIPPER,
    "gpio_controllers/GpioCommandController": (
        "renxing.control.gpio_controller:GpioCommandController"
    ),
    "renxing/JointImpedanceController": _IMPEDANCE,
    "renxing/LocomotionController": (
        "renxing.control.locomotion_controller:LocomotionController"
    ),
    "renxing/PostureController": _POSTURE,
    "renxing/StateEstimator": (
        "renxing.estimation.estimator_controller:EstimatorController"
    ),
}


class Plugins(Mapping[str, Callable[..., Any]]):
    """Classes by name; each is imported when it is first asked for."""

    def __init__(
        self,
        table: Mapping[str, str],
        group: str = "",
        given: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        """Collect the names.

        Args:
            table: `module:Class` by name.
            group: Of entry points of other packages; they win over `table`.
            given: Classes or functions that make one; they win over all.
        """
        self._given = dict(given or {})
        found = entry_points(group=group) if group else ()
        self._targets = {**table, **{point.name: point.value for point in found}}
        self._loaded: dict[str, Callable[..., Any]] = {}

    def __contains__(self, name: object) -> bool:
        """Tell whether a name is known, without importing anything."""
        return name in self._given or name in self._targets

    def __iter__(self) -> Iterator[str]:
        """Iterate over all names, sorted."""
        return iter(sorted({*self._given, *self._targets}))

    def __len__(self) -> int:
        """Return how many names there are."""
        return len({*self._given, *self._targets})

    def __getitem__(self, name: str) -> Callable[..., Any]:
        """Return what makes a plugin.

        Raises:
            KeyError: If the name is unknown.
            ConfigError: If it cannot be imported.
        """
        if name in self._given:
            return self._given[name]
        target = self._targets[name]
        if name not in self._loaded:
            try:
                made: Any = EntryPoint(name, target, "").load()
            except Exception as error:  # any module may do anything on import
                raise ConfigError(
                    f"plugin '{name}': {target} cannot be loaded: "
                    f"{type(error).__name__}: {error}"
                ) from error
            if not callable(made):
                raise ConfigError(f"plugin '{name}': {target} is not a class")
            self._loaded[name] = made
        return self._loaded[name]

    def reload(self) -> None:
        """Import the classes that are in use anew, to pick up changes to their code.

        Raises:
            ConfigError: If a module cannot be imported any more.
        """
        modules = {made.__module__ for made in self._loaded.values()}
        self._loaded.clear()
        importlib.invalidate_caches()
        for name in sorted(modules):
            try:
                importlib.reload(importlib.import_module(name))
            except Exception as error:
                what = f"{type(error).__name__}: {error}"
                raise ConfigError(f"module {name}: not reloaded: {what}") from error
