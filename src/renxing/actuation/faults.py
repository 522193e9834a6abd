# SPDX-License-Identifier: Apache-2.0
"""Faults on purpose, in front of any hardware: the same ones on every backend.

In: what a component reads, what it is commanded.  Out: the same, or a broken version.

`FaultInjector` wraps a component and stands between it and the controller manager; the
component keeps arrays of its own, so a fault cannot leak into it. `Faults` is the list
of what is broken, with a clock of its own that goes on while a component is down.
Without faults a cycle costs two copies. Same faults, seeds and periods: same values.
"""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal, get_args

from renxing.actuation.fault_effects import Effect, Off, make_effect
from renxing.errors import ConfigError
from renxing.hardware_interface import HardwareComponent, Result, Return

Kind = Literal["drop", "freeze", "delay", "bias", "noise", "off", "outage"]
KINDS: tuple[Kind, ...] = get_args(Kind)
NEEDS_VALUE = ("delay", "bias", "noise")
WHOLE = ("off", "outage")  # a joint or component, whichever of its values is named


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is broken.

    Attributes:
        kind: `drop` makes NaN; `freeze` keeps the first values; `delay` gives those of
            `value` seconds ago, whole cycles; `bias` adds `value`; `noise` adds normal
            noise of standard deviation `value`; `off` takes gains and torque from the
            joints; `outage` fails every read and passes no command on.
        pattern: Regular expression for whole `part/interface` names, or whole part
            names; `off` takes the joints of what it finds, `outage` the components.
        value: As the kind says, in the unit of the interface or [s].
        start: From the injection to the beginning [s].
        duration: From the beginning to the end [s]; 0 lasts until it is cleared.
        seed: Of the noise.
        commands: Whether commands are broken instead of states.
    """

    kind: Kind
    pattern: str
    value: float = 0.0
    start: float = 0.0
    duration: float = 0.0
    seed: int = 0
    commands: bool = False

    def __post_init__(self) -> None:
        """Refuse what means nothing."""
        if self.kind not in KINDS:
            raise ConfigError(f"fault '{self.kind}': allowed: {', '.join(KINDS)}")
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ConfigError(f"fault pattern '{self.pattern}': {error}") from error
        numbers = (self.value, self.start, self.duration)
        if not all(map(isfinite, numbers)) or min(self.start, self.duration) < 0.0:
            raise ConfigError(f"fault {self.kind}: {numbers}: finite, times at least 0")
        if self.kind in ("delay", "noise") and not 0.0 < self.value <= 1e6:
            raise ConfigError(f"fault {self.kind}: value {self.value:g}: above 0")
        if self.kind == "delay" and self.value > 10.0:
            raise ConfigError(f"fault delay: {self.value:g} s: at most 10 s")
        if self.seed < 0:
            raise ConfigError(f"fault seed {self.seed}: at least 0")

    def find(self, names: Sequence[str]) -> list[int]:
        """Return the places of the names that it is about."""
        match = re.compile(self.pattern).fullmatch
        return [
            place
            for place, name in enumerate(names)
            if match(name) or match(name.rpartition("/")[0])
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectedFault:
    """A fault that has not been cleared and is not over.

    Attributes:
        number: To clear it.
        fault: The fault.
        since: Injected, on the clock of its list [s].
        running: Whether its start has come.
    """

    number: int
    fault: Fault
    since: float
    running: bool


class Faults:
    """What is broken; one list can serve several components.

    Attributes:
        time: Its clock [s].
        version: Counts the changes of what is running.
        running: Number and fault of those that act now, oldest first.
    """

    def __init__(self) -> None:
        """Start with nothing broken."""
        self.time = 0.0
        self.version = 0
        self.running: tuple[tuple[int, Fault], ...] = ()
        self._all: dict[int, tuple[float, Fault]] = {}
        self._last = 0

    def inject(self, fault: Fault, names: Sequence[str]) -> int:
        """Break something from now on.

        Args:
            fault: What.
            names: Interfaces that there are, of that side.

        Returns:
            Its number.

        Raises:
            ConfigError: If it is about none of the names.
        """
        if not fault.find(names):
            parts = sorted({name.rpartition("/")[0] for name in names} | set(names))
            near = difflib.get_close_matches(fault.pattern, parts, n=3)
            hint = f"; did you mean {', '.join(near)}?" if near else ""
            raise ConfigError(f"fault pattern '{fault.pattern}': finds nothing{hint}")
        self._last += 1
        self._all[self._last] = self.time, fault
        self._sort_out()
        return self._last

    def clear(self, number: int | None = None) -> int:
        """Mend one fault, or all; return how many.

        Raises:
            ConfigError: If there is none of this number.
        """
        if number is not None and number not in self._all:
            known = ", ".join(map(str, self._all)) or "none"
            raise ConfigError(f"fault {number}: there is none; active: {known}")
        gone = list(self._all) if number is None else [number]
        for key in gone:
            del self._all[key]
        self._sort_out()
        return len(gone)

    def active(self) -> tuple[InjectedFault, ...]:
        """Return the faults that are not over, oldest first."""
        acting = {number for number, _ in self.running}
        return tuple(
            InjectedFault(number=n, fault=fault, since=since, running=n in acting)
            for n, (since, fault) in self._all.items()
        )

    def advance(self, period: float) -> None:
        """Let its clock go on [s]; begin and end what is due."""
        self.time += period
        if self._all:
            self._sort_out()

    def _sort_out(self) -> None:
        now = self.time + 1e-9  # so that sums of periods meet round numbers
        for number, (since, fault) in list(self._all.items()):
            if 0.0 < fault.duration <= now - since - fault.start:
                del self._all[number]
        running = tuple(
            (number, fault)
            for number, (since, fault) in self._all.items()
            if now >= since + fault.start
        )
        if running != self.running:
            self.running = running
            self.version += 1


class FaultInjector(HardwareComponent):
    """A component with faults in front of it.

    Attributes:
        inner: The component itself.
        faults: What is broken.
    """

    def __init__(self, inner: HardwareComponent, faults: Faults | None = None) -> None:
        """Wrap a component.

        Args:
            inner: The component.
            faults: A list that somebody else advances; without one it has its own,
                which every read advances.
        """
        super().__init__(inner.info)
        self.inner = inner
        self.faults = faults if faults is not None else Faults()
        self._own = faults is None
        self._version = -1
        self._out = False
        self._states: list[Effect] = []
        self._commands: list[Effect] = []
        self._effects: dict[int, Effect] = {}

    def state_names(self) -> Sequence[str]:
        """Return those of the component."""
        return self.inner.state_names()

    def command_names(self) -> Sequence[str]:
        """Return those of the component."""
        return self.inner.command_names()

    def inject(self, fault: Fault) -> int:
        """Break something of this component; see `Faults.inject`."""
        names = self.command_names() if fault.commands else self.state_names()
        if fault.kind in WHOLE:
            names = [*self.state_names(), *self.command_names()]
        return self.faults.inject(fault, names)

    def clear(self, number: int | None = None) -> int:
        """Mend one fault, or all; see `Faults.clear`."""
        return self.faults.clear(number)

    def active(self) -> tuple[InjectedFault, ...]:
        """Return the faults that are not over."""
        return self.faults.active()

    # --- life cycle: the component's own, with its own arrays ----------

    def on_init(self) -> Result:
        """Delegate."""
        return self.inner.on_init()

    def on_configure(self) -> Result:
        """Delegate, after the component has got its values."""
        inner = self.inner
        if inner.state.shape != self.state.shape:
            inner.state = self.state.copy()
        if inner.command.shape != self.command.shape:
            inner.command = self.command.copy()
        return self._step(inner.on_configure())

    def on_activate(self) -> Result:
        """Delegate."""
        self.inner.command[:] = self.command
        return self._step(self.inner.on_activate())

    def on_deactivate(self) -> Result:
        """Delegate."""
        return self._step(self.inner.on_deactivate())

    def on_cleanup(self) -> Result:
        """Delegate."""
        return self._step(self.inner.on_cleanup())

    def on_shutdown(self) -> Result:
        """Delegate."""
        return self.inner.on_shutdown()

    def on_error(self) -> Result:
        """Delegate."""
        return self.inner.on_error()

    def _step(self, result: Result) -> Result:
        # A component may set both in a step, such as its command to where it is.
        self.state[:] = self.inner.state
        self.command[:] = self.inner.command
        return result

    def prepare_command_mode_switch(
        self, start: Sequence[str], stop: Sequence[str]
    ) -> Return:
        """Delegate."""
        return self.inner.prepare_command_mode_switch(start, stop)

    def perform_command_mode_switch(
        self, start: Sequence[str], stop: Sequence[str]
    ) -> Return:
        """Delegate."""
        return self.inner.perform_command_mode_switch(start, stop)

    # --- the cycle ----------

    def read(self, time: float, period: float) -> Return:
        """Let the component read, then break what it has read."""
        if self._own:
            self.faults.advance(period)
        if self._version != self.faults.version:
            self._bind()
        if self._out:
            return Return.ERROR
        result = self.inner.read(time, period)
        self.state[:] = self.inner.state
        for effect in self._states:
            effect.apply(self.state, period)
        return result

    def write(self, time: float, period: float) -> Return:
        """Break the command, then let the component obey it."""
        if self._out:
            return Return.OK
        self.inner.command[:] = self.command
        for effect in self._commands:
            effect.apply(self.inner.command, period)
        return self.inner.write(time, period)

    def _bind(self) -> None:
        """Find what the running faults are about; those that go on keep their state."""
        self._version = self.faults.version
        states, commands = list(self.state_names()), list(self.command_names())
        every = [*states, *commands]
        before, self._effects = self._effects, {}
        self._states, self._commands, self._out = [], [], False
        for number, fault in self.faults.running:
            on_commands = fault.commands or fault.kind == "off"
            whole = fault.kind in WHOLE
            names = every if whole else commands if on_commands else states
            places = fault.find(names)
            if not places:
                continue
            if fault.kind == "outage":
                self._out = True
                continue
            effect = before.get(number)
            if effect is None and fault.kind == "off":
                parts = {every[place].rpartition("/")[0] for place in places}
                effect = Off(commands, parts)
            elif effect is None:
                name = self.info.name
                effect = make_effect(fault.kind, places, fault.value, fault.seed, name)
            self._effects[number] = effect
            (self._commands if on_commands else self._states).append(effect)
