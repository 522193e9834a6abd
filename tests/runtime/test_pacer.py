# SPDX-License-Identifier: Apache-2.0
"""Cycles lie on a grid; late ones skip periods and are never caught up."""

import time
from types import SimpleNamespace

import pytest

from renxing.errors import ConfigError
from renxing.runtime import pacer as pacer_file
from renxing.runtime.pacer import LockStep, Pace, Pacer

MS = 1_000_000  # [ns]


class Clock:
    """Sleeps in no time, wakes a little late; each look takes 100 ns."""

    def __init__(self) -> None:
        self.now, self.late, self.slept = 1000 * MS, 20_000, 0

    def monotonic_ns(self) -> int:
        self.now += 100
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0.0
        self.slept += 1
        self.now += round(1e9 * seconds) + self.late


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    fake = SimpleNamespace(monotonic_ns=clock.monotonic_ns, sleep=clock.sleep)
    monkeypatch.setattr(pacer_file, "time", fake)
    return clock


def test_wakes_do_not_add_up(clock: Clock) -> None:
    pacer = Pacer(500)
    pacer.start()
    begin = pacer.due
    for cycle in range(1, 1001):
        clock.now += 300_000
        assert pacer.wait() == 0
        assert pacer.cycle == cycle
        assert pacer.due == begin + cycle * 2 * MS
        assert 0 <= pacer.woke - pacer.due < 30_000
    assert (pacer.overruns, pacer.skipped) == (0, 0)
    assert pacer.elapsed == pytest.approx(2 * MS, abs=1000)


@pytest.mark.parametrize(
    ("busy", "skipped"),
    [(1.9, 0), (2.1, 1), (3.9, 1), (4.1, 2), (11.0, 5), (1000.5, 500)],
)
def test_an_overrun_skips_whole_periods(
    clock: Clock, busy: float, skipped: int
) -> None:
    pacer = Pacer(500)
    pacer.start()
    begin = pacer.due
    clock.now += round(busy * MS)
    assert pacer.wait() == skipped
    assert pacer.due == begin + (1 + skipped) * 2 * MS
    assert pacer.woke >= pacer.due
    assert (pacer.overruns, pacer.skipped) == (min(skipped, 1), skipped)
    # No burst: the next cycle has its whole period.
    assert pacer.wait() == 0
    assert pacer.due == begin + (2 + skipped) * 2 * MS
    assert clock.slept == 2


def test_speed_stretches_the_wall_clock_only(clock: Clock) -> None:
    pacer = Pacer(1000, speed=0.5)
    pacer.start()
    begin = pacer.due
    pacer.wait()
    assert pacer.due == begin + 2 * MS
    assert pacer.elapsed == pytest.approx(MS, abs=50_000)
    assert pacer.period == MS


def test_spinning_wakes_on_time(clock: Clock) -> None:
    pacer = Pacer(1000, spin=1e-4)
    pacer.start()
    pacer.wait()
    assert 0 <= pacer.woke - pacer.due <= 200


def test_lock_step_has_no_clock(clock: Clock) -> None:
    pacer: Pace = LockStep(1000)
    pacer.start()
    for _ in range(5):
        clock.now += 50 * MS
        assert pacer.wait() == 0
        assert pacer.elapsed == MS
        assert pacer.woke == pacer.due
    assert (pacer.cycle, pacer.overruns, clock.slept) == (5, 0, 0)


def test_on_the_real_clock_no_cycle_begins_early() -> None:
    pacer = Pacer(1000)
    pacer.start()
    begin = time.monotonic_ns()
    for _ in range(50):
        pacer.wait()
        assert time.monotonic_ns() >= pacer.woke >= pacer.due
    assert pacer.woke - begin > 49 * MS
    assert pacer.cycle == 50


def test_nonsense_is_refused() -> None:
    for rate, speed, spin in ((0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, -1.0)):
        with pytest.raises(ConfigError):
            Pacer(rate, speed=speed, spin=spin)
