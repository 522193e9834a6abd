# SPDX-License-Identifier: Apache-2.0
"""A file in shared memory with one writer, a header that says whose it is, and a body.

The writer holds a lock on the file as long as it lives, by whatever it dies; the next
writer of the same layout goes on in the same file, so that readers keep their view of
it. Only a writer removes a file. Readers map it read-only.
"""

import contextlib
import fcntl
import mmap
import os
import struct
import weakref
from pathlib import Path

from renxing.errors import ConfigError, DeviceError
from renxing.runtime.block_layout import Layout, first_difference, read_layout

SHARED_FOLDER = Path("/dev/shm")
VERSION = 1
HEADER = 128  # [bytes]

# Words of the header. The magic number is written last, so that a file that has one
# is complete.
_MAGIC, _VERSION, _DIGEST, _BODY, _DESCRIPTION, _PID, _STARTED, FLAGS, _END = range(9)
_MAGIC_VALUE = int.from_bytes(b"renxing\0", "little")
_RETIRED = 1  # in _END: the writer has left, or another file has taken the place
_ATTEMPTS = 10  # of claiming a file that others replace at the same time


class BlockFile:
    """One such file, mapped.

    Attributes:
        path: Where it lies.
        header: Its header as 16 words.
        body: Its body as bytes.
        description: The layout that its writer has described.
        taken_over: Whether an earlier writer has left it; for writers.
    """

    def __init__(self, path: Path, descriptor: int, writing: bool) -> None:
        """Map an open file; use `claim_file` or `open_file` to get one."""
        access = mmap.ACCESS_WRITE if writing else mmap.ACCESS_READ
        whole = memoryview(mmap.mmap(descriptor, 0, access=access))
        self.path = path
        self.header = whole[:HEADER].cast("Q")
        self.body = whole[HEADER : HEADER + self.header[_BODY]]
        start = HEADER + self.header[_BODY]
        self.description = bytes(whole[start : start + self.header[_DESCRIPTION]])
        self.taken_over = False
        self._lock = -1

    @property
    def retired(self) -> bool:
        """Whether nobody will ever write to it again."""
        return self.header[_END] == _RETIRED

    @property
    def writer(self) -> tuple[int, int]:
        """Process id of the writer, and when it started in ticks since boot."""
        return self.header[_PID], self.header[_STARTED]

    def writer_alive(self) -> bool:
        """Return whether the writer's process exists; reads /proc."""
        pid, started = self.writer
        return not self.retired and started != 0 and start_of(pid) == started

    def close(self) -> None:
        """Remove the file if this is its writer; readers see it as retired."""
        if self._lock < 0:
            return
        self.header[_END] = _RETIRED
        with contextlib.suppress(OSError):
            self.path.unlink()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


# Of this process. A fork would hold their locks beyond the death of the writer.
_locked: "weakref.WeakSet[BlockFile]" = weakref.WeakSet()


def _forget_locks() -> None:
    for file in _locked:
        file._unlock()


os.register_at_fork(after_in_child=_forget_locks)


