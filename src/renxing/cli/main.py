# SPDX-License-Identifier: Apache-2.0
"""The command `renxing`: find the command's file, run it, report errors in a line."""

import argparse
import contextlib
import difflib
import importlib
import os
import sys
import traceback
from collections.abc import Sequence

from renxing import __version__
from renxing.errors import ConfigError, RenxingError

# Each module has `add_arguments(parser)` and `run(arguments) -> exit code`, and is
# imported only when its command is asked for.
COMMANDS = {
    "demo": "start the simulated robot and say what to try",
    "up": "start the stack, arguments as name:=value",
    "down": "stop the running stack",
    "ask": "have the robot do something, in words",
    "replay": "watch a recording again, or make a film of it",
    "status": "show the processes of the running stack",
    "doctor": "check this machine and say how to fix what is wrong",
    "robot": "check the description of a robot",
    "backend": "check that a backend does what the robot expects",
    "fault": "break hardware on purpose, list or mend what is broken",
    "eval": "score how well the robot walks, balances, climbs and carries",
    "bench": "measure this machine with the project's benchmarks",
    "version": "print the version",
}
_MODULES = {"robot": "robot_check"}

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        words: The arguments after the program's name; by default the process's own.

    Returns:
        The exit code: that of the command, 2 for an error, 130 for Ctrl-C.
    """
    given = list(sys.argv[1:] if words is None else words)
    debug = "--debug" in given
    try:
        return _run([word for word in given if word != "--debug"])
    except RenxingError as error:
        if debug:
            traceback.print_exc()
        print(f"renxing: {error}", file=sys.stderr)
        return EXIT_ERROR
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader went away, as in `renxing status | head -1`. Python would
        # complain again when it flushes at exit.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_ERROR


def _run(words: list[str]) -> int:
    place = next((i for i, w in enumerate(words) if not w.startswith("-")), len(words))
    top = _top_parser()
    top.parse_args(words[:place])
    if place == len(words):
        top.print_help()
        return EXIT_ERROR
    command = words[place]
    if command not in COMMANDS:
        near = difflib.get_close_matches(command, COMMANDS, n=1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise ConfigError(
            f"command '{command}': unknown; {hint}allowed: {', '.join(COMMANDS)}"
        )
    module = importlib.import_module(f"renxing.cli.{_MODULES.get(command, command)}")
    parser = argparse.ArgumentParser(
        prog=f"renxing {command}",
        description=COMMANDS[command].capitalize() + ".",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    arguments = parser.parse_intermixed_args(words[place + 1 :])
    exit_code: int = module.run(arguments)
    return exit_code


def _top_parser() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {text}" for name, text in COMMANDS.items()]
    top = argparse.ArgumentParser(
        prog="renxing",
        usage="renxing [--debug] COMMAND ...",
        description="A ROS 2 stack that runs a whole humanoid.",
        epilog="\n".join(
            ["commands:", *lines, "", "renxing COMMAND --help says more."]
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"renxing {__version__}")
    top.add_argument(
        "--debug", action="store_true", help="show where in the code an error arose"
    )
    return top


if __name__ == "__main__":
    sys.exit(main())
