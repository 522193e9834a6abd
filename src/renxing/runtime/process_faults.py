# SPDX-License-Identifier: Apache-2.0
"""Kill or stall a process of a running stack, to see what the others do then.

The supervisor is not asked: it must find out by itself. The names are those of the
bringup table, the pids those of the supervisor's state file, and only its own children
are touched, with all that they have started.
"""

import os
import signal
import subprocess
from collections.abc import Mapping
from typing import Literal, get_args

import psutil

from renxing.errors import ConfigError, DeviceError
from renxing.runtime.state import RunFolder

ProcessFault = Literal["kill", "stall"]
PROCESS_FAULTS: tuple[ProcessFault, ...] = get_args(ProcessFault)
STALL = 2.0  # [s] if nothing else is said
LONGEST_STALL = 3600.0  # [s]
# Another program wakes it, so that it wakes whatever becomes of who has asked: the
# inner shell is nobody's child and in nobody's terminal.
_WAKE = '(sleep "$2"; kill -s CONT -- "-$1") </dev/null >/dev/null 2>&1 &'


def break_process(
    environment: Mapping[str, str],
    namespace: str,
    name: str,
    kind: str,
    seconds: float = STALL,
) -> str:
    """Kill a process, or stop it for a while.

    Args:
        environment: Says where the run folder is.
        namespace: Of the stack.
        name: Of the process.
        kind: `kill` or `stall`.
        seconds: Until a stalled one goes on [s].

    Returns:
        What was done, in words.

    Raises:
        ConfigError: If there is no such fault or process, or the time means nothing.
        DeviceError: If no stack runs there, or the process does not run now.
    """
    if kind not in PROCESS_FAULTS:
        allowed = ", ".join(PROCESS_FAULTS)
        raise ConfigError(f"process fault '{kind}': allowed: {allowed}")
    if kind == "stall" and not 0.0 < seconds <= LONGEST_STALL:
        raise ConfigError(f"stall of {seconds:g} s: allowed: (0, {LONGEST_STALL:g}]")
    group = pid_of(environment, namespace, name)
    try:
        if kind == "kill":
            os.killpg(group, signal.SIGKILL)
            return f"{name} (process {group}) killed"
        words = ["/bin/sh", "-c", _WAKE, "renxing-wake", str(group), f"{seconds:f}"]
        subprocess.run(words, start_new_session=True, check=True)
        os.killpg(group, signal.SIGSTOP)
    except ProcessLookupError as error:
        raise DeviceError(f"process '{name}': has just ended") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise DeviceError(f"process '{name}': {error}") from error
    return f"{name} (process {group}) stands still for {seconds:g} s"


def pid_of(environment: Mapping[str, str], namespace: str, name: str) -> int:
    """Return the pid of a process of a running stack; it leads a group of its own.

    Raises:
        ConfigError: If the stack has no such process.
        DeviceError: If no stack runs there, or the process does not run now.
    """
    folder = RunFolder(environment, namespace.strip("/"))
    supervisor, state = folder.owner(), folder.read()
    if supervisor is None or state is None or state.pid != supervisor:
        raise DeviceError(
            f"no stack runs in namespace '/{folder.namespace}'; "
            "see what runs with: renxing status"
        )
    process = state.processes.get(name)
    if process is None:
        allowed = ", ".join(state.processes)
        raise ConfigError(f"process '{name}': allowed: {allowed}")
    # A pid in a file may be of another process by now.
    if process.pid is None or _parent(process.pid) != supervisor:
        raise DeviceError(f"process '{name}': does not run, it is {process.phase}")
    return process.pid


def _parent(pid: int) -> int | None:
    try:
        return psutil.Process(pid).ppid()
    except psutil.Error:
        return None