def start_of(pid: int) -> int:
    """Return when a process started, in ticks since boot; 0 if there is none."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    # The name in parentheses may hold anything; the 22nd field is the start.
    state, *rest = line.rpartition(")")[2].split()
    return 0 if state == "Z" else int(rest[18])


def claim_file(path: Path, layout: Layout, body: int, flags: int) -> BlockFile:
    """Become the one writer of a file; make it, or go on with what a dead one left.

    Args:
        path: Where it shall lie.
        layout: Described in it; a file with another one is replaced.
        body: Size of the body [bytes].
        flags: Kept in the header.

    Raises:
        ConfigError: If it has a writer, or belongs to somebody else.
        DeviceError: If there is no room for it.
    """
    for _ in range(_ATTEMPTS):
        descriptor = _open(path, os.O_RDWR | os.O_CREAT)
        try:
            file = _try_to_claim(path, descriptor, layout, body, flags)
        except BaseException:
            os.close(descriptor)
            raise
        if file is not None:
            _locked.add(file)
            return file
        os.close(descriptor)
    raise DeviceError(f"block {path}: others keep replacing it")


def _try_to_claim(
    path: Path, descriptor: int, layout: Layout, body: int, flags: int
) -> BlockFile | None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        header = struct.unpack("<16Q", os.pread(descriptor, HEADER, 0).ljust(HEADER))
        raise ConfigError(
            f"block {path}: process {header[_PID]} writes it; one writer is allowed"
        ) from None
    try:
        if not os.path.samestat(os.fstat(descriptor), path.stat()):
            return None
    except FileNotFoundError:
        return None
    size = HEADER + body + len(layout.description)
    found = os.fstat(descriptor).st_size
    kept = struct.unpack("<16Q", os.pread(descriptor, HEADER, 0).ljust(HEADER, b"\0"))
    wanted = (_MAGIC_VALUE, VERSION, layout.digest, body, len(layout.description))
    taken_over = kept[:5] == wanted and found == size
    if not taken_over and found:
        _retire(path, descriptor)
        return None
    if not taken_over:
        _fill(path, descriptor, layout, body, size)
    # Locked and mapped by different descriptors, for a fork inherits the mapping.
    mapped = os.open(f"/proc/self/fd/{descriptor}", os.O_RDWR | os.O_CLOEXEC)
    try:
        file = BlockFile(path, mapped, writing=True)
    finally:
        os.close(mapped)
    file._lock, file.taken_over = descriptor, taken_over
    file.header[_PID], file.header[_STARTED] = os.getpid(), start_of(os.getpid())
    file.header[FLAGS], file.header[_END] = flags, 0
    file.header[_MAGIC] = _MAGIC_VALUE
    return file


def _fill(path: Path, descriptor: int, layout: Layout, body: int, size: int) -> None:
    text = layout.description
    os.fchmod(descriptor, 0o600)
    try:
        # Without its pages a full /dev/shm would kill by SIGBUS at the first store.
        os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        path.unlink()
        raise DeviceError(
            f"block {path}: no room for {size / 1e6:.1f} MB: {error.strerror}"
        ) from error
    words = struct.pack("<5Q", 0, VERSION, layout.digest, body, len(text))
    os.pwrite(descriptor, words, 0)
    os.pwrite(descriptor, text, HEADER + body)


def _retire(path: Path, descriptor: int) -> None:
    if os.fstat(descriptor).st_size >= HEADER:
        os.pwrite(descriptor, struct.pack("<Q", _RETIRED), 8 * _END)
    path.unlink()


def open_file(path: Path, layout: Layout | None) -> BlockFile:
    """Open a file to read it.

    Args:
        path: Where it lies.
        layout: What it must hold; None takes what is there.

    Raises:
        ConfigError: If it holds something else or belongs to somebody else.
        DeviceError: If it is not there, or not yet complete.
    """
    descriptor = _open(path, os.O_RDONLY)
    try:
        header = os.pread(descriptor, HEADER, 0).ljust(HEADER, b"\0")
        magic, version, digest = struct.unpack("<3Q", header[:24])
        if magic == 0:
            raise DeviceError(f"block {path}: its writer has not finished it")
        if magic != _MAGIC_VALUE or version != VERSION:
            raise ConfigError(f"block {path}: not a block of version {VERSION}")
        file = BlockFile(path, descriptor, writing=False)
    finally:
        os.close(descriptor)
    if layout is not None and digest != layout.digest:
        different = first_difference(layout, read_layout(file.description))
        raise ConfigError(f"block {path}: {different}")
    return file


def _open(path: Path, flags: int) -> int:
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:
        raise DeviceError(f"block {path}: not there; has its writer started?") from None
    except OSError as error:
        raise ConfigError(f"block {path}: {error.strerror}") from error
    owner, user = os.fstat(descriptor).st_uid, os.geteuid()
    # /dev/shm is everybody's: a stranger may have taken the name.
    if owner not in (user, 0) and (user != 0 or flags & os.O_CREAT):
        os.close(descriptor)
        raise ConfigError(f"block {path}: it belongs to user {owner}, not to {user}")
    return descriptor
