# SPDX-License-Identifier: Apache-2.0
"""The process of the real-time core: the loop, and the line to all other processes.

`python -m renxing.runtime.core_process --robot rx1 --backend mujoco ...`. It holds no
ROS: nodes attach over a Unix socket in the run folder, and may come and go while the
robot stands. A supervisor starts it like any other process.
"""

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from renxing.actuation.ladder import Rung
from renxing.errors import ConfigError, RenxingError
from renxing.hardware_interface import HardwareInfo
from renxing.resources import resource_root
from renxing.robot import Robot, load_robot
from renxing.runtime.core import CoreConfig, RealTimeCore
from renxing.runtime.core_memory import CoreMemory
from renxing.runtime.core_report import SOCKET, CoreReport
from renxing.runtime.default_hardware import default_hardware
from renxing.runtime.ledger_report import Bookkeeper
from renxing.runtime.link import LinkServer
from renxing.runtime.logs import log_root
from renxing.runtime.manager.parameters import (
    ParameterStore,
    parameters_of,
    read_parameter_file,
)
from renxing.runtime.manager.settings import read_settings
from renxing.runtime.manager.switching import Strictness
from renxing.runtime.pacer import Pacer
from renxing.runtime.rights import RightsConfig, claim_rights
from renxing.runtime.state import RunFolder
from renxing.sim import Twin, load_world
from renxing.sim.mujoco_system import MujocoSystem

REPORT_PERIOD = 1.0  # [s] between two reports
# What a node may ask of the controller manager.
MANAGER_CALLS = frozenset(
    {
        "list_controllers",
        "list_controller_types",
        "list_hardware_components",
        "list_hardware_interfaces",
        "load_controller",
        "configure_controller",
        "switch_controller",
        "unload_controller",
        "cleanup_controller",
        "reload_controller_libraries",
        "set_hardware_component_state",
        "activity",
        "statistics",
    }
)


