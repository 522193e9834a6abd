# SPDX-License-Identifier: Apache-2.0
"""Run a whole stack from this terminal: lock, logs, signals, supervisor."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from renxing.runtime.bringup import ProcessSpec, Table, resolve, write_parameters
from renxing.runtime.guardian import Guardian
from renxing.runtime.keeper import Surroundings
from renxing.runtime.logs import Logs, log_root, new_log_folder
from renxing.runtime.restart import RestartLimits
from renxing.runtime.shared_memory import clean_shared_memory
from renxing.runtime.state import RunFolder, StackState
from renxing.runtime.supervisor import Supervisor
from renxing.runtime.urgency import Urgency

_OWN = "renxing"  # the supervisor's name among the lines of the processes
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a user wants to run.

    Attributes:
        table: What can be started.
        arguments: What the user set, as text.
        environment: Variables of every process.
        seconds: Stop by itself this long after the start is over [s]; None: run on.
        on_ready: Called with the processes, and how to print a line, when ready.
        stream: Where the log lines go.
        limits: Of restarting.
    """

    table: Table
    arguments: Mapping[str, str]
    environment: Mapping[str, str]
    seconds: float | None = None
    on_ready: Callable[[Sequence[ProcessSpec], Callable[[str], None]], None] = (
        lambda _specs, _show: None
    )
    stream: IO[str] = field(default_factory=lambda: sys.stdout)
    limits: RestartLimits = field(default_factory=RestartLimits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a stack ended.

    Attributes:
        exit_code: 0 if it was stopped or finished well.
        healthy: Whether all got ready and none failed or was restarted.
        logs: Folder of its log files.
    """

    exit_code: int
    healthy: bool
    logs: Path


def run_stack(request: Request) -> Outcome:
    """Run a stack until it ends or is stopped by a signal.

    Raises:
        RenxingError: If it cannot be started: a wrong argument, no folder to write
            to, or a stack of the same namespace runs already.
    """
    specs = resolve(request.table, request.arguments)
    namespace = specs[0].namespace
    folder = RunFolder(request.environment, namespace)
    folder.create()
    folder.acquire()
    try:
        clean_shared_memory(request.environment)
        commands = {spec.name: command_of(spec, folder.path) for spec in specs}
        logs = Logs(
            new_log_folder(log_root(request.environment), namespace),
            request.stream,
            [_OWN, *(spec.name for spec in specs)],
        )
        try:
            return asyncio.run(_supervise(request, specs, commands, folder, logs))
        finally:
            logs.close()
    finally:
        folder.release()


def command_of(spec: ProcessSpec, folder: Path) -> list[str]:
    """Return the command line of a process; writes its parameters file.

    Always this interpreter with `-m renxing.nodes.host`, never an installed script:
    it works from a checkout, a virtual environment and a colcon workspace alike, it
    cannot pick another Python's packages, and one process can host several nodes.

    Args:
        spec: What to start.
        folder: Where the parameters file goes.
    """
    if spec.command:
        return list(spec.command)
    command = [sys.executable, "-m", "renxing.nodes.host", *spec.nodes, "--ros-args"]
    command += ["--params-file", str(write_parameters(spec, folder))]
    if spec.namespace:
        command += ["-r", f"__ns:=/{spec.namespace}"]
    return command


async def _supervise(
    request: Request,
    specs: Sequence[ProcessSpec],
    commands: Mapping[str, Sequence[str]],
    folder: RunFolder,
    logs: Logs,
) -> Outcome:
    loop = asyncio.get_running_loop()
    started = loop.time()
    state = StackState(
        pid=os.getpid(),
        started=time.time(),
        namespace=folder.namespace,
        arguments=dict(request.arguments),
        table=str(request.table.file),
        logs=str(logs.folder),
    )
    guardian = Guardian()

    def tell(line: str) -> None:
        logs.write(_OWN, line)

    supervisor = Supervisor(
        specs,
        commands,
        Surroundings(
            environment=_environment(request.environment, logs),
            write=logs.write,
            tell=tell,
            changed=_StateWriter(folder, state, tell).write,
            guardian=guardian,
            urgency=Urgency(),
            limits=request.limits,
        ),
        state,
    )

    def when_settled() -> None:
        if supervisor.ready():
            tell(f"all ready after {loop.time() - started:.1f} s")
            request.on_ready(specs, logs.show)
        if request.seconds is not None:
            reason = f"{request.seconds:g} s are over"
            loop.call_later(request.seconds, supervisor.stop_in_order, reason)

    for number in _SIGNALS:
        # Under nohup SIGHUP is ignored, and is meant to be.
        if signal.getsignal(number) != signal.SIG_IGN or number != signal.SIGHUP:
            name = signal.Signals(number).name
            loop.add_signal_handler(number, supervisor.request_stop, name)
    try:
        tell(f"starting {', '.join(spec.name for spec in specs)}; logs: {logs.folder}")
        exit_code = await supervisor.run(when_settled)
        tell(f"stopped, exit code {exit_code}")
        return Outcome(
            exit_code=exit_code, healthy=supervisor.healthy(), logs=logs.folder
        )
    finally:
        guardian.close()


class _StateWriter:
    """Writes the state after every change; says once if the disk refuses."""

    def __init__(
        self, folder: RunFolder, state: StackState, tell: Callable[[str], None]
    ) -> None:
        self._folder = folder
        self._state = state
        self._tell = tell
        self._warned = False

    def write(self) -> None:
        if not self._folder.write(self._state) and not self._warned:
            self._warned = True
            self._tell(f"{self._folder.path}: no state can be written; going on")


def _environment(environment: Mapping[str, str], logs: Logs) -> dict[str, str]:
    defaults = {
        # Our lines already carry the name of the process and the time.
        "RCUTILS_CONSOLE_OUTPUT_FORMAT": "[{severity}] [{name}] {message}",
        "RCUTILS_COLORIZED_OUTPUT": str(int(logs.coloured)),
        "ROS_LOG_DIR": str(logs.folder / "ros"),
        "PYTHONUNBUFFERED": "1",
    }
    return {**defaults, **environment}
