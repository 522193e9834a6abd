# SPDX-License-Identifier: Apache-2.0
"""What the core tells everybody who listens; no code, so that it can be pickled.

It is a module of its own because the core's process runs as `__main__`, whose classes
have no name in other processes.
"""

from dataclasses import dataclass

from renxing.runtime.ledger_report import LedgerReport

SOCKET = "core"  # in the run folder of the namespace


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreReport:
    """How the core does, once a second.

    Attributes:
        time: On the loop's clock [s].
        rung: Of the stop ladder.
        causes: Of the stop, oldest first.
        suspended: Controllers that the stop has taken the joints from.
        failures: Exceptions out of the core's own code.
        ledger: Where the time goes.
    """

    time: float
    rung: str
    causes: tuple[str, ...]
    suspended: tuple[str, ...]
    failures: int
    ledger: LedgerReport
