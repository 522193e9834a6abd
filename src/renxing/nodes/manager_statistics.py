# SPDX-License-Identifier: Apache-2.0
"""States and timings of controllers and hardware as diagnostics, named as in C++.

ros2_control also has `~/statistics` and `~/introspection_data`; their message package,
pal_statistics_msgs, is neither on PyPI nor built here, so those topics are not there.
"""

from collections.abc import Mapping
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from renxing.hardware_interface import State
from renxing.runtime.manager.answers import (
    Activity,
    ManagerStatistics,
    NamedLifecycleState,
    TimingSummary,
)
from renxing.runtime.manager.pace import Summary


def to_activity_diagnostics(
    activity: Activity, statistics: ManagerStatistics, node: str
) -> list[Any]:
    """Return one status for all controllers and one for all hardware.

    A component that is not active is a warning: the stop that it causes is the error.

    Args:
        activity: States of both.
        statistics: Timings of both.
        node: Fully qualified name of the controller manager's node.
    """
    controllers, components = activity.controllers, activity.hardware_components
    rows = _states(controllers)
    for one in controllers:
        if one.state is State.ACTIVE:
            rows |= _timing(one.name, statistics.controllers)
    parts = _states(components)
    for one in components:
        parts |= _timing(f"{one.name}.read_cycle", statistics.reads, one.name)
        parts |= _timing(f"{one.name}.write_cycle", statistics.writes, one.name)
    idle = [one.name for one in components if one.state is not State.ACTIVE]
    active = sum(one.state is State.ACTIVE for one in controllers)
    prefix = node.strip("/")
    return [
        DiagnosticStatus(
            level=DiagnosticStatus.OK,
            name=f"{prefix}: Controllers Activity",
            message=f"{active} of {len(controllers)} active",
            hardware_id="ros2_control",
            values=_pairs(rows),
        ),
        DiagnosticStatus(
            level=DiagnosticStatus.WARN if idle else DiagnosticStatus.OK,
            name=f"{prefix}: Hardware Components Activity",
            message=f"not active: {', '.join(idle)}" if idle else "all active",
            hardware_id="ros2_control",
            values=_pairs(parts),
        ),
    ]


def _states(all_of_them: tuple[NamedLifecycleState, ...]) -> dict[str, str]:
    return {f"{one.name}.state": one.state.label for one in all_of_them}


def _timing(
    prefix: str, timings: Mapping[str, TimingSummary], name: str = ""
) -> dict[str, str]:
    timing = timings.get(name or prefix)
    if timing is None or not timing.execution_time.count:
        return {}
    return {
        f"{prefix}.execution_time": _in_words(timing.execution_time, "us"),
        f"{prefix}.periodicity": _in_words(timing.periodicity, "Hz"),
    }


def _in_words(one: Summary, unit: str) -> str:
    return (
        f"Avg: {one.mean:.2f} [{one.minimum:.2f} - {one.maximum:.2f}] {unit}, "
        f"StdDev: {one.standard_deviation:.2f}"
    )


def _pairs(rows: Mapping[str, str]) -> list[Any]:
    return [KeyValue(key=key, value=value) for key, value in rows.items()]
