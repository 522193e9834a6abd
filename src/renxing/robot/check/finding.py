# SPDX-License-Identifier: Apache-2.0
"""What a check of a robot finds, and the list that collects it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from renxing.robot.urdf import Urdf
from renxing.yaml_file import Lines

Severity = Literal["error", "warning", "ok"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check has found.

    Attributes:
        severity: `error` keeps the robot from running, `warning` may be meant so,
            `ok` says what has been checked.
        file: The file that it is in.
        line: Where in it, counted from 1.
        what: What it is: which thing, what was got, what is allowed.
    """

    severity: Severity
    file: Path
    line: int
    what: str


@dataclass(frozen=True, slots=True)
class Report:
    """Collects findings.

    Attributes:
        lines: Of the robot's YAML file.
        found: The findings so far.
    """

    lines: Lines
    found: list[Finding] = field(default_factory=list)

    def yaml(self, severity: Severity, what: str, *keys: str | int) -> None:
        """Add a finding at a value of the YAML file."""
        line = self.lines.of(*keys)
        self.found.append(Finding(severity, self.lines.path, line, what))

    def urdf(
        self, severity: Severity, urdf: Urdf, tag: str, name: str, what: str
    ) -> None:
        """Add a finding at an element of the URDF."""
        file, line = urdf.place(tag, name)
        self.found.append(Finding(severity, file, line, f"{tag} '{name}': {what}"))

    @property
    def errors(self) -> int:
        """How many errors there are."""
        return sum(finding.severity == "error" for finding in self.found)
