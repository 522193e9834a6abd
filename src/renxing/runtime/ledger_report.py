# SPDX-License-Identifier: Apache-2.0
"""What the rows of a ledger say; computed off the real-time thread."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renxing.runtime.ledger import CYCLE, FIRST_PHASE, SKIPPED, WAKE, WOKE

WAKE_NAME = "wake"  # what is blamed if the system began the cycle too late


@dataclass(frozen=True, slots=True)
class Times:
    """Some durations.

    Attributes:
        name: Of what.
        median: [s].
        p99: The value that 99 % of them do not exceed [s].
        maximum: [s].
    """

    name: str
    median: float
    p99: float
    maximum: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerReport:
    """The last second of a loop, and its overruns since the start.

    Attributes:
        cycles: How many the figures are of.
        rate: Cycles a second [Hz]; 0 for fewer than two.
        period_error: Distance of the time between two starts from the period; the
            one after skipped periods is left out.
        wake: How late cycles began.
        busy: How long they took.
        phases: What took how long, in their order.
        overruns: Cycles that took too long, since the start.
        skipped: Periods that were skipped, since the start.
        blamed: Overruns by the phase that exceeded its own median the most, or `wake`.
    """

    cycles: int
    rate: float
    period_error: Times
    wake: Times
    busy: Times
    phases: tuple[Times, ...]
    overruns: int
    skipped: int
    blamed: dict[str, int]


class Bookkeeper:
    """Reads a ledger from time to time and counts its overruns."""

    def __init__(self, phases: Sequence[str], period: int) -> None:
        """Start counting.

        Args:
            phases: Of the ledger.
            period: Of the loop on the wall's clock [ns].
        """
        self._names = (WAKE_NAME, *phases)
        self._period = period
        self._seen = -1
        self._overruns = self._skipped = 0
        self._blamed = dict.fromkeys(self._names, 0)

    def report(self, rows: npt.NDArray[np.int64], seconds: float = 1.0) -> LedgerReport:
        """Evaluate rows; call it before the ledger has gone round, or counts miss some.

        Args:
            rows: Of the ledger, oldest first, as `Ledger.rows` gives them.
            seconds: How far back percentiles reach from the newest row.
        """
        if len(rows):
            self._count(rows)
            rows = rows[rows[:, WOKE] > rows[-1, WOKE] - round(1e9 * seconds)]
        spans = np.diff(rows[:, WOKE])
        regular = spans[rows[:-1, SKIPPED] == 0]
        wall = float(spans.sum()) * 1e-9
        return LedgerReport(
            cycles=len(rows),
            rate=len(spans) / wall if wall > 0.0 else 0.0,
            period_error=times_of("period error", np.abs(regular - self._period)),
            wake=times_of(WAKE_NAME, rows[:, WAKE]),
            busy=times_of("busy", rows[:, FIRST_PHASE:].sum(axis=1)),
            phases=tuple(
                times_of(name, rows[:, FIRST_PHASE + i])
                for i, name in enumerate(self._names[1:])
            ),
            overruns=self._overruns,
            skipped=self._skipped,
            blamed=dict(self._blamed),
        )

    def _count(self, rows: npt.NDArray[np.int64]) -> None:
        new = rows[(rows[:, CYCLE] > self._seen) & (rows[:, SKIPPED] > 0)]
        self._seen = int(rows[-1, CYCLE])
        # Not the ratio: two microseconds that became forty have delayed nobody.
        columns = [WAKE, *range(FIRST_PHASE, rows.shape[1])]
        excess = new[:, columns] - np.median(rows[:, columns], axis=0)
        for phase in excess.argmax(axis=1):
            self._blamed[self._names[phase]] += 1
        self._overruns += len(new)
        self._skipped += int(new[:, SKIPPED].sum())


def times_of(name: str, durations: npt.NDArray[np.int64]) -> Times:
    """Return what durations [ns] come to; zeros for none."""
    if not len(durations):
        return Times(name, 0.0, 0.0, 0.0)
    median, p99, maximum = 1e-9 * np.percentile(durations, (50, 99, 100))
    return Times(name, float(median), float(p99), float(maximum))


def over(
    before: LedgerReport | None, seconds: Sequence[LedgerReport]
) -> dict[str, float]:
    """Return how a loop did over some seconds; empty for none.

    Args:
        before: Of the second before them; None if nobody knows.
        seconds: In order.

    Returns:
        `loop_p99` and `loop_worst`, median and greatest of each second's 99th
        percentile of the period error [µs]; `loop_late`, cycles that took too long, of
        all [-].
    """
    if not seconds:
        return {}
    errors = [1e6 * one.period_error.p99 for one in seconds]
    counted = seconds if before is not None else seconds[1:]
    late = seconds[-1].overruns - (before or seconds[0]).overruns
    cycles = max(sum(one.cycles for one in counted), 1)
    return {
        "loop_p99": statistics.median(errors),
        "loop_worst": max(errors),
        "loop_late": late / cycles,
    }


def in_words(told: Mapping[str, float]) -> str:
    """Return what `over` returned in words."""
    if "loop_p99" not in told:
        return "the loop told nothing"
    return (
        f"loop period error p99 {told['loop_p99']:.0f} µs "
        f"(worst second {1e-3 * told['loop_worst']:.1f} ms), "
        f"{100.0 * told['loop_late']:.1f} % of cycles late"
    )
