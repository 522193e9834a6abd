# SPDX-License-Identifier: Apache-2.0
"""Period of the real-time loop with its real load, beside a bare sleep loop.

The load is a cycle of rx1: hold controller, twin in lock-step, a published block, a
row of the black box, the ledger. Both loops run in the same thread with the same
rights, by turns of two seconds, so that other load on the machine touches both alike.
The period error is the distance between two starts from the period.
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
from renxing.control.hold import Hold, HoldConfig
from renxing.errors import DeviceError
from renxing.robot import load_robot
from renxing.runtime.black_box import BlackBox
from renxing.runtime.block_layout import Field, Layout
from renxing.runtime.ledger import PHASES, Ledger
from renxing.runtime.ledger_report import Bookkeeper, LedgerReport
from renxing.runtime.pacer import Pacer
from renxing.runtime.rights import RightsConfig, claim_rights
from renxing.runtime.shared_block import BlockWriter
from renxing.sim import Twin, load_world

RATES = (500, 1000)  # [Hz]
WINDOW = 2.0  # [s]
STATES = ("position", "velocity", "effort", "temperature")
COMMANDS = ("position", "velocity", "effort", "proportional", "derivative")
READ, _, UPDATE, _, _, WRITE, SEND = range(len(PHASES))


class Load:
    """A cycle of the loop, phase by phase."""

    def __init__(self, rate: int) -> None:
        """Load the robot and make blocks for it."""
        robot = load_robot("rx1")
        self.twin = Twin(robot, load_world("flat"))
        self.hold = Hold(HoldConfig(), robot)
        self.steps = max(1, round(1.0 / (rate * self.twin.time_step)))
        count = (len(robot.joints),)
        fields = [Field(f"state_{name}", count) for name in STATES]
        fields += [Field(f"command_{name}", count) for name in COMMANDS]
        fields += [Field("phases", (len(PHASES),), "i8"), Field("skipped", (), "u8")]
        layout = Layout(name="loop", fields=tuple(fields), joints=tuple(robot.joints))
        name = f"benchmark.{os.getpid()}"
        self.block = BlockWriter(f"{name}.block", layout)
        self.box = BlackBox(f"{name}.box", layout, rate=rate)
        self.ledger = Ledger(rate, seconds=2.0 * WINDOW)
        frame = self.block.frame
        self.states = [(frame[f"state_{name}"], name) for name in STATES]
        self.commands = [(frame[f"command_{name}"], name) for name in COMMANDS]
        self.phases = frame["phases"]

    def cycle(self, pacer: Pacer) -> None:
        """Do what the loop does in one cycle."""
        ledger = self.ledger
        ledger.begin(pacer.cycle, pacer.woke, pacer.due)
        state = self.twin.joint_state()
        for view, name in self.states:
            view[:] = getattr(state, name)
        ledger.mark(READ)
        command = self.hold.step(self.twin.time)
        for view, name in self.commands:
            view[:] = getattr(command, name)
        ledger.mark(UPDATE)
        self.twin.step(command, self.steps)
        ledger.mark(WRITE)
        self.phases[:] = ledger.last
        self.block.publish(pacer.woke, pacer.cycle)
        self.box.append(self.block.frame)
        ledger.mark(SEND)

    def close(self) -> None:
        """Remove the blocks."""
        self.block.close()
        self.box.close()


def run(seconds: float | None) -> list[Row]:
    """Measure both rates."""
    rows = []
    for rate in RATES:
        # In a child: this process must not be left with a real-time priority.
        child = subprocess.run(
            [sys.executable, __file__, str(rate), str((seconds or 60.0) / len(RATES))],
            stdout=subprocess.PIPE,
        )
        if child.returncode != 0:
            raise DeviceError(f"benchmark: the loop at {rate} Hz failed")
        rows += [Row(**row) for row in json.loads(child.stdout)]
    return rows


def measure(rate: int, seconds: float) -> list[Row]:
    """Run both loops by turns."""
    load = Load(rate)
    for _ in range(rate):  # warm caches, and let the robot settle
        load.cycle(Pacer(rate))
    cycles = round(WINDOW * rate)
    starts = np.zeros(cycles, dtype=np.int64)
    windows = max(1, round(seconds / (2 * WINDOW)))
    bare: list[npt.NDArray[np.int64]] = []
    ours: list[npt.NDArray[np.int64]] = []
    bare_late = late = 0
    ledger_rows = []
    pacer = Pacer(rate)
    refused = claim_rights(RightsConfig())
    try:
        for _ in range(windows):
            bare_late += _bare(rate, starts)
            bare.append(starts.copy())
            pacer.start()
            seen = pacer.overruns
            for i in range(cycles):
                starts[i] = pacer.woke
                load.cycle(pacer)
                load.ledger.end(pacer.wait())
            late += pacer.overruns - seen
            ours.append(starts.copy())
            ledger_rows.append(load.ledger.rows()[-cycles:])
    finally:
        load.close()
    note = "; ".join(f"{r.right} refused: {r.reason}" for r in refused) or "all rights"
    report = Bookkeeper(PHASES, pacer.period).report(np.vstack(ledger_rows), 1e9)
    return [
        _period(f"{rate} Hz: bare sleep", rate, bare, note),
        _period(f"{rate} Hz: pacer with load", rate, ours, ""),
        _share(f"{rate} Hz: bare sleep", bare_late / (windows * cycles), ""),
        _share(f"{rate} Hz: pacer with load", late / (windows * cycles), _why(report)),
        *_phases(rate, report),
    ]


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
    return Row(
        name=f"{name}, overruns", unit="%", median=percent, p99=percent, note=note
    )


def _why(report: LedgerReport) -> str:
    return ", ".join(f"{name} {n}" for name, n in report.blamed.items() if n)


def _phases(rate: int, report: LedgerReport) -> list[Row]:
    return [
        Row(
            name=f"{rate} Hz: {times.name}",
            unit="us",
            median=1e6 * times.median,
            p99=1e6 * times.p99,
            note=f"max {1e6 * times.maximum:.0f}",
        )
        for times in (report.wake, *report.phases, report.busy)
        if times.maximum > 0.0
    ]


if __name__ == "__main__":
    found = measure(int(sys.argv[1]), float(sys.argv[2]))
    json.dump([asdict(row) for row in found], sys.stdout)
