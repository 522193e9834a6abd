# SPDX-License-Identifier: Apache-2.0
"""Period of the real-time loop with the whole core in it, beside a bare sleep loop.

The core is rx1's: MuJoCo in the loop's thread, guard, ladder, controllers of the
robot's file, boards, shared block, black box, ledger. A second thread takes its news;
a ROS node in another process publishes all states with a subscriber to joint_states, as
in a real stack. Where ROS is missing that part is left out and said. Both loops run in
the same thread with the same rights, by turns of two seconds, so that other load on the
machine touches both alike. The period error is the distance between two starts from
the period.
"""

import argparse
import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import psutil

from renxing.cli.bench import Row
from renxing.errors import DeviceError
from renxing.resources import resource_root
from renxing.runtime.core_process import CoreProcess
from renxing.runtime.core_setup import add_arguments
from renxing.runtime.ledger_report import Bookkeeper, LedgerReport, times_of
from renxing.runtime.rights import RightsConfig, claim_rights

RATES = (500, 1000)  # [Hz]
WINDOW = 2.0  # [s]
SETTLE = 4.0  # [s] that the core runs before the first turn
_RATE = "controller_manager: {ros__parameters: {update_rate: %d}}\n"


@contextlib.contextmanager
def _listeners(space: str) -> Iterator[dict[str, psutil.Process]]:
    """The ROS node of the core and a subscriber, where there is ROS."""
    if importlib.util.find_spec("rclpy") is None:
        yield {}
        return
    benchmark = Path(__file__).with_name("joint_states.py")
    topic = f"/{space}/joint_states"
    commands = {
        "node": ["-m", "renxing.nodes.host", "controller_manager", "--ros-args"]
        + ["-r", f"__ns:=/{space}"],
        "subscriber": [str(benchmark), "--subscribe", topic, "1e9"],
    }
    with contextlib.ExitStack() as stack:
        found = {}
        for name, words in commands.items():
            process = subprocess.Popen(
                [sys.executable, *words],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
            found[name] = psutil.Process(process.pid)
        yield found


def run(seconds: float | None) -> list[Row]:
    """Measure both rates."""
    rows = []
    for rate in RATES:
        # In a child: this process must not be left with a real-time priority.
        child = subprocess.run(
            [sys.executable, __file__, str(rate), str(seconds or 120.0)],
            stdout=subprocess.PIPE,
        )
        if child.returncode != 0:
            raise DeviceError(f"benchmark: the loop at {rate} Hz failed")
        rows += [Row(**row) for row in json.loads(child.stdout)]
    return rows


def measure(rate: int, seconds: float) -> list[Row]:
    """Run both loops by turns."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RENXING_RUN_DIR"] = folder
        space = f"bench_{os.getpid()}"
        own = Path(folder) / "rate.yaml"
        own.write_text(_RATE % rate)
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        robot = resource_root() / "config/controllers/rx1.yaml"
        words = ["--namespace", space, "--parameters", str(robot), str(own)]
        process = CoreProcess(parser.parse_args(words))
        process.open()
        try:
            with _listeners(space) as listeners:
                return _measure(process, rate, seconds, listeners)
        finally:
            process.close()


def _measure(
    process: CoreProcess,
    rate: int,
    seconds: float,
    listeners: dict[str, psutil.Process],
) -> list[Row]:
    core, pacer = process.core, process.pacer
    cycles = round(WINDOW * rate)
    starts = np.zeros(cycles, dtype=np.int64)
    refused = claim_rights(RightsConfig())
    pacer.start()
    for _ in range(round(SETTLE * rate)):
        process.turn()
    active = [spec.name for spec in core.manager.loader.all() if spec.active]
    windows = max(1, round(seconds / (2 * WINDOW)))
    bare: list[npt.NDArray[np.int64]] = []
    ours: list[npt.NDArray[np.int64]] = []
    bare_late = late = 0
    rows = []
    spent = dict.fromkeys(["loop", *listeners], 0.0)
    updates: dict[str, list[float]] = {}
    for _ in range(windows):
        bare_late += _bare(rate, starts)
        bare.append(starts.copy())
        before = {name: _cpu(one) for name, one in listeners.items()}
        begin, own = time.monotonic(), time.thread_time()
        pacer.start()
        seen = pacer.overruns
        for i in range(cycles):
            starts[i] = pacer.woke
            process.turn()
        late += pacer.overruns - seen
        wall = (time.monotonic() - begin) * windows
        spent["loop"] += (time.thread_time() - own) / wall
        for name, one in listeners.items():
            spent[name] += (_cpu(one) - before[name]) / wall
        ours.append(starts.copy())
        rows.append(core.ledger.rows()[-cycles:])
        for name, times in core.manager.update_times().items():
            updates.setdefault(name, []).extend(times)
    note = "; ".join(f"{r.right} refused: {r.reason}" for r in refused) or "all rights"
    report = Bookkeeper(core.ledger.phases, pacer.period).report(np.vstack(rows), 1e9)
    with_ros = "ROS listens" if listeners else "no ROS here"
    return [
        _period(f"{rate} Hz: bare sleep", rate, bare, note),
        _period(
            f"{rate} Hz: whole core", rate, ours, f"{with_ros}, {len(active)} active"
        ),
        _share(f"{rate} Hz: bare sleep, overruns", bare_late / (windows * cycles), ""),
        _share(
            f"{rate} Hz: whole core, overruns", late / (windows * cycles), _why(report)
        ),
        *_phases(rate, report, updates),
        *(_share(f"{rate} Hz: CPU of {n}", s, "of one core") for n, s in spent.items()),
    ]


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _bare(rate: int, starts: npt.NDArray[np.int64]) -> int:
    period = 1_000_000_000 // rate
    due = time.monotonic_ns()
    late = 0
    for i in range(len(starts)):
        starts[i] = now = time.monotonic_ns()
        due += period
        if now > due:
            late += 1
            due = now
        time.sleep(1e-9 * (due - now))
    return late


def _period(
    name: str, rate: int, starts: list[npt.NDArray[np.int64]], note: str
) -> Row:
    errors = 1e-3 * np.abs(np.concatenate([np.diff(s) for s in starts]) - 1e9 / rate)
    tail, worst = np.percentile(errors, (99.9, 100))
    return Row(
        name=f"{name}, period error",
        unit="us",
        median=float(np.median(errors)),
        p99=float(np.percentile(errors, 99)),
        note=f"p99.9 {tail:.0f}, max {worst:.0f}, {len(errors)} cycles"
        + (f"; {note}" if note else ""),
    )


def _share(name: str, share: float, note: str) -> Row:
    percent = 100.0 * share
    return Row(name=name, unit="%", median=percent, p99=percent, note=note)


def _why(report: LedgerReport) -> str:
    return ", ".join(f"{name} {n}" for name, n in report.blamed.items() if n)


def _phases(
    rate: int, report: LedgerReport, updates: dict[str, list[float]]
) -> list[Row]:
    controllers = [
        times_of(f"update of {name}", np.array(times) * 1e9)
        for name, times in updates.items()
    ]
    return [
        Row(
            name=f"{rate} Hz: {times.name}",
            unit="us",
            median=1e6 * times.median,
            p99=1e6 * times.p99,
            note=f"max {1e6 * times.maximum:.0f}",
        )
        for times in (report.wake, *report.phases, report.busy, *controllers)
        if times.maximum > 0.0
    ]


if __name__ == "__main__":
    found = measure(int(sys.argv[1]), float(sys.argv[2]))
    json.dump([asdict(row) for row in found], sys.stdout)
