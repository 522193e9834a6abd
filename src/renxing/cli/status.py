# SPDX-License-Identifier: Apache-2.0
"""`renxing status`: the running stacks, their processes and real-time cores."""

import argparse
import contextlib
import json
import os
import sys
import time
from typing import Any, cast

import psutil

from renxing.cli.down import EXIT_NOT_RUNNING
from renxing.cli.terminal import paint, table
from renxing.errors import RenxingError
from renxing.runtime.core_report import SOCKET, CoreReport
from renxing.runtime.link import LinkClient
from renxing.runtime.state import ProcessState, RunFolder, StackState, run_folders

_SAMPLE = 0.3  # [s] over which the CPU share is measured
_MIB = 1024.0 * 1024.0
_ANSWER = 2.0  # [s] for a core to answer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line of `status`."""
    parser.add_argument("--namespace", help="only this one")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Show what runs: 0 if any stack does, 3 if none."""
    folders = run_folders(os.environ)
    if arguments.namespace is not None:
        folders = [RunFolder(os.environ, arguments.namespace.strip("/"))]
    stacks = []
    for folder in folders:
        pid = folder.owner()
        state = folder.read() if pid is not None else None
        if state and state.pid == pid:
            stacks.append(state)
    loads = _loads([p for s in stacks for p in s.processes.values()])
    if arguments.json:
        document = [_document(stack, loads) for stack in stacks]
        print(json.dumps({"running": bool(stacks), "stacks": document}, indent=2))
    elif not stacks:
        print("no stack is running; start one with: renxing up", file=sys.stderr)
        _tell_last(folders)
    for stack in stacks if not arguments.json else []:
        _show(stack, loads)
    return 0 if stacks else EXIT_NOT_RUNNING


def _show(stack: StackState, loads: dict[int, tuple[float, float]]) -> None:
    age = time.time() - stack.started
    phase = paint(stack.phase, "green" if stack.phase == "running" else "yellow")
    print(
        f"/{stack.namespace} {phase} for {age:.0f} s, supervisor {stack.pid}, "
        f"logs {stack.logs}"
    )
    rows = []
    for name, process in stack.processes.items():
        cpu, memory = loads.get(process.pid or 0, (None, None))
        rows.append(
            (
                name,
                str(process.pid or "-"),
                process.phase,
                "yes" if process.ready else "no",
                str(process.restarts),
                "-" if cpu is None else f"{cpu:.1f}",
                "-" if memory is None else f"{memory:.0f}",
            )
        )
    head = ("process", "pid", "state", "ready", "restarts", "cpu %", "memory MiB")
    print(table(head, rows))
    report = _report(stack)
    if report is not None:
        ledger = report.ledger
        color = "green" if report.rung == "run" else "red"
        causes = f" ({', '.join(report.causes)})" if report.causes else ""
        lies = f", lies on its {report.lies}" if report.lies else ""
        print(
            f"core: {paint(report.rung, color)}{causes}{lies}, {ledger.rate:.1f} Hz, "
            f"cycle p99 {1e6 * ledger.busy.p99:.0f} us, {ledger.overruns} overruns"
        )
    for name, process in stack.processes.items():
        if process.reason:
            print(f"{name}: {paint(process.reason, 'red')}")


def _report(stack: StackState) -> CoreReport | None:
    """Return how the core of a stack does, None if it has none that answers."""
    path = RunFolder(os.environ, stack.namespace).path / SOCKET
    try:
        link = LinkClient(path)
    except RenxingError:
        return None
    try:
        return cast(CoreReport, link.call("report", timeout=_ANSWER))
    except RenxingError:
        return None
    finally:
        link.close()


def _tell_last(folders: list[RunFolder]) -> None:
    for folder in folders:
        last = folder.read()
        if last is None:
            continue
        how = "was killed" if last.exit_code is None else f"exit code {last.exit_code}"
        failed = "; ".join(
            f"{name}: {p.reason}" for name, p in last.processes.items() if p.reason
        )
        print(
            f"last run of /{last.namespace}: {how}"
            f"{f' ({failed})' if failed else ''}; logs: {last.logs}",
            file=sys.stderr,
        )


def _document(
    stack: StackState, loads: dict[int, tuple[float, float]]
) -> dict[str, Any]:
    def one(process: ProcessState) -> dict[str, Any]:
        cpu, memory = loads.get(process.pid or 0, (None, None))
        return {
            "pid": process.pid,
            "state": process.phase,
            "ready": process.ready,
            "restarts": process.restarts,
            "exit_code": process.exit_code,
            "reason": process.reason,
            "cpu_percent": cpu,
            "memory_mib": memory,
        }

    report = _report(stack)
    core = None
    if report is not None:
        core = {
            "rung": report.rung,
            "causes": list(report.causes),
            "rate_hz": report.ledger.rate,
            "busy_p99_us": 1e6 * report.ledger.busy.p99,
            "overruns": report.ledger.overruns,
        }
    return {
        "namespace": stack.namespace,
        "pid": stack.pid,
        "started": stack.started,
        "phase": stack.phase,
        "arguments": stack.arguments,
        "table": stack.table,
        "logs": stack.logs,
        "core": core,
        "processes": {name: one(p) for name, p in stack.processes.items()},
    }


def _loads(states: list[ProcessState]) -> dict[int, tuple[float, float]]:
    """Return CPU share [%] and memory [MiB] of each process with its children."""
    families: dict[int, list[psutil.Process]] = {}
    for pid in (state.pid for state in states):
        with contextlib.suppress(psutil.Error):
            if pid is not None:
                leader = psutil.Process(pid)
                families[pid] = [leader, *leader.children(recursive=True)]
    for process in (p for family in families.values() for p in family):
        with contextlib.suppress(psutil.Error):
            process.cpu_percent()  # the first call only sets the start
    if families:
        time.sleep(_SAMPLE)
    loads = {}
    for pid, family in families.items():
        cpu, memory = 0.0, 0.0
        for process in family:
            with contextlib.suppress(psutil.Error):
                cpu += process.cpu_percent()
                memory += process.memory_info().rss / _MIB
        loads[pid] = (round(cpu, 1), round(memory, 1))
    return loads
