# SPDX-License-Identifier: Apache-2.0
"""Say when the next cycle of the loop begins: on the clock, or at once.

Cycles lie on a fixed grid of absolute times, so that errors do not add up. A cycle
that takes too long skips whole periods, as ros2_control's loop does, and is never
caught up in a burst. Python's `time.sleep` is `clock_nanosleep(TIMER_ABSTIME)`;
calling that with ctypes was measured to wake no earlier.
"""

import time
from typing import Protocol

from renxing.errors import ConfigError

SECOND = 1_000_000_000  # [ns]


class Pace(Protocol):
    """What a loop is paced by.

    Attributes:
        period: Between two cycles, on the loop's clock [ns].
        cycle: How many have begun since the start, skipped ones left out.
        due: When this cycle should have begun, CLOCK_MONOTONIC [ns].
        woke: When it began, CLOCK_MONOTONIC [ns].
        elapsed: Since the last cycle began, on the loop's clock [ns].
        overruns: How many cycles were still busy when the next one was due.
        skipped: How many periods have been left out because of that.
    """

    period: int
    cycle: int
    due: int
    woke: int
    elapsed: int
    overruns: int
    skipped: int

    def start(self) -> None:
        """Begin the first cycle now."""

    def wait(self) -> int:
        """Wait for the next cycle; return how many periods were skipped for it."""


class LockStep:
    """Cycles without a clock, one after the other, each of exactly one period.

    The attributes are those of `Pace`.
    """

    def __init__(self, rate: float) -> None:
        """Keep the rate.

        Args:
            rate: Cycles a second, on the loop's clock [Hz].

        Raises:
            ConfigError: If the rate is not positive.
        """
        if not rate > 0.0:
            raise ConfigError(f"update rate {rate:g} Hz: must be above 0")
        self.period = self.elapsed = round(SECOND / rate)
        self.cycle = self.due = self.woke = self.overruns = self.skipped = 0

    def start(self) -> None:
        """Begin the first cycle now."""
        self.due = self.woke = time.monotonic_ns()
        self.elapsed = self.period
        self.cycle = self.overruns = self.skipped = 0

    def wait(self) -> int:
        """Begin the next cycle; return 0."""
        self.due = self.woke = time.monotonic_ns()
        self.cycle += 1
        return 0


class Pacer(LockStep):
    """Cycles on CLOCK_MONOTONIC.

    The attributes are those of `Pace`.
    """

    def __init__(self, rate: float, *, speed: float = 1.0, spin: float = 0.0) -> None:
        """Keep the rate; `start` begins.

        Args:
            rate: Cycles a second, on the loop's clock [Hz].
            speed: Seconds on the loop's clock a second on the wall's; other than 1
                for simulation only [-].
            spin: The last part of each wait that is spent polling the clock, which
                costs a core so much of its time [s].

        Raises:
            ConfigError: If rate or speed is not positive, or the spin negative.
        """
        super().__init__(rate)
        if not (speed > 0.0 and spin >= 0.0):
            raise ConfigError(
                f"pacer: speed {speed:g} must be above 0, spin {spin:g} not below"
            )
        self._speed = speed
        self._step = max(1, round(self.period / speed))
        self._spin = round(spin * SECOND)

    def wait(self) -> int:
        """Wait for the next cycle; return how many periods were skipped for it."""
        due = self.due + self._step
        now = time.monotonic_ns()
        skip = 0
        if now > due:
            skip = -((due - now) // self._step)
            due += skip * self._step
            self.overruns += 1
            self.skipped += skip
        rest = due - now - self._spin
        if rest > 0:
            time.sleep(1e-9 * rest)
        now = time.monotonic_ns()
        while now < due:
            now = time.monotonic_ns()
        self.elapsed = round((now - self.woke) * self._speed)
        self.due, self.woke = due, now
        self.cycle += 1
        return skip
