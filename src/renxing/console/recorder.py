# SPDX-License-Identifier: Apache-2.0
"""Start and finish a recording from the page."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any, Protocol

import viser
from viser import Icon

from renxing.console.colours import RED
from renxing.console.tables import STYLE

Connect = Callable[[Any, str, Callable[[], str]], None]


class Recorder(Protocol):
    """What the page can ask for; each returns words for a notice, or raises."""

    def record(self, wanted: bool) -> str:
        """Start a new recording, or finish the one that is made."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderReport:
    """How the recorder does.

    Attributes:
        state: Of its life cycle, such as active; empty if there is no recorder.
        recorded: What is recorded, in words; empty if nothing is.
    """

    state: str = ""
    recorded: str = ""


class RecorderPanel:
    """A folder of the page."""

    def __init__(self, gui: viser.GuiApi, recorder: Recorder, on: Connect) -> None:
        """Add it to the page.

        Args:
            gui: Where it goes.
            recorder: That records.
            on: Connects a button with what it does.
        """
        with gui.add_folder("Recording"):
            self._state = gui.add_html("")
            self._start = gui.add_button(
                "Start a recording", icon=Icon.PLAYER_RECORD, visible=False
            )
            on(self._start, "recording", lambda: recorder.record(True))
            self._finish = gui.add_button(
                "Finish the recording",
                color="gray",
                icon=Icon.PLAYER_STOP,
                visible=False,
            )
            on(self._finish, "recording", lambda: recorder.record(False))
        self._last: RecorderReport | None = None

    def show(self, report: RecorderReport) -> None:
        """Refresh it."""
        if report == self._last:
            return
        self._last = report
        self._state.content = _words(report)
        for button, state in ((self._start, "inactive"), (self._finish, "active")):
            if button.visible != (report.state == state):
                button.visible = report.state == state


def _words(report: RecorderReport) -> str:
    if not report.state:
        text = "<div class=weak>no recorder runs: start with record:=true</div>"
    elif report.state == "active":
        told = escape(report.recorded or "beginning")
        text = f"<div><b style='color:{RED}'>●</b> {told}</div>"
    else:
        text = f"<div class=weak>not recording ({escape(report.state)})</div>"
    return f"{STYLE}<div class=rx>{text}</div>"
