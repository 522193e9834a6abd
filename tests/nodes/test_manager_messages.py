# SPDX-License-Identifier: Apache-2.0
"""The core's report as diagnostics, and back."""

from dataclasses import replace

import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus

from renxing.errors import ConfigError
from renxing.nodes.manager_messages import (
    from_diagnostics,
    status_name,
    to_diagnostics,
)
from renxing.runtime.core_report import CoreReport
from renxing.runtime.ledger_report import LedgerReport, Times

REPORT = CoreReport(
    time=12.5,
    rung="hold",
    causes=("emergency_stop topic", "hardware body"),
    suspended=("posture",),
    failures=1,
    ledger=LedgerReport(
        cycles=500,
        rate=499.9,
        period_error=Times("period error", 1e-6, 2e-6, 3e-6),
        wake=Times("wake", 4e-6, 5e-6, 6e-6),
        busy=Times("busy", 3e-4, 8e-4, 2e-3),
        phases=(Times("read", 1e-5, 2e-5, 3e-5), Times("guard", 4e-5, 5e-5, 6e-5)),
        overruns=3,
        skipped=4,
        blamed={"read": 3},
    ),
)


def test_nothing_is_lost_on_the_way() -> None:
    (status,) = to_diagnostics(REPORT, "lab/cm", Time()).status
    back = from_diagnostics(status)
    assert replace(back, ledger=REPORT.ledger) == REPORT
    ledger, given = back.ledger, REPORT.ledger
    assert (ledger.overruns, ledger.skipped, ledger.blamed) == (3, 4, {"read": 3})
    for found, wanted in zip(
        (ledger.period_error, ledger.wake, ledger.busy, *ledger.phases),
        (given.period_error, given.wake, given.busy, *given.phases),
        strict=True,
    ):
        assert found.name == wanted.name
        assert (found.median, found.p99, found.maximum) == pytest.approx(
            (wanted.median, wanted.p99, wanted.maximum)
        )


def test_a_robot_that_runs_is_well_and_any_other_is_not() -> None:
    good = replace(REPORT, rung="run", causes=(), failures=0)
    for report, level in ((good, b"\x00"), (REPORT, b"\x02")):
        (status,) = to_diagnostics(report, status_name("/lab/cm"), Time()).status
        assert status.level == level
        assert status.name == "lab/cm: Controller Manager Activity"


def test_diagnostics_of_others_are_refused() -> None:
    with pytest.raises(ConfigError, match="fan"):
        from_diagnostics(DiagnosticStatus(name="fan"))
