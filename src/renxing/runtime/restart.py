# SPDX-License-Identifier: Apache-2.0
"""When to start a process again: exponential backoff and an end to flapping."""

from dataclasses import dataclass

from renxing.runtime.table import Restart


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartLimits:
    """How patient to be with a process that keeps ending.

    Attributes:
        first_delay: Wait before the first restart [s]; doubles each time.
        max_delay: Longest wait [s].
        good_run: A run that got ready and lasted this long [s] clears the count.
        max_bad_runs: Runs in a row that were not good, then it is given up.
    """

    first_delay: float = 0.5
    max_delay: float = 15.0
    good_run: float = 60.0
    max_bad_runs: int = 5


@dataclass(slots=True, kw_only=True)
class RestartPolicy:
    """Decides for one process; remembers how often it has ended too soon."""

    restart: Restart
    limits: RestartLimits
    bad_runs: int = 0

    def delay_after(
        self, exit_code: int, lasted: float, was_ready: bool
    ) -> float | None:
        """Return how long to wait before the next start [s]; None means never again.

        Args:
            exit_code: 0 if the process ended well.
            lasted: How long it ran [s].
            was_ready: Whether it got ready in this run.
        """
        wanted = self.restart == "always" or (
            self.restart == "on-failure" and exit_code != 0
        )
        if not wanted:
            return None
        if was_ready and lasted >= self.limits.good_run:
            self.bad_runs = 0
        self.bad_runs += 1
        if self.bad_runs >= self.limits.max_bad_runs:
            return None
        doubled = self.limits.first_delay * 2.0 ** (self.bad_runs - 1)
        return min(doubled, self.limits.max_delay)
