# SPDX-License-Identifier: Apache-2.0
"""The operator page: 3D view, status, tables, and the emergency stop.

The page calls an `Operator` when somebody clicks, and is told the news with `show_*`;
where the news comes from and where the commands go is not its business.
"""

import contextlib
import io
import math
import socket
from collections.abc import Callable, Iterator
from typing import Any, Literal

import viser
from viser import Icon

from renxing.console.balance import BalanceView
from renxing.console.controls import Controls
from renxing.console.follow import FollowingCamera
from renxing.console.report import Balance, Operator, Report
from renxing.console.scene import RobotView, WorldView
from renxing.console.skin import SkinPanel, SkinReport
from renxing.console.tables import (
    joint_table,
    ledger_table,
    member_table,
    status_lines,
)
from renxing.console.task import Brain, TaskPanel, TaskReport
from renxing.errors import ConfigError
from renxing.robot import Robot
from renxing.signals import JointState
from renxing.sim.shapes import World
from renxing.spatial import SE3, rpy_from_rotation

FALLEN = 0.6  # [-] of the standing height: below it the robot has fallen
STALE = 1.0  # [s] without joint states, after which the page says so
NOTICE_SECONDS = 6.0
GREEN, AMBER, RED = "#2b8a3e", "#e67700", "#c92a2a"
STOPPED = {
    "stand": "STOPPED: standing, keeping its balance",
    "sit": "STOPPED: sitting down, or sitting on its heels",
    "hold": "STOPPED: holding where it is",
    "damp": "STOPPED: sinking, damped",
    "off": "STOPPED: drives off",
}


