# SPDX-License-Identifier: Apache-2.0
"""Where the time of each cycle of the loop goes.

The loop only takes times, in arrays that exist; `renxing.runtime.ledger_report`
computes what they say, anywhere else.
"""

import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from renxing.errors import ConfigError

# Of renxing's loop, in its order.
PHASES = ("read", "estimate", "update", "guard", "switch", "write", "send")
# Columns in front of those of the phases.
CYCLE, WOKE, WAKE, SKIPPED, FIRST_PHASE = range(5)


class Ledger:
    """The times of the last cycles.

    Attributes:
        phases: Their names; elsewhere they are known by their index.
        overruns: Cycles that took too long, since the start.
    """

    def __init__(
        self, rate: float, phases: Sequence[str] = PHASES, seconds: float = 2.0
    ) -> None:
        """Allocate all memory.

        Args:
            rate: Of the loop [Hz].
            phases: What a cycle consists of.
            seconds: How long a row is kept.

        Raises:
            ConfigError: If a phase is there twice.
        """
        if len(set(phases)) < len(phases):
            raise ConfigError(f"ledger: phases {list(phases)}: one is there twice")
        self.phases = tuple(phases)
        self._rows = max(2, round(rate * seconds))
        self._width = FIRST_PHASE + len(phases)
        self._table = np.zeros((self._rows, self._width), dtype=np.int64)
        self._cells = self._table.reshape(-1).data
        self._empty = np.zeros(self._width, dtype=np.int64).data
        self._count = 0
        self.overruns = 0
        self._at = FIRST_PHASE
        self._mark = 0

    def begin(self, cycle: int, woke: int, due: int) -> None:
        """Open the row of a cycle.

        Args:
            cycle: Its number.
            woke: When it began, CLOCK_MONOTONIC [ns].
            due: When it should have begun [ns].
        """
        at = (self._count % self._rows) * self._width
        cells = self._cells
        cells[at : at + self._width] = self._empty
        cells[at] = cycle
        cells[at + WOKE] = woke
        cells[at + WAKE] = woke - due
        self._at = at + FIRST_PHASE
        self._mark = woke

    def mark(self, phase: int) -> None:
        """Book the time since the last mark on a phase; it may come more than once."""
        now = time.monotonic_ns()
        self._cells[self._at + phase] += now - self._mark
        self._mark = now

    def end(self, skipped: int) -> None:
        """Close the row.

        Args:
            skipped: Periods that had to be skipped after the cycle.
        """
        self._cells[self._at - FIRST_PHASE + SKIPPED] = skipped
        self._count += 1
        if skipped:
            self.overruns += 1

    def slowest(self) -> str:
        """Return the phase that took the most time in the last closed cycle."""
        return self.phases[int(self.last.argmax())]

    @property
    def last(self) -> npt.NDArray[np.int64]:
        """Time in each phase of the last closed cycle [ns], shape (phases,)."""
        return self._table[(self._count - 1) % self._rows, FIRST_PHASE:]

    def rows(self) -> npt.NDArray[np.int64]:
        """Return a copy of all closed rows, oldest first, from any thread.

        Takes some 20 us for a second at 1 kHz; the columns are cycle, start, lateness
        of the start, skipped periods, then the phases [ns].
        """
        before = self._count
        table = self._table.copy()
        after = self._count
        # The row that the loop is filling, and those that it has closed meanwhile,
        # are of a newer lap.
        first = max(0, after - self._rows + 1)
        return table[np.arange(first, before) % self._rows]
