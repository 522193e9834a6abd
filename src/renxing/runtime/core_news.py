# SPDX-License-Identifier: Apache-2.0
"""What the core tells everybody: collected in the line's thread, never in the loop."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from renxing.actuation.ladder import Rung
from renxing.errors import RenxingError
from renxing.runtime.core import RealTimeCore
from renxing.runtime.core_memory import CoreMemory
from renxing.runtime.core_report import CoreReport
from renxing.runtime.ledger_report import Bookkeeper, times_of
from renxing.runtime.logs import log_root
from renxing.runtime.pacer import Pacer
from renxing.runtime.simulation import Simulation

REPORT_PERIOD = 1.0  # [s] between two reports while the rung stays


class News:
    """The news of one core; also notices the beginning of a stop.

    Attributes:
        report: The last one.
    """

    def __init__(
        self,
        core: RealTimeCore,
        memory: CoreMemory,
        pacer: Pacer,
        now: Callable[[], float],
        simulation: Simulation | None,
        *,
        tick: bool,
    ) -> None:
        """Start to note.

        Args:
            core: The core.
            memory: What it remembers.
            pacer: Of its loop.
            now: Returns the time on the loop's clock [s].
            simulation: Of its hardware, if it is simulated.
            tick: Whether to tell the loop's time whenever it has changed.
        """
        self._core = core
        self._memory = memory
        self._now = now
        self._simulation = simulation
        self._tick = tick
        self._dumps = Path(
            os.environ.get("RENXING_BLACK_BOX_DIR")
            or log_root(os.environ).parent / "black_box"
        )
        self._books = Bookkeeper(core.ledger.phases, pacer.period)
        self._reported = -REPORT_PERIOD
        self._seen = Rung.RUN
        self._changed = True
        self._time = -1.0
        core.manager.events.observers.append(self._note_change)
        self.report = self._make_report()

    def _note_change(self) -> None:
        self._changed = True

    def collect(self) -> dict[str, Any] | None:
        """Return what has happened since the last call, None if nothing."""
        core = self._core
        self._look_at_ladder()
        for result in self._memory.results():
            if result.error:
                core.manager.events.error("black box", result.error)
            else:
                text = f"{result.rows} cycles in {result.path}"
                core.manager.events.info("black box", text)
        news: dict[str, Any] = {}
        outboxes = core.outboxes()
        if outboxes:
            news["outboxes"] = outboxes
        events = core.manager.take_events()
        if events:
            news["events"] = events
        if self._changed:
            self._changed = False
            news["activity"] = core.manager.activity()
        if self._is_report_due():
            news["report"] = self.report = self._make_report()
        if self._simulation is not None and self._simulation.news:
            news["truth"] = self._simulation.news.popleft()
        now = self._now()
        if self._tick and now != self._time:
            self._time = news["time"] = now
        return news or None

    def dump(self, reason: str) -> str:
        """Have the black box written; return the file, or nothing if that failed."""
        try:
            return str(self._memory.dump(self._dumps, reason))
        except RenxingError as error:
            self._core.manager.events.error("black box", str(error))
            return ""

    def _look_at_ladder(self) -> None:
        """When a stop begins, or to stand is not enough: free joints, keep why."""
        core, rung = self._core, self._core.ladder.rung
        if rung is not Rung.RUN:
            core.stops.suspend()
        if self._seen.balanced and rung > self._seen:
            causes = ", ".join(core.ladder.causes.copy())
            core.manager.events.error("stop", f"{rung.label}: {causes}")
            self.dump(causes)
        self._seen = rung

    def _rung(self) -> Rung:
        # While time stands still a rung is asked for, but not yet taken.
        ladder = self._core.ladder
        return max(ladder.rung, ladder.asked)

    def _is_report_due(self) -> bool:
        now = time.monotonic()
        rung = self._rung().label
        causes = tuple(self._core.ladder.causes.copy())
        same = (rung, causes) == (self.report.rung, self.report.causes)
        if same and now - self._reported < REPORT_PERIOD:
            return False
        self._reported = now
        return True

    def _make_report(self) -> CoreReport:
        core = self._core
        return CoreReport(
            time=self._now(),
            rung=self._rung().label,
            causes=tuple(core.ladder.causes.copy()),
            suspended=core.stops.suspended,
            lies=core.lies,
            failures=core.failures,
            ledger=self._books.report(core.ledger.rows()),
            storm=core.storm.raging,
            controllers=tuple(
                times_of(name, np.round(np.multiply(1e9, times)).astype(np.int64))
                for name, times in core.manager.update_times().items()
            ),
        )
