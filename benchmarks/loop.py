# SPDX-License-Identifier: Apache-2.0
"""Period of the real-time loop with the whole core in it, beside a bare sleep loop.

The core is rx1's: MuJoCo in the loop's thread, guard, ladder, controllers of the
robot's file, boards, shared block, black box, ledger. A second thread takes its news;
a ROS node in another process publishes all states with a subscriber to joint_states, as
in a real stack. Where ROS is missing that part is left out and said. Two sets of
controllers are measured: the robot held in a posture, and the walking stack (estimator,
gait, whole-body controller). Both loops run in the same thread with the same rights, by
turns of two seconds, so that other load on the machine touches both alike; a core that
has rested for two seconds finds nothing in the caches, so that its first cycles after
that are not counted. The period error is the distance between two starts from the
period.
"""

import argparse
import contextlib
import importlib.util
import itertools
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
import yaml

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
WARM = 0.05  # [s] that it runs before each turn
STACKS = {"posture": ("posture",), "walking": ("state_estimator", "locomotion")}


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
    """Measure both sets of controllers at both rates."""
    rows = []
    for stack, rate in itertools.product(STACKS, RATES):
        # In a child: this process must not be left with a real-time priority.
        child = subprocess.run(
            [sys.executable, __file__, stack, str(rate), str(seconds or 120.0)],
            stdout=subprocess.PIPE,
        )
        if child.returncode != 0:
            raise DeviceError(f"benchmark: the loop at {rate} Hz failed")
        rows += [Row(**row) for row in json.loads(child.stdout)]
    return rows


def measure(stack: str, rate: int, seconds: float) -> list[Row]:
    """Run the bare loop and a core with one of `STACKS` by turns."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RENXING_RUN_DIR"] = folder
        space = f"bench_{os.getpid()}"
        robot = resource_root() / "config/controllers/rx1.yaml"
        own = Path(folder) / "bench.yaml"
        own.write_text(_parameters(robot, stack, rate))
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        words = ["--namespace", space, "--parameters", str(robot), str(own)]
        process = CoreProcess(parser.parse_args(words))
        process.open()
        try:
            with _listeners(space) as listeners:
                return _measure(process, f"{stack}, {rate} Hz", seconds, listeners)
        finally:
            process.close()


def _parameters(robot: Path, stack: str, rate: int) -> str:
    """Return a parameter file with one of `STACKS` besides the robot's broadcasters."""
    controllers = {name for names in STACKS.values() for name in names}
    file = yaml.safe_load(robot.read_text())
    own = file["core"]["ros__parameters"]["start_controllers"]
    start = [name for name in own if name not in controllers] + list(STACKS[stack])
    return yaml.safe_dump(
        {
            "core": {"ros__parameters": {"start_controllers": start}},
            "controller_manager": {"ros__parameters": {"update_rate": rate}},
        }
    )


def _measure(
    process: CoreProcess,
    name: str,
    seconds: float,
    listeners: dict[str, psutil.Process],
) -> list[Row]:
    core, pacer = process.core, process.pacer
    rate = round(core.manager.settings.update_rate)
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
        pacer.start()
        for _ in range(round(WARM * rate)):
            process.turn()
        before = {part: _cpu(one) for part, one in listeners.items()}
        begin, own = time.monotonic(), time.thread_time()
        seen = pacer.overruns
        for i in range(cycles):
            starts[i] = pacer.woke
            process.turn()
        late += pacer.overruns - seen
        wall = (time.monotonic() - begin) * windows
        spent["loop"] += (time.thread_time() - own) / wall
        for part, one in listeners.items():
            spent[part] += (_cpu(one) - before[part]) / wall
        ours.append(starts.copy())
        rows.append(core.ledger.rows()[-cycles:])
        for controller, times in core.manager.update_times().items():
            updates.setdefault(controller, []).extend(times)
    note = "; ".join(f"{r.right} refused: {r.reason}" for r in refused) or "all rights"
    report = Bookkeeper(core.ledger.phases, pacer.period).report(np.vstack(rows), 1e9)
    with_ros = "ROS listens" if listeners else "no ROS here"
    return [
        _period(f"{name}: bare sleep", rate, bare, note),
        _period(f"{name}: whole core", rate, ours, f"{with_ros}, {len(active)} active"),
        _share(f"{name}: bare sleep, overruns", bare_late / (windows * cycles), ""),
        _share(
            f"{name}: whole core, overruns", late / (windows * cycles), _why(report)
        ),
        *_phases(name, report, updates),
        *(_share(f"{name}: CPU of {n}", s, "of one core") for n, s in spent.items()),
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
    name: str, report: LedgerReport, updates: dict[str, list[float]]
) -> list[Row]:
    controllers = [
        times_of(f"update of {controller}", np.array(times) * 1e9)
        for controller, times in updates.items()
    ]
    return [
        Row(
            name=f"{name}: {times.name}",
            unit="us",
            median=1e6 * times.median,
            p99=1e6 * times.p99,
            note=f"max {1e6 * times.maximum:.0f}",
        )
        for times in (report.wake, *report.phases, report.busy, *controllers)
        if times.maximum > 0.0
    ]


if __name__ == "__main__":
    found = measure(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
    json.dump([asdict(row) for row in found], sys.stdout)
