# SPDX-License-Identifier: Apache-2.0
"""What recorder and replay say of themselves on /diagnostics, and how it is read."""

from pathlib import Path

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

DIAGNOSTICS = "/diagnostics"
RECORDING, REPLAY = "Recording", "Replay"
MEGABYTE = 10**6


def report_name(namespace: str, node: str, what: str) -> str:
    """Return the name of a node's diagnostics, as `manager_messages` forms it.

    Args:
        namespace: Of the node.
        node: Its name.
        what: It reports on.
    """
    return f"{namespace.strip('/')}/{node}: {what}".lstrip("/")


def recorder_name(namespace: str) -> str:
    """Return the name under which a recorder reports."""
    return report_name(namespace, "recorder", RECORDING)


def replay_name(namespace: str) -> str:
    """Return the name under which a replay reports."""
    return report_name(namespace, "replay", REPLAY)


def recorder_report(
    namespace: str, path: Path, *, size: int, messages: int, free: int, ended: str
) -> DiagnosticArray:
    """Return how a recording does.

    Args:
        namespace: Of the recorder.
        path: Of its file.
        size: Of the file [bytes].
        messages: In it.
        free: On the disk [bytes].
        ended: Why it ended too early; empty while it records.
    """
    said = f"{path}, {size / MEGABYTE:.0f} MB"
    if ended:
        said = f"ended: {ended}; {said}"
    return _array(
        DiagnosticStatus(
            level=DiagnosticStatus.ERROR if ended else DiagnosticStatus.OK,
            name=recorder_name(namespace),
            message=said,
            hardware_id="recorder",
            values=_values(
                file=str(path), size=size, messages=messages, free=free, ended=ended
            ),
        )
    )


def replay_report(
    namespace: str,
    path: Path,
    *,
    position: float,
    duration: float,
    rate: float,
    ended: bool,
) -> DiagnosticArray:
    """Return how far a replay is.

    Args:
        namespace: Of the replay.
        path: Of the recording.
        position: In the recording [s].
        duration: Of the recording [s].
        rate: Seconds of it in a second [-].
        ended: Whether it is over.
    """
    state = "is over" if ended else f"x {rate:g}"
    return _array(
        DiagnosticStatus(
            level=DiagnosticStatus.OK,
            name=replay_name(namespace),
            message=f"{path.name}, {position:.1f} of {duration:.1f} s, {state}",
            hardware_id="replay",
            values=_values(file=str(path), position=f"{position:.3f}"),
        )
    )


def _array(status: DiagnosticStatus) -> DiagnosticArray:
    return DiagnosticArray(status=[status])


def _values(**rows: object) -> list[KeyValue]:
    return [KeyValue(key=key, value=str(value)) for key, value in rows.items()]
