# SPDX-License-Identifier: Apache-2.0
"""Every nanosecond of a cycle is booked on a phase, and overruns have a cause."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from renxing.errors import ConfigError
from renxing.runtime import ledger as ledger_file
from renxing.runtime.ledger import FIRST_PHASE, PHASES, SKIPPED, WAKE, Ledger
from renxing.runtime.ledger_report import (
    Bookkeeper,
    LedgerReport,
    Times,
    in_words,
    over,
)

MS = 1_000_000  # [ns]


class Loop:
    """A loop of 1 kHz whose phases take as long as they are told."""

    def __init__(self, monkeypatch, phases: tuple[str, ...] = ("a", "b")) -> None:
        self.now = 0
        fake = SimpleNamespace(monotonic_ns=lambda: self.now)
        monkeypatch.setattr(ledger_file, "time", fake)
        self.ledger = Ledger(1000, phases, seconds=0.1)
        self.cycle = 0

    def run(self, *phases: int, late: int = 0, skipped: int = 0) -> None:
        due = self.cycle * MS
        self.now = due + late
        self.ledger.begin(self.cycle, self.now, due)
        for phase, duration in enumerate(phases):
            self.now += duration
            self.ledger.mark(phase)
        self.ledger.end(skipped)
        self.cycle += 1 + skipped


def test_phases_are_booked_and_old_rows_forgotten(monkeypatch) -> None:
    loop = Loop(monkeypatch)
    assert loop.ledger.rows().shape == (0, FIRST_PHASE + 2)
    for _ in range(3):
        loop.run(100, 200, late=5)
    assert loop.ledger.last.tolist() == [100, 200]
    assert loop.ledger.rows()[:, 0].tolist() == [0, 1, 2]
    for _ in range(250):
        loop.run(1)  # the second phase does not come
    rows = loop.ledger.rows()
    assert rows[:, 0].tolist() == list(range(154, 253))
    assert (rows[:, FIRST_PHASE:] == [1, 0]).all()


def test_a_phase_may_come_twice(monkeypatch) -> None:
    loop = Loop(monkeypatch)
    loop.ledger.begin(0, 0, 0)
    for phase in (0, 1, 0):
        loop.now += 10
        loop.ledger.mark(phase)
    loop.ledger.end(0)
    assert loop.ledger.last.tolist() == [20, 10]


def test_a_report_says_where_the_time_goes(monkeypatch) -> None:
    loop = Loop(monkeypatch)
    for late in [1000] * 98 + [3000]:
        loop.run(100_000, 300_000, late=late)
    report = Bookkeeper(("a", "b"), MS).report(loop.ledger.rows())
    assert report.cycles == 99
    assert report.rate == pytest.approx(1000.0, rel=1e-3)
    assert [phase.name for phase in report.phases] == ["a", "b"]
    assert report.phases[1].median == pytest.approx(3e-4)
    assert report.busy.maximum == pytest.approx(4e-4)
    assert report.wake.median == pytest.approx(1e-6)
    assert report.period_error.maximum == pytest.approx(2e-6)
    assert report.overruns == 0


def test_overruns_are_counted_once_and_blamed(monkeypatch) -> None:
    loop = Loop(monkeypatch)
    books = Bookkeeper(("a", "b"), MS)
    for _ in range(20):
        loop.run(2000, 300_000)
    # Twenty times its median, and still not what made the cycle late.
    loop.run(40_000, 1_200_000, skipped=1)
    assert books.report(loop.ledger.rows()).blamed == {"wake": 0, "a": 0, "b": 1}
    loop.run(2000, 300_000, late=800_000, skipped=1)
    loop.run(2_500_000, 300_000, skipped=2)
    loop.run(2000, 300_000)
    report = books.report(loop.ledger.rows())
    assert report.blamed == {"wake": 1, "a": 1, "b": 1}
    assert (report.overruns, report.skipped) == (3, 4)
    # The time between two starts that includes skipped periods is no period error.
    assert report.period_error.maximum < 1e-3


def test_nothing_is_a_report_too() -> None:
    ledger = Ledger(1000)
    report = Bookkeeper(PHASES, MS).report(ledger.rows())
    assert (report.cycles, report.rate, report.busy.maximum) == (0, 0.0, 0.0)


def test_only_the_last_second_counts_for_percentiles() -> None:
    rows = np.zeros((2000, FIRST_PHASE + 1), dtype=np.int64)
    rows[:, 0] = np.arange(2000)
    rows[:, 1] = np.arange(2000) * MS
    rows[:500, FIRST_PHASE] = 100
    rows[100, SKIPPED] = 1
    rows[:, WAKE] = 7
    report = Bookkeeper(("a",), MS).report(rows)
    assert report.cycles == 1000
    assert report.phases[0].maximum == 0.0
    assert report.overruns == 1


def test_a_copy_taken_while_the_loop_runs_holds_closed_rows_only() -> None:
    ledger = Ledger(1000, ("a", "b"), seconds=0.05)
    end = threading.Event()

    def run() -> None:
        cycle = 0
        while not end.is_set():
            cycle += 1
            # The clock is real, so fill phases with what identifies the row.
            ledger.begin(cycle, cycle, 0)
            ledger._cells[ledger._at] = ledger._cells[ledger._at + 1] = cycle
            ledger.end(cycle)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        for _ in range(2000):
            rows = ledger.rows()
            assert (np.diff(rows[:, 0]) == 1).all()
            assert (rows[:, [1, 2, 3, 4, 5]] == rows[:, :1]).all()
    finally:
        end.set()
        thread.join()


def test_a_phase_has_one_name() -> None:
    with pytest.raises(ConfigError, match="twice"):
        Ledger(1000, ("read", "read"))


def second(p99: float, overruns: int) -> LedgerReport:
    times = Times("period error", 1e-6, p99, 2.0 * p99)
    return LedgerReport(
        cycles=500,
        rate=500.0,
        period_error=times,
        wake=times,
        busy=times,
        phases=(),
        overruns=overruns,
        skipped=0,
        blamed={},
    )


def test_some_seconds_are_told_with_the_worst_of_them() -> None:
    seconds = [second(1e-4, 10), second(4e-3, 60), second(2e-4, 60)]
    told = over(second(9e-3, 10), seconds)
    assert told["loop_p99"] == pytest.approx(200.0)
    assert told["loop_worst"] == pytest.approx(4000.0)
    assert told["loop_late"] == pytest.approx(50 / 1500)
    words = in_words(told)
    assert "200 µs (worst second 4.0 ms), 3.3 % of cycles late" in words


def test_without_a_second_before_the_first_one_only_counts_from() -> None:
    told = over(None, [second(1e-4, 40), second(1e-4, 45)])
    assert told["loop_late"] == pytest.approx(5 / 500)
    assert over(None, []) == {} and "nothing" in in_words({})
