# SPDX-License-Identifier: Apache-2.0
"""`renxing doctor`: check this machine, and say how to fix what is wrong."""

import argparse
import dataclasses
import json
import os
from collections import Counter

from renxing.cli import machine_checks, project_checks, realtime_checks, ros_checks
from renxing.cli.checks import Check, Result, run_check
from renxing.cli.terminal import paint

CHECKS: tuple[Check, ...] = (
    machine_checks.check_python,
    ros_checks.check_ros,
    ros_checks.check_reach,
    project_checks.check_files,
    machine_checks.check_processor,
    machine_checks.check_memory,
    machine_checks.check_disk,
    machine_checks.check_clock,
    realtime_checks.check_real_time,
    realtime_checks.check_graphics,
    project_checks.check_port,
    project_checks.check_browser,
)
_COLOURS = {"OK": "green", "WARN": "yellow", "FAIL": "red"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of `doctor`."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Run every check: 1 if any failed, else 0."""
    results: list[Result] = []
    for check in CHECKS:
        for result in run_check(check, os.environ):
            results.append(result)
            if not arguments.json:
                _show(result)
    if arguments.json:
        print(json.dumps([dataclasses.asdict(result) for result in results], indent=2))
    else:
        count = Counter(result.status for result in results)
        print(f"{count['OK']} OK, {count['WARN']} WARN, {count['FAIL']} FAIL")
    return int(any(result.status == "FAIL" for result in results))


def _show(result: Result) -> None:
    # Line by line as they come: some checks take seconds.
    status = paint(f"{result.status:<4}", _COLOURS[result.status])
    print(f"{status}  {result.name:<17}  {result.found}", flush=True)
    if result.fix:
        print(f"{'':6}{'':17}  fix: {result.fix}", flush=True)