class Page:
    """The page and its web server."""

    def __init__(
        self,
        robot: Robot,
        world: World,
        host: str,
        port: int,
        operator: Operator,
        brain: Brain,
    ) -> None:
        """Serve the page.

        Args:
            robot: Shown from its URDF.
            world: Shown from its file.
            host: Address to listen on; 127.0.0.1 keeps it on this machine.
            port: To listen on.
            operator: Carries out what is clicked.
            brain: Does what is asked for in words.

        Raises:
            ConfigError: If the port is taken.
        """
        _claim(host, port)
        self._robot = robot
        self._operator = operator
        self._brain = brain
        self._standing = float(
            robot.standing_base(robot.posture("stand")).translation[2]
        )
        with _quiet():
            self._server = viser.ViserServer(
                host=host, port=port, label=f"renxing · {robot.name}"
            )
        self._server.gui.configure_theme(
            control_width="large",
            show_logo=False,
            show_share_button=False,
            brand_color=(33, 115, 217),
        )
        self._server.gui.main_panel.dock_right()
        self._server.scene.set_up_direction("+z")
        self._world_view = WorldView(self._server, world)
        self._robot_view = RobotView(self._server, robot)
        self._balance_view = BalanceView(self._server, robot)
        self._camera = FollowingCamera(self._server, 0.85 * self._standing)
        self._base = SE3.Identity()
        self._build()

    def _build(self) -> None:
        gui = self._server.gui
        self._status = gui.add_html("")
        stop = gui.add_button(
            "EMERGENCY STOP",
            color="red",
            icon=Icon.HAND_STOP,
            hint="or press Esc or the space bar, anywhere but in a field",
        )
        self._on(stop, "stop", lambda: self._stop("page button"))
        for key in ("escape", "space"):
            command = gui.add_command(
                f"Emergency stop ({key})", hotkey=key, icon=Icon.HAND_STOP
            )
            command.on_trigger(self._keyed)
        self._release = gui.add_button("Release stop", color="gray", visible=False)
        self._on(self._release, "release", self._operator.release)
        tabs = gui.add_tab_group()
        with tabs.add_tab("Robot"):
            self._controls = Controls(gui, self._robot, self._operator, self._on)
            with gui.add_folder("View"):
                follow = gui.add_checkbox("follow the robot", True)
                follow.on_update(lambda _event: self._camera.want(follow.value))
                balance = gui.add_checkbox("balance", True)
                balance.on_update(lambda _event: self._balance_view.want(balance.value))
                cameras = gui.add_checkbox("cameras' views", False)
                cameras.on_update(lambda _event: self._show_cameras(cameras.value))
        self._task = TaskPanel(gui, tabs, self._brain, self._on)
        with tabs.add_tab("Joints"):
            self._joints = gui.add_html("")
        self._skin = SkinPanel(self._server, tabs, self._robot, self._robot_view.paths)
        with tabs.add_tab("Core"):
            self._ledger = gui.add_html("")
            self._members = gui.add_html("")

    def _stop(self, by: str) -> str:
        words = self._operator.stop(by)
        self._controls.halt()
        return words

    def _keyed(self, _event: viser.CommandEvent) -> None:
        # No way to tell one browser: the state in red, shown to all, is the answer.
        self._stop("page key")

    def _on(self, button: Any, what: str, act: Callable[[], str]) -> None:
        """Call the operator on a click and say what came of it."""

        def clicked(event: viser.GuiEvent[Any]) -> None:
            color: Literal["blue", "red"] = "blue"
            try:
                words = act()
            except Exception as error:  # a click must not kill the page's thread
                words, color = str(error) or type(error).__name__, "red"
            if event.client is not None:
                event.client.add_notification(
                    what, words, color=color, auto_close_seconds=NOTICE_SECONDS
                )

        button.on_click(clicked)

    def _show_cameras(self, visible: bool) -> None:
        for camera in self._robot_view.cameras:
            camera.visible = visible

    @property
    def watched(self) -> bool:
        """Whether a browser is connected; without one there is no need to draw."""
        return bool(self._server.get_clients())

    def show_robot(self, state: JointState, base_to_odom: SE3) -> None:
        """Move the robot on the page."""
        self._base = base_to_odom
        with self._server.atomic():
            self._robot_view.show(state.position, base_to_odom)
        self._camera.follow(base_to_odom.translation)

    def show_balance(self, balance: Balance | None) -> None:
        """Refresh what is drawn over the robot; None: nobody balances it."""
        with self._server.atomic():
            self._balance_view.show(balance)

    def show_task(self, report: TaskReport | None) -> None:
        """Refresh what the brain is about; None: there is no brain."""
        with self._server.atomic():
            self._task.show(report)

    def show_skin(self, report: SkinReport | None) -> None:
        """Refresh what the skin feels; None: nobody says so."""
        with self._server.atomic():
            self._skin.show(report)

    def show_joints(self, state: JointState) -> None:
        """Refresh the joint table."""
        self._joints.content = joint_table(self._robot, state)

    def show_object(self, name: str, object_to_odom: SE3) -> None:
        """Move an object on the page."""
        self._world_view.show(name, object_to_odom)

    def show_report(self, report: Report) -> None:
        """Refresh status, buttons and the tables of the core."""
        state, color, why = self._state(report)
        self._status.content = status_lines(self._lines(report), state, color, why)
        core = report.core
        stopped = core is not None and core.rung != "run"
        self._release.visible = stopped and not report.played
        poses = any(member.poses for member in report.controllers)
        self._controls.show(report.simulation, poses=poses)
        self._controls.show_balance(report.balance)
        if core is not None:
            self._ledger.content = ledger_table(core)
        self._members.content = member_table(report.controllers, report.components)

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
        base = self._base
        roll, pitch, _ = rpy_from_rotation(base.rotation)
        low = base.translation[2] < FALLEN * self._standing
        if low and abs(roll) + abs(pitch) > 0.5:
            return "fallen: reset to stand again", RED, ""
        acting = [c.name for c in report.controllers if c.commands]
        if not acting:
            return "running: no controller, joints are held", AMBER, ""
        return f"running: {', '.join(acting)}", GREEN, ""

    def _lines(self, report: Report) -> list[tuple[str, str]]:
        simulation = report.simulation
        roll, pitch, _ = (
            math.degrees(angle) for angle in rpy_from_rotation(self._base.rotation)
        )
        lines = [("robot", self._robot.name)]
        if simulation is not None:
            speed = f"{simulation.time:.1f} s, × {simulation.real_time_factor:.2f}"
            lines = [
                ("robot, world", f"{self._robot.name}, {simulation.world}"),
                ("simulated time, speed", speed),
            ]
        if report.core is not None:
            ledger = report.core.ledger
            late = f"{ledger.overruns} late"
            busy = f"{1e6 * ledger.busy.p99:.0f} µs p99"
            lines.append(("core", f"{ledger.rate:.0f} Hz, {busy}, {late}"))
        height = float(self._base.translation[2])
        tilt = f"{height:.3f} m, {roll:+.1f}°, {pitch:+.1f}°"
        lines.append(("base height, roll, pitch", tilt))
        if not math.isnan(report.charge):
            lines.append(("battery", f"{100 * report.charge:.0f} %"))
        if report.recorded:
            lines.append(("recording", report.recorded))
        return lines

    def show_silence(self, seconds: float) -> None:
        """Say that the robot has not been heard for some time."""
        lines = [("last heard", f"{seconds:.1f} s ago")]
        self._status.content = status_lines(lines, "no robot", RED)

    def halt(self) -> None:
        """Put the velocity back to zero: nobody looks any more."""
        self._controls.halt()

    def close(self) -> None:
        """Stop serving."""
        with _quiet():
            self._server.stop()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep viser's banner out of the log; it has no switch for it."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield


def _claim(host: str, port: int) -> None:
    """Refuse a taken port; viser would quietly take the next one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigError(
                f"operator page on {host}:{port}: {error.strerror}; choose another "
                "with port:=NUMBER"
            ) from error
