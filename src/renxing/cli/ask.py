# SPDX-License-Identifier: Apache-2.0
"""`renxing ask`: have the robot of the running stack do something, in words."""

import argparse
import os
import sys
from pathlib import Path

from renxing.cli.outputs import want_folder
from renxing.cli.settings import process_environment

MODULE = "renxing.nodes.brain.ask"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of `ask`."""
    parser.add_argument("text", help="what to do, in English or Chinese")
    parser.add_argument("--namespace", default="", help="of the stack")
    parser.add_argument("--planner", default="", help="offline or server")
    parser.add_argument("--plan", action="store_true", help="plan and check, no more")
    parser.add_argument(
        "--approve", action="store_true", help="approve what waits for approval"
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write what was measured"
    )


def run(arguments: argparse.Namespace) -> int:
    """Ask: 0 if it was done, 1 if not, 2 if no brain took it."""
    want_folder("json", arguments.json)
    words = command(arguments)
    # In place of this process: Ctrl-C is then the client's, which stops the robot.
    os.execve(words[0], words, process_environment())


def command(arguments: argparse.Namespace) -> list[str]:
    """Return the command of the client; only nodes know ROS."""
    words = [sys.executable, "-m", MODULE, arguments.text]
    words += ["--namespace", arguments.namespace, "--planner", arguments.planner]
    words += ["--plan"] if arguments.plan else []
    words += ["--approve"] if arguments.approve else []
    return words + (["--json", str(arguments.json)] if arguments.json else [])
