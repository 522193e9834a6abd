# SPDX-License-Identifier: Apache-2.0
"""What is broken on purpose, and when: the same faults on every backend.

`Faults` is the list of what is broken, with a clock of its own that goes on while a
component is down. `renxing.actuation.fault_injector` breaks the values.
"""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal, get_args

from renxing.errors import ConfigError

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
