# SPDX-License-Identifier: Apache-2.0
"""What the page says in words and bars, as HTML."""

from collections.abc import Sequence
from html import escape

import numpy as np

from renxing.console.heat import WARM, heat_colour, heat_shares
from renxing.console.report import Balance, Member
from renxing.robot import Robot
from renxing.runtime.core_report import CoreReport
from renxing.signals import JointState

STYLE = """<style>
.rx {font: 12px/1.35 system-ui, sans-serif; padding: 2px 6px; width: 100%}
.rx table {border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums}
.rx td, .rx th {padding: 1px 3px; text-align: right; white-space: nowrap}
.rx td:first-child, .rx th:first-child {text-align: left}
.rx th {font-weight: 600; opacity: .6}
.rx .bar {position: relative; width: 74px; height: 9px; background: #8883;
          border-radius: 4px}
.rx .bar i {position: absolute; top: 0; width: 4px; height: 9px; border-radius: 2px;
            background: #2173d9}
.rx .wide {display: inline-block; width: 120px; margin-right: 8px}
.rx .wide i {left: 0}
.rx .hot {color: #d9480f; font-weight: 600}
.rx .good {color: #2b8a3e}
.rx .weak {opacity: .6}
.rx .small {font-size: 11px; padding: 0 3px 2px}
.rx .state {font-size: 15px; font-weight: 650; padding: 5px 9px; border-radius: 5px;
            margin-bottom: 4px; border-left: 5px solid currentColor;
            background: color-mix(in srgb, currentColor 12%, transparent)}
.rx .note {font-size: 13px; font-weight: 600; padding: 2px 0}
.rx .command, .rx .loop {display: flex; align-items: center; gap: 4px 6px;
            flex-wrap: wrap; padding: 3px}
.rx .loop {flex-wrap: nowrap}
.rx .what {min-width: 76px}
.rx .chip {padding: 0 7px; border-radius: 9px; background: #2173d91f; font-weight: 600}
.rx .chip.hot {background: #c92a2a22; color: #c92a2a}
.rx .meter {position: relative; flex: 1; height: 10px; background: #8883;
            border-radius: 5px; overflow: hidden}
.rx .meter i {position: absolute; left: 0; top: 0; height: 10px}
.rx .caption {display: flex; justify-content: space-between; font-size: 12px}
.rx .nothing {height: 90px; border-radius: 4px; background: #8883; opacity: .6;
            display: flex; align-items: center; justify-content: center}
.rx h4 {margin: 8px 0 2px; font-size: 12px}
.rx .name {max-width: 190px; overflow: hidden; text-overflow: ellipsis}
</style>"""
PAST = 0.01  # [rad] beyond a limit: more is marked
HEAVY = 0.8  # [-] of the peak torque: above it is marked
STEADY, TIGHT = 0.02, 0.008  # [m] of balance margin: green above, red below
FULL_MARGIN = 0.1  # [m] of balance margin that fills its bar


def joint_table(robot: Robot, state: JointState) -> str:
    """Return a table of all joints with their place between the limits.

    Args:
        robot: Whose joints.
        state: What the drives report.
    """
    span = robot.upper - robot.lower
    place = np.clip((state.position - robot.lower) / span, 0.0, 1.0)
    beyond = np.maximum(robot.lower - state.position, state.position - robot.upper)
    load = np.abs(state.effort) / robot.torque
    heat = heat_shares(robot, state.temperature)
    rows = []
    for index, name in enumerate(robot.joints):
        past = "hot" if beyond[index] > PAST else ""
        heavy = "hot" if load[index] > HEAVY else ""
        warm = "hot" if heat[index] > WARM else ""
        red, green, blue = heat_colour(float(heat[index]))
        rows.append(
            f"<tr><td>{name.removesuffix('_joint')}</td>"
            f"<td class='{past}'>{state.position[index]:+.3f}</td>"
            f"<td><div class=bar title='{robot.lower[index]:.2f} to "
            f"{robot.upper[index]:.2f} rad'><i style='left:{70 * place[index]:.0f}px'>"
            f"</i></div></td>"
            f"<td class='{heavy}'>{state.effort[index]:+.1f}</td>"
            f"<td>{robot.torque[index]:.0f}</td>"
            f"<td class='{warm}' style='border-right:9px solid "
            f"rgb({red},{green},{blue})'>{state.temperature[index]:.0f}</td></tr>"
        )
    return (
        f"{STYLE}<div class=rx><table><tr><th>joint</th><th>rad</th><th>in its limits"
        f"</th><th>N·m</th><th>peak</th><th>°C</th></tr>{''.join(rows)}</table></div>"
    )


