# SPDX-License-Identifier: Apache-2.0
"""Hand one frame of numbers to other processes, without ever waiting for them.

Method: a sequence lock (Lameter 2005, "Effective synchronization on Linux/NUMA
systems"). The writer makes the sequence odd, copies its frame in, and makes it even;
a reader copies the frame out and keeps it if the sequence was even and has not moved.

Order of the stores: Python cannot fence. Each step is a call into C that neither
compiler nor interpreter can swap with another, and x86-64 keeps stores in order among
each other, string moves as a whole too, and loads among each other (Intel SDM,
volume 3A, "Memory Ordering"), which is all that a sequence lock needs. Aligned words
are one store. Other processors may swap them: there each frame carries a checksum
over its sequence and all of its numbers, which a mixture of two frames does not have.
"""

import platform
import time
import zlib
from enum import Enum
from pathlib import Path

from renxing.errors import DeviceError, StaleError
from renxing.runtime.block_file import (
    FLAGS,
    SHARED_FOLDER,
    BlockFile,
    claim_file,
    open_file,
)
from renxing.runtime.block_layout import (
    CHECKSUM,
    CYCLE,
    SEQUENCE,
    STAMP,
    WORD,
    Frame,
    Layout,
    read_layout,
)

ORDERED_STORES = platform.machine() in ("x86_64", "AMD64")
RETRIES = 100  # some 10 us: far longer than a write, unless its writer is interrupted
POLL = 0.005  # [s] between looks for a block that is not there yet

_CHECKED = 1  # in the flags of the file: frames carry checksums
_FRAME = WORD  # [bytes] the frame follows the sequence
_SUMMED = CHECKSUM * WORD  # [bytes] of the prefix that the checksum covers
_FIELDS = _SUMMED + WORD  # [bytes] where the fields begin


class Reading(Enum):
    """What a look at a block has brought."""

    NEW = "new"  # a frame that was not there at the last look
    SAME = "same"  # nothing new
    TORN = "torn"  # no whole frame: interrupted or dead writer, or nothing yet
    GONE = "gone"  # the writer has closed or replaced the block: `reopen`


class BlockWriter:
    """The one writer of a block.

    Attributes:
        frame: Fill its arrays, then `publish`.
    """

    def __init__(
        self,
        name: str,
        layout: Layout,
        *,
        checksum: bool = not ORDERED_STORES,
        folder: Path = SHARED_FOLDER,
    ) -> None:
        """Make the block, or take it over from a writer that has died.

        Args:
            name: Of the block on this machine.
            layout: What it holds.
            checksum: Whether frames carry one; needed off x86-64.
            folder: Where blocks lie.

        Raises:
            ConfigError: If it has a writer, or belongs to somebody else.
            DeviceError: If there is no room for it.
        """
        self.frame = Frame(layout)
        size = _FRAME + layout.words * WORD
        self._file = claim_file(_path(name, folder), layout, size, int(checksum))
        self._checksum = checksum
        self._sequence = self._file.body[:WORD].cast("Q")
        self._target = self._file.body[_FRAME:size]
        # Odd if the last writer died in the middle of a frame. It stays so until a
        # frame is whole again.
        self._count = (self._sequence[0] + 1) & ~1

    def publish(self, stamp: int | None = None, cycle: int | None = None) -> None:
        """Hand the frame over.

        Args:
            stamp: CLOCK_MONOTONIC [ns]; now if left out.
            cycle: Of the loop; the last one plus one if left out.
        """
        frame, count = self.frame, self._count
        prefix = frame.prefix
        prefix[SEQUENCE] = count + 2
        prefix[STAMP] = time.monotonic_ns() if stamp is None else stamp
        prefix[CYCLE] = prefix[CYCLE] + 1 if cycle is None else cycle
        if self._checksum:
            prefix[CHECKSUM] = _sum_of(frame.buffer)
        self._sequence[0] = count + 1
        self._target[:] = frame.buffer
        self._sequence[0] = self._count = count + 2

    def close(self) -> None:
        """Remove the block; readers see that it is gone."""
        self._file.close()


