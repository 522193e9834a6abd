# SPDX-License-Identifier: Apache-2.0
"""The tab in which people talk with the robot."""

from typing import Any

import pytest

from renxing.console.task import PlannedStep, TaskPanel, TaskReport, dialogue, plan

STEPS = (
    PlannedStep(text="walk to the crate", state="succeeded", told="error_m 0.1"),
    PlannedStep(text="look at <it>", state="running"),
    PlannedStep(text="say", state="waiting"),
)
REPORT = TaskReport(
    lines=(("operator", "go to the <crate>"), ("robot", "which one?")),
    asked="go to the <crate>",
    state="running",
    reason="retry",
    source="offline",
    steps=STEPS,
    runs=True,
)


class Element:
    """An element of the page, as viser has them."""

    def __init__(self, content: str = "", visible: bool = True) -> None:
        self.content, self.visible, self.value = content, visible, ""


class Gui:
    """Keeps elements and what clicks do."""

    def __init__(self) -> None:
        self.buttons: dict[str, Any] = {}

    def add_tab(self, _name: str) -> "Gui":
        return self

    def __enter__(self) -> "Gui":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def add_html(self, content: str) -> Element:
        return Element(content)

    def add_text(self, _label: str, _value: str, multiline: bool) -> Element:
        self.text = Element()
        return self.text

    def add_button(self, label: str, visible: bool = True, **_: Any) -> Element:
        self.buttons[label] = Element(visible=visible)
        return self.buttons[label]


class Asked:
    """A brain that notes what it is asked."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def ask(self, text: str) -> str:
        self.heard.append(text)
        return "asked"

    def decide(self, approve: bool) -> str:
        self.heard.append(approve)
        return "decided"

    def cancel(self) -> str:
        self.heard.append("cancel")
        return "ends"


@pytest.fixture
def stage() -> Any:
    gui, brain, clicks = Gui(), Asked(), {}

    def on(button: Any, _what: str, act: Any) -> None:
        label = next(k for k, v in gui.buttons.items() if v is button)
        clicks[label] = act

    panel = TaskPanel(gui, gui, brain, on)  # type: ignore[arg-type]
    return panel, gui, brain, clicks


def test_dialogue_and_plan_are_told_and_nothing_is_taken_for_html() -> None:
    said, planned = dialogue(REPORT), plan(REPORT)
    assert "&lt;crate&gt;" in said and "which one?" in said and "<crate>" not in said
    assert "error_m 0.1" in planned and "look at &lt;it&gt;" in planned
    assert "planned by offline" in planned and "retry" in planned


def test_a_command_is_sent_once_and_nothing_is_not_sent(stage: Any) -> None:
    _panel, gui, brain, clicks = stage
    gui.text.value = "  wave "
    assert clicks["Do it"]() == "asked"
    assert gui.text.value == ""
    assert "write" in clicks["Do it"]()
    assert brain.heard == ["wave"]


def test_only_what_can_be_done_is_offered(stage: Any) -> None:
    panel, gui, brain, clicks = stage

    def offered() -> set[str]:
        return {label for label, button in gui.buttons.items() if button.visible}

    panel.show(REPORT)
    assert offered() == {"Do it", "Cancel the task"}
    panel.show(TaskReport(asked="x", state="waits for approval", waits=True, runs=True))
    assert offered() == {"Do it", "Approve", "Deny", "Cancel the task"}
    clicks["Deny"]()
    clicks["Approve"]()
    clicks["Cancel the task"]()
    assert brain.heard == [False, True, "cancel"]
    panel.show(None)
    assert offered() == {"Do it"}
