# SPDX-License-Identifier: Apache-2.0
"""Click a place and the robot goes there: the map's tab."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Literal, Protocol

import numpy as np
import viser
from viser import Icon

from renxing.console.colours import AMBER, BLUE, GREEN, RED
from renxing.console.ground_map import GroundMap, MapView
from renxing.console.tables import STYLE
from renxing.errors import UnsafeCommandError
from renxing.spatial import SE3, Array

FARTHEST = 100.0  # [m] that a click may point away: more means the horizon
Level = Literal["idle", "busy", "good", "bad"]
COLORS: dict[Level, str] = {"idle": "inherit", "busy": BLUE, "good": GREEN, "bad": RED}
Say = Callable[[Any, str, Callable[[], str]], None]
Connect = Callable[[Any, str, Callable[[], str]], None]
# What may lie on the ground, and what it is called on the page.
LAYERS = {"nothing": "", "map": "map", "costs of walking": "costs"}


class Guide(Protocol):
    """What the page can ask for; each returns words for a notice, or raises."""

    def go(self, x: float, y: float) -> str:
        """Go to a place in odom [m]; a newer goal takes the older one's place."""
        ...

    def stop_going(self) -> str:
        """Cancel whatever goal navigation has."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GuideReport:
    """How navigation does.

    Attributes:
        ready: Whether it takes goals.
        words: How the last goal does or ended, or why there is none.
        level: How good that is.
        figures: What was measured: (what, value).
        running: Whether a goal runs, whoever gave it.
        goal: x, y [m], yaw [rad] in the map; None without one.
        label: Of the goal in the scene.
        path: That is walked, in the map [m], shape (n, 2); None without one.
        ground: The map, or None.
        map_to_odom: Where the map lies; None if nobody says so.
    """

    ready: bool
    words: str
    level: Level = "idle"
    figures: Sequence[tuple[str, str]] = field(default=())
    running: bool = False
    goal: Array | None = None
    label: str = "goal"
    path: Array | None = None
    ground: GroundMap | None = None
    map_to_odom: SE3 | None = None


class GuidePanel:
    """The tab of the page with map and goals."""

    def __init__(
        self,
        server: viser.ViserServer,
        tabs: Any,
        guide: Guide,
        on: Connect,
        say: Say,
    ) -> None:
        """Add it to the page.

        Args:
            server: The page's server.
            tabs: To which it adds its own.
            guide: Takes the goals.
            on: Connects a button with what it does.
            say: Does what an event asks for and tells its browser what came of it.
        """
        self._server, self._guide, self._say = server, guide, say
        self._view = MapView(server)
        self._armed = False
        self._ready = False
        self._height = 0.0
        gui = server.gui
        with tabs.add_tab("Map"):
            self._state = gui.add_html("")
            self._switch = gui.add_checkbox(
                "click to go there",
                False,
                hint="each click on the ground is a goal; the newest counts",
                disabled=True,
            )
            self._switch.on_update(lambda _event: self._arm(bool(self._switch.value)))
            self._cancel = gui.add_button(
                "Cancel the goal", color="gray", icon=Icon.PLAYER_STOP, visible=False
            )
            on(self._cancel, "goal", guide.stop_going)
            self._layer = gui.add_dropdown(
                "On the ground", tuple(LAYERS), initial_value="map"
            )

    @property
    def layer(self) -> str:
        """What shall lie on the ground: `map`, `costs` or nothing."""
        return LAYERS[str(self._layer.value)]

    def show(self, report: GuideReport) -> None:
        """Refresh it."""
        content = _state(report)
        if self._state.content != content:
            self._state.content = content
        if self._ready != report.ready:
            self._ready = report.ready
            self._switch.disabled = not report.ready
            if not report.ready:
                # mypy wants a setter right below its getter, and viser's is not.
                self._switch.value = False  # type: ignore[misc]
                self._arm(False)
        if self._cancel.visible != report.running:
            self._cancel.visible = report.running
        self._view.place(report.map_to_odom)
        if report.map_to_odom is not None:
            self._height = float(report.map_to_odom.translation[2])
        self._view.show_ground(report.ground)
        self._view.show_path(report.path)
        self._view.show_goal(report.goal, report.label)

    def _arm(self, armed: bool) -> None:
        """Let clicks into the scene be goals, or no longer."""
        if armed == self._armed:
            return
        self._armed = armed
        if armed:
            self._server.scene.on_click()(self._clicked)
        else:
            self._server.scene.remove_click_callback(self._clicked)

    def _clicked(self, event: Any) -> None:
        def go() -> str:
            x, y = ground_point(event.ray_origin, event.ray_direction, self._height)
            return self._guide.go(x, y)

        self._say(event, "go there", go)


def ground_point(
    origin: Sequence[float], direction: Sequence[float], height: float
) -> tuple[float, float]:
    """Return where a ray meets the ground [m].

    Args:
        origin: Of the ray [m], shape (3,).
        direction: Of the ray, of any length, shape (3,).
        height: Of the ground in the same frame [m].

    Raises:
        UnsafeCommandError: If it meets it behind the eye, too far away, or nowhere.
    """
    start, along = np.asarray(origin, float), np.asarray(direction, float)
    down = -along[2]
    if down <= 1e-9 or start[2] <= height:
        raise UnsafeCommandError("that is the sky: click a place on the ground")
    point = start + (start[2] - height) / down * along
    away = float(np.hypot(*(point - start)[:2]))
    if not away <= FARTHEST:
        raise UnsafeCommandError(
            f"that place is {away:.0f} m away; at most {FARTHEST:.0f} m: look down more"
        )
    return float(point[0]), float(point[1])


def _state(report: GuideReport) -> str:
    color = COLORS[report.level]
    if not report.ready and not report.running:
        color = AMBER
    rows = "".join(
        f"<tr><td>{escape(what)}</td><td>{escape(value)}</td></tr>"
        for what, value in report.figures
    )
    return (
        f"{STYLE}<div class=rx><div class=note style='color:{color}'>"
        f"{escape(report.words)}</div><table>{rows}</table></div>"
    )
