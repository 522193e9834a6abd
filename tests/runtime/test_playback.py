# SPDX-License-Identifier: Apache-2.0
"""Reading a recording, whole, cut off, or not ours; without ROS."""

from pathlib import Path

import pytest
from mcap.writer import CompressionType, Writer

from renxing.errors import ConfigError
from renxing.runtime.playback import Playback
from renxing.runtime.recording import Recording

SECOND = 10**9
KIND = ("std_msgs/msg/String", "string data")


def fill(recording: Recording, first: int, count: int) -> None:
    """Write a message each second, to two topics in turn."""
    channels = [recording.add_channel(t, *KIND, {"a": "b"}) for t in ("/x", "/y")]
    for second in range(first, first + count):
        data = second.to_bytes(8, "little") * 100
        recording.write(channels[second % 2], second * SECOND, data)


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    recording = Recording(tmp_path / "a.mcap", {"robot": "rx1"}, 0)
    for first in (10, 20, 30):
        fill(recording, first, 10)
        recording.flush()
    return recording


def seconds(playback: Playback, **limits: int) -> list[int]:
    spans = {name: value * SECOND for name, value in limits.items()}
    return [m.stamp // SECOND for m in playback.messages(**spans)]


def test_a_whole_recording(recording: Recording) -> None:
    recording.add_metadata("parameters:/core", {"rate": "500"})
    recording.close()
    playback = Playback(recording.path)
    assert playback.whole
    assert playback.metadata == {
        "renxing": {"robot": "rx1"},
        "parameters:/core": {"rate": "500"},
    }
    assert (playback.begin, playback.end) == (10 * SECOND, 39 * SECOND)
    assert playback.duration == 29.0
    x = next(c for c in playback.channels.values() if c.topic == "/x")
    assert (x.kind, x.definition, x.metadata) == (*KIND, {"a": "b"})
    assert (x.encoding, x.language) == ("cdr", "ros2msg")
    assert seconds(playback) == list(range(10, 40))
    assert seconds(playback, begin=19, end=31) == list(range(19, 32))
    y = {number for number, c in playback.channels.items() if c.topic == "/y"}
    found = list(playback.messages(y))
    assert [m.stamp // SECOND for m in found] == list(range(11, 40, 2))
    assert found[0].data == (11).to_bytes(8, "little") * 100


def test_one_that_is_still_written(recording: Recording) -> None:
    fill(recording, 40, 1)  # not yet flushed
    recording.add_metadata("late", {})  # which flushes
    playback = Playback(recording.path)
    assert not playback.whole
    assert seconds(playback) == list(range(10, 41))
    assert set(playback.metadata) == {"renxing", "late"}
    recording.close()


def test_one_that_ends_within_a_record(recording: Recording) -> None:
    whole = recording.path.read_bytes()
    recording.close()
    ends = set()
    # Wherever it is cut: what was complete is there, and nothing else.
    for size in range(len(whole), 0, -7):
        recording.path.write_bytes(whole[:size])
        try:
            playback = Playback(recording.path)
        except ConfigError as error:
            assert "holds no messages" in str(error)
            ends.add(0)
            continue
        found = seconds(playback)
        assert found == list(range(10, 10 + len(found)))
        ends.add(len(found))
    assert ends == {0, 10, 20, 30}


def test_what_is_damaged_in_the_middle(recording: Recording) -> None:
    recording.close()
    data = bytearray(recording.path.read_bytes())
    # The second chunk no longer decompresses.
    chunk = data.index(b"zstd", data.index(b"zstd") + 4)
    data[chunk + 20 : chunk + 60] = bytes(40)
    recording.path.write_bytes(data)
    assert seconds(Playback(recording.path)) == list(range(10, 20))


def test_others_write_without_chunks_and_out_of_order(tmp_path: Path) -> None:
    for chunked in (False, True):
        path = tmp_path / f"{chunked}.mcap"
        with path.open("wb") as stream:
            writer = Writer(
                stream, use_chunking=chunked, compression=CompressionType.NONE
            )
            writer.start()
            channel = writer.register_channel("/z", "json", 0)
            for second in (3, 1, 2):
                writer.add_message(channel, second * SECOND, b"{}", second * SECOND)
            writer.finish()
        playback = Playback(path)
        (z,) = playback.channels.values()
        assert (z.kind, z.encoding, z.language) == ("", "json", "")
        assert playback.duration == 2.0
        assert sorted(seconds(playback)) == [1, 2, 3]
        if chunked:
            assert seconds(playback) == [1, 2, 3]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        (b"", "holds no messages"),
        (b"not an mcap file at all", "not an MCAP file"),
    ],
)
def test_what_is_refused(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "x.mcap"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        Playback(path)


def test_an_empty_recording_says_so(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "a.mcap", {}, 0)
    recording.close()
    with pytest.raises(ConfigError, match="holds no messages"):
        Playback(recording.path)
