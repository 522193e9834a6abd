# SPDX-License-Identifier: Apache-2.0
"""Words to the robot and back: a command line, the dialogue, the plan as it goes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from typing import Any, Protocol

import viser
from viser import Icon

from renxing.console.tables import STYLE

LINES = 12  # of the dialogue that are shown
Connect = Callable[[Any, str, Callable[[], str]], None]
MARKS = {
    "waiting": "·",
    "running": "▶",
    "succeeded": "✔",
    "failed": "✘",
    "skipped": "–",
    "canceled": "■",
}


class Brain(Protocol):
    """What the page can ask for; each returns words for a notice, or raises."""

    def ask(self, text: str) -> str:
        """Have it do something."""
        ...

    def decide(self, approve: bool) -> str:
        """Approve or deny the plan that waits."""
        ...

    def cancel(self) -> str:
        """End the task that runs."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """A step of the plan.

    Attributes:
        text: For people.
        state: As in renxing_msgs/PlanStep, in lower case.
        told: What was measured, or why it failed.
    """

    text: str
    state: str
    told: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReport:
    """What the brain is about.

    Attributes:
        lines: Of the dialogue: speaker and text, oldest first.
        asked: What the plan is for; empty before the first.
        state: Of the plan, such as running.
        reason: Why it waits, failed or was refused.
        source: Who planned.
        steps: Of the plan.
        waits: Whether it waits for approval.
        runs: Whether it can be cancelled.
    """

    lines: tuple[tuple[str, str], ...] = ()
    asked: str = ""
    state: str = ""
    reason: str = ""
    source: str = ""
    steps: tuple[PlannedStep, ...] = field(default=())
    waits: bool = False
    runs: bool = False


class TaskPanel:
    """The tab of the page in which people talk with the robot."""

    def __init__(self, gui: viser.GuiApi, tabs: Any, brain: Brain, on: Connect) -> None:
        """Add it to the page.

        Args:
            gui: Where it goes.
            tabs: To which it adds its own.
            brain: Whom it asks.
            on: Connects a button with what it does.
        """
        self._brain = brain
        self._last: TaskReport | None = None
        with tabs.add_tab("Task"):
            self._dialogue = gui.add_html("")
            self._text = gui.add_text("Say", "", multiline=True)
            ask = gui.add_button("Do it", icon=Icon.MESSAGE)
            on(ask, "task", self._ask)
            self._approve = gui.add_button(
                "Approve", color="green", icon=Icon.CHECK, visible=False
            )
            on(self._approve, "approval", lambda: brain.decide(True))
            self._deny = gui.add_button("Deny", color="red", icon=Icon.X, visible=False)
            on(self._deny, "approval", lambda: brain.decide(False))
            self._cancel = gui.add_button(
                "Cancel the task", color="gray", icon=Icon.PLAYER_STOP, visible=False
            )
            on(self._cancel, "task", brain.cancel)
            self._plan = gui.add_html("")

    def show(self, report: TaskReport | None) -> None:
        """Refresh it; None: there is no brain."""
        if report == self._last and report is not None:
            return
        self._last = report
        if report is None:
            self._dialogue.content = _page("no brain runs; start with brain:=true")
            self._plan.content = ""
            report = TaskReport()
        else:
            self._dialogue.content = dialogue(report)
            self._plan.content = plan(report)
        for element, visible in (
            (self._approve, report.waits),
            (self._deny, report.waits),
            (self._cancel, report.runs),
        ):
            if element.visible != visible:
                element.visible = visible

    def _ask(self) -> str:
        text = str(self._text.value).strip()
        if not text:
            return "write what the robot shall do"
        words = self._brain.ask(text)
        # mypy wants a setter right below its getter, and viser's is not.
        self._text.value = ""  # type: ignore[misc]
        return words


def dialogue(report: TaskReport) -> str:
    """Return the dialogue as HTML."""
    rows = [
        f"<div><b>{escape(speaker)}</b> {escape(text)}</div>"
        for speaker, text in report.lines[-LINES:]
    ]
    return _page("".join(rows) or "nothing was said yet")


def plan(report: TaskReport) -> str:
    """Return the plan as HTML."""
    if not report.asked:
        return ""
    head = f"<h4>{escape(report.state)}: {escape(report.asked)}</h4>"
    if report.reason:
        head += f"<div class='hot'>{escape(report.reason)}</div>"
    rows = []
    for step in report.steps:
        color = {"succeeded": "good", "failed": "hot", "waiting": "weak"}
        told = f"<div class='weak'>{escape(step.told)}</div>" if step.told else ""
        rows.append(
            f"<div class='{color.get(step.state, '')}'>{MARKS[step.state]} "
            f"{escape(step.text)}{told}</div>"
        )
    by = f"<div class='weak'>planned by {escape(report.source)}</div>"
    return _page(head + "".join(rows) + (by if report.source else ""))


def _page(content: str) -> str:
    return f"{STYLE}<div class='rx'>{content}</div>"
