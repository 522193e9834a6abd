# SPDX-License-Identifier: Apache-2.0
"""The file of a recording, whatever ends it; without ROS."""

import resource
from pathlib import Path

import pytest
from mcap.reader import make_reader

from renxing.errors import ConfigError, DeviceError
from renxing.runtime.recording import Recording

NOISE = bytes(range(256)) * 64


def fill(recording: Recording, first: int, count: int) -> None:
    channel = recording.add_channel("/x", "std_msgs/msg/String", "string data", {})
    for stamp in range(first, first + count):
        recording.write(channel, stamp, stamp.to_bytes(8, "little") + NOISE)


def stamps(path: Path) -> list[int]:
    with path.open("rb") as stream:
        return [m.log_time for _, _, m in make_reader(stream).iter_messages()]


def test_written_and_read(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "new" / "a.mcap", {"robot": "rx1"}, 0)
    fill(recording, 0, 50)
    recording.close()
    recording.close()
    assert stamps(recording.path) == list(range(50))
    assert recording.messages == 50
    with pytest.raises(DeviceError, match="finished"):
        fill(recording, 50, 1)


def test_what_was_flushed_can_be_read_while_it_is_open(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "a.mcap", {}, 0)
    assert stamps(recording.path) == []
    for first in (0, 10):
        fill(recording, first, 10)
        recording.flush()
        fill(recording, first + 10, 1)
        assert stamps(recording.path)[-10:] == list(range(first, first + 10))
    recording.close()
    assert len(stamps(recording.path)) == 22


def test_an_old_file_is_kept(tmp_path: Path) -> None:
    paths = []
    for _ in range(3):
        recording = Recording(tmp_path / "a.mcap", {}, 0)
        recording.close()
        paths.append(recording.path.name)
    assert paths == ["a.mcap", "a-1.mcap", "a-2.mcap"]


def test_a_disk_that_refuses_leaves_a_readable_file(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "a.mcap", {}, 0)
    fill(recording, 0, 20)
    recording.flush()
    whole = recording.size
    # The system takes a part of a write and refuses the rest, as a full disk does.
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (whole + 100, hard))
    try:
        fill(recording, 20, 20)
        with pytest.raises(DeviceError, match="too large"):
            recording.flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert stamps(recording.path) == list(range(20))
    recording.close()


def test_space_is_left_on_the_disk(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "a.mcap", {}, 0)
    fill(recording, 0, 20)
    recording._keep_free = 2**62
    with pytest.raises(DeviceError, match="are to stay free"):
        recording.flush()
    assert stamps(recording.path) == list(range(20))
    with pytest.raises(ConfigError, match="are to stay free"):
        Recording(tmp_path / "b.mcap", {}, 2**62)
    assert not (tmp_path / "b.mcap").exists()


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="recording"):
        Recording(tmp_path / "file" / "a.mcap", {}, 0)
