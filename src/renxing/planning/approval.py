# SPDX-License-Identifier: Apache-2.0
"""Whether somebody allows what is risky; silence is a no.

In: decisions and the time.  Out: `pending`, `approved`, `denied`. The first decision
counts; without one in time the answer is no.
"""

import math
from typing import Literal

from renxing.errors import ConfigError

Verdict = Literal["pending", "approved", "denied"]


class Approval:
    """One question for approval.

    Attributes:
        reason: Why it was denied; empty while it is not.
        by: Who decided; empty if nobody did.
    """

    def __init__(self, asked: float, timeout: float) -> None:
        """Ask.

        Args:
            asked: When [s].
            timeout: For how long an answer is waited for [s].

        Raises:
            ConfigError: If the times are not finite or the time-out is not positive.
        """
        if not (math.isfinite(asked) and math.isfinite(timeout) and timeout > 0.0):
            raise ConfigError(
                f"approval: asked at {asked} s with a time-out of {timeout} s; finite "
                "and above 0 wanted"
            )
        self._deadline = asked + timeout
        self._timeout = timeout
        self._verdict: Verdict = "pending"
        self.reason = ""
        self.by = ""

    def decide(self, approve: bool, by: str, now: float) -> Verdict:
        """Take a decision.

        Args:
            approve: Whether it is a yes.
            by: Who decides.
            now: The time [s].

        Returns:
            What holds: a decision that comes too late or second changes nothing.
        """
        if self.verdict(now) != "pending":
            return self._verdict
        self.by = by
        if approve:
            self._verdict = "approved"
        else:
            self._verdict, self.reason = "denied", f"denied by {by or 'somebody'}"
        return self._verdict

    def verdict(self, now: float) -> Verdict:
        """Return what holds at a time [s]; a time that is no number is too late."""
        if self._verdict == "pending" and not now < self._deadline:
            self._verdict = "denied"
            self.reason = f"nobody approved within {self._timeout:g} s"
        return self._verdict
