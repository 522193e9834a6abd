# SPDX-License-Identifier: Apache-2.0
"""The real-time core: read -> estimate -> update -> guard -> switch -> write -> send.

One thread turns `tick`; it owns the hardware. All else is called from one other thread
(`renxing.runtime.core_process`), or from the same one in lock-step. No ROS here: the
graph is another process's, and the robot stands without it.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from renxing.actuation.fault_injector import FaultInjector
from renxing.actuation.faults import WHOLE, Fault, Faults, InjectedFault
from renxing.actuation.ladder import Rung
from renxing.errors import RenxingError, UnsafeCommandError
from renxing.hardware_interface import HardwareInfo
from renxing.robot import Robot
from renxing.runtime.gate import CoreConfig as CoreConfig
from renxing.runtime.gate import Gate
from renxing.runtime.ledger import PHASES, Ledger
from renxing.runtime.manager.component import MakeHardware
from renxing.runtime.manager.controller_manager import ControllerManager
from renxing.runtime.manager.loader import MakeController
from renxing.runtime.manager.parameters import ParameterStore
from renxing.runtime.manager.settings import ManagerSettings
from renxing.runtime.pacer import Pace
from renxing.runtime.stops import Stops
from renxing.runtime.storm import StormWatch

T = TypeVar("T")
READ, ESTIMATE, UPDATE, GUARD, SWITCH, WRITE, SEND = range(len(PHASES))
ANSWER_TIMEOUT = 5.0  # [s] for the loop to get to a request


class RealTimeCore:
    """Hardware, controllers, ladder and guard of one robot, a cycle at a time.

    Attributes:
        robot: The robot.
        manager: Its controllers and hardware.
        faults: What is broken on purpose.
        gate: What watches the robot and stands before its hardware.
        ladder: The stop ladder, of the gate.
        guard: The last gate.
        ledger: Where the time of each cycle went.
        storm: Says when too many cycles are late.
        sent: All command values as the hardware gets them, behind the guard.
        paused: Whether cycles leave the robot alone; for simulation.
        failures: Exceptions out of our own code in a cycle; there should be none.
        threaded: Whether `tick` runs in another thread than all else.
        stops: What becomes of controllers when the robot stops.
        after: Called at the end of each cycle, to keep and publish what it did.
    """

    def __init__(
        self,
        robot: Robot,
        settings: ManagerSettings,
        config: CoreConfig,
        *,
        description: str | Sequence[HardwareInfo] | None = None,
        hardware: Mapping[str, MakeHardware] | None = None,
        controllers: Mapping[str, MakeController] | None = None,
        parameters: ParameterStore | None = None,
        files: Sequence[Path] = (),
        threaded: bool = False,
    ) -> None:
        """Make hardware and controllers; `start` powers them.

        Args:
            robot: The robot.
            settings: Of the controller manager.
            config: Of guard and ladder.
            description: Of the hardware, if not the robot's URDF.
            hardware: What makes hardware by plugin name, besides the known ones.
            controllers: What makes controllers by type, besides the known ones.
            parameters: Of the controller manager.
            files: Parameter files for all controllers.
            threaded: Whether `tick` runs in another thread than all else.

        Raises:
            ConfigError: If the description or a file cannot be used.
        """
        self.robot = robot
        self.faults = Faults()
        self.manager = ControllerManager(
            description or robot.urdf.text,
            robot,
            settings,
            hardware=hardware,
            controllers=controllers,
            parameters=parameters,
            files=files,
            threaded=threaded,
            wrap=lambda hardware: FaultInjector(hardware, self.faults),
        )
        self.gate = Gate(config, robot, self.manager.resources)
        self.ladder, self.guard = self.gate.ladder, self.gate.guard
        self.sent = self.gate.sent
        self.ledger = Ledger(settings.update_rate)
        self.storm = StormWatch(self.ledger, settings.update_rate, self.manager.events)
        self.paused = False
        self.failures = 0
        self._now = 0.0
        self.threaded = threaded
        self.stops = Stops(self)
        self.after: Callable[[Pace], None] | None = None
        self._requests: deque[Callable[[], None]] = deque()

    @property
    def blind(self) -> bool:
        """Whether the first IMU gives no attitude; False without one."""
        return self.gate.blind

    @property
    def fallen(self) -> bool:
        """Whether the first IMU says that the base lies; False without one."""
        return self.gate.fallen

    @property
    def lies(self) -> str:
        """The side on which the robot lies, by the first IMU; empty if on none."""
        return self.gate.lies

    def start(self) -> None:
        """Power the hardware and read it once, so that controllers find its states.

        Raises:
            DeviceError: If it does not start.
        """
        self.manager.start()
        self.look()

    # --- the real-time thread ----------

    def tick(self, now: float, period: float, pace: Pace) -> None:
        """Do one cycle; never raises.

        Args:
            now: On the loop's clock [s].
            period: Since the last cycle [s].
            pace: When it began; its row in the ledger is opened here, closed outside.
        """
        self.storm.look()
        ledger = self.ledger
        ledger.begin(pace.cycle, pace.woke, pace.due)
        while self._requests:
            self._requests.popleft()()
        ledger.mark(SWITCH)
        if self.paused:
            self.manager.rest(now, period)
        else:
            self.advance(now, period)
        if self.after is not None:
            self.after(pace)
        ledger.mark(SEND)

    def advance(self, now: float, period: float) -> None:
        """Do what a cycle does for the robot; never raises. Arguments as `tick`."""
        self._now = now
        try:
            self._cycle(now, period)
        except Exception as error:
            # A bug of ours must not drop the robot: it holds, and says so.
            self.failures += 1
            self.manager.events.error("core", f"{type(error).__name__}: {error}")
            self.ladder.ask(Rung.HOLD, "fault in the core")

    def look(self) -> None:
        """Read the hardware without passing time, so that its states are fresh."""
        self.manager.read(self._now, 0.0)

    def _cycle(self, now: float, period: float) -> None:
        mark, manager = self.ledger.mark, self.manager
        self.faults.advance(period)
        manager.read(now, period)
        mark(READ)
        self.gate.watch()
        mark(ESTIMATE)
        manager.update(now, period)
        self.gate.heed(manager.cycle.active)
        mark(UPDATE)
        self.gate.pass_on(period)
        mark(GUARD)
        manager.write(now, period)
        mark(WRITE)

    # --- the other thread ----------

    def submit(self, request: Callable[[], T]) -> T:
        """Run a function in the real-time thread and return its result.

        Raises:
            RenxingError: What the function raised.
            TimeoutError: If the loop does not get to it.
        """
        if not self.threaded:
            return request()
        future: Future[T] = Future()

        def serve() -> None:
            try:
                future.set_result(request())
            except RenxingError as error:
                future.set_exception(error)
            except Exception as error:
                future.set_exception(UnsafeCommandError(f"request: {error!r}"))

        self._requests.append(serve)
        return future.result(ANSWER_TIMEOUT)

    def stop(self, rung: Rung, cause: str) -> Rung:
        """Go down the ladder, and take the joints from their controllers.

        Returns:
            The rung that was asked for: `hold` if nobody can `stand`.
        """
        return self.stops.stop(rung, cause)

    def reset_stop(self) -> str:
        """Go back to the top of the ladder; controllers start from where the robot is.

        Raises:
            UnsafeCommandError: If what caused the stop is not over.
        """
        return self.stops.reset()

    def inject_fault(self, fault: Fault) -> int:
        """Break something of the hardware; it stays broken when hardware restarts.

        Returns:
            Its number, to clear it.

        Raises:
            ConfigError: If it is about no interface of this robot.
        """
        resources = self.manager.resources
        if fault.kind in WHOLE:
            names = [*resources.state_index, *resources.command_index]
        else:
            index = resources.command_index if fault.commands else resources.state_index
            names = list(index)
        number = self.submit(lambda: self.faults.inject(fault, names))
        what = f"{number} injected: {fault.kind} {fault.pattern}"
        self.manager.events.warn("fault", what)
        return number

    def clear_faults(self, number: int | None = None) -> int:
        """Mend one fault, or all; return how many.

        Raises:
            ConfigError: If there is none of this number.
        """
        count = self.submit(lambda: self.faults.clear(number))
        self.manager.events.info("fault", f"{count} cleared")
        return count

    def list_faults(self) -> tuple[InjectedFault, ...]:
        """Return the faults that are not over, oldest first."""
        return self.submit(self.faults.active)

    def send(self, controller: str, value: Any) -> None:
        """Put a value into a controller's inbox; one that is not loaded misses it."""
        spec = self.manager.loader.specs.get(controller)
        if spec is not None:
            spec.controller.inbox.append(value)

    def outboxes(self) -> dict[str, list[Any]]:
        """Take what controllers have for their ROS sides."""
        news: dict[str, list[Any]] = {}
        for name, spec in list(self.manager.loader.specs.items()):
            outbox = spec.controller.outbox
            if outbox:
                news[name] = [outbox.popleft() for _ in range(len(outbox))]
        return news


def run_lock_step(core: RealTimeCore, seconds: float, pace: Pace) -> None:
    """Turn a core without a clock, in this thread; for tests and evaluation.

    Args:
        core: With `threaded=False`.
        seconds: How long, on the loop's clock.
        pace: A `LockStep`.
    """
    period = pace.period * 1e-9
    for _ in range(round(seconds / period)):
        skipped = pace.wait()
        core.tick(pace.cycle * period, period, pace)
        core.ledger.end(skipped)
