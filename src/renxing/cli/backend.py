# SPDX-License-Identifier: Apache-2.0
"""`renxing backend check`: does a backend do what the robot expects of it?"""

import argparse
import json
from collections import Counter
from typing import TYPE_CHECKING

from renxing.cli.terminal import paint

if TYPE_CHECKING:
    from renxing.runtime.conformance.suite import Verdict

_COLOURS = {"OK": "green", "FAIL": "red", "SKIP": "grey"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of `backend`."""
    parser.add_argument("action", choices=["check"], help="what to do")
    parser.add_argument(
        "backend",
        metavar="NAME",
        help="what the robot's xacro calls it, or a plugin as package/Class",
    )
    parser.add_argument("--robot", default="rx1", help="name or YAML file")
    parser.add_argument(
        "--move",
        action="store_true",
        help="let a device move its joints; hoist the robot first",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Check the backend: 1 if any check failed, else 0."""
    # Here, so that other commands start without loading robot models.
    from renxing.runtime.conformance.backend import find_backend
    from renxing.runtime.conformance.suite import check_backend

    backend = find_backend(arguments.backend, arguments.robot)
    verdicts = []
    for verdict in check_backend(backend, move=arguments.move):
        verdicts.append(verdict)
        if not arguments.json:
            _show(verdict)
    count = Counter(verdict.outcome.value for verdict in verdicts)
    if arguments.json:
        print(json.dumps([_document(verdict) for verdict in verdicts], indent=2))
    else:
        print(f"{count['OK']} OK, {count['FAIL']} FAIL, {count['SKIP']} SKIP")
    return int(count["FAIL"] > 0)


def _show(verdict: "Verdict") -> None:
    # Line by line as they come: some checks take seconds.
    status = paint(f"{verdict.outcome.value:<4}", _COLOURS[verdict.outcome.value])
    print(f"{status}  {verdict.name:<13}  {verdict.measured}", flush=True)
    if verdict.outcome.value == "FAIL":
        print(f"{'':6}{'':13}  required: {verdict.required}", flush=True)


def _document(verdict: "Verdict") -> dict[str, str]:
    return {
        "name": verdict.name,
        "outcome": verdict.outcome.value,
        "required": verdict.required,
        "measured": verdict.measured,
    }
