# SPDX-License-Identifier: Apache-2.0
"""Notice when the loop is late all the time.

A late cycle now and then is counted and forgotten. Many of them within a second mean
that the robot is no longer controlled at the rate that it was tuned for; that is said
once when it begins and once when it is over. It is no reason to stop: a robot that
balances at half the rate is better off than one that is held.
"""

from renxing.runtime.ledger import Ledger
from renxing.runtime.manager.events import Events

LIMIT = 0.05  # [-] share of a second's cycles; a loop that is well has below 0.001


class StormWatch:
    """Watches one ledger.

    Attributes:
        raging: Whether more than `LIMIT` of the cycles of the last second were late.
    """

    def __init__(self, ledger: Ledger, rate: float, events: Events) -> None:
        """Begin with a calm loop.

        Args:
            ledger: That counts the overruns.
            rate: Of the loop [Hz].
            events: Where to say it.
        """
        self.raging = False
        self._ledger = ledger
        self._cycles = max(1, round(rate))
        self._events = events
        self._left = self._cycles
        self._before = ledger.overruns

    def look(self) -> None:
        """Look once a cycle, in the loop."""
        self._left -= 1
        if self._left:
            return
        overruns = self._ledger.overruns
        share = (overruns - self._before) / self._cycles
        self._left, self._before = self._cycles, overruns
        if (share > LIMIT) == self.raging:
            return
        self.raging = not self.raging
        if self.raging:
            phase = self._ledger.slowest()
            text = f"overrun storm: {100 * share:.0f} % of {self._cycles} cycles late"
            self._events.warn("loop", f"{text}, most time in '{phase}'")
        else:
            self._events.info("loop", "overrun storm is over")
