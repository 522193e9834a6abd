# SPDX-License-Identifier: Apache-2.0
"""`renxing up`: start the stack, here or in the background."""

import argparse
import contextlib
import subprocess
import sys
import time

from renxing.cli.settings import (
    add_settings,
    chosen_table,
    fetch_for_settings,
    parse_settings,
    process_environment,
)
from renxing.errors import RenxingError
from renxing.runtime.bringup import resolve
from renxing.runtime.stack import Request, run_stack
from renxing.runtime.state import RunFolder, StackState

_POLL = 0.1  # [s] between looks at a stack that starts in the background


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of `up`."""
    add_settings(parser)
    parser.add_argument(
        "--detach",
        action="store_true",
        help="return once it is ready; stop it with `renxing down`",
    )


def run(arguments: argparse.Namespace) -> int:
    """Start the stack and stay, or return when it is ready."""
    table = chosen_table(arguments)
    settings = parse_settings(arguments.settings)
    fetch_for_settings(table, settings)
    environment = process_environment()
    if not arguments.detach:
        request = Request(table=table, arguments=settings, environment=environment)
        return run_stack(request).exit_code
    namespace = resolve(table, settings)[0].namespace
    folder = RunFolder(environment, namespace)
    folder.create()
    words = [f"{name}:={value}" for name, value in settings.items()]
    command = [sys.executable, "-m", "renxing.cli.main", "up"]
    command += ["--table", str(table.file.resolve()), *words]
    return _detach(command, folder, environment)


def _detach(command: list[str], folder: RunFolder, environment: dict[str, str]) -> int:
    errors = folder.path / "detached.txt"
    with errors.open("wb") as stream:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stream,
            start_new_session=True,
        )
    try:
        state = _wait_until_settled(process, folder)
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise
    if process.poll() is not None:
        said = errors.read_text(errors="replace").strip()
        logs = f"; logs: {state.logs}" if state else ""
        raise RenxingError(
            said.removeprefix("renxing: ")
            or f"the stack stopped with exit code {process.returncode}{logs}"
        )
    stop = "renxing down"
    if folder.namespace:
        stop += f" --namespace {folder.namespace}"
    failed = []
    if state:
        failed = [n for n, p in state.processes.items() if p.phase == "failed"]
        print(f"running, process {state.pid}; logs: {state.logs}; stop: {stop}")
    for name in failed:
        print(f"but '{name}' has failed", file=sys.stderr)
    return 1 if failed else 0


def _wait_until_settled(
    process: "subprocess.Popen[bytes]", folder: RunFolder
) -> StackState | None:
    """Wait until the stack has started or its supervisor has ended.

    The supervisor bounds every wait for a process, so this needs no limit.
    """
    while True:
        ended = process.poll() is not None
        state = folder.read()
        if state and state.pid != process.pid:
            state = None  # of an earlier run
        if ended or (state and state.phase != "starting"):
            if state and state.phase in ("stopping", "stopped"):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=30.0)
            return state
        time.sleep(_POLL)
