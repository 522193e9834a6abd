# SPDX-License-Identifier: Apache-2.0
"""Shared memory between processes: one exchange of all joint values, and its delay.

The frame is that of a 43-joint robot: five numbers a joint, two inertial samples, two
wrenches, flags. Beside it, in turns: the bare copy of as many bytes. Delays are from
the stamp of the writer to the end of a successful read in another process that polls,
at normal priority.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from renxing.cli.bench import Row
from renxing.errors import DeviceError
from renxing.runtime.block_layout import Field, Layout
from renxing.runtime.shared_block import BlockReader, BlockWriter, Reading

JOINTS = tuple(f"joint_{i}" for i in range(43))
PARTS = ("position", "velocity", "effort", "temperature", "current")
LAYOUT = Layout(
    name="bus",
    fields=(
        *(Field(part, (len(JOINTS),)) for part in PARTS),
        Field("imu", (2, 15)),
        Field("wrench", (2, 6)),
        Field("flags", (), "u8"),
    ),
    joints=JOINTS,
)
TURN = 500  # exchanges in a turn
RATE = 1000.0  # [Hz] of the writer while delays are measured


def run(seconds: float | None) -> list[Row]:
    """Measure exchange and delays."""
    budget = (seconds or 12.0) / 4
    name = f"benchmark.{os.getpid()}"
    rows = _exchange(name, budget, checksum=False)
    rows += _exchange(name, budget, checksum=True)[2:]
    for poll in (0.0, 1e-4):
        rows.append(_delay(name, budget, poll))
    return rows


def _exchange(name: str, budget: float, checksum: bool) -> list[Row]:
    writer = BlockWriter(name, LAYOUT, checksum=checksum)
    reader = BlockReader(name, LAYOUT)
    source, target = bytearray(LAYOUT.words * 8), bytearray(LAYOUT.words * 8)
    raw_source, raw_target = memoryview(source), memoryview(target)
    values = np.linspace(0.0, 1.0, len(JOINTS))

    def raw() -> None:
        raw_target[:] = raw_source

    def fill() -> None:
        for part in PARTS:
            writer.frame[part][:] = values

    def whole() -> None:
        fill()
        writer.publish()
        reader.read()

    def handed() -> None:
        writer.publish()
        reader.read()

    cases = {
        f"bare memoryview copy, {len(source)} bytes": raw,
        "fill 5 joint vectors": fill,
        "publish": writer.publish,
        "publish + read": handed,
        "fill + publish + read": whole,
    }
    times: dict[str, list[float]] = {case: [] for case in cases}
    end = time.monotonic() + budget
    while time.monotonic() < end:
        for case, call in cases.items():
            times[case].append(_time(call))
    writer.close()
    note = "with checksum" if checksum else "one process"
    return [_row(case, samples, note) for case, samples in times.items()]


def _time(call: Callable[[], None]) -> float:
    start = time.perf_counter()
    for _ in range(TURN):
        call()
    return 1e6 * (time.perf_counter() - start) / TURN


def _delay(name: str, budget: float, poll: float) -> Row:
    writer = BlockWriter(name, LAYOUT)
    reader = subprocess.Popen(
        [sys.executable, __file__, name, str(budget), str(poll)], stdout=subprocess.PIPE
    )
    due = time.monotonic()
    while reader.poll() is None:
        writer.publish()
        due += 1.0 / RATE
        time.sleep(max(0.0, due - time.monotonic()))
    output, _ = reader.communicate()
    writer.close()
    if reader.returncode != 0:
        raise DeviceError("benchmark: the reading process failed")
    way = "spinning" if poll == 0.0 else f"sleeping {1e6 * poll:.0f} us"
    delays = json.loads(output)
    return _row(f"two processes, reader {way}", delays, f"{len(delays)} frames")


def _row(name: str, samples: list[float], note: str) -> Row:
    return Row(
        name=name,
        unit="us",
        median=float(np.median(samples)),
        p99=float(np.percentile(samples, 99)),
        minimum=min(samples),
        note=f"{note}, max {max(samples):.3g}",
    )


def read_for(name: str, seconds: float, poll: float) -> list[float]:
    """Poll a block and return the delay of each frame [us]."""
    reader = BlockReader(name, LAYOUT, timeout=5.0)
    delays = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if reader.read() is Reading.NEW:
            delays.append(1e6 * reader.age())
        elif poll:
            time.sleep(poll)
    return delays


if __name__ == "__main__":
    json.dump(read_for(sys.argv[1], *map(float, sys.argv[2:])), sys.stdout)
