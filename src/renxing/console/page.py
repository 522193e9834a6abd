# SPDX-License-Identifier: Apache-2.0
"""The operator page: 3D view, status, tables, and the emergency stop.

The page calls an `Operator` when somebody clicks, and is told the news with `show_*`;
where the news comes from and where the commands go is not its business.
"""

import contextlib
import io
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import viser
from viser import Icon

from renxing.console.balance import BalanceView
from renxing.console.cameras import CameraStrip, Picture
from renxing.console.controls import Controls
from renxing.console.follow import FollowingCamera
from renxing.console.footprints import Foothold, FootprintView
from renxing.console.guide import Guide, GuidePanel, GuideReport
from renxing.console.heat import HeatView, hottest
from renxing.console.recorder import Recorder, RecorderPanel, RecorderReport
from renxing.console.report import Balance, Operator, Report
from renxing.console.scene import RobotView, WorldView
from renxing.console.skin import SkinPanel, SkinReport
from renxing.console.status import Head
from renxing.console.tables import joint_table, ledger_table, member_table
from renxing.console.task import Brain, TaskPanel, TaskReport
from renxing.errors import ConfigError
from renxing.robot import Robot
from renxing.signals import JointState
from renxing.sim.shapes import World
from renxing.spatial import SE3

NOTICE_SECONDS = 6.0


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
        guide: Guide,
        recorder: Recorder,
    ) -> None:
        """Serve the page.

        Args:
            robot: Shown from its URDF.
            world: Shown from its file.
            host: Address to listen on; 127.0.0.1 keeps it on this machine.
            port: To listen on.
            operator: Carries out what is clicked.
            brain: Does what is asked for in words.
            guide: Takes the robot to places.
            recorder: Records what happens.

        Raises:
            ConfigError: If the port is taken.
        """
        _claim(host, port)
        self._robot = robot
        self._operator = operator
        self._brain = brain
        self._guide = guide
        self._recorder = recorder
        self._head = Head(robot)
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
        self._footprints = FootprintView(self._server, robot)
        self._heat = HeatView(robot, self._robot_view.links)
        cameras = [camera.name for camera in robot.description.sensors.cameras]
        self._strip = CameraStrip(self._server, cameras)
        self._camera = FollowingCamera(self._server, 0.85 * self._head.standing)
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
            self._recording = RecorderPanel(gui, self._recorder, self._on)
            self._add_views(gui)
        self._places = GuidePanel(self._server, tabs, self._guide, self._on, self._say)
        self._task = TaskPanel(gui, tabs, self._brain, self._on)
        with tabs.add_tab("Joints"):
            self._joints = gui.add_html("")
        self._skin = SkinPanel(self._server, tabs, self._robot, self._robot_view.paths)
        with tabs.add_tab("Core"):
            self._ledger = gui.add_html("")
            self._members = gui.add_html("")

    def _add_views(self, gui: viser.GuiApi) -> None:
        views: tuple[tuple[str, bool, Callable[[bool], None]], ...] = (
            ("follow the robot", True, self._camera.want),
            ("balance", True, self._balance_view.want),
            ("footprints", True, self._footprints.want),
            ("heat of all joints", False, self._heat.want),
            ("camera pictures", True, self._strip.want),
            ("cameras' views", False, self._show_cameras),
        )
        with gui.add_folder("View"):
            for label, first, want in views:
                box = gui.add_checkbox(label, first)

                def changed(_event: Any, box: Any = box, want: Any = want) -> None:
                    want(bool(box.value))

                box.on_update(changed)

    def _stop(self, by: str) -> str:
        words = self._operator.stop(by)
        self._controls.halt()
        return words

    def _keyed(self, _event: viser.CommandEvent) -> None:
        # No way to tell one browser: the state in red, shown to all, is the answer.
        self._stop("page key")

    def _on(self, button: Any, what: str, act: Callable[[], str]) -> None:
        """Call the operator on a click and say what came of it."""
        button.on_click(lambda event: self._say(event, what, act))

    def _say(self, event: Any, what: str, act: Callable[[], str]) -> None:
        """Do what an event of a browser asks for, and say there what came of it."""
        color: Literal["blue", "red"] = "blue"
        try:
            words = act()
        except Exception as error:  # a click must not kill the page's thread
            words, color = str(error) or type(error).__name__, "red"
        if event.client is not None:
            event.client.add_notification(
                what, words, color=color, auto_close_seconds=NOTICE_SECONDS
            )

    def _show_cameras(self, visible: bool) -> None:
        for camera in self._robot_view.cameras:
            camera.visible = visible

    @property
    def watched(self) -> bool:
        """Whether a browser is connected; without one there is no need to draw."""
        return bool(self._server.get_clients())

    def show_robot(self, state: JointState, base_to_odom: SE3) -> None:
        """Move the robot on the page."""
        self._head.base = base_to_odom
        with self._server.atomic():
            self._robot_view.show(state.position, base_to_odom)
        self._camera.follow(base_to_odom.translation)

    def show_balance(self, balance: Balance | None) -> None:
        """Refresh what is drawn over the robot; None: nobody balances it."""
        with self._server.atomic():
            self._balance_view.show(balance)
            self._footprints.show(balance)

    def give_footsteps(self, footsteps: Sequence[Foothold]) -> None:
        """Draw footsteps that the robot was told to make."""
        with self._server.atomic():
            self._footprints.give(footsteps)

    @property
    def pictures_wanted(self) -> bool:
        """Whether somebody looks at the cameras' pictures."""
        return self.watched and self._strip.wanted

    def show_pictures(self, pictures: Sequence[Picture]) -> None:
        """Refresh what the cameras see; those that publish nothing are left out."""
        with self._server.atomic():
            self._strip.show(pictures)

    @property
    def layer(self) -> str:
        """What the operator wants to see on the ground: `map`, `costs` or nothing."""
        return self._places.layer

    def show_guide(self, report: GuideReport) -> None:
        """Refresh the map and how navigation does."""
        with self._server.atomic():
            self._places.show(report)

    def show_recorder(self, report: RecorderReport) -> None:
        """Refresh how the recorder does."""
        self._recording.show(report)

    def show_task(self, report: TaskReport | None) -> None:
        """Refresh what the brain is about; None: there is no brain."""
        with self._server.atomic():
            self._task.show(report)

    def show_skin(self, report: SkinReport | None) -> None:
        """Refresh what the skin feels; None: nobody says so."""
        with self._server.atomic():
            self._skin.show(report)

    def show_joints(self, state: JointState) -> None:
        """Refresh the joint table, and what is painted by temperature."""
        self._head.hottest = hottest(self._robot, state)
        with self._server.atomic():
            self._heat.show(state)
        self._joints.content = joint_table(self._robot, state)

    def show_object(self, name: str, object_to_odom: SE3) -> None:
        """Move an object on the page."""
        self._world_view.show(name, object_to_odom)

    def show_report(self, report: Report) -> None:
        """Refresh status, buttons and the tables of the core."""
        self._status.content = self._head.html(report)
        core = report.core
        stopped = core is not None and core.rung != "run"
        self._release.visible = stopped and not report.played
        poses = any(member.poses for member in report.controllers)
        self._controls.show(report.simulation, poses=poses)
        self._controls.show_balance(report.balance)
        if core is not None:
            self._ledger.content = ledger_table(core)
        self._members.content = member_table(report.controllers, report.components)

    def show_silence(self, seconds: float) -> None:
        """Say that the robot has not been heard for some time."""
        self._status.content = self._head.silence(seconds)

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
