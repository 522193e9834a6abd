# SPDX-License-Identifier: Apache-2.0
"""An MCAP file of ROS messages that can be read whatever ends it.

The file is cut into chunks. Behind the last one stands an end without an index, which
the next chunk overwrites: so the file is complete at all times but while a chunk is
written. A process that is killed loses the unfinished chunk; a disk that is full ends
the file after the last chunk that fitted.

Format: https://mcap.dev/spec and its registry of profiles (`ros2`, schemas `ros2msg`,
messages `cdr`), as rosbag2 writes it.
"""

import contextlib
import io
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from mcap.data_stream import RecordBuilder
from mcap.records import DataEnd, Footer
from mcap.writer import MCAP0_MAGIC, CompressionType, Writer

from renxing.errors import ConfigError, DeviceError

CHUNK_SIZE = 4 * 2**20  # [bytes] of messages, at most, before they are compressed
NUMBERS = 1000  # of files of one name that are tried before giving up


class Recording:
    """One file, open for writing.

    Attributes:
        path: Where it lies.
        messages: How many were written.
        free: On the disk when it was last looked at [bytes].
    """

    def __init__(self, path: Path, metadata: Mapping[str, str], keep_free: int) -> None:
        """Create the file; one that exists is kept and a number is added to the name.

        Args:
            path: Where it shall lie; missing folders are made.
            metadata: Written as the record `renxing`.
            keep_free: Space that is always left on the disk [bytes].

        Raises:
            ConfigError: If the file cannot be created.
        """
        self._keep_free = keep_free
        self.messages = 0
        self.free = 0
        self._schemas: dict[str, int] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.path, self._file = _create(path)
        except OSError as error:
            raise ConfigError(f"recording {path}: {error.strerror}") from error
        self._whole = 0  # [bytes] of the file that are complete records
        try:
            self._writer = Writer(
                _Stream(self._file),
                chunk_size=CHUNK_SIZE,
                compression=CompressionType.ZSTD,
            )
            self._writer.start(profile="ros2", library="renxing")
            self._writer.add_metadata("renxing", dict(metadata))
            self.flush()
        except (OSError, DeviceError) as error:
            self._file.close()
            self.path.unlink(missing_ok=True)
            said = str(error).removeprefix(f"recording {self.path}: ")
            raise ConfigError(f"recording {self.path}: {said}") from error

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self._whole

    def add_channel(
        self, topic: str, kind: str, definition: str, metadata: Mapping[str, str]
    ) -> int:
        """Return the number of a new channel.

        Args:
            topic: Its full name.
            kind: Of its messages, such as `sensor_msgs/msg/Imu`.
            definition: Of that kind, with those that it is made of.
            metadata: Kept with the channel.

        Raises:
            DeviceError: If the disk refuses.
        """
        with self._ending_if_refused():
            if kind not in self._schemas:
                self._schemas[kind] = self._writer.register_schema(
                    kind, "ros2msg", definition.encode()
                )
            return int(
                self._writer.register_channel(
                    topic, "cdr", self._schemas[kind], dict(metadata)
                )
            )

    def write(self, channel: int, stamp: int, data: bytes) -> None:
        """Add a message.

        Args:
            channel: Its number.
            stamp: When it was received [ns].
            data: As it came.

        Raises:
            DeviceError: If the disk refuses.
        """
        with self._ending_if_refused():
            self._writer.add_message(channel, stamp, data, stamp)
        self.messages += 1

    def add_metadata(self, name: str, values: Mapping[str, str]) -> None:
        """Add a record that is no message, and bring it to the disk.

        Args:
            name: Of the record; further ones of the same name are further records.
            values: What it says.

        Raises:
            DeviceError: As `flush`.
        """
        with self._ending_if_refused():
            self._writer.add_metadata(name, dict(values))
        self.flush()

    def flush(self) -> None:
        """Finish the chunk, so that all that was written survives this process.

        Raises:
            DeviceError: If the disk refuses or has too little space left; the file
                is then finished.
        """
        with self._ending_if_refused():
            self._writer.flush()
            self._whole = self._file.tell()
            self._end_for_now()
            disk = os.fstatvfs(self._file.fileno())
        self.free = free = disk.f_bavail * disk.f_frsize
        if free < self._keep_free:
            self.close()
            raise DeviceError(
                f"recording {self.path}: {free / 1e6:.0f} MB left on the disk, "
                f"{self._keep_free / 1e6:.0f} MB are to stay free"
            )

    def close(self) -> None:
        """Finish the file with its index; nothing if that has happened.

        Raises:
            DeviceError: If the disk refuses; the file is readable, without an index.
        """
        if self._file.closed:
            return
        with self._ending_if_refused():
            self._writer.flush()
            self._whole = self._file.tell()
            self._writer.finish()
            self._file.close()

    @contextlib.contextmanager
    def _ending_if_refused(self) -> Iterator[None]:
        if self._file.closed:
            raise DeviceError(f"recording {self.path}: it is finished")
        try:
            yield
        except OSError as error:
            self._end_here()
            raise DeviceError(f"recording {self.path}: {error.strerror}") from error

    def _end_for_now(self) -> None:
        self._file.write(_end_without_index())
        self._file.seek(self._whole)

    def _end_here(self) -> None:
        """End the file after its last complete record, without an index."""
        # What was cut off made the space that these few bytes need; if even that
        # fails, the chunks can still be read one after the other.
        with contextlib.suppress(OSError):
            self._file.truncate(self._whole)
            self._file.seek(self._whole)
            self._file.write(_end_without_index())
        with contextlib.suppress(OSError):
            self._file.close()


def _end_without_index() -> bytes:
    records = RecordBuilder()
    DataEnd(data_section_crc=0).write(records)
    Footer(summary_start=0, summary_offset_start=0, summary_crc=0).write(records)
    end: bytes = records.end() + MCAP0_MAGIC
    return end


class _Stream:
    """The file as the writer sees it: unbuffered, and whole or an error."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self.tell = file.tell
        self.flush = file.flush

    def write(self, data: bytes) -> int:
        rest = memoryview(data)
        while rest:
            # A disk that fills up takes a part, and refuses the rest.
            rest = rest[self._file.write(rest) or 0 :]
        return len(data)


def _create(path: Path) -> tuple[Path, io.FileIO]:
    names = [path]
    names += [path.with_stem(f"{path.stem}-{i}") for i in range(1, NUMBERS)]
    for name in names:
        with contextlib.suppress(FileExistsError):
            return name, io.FileIO(name, "xb")
    raise FileExistsError(0, f"{NUMBERS} files of that name exist")
