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
from collections.abc import Callable, Sequence
from typing import Any

from renxing.errors import RenxingError
from renxing.runtime.boards import core_block
from renxing.runtime.core_desk import Desk
from renxing.runtime.core_memory import CoreMemory
from renxing.runtime.core_news import News
from renxing.runtime.core_report import SOCKET
from renxing.runtime.core_setup import add_arguments, make_core
from renxing.runtime.link import LinkServer
from renxing.runtime.manager.switching import Strictness
from renxing.runtime.pacer import Pace, Pacer
from renxing.runtime.rights import RightsConfig, claim_rights, follow_closely
from renxing.runtime.scene_block import SceneWriter
from renxing.runtime.simulation import Simulation
from renxing.runtime.skin_block import SkinWriter
from renxing.runtime.state import RunFolder

START_TIMEOUT = 5.0  # [s] for the loop to start all controllers


class CoreProcess:
    """A core, its loop and its line."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        """Load robot, hardware and controllers; open the line.

        Raises:
            RenxingError: If any of that cannot be done.
        """
        made = make_core(arguments)
        self.core, self._twin = made.core, made.twin
        self._start: tuple[str, ...] | None = made.start
        rate = self.core.manager.settings.update_rate
        # Only simulated time can run at another speed than the wall's.
        self.pacer = Pacer(rate, speed=arguments.speed if made.twin else 1.0)
        self._memory = CoreMemory(self.core, core_block(arguments.namespace))
        self._simulation, self._scene, self._skin = None, None, None
        if made.twin is not None:
            period, block = self.pacer.period * 1e-9, core_block(arguments.namespace)
            self._scene = SceneWriter(block, made.twin)
            if made.twin.skin.layout.size:
                robot = self.core.robot.name
                self._skin = SkinWriter(block, robot, made.twin.skin)
            self._simulation = Simulation(
                self.core, made.twin, period, self._scene, self._skin
            )
        self.core.after = self._after
        tick = arguments.clock == "true"
        self._news = News(
            self.core,
            self._memory,
            self.pacer,
            lambda: self.now,
            self._simulation,
            tick=tick,
        )
        more: dict[str, Callable[..., Any]] = {
            "dump": self._news.dump,
            "report": lambda: self._news.report,
        }
        desk = Desk(self.core, made.parameters, self._simulation, more)
        self._end = threading.Event()
        folder = RunFolder(dict(os.environ), arguments.namespace.strip("/"))
        folder.create()
        self._line = LinkServer(
            folder.path / SOCKET, desk.handle, self._collect, follow_closely
        )

    @property
    def now(self) -> float:
        """The loop's clock: simulated time, or the machine's [s]."""
        return self._twin.time if self._twin is not None else time.monotonic()

    # --- the real-time thread ----------

    def run(self) -> None:
        """Power the hardware and turn the loop until `end`."""
        self.open()
        for refusal in claim_rights(RightsConfig()):
            text = f"{refusal.right} refused: {refusal.reason}; {refusal.fix}"
            self.core.manager.events.warn("rights", text)
        self.pacer.start()
        while not self._end.is_set():
            self.turn()
        self.close()

    def open(self) -> None:
        """Power the hardware and begin to answer."""
        # Before: what controllers load and compile would delay a loop that runs.
        self._prepare(self._start or ())
        self.core.start()
        self._line.start()

    def turn(self) -> None:
        """Do one cycle and wait for the next."""
        pacer = self.pacer
        self.core.tick(self.now, pacer.period * 1e-9, pacer)
        self.core.ledger.end(pacer.wait())

    def close(self) -> None:
        """Hang up, take the power off, leave nothing behind."""
        self._line.close()
        self.core.manager.shut_down()
        self._memory.close()
        if self._scene is not None:
            self._scene.close()
        if self._skin is not None:
            self._skin.close()

    def end(self) -> None:
        """Ask the loop to end after this cycle."""
        self._end.set()

    def _after(self, pace: Pace) -> None:
        self._memory.remember(pace)
        if self._simulation is not None:
            self._simulation.watch(pace)

    # --- the line's thread ----------

    def _collect(self) -> dict[str, Any] | None:
        if self._start is not None:
            # Here and not before: only this thread may ask things of the loop.
            names, self._start = self._start, None
            self._start_controllers(names)
        return self._news.collect()

    def _start_controllers(self, names: Sequence[str]) -> None:
        """Start what the parameter files name, in their order; then say so."""
        manager = self.core.manager
        self._activate(names)
        active = {c.name for c in manager.list_controllers() if c.state == "active"}
        specs = manager.loader.specs
        missed = [specs[name] for name in names if name in specs and name not in active]
        self._activate([name for spec in missed for name in spec.fallbacks])
        descriptor = os.environ.pop("RENXING_READY_FD", "")
        if descriptor:
            os.write(int(descriptor), b"ready\n")
            os.close(int(descriptor))

    def _activate(self, names: Sequence[str]) -> None:
        """Activate controllers, as far as they are loaded and can be."""
        manager = self.core.manager
        ready = [name for name in names if name in manager.loader.specs]
        if ready:
            manager.switch_controller(
                ready, (), Strictness.BEST_EFFORT, timeout=START_TIMEOUT
            )

    def _prepare(self, names: Sequence[str]) -> None:
        """Load and configure controllers, as far as they can be.

        So are those that are to take over when one of them fails.
        """
        manager = self.core.manager
        for name in names:
            if name in manager.loader.specs:
                continue
            done = manager.load_controller(name).ok
            if done and manager.configure_controller(name).ok:
                self._prepare(manager.loader.specs[name].fallbacks)


def main(words: Sequence[str] | None = None) -> int:
    """Run the core until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(parser)
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