class BlockReader:
    """One of any number of readers of a block; it never holds up the writer.

    Attributes:
        frame: The last whole frame; only `read` changes it.
    """

    def __init__(
        self,
        name: str,
        layout: Layout,
        *,
        timeout: float = 0.0,
        folder: Path = SHARED_FOLDER,
    ) -> None:
        """Open the block.

        Args:
            name: Of the block on this machine.
            layout: What it must hold.
            timeout: How long to wait until it is there [s].
            folder: Where blocks lie.

        Raises:
            ConfigError: If it holds something else; says which field or joint.
            DeviceError: If it is not there.
        """
        self.frame = Frame(layout, writeable=False)
        self._path = _path(name, folder)
        self._layout = layout
        self._scratch = memoryview(bytearray(layout.words * WORD))
        self._scratch_sequence = self._scratch[:WORD].cast("Q")
        end = time.monotonic() + timeout
        while True:
            try:
                self.reopen()
                return
            except DeviceError:
                if time.monotonic() >= end:
                    raise
            time.sleep(POLL)

    def reopen(self) -> None:
        """Open the block again, after it was gone; not real-time.

        Raises:
            ConfigError: If it holds something else.
            DeviceError: If it is not there.
        """
        self._use(open_file(self._path, self._layout))

    def _use(self, file: BlockFile) -> None:
        self._file = file
        self._sequence = file.body[:WORD].cast("Q")
        self._source = file.body[_FRAME:]
        self._last = 0

    def read(self, retries: int = RETRIES) -> Reading:
        """Copy the newest frame into `frame`, which stays as it is if that fails.

        Args:
            retries: How often to look again while the writer is writing.
        """
        sequence, scratch, source = self._sequence, self._scratch, self._source
        for _ in range(retries):
            before = sequence[0]
            if before & 1:
                continue
            if before == self._last:
                if self._file.retired:
                    return Reading.GONE
                return Reading.SAME if before else Reading.TORN
            scratch[:] = source
            if sequence[0] == before and self._whole(before):
                self.frame.buffer[:] = scratch
                self._last = before
                return Reading.NEW
        return Reading.GONE if self._file.retired else Reading.TORN

    def follow(self) -> bool:
        """Read, from the next writer if the last has gone; return whether it is new.

        Not real-time: blocks are opened.

        Raises:
            ConfigError: If the next writer shows something else.
            DeviceError: If the writer has closed the block, and there is no other.
        """
        reading = self.read()
        if reading is Reading.GONE:
            self.reopen()
            reading = self.read()
        return reading is Reading.NEW

    def _whole(self, sequence: int) -> bool:
        if self._scratch_sequence[0] != sequence:
            return False
        if not self._file.header[FLAGS] & _CHECKED:
            return True
        return self._scratch[_SUMMED:_FIELDS] == _sum_of(self._scratch).to_bytes(
            WORD, "little"
        )

    def age(self, now: int | None = None) -> float:
        """Return how old `frame` is [s]; infinite if there was none yet.

        Args:
            now: CLOCK_MONOTONIC [ns]; read if left out.
        """
        if self.frame.stamp == 0:
            return float("inf")
        now = time.monotonic_ns() if now is None else now
        return 1e-9 * (now - self.frame.stamp)

    def require(self, limit: float) -> None:
        """Read, and insist on a frame that is not too old.

        Args:
            limit: Highest age [s].

        Raises:
            StaleError: If the last whole frame is older; says why.
        """
        reading = self.read()
        age = self.age()
        if age > limit:
            pid = self._file.writer[0]
            fate = "lives" if self.writer_alive() else "is gone"
            raise StaleError(
                f"block {self._path}: {age:.3f} s old, allowed {limit:g} s "
                f"({reading.value}; its writer {pid} {fate})"
            )

    def writer_alive(self) -> bool:
        """Return whether the writer's process exists; not real-time."""
        return self._file.writer_alive()


def layout_of(name: str, folder: Path = SHARED_FOLDER) -> Layout:
    """Return what a block holds.

    Args:
        name: Of the block on this machine.
        folder: Where blocks lie.

    Raises:
        ConfigError: If it is none.
        DeviceError: If it is not there.
    """
    return read_layout(open_file(_path(name, folder), None).description)


def _path(name: str, folder: Path) -> Path:
    return folder / f"renxing.{name}"


def _sum_of(frame: memoryview) -> int:
    return zlib.crc32(frame[_FIELDS:], zlib.crc32(frame[:_SUMMED]))
