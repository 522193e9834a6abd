# SPDX-License-Identifier: Apache-2.0
"""Hardware and controllers that do as they are told, and a manager around them."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from renxing.controller_interface import Claim, Controller, InterfaceConfiguration
from renxing.hardware_interface import HardwareComponent, Result, Return
from renxing.runtime.manager.controller_manager import ControllerManager
from renxing.runtime.manager.parameters import ParameterStore
from renxing.runtime.manager.settings import ManagerSettings

PERIOD = 0.01  # [s] of the manager's default 100 Hz


def obey(script: dict[str, Any], step: str, default: Any) -> Any:
    """Return or raise what the script says for a step; a list is used up."""
    answer = script.get(step, default)
    if isinstance(answer, list):
        answer = answer.pop(0) if answer else default
    if isinstance(answer, Exception):
        raise answer
    return answer


class Scripted:
    """The steps of a life cycle, each as its script says."""

    script: dict[str, Any]
    calls: list[Any]

    def _step(self, name: str) -> Result:
        self.calls.append(name)
        return obey(self.script, name, Result.SUCCESS)

    def on_init(self) -> Result:
        return self._step("on_init")

    def on_configure(self) -> Result:
        return self._step("on_configure")

    def on_activate(self) -> Result:
        return self._step("on_activate")

    def on_deactivate(self) -> Result:
        return self._step("on_deactivate")

    def on_cleanup(self) -> Result:
        return self._step("on_cleanup")

    def on_shutdown(self) -> Result:
        return self._step("on_shutdown")

    def on_error(self) -> Result:
        return self._step("on_error")


class Puppet(Scripted, HardwareComponent):
    """Echoes positions; `script` says what its steps come to, `calls` what it did."""

    def __init__(self, info) -> None:
        super().__init__(info)
        self.script: dict[str, Any] = {}
        self.calls: list[Any] = []
        self.turns: list[tuple[str, float, float]] = []

    def prepare_command_mode_switch(self, start, stop) -> Return:
        self.calls.append(("prepare", tuple(start), tuple(stop)))
        return obey(self.script, "prepare", Return.OK)

    def perform_command_mode_switch(self, start, stop) -> Return:
        self.calls.append(("perform", tuple(start), tuple(stop)))
        return obey(self.script, "perform", Return.OK)

    def read(self, time, period) -> Return:
        self.turns.append(("read", time, period))
        return obey(self.script, "read", Return.OK)

    def write(self, time, period) -> Return:
        self.turns.append(("write", time, period))
        for index, name in enumerate(self.state_names()):
            if name in self.command_names():
                self.state[index] = self.command[self.command_names().index(name)]
        return obey(self.script, "write", Return.OK)


class Doll(Scripted, Controller):
    """Does what its parameters and `script` say; `log` is shared by all."""

    log: list[str]

    def __init__(self, info) -> None:
        super().__init__(info)
        self.script: dict[str, Any] = dict(info.parameters.get("script", {}))
        self.calls: list[str] = []
        self.times: list[tuple[float, float]] = []
        self.value = 0.0

    def _wish(self, key: str) -> InterfaceConfiguration:
        claim = Claim[self.info.parameters.get(f"{key}_claim", "INDIVIDUAL")]
        return InterfaceConfiguration(
            claim=claim, names=tuple(self.info.parameters.get(key, ()))
        )

    def command_interfaces(self) -> InterfaceConfiguration:
        return self._wish("commands")

    def state_interfaces(self) -> InterfaceConfiguration:
        return self._wish("states")

    def reference_names(self):
        return self.info.parameters.get("references", ())

    def exported_names(self):
        return self.info.parameters.get("exports", ())

    def _step(self, name: str) -> Result:
        self.log.append(f"{self.info.name} {name}")
        return super()._step(name)

    def update_reference_from_inbox(self, time, period) -> Return:
        while self.inbox:
            self.references[:] = self.inbox.popleft()
        return obey(self.script, "inbox", Return.OK)

    def update(self, time, period) -> Return:
        self.log.append(f"{self.info.name} update")
        self.times.append((time, period))
        result = obey(self.script, "update", Return.OK)
        if len(self.commands):
            value = self.references[0] + 1.0 if len(self.references) else self.value
            self.commands.set(np.full(len(self.commands), value))
        self.exported[:] = self.value
        return result


URDF = """<robot name="r">
  <link name="base"/>
  {joints}
  {components}
