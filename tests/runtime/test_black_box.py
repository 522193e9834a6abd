# SPDX-License-Identifier: Apache-2.0
"""The past survives the loop, whatever ends it, and reads back bit for bit."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from renxing.errors import ConfigError, DeviceError
from renxing.runtime.black_box import BlackBox, BlackBoxReader
from renxing.runtime.black_box_file import definition, dump, load
from renxing.runtime.black_box_helper import Dumper
from renxing.runtime.block_layout import CYCLE, STAMP, Field, Layout, field_views

JOINTS = ("left_knee", "right_knee", "waist-yaw")
LAYOUT = Layout(
    name="loop",
    fields=(
        Field("position", (3,)),
        Field("command", (3,)),
        Field("rotation", (3, 3)),
        Field("phases", (3,), "i8"),
        Field("flags", (), "u8"),
    ),
    joints=JOINTS,
)
SECOND = 1_000_000_000  # [ns]
# Fills every number with that of the cycle.
HAMMER = """
import sys, time
from pathlib import Path
from renxing.runtime.black_box import BlackBox
from renxing.runtime.block_layout import read_layout
layout = read_layout(sys.argv[2].encode())
box = BlackBox("b", layout, rate=1000, seconds=20, folder=Path(sys.argv[1]))
fields = [box.frame[field.name] for field in layout.fields]
for cycle in range(1, int(sys.argv[3])):
    for field in fields:
        field[...] = cycle
    box.frame.prefix[1] = 1_000_000 * cycle
    box.frame.prefix[2] = cycle
    box.append()
    if cycle == 30_000:
        print("ready", flush=True)
    if cycle > 30_000 and cycle % 20 == 0:
        time.sleep(0.001)  # some 20 times as fast as a real loop
