# SPDX-License-Identifier: Apache-2.0
"""When a bus process begins its cycles: just after the core has written its command.

Core and buses run on the same clock but start at any time. Without a common phase a
command would wait for up to a period before it is sent, and its answer again.
"""

import time
from collections.abc import Sequence

import numpy as np

from renxing.runtime.block_layout import Frame
from renxing.runtime.pacer import SECOND, Pacer

LAG = 100_000  # [ns] from the core's write to the begin of a bus's cycle
PULL = 32  # an error of the phase shrinks by this share in each cycle
STATISTICS_PERIOD = 1.0  # [s]


class Rhythm:
    """A pacer that follows another process, and what became of it.

    Attributes:
        pacer: Its own grid of times.
    """

    def __init__(self, rate: float) -> None:
        """Keep the rate [Hz] until somebody is there to follow."""
        self.pacer = Pacer(rate)
        self._starts = np.zeros(2 * round(rate) + 2, dtype=np.int64)
        self._count = 0
        self._mark = 0
        self._cpu = 0.0
        self._frames: list[int] = []

    def start(self) -> None:
        """Begin the first cycle now."""
        self.pacer.start()
        self._mark = self.pacer.woke
        self._cpu = time.process_time()

    def follow(self, stamp: int) -> None:
        """Move the next cycles towards `LAG` after another process's.

        Args:
            stamp: When that one wrote, CLOCK_MONOTONIC [ns].
        """
        pacer = self.pacer
        period = pacer.period
        error = (pacer.due - stamp - LAG) % period
        if error > period // 2:
            error -= period
        pacer.due -= error // PULL

    def wait(self) -> None:
        """Wait for the next cycle."""
        self._starts[self._count % len(self._starts)] = self.pacer.woke
        self._count += 1
        self.pacer.wait()

    def report(self, frames: Sequence[Frame]) -> None:
        """Write the counts of all cycles and, once a second, what that one was like.

        Args:
            frames: Of `state_layout`, one for each bus; all but the frames a second
                are of the process.
        """
        pacer = self.pacer
        for frame in frames:
            frame["cycles"][...] = pacer.cycle
            frame["overruns"][...] = pacer.overruns
        passed = pacer.woke - self._mark
        if passed < STATISTICS_PERIOD * SECOND:
            return
        seconds = passed / SECOND
        cpu = time.process_time()
        starts = self._starts[: min(self._count, len(self._starts))]
        errors = 1e-9 * np.abs(np.diff(starts) - pacer.period)
        p50, p99 = np.quantile(errors, (0.5, 0.99))
        totals = [int(f["frames_out"]) + int(f["frames_in"]) for f in frames]
        before = self._frames or [0] * len(totals)
        for frame, now, then in zip(frames, totals, before, strict=True):
            frame["frames_per_second"][...] = (now - then) / seconds
            frame["cpu_share"][...] = (cpu - self._cpu) / seconds
            frame["period_p50"][...], frame["period_p99"][...] = p50, p99
            frame["period_max"][...] = errors.max()
        self._mark, self._cpu, self._frames = pacer.woke, cpu, totals
        self._count = 0
