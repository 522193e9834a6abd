# SPDX-License-Identifier: Apache-2.0
"""When something slower than the loop has its turn, and how long turns take."""

import math
from array import array
from dataclasses import dataclass

RECENT = 500  # turns that are kept one by one


class Pace:
    """Divides the loop's rate: a turn on the tick nearest to the end of its period.

    The rule is ros2_control's: now, if |T f - 1| <= |(T + 1/f_loop) f - 1| with T the
    time since its last turn.
    """

    def __init__(self, rate: float, loop_rate: float) -> None:
        """Divide `loop_rate` [Hz] to `rate` [Hz]; 0 or more than it means each tick."""
        self.rate = rate if 0.0 < rate < loop_rate else loop_rate
        self._each = self.rate == loop_rate
        self._nominal = 1.0 / self.rate
        # The rule, solved for T; the small number forgives a clock that rounds.
        self._least = self._nominal - 0.5 / loop_rate - 1e-9
        self._last: float | None = None

    def reset(self) -> None:
        """Forget the last turn, so that the next tick is one."""
        self._last = None

    def turn(self, time: float, period: float) -> float | None:
        """Return the time since the last turn [s] if this tick is one, else None.

        Args:
            time: Now [s].
            period: Of the loop's last tick [s].
        """
        last = self._last
        if self._each:
            self._last = time
            return period
        if last is None or time < last:  # time was set back
            self._last = time
            return self._nominal
        if time - last < self._least:
            return None
        self._last = time
        return time - last


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Statistics of a quantity; NaN where there are none yet.

    Attributes:
        count: How many values.
        mean: Of all.
        standard_deviation: Of all, of the population.
        minimum: Of all.
        maximum: Of all.
        current: The last one.
    """

    count: int
    mean: float
    standard_deviation: float
    minimum: float
    maximum: float
    current: float


class Statistics:
    """Collects values one by one [Welford1962]; written by one thread, read by all."""

    __slots__ = ("_count", "_current", "_maximum", "_mean", "_minimum", "_square")

    def __init__(self) -> None:
        """Start without values."""
        self.reset()

    def reset(self) -> None:
        """Forget all values."""
        self._count = 0
        self._mean = 0.0
        self._square = 0.0
        self._minimum = math.inf
        self._maximum = -math.inf
        self._current = math.nan

    def add(self, value: float) -> None:
        """Take one more value."""
        self._count += 1
        step = value - self._mean
        self._mean += step / self._count
        self._square += step * (value - self._mean)
        if value < self._minimum:
            self._minimum = value
        if value > self._maximum:
            self._maximum = value
        self._current = value

    def summary(self) -> Summary:
        """Return what was collected."""
        count = self._count
        if count == 0:
            nan = math.nan
            return Summary(
                count=0,
                mean=nan,
                standard_deviation=nan,
                minimum=nan,
                maximum=nan,
                current=nan,
            )
        return Summary(
            count=count,
            mean=self._mean,
            standard_deviation=math.sqrt(max(self._square, 0.0) / count),
            minimum=self._minimum,
            maximum=self._maximum,
            current=self._current,
        )


class Timing:
    """How long the turns of something take and how often they come.

    Attributes:
        execution_time: Of a turn [us].
        periodicity: Of its turns [Hz].
    """

    __slots__ = ("_count", "_ring", "execution_time", "periodicity")

    def __init__(self) -> None:
        """Start without values."""
        self.execution_time = Statistics()
        self.periodicity = Statistics()
        self._ring = array("d", bytes(8 * RECENT))
        self._count = 0

    def reset(self) -> None:
        """Forget all values."""
        self.execution_time.reset()
        self.periodicity.reset()
        self._count = 0

    def recent(self) -> "array[float]":
        """Return how long the last turns took [s], in no order; from any thread."""
        return self._ring[: min(self._count, RECENT)]

    def add(self, seconds: float, period: float) -> None:
        """Take one turn.

        Args:
            seconds: That it took [s].
            period: Since the last one [s].
        """
        self._ring[self._count % RECENT] = seconds
        self._count += 1
        self.execution_time.add(seconds * 1e6)
        if period > 0.0:
            self.periodicity.add(1.0 / period)
