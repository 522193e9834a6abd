# SPDX-License-Identifier: Apache-2.0
"""One piece of hardware in the manager: its life cycle, its turns, its values."""

import threading
from collections.abc import Callable, Sequence
from time import perf_counter

from renxing.errors import ConfigError
from renxing.hardware_interface import (
    HardwareComponent,
    HardwareInfo,
    Result,
    Return,
    State,
)
from renxing.runtime.manager.events import Events
from renxing.runtime.manager.exported_names import exported_names
from renxing.runtime.manager.life_cycle import DEACTIVATE, Step, attempt, way
from renxing.runtime.manager.pace import Pace, Timing
from renxing.spatial import Array

MakeHardware = Callable[[HardwareInfo], HardwareComponent]
_ALIVE = (State.INACTIVE, State.ACTIVE)


class Component:
    """A hardware component with its state.

    `lock` is held by whoever takes a step or a turn; the loop never waits for it but
    skips the turn.

    Attributes:
        info: From the robot description.
        hardware: The component itself; a new one after a recovery from finalized.
        state: Where it is in its life cycle.
        state_names: Of its state values, in its own order.
        command_names: Of its command values, in its own order.
        command_set: The same, to look up.
        reads: Timing of `read`.
        writes: Timing of `write`.
        lock: Guards steps and turns.
    """

    def __init__(
        self, info: HardwareInfo, make: MakeHardware, rate: float, events: Events
    ) -> None:
        """Make the hardware and let it check its description.

        Args:
            info: From the robot description.
            make: Returns a new hardware object.
            rate: Of the loop [Hz].
            events: Where to say what went wrong.

        Raises:
            ConfigError: If its interfaces are not the described ones.
        """
        self.info = info
        self.state = State.UNKNOWN
        self.reads, self.writes = Timing(), Timing()
        self.lock = threading.Lock()
        self.broken = False  # its group failed while the lock was taken
        self._owed: list[tuple[str, Sequence[str], Sequence[str]]] = []
        self._make = make
        self._events = events
        self._values: tuple[Array, Array] | None = None
        self._read_pace = Pace(info.rw_rate, rate)
        self._write_pace = Pace(info.rw_rate, rate)
        self.rate = int(self._read_pace.rate)
        self.hardware = self._new()
        self.state_names, self.command_names = exported_names(self.hardware)
        self.command_set = frozenset(self.command_names)

    @property
    def name(self) -> str:
        """Its name."""
        return self.info.name

    @property
    def available(self) -> bool:
        """Whether its interfaces can be used."""
        return self.state in _ALIVE

    def _new(self) -> HardwareComponent:
        base = HardwareComponent(self.info)  # stands in for one that cannot be made
        made: list[HardwareComponent] = []

        def start() -> Result:
            made.append(self._make(self.info))
            return made[0].on_init()

        result, why = attempt(start)
        if result is Result.SUCCESS:
            self.state = State.UNCONFIGURED
        else:
            self.state = State.FINALIZED
            self._events.error(self.name, f"on_init: {why or result.value}")
        return made[0] if made and result is Result.SUCCESS else base

    def lend(self, states: Array, commands: Array) -> None:
        """Give it the arrays that hold its values from now on."""
        self._values = states, commands
        self.hardware.state, self.hardware.command = states, commands

    def steps_to(self, goal: State) -> tuple[Step, ...]:
        """Return the steps to a state; from finalized they start with a new object.

        Raises:
            ConfigError: If no steps lead there.
        """
        start = self.state
        if start is State.FINALIZED and goal is not State.FINALIZED:
            start = State.UNCONFIGURED
        return way(start, goal)

    def walk(self, goal: State) -> str:
        """Take steps to a state; the caller holds `lock`.

        Returns:
            Why it did not get there, or nothing.
        """
        try:
            steps = self.steps_to(goal)
            if self.state is State.FINALIZED and goal is not State.FINALIZED:
                self._revive()
        except ConfigError as error:
            return str(error)
        if self.state is State.FINALIZED and goal is not State.FINALIZED:
            return "on_init failed again"
        for step in steps:
            why = self.take(step)
            if why:
                return why
        return ""

    def _revive(self) -> None:
        """Start over with a new object, in the same values."""
        hardware = self._new()
        if self.state is State.UNCONFIGURED:
            if exported_names(hardware) != (self.state_names, self.command_names):
                self.state = State.FINALIZED
                raise ConfigError(
                    f"component '{self.name}': a new one orders its interfaces "
                    "differently; restart the manager"
                )
            self.hardware = hardware
            if self._values is not None:
                self.lend(*self._values)

    def take(self, step: Step) -> str:
        """Take one step; the caller holds `lock`.

        Returns:
            Why it did not succeed, or nothing.
        """
        if self.state not in step.start:
            return f"{step.method} is not for {self.state.label}"
        result, why = attempt(getattr(self.hardware, step.method))
        if result is Result.SUCCESS:
            self.state = step.success
            if step.success is State.INACTIVE:
                self._rest()
            return ""
        why = f"{step.method}: {why or result.value}"
        if result is Result.FAILURE and step.failure is not None:
            self.state = step.failure
            self._events.error(self.name, why)
        else:
            self.fail(why)
        return why

    def _rest(self) -> None:
        """Forget commands and turns: it has just become inactive."""
        self.hardware.command.fill(float("nan"))
        self.broken = False
        self._owed.clear()
        self._read_pace.reset()
        self._write_pace.reset()

    def fail(self, why: str) -> None:
        """Go where `on_error` sends it; the caller holds `lock`."""
        result, more = attempt(self.hardware.on_error)
        recovered = result is Result.SUCCESS
        self.state = State.UNCONFIGURED if recovered else State.FINALIZED
        self.broken = False
        self._owed.clear()
        tail = "" if recovered else f"; on_error: {more or result.value}"
        self._events.error(self.name, f"{why}{tail}; now {self.state.label}")

    def read(self, time: float, period: float) -> Return:
        """Take its turn of reading, if it has one; ERROR leaves it failed."""
        if self.state not in _ALIVE or not self.lock.acquire(blocking=False):
            return Return.OK
        try:
            if self._owed:
                self._pay()
            since = self._read_pace.turn(time, period)
            if (since is None and not self.broken) or self.state not in _ALIVE:
                return Return.OK
            result = self._turn("read", self.reads, time, since or period)
            if result is not Return.OK:  # DEACTIVATE too: ros2_control says so
                self.fail(f"read: {result.value}")
                return Return.ERROR
            return Return.OK
        finally:
            self.lock.release()

    def write(self, time: float, period: float) -> Return:
        """Take its turn of writing, if it has one.

        Returns:
            ERROR left it failed, DEACTIVATE left it inactive.
        """
        if self.state is not State.ACTIVE or not self.lock.acquire(blocking=False):
            return Return.OK
        try:
            since = self._write_pace.turn(time, period)
            if since is None or self.state is not State.ACTIVE:
                return Return.OK
            result = self._turn("write", self.writes, time, since)
            if result is Return.ERROR:
                self.fail("write: error")
            elif result is Return.DEACTIVATE:
                self._events.warn(self.name, "write: it deactivates itself")
                self.take(DEACTIVATE)
            return result
        finally:
            self.lock.release()

    def _turn(self, what: str, timing: Timing, time: float, since: float) -> Return:
        if self.broken:
            self._events.error(self.name, f"group '{self.info.group}' failed")
            return Return.ERROR
        start = perf_counter()
        try:
            result: object = getattr(self.hardware, what)(time, since)
        except Exception as error:
            self._events.error(self.name, f"{what}: {type(error).__name__}: {error}")
            return Return.ERROR
        timing.add(perf_counter() - start, since)
        if not isinstance(result, Return):
            self._events.error(self.name, f"{what} returned {result!r}, not a Return")
            return Return.ERROR
        return result

    def fail_with_group(self, why: str) -> bool:
        """Fail because another one of the group did; in the loop.

        Returns:
            Whether it did now; if a step is being taken, its next read will.
        """
        if not self.lock.acquire(blocking=False):
            self.broken = True
            return False
        try:
            if self.state not in _ALIVE:
                return False
            self.fail(why)
            return True
        finally:
            self.lock.release()

    def switch(
        self, what: str, start: Sequence[str], stop: Sequence[str], *, wait: bool
    ) -> str:
        """Prepare or perform that command interfaces of its own start and stop.

        Args:
            what: `prepare` or `perform`.
            start: Names of interfaces.
            stop: Names of interfaces.
            wait: Whether to wait while it takes a step or turn; else it will be done
                before its next read.

        Returns:
            Why not, or nothing.
        """
        if not self.lock.acquire(blocking=wait):
            self._owed.append((what, start, stop))
            return ""
        try:
            return self._switch(what, start, stop)
        finally:
            self.lock.release()

    def _switch(self, what: str, start: Sequence[str], stop: Sequence[str]) -> str:
        here = f"{what}_command_mode_switch"
        try:
            result = getattr(self.hardware, here)(start, stop)
        except Exception as error:
            return f"component '{self.name}': {here}: {type(error).__name__}: {error}"
        if result is Return.OK:
            return ""
        return f"component '{self.name}': {here}: refused"

    def _pay(self) -> None:
        owed, self._owed = self._owed, []
        for what, start, stop in owed:
            if why := self._switch(what, start, stop):
                self._events.error(self.name, why)
