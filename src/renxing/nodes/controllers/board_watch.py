# SPDX-License-Identifier: Apache-2.0
"""Look at the boards of controllers, at the moment when the loop writes them.

One thread of the node looks at all boards. A timer of an executor would have to run
several times a cycle to be in time; this thread sleeps until the next writing is due.
The boards say when that was the last time.
"""

import threading
import time
from collections.abc import Callable
from weakref import WeakKeyDictionary

from rclpy.node import Node

from renxing.errors import ConfigError, DeviceError
from renxing.runtime.boards import BoardReader, core_block
from renxing.runtime.shared_block import Reading

AGAIN = 100_000  # [ns] between two looks while the writing is late
LATE = 5  # intervals without a writing, after which the loop is taken to stand still
STILL = 5_000_000  # [ns] between two looks then
ABSENT = 0.1  # [s] between two looks for a board that is not there
LONGEST = 0.02  # [s] that the thread sleeps: a new board waits no longer
MARGIN = 40_000  # [ns] behind the usual moment of the writing
SHARE = 1 / 16  # of a new lag in the usual one
SECOND = 1_000_000_000  # [ns]


class BoardWatch:
    """One board, and whom to tell."""

    def __init__(
        self,
        node: Node,
        controller: str,
        on_names: Callable[[tuple[str, ...]], None],
        on_shown: Callable[[BoardReader], None],
        on_error: Callable[[str], None],
    ) -> None:
        """Look for the board from now on; `close` ends it.

        Args:
            node: Whose namespace is that of the core.
            controller: Whose board.
            on_names: Called when the names of the numbers become known.
            on_shown: Called when they are shown; both in the thread of the watch.
            on_error: Called with what one of them has raised.
        """
        self._block = core_block(node.get_namespace())
        self._controller = controller
        self._on_names, self._on_shown = on_names, on_shown
        self._on_error = on_error
        self._reader: BoardReader | None = None
        self._lag = 0.0
        self.due = 0
        self._watcher = _watcher_of(node)
        self._watcher.add(self)

    def close(self) -> None:
        """Look no more; neither callback runs after this."""
        self._watcher.remove(self)

    def look(self, now: int) -> None:
        """Look, and say when the next look is due.

        Args:
            now: CLOCK_MONOTONIC [ns].
        """
        try:
            self._look(now)
        except Exception as error:  # of a callback: the other boards go on
            self.due = now + STILL
            self._on_error(f"board: {type(error).__name__}: {error}")

    def _look(self, now: int) -> None:
        reader = self._reader
        if reader is None:
            self._open(now)
            return
        reading = reader.read()
        if reading is Reading.GONE:
            self._reader, self.due = None, now
            return
        interval = reader.interval
        if reading is Reading.NEW:
            # One late cycle must not make the looks of all that follow late.
            lag = min(reader.lag, interval // 4)
            self._lag += SHARE * (lag - self._lag)
            self.due = reader.due + interval + round(self._lag) + MARGIN
            self._on_shown(reader)
            return
        late = now - reader.due
        if late > LATE * max(interval, SECOND // 1000):
            self.due = now + STILL
            return
        self.due = now + AGAIN

    def _open(self, now: int) -> None:
        try:
            reader = BoardReader(self._block, self._controller)
        except (DeviceError, ConfigError):
            # It comes when its controller is configured.
            self.due = now + round(ABSENT * SECOND)
            return
        self._on_names(reader.names)
        self._reader, self.due = reader, now


class _Watcher:
    """The thread of one node; it lives while there are boards to look at."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watches: list[BoardWatch] = []
        self._runs = False

    def add(self, watch: BoardWatch) -> None:
        with self._lock:
            self._watches.append(watch)
            if not self._runs:
                self._runs = True
                threading.Thread(target=self._run, name="boards", daemon=True).start()

    def remove(self, watch: BoardWatch) -> None:
        with self._lock:
            if watch in self._watches:
                self._watches.remove(watch)

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._watches:
                    self._runs = False
                    return
                for watch in self._watches:
                    now = time.monotonic_ns()
                    if now >= watch.due:
                        watch.look(now)
                due = min(watch.due for watch in self._watches)
            rest = 1e-9 * (due - time.monotonic_ns())
            if rest > 0.0:
                time.sleep(min(rest, LONGEST))


_watchers: "WeakKeyDictionary[Node, _Watcher]" = WeakKeyDictionary()


def _watcher_of(node: Node) -> _Watcher:
    return _watchers.setdefault(node, _Watcher())
