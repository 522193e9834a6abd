# SPDX-License-Identifier: Apache-2.0
"""Answers and reports of the core -> messages."""

from typing import Any

from controller_manager_msgs import msg
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from lifecycle_msgs.msg import State

from renxing.runtime.core_report import CoreReport


def to_diagnostics(report: CoreReport, name: str, stamp: Any) -> DiagnosticArray:
    """Return how the core does, as diagnostics with its ledger."""
    ledger = report.ledger
    late = ledger.overruns
    good = report.rung == "run" and not report.failures
    rows = {
        "time": f"{report.time:.3f}",
        "rung": report.rung,
        "causes": ", ".join(report.causes),
        "failures": str(report.failures),
        "update_rate": f"{ledger.rate:.1f}",
        "period_error.p99": f"{1e6 * ledger.period_error.p99:.0f} us",
        "period_error.max": f"{1e6 * ledger.period_error.maximum:.0f} us",
        "overruns": str(late),
        "blamed": ", ".join(f"{k} {v}" for k, v in ledger.blamed.items() if v),
    }
    for phase in (ledger.busy, *ledger.phases):
        rows[f"{phase.name}.median"] = f"{1e6 * phase.median:.0f} us"
        rows[f"{phase.name}.p99"] = f"{1e6 * phase.p99:.0f} us"
    status = DiagnosticStatus(
        level=DiagnosticStatus.OK if good else DiagnosticStatus.ERROR,
        name=f"{name}: Controller Manager Activity",
        message=f"{report.rung}, {ledger.rate:.0f} Hz, {late} overruns",
        hardware_id="ros2_control",
        values=[KeyValue(key=key, value=value) for key, value in rows.items()],
    )
    message = DiagnosticArray(status=[status])
    message.header.stamp = stamp
    return message


def plain_value(value: Any) -> Any:
    """Return a parameter's value without arrays."""
    return value if isinstance(value, str | bool | int | float) else list(value or ())


def copy_fields(answer: Any, kind: type, parts: dict[str, type] | None = None) -> Any:
    """Return a message with the fields of an answer that it has."""
    message = kind()
    for name in kind.get_fields_and_field_types():  # type: ignore[attr-defined]
        if name == "state" and not isinstance(answer.state, str):
            continue
        value = getattr(answer, name)
        if parts and name in parts:
            value = [copy_fields(one, parts[name]) for one in value]
        setattr(message, name, list(value) if isinstance(value, tuple) else value)
    return message


def to_named_state(answer: Any) -> Any:
    """Return a name with its life cycle state."""
    state = State(id=int(answer.state), label=answer.state.label)
    return msg.NamedLifecycleState(name=answer.name, state=state)
