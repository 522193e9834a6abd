# SPDX-License-Identifier: Apache-2.0
"""The real-time core: read -> estimate -> update -> guard -> switch -> write -> send.

One thread turns `tick`; it owns the hardware. All else is called from one other thread
(`renxing.runtime.core_process`), or from the same one in lock-step. No ROS here: the
graph is another process's, and the robot stands without it.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from renxing.actuation.faults import (
    WHOLE,
    Fault,
    FaultInjector,
    Faults,
    InjectedFault,
)
from renxing.actuation.guard import Guard, GuardConfig
from renxing.actuation.ladder import Ladder, LadderConfig, Rung
from renxing.errors import RenxingError, UnsafeCommandError
from renxing.hardware_interface import (
    IMPEDANCE,
    POSITION,
    VELOCITY,
    HardwareInfo,
    State,
)
from renxing.robot import Robot
from renxing.runtime.ledger import PHASES, Ledger
from renxing.runtime.manager.component import MakeHardware
from renxing.runtime.manager.controller_manager import ControllerManager
from renxing.runtime.manager.loader import MakeController
from renxing.runtime.manager.parameters import ParameterStore
from renxing.runtime.manager.settings import ManagerSettings
from renxing.runtime.manager.switching import Strictness
from renxing.runtime.pacer import Pace
from renxing.spatial import Array, rotation_from_quat_xyzw

T = TypeVar("T")
READ, ESTIMATE, UPDATE, GUARD, SWITCH, WRITE, SEND = range(len(PHASES))
ANSWER_TIMEOUT = 5.0  # [s] for the loop to get to a request


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreConfig:
    """The core.

    Attributes:
        fallen_tilt: Of the base from upright, beyond which the robot has fallen [rad].
        guard: The last gate.
        ladder: The stop ladder.
    """

    fallen_tilt: float = field(default=1.1, metadata={"min": 0.2, "max": 3.1})
    guard: GuardConfig = field(default_factory=GuardConfig)
    ladder: LadderConfig = field(default_factory=LadderConfig)


class RealTimeCore:
    """Hardware, controllers, ladder and guard of one robot, a cycle at a time.

    Attributes:
        robot: The robot.
        manager: Its controllers and hardware.
        faults: What is broken on purpose.
        ladder: The stop ladder.
        guard: The last gate.
        ledger: Where the time of each cycle went.
        sent: All command values as the hardware gets them, behind the guard.
        paused: Whether cycles leave the robot alone; for simulation.
        failures: Exceptions out of our own code in a cycle; there should be none.
        suspended: Controllers that a stop has taken the joints from.
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
        self.ladder = Ladder(config.ladder, robot)
        self.guard = Guard(config.guard, robot)
        self.ledger = Ledger(settings.update_rate)
        self.paused = False
        self.failures = 0
        self.suspended: tuple[str, ...] = ()
        self._config = config
        self._threaded = threaded
        self.after: Callable[[Pace], None] | None = None
        self._requests: deque[Callable[[], None]] = deque()
        self._find_values()

    def _find_values(self) -> None:
        resources = self.manager.resources
        self.sent = np.full_like(resources.commands, np.nan)
        for component in resources.components:
            names = component.command_names
            start = resources.command_index[names[0]] if names else 0
            # Components obey what the guard has passed, not what controllers want.
            sent = self.sent[start : start + len(names)]
            component.lend(component.hardware.state, sent)
        # One cell more than there are values: what no hardware has is always NaN.
        self._wanted = np.append(resources.commands, np.nan)
        self._command_at = np.array(
            [
                [
                    resources.command_index.get(f"{joint}/{kind}", -1)
                    for joint in self.robot.joints
                ]
                for kind in IMPEDANCE
            ]
        )
        self._has = self._command_at >= 0
        self._q_at, self._dq_at = (
            np.array([resources.state_index[f"{j}/{kind}"] for j in self.robot.joints])
            for kind in (POSITION, VELOCITY)
        )
        self._seen = self.robot.posture("stand")
        imus = self.robot.description.sensors.imu
        first = f"{imus[0].name}/orientation.x" if imus else ""
        self._attitude_at = resources.state_index.get(first)

    def start(self) -> None:
        """Power the hardware and read it once, so that controllers find its states.

        Raises:
            DeviceError: If it does not start.
        """
        self.manager.start()
        self.manager.read(0.0, 0.0)

    # --- the real-time thread ----------

    def tick(self, now: float, period: float, pace: Pace) -> None:
        """Do one cycle; never raises.

        Args:
            now: On the loop's clock [s].
            period: Since the last cycle [s].
            pace: When it began; its row in the ledger is opened here, closed outside.
        """
        ledger = self.ledger
        ledger.begin(pace.cycle, pace.woke, pace.due)
        while self._requests:
            self._requests.popleft()()
        ledger.mark(SWITCH)
        if not self.paused:
            try:
                self._cycle(now, period)
            except Exception as error:
                # A bug of ours must not drop the robot: it holds, and says so.
                self.failures += 1
                self.manager.events.error("core", f"{type(error).__name__}: {error}")
                self.ladder.ask(Rung.HOLD, "fault in the core")
        if self.after is not None:
            self.after(pace)
        ledger.mark(SEND)

    def _cycle(self, now: float, period: float) -> None:
        mark, manager = self.ledger.mark, self.manager
        self.faults.advance(period)
        manager.read(now, period)
        mark(READ)
        self._watch()
        mark(ESTIMATE)
        manager.update(now, period)
        mark(UPDATE)
        self._pass_on(period)
        mark(GUARD)
        manager.write(now, period)
        mark(WRITE)

    def _watch(self) -> None:
        """Ask for a rung when the robot or its hardware has a fault."""
        if self.blind:
            self.ladder.ask(Rung.HOLD, "attitude lost")
        elif self.fallen:
            self.ladder.ask(Rung.DAMP, "fallen")
        for component in self.manager.resources.components:
            if component.state is not State.ACTIVE:
                self.ladder.ask(Rung.HOLD, f"hardware {component.name}")

    @property
    def blind(self) -> bool:
        """Whether the first IMU gives no attitude; False without one."""
        quat = self._attitude()
        return quat is not None and not abs(float(quat @ quat) - 1.0) < 1e-3

    @property
    def fallen(self) -> bool:
        """Whether the first IMU says that the base lies; False without one."""
        quat = self._attitude()
        if quat is None or self.blind:
            return False
        upright = float(rotation_from_quat_xyzw(quat)[2, 2])
        return bool(upright < np.cos(self._config.fallen_tilt))

    def _attitude(self) -> Array | None:
        at = self._attitude_at
        return None if at is None else self.manager.resources.states[at : at + 4]

    def _pass_on(self, period: float) -> None:
        """Bring what controllers want through ladder and guard to the hardware."""
        resources = self.manager.resources
        position = resources.states[self._q_at]
        velocity = resources.states[self._dq_at]
        blind = np.logical_not(np.isfinite(position) & np.isfinite(velocity))
        if blind.any():
            # The drives close their loops on what they measure themselves: hold, and
            # take the joint for where it was last seen.
            self.ladder.ask(Rung.HOLD, "joint states not finite")
            position[blind] = self._seen[blind]
            velocity[blind] = 0.0
        self._seen = position
        np.copyto(self.sent, resources.commands)
        self._wanted[:-1] = resources.commands
        wanted = self._wanted[self._command_at]
        wanted = self.ladder.step(wanted, position, velocity, self.guard.torque, period)
        passed = self.guard.step(wanted, position, velocity, period)
        rows = (
            passed.position,
            passed.velocity,
            passed.effort,
            passed.proportional,
            passed.derivative,
        )
        self.sent[self._command_at[self._has]] = np.array(rows)[self._has]

    # --- the other thread ----------

    def submit(self, request: Callable[[], T]) -> T:
        """Run a function in the real-time thread and return its result.

        Raises:
            RenxingError: What the function raised.
            TimeoutError: If the loop does not get to it.
        """
        if not self._threaded:
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

    def stop(self, rung: Rung, cause: str) -> None:
        """Go down the ladder, and take the joints from their controllers.

        Args:
            rung: At least `hold`.
            cause: In words.
        """
        self.submit(lambda: self.ladder.ask(rung, cause))
        self.suspend()

    def suspend(self) -> None:
        """Deactivate all controllers that command something, once for each stop."""
        if self.suspended:
            return
        names = tuple(
            controller.name
            for controller in self.manager.list_controllers()
            if controller.claimed_interfaces
        )
        if names:
            self.manager.switch_controller((), names, Strictness.BEST_EFFORT)
        self.suspended = names

    def reset_stop(self) -> str:
        """Go back to the top of the ladder; controllers start from where the robot is.

        Raises:
            UnsafeCommandError: If what caused the stop is not over.
        """
        if self.ladder.rung is Rung.RUN and not self.ladder.causes:
            return "not stopped"
        if self.blind:
            raise UnsafeCommandError("stop cannot be reset: there is no attitude")
        if self.fallen:
            raise UnsafeCommandError("stop cannot be reset: the robot has fallen")
        broken = [
            component.name
            for component in self.manager.resources.components
            if component.state is not State.ACTIVE
        ]
        if broken:
            raise UnsafeCommandError(
                f"stop cannot be reset: hardware {', '.join(broken)} is not active"
            )
        names, self.suspended = self.suspended, ()
        if names:
            answer = self.manager.switch_controller(
                names, (), Strictness.BEST_EFFORT, activate_asap=True
            )
            if not answer.ok:
                self.suspended = names
                raise UnsafeCommandError(f"stop not reset: {answer.message}")
        self.submit(self.ladder.reset)
        return f"running again: {', '.join(names) or 'no controllers'}"

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
