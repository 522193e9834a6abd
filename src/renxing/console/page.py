# SPDX-License-Identifier: Apache-2.0
"""The operator page: 3D view, status, joint table, and the operator's buttons.

The page calls an `Operator` when somebody clicks, and is told the news with `show_*`;
where the news comes from and where the commands go is not its business.
"""

import contextlib
import io
import math
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import viser
from viser import Icon

from renxing.console.scene import RobotView, WorldView
from renxing.console.tables import joint_table, status_lines
from renxing.errors import ConfigError
from renxing.robot import Robot
from renxing.signals import JointState
from renxing.sim.shapes import World
from renxing.spatial import SE3, rpy_from_rotation

# Where a push goes, as the robot sees it [rad] about z.
HEADINGS = {"forward": 0.0, "left": 0.5, "backward": 1.0, "right": -0.5}
FALLEN = 0.6  # [-] of the standing height: below it the robot has fallen
NOTICE_SECONDS = 6.0


class Operator(Protocol):
    """What the page can ask for; each returns words for a notice, or raises."""

    def stop(self) -> str:
        """Emergency stop."""
        ...

    def release(self) -> str:
        """End the emergency stop."""
        ...

    def pause(self, paused: bool) -> str:
        """Stop simulated time or let it go on."""
        ...

    def reset(self) -> str:
        """Start the simulation again."""
        ...

    def push(self, impulse: float, heading: float) -> str:
        """Push the torso: [N·s], and where to [rad] about z in its frame."""
        ...

    def go_to(self, posture: str) -> str:
        """Move to a posture."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How the simulation does.

    Attributes:
        time: Simulated [s].
        world: Its name.
        paused: Whether time stands still.
        stopped: Whether an emergency stop holds.
        posture: Held or moved to.
        real_time_factor: Simulated seconds a wall second [-].
        step_seconds: Wall time of a physics step [s].
        charge: Of the battery, 0 to 1 [-].
    """

    time: float
    world: str
    paused: bool
    stopped: bool
    posture: str
    real_time_factor: float
    step_seconds: float
    charge: float


class Page:
    """The page and its web server."""

    def __init__(
        self, robot: Robot, world: World, host: str, port: int, operator: Operator
    ) -> None:
        """Serve the page.

        Args:
            robot: Shown from its URDF.
            world: Shown from its file.
            host: Address to listen on; 127.0.0.1 keeps it on this machine.
            port: To listen on.
            operator: Carries out what is clicked.

        Raises:
            ConfigError: If the port is taken.
        """
        _claim(host, port)
        self._robot = robot
        self._operator = operator
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
        self._server.on_client_connect(self._greet)
        self._world_view = WorldView(self._server, world)
        self._robot_view = RobotView(self._server, robot)
        self._base = SE3.Identity()
        self._build()

    def _greet(self, client: viser.ClientHandle) -> None:
        client.camera.fov = 0.8  # [rad] near what an eye sees: no stretched corners
        client.camera.position = (3.2, 2.2, 1.7)
        client.camera.look_at = (0.0, 0.0, 0.85)

    def _build(self) -> None:
        gui = self._server.gui
        self._status = gui.add_html("")
        stop = gui.add_button("EMERGENCY STOP", color="red", icon=Icon.HAND_STOP)
        self._on(stop, "stop", self._operator.stop)
        self._release = gui.add_button("Release stop", color="gray", visible=False)
        self._on(self._release, "release", self._operator.release)
        tabs = gui.add_tab_group()
        with tabs.add_tab("Robot"):
            postures = tuple(self._robot.description.postures)
            posture = gui.add_dropdown("Posture", postures)
            move = gui.add_button("Move to posture", icon=Icon.YOGA)
            self._on(move, "move", lambda: self._operator.go_to(posture.value))
            heading = gui.add_dropdown("Push", tuple(HEADINGS))
            impulse = gui.add_slider("Impulse, N·s", 1.0, 30.0, 1.0, 6.0)
            push = gui.add_button(
                "Push the robot", color="orange", icon=Icon.ARROW_RIGHT
            )
            self._on(
                push,
                "push",
                lambda: self._operator.push(
                    impulse.value, math.pi * HEADINGS[heading.value]
                ),
            )
            self._pause = gui.add_button("Pause", icon=Icon.PLAYER_PAUSE)
            self._on(
                self._pause, "pause", lambda: self._operator.pause(not self._paused)
            )
            reset = gui.add_button("Reset", color="gray", icon=Icon.REFRESH)
            self._on(reset, "reset", self._operator.reset)
            cameras = gui.add_checkbox("Show cameras' views", False)
            cameras.on_update(lambda _event: self._show_cameras(cameras.value))
        with tabs.add_tab("Joints"):
            self._joints = gui.add_html("")
        self._paused = False

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

    def show_joints(self, state: JointState) -> None:
        """Refresh the joint table."""
        self._joints.content = joint_table(self._robot, state)

    def show_object(self, name: str, object_to_odom: SE3) -> None:
        """Move an object on the page."""
        self._world_view.show(name, object_to_odom)

    def show_report(self, report: Report) -> None:
        """Refresh status and buttons."""
        height = float(self._base.translation[2])
        roll, pitch, _ = (
            math.degrees(angle) for angle in rpy_from_rotation(self._base.rotation)
        )
        state, color = f"holding '{report.posture}'", "#2b8a3e"
        if report.stopped:
            state, color = "EMERGENCY STOP: holding where it is", "#c92a2a"
        elif report.paused:
            state, color = "paused", "#e67700"
        elif height < FALLEN * self._standing and abs(roll) + abs(pitch) > 30.0:
            state, color = "fallen: reset to stand again", "#c92a2a"
        lines = [
            ("robot, world", f"{self._robot.name}, {report.world}"),
            ("simulated time", f"{report.time:.1f} s"),
            ("speed", f"× {report.real_time_factor:.2f} real time"),
            ("physics step", f"{report.step_seconds * 1e6:.0f} µs"),
            ("base height", f"{height:.3f} m"),
            ("roll, pitch", f"{roll:+.1f}°, {pitch:+.1f}°"),
            ("battery", f"{100 * report.charge:.0f} %"),
        ]
        self._status.content = status_lines(lines, state, color)
        self._release.visible = report.stopped
        if report.paused != self._paused:
            self._paused = report.paused
            self._pause.label = "Resume" if report.paused else "Pause"

    def show_silence(self, seconds: float) -> None:
        """Say that the robot has not been heard for some time."""
        lines = [("last heard", f"{seconds:.1f} s ago")]
        self._status.content = status_lines(lines, "no robot", "#c92a2a")

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
