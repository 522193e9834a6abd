# SPDX-License-Identifier: Apache-2.0
"""Answers and reports of the core -> messages."""

from typing import Any

from controller_manager_msgs import msg
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from lifecycle_msgs.msg import State

from renxing.errors import ConfigError
from renxing.runtime.core_report import CoreReport
from renxing.runtime.ledger_report import LedgerReport, Times


def status_name(node: str) -> str:
    """Return the name of a manager's diagnostics.

    Args:
        node: Its fully qualified name.
    """
    return f"{node.strip('/')}: Controller Manager Activity"


def to_diagnostics(report: CoreReport, name: str, stamp: Any) -> DiagnosticArray:
    """Return how the core does, as diagnostics with its ledger."""
    ledger = report.ledger
    late = ledger.overruns
    good = report.rung == "run" and not report.failures
    rows = {
        "time": f"{report.time:.3f}",
        "rung": report.rung,
        "causes": ", ".join(report.causes),
        "suspended": ", ".join(report.suspended),
        "failures": str(report.failures),
        "update_rate": f"{ledger.rate:.1f}",
        "cycles": str(ledger.cycles),
        "overruns": str(late),
        "skipped": str(ledger.skipped),
        "blamed": ", ".join(f"{k} {v}" for k, v in ledger.blamed.items() if v),
    }
    for times in (ledger.period_error, ledger.wake, ledger.busy, *ledger.phases):
        for figure, seconds in (
            ("median", times.median),
            ("p99", times.p99),
            ("max", times.maximum),
        ):
            rows[f"{times.name.replace(' ', '_')}.{figure}"] = f"{1e6 * seconds:.0f} us"
    for times in report.controllers:
        figures = [f"{1e6 * t:.0f}" for t in (times.median, times.p99, times.maximum)]
        rows[f"controller {times.name}"] = f"{' / '.join(figures)} us"
    calm = DiagnosticStatus.WARN if report.storm else DiagnosticStatus.OK
    status = DiagnosticStatus(
        level=calm if good else DiagnosticStatus.ERROR,
        name=name,
        message=f"{report.rung}, {ledger.rate:.0f} Hz, {late} overruns",
        hardware_id="ros2_control",
        values=[KeyValue(key=key, value=value) for key, value in rows.items()],
    )
    message = DiagnosticArray(status=[status])
    message.header.stamp = stamp
    return message


def from_diagnostics(status: DiagnosticStatus) -> CoreReport:
    """Return what `to_diagnostics` was made of, rounded as it is there.

    Raises:
        ConfigError: If it is not such a message.
    """
    rows = {pair.key: pair.value for pair in status.values}
    # Insertion order: the three that every ledger has, then its phases.
    names = [key[: -len(".p99")] for key in rows if key.endswith(".p99")]
    try:
        times = [
            Times(
                name.replace("_", " "),
                *(
                    1e-6 * float(rows[f"{name}.{figure}"].removesuffix(" us"))
                    for figure in ("median", "p99", "max")
                ),
            )
            for name in names
        ]
        period_error, wake, busy, *phases = times
        blamed = (one.rsplit(" ", 1) for one in _split(rows["blamed"]))
        return CoreReport(
            time=float(rows["time"]),
            rung=rows["rung"],
            causes=_split(rows["causes"]),
            suspended=_split(rows["suspended"]),
            failures=int(rows["failures"]),
            ledger=LedgerReport(
                cycles=int(rows["cycles"]),
                rate=float(rows["update_rate"]),
                period_error=period_error,
                wake=wake,
                busy=busy,
                phases=tuple(phases),
                overruns=int(rows["overruns"]),
                skipped=int(rows["skipped"]),
                blamed={name: int(count) for name, count in blamed},
            ),
        )
    except (KeyError, ValueError) as error:
        raise ConfigError(f"diagnostics '{status.name}': {error!r}") from error


def _split(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(", ")))


def plain_value(value: Any) -> Any:
    """Return a parameter's value without arrays."""
    return value if isinstance(value, str | bool | int | float) else list(value or ())


def copy_fields(answer: Any, kind: Any, parts: dict[str, type] | None = None) -> Any:
    """Return a message with the fields of an answer that it has."""
    message = kind()
    for name in kind.get_fields_and_field_types():
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
