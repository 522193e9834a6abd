# SPDX-License-Identifier: Apache-2.0
"""`renxing down`: ask the running supervisor to stop, and see that it does."""

import argparse
import contextlib
import os
import signal
import sys
import time

from renxing.runtime.state import RunFolder, run_folders

EXIT_NOT_RUNNING = 3
_POLL = 0.05  # [s]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of `down`."""
    parser.add_argument("--namespace", default="", help="of the stack to stop")
    parser.add_argument(
        "--timeout",
        type=float,
        default=30.0,
        metavar="S",
        help="how long an orderly stop may take before it is hurried [s]",
    )


def run(arguments: argparse.Namespace) -> int:
    """Stop the stack: 0 stopped, 1 it would not stop, 3 none was running."""
    namespace = arguments.namespace.strip("/")
    folder = RunFolder(os.environ, namespace)
    pid = folder.owner()
    if pid is None:
        others = [f"/{f.namespace}" for f in run_folders(os.environ) if f.owner()]
        hint = f"; running: {', '.join(others)}" if others else ""
        print(f"no stack runs in namespace '/{namespace}'{hint}", file=sys.stderr)
        return EXIT_NOT_RUNNING
    begin = time.monotonic()
    # Each further signal makes the supervisor hurry: SIGTERM, then SIGKILL to all.
    for patience in (arguments.timeout, 5.0, 5.0):
        _signal(pid)
        if _gone(folder, pid, patience):
            return _report(folder, time.monotonic() - begin)
    print(f"process {pid} does not stop; kill it: kill -9 {pid}", file=sys.stderr)
    return 1


def _signal(pid: int) -> None:
    # It may just have ended, which is what was wanted.
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)


def _gone(folder: RunFolder, pid: int, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while folder.owner() == pid:
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)
    return True


def _report(folder: RunFolder, seconds: float) -> int:
    state = folder.read()
    killed = []
    if state:
        killed = [name for name, p in state.processes.items() if p.exit_code == -9]
    print(f"stopped after {seconds:.1f} s")
    for name in killed:
        print(f"'{name}' did not end when asked and was killed")
    return 0
