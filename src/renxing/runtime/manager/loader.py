# SPDX-License-Identifier: Apache-2.0
"""Make controllers from the parameters of the manager and from parameter files."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from renxing.controller_interface import Controller, ControllerInfo
from renxing.errors import ConfigError
from renxing.hardware_interface import Result
from renxing.robot import Robot
from renxing.runtime.manager.controller_spec import ControllerSpec
from renxing.runtime.manager.life_cycle import attempt
from renxing.runtime.manager.parameters import (
    Nested,
    ParameterStore,
    flatten,
    merge,
    parameters_of,
    read_parameter_file,
)
from renxing.runtime.manager.plugins import CONTROLLERS, CONTROLLERS_GROUP, Plugins
from renxing.runtime.manager.settings import ManagerSettings

MakeController = Callable[[ControllerInfo], Controller]


class Loader:
    """The loaded controllers and where they come from.

    Attributes:
        specs: The loaded controllers by name, in the order in which they came.
        parameters: Of the manager.
        plugins: What can be loaded.
    """

    def __init__(
        self,
        robot: Robot,
        settings: ManagerSettings,
        parameters: ParameterStore,
        files: Sequence[Path],
        controllers: Mapping[str, MakeController] | None,
    ) -> None:
        """Read the files.

        Raises:
            ConfigError: If one cannot be used.
        """
        self.specs: dict[str, ControllerSpec] = {}
        self.parameters = parameters
        self.plugins = Plugins(CONTROLLERS, CONTROLLERS_GROUP, controllers)
        self._robot = robot
        self._settings = settings
        self._files = [read_parameter_file(path) for path in files]
        self._set: dict[str, Nested] = {}
        self._own: dict[str, Nested] = {}

    def all(self) -> tuple[ControllerSpec, ...]:
        """Return the loaded controllers in the order in which they came."""
        return tuple(self.specs.values())

    def load(self, name: str, kind: str = "") -> ControllerSpec:
        """Make a controller.

        Args:
            name: Its own.
            kind: Its type; from the parameter `<name>.type` if left out.

        Raises:
            ConfigError: If it cannot be made.
        """
        if name in self.specs:
            raise ConfigError(f"a controller named '{name}' is already loaded")
        if not name or "/" in name:
            raise ConfigError(f"'{name}' is no name for a controller")
        kind = kind or self.parameters.text(f"{name}.type")
        if not kind:
            raise ConfigError(f"the 'type' param was not defined for '{name}'")
        if kind not in self.plugins:
            known = ", ".join(self.plugins)
            raise ConfigError(f"type '{kind}' is not available; there are {known}")
        fallbacks = self.parameters.texts(f"{name}.fallback_controllers")
        if name in fallbacks:
            raise ConfigError(f"'{name}' cannot be a fallback controller for itself")
        files = self.parameters.texts(f"{name}.params_file")
        self._own[name] = parameters_of(
            name,
            self._settings.namespace,
            [*self._files, *(read_parameter_file(Path(file)) for file in files)],
        )
        spec = self._make(name, kind)
        spec.fallbacks, spec.files = fallbacks, files
        self.specs[name] = spec
        return spec

    def _make(self, name: str, kind: str) -> ControllerSpec:
        info = ControllerInfo(
            name=name,
            type=kind,
            update_rate=self._settings.update_rate,
            parameters=self.values(name),
            robot=self._robot,
        )
        made: list[Controller] = []

        def start() -> Result:
            made.append(self.plugins[kind](info))
            return made[0].on_init()

        result, why = attempt(start)
        if result is not Result.SUCCESS:
            raise ConfigError(f"could not be initialised: {why or result.value}")
        return ControllerSpec(name, kind, made[0])

    def values(self, name: str) -> Nested:
        """Return the parameters of a controller, nested: of files, then as set."""
        return merge(merge({}, self._own.get(name, {})), self._set.get(name, {}))

    def flat(self, name: str) -> dict[str, Any]:
        """Return the parameters of a controller by their dotted names."""
        return flatten(self.values(name))

    def set(self, name: str, parameter: str, value: Any) -> None:
        """Set a parameter of a controller; it counts from its next configuration on.

        Raises:
            ConfigError: If it is part of another parameter.
        """
        store = ParameterStore(self._set.get(name, {}))
        store.set(parameter, value)
        self._set[name] = store.values

    def renew(self, spec: ControllerSpec) -> None:
        """Give a controller its parameters as they are now."""
        controller = spec.controller
        controller.info = replace(controller.info, parameters=self.values(spec.name))
