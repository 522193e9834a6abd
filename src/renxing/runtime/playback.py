# SPDX-License-Identifier: Apache-2.0
"""Read an MCAP file of ROS messages, also one whose recorder was killed.

Such a file has no index, and may end within a record. So it is read from its start
to its end; chunks that end before the wanted time are passed over unopened.

Format: https://mcap.dev/spec
"""

import struct
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mcap.exceptions import EndOfFile, InvalidMagic, McapError
from mcap.reader import make_reader
from mcap.records import Channel as ChannelRecord
from mcap.records import Chunk, McapRecord, Metadata, Schema
from mcap.records import Message as MessageRecord
from mcap.stream_reader import StreamReader, breakup_chunk
from zstandard import ZstdError

from renxing.errors import ConfigError

# What a file that was damaged, or cut off within a record, makes its readers raise.
_DAMAGE = (McapError, ZstdError, struct.error, ValueError, zlib.error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A topic of the file.

    Attributes:
        topic: Its full name.
        kind: Of its messages, such as `sensor_msgs/msg/Imu`.
        encoding: Of its messages; `cdr` for ROS 2.
        definition: Of that kind, with those that it is made of.
        language: Of the definition; `ros2msg` for ours.
        metadata: Kept with the channel.
    """

    topic: str
    kind: str
    encoding: str
    definition: str
    language: str
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the file.

    Attributes:
        stamp: When it was received [ns].
        channel: Number of its channel.
        data: As it came.
    """

    stamp: int
    channel: int
    data: bytes


class Playback:
    """A file, open for reading.

    Attributes:
        path: Where it lies.
        channels: By their numbers.
        metadata: Records of the file, by name; the last of each name.
        begin: When the first message was received [ns].
        end: When the last one was [ns].
        whole: Whether the file was finished properly.
    """

    def __init__(self, path: Path) -> None:
        """Find out what is in it; a file without an index is read through.

        Raises:
            ConfigError: If it is no such file, or holds no message.
        """
        self.path = path
        self.channels: dict[int, Channel] = {}
        self.metadata: dict[str, Mapping[str, str]] = {}
        self.begin = self.end = 0
        self.whole = True
        self._schemas: dict[int, Schema] = {}
        try:
            with path.open("rb") as stream:
                if not self._read_index(stream):
                    self._read_through(stream)
        except OSError as error:
            raise ConfigError(f"recording {path}: {error.strerror}") from error
        except InvalidMagic as error:
            raise ConfigError(f"recording {path}: not an MCAP file") from error
        if not self.end:
            raise ConfigError(f"recording {path}: it holds no messages")

    @property
    def duration(self) -> float:
        """From its first to its last message [s]."""
        return (self.end - self.begin) / 1e9

    def messages(
        self,
        channels: Collection[int] | None = None,
        begin: int | None = None,
        end: int | None = None,
    ) -> Iterator[Message]:
        """Yield messages in the order in which they were received.

        Args:
            channels: Numbers of the wanted ones; all if left out.
            begin: First wanted time [ns]; from the start if left out.
            end: Last wanted time [ns]; to the end if left out.

        Raises:
            ConfigError: If the file cannot be read any more.
        """
        begin = self.begin if begin is None else begin
        end = self.end if end is None else end
        try:
            with self.path.open("rb") as stream:
                for record in _records(stream, begin, end):
                    if not isinstance(record, MessageRecord):
                        continue
                    if channels is not None and record.channel_id not in channels:
                        continue
                    if begin <= record.log_time <= end:
                        yield Message(record.log_time, record.channel_id, record.data)
        except OSError as error:
            raise ConfigError(f"recording {self.path}: {error.strerror}") from error
        except _DAMAGE:
            # What there was has been yielded; the constructor has noted it.
            return

    def _read_index(self, stream: IO[bytes]) -> bool:
        """Return whether there is an index that says everything."""
        try:
            reader = make_reader(stream)
            summary = reader.get_summary()
            if summary is None or summary.statistics is None:
                return False
            if summary.statistics.channel_count != len(summary.channels):
                return False
            self._schemas = dict(summary.schemas)
            for channel in summary.channels.values():
                self._add(channel)
            self.begin = summary.statistics.message_start_time
            self.end = summary.statistics.message_end_time
            self.metadata = {m.name: m.metadata for m in reader.iter_metadata()}
        except InvalidMagic:
            # Its beginning or its end: the other way of reading tells which.
            return False
        except (*_DAMAGE, OSError):
            return False
        return True

    def _read_through(self, stream: IO[bytes]) -> None:
        stream.seek(0)
        self.channels, self.metadata, self._schemas = {}, {}, {}
        self.begin = self.end = 0
        self.whole = False
        try:
            for record in _records(stream):
                if isinstance(record, Schema):
                    self._schemas[record.id] = record
                elif isinstance(record, ChannelRecord):
                    self._add(record)
                elif isinstance(record, Metadata):
                    self.metadata[record.name] = record.metadata
                elif isinstance(record, MessageRecord):
                    time = record.log_time
                    self.begin = min(self.begin or time, time)
                    self.end = max(self.end, time)
        except InvalidMagic:
            if not self.channels:
                raise
        except _DAMAGE:
            return

    def _add(self, channel: ChannelRecord) -> None:
        schema = self._schemas.get(channel.schema_id)
        self.channels[channel.id] = Channel(
            topic=channel.topic,
            kind=schema.name if schema else "",
            encoding=channel.message_encoding,
            definition=schema.data.decode(errors="replace") if schema else "",
            language=schema.encoding if schema else "",
            metadata=channel.metadata,
        )


def _records(
    stream: IO[bytes], begin: int = 0, end: int | None = None
) -> Iterator[McapRecord]:
    """Yield all records, those of chunks in the order of their times.

    Chunks without a message between two times are left out.
    """
    try:
        for record in StreamReader(stream, emit_chunks=True).records:
            if not isinstance(record, Chunk):
                yield record
            elif record.message_end_time < begin:
                continue
            elif end is None or record.message_start_time <= end:
                records = breakup_chunk(record)
                yield from (r for r in records if not isinstance(r, MessageRecord))
                messages = [r for r in records if isinstance(r, MessageRecord)]
                yield from sorted(messages, key=lambda message: message.log_time)
    except EndOfFile:
        return
