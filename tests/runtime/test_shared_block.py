# SPDX-License-Identifier: Apache-2.0
"""A block is whole or not there: whatever readers do and whenever writers die."""

import errno
import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from renxing.errors import ConfigError, DeviceError, StaleError
from renxing.runtime.block_layout import Field, Frame, Layout, read_layout
from renxing.runtime.shared_block import BlockReader, BlockWriter, Reading

JOINTS = tuple(f"joint_{i}" for i in range(43))
FIELDS = (
    *(Field(name, (43,)) for name in ("position", "velocity", "effort", "kp", "kd")),
    Field("rotation", (3, 3)),
    Field("flags", (), "u8"),
    Field("counts", (4,), "i8"),
)
LAYOUT = Layout(name="state", fields=FIELDS, joints=JOINTS)
EXCHANGES = 200_000

# Fills every number with that of the cycle, which is half the sequence.
HAMMER = """
import sys
from pathlib import Path
from renxing.runtime.block_layout import read_layout
from renxing.runtime.shared_block import BlockWriter
folder, layout, checksum = sys.argv[1:]
writer = BlockWriter(
    "b", read_layout(layout.encode()), checksum=checksum == "1", folder=Path(folder)
)
fields = [writer.frame[field.name] for field in writer.frame.layout.fields]
number = writer._count // 2
print("ready", flush=True)
while True:
    number += 1
    for field in fields:
        field[...] = number
    writer.publish(cycle=number)
"""
# Dies in the middle of a frame.
HALF = """
import sys, time
from pathlib import Path
from renxing.runtime.block_layout import read_layout
from renxing.runtime.shared_block import BlockWriter
writer = BlockWriter("b", read_layout(sys.argv[2].encode()), folder=Path(sys.argv[1]))
writer.frame["position"][:] = 1.0
writer.publish()
writer.frame["position"][:] = 2.0
writer._sequence[0] = writer._count + 1
half = len(writer._target) // 2
writer._target[:half] = writer.frame.buffer[:half]
print("ready", flush=True)
time.sleep(60)
"""
FORKED = """
import os, sys, time
from pathlib import Path
from renxing.runtime.block_layout import read_layout
from renxing.runtime.shared_block import BlockWriter
writer = BlockWriter("b", read_layout(sys.argv[2].encode()), folder=Path(sys.argv[1]))
if os.fork() == 0:
    print(os.getpid(), flush=True)
time.sleep(60)
"""


