# SPDX-License-Identifier: Apache-2.0
"""What the page says in words and bars, as HTML."""

import numpy as np

from renxing.robot import Robot
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
.rx .hot {color: #d9480f; font-weight: 600}
.rx .state {font-size: 14px; font-weight: 600}
</style>"""
PAST = 0.01  # [rad] beyond a limit: more is marked
HEAVY = 0.8  # [-] of the peak torque: above it is marked


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
    rows = []
    for index, name in enumerate(robot.joints):
        past = "hot" if beyond[index] > PAST else ""
        heavy = "hot" if load[index] > HEAVY else ""
        rows.append(
            f"<tr><td>{name.removesuffix('_joint')}</td>"
            f"<td class='{past}'>{state.position[index]:+.3f}</td>"
            f"<td><div class=bar title='{robot.lower[index]:.2f} to "
            f"{robot.upper[index]:.2f} rad'><i style='left:{70 * place[index]:.0f}px'>"
            f"</i></div></td>"
            f"<td class='{heavy}'>{state.effort[index]:+.1f}</td>"
            f"<td>{robot.torque[index]:.0f}</td>"
            f"<td>{state.temperature[index]:.0f}</td></tr>"
        )
    return (
        f"{STYLE}<div class=rx><table><tr><th>joint</th><th>rad</th><th>in its limits"
        f"</th><th>N·m</th><th>peak</th><th>°C</th></tr>{''.join(rows)}</table></div>"
    )


def status_lines(lines: list[tuple[str, str]], state: str, color: str) -> str:
    """Return the head of the page.

    Args:
        lines: (what, value) pairs.
        state: One word for how things are.
        color: CSS color of that word.
    """
    rows = "".join(f"<tr><td>{what}</td><td>{value}</td></tr>" for what, value in lines)
    return (
        f"{STYLE}<div class=rx><div class=state style='color:{color}'>{state}</div>"
        f"<table>{rows}</table></div>"
    )