</robot>"""
JOINT = """<joint name="{0}" type="revolute"><parent link="base"/><child link="{0}_l"/>
  <axis xyz="0 0 1"/><limit lower="-1" upper="1" effort="1" velocity="1"/></joint>
  <link name="{0}_l"/>"""


def component(name: str, joints: str, attributes: str = "", group: str = "") -> str:
    parts = "".join(
        f"""<joint name="{joint}">
          <command_interface name="position"/><command_interface name="velocity"/>
          <state_interface name="position"/><state_interface name="velocity"/>
        </joint>"""
        for joint in joints.split()
    )
    inside = f"<group>{group}</group>" if group else ""
    return f"""<ros2_control name="{name}" type="system" {attributes}>
      <hardware><plugin>test/Puppet</plugin>{inside}</hardware>{parts}
    </ros2_control>"""


def describe(*components: str) -> str:
    """Return a URDF with these components and all joints they name."""
    names = sorted({f"j{number}" for number in range(1, 7)})
    return URDF.format(
        joints="".join(JOINT.format(name) for name in names),
        components="".join(components),
    )


class Stage(ControllerManager):
    """A manager with short words for tests, in lock-step unless asked otherwise."""

    def __init__(self, robot, *components: str, threaded: bool = False, **settings):
        self.puppets: dict[str, Puppet] = {}
        self.scripts: dict[str, dict[str, Any]] = {}

        def make(info) -> Puppet:
            puppet = Puppet(info)
            puppet.script = self.scripts.setdefault(info.name, {})
            self.puppets[info.name] = puppet
            return puppet

        class OwnDoll(Doll):
            log: list[str] = []

        self.log = OwnDoll.log
        super().__init__(
            describe(*(components or (component("arm", "j1 j2"),))),
            robot,
            ManagerSettings(**settings),
            hardware={"test/Puppet": make},
            controllers={"test/Doll": OwnDoll},
            parameters=ParameterStore(),
            threaded=threaded,
        )
        self.tick = 0

    def add(self, name: str, *, configure: bool = True, **parameters) -> Doll:
        """Load and configure a controller; keywords are its parameters."""
        fallbacks = parameters.pop("fallbacks", ())
        self.loader.parameters.set(f"{name}.type", "test/Doll")
        self.loader.parameters.set(f"{name}.fallback_controllers", list(fallbacks))
        for key, value in parameters.items():
            self.loader.set(name, key, value)
        answer = self.load_controller(name)
        assert answer.ok, answer
        if configure:
            answer = self.configure_controller(name)
            assert answer.ok, answer
        return self.doll(name)

    def doll(self, name: str) -> Doll:
        return self.loader.specs[name].controller

    def on(self, *names: str, strictness: int = 2):
        return self.switch_controller(names, (), strictness)

    def off(self, *names: str, strictness: int = 2):
        return self.switch_controller((), names, strictness)

    def cycles(self, count: int = 1) -> None:
        for _ in range(count):
            self.run(self.tick * PERIOD, PERIOD)
            self.tick += 1

    def states(self) -> dict[str, str]:
        return {c.name: c.state for c in self.list_controllers()}

    def active(self) -> set[str]:
        return {name for name, state in self.states().items() if state == "active"}

    def hardware(self) -> dict[str, str]:
        return {c.name: c.state.label for c in self.resources.components}

    def command(self, name: str) -> float:
        return float(self.resources.commands[self.resources.command_index[name]])

    def problems(self) -> str:
        return "\n".join(
            f"{event.subject}: {event.message}"
            for event in self.take_events()
            if event.level.value == "error"
        )


@pytest.fixture
def stage(rx1) -> Callable[..., Stage]:
    """Make a manager with started hardware."""

    def make(*components: str, start: bool = True, **settings) -> Stage:
        made = Stage(rx1, *components, **settings)
        if start:
            made.start()
        return made

    return make


@pytest.fixture
def kit() -> SimpleNamespace:
    return SimpleNamespace(
        Puppet=Puppet, Doll=Doll, component=component, describe=describe, Stage=Stage
    )
