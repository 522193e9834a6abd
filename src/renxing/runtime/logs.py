# SPDX-License-Identifier: Apache-2.0
"""Where the words of the processes go: one terminal, one file for each.

A log must never hurt the robot: a terminal that is stopped with Ctrl-S or an ssh
session that hangs must not block a process, nor must a full disk end the run.
"""

import contextlib
import os
import queue
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

_COLOURS = (36, 33, 35, 32, 34, 96, 93, 95, 92, 94)  # ANSI; red is for errors
_KEPT_RUNS = 20
_MAX_FILE = 20_000_000  # [bytes] then the file is turned over, one old one is kept
_RETRY = 5.0  # [s] before a file that could not be written is tried again
_QUEUE = 10_000  # [lines] waiting for a slow terminal


class Terminal:
    """Prints lines from a thread of its own; drops them when the screen is stuck."""

    def __init__(self, stream: IO[str], names: Sequence[str]) -> None:
        self.coloured = wants_colour(stream)
        self._stream = stream
        self._width = max(map(len, names), default=0)
        self._colours = {
            name: _COLOURS[index % len(_COLOURS)] for index, name in enumerate(names)
        }
        self._lines: queue.Queue[str | None] = queue.Queue(maxsize=_QUEUE)
        self._dropped = 0
        self._thread = threading.Thread(target=self._print, daemon=True)
        self._thread.start()

    def write(self, name: str, line: str) -> None:
        """Print a line with the name of its process before it; never blocks."""
        prefix = f"{name:<{self._width}} |"
        if self.coloured and name in self._colours:
            prefix = f"\x1b[{self._colours[name]}m{prefix}\x1b[0m"
        self._put(f"{prefix} {line}" if name else line)

    def close(self) -> None:
        """Print what is waiting, but do not wait long for a stuck screen."""
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=1.0)
        self._thread.join(timeout=2.0)

    def _put(self, line: str) -> None:
        try:
            if self._dropped:
                self._lines.put_nowait(f"({self._dropped} lines not shown)")
                self._dropped = 0
            self._lines.put_nowait(line)
        except queue.Full:
            self._dropped += 1

    def _print(self) -> None:
        while (line := self._lines.get()) is not None:
            # The reader of a pipe may go away: `renxing up | head`.
            with contextlib.suppress(OSError, ValueError):
                self._show(line + "\n")

    def _show(self, text: str) -> None:
        try:
            descriptor = self._stream.fileno()
        except OSError:  # a stream in memory
            self._stream.write(text)
            return
        # Past Python's buffer: blocked in it, this thread would hold its lock, and
        # Python aborts when it cannot flush standard output at exit.
        data = text.encode(getattr(self._stream, "encoding", "utf-8"), errors="replace")
        while data:
            data = data[os.write(descriptor, data) :]


class LogFile:
    """One file of dated lines, which survives a full disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.failure: OSError | None = None
        self._file: IO[str] | None = None
        self._retry_at = 0.0

    def write(self, line: str) -> bool:
        """Append a line.

        Returns:
            False if it was lost; `failure` then says why.
        """
        now = time.time()
        if self.failure and now < self._retry_at:
            return False
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(now))
        try:
            file = self._open()
            file.write(f"{stamp}.{int(now % 1 * 1000):03d} {line}\n")
            if file.tell() > _MAX_FILE:
                self.close()
                os.replace(self.path, f"{self.path}.1")
            self.failure = None
            return True
        except OSError as error:
            self.failure = error
            self._retry_at = now + _RETRY
            self.close()
            return False

    def close(self) -> None:
        """Close the file; a later line opens it again."""
        file, self._file = self._file, None
        if file:
            with contextlib.suppress(OSError):
                file.close()

    def _open(self) -> IO[str]:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Line-buffered: what a crashed stack said last is in the file.
            self._file = open(self.path, "a", buffering=1, encoding="utf-8")
        return self._file


class Logs:
    """The terminal and the files of one run.

    Attributes:
        folder: Of the files; each is named after its process.
        coloured: Whether the terminal shows colours.
    """

    def __init__(self, folder: Path, stream: IO[str], names: Sequence[str]) -> None:
        self.folder = folder
        self._terminal = Terminal(stream, names)
        self.coloured = self._terminal.coloured
        self._files = {name: LogFile(folder / f"{name}.log") for name in names}
        self._warned = False

    def write(self, name: str, line: str) -> None:
        """Print a line of a process and append it to its file."""
        self._terminal.write(name, line)
        file = self._files[name]
        if not file.write(line) and not self._warned:
            self._warned = True
            self._terminal.write(
                name, f"log file {file.path}: {file.failure}; going on without it"
            )

    def show(self, line: str) -> None:
        """Print a line that belongs to no process and to no file."""
        self._terminal.write("", line)

    def close(self) -> None:
        """Print what is waiting and close the files."""
        self._terminal.close()
        for file in self._files.values():
            file.close()


def wants_colour(stream: IO[str]) -> bool:
    """Tell whether a stream is a terminal whose user has not refused colours."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def log_root(environment: Mapping[str, str]) -> Path:
    """Return the folder that holds the logs of all runs."""
    if chosen := environment.get("RENXING_LOG_DIR"):
        return Path(chosen)
    state = environment.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(state).expanduser() / "renxing" / "log"


def recording_root(environment: Mapping[str, str]) -> Path:
    """Return the folder that holds recordings, unless one is asked for elsewhere."""
    if chosen := environment.get("RENXING_RECORDING_DIR"):
        return Path(chosen).expanduser()
    state = environment.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(state).expanduser() / "renxing" / "recordings"


def new_log_folder(root: Path, namespace: str) -> Path:
    """Return a folder for a new run; `latest` beside it links to it.

    Old runs are deleted, so that a robot's disk does not fill with them. What the
    file system refuses is left: a run without log files is better than none.
    """
    stamp = time.strftime("%Y%m%d-%H%M%S")
    label = namespace.replace("/", ".") or "default"
    folder = root / f"{stamp}-{label}-{os.getpid()}"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        link = root / f".latest-{os.getpid()}"
        link.unlink(missing_ok=True)
        link.symlink_to(folder.name)
        os.replace(link, root / "latest")
        runs = sorted(path for path in root.glob("2*-*-*") if path.is_dir())
        for old in runs[:-_KEPT_RUNS]:
            shutil.rmtree(old, ignore_errors=True)
    return folder