class CoreProcess:
    """A core, its loop and its line."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        """Load robot, hardware and controllers; open the line.

        Raises:
            RenxingError: If any of that cannot be done.
        """
        self.robot = load_robot(arguments.robot, arguments.backend)
        files = [Path(file) for file in arguments.parameters]
        own_file = resource_root() / f"config/controllers/{self.robot.name}.yaml"
        if not files and own_file.exists():
            files = [own_file]
        read = [read_parameter_file(file) for file in files]
        values = parameters_of("controller_manager", arguments.namespace, read)
        values.setdefault("update_rate", 500)
        self.parameters = ParameterStore(values)
        settings = read_settings(self.parameters, arguments.namespace or "/")
        own = ParameterStore(parameters_of("core", arguments.namespace, read))
        self._start = own.texts("start_controllers")
        self.twin: Twin | None = None
        self.core = RealTimeCore(
            self.robot,
            settings,
            CoreConfig(),
            description=self._description(arguments.backend),
            hardware=self._hardware(arguments, self.robot),
            parameters=self.parameters,
            files=files,
            threaded=True,
        )
        name = f"core{arguments.namespace.replace('/', '.')}"
        self._memory = CoreMemory(self.core, name)
        self.core.after = self._memory.remember
        self._stopped = False
        self._dumps = Path(
            os.environ.get("RENXING_BLACK_BOX_DIR")
            or log_root(os.environ).parent / "black_box"
        )
        self.pacer = Pacer(settings.update_rate, speed=arguments.speed)
        self._books = Bookkeeper(self.core.ledger.phases, self.pacer.period)
        self._report: CoreReport | None = None
        self._reported = 0.0
        self._changed = True
        self.core.manager.events.observers.append(self._note_change)
        self._end = threading.Event()
        folder = RunFolder(dict(os.environ), arguments.namespace.strip("/"))
        folder.create()
        self._line = LinkServer(folder.path / SOCKET, self.handle, self.collect)

    def _description(self, backend: str) -> Sequence[HardwareInfo] | None:
        """Return the hardware of a robot whose URDF has no ros2_control tags."""
        if self.robot.urdf.root.find("ros2_control") is not None:
            return None
        return default_hardware(self.robot, backend)

    def _hardware(self, arguments: argparse.Namespace, robot: Robot) -> dict[str, Any]:
        if arguments.backend != "mujoco":
            return {}
        twin = Twin(robot, load_world(arguments.world))
        self.twin = twin

        def make(info: Any) -> MujocoSystem:
            return MujocoSystem(info, twin)

        return {"mujoco_ros2_control/MujocoSystemInterface": make}

    def _note_change(self) -> None:
        self._changed = True

    @property
    def now(self) -> float:
        """The loop's clock: simulated time, or the machine's [s]."""
        return self.twin.time if self.twin is not None else time.monotonic()

    # --- the real-time thread ----------

    def run(self) -> None:
        """Power the hardware and turn the loop until `end`."""
        self.core.start()
        self._line.start()
        starter = threading.Thread(target=self._start_controllers, daemon=True)
        starter.start()
        for refusal in claim_rights(RightsConfig()):
            text = f"{refusal.right} refused: {refusal.reason}; {refusal.fix}"
            self.core.manager.events.warn("rights", text)
        core, pacer = self.core, self.pacer
        pacer.start()
        while not self._end.is_set():
            core.tick(self.now, pacer.period * 1e-9, pacer)
            core.ledger.end(pacer.wait())
        self._line.close()
        core.manager.shut_down()
        self._memory.close()

    def end(self) -> None:
        """Ask the loop to end after this cycle."""
        self._end.set()

    # --- the line's thread ----------

    def _start_controllers(self) -> None:
        """Start what the parameter files name, in their order."""
        manager = self.core.manager
        ready = []
        for name in self._start:
            if (
                manager.load_controller(name).ok
                and manager.configure_controller(name).ok
            ):
                ready.append(name)
        if ready:
            manager.switch_controller(ready, (), Strictness.STRICT, timeout=5.0)
        descriptor = os.environ.pop("RENXING_READY_FD", "")
        if descriptor:
            os.write(int(descriptor), b"ready\n")
            os.close(int(descriptor))

    def _look_at_ladder(self) -> None:
        """At the beginning of a stop: free the joints, and keep what led to it."""
        core = self.core
        stopped = core.ladder.rung is not Rung.RUN
        if stopped and not core.suspended:
            core.suspend()
        if stopped and not self._stopped:
            causes = ", ".join(core.ladder.causes)
            core.manager.events.error("stop", f"{core.ladder.rung.label}: {causes}")
            self._dump(causes)
        self._stopped = stopped

    def _dump(self, reason: str) -> str:
        try:
            return str(self._memory.dump(self._dumps, reason))
        except RenxingError as error:
            self.core.manager.events.error("black box", str(error))
            return ""

    def handle(self, method: str, arguments: tuple[Any, ...]) -> Any:
        """Answer a request.

        Raises:
            ConfigError: If there is no such request.
            RenxingError: What the request came to.
        """
        core = self.core
        if method in MANAGER_CALLS:
            positional, named = arguments or ((), {})
            return getattr(core.manager, method)(*positional, **named)
        if method == "send":
            core.send(*arguments)
            return None
        if method == "stop":
            rung, cause = arguments
            core.stop(Rung.named(rung), cause)
            return f"{rung}: {cause}"
        if method == "reset_stop":
            return core.reset_stop()
        if method == "fault":
            return core.inject_fault(*arguments)
        if method == "clear_faults":
            return core.clear_faults(*arguments)
        if method == "faults":
            return core.list_faults()
        if method == "dump":
            return self._dump(arguments[0])
        if method == "set_parameter":
            self.parameters.set(*arguments)
            return None
        if method == "parameters":
            spec = core.manager.loader.specs.get(arguments[0])
            return dict(spec.controller.info.parameters) if spec else {}
        raise ConfigError(f"core: no request '{method}'")

    def collect(self) -> dict[str, Any] | None:
        """Return what has happened since the last call, None if nothing."""
        core = self.core
        self._look_at_ladder()
        for result in self._memory.results():
            if result.error:
                core.manager.events.error("black box", result.error)
            else:
                text = f"{result.rows} cycles in {result.path}"
                core.manager.events.info("black box", text)
        news: dict[str, Any] = {}
        outboxes = core.outboxes()
        if outboxes:
            news["outboxes"] = outboxes
        events = core.manager.take_events()
        if events:
            news["events"] = events
        if self._changed:
            self._changed = False
            news["activity"] = core.manager.activity()
        now = time.monotonic()
        if now - self._reported > REPORT_PERIOD:
            self._reported = now
            news["report"] = CoreReport(
                time=self.now,
                rung=core.ladder.rung.label,
                causes=tuple(core.ladder.causes),
                suspended=core.suspended,
                failures=core.failures,
                ledger=self._books.report(core.ledger.rows()),
            )
        return news or None


def main(words: Sequence[str] | None = None) -> int:
    """Run the core until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--robot", default="rx1", help="name or YAML file")
    parser.add_argument("--backend", default="mujoco", help="what moves the joints")
    parser.add_argument("--world", default="flat", help="name or YAML file")
    parser.add_argument("--namespace", default="", help="of the nodes that attach")
    parser.add_argument("--speed", type=float, default=1.0, help="of simulated time")
    parser.add_argument(
        "--parameters",
        nargs="*",
        default=[],
        metavar="FILE",
        help="ROS parameter files; by default config/controllers/<robot>.yaml",
    )
    try:
        process = CoreProcess(parser.parse_args(words))
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: process.end())
        process.run()
    except RenxingError as error:
        print(f"core: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