def start(script: str, folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    layout = LAYOUT.description.decode()
    command = [sys.executable, "-c", script, str(folder), layout, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    process.first = process.stdout.readline().strip()  # type: ignore[attr-defined]
    return process


def kill(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()
    assert process.stdout
    process.stdout.close()


def assert_whole(reader: BlockReader) -> None:
    number = reader.frame.prefix[0] // 2
    assert reader.frame.cycle == number
    for field in FIELDS:
        assert (reader.frame[field.name] == number).all()


def test_values_arrive_bit_for_bit(tmp_path: Path) -> None:
    writer = BlockWriter("b", LAYOUT, folder=tmp_path)
    reader = BlockReader("b", LAYOUT, folder=tmp_path)
    assert reader.read() is Reading.TORN
    assert reader.age() == np.inf
    values = np.random.default_rng(0).normal(size=43)
    values[3] = np.nan
    position = reader.frame["position"]
    writer.frame["position"][:] = values
    writer.frame["flags"][...] = 2**63 + 1
    writer.publish(stamp=5_000_000_000, cycle=7)
    assert reader.read() is Reading.NEW
    assert reader.read() is Reading.SAME
    assert position.tobytes() == values.tobytes()
    assert reader.frame["flags"] == 2**63 + 1
    assert (reader.frame.stamp, reader.frame.cycle) == (5_000_000_000, 7)
    assert reader.age(5_500_000_000) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="read-only"):
        position[0] = 1.0
    writer.close()
    assert reader.read() is Reading.GONE
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("checksum", ["0", "1"])
def test_hammered_by_another_process_every_frame_is_whole(
    tmp_path: Path, checksum: str
) -> None:
    process = start(HAMMER, tmp_path, checksum)
    reader = BlockReader("b", LAYOUT, folder=tmp_path)
    reads = last = 0
    start_time = time.monotonic()
    try:
        while last < 2 * EXCHANGES or reads < EXCHANGES:
            spent = time.monotonic() - start_time
            if spent > (60.0 if last < 2 * EXCHANGES else 4.0):
                break
            if reader.read() is Reading.NEW:
                reads += 1
                assert reader.frame.prefix[0] > last
                last = reader.frame.prefix[0]
                # All numbers at once, for the speed: the layout has no gaps.
                words = np.frombuffer(reader.frame.buffer, dtype="<u8")[4:]
                as_float = np.float64(last // 2).view(np.uint64)
                assert (words[:224] == as_float).all()
                assert (words[224:] == last // 2).all()
    finally:
        kill(process)
    # A reader that gets little time sees little of what is written.
    assert last >= 2 * EXCHANGES
    assert reads > 1000


def test_writers_killed_at_any_moment_are_succeeded(tmp_path: Path) -> None:
    reader = None
    last = 0
    for seed in range(6):
        process = start(HAMMER, tmp_path, "0")
        reader = reader or BlockReader("b", LAYOUT, folder=tmp_path)
        time.sleep(random.Random(seed).uniform(0.01, 0.05))
        for _ in range(1000):
            if reader.read() is Reading.NEW:
                assert reader.frame.prefix[0] > last
                last = reader.frame.prefix[0]
                assert_whole(reader)
        kill(process)
        assert not reader.writer_alive()
    writer = BlockWriter("b", LAYOUT, folder=tmp_path)
    writer.publish()
    assert reader is not None and reader.read() is Reading.NEW
    assert reader.frame.prefix[0] > last > 0
    assert reader.writer_alive()


def test_a_writer_killed_within_a_frame_leaves_the_last_whole_one(
    tmp_path: Path,
) -> None:
    process = start(HAMMER, tmp_path, "0")
    reader = BlockReader("b", LAYOUT, folder=tmp_path)
    while reader.read() is not Reading.NEW:
        pass
    kill(process)
    process = start(HALF, tmp_path)
    kill(process)
    before = reader.frame.buffer.tobytes()
    assert reader.read() is Reading.TORN
    assert reader.frame.buffer.tobytes() == before
    with pytest.raises(StaleError, match=rf"torn; its writer {process.pid} is gone"):
        reader.require(0.0)
    writer = BlockWriter("b", LAYOUT, folder=tmp_path)
    assert writer._file.taken_over
    assert reader.read() is Reading.TORN
    writer.frame["position"][:] = 3.0
    writer.publish()
    assert reader.read() is Reading.NEW
    assert (reader.frame["position"] == 3.0).all()
    reader.require(10.0)


def test_there_is_one_writer(tmp_path: Path) -> None:
    process = start(HAMMER, tmp_path, "0")
    with pytest.raises(ConfigError, match=f"process {process.pid} writes it"):
        BlockWriter("b", LAYOUT, folder=tmp_path)
    kill(process)
    writer = BlockWriter("b", LAYOUT, folder=tmp_path)
    with pytest.raises(ConfigError, match="one writer"):
        BlockWriter("b", LAYOUT, folder=tmp_path)
    writer.close()
    BlockWriter("b", LAYOUT, folder=tmp_path)


def test_a_fork_of_a_dead_writer_does_not_hold_the_block(tmp_path: Path) -> None:
    # Locks belong to descriptors, which a fork inherits with the mapping.
    process = start(FORKED, tmp_path)
    try:
        kill(process)
        BlockWriter("b", LAYOUT, folder=tmp_path)
    finally:
        os.kill(int(process.first), signal.SIGKILL)  # type: ignore[attr-defined]


def test_a_reader_that_is_killed_leaves_the_block(tmp_path: Path) -> None:
    writer = BlockWriter("b", LAYOUT, folder=tmp_path)
    script = (
        "import sys, time; from pathlib import Path\n"
        "from renxing.runtime.block_layout import read_layout\n"
        "from renxing.runtime.shared_block import BlockReader\n"
        "layout = read_layout(sys.argv[2].encode())\n"
        "r = BlockReader('b', layout, folder=Path(sys.argv[1]))\n"
        "print('ready', flush=True); time.sleep(60)\n"
    )
    kill(start(script, tmp_path))
    writer.publish()
    assert BlockReader("b", LAYOUT, folder=tmp_path).read() is Reading.NEW


@pytest.mark.parametrize(
    ("fields", "joints", "complaint"),
    [
        (FIELDS, ("joint_1", "joint_0", *JOINTS[2:]), "joint 0: 'joint_0' there, 'j"),
        (FIELDS, JOINTS[:-1], "joint 42: 'joint_42' there, nothing here"),
        (
            (Field("position", (42,)), *FIELDS[1:]),
            JOINTS,
            r"field 0: 'position' f8 \(43,\) there, 'position' f8 \(42,\) here",
        ),
        (FIELDS[:-1], JOINTS, r"field 7: 'counts' i8 \(4,\) there, nothing here"),
    ],
)
def test_another_layout_is_refused_by_name(
    tmp_path: Path, fields, joints, complaint: str
) -> None:
    writer = BlockWriter("b", LAYOUT, folder=tmp_path)
    other = Layout(name="state", fields=fields, joints=joints)
    with pytest.raises(ConfigError, match=complaint):
        BlockReader("b", other, folder=tmp_path)
    # The next writer replaces it; who reads it learns that it must open it again.
    reader = BlockReader("b", LAYOUT, folder=tmp_path)
    writer._file._unlock()
    BlockWriter("b", other, folder=tmp_path)
    assert reader.read() is Reading.GONE
    with pytest.raises(ConfigError, match="here"):
        reader.reopen()
    BlockReader("b", other, folder=tmp_path)


def test_a_reader_waits_for_its_writer(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="not there; has its writer started"):
        BlockReader("b", LAYOUT, timeout=0.02, folder=tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-c", HAMMER, tmp_path, LAYOUT.description.decode(), "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    BlockReader("b", LAYOUT, timeout=30.0, folder=tmp_path)
    kill(process)


def test_a_damaged_frame_has_the_wrong_checksum(tmp_path: Path) -> None:
    writer = BlockWriter("b", LAYOUT, checksum=True, folder=tmp_path)
    reader = BlockReader("b", LAYOUT, folder=tmp_path)
    writer.publish()
    writer._target[100] ^= 1
    assert reader.read() is Reading.TORN
    writer.publish()
    assert reader.read() is Reading.NEW


def test_files_are_private_and_strange_ones_are_not_trusted(tmp_path: Path) -> None:
    path = tmp_path / "renxing.b"
    path.write_bytes(b"garbage" * 100)
    with pytest.raises(ConfigError, match="not a block"):
        BlockReader("b", LAYOUT, folder=tmp_path)
    writer = BlockWriter("b", LAYOUT, folder=tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    writer._file.header[0] = 0
    with pytest.raises(DeviceError, match="has not finished"):
        BlockReader("b", LAYOUT, folder=tmp_path)
    writer.close()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError):
        BlockWriter("b", LAYOUT, folder=tmp_path)


def test_without_room_there_is_an_error_and_no_file(
    tmp_path: Path, monkeypatch
) -> None:
    def refuse(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    # A sparse file would end the process with SIGBUS at the first store instead.
    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with pytest.raises(DeviceError, match="no room for"):
        BlockWriter("b", LAYOUT, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_layout_survives_its_description_and_refuses_nonsense() -> None:
    assert read_layout(LAYOUT.description) == LAYOUT
    assert Frame(LAYOUT)["rotation"].shape == (3, 3)
    for fields in (
        (Field("a"), Field("a")),
        (Field("stamp"),),
        (Field("a", (0,)),),
        (Field("a", (), "f4"),),
    ):
        with pytest.raises(ConfigError, match="layout 'x': field"):
            Layout(name="x", fields=fields)
    for text in (b"", b"{}", b"[]", b'{"name": 1, "fields": [[]], "joints": []}'):
        with pytest.raises(ConfigError):
            read_layout(text)
