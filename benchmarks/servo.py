# SPDX-License-Identifier: Apache-2.0
"""Frames per second, CPU share and cycle jitter of the servo buses, standing on them.

rx1 stands in the simulation by frames on all of its buses. A loop at the rate of the
core commands the joints; it and a bare sleep loop of the same rate run with the same
rights, in processes of their own and at the same time. The period error is the distance
between two starts from the period.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict

import numpy as np
import numpy.typing as npt

from renxing.cli.bench import Row
from renxing.errors import DeviceError
from renxing.robot import Robot, load_robot
from renxing.runtime.block_layout import Frame
from renxing.runtime.default_hardware import default_hardware
from renxing.runtime.rights import RightsConfig, claim_rights
from renxing.runtime.servo.bench import PlantBench, servo_bench
from renxing.runtime.servo.joint_bus import state_layout
from renxing.runtime.servo.system import ServoSystem
from renxing.runtime.shared_block import BlockReader

RATE = 500  # [Hz] of the core
TICKS = os.sysconf("SC_CLK_TCK")


def run(seconds: float | None) -> list[Row]:
    """Measure a process for each bus, and one for all of them."""
    robot = load_robot("rx1")
    rows = []
    each = max(2.0, (seconds or 40.0) / 2)
    for what, processes in (("a process a bus", None), ("one process", {"buses": ()})):
        bench = servo_bench(robot, processes)
        with bench.running():
            bare = _child("bare", each, bench.name)
            loop = _child("loop", each, bench.name)
            time.sleep(1.0)
            rows += _watch(robot, bench, what, each - 2.0)
            rows += [Row(**row) for child in (bare, loop) for row in _result(child)]
    return rows


def _child(what: str, seconds: float, name: str) -> "subprocess.Popen[bytes]":
    # Not here: this process must not be left with a real-time priority.
    words = [sys.executable, __file__, what, str(seconds), name]
    return subprocess.Popen(words, stdout=subprocess.PIPE)


def _result(child: "subprocess.Popen[bytes]") -> list[dict[str, object]]:
    output, _ = child.communicate()
    if child.returncode != 0:
        raise DeviceError("benchmark: a loop failed")
    found: list[dict[str, object]] = json.loads(output)
    return found


def _watch(robot: Robot, bench: PlantBench, what: str, seconds: float) -> list[Row]:
    """Read each second what the processes say of themselves."""
    buses = {
        bus: BlockReader(f"{bench.name}.{bus}.state", state_layout(joints))
        for bus, joints in ServoSystem(
            default_hardware(robot, "servo")[0], robot, bench.name
        ).joints_of_buses.items()
    }
    before = _cpu(bench)
    start = time.monotonic()
    seen: dict[str, list[list[float]]] = {bus: [] for bus in buses}
    while time.monotonic() < start + seconds:
        time.sleep(1.0)
        for bus, reader in buses.items():
            reader.read()
            seen[bus].append(_figures(reader.frame))
    passed = time.monotonic() - start
    after = _cpu(bench)
    rows = []
    for bus, figures in seen.items():
        frames, p50, p99, worst = np.array(figures).T
        rows += [
            _row(f"{what}: {bus}, frames", "1/s", frames, ""),
            Row(
                name=f"{what}: {bus}, period error",
                unit="us",
                median=1e6 * float(np.median(p50)),
                p99=1e6 * float(np.median(p99)),
                note=f"max {1e6 * worst.max():.0f}; p99 is the median of seconds",
            ),
        ]
    for name in before:
        share = 100.0 * (after[name] - before[name]) / passed
        rows.append(_row(f"{what}: {name}, CPU", "%", np.array([share]), ""))
    return rows


def _figures(frame: Frame) -> list[float]:
    names = ("frames_per_second", "period_p50", "period_p99", "period_max")
    return [float(frame[name]) for name in names]


def _cpu(bench: PlantBench) -> dict[str, float]:
    """Return the processor time of each process so far [s]."""
    found = {}
    for name, process in bench.processes.items():
        with open(f"/proc/{process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        found[name] = (int(fields[11]) + int(fields[12])) / TICKS
    return found


def _row(name: str, unit: str, values: npt.NDArray[np.float64], note: str) -> Row:
    median, p99 = np.percentile(values, (50, 99))
    return Row(name=name, unit=unit, median=float(median), p99=float(p99), note=note)


def _periods(name: str, starts: list[float]) -> Row:
    errors = 1e6 * np.abs(np.diff(starts) - 1.0 / RATE)
    return _row(name, "us", errors, f"max {errors.max():.0f}")


def bare(seconds: float) -> list[Row]:
    """Sleep to a grid of times, and do nothing."""
    claim_rights(RightsConfig(thread_priority=55))
    starts, due = [], time.monotonic()
    for _ in range(round(seconds * RATE)):
        starts.append(time.monotonic())
        due = max(due + 1.0 / RATE, starts[-1])
        time.sleep(max(0.0, due - time.monotonic()))
    return [_periods("bare sleep meanwhile, period error", starts)]


def loop(seconds: float, name: str) -> list[Row]:
    """Hold the robot up, as the core does."""
    robot = load_robot("rx1")
    system = ServoSystem(default_hardware(robot, "servo")[0], robot, name)
    system.on_init()
    system.state = np.full(len(system.state_names()), np.nan)
    system.command = np.full(len(system.command_names()), np.nan)
    system.on_configure()
    rows = system.command.reshape(5, -1)
    rows[0], rows[1:3] = robot.posture("stand"), 0.0
    rows[3], rows[4] = robot.kp, robot.kd
    claim_rights(RightsConfig())
    system.on_activate()
    starts, busy, due = [], [], time.monotonic()
    for _ in range(round(seconds * RATE)):
        starts.append(time.monotonic())
        system.read(0.0, 1.0 / RATE)
        system.write(0.0, 1.0 / RATE)
        busy.append(1e6 * (time.monotonic() - starts[-1]))
        due = max(due + 1.0 / RATE, starts[-1])
        time.sleep(max(0.0, due - time.monotonic()))
    away = float(np.abs(system.state[: len(robot.joints)] - rows[0]).max())
    system.on_deactivate()
    system.on_shutdown()
    return [
        _periods("loop that holds it, period error", starts),
        _row("loop that holds it, read and write", "us", np.array(busy), ""),
        _row("farthest joint from its posture", "rad", np.array([away]), ""),
    ]


if __name__ == "__main__":
    _, task, span, bus_name = sys.argv
    made = bare(float(span)) if task == "bare" else loop(float(span), bus_name)
    json.dump([asdict(row) for row in made], sys.stdout)
