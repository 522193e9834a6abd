# SPDX-License-Identifier: Apache-2.0
"""How much of its time the real-time loop needs, as a bar."""

from renxing.console.colours import AMBER, GREEN, RED
from renxing.runtime.core_report import CoreReport

EASY, TIGHT = 0.75, 0.9  # [-] of the period: green below, red above


def loop_meter(core: CoreReport, period: float) -> str:
    """Return the busy time of the loop on a bar as long as its period.

    The full part is the median, the pale one reaches to the 99th percentile.

    Args:
        core: What the core tells of its last second.
        period: Of the loop [s].
    """
    ledger = core.ledger
    busy = ledger.busy
    share = busy.p99 / period
    color = GREEN if share < EASY else AMBER if share < TIGHT else RED
    median, p99 = (
        100.0 * min(seconds / period, 1.0) for seconds in (busy.median, busy.p99)
    )
    period_error = 1e6 * ledger.period_error.p99
    return (
        f"<div class=loop><div class=what>loop</div><div class=meter>"
        f"<i style='width:{p99:.1f}%;background:{color};opacity:.35'></i>"
        f"<i style='width:{median:.1f}%;background:{color}'></i></div>"
        f"<div style='color:{color}'><b>{100.0 * share:.0f} %</b></div></div>"
        f"<div class='weak small'>busy {1e6 * busy.median:.0f} µs, p99 "
        f"{1e6 * busy.p99:.0f} µs of {1e6 * period:.0f} µs<br>{ledger.rate:.0f} Hz · "
        f"{ledger.overruns} late · period error p99 {period_error:.0f} µs</div>"
    )
