# SPDX-License-Identifier: Apache-2.0
"""A scorecard of numbers that must not be too great, or too small, for a robot."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Generic, TypeVar

from renxing.errors import ConfigError
from renxing.evaluation.document import table, write_html, write_tree

Goals = TypeVar("Goals")
Outcome = TypeVar("Outcome")

HEAD = ("wanted", "worst", "must", "aim", "verdict")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One thing that was wanted.

    Attributes:
        name: In words, with the unit.
        worst: Of all trials.
        must: What is required.
        aim: What is hoped for.
        missed: Whether something required was not reached.
        aim_reached: Whether what is hoped for was.
    """

    name: str
    worst: float
    must: float
    aim: float
    missed: bool
    aim_reached: bool

    def cells(self) -> tuple[str, ...]:
        """Return one row of `HEAD`."""
        verdict = "MISSED" if self.missed else "reached"
        if not self.missed:
            verdict += ", aim too" if self.aim_reached else ", aim not"
        numbers = (f"{value:.3g}" for value in (self.worst, self.must, self.aim))
        return (self.name, *numbers, verdict)


def at_most(name: str, worst: float, must: float, aim: float) -> Verdict:
    """Return the verdict on what must not be great; NaN misses everything."""
    return Verdict(
        name=name,
        worst=float(worst),
        must=float(must),
        aim=float(aim),
        missed=not worst <= must,
        aim_reached=worst <= aim,
    )


def at_least(name: str, worst: float, must: float, aim: float) -> Verdict:
    """Return the verdict on what must not be small; NaN misses everything."""
    return Verdict(
        name=name,
        worst=float(worst),
        must=float(must),
        aim=float(aim),
        missed=not worst >= must,
        aim_reached=worst >= aim,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Card(Generic[Outcome]):
    """Everything that one command has found.

    Attributes:
        name: Of the scorecard.
        title: For people.
        robot: Name of the robot.
        machine: Where and with what it ran.
        seconds: How long it took [s].
        outcomes: Of each trial.
        verdicts: What was wanted.
    """

    name: str
    title: str
    robot: str
    machine: dict[str, Any]
    seconds: float
    outcomes: tuple[Outcome, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def missed(self) -> bool:
        """Whether something required was not reached."""
        return any(verdict.missed for verdict in self.verdicts)

    def write_json(self, file: Path, trials: Sequence[Mapping[str, Any]]) -> None:
        """Write every number.

        Args:
            file: Where to.
            trials: What there is to say of each.

        Raises:
            ConfigError: If the file cannot be written.
        """
        tree = {
            "scorecard": self.name,
            "title": self.title,
            "robot": self.robot,
            "machine": self.machine,
            "seconds": self.seconds,
            "missed": self.missed,
            "verdicts": [dataclasses.asdict(verdict) for verdict in self.verdicts],
            "trials": list(trials),
        }
        write_tree(file, tree)

    def write_page(
        self, file: Path, seeds: Sequence[int], parts: Sequence[str]
    ) -> None:
        """Write a page that needs nothing else.

        Args:
            file: Where to.
            seeds: Of the trials.
            parts: What follows the verdicts, as HTML.

        Raises:
            ConfigError: If the file cannot be written.
        """
        title = f"{self.title}: {self.robot}"
        machine = self.machine
        head = (
            f"<h1>{escape(title)}</h1><p>seeds {', '.join(map(str, seeds))}; "
            f"{self.seconds:.0f} s on {machine['cores']} cores of "
            f"{escape(machine['cpu'])}; {escape(str(machine['date']))}</p>"
        )
        rows = [verdict.cells() for verdict in self.verdicts]
        missed = [verdict.missed for verdict in self.verdicts]
        write_html(file, title, [head, table(HEAD, rows, missed), *parts])


def wanted_of(scorecard: str, robots: Mapping[str, Goals], robot: str) -> Goals:
    """Return what a scorecard wants of a robot.

    Raises:
        ConfigError: If it has nothing for the robot.
    """
    if robot not in robots:
        raise ConfigError(
            f"robot '{robot}': no numbers for it in scorecard '{scorecard}', which has "
            f"{', '.join(robots)}"
        )
    return robots[robot]
