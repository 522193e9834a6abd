# SPDX-License-Identifier: Apache-2.0
"""The page's folder for recordings."""

from typing import Any

import pytest
from tests.console.test_task import Gui

from renxing.console.recorder import RecorderPanel, RecorderReport

START, FINISH = "Start a recording", "Finish the recording"


class Shelf(Gui):
    def add_folder(self, _name: str) -> "Shelf":
        return self

    def add_html(self, content: str) -> Any:
        self.html = super().add_html(content)
        return self.html


class Tape:
    def __init__(self) -> None:
        self.asked: list[bool] = []

    def record(self, wanted: bool) -> str:
        self.asked.append(wanted)
        return "done"


@pytest.mark.parametrize(
    ("report", "said", "offered"),
    [
        (RecorderReport(), "start with record:=true", []),
        (RecorderReport(state="inactive"), "not recording", [START]),
        (RecorderReport(state="active", recorded="<a>, 3 MB"), "&lt;a&gt;", [FINISH]),
        (RecorderReport(state="unconfigured"), "(unconfigured)", []),
    ],
)
def test_what_it_says_and_offers(report, said, offered) -> None:
    gui, tape, clicks = Shelf(), Tape(), []
    panel = RecorderPanel(gui, tape, lambda _button, _what, act: clicks.append(act))
    panel.show(report)
    assert said in gui.html.content
    assert [label for label, one in gui.buttons.items() if one.visible] == offered
    for act in clicks:
        act()
    assert tape.asked == [True, False]
