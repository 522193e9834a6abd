# SPDX-License-Identifier: Apache-2.0
"""`renxing robot check`: does the description of a robot hold together?"""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from renxing.cli.terminal import paint
from renxing.errors import ConfigError
from renxing.resources import resource

if TYPE_CHECKING:
    from renxing.robot.check import Finding

_COLOURS = {"error": "red", "warning": "yellow", "ok": "green"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of `robot`."""
    parser.add_argument("action", choices=["check"], help="what to do")
    parser.add_argument(
        "robot", metavar="FILE|NAME", help="a YAML file, or a name in config/robots"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Check the robot: 1 if there is any error, else 0."""
    path = find_robot(arguments.robot)
    # Here, so that other commands start without loading robot models.
    from renxing.robot.check import check_robot

    findings = check_robot(path)
    if arguments.json:
        print(json.dumps([_document(finding) for finding in findings], indent=2))
    else:
        _show(findings)
    return int(any(finding.severity == "error" for finding in findings))


def find_robot(name: str) -> Path:
    """Return the YAML file of a robot.

    Raises:
        ConfigError: If there is none.
    """
    path = Path(name)
    if path.is_file():
        return path.resolve()
    folder = resource("config/robots")
    known = sorted(file.stem for file in folder.glob("*.yaml"))
    if name not in known:
        raise ConfigError(
            f"robot '{name}': not found, allowed: {', '.join(known) or 'no name yet'}"
            ", or the path of a YAML file"
        )
    return folder / f"{name}.yaml"


def _show(findings: "list[Finding]") -> None:
    for finding in findings:
        mark = paint(f"{finding.severity:<7}", _COLOURS[finding.severity])
        print(f"{mark}  {finding.file}:{finding.line}: {finding.what}")
    count = Counter(finding.severity for finding in findings)
    print(f"{count['error']} errors, {count['warning']} warnings, {count['ok']} ok")


def _document(finding: "Finding") -> dict[str, Any]:
    return {
        "severity": finding.severity,
        "file": str(finding.file),
        "line": finding.line,
        "what": finding.what,
    }