def status_lines(
    lines: Sequence[tuple[str, str, str] | tuple[str, str]],
    state: str,
    color: str,
    why: str = "",
    parts: str = "",
) -> str:
    """Return the head of the page.

    Args:
        lines: What and its value, and `hot` for what shall stand out.
        state: One word for how things are.
        color: CSS color of that word.
        why: What led to it.
        parts: HTML between the state and the lines.
    """
    rows = "".join(
        f"<tr><td>{line[0]}</td><td{_class(line[2:])}>{escape(line[1])}</td></tr>"
        for line in lines
    )
    cause = f"<div class=hot>{escape(why)}</div>" if why else ""
    return (
        f"{STYLE}<div class=rx><div class=state style='color:{color}'>{escape(state)}"
        f"</div>{cause}{parts}<table>{rows}</table></div>"
    )


def _class(styles: Sequence[str]) -> str:
    return "".join(f" class={style}" for style in styles if style)


def ledger_table(report: CoreReport) -> str:
    """Return where the time of the core's cycle goes, in microseconds."""
    ledger = report.ledger
    rows = []
    for times in (*ledger.phases, ledger.busy, ledger.wake, ledger.period_error):
        style = "" if times in ledger.phases else " class=weak"
        figures = (times.median, times.p99, times.maximum)
        cells = "".join(f"<td>{1e6 * seconds:.0f}</td>" for seconds in figures)
        rows.append(f"<tr{style}><td>{times.name}</td>{cells}</tr>")
    blamed = ", ".join(f"{name} {n}" for name, n in ledger.blamed.items() if n)
    lines = [
        ("rung", report.rung, "good" if report.rung == "run" else "hot"),
        ("causes", ", ".join(report.causes) or "none", ""),
        ("cycles", f"{ledger.rate:.1f} Hz", ""),
        ("overruns", f"{ledger.overruns}{f' ({blamed})' if blamed else ''}", ""),
        ("own faults", str(report.failures), "hot" if report.failures else ""),
    ]
    head = "".join(
        f"<tr><td>{what}</td><td class='{style}'>{escape(value)}</td></tr>"
        for what, value, style in lines
    )
    return (
        f"{STYLE}<div class=rx><table>{head}</table><h4>Cycle, the last second [µs]"
        f"</h4><table><tr><th>phase</th><th>p50</th><th>p99</th><th>max</th></tr>"
        f"{''.join(rows)}</table></div>"
    )


def member_table(controllers: Sequence[Member], components: Sequence[Member]) -> str:
    """Return all controllers and hardware components with their states."""

    def table(members: Sequence[Member]) -> str:
        rows = []
        for one in members:
            style = "good" if one.state == "active" else "hot"
            if one.state == "inactive" and one in controllers:
                style = "weak"
            kind = escape(one.kind.rpartition("/")[2])
            rows.append(
                f"<tr><td>{escape(one.name)}</td>"
                f"<td class='name weak' title='{escape(one.kind)}'>{kind}</td>"
                f"<td>{one.commands or ''}</td>"
                f"<td class='{style}'>{one.state}</td></tr>"
            )
        return f"<table>{''.join(rows) or '<tr><td>none</td></tr>'}</table>"

    return (
        f"{STYLE}<div class=rx><h4>Controllers, and interfaces that they command</h4>"
        f"{table(controllers)}<h4>Hardware</h4>{table(components)}</div>"
    )


def walking_table(balance: Balance | None) -> str:
    """Return how the robot walks, its balance margin as a coloured bar."""
    if balance is None:
        return f"{STYLE}<div class='rx weak'>no controller balances the robot</div>"
    forward, left, turning = balance.velocity
    margin = balance.margin
    color = "#2b8a3e" if margin > STEADY else "#e67700" if margin > TIGHT else "#c92a2a"
    filled = 100.0 * min(max(margin / FULL_MARGIN, 0.0), 1.0)
    failed = "hot" if balance.failures else ""
    mode = {"walk": "walking", "stand": "standing"}.get(balance.mode, balance.mode)
    return (
        f"{STYLE}<div class=rx><table>"
        f"<tr><td>mode</td><td>{escape(mode)}, {balance.steps} steps</td></tr>"
        f"<tr><td>commanded</td><td>{forward:+.2f}, {left:+.2f} m/s, "
        f"{turning:+.2f} rad/s</td></tr>"
        f"<tr><td>balance margin</td><td><span class='bar wide'>"
        f"<i style='width:{filled:.0f}%;background:{color}'></i></span>"
        f"<b style='color:{color}'>{1e3 * margin:.0f} mm</b></td></tr>"
        f"<tr><td>ticks without solution</td><td class='{failed}'>{balance.failures}"
        f"</td></tr></table></div>"
    )
