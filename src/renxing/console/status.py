# SPDX-License-Identifier: Apache-2.0
"""The head of the page: in one glance whether all is well, and who commands."""

import math

from renxing.console.authority import authority_line
from renxing.console.colours import AMBER, GREEN, RED
from renxing.console.heat import WARM, Hottest
from renxing.console.meter import loop_meter
from renxing.console.report import Report
from renxing.console.tables import status_lines
from renxing.robot import Robot
from renxing.spatial import SE3, rpy_from_rotation

FALLEN = 0.6  # [-] of the standing height: below it the robot has fallen
STALE = 1.0  # [s] without joint states, after which the page says so
EMPTY = 0.2  # [-] of the battery: below it the charge is marked
STOPPED = {
    "stand": "STOPPED: standing, keeping its balance",
    "sit": "STOPPED: sitting down, or sitting on its heels",
    "hold": "STOPPED: holding where it is",
    "damp": "STOPPED: sinking, damped",
    "off": "STOPPED: drives off",
}


class Head:
    """What the head of the page says.

    Attributes:
        base: Pose of the robot's base in odom, as last shown.
        hottest: The joint that is nearest to its limit; None before joint states came.
    """

    def __init__(self, robot: Robot) -> None:
        """Know the robot, whose height tells whether it has fallen."""
        self._robot = robot
        stand = robot.standing_base(robot.posture("stand"))
        self.standing = float(stand.translation[2])
        self.base = SE3.Identity()
        self.hottest: Hottest | None = None

    def html(self, report: Report) -> str:
        """Return all of it."""
        state, color, why = self._state(report)
        parts = []
        if not report.played:
            parts.append(authority_line(report.authority))
        if report.core is not None and report.period > 0.0:
            parts.append(loop_meter(report.core, report.period))
        return status_lines(self._lines(report), state, color, why, "".join(parts))

    def silence(self, seconds: float) -> str:
        """Return what it says when the robot has not been heard for a while."""
        return status_lines([("last heard", f"{seconds:.1f} s ago")], "no robot", RED)

    def _state(self, report: Report) -> tuple[str, str, str]:
        core, simulation = report.core, report.simulation
        if report.played:
            return f"replay: {report.played}", AMBER, ""
        if core is None:
            return "no robot: its core is silent", RED, ""
        if core.rung != "run":
            return (
                STOPPED.get(core.rung, f"STOPPED: {core.rung}"),
                RED,
                f"because of: {', '.join(core.causes)}",
            )
        if simulation is not None and simulation.paused:
            return "paused", AMBER, ""
        if report.silence > STALE:
            return f"no joint states for {report.silence:.0f} s", RED, ""
        roll, pitch, _ = rpy_from_rotation(self.base.rotation)
        low = self.base.translation[2] < FALLEN * self.standing
        if low and abs(roll) + abs(pitch) > 0.5:
            return "fallen: reset to stand again", RED, ""
        acting = [c.name for c in report.controllers if c.commands]
        if not acting:
            return "running: no controller, joints are held", AMBER, ""
        return f"running: {', '.join(acting)}", GREEN, ""

    def _lines(self, report: Report) -> list[tuple[str, str, str]]:
        simulation = report.simulation
        roll, pitch, _ = (
            math.degrees(angle) for angle in rpy_from_rotation(self.base.rotation)
        )
        lines = [("robot", self._robot.name, "")]
        if simulation is not None:
            speed = f"{simulation.time:.1f} s, × {simulation.real_time_factor:.2f}"
            lines = [
                ("robot, world", f"{self._robot.name}, {simulation.world}", ""),
                ("simulated time, speed", speed, ""),
            ]
        height = float(self.base.translation[2])
        tilt = f"{height:.3f} m, {roll:+.1f}°, {pitch:+.1f}°"
        lines.append(("base height, roll, pitch", tilt, ""))
        if not math.isnan(report.charge):
            low = "hot" if report.charge < EMPTY else ""
            lines.append(("battery", f"{100 * report.charge:.0f} %", low))
        if self.hottest is not None:
            one = self.hottest
            words = f"{one.joint}, {one.temperature:.0f} of {one.limit:.0f} °C"
            lines.append(("hottest joint", words, "hot" if one.share > WARM else ""))
        if report.recorded:
            lines.append(("recording", report.recorded, ""))
        return lines