time.sleep(60)
"""


def make(folder: Path, seconds: float = 1.0) -> BlackBox:
    return BlackBox("b", LAYOUT, rate=100, seconds=seconds, folder=folder)


def fill(box: BlackBox, cycles: int) -> np.ndarray:
    random = np.random.default_rng(0)
    rows = []
    for cycle in range(cycles):
        box.frame["position"][:] = random.normal(size=3)
        box.frame["command"][:] = np.nan
        box.frame["flags"][...] = 2**64 - 1 - cycle
        box.frame["phases"][:] = -cycle
        box.frame.prefix[STAMP] = SECOND + 10_000_000 * cycle
        box.frame.prefix[CYCLE] = cycle
        box.append()
        rows.append(np.frombuffer(box.frame.buffer, dtype="<u8").copy())
    return np.array(rows)


@pytest.mark.parametrize("cycles", [0, 1, 150, 1234])
def test_a_dump_reads_back_bit_for_bit(tmp_path: Path, cycles: int) -> None:
    box = make(tmp_path)
    rows = fill(box, cycles).reshape(-1, LAYOUT.words)[-199:]
    result = dump("b", tmp_path / "x.mcap", "fall", {"robot": "rx1"}, folder=tmp_path)
    assert (result.error, result.rows) == ("", len(rows))
    past = load(Path(result.path))
    assert past.layout == LAYOUT
    assert past.words.tobytes() == rows.tobytes()
    fields = field_views(LAYOUT, rows)
    for name, values in past.fields.items():
        assert values.tobytes() == fields[name].tobytes()
        assert values.shape == fields[name].shape
    assert past.reason == "fall"
    assert past.metadata["joints"] == "left_knee right_knee waist-yaw"
    assert past.metadata["robot"] == "rx1"
    assert past.metadata["writer"] == "alive"


def test_the_last_seconds_only(tmp_path: Path) -> None:
    box = make(tmp_path)
    fill(box, 150)
    rows = BlackBoxReader("b", folder=tmp_path).rows(seconds=0.5)
    assert rows[:, CYCLE].tolist() == list(range(100, 150))


def test_tools_see_named_joints(tmp_path: Path) -> None:
    text = definition(LAYOUT)
    assert "renxing/JointsF8 position\nrenxing/JointsF8 command\n" in text
    assert "float64[9] rotation\nrenxing/JointsI8 phases\nuint64 flags\n" in text
    assert "float64 left_knee\nfloat64 right_knee\nfloat64 waist_yaw\n" in text


def test_a_ros_decoder_reads_what_was_written(tmp_path: Path) -> None:
    reader = pytest.importorskip("mcap_ros2.reader")
    fill(make(tmp_path), 20)
    dump("b", tmp_path / "x.mcap", "fall", folder=tmp_path)
    past = load(tmp_path / "x.mcap")
    messages = [m.ros_msg for m in reader.read_ros2_messages(tmp_path / "x.mcap")]
    for i, message in enumerate(messages):
        assert message.position.left_knee == past.fields["position"][i, 0]
        assert message.flags == past.fields["flags"][i]
        assert message.cycle == i


def test_a_dump_while_the_loop_writes_has_no_torn_row(tmp_path: Path) -> None:
    process = _hammer(tmp_path, 10**9)
    try:
        seen = 0
        for _ in range(5):
            rows = BlackBoxReader("b", folder=tmp_path).rows()
            cycles = rows[:, CYCLE].astype(np.int64)
            seen += len(rows)
            assert (np.diff(cycles) == 1).all()
            for values in field_views(LAYOUT, rows).values():
                whole = values.reshape(len(rows), -1) == cycles[:, None]
                assert whole.all()
        # A copy that the loop has lapped is empty, which a busy machine may cause.
        assert seen > 0
    finally:
        process.kill()
        process.communicate()


def test_the_past_of_a_killed_loop_is_there_and_goes_on(tmp_path: Path) -> None:
    process = _hammer(tmp_path, 30_001)
    process.kill()
    process.communicate()
    result = dump("b", tmp_path / "x.mcap", "crash", folder=tmp_path)
    past = load(Path(result.path))
    assert past.metadata["writer"] == "dead"
    assert past.words[-1, CYCLE] == 30_000
    assert len(past.words) == 20_999
    box = BlackBox("b", LAYOUT, rate=1000, seconds=20, folder=tmp_path)
    box.frame.prefix[CYCLE] = 5
    box.append()
    rows = BlackBoxReader("b", folder=tmp_path).rows()
    assert rows[-2:, CYCLE].tolist() == [30_000, 5]


def test_a_refusing_disk_is_a_value_and_the_ring_goes_on(tmp_path: Path) -> None:
    box = make(tmp_path)
    fill(box, 10)
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    assert dump("b", blocked / "x.mcap", "fall", folder=tmp_path).error
    result = dump("b", tmp_path / "x.mcap", "fall", folder=tmp_path, keep_free=2**62)
    assert "on the disk" in result.error
    assert "not there" in dump("c", tmp_path / "y.mcap", "", folder=tmp_path).error
    fill(box, 10)
    assert len(BlackBoxReader("b", folder=tmp_path).rows()) == 20


def test_a_disk_that_fills_up_leaves_what_fitted(tmp_path: Path) -> None:
    fill(BlackBox("b", LAYOUT, rate=1000, seconds=30, folder=tmp_path), 30_000)
    # Larger files are refused as a full disk refuses them.
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from renxing.runtime.black_box_file import dump\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, 10**6))\n"
        "folder = Path(sys.argv[1])\n"
        "result = dump('b', folder / 'x.mcap', 'fall', folder=folder)\n"
        "print(result.error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE, check=True
    )
    assert b"File too large" in done.stdout
    past = load(tmp_path / "x.mcap")
    cycles = past.words[:, CYCLE].astype(np.int64)
    assert 1000 < len(cycles) < 30_000
    assert (np.diff(cycles) == 1).all()


def test_the_helper_writes_beside_the_loop(tmp_path: Path) -> None:
    dumper = Dumper("b", {"robot": "rx1"}, folder=tmp_path)
    box = make(tmp_path)
    fill(box, 50)
    assert dumper.request(tmp_path / "a.mcap", "fall") == ""
    results = []
    end = time.monotonic() + 60.0
    while not results and time.monotonic() < end:
        results = dumper.results()
        time.sleep(0.01)
    assert [r.rows for r in results] == [50]
    assert dumper.request(tmp_path / "a.mcap", "again") == ""
    assert dumper.request(tmp_path / "a.mcap", "x" * 5000).endswith("too long")
    assert dumper.request(Path("/proc/none/a.mcap"), "no folder") == ""
    again, refused = dumper.close()
    assert (again.path, again.error) == (str(tmp_path / "a-1.mcap"), "")
    assert refused.error
    assert load(tmp_path / "a-1.mcap").metadata["robot"] == "rx1"


def test_a_helper_that_has_died_is_a_value(tmp_path: Path) -> None:
    dumper = Dumper("b", folder=tmp_path)
    os.kill(dumper.pid, 9)
    dumper._process.wait()
    assert "does not listen" in dumper.request(tmp_path / "a.mcap", "fall")
    assert dumper.results() == []
    assert dumper.close() == []


def test_errors_name_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="hold no cycle"):
        make(tmp_path, seconds=0.0)
    with pytest.raises(DeviceError, match="not there"):
        BlackBoxReader("b", folder=tmp_path)
    make(tmp_path)
    with pytest.raises(ConfigError, match="one writer"):
        make(tmp_path)
    for content in (b"", b"no mcap"):
        (tmp_path / "x.mcap").write_bytes(content)
        with pytest.raises(ConfigError):
            load(tmp_path / "x.mcap")
    with pytest.raises(ConfigError):
        load(tmp_path / "none.mcap")


def _hammer(folder: Path, cycles: int) -> "subprocess.Popen[str]":
    layout = LAYOUT.description.decode()
    command = [sys.executable, "-c", HAMMER, str(folder), layout, str(cycles)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "ready\n"
    return process
