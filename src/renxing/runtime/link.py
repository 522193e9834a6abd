# SPDX-License-Identifier: Apache-2.0
"""The line between the real-time core and the processes that talk to it.

A Unix socket that only this user can open carries pickled values: requests to the core
with one answer each, and news from the core to everybody who is connected. The core
never waits for a listener: one that does not keep up is cut off and may come again.
"""

import contextlib
import itertools
import os
import select
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

from renxing.errors import DeviceError, RenxingError

ANSWER_TIMEOUT = 10.0  # [s] the core's own limits are shorter
BACKLOG = 8
SEND_TIMEOUT = 0.05  # [s] for a listener to make room
PATIENCE = 1000  # messages that a listener may be behind; some seconds
NEWS_PERIOD = 0.002  # [s] between two collections of news while the line is silent


class LinkServer:
    """The core's end: one thread serves all connections."""

    def __init__(
        self,
        path: Path,
        handle: Callable[[str, tuple[Any, ...]], Any],
        collect: Callable[[], Any],
        begin: Callable[[], None] = lambda: None,
    ) -> None:
        """Listen; `start` begins to answer.

        Args:
            path: Of the socket; an old one is replaced.
            handle: Called with a method's name and arguments; its result or its
                `RenxingError` is the answer.
            collect: Called often; what it returns is news, None is nothing.
            begin: Called first in the thread that calls these.

        Raises:
            DeviceError: If the socket cannot be made.
        """
        self._path = path
        self._handle = handle
        self._collect, self._begin = collect, begin
        self._end = threading.Event()
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        mask = os.umask(0o177)
        try:
            self._listener = Listener(str(path), "AF_UNIX", backlog=BACKLOG)
        except OSError as error:
            raise DeviceError(f"core socket {path}: {error.strerror}") from error
        finally:
            os.umask(mask)
        # What each listener has not yet had room for.
        self._connections: dict[Connection[Any, Any], deque[Any]] = {}
        self._thread = threading.Thread(target=self._serve, name="link", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Hang up on everybody."""
        self._end.set()
        self._thread.join(timeout=2.0)
        self._listener.close()
        for connection in self._connections:
            connection.close()
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()

    def _serve(self) -> None:
        self._begin()
        # The listener offers no way to wait for a caller and for lines at once.
        door = self._listener._listener._socket  # type: ignore[attr-defined]
        while not self._end.is_set():
            waiting: list[Any] = [door, *self._connections]
            ready = select.select(waiting, [], [], NEWS_PERIOD)[0]
            for connection in ready:
                if connection is door:
                    with contextlib.suppress(OSError):
                        self._connections[self._accept()] = deque()
                else:
                    self._answer(connection)
            news = self._collect()
            for connection in list(self._connections):
                if news is not None:
                    self._connections[connection].append((0, True, news))
                self._flush(connection)

    def _accept(self) -> "Connection[Any, Any]":
        connection = self._listener.accept()
        # A listener that does not read fails the send instead of holding it up.
        with socket.socket(fileno=os.dup(connection.fileno())) as line:
            timeout = struct.pack("ll", 0, int(SEND_TIMEOUT * 1e6))
            line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeout)
        return connection

    def _answer(self, connection: "Connection[Any, Any]") -> None:
        try:
            number, method, arguments = connection.recv()
        except (EOFError, OSError):
            self._drop(connection)
            return
        try:
            answer = (number, True, self._handle(method, arguments))
        except RenxingError as error:
            answer = (number, False, error)
        except Exception as error:
            # A bug in a request must not end the core's only line.
            answer = (number, False, DeviceError(f"{method}: {error!r}"))
        self._connections[connection].append(answer)
        self._flush(connection)

    def _flush(self, connection: "Connection[Any, Any]") -> None:
        """Send what there is room for; cut off who is too far behind."""
        waiting = self._connections[connection]
        try:
            while waiting and select.select([], [connection], [], 0.0)[1]:
                connection.send(waiting[0])
                waiting.popleft()
            if len(waiting) > PATIENCE:
                raise OSError("does not keep up")
        except OSError:
            self._drop(connection)

    def _drop(self, connection: "Connection[Any, Any]") -> None:
        self._connections.pop(connection, None)
        connection.close()


class LinkClient:
    """Another process's end: calls that wait, and news in a callback."""

    def __init__(
        self,
        path: Path,
        on_news: Callable[[Any], None] | None = None,
        on_lost: Callable[[], None] | None = None,
    ) -> None:
        """Connect.

        Args:
            path: Of the core's socket.
            on_news: Called in this end's thread with what the core tells everybody.
            on_lost: Called in this end's thread when the core is gone.

        Raises:
            DeviceError: If no core listens there.
        """
        try:
            self._connection = Client(str(path), "AF_UNIX")
        except OSError as error:
            raise DeviceError(
                f"core at {path}: {error.strerror}; is it running?"
            ) from error
        self._on_news = on_news
        self._on_lost = on_lost
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[Any]] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._listen, name="link", daemon=True)
        self._thread.start()

    def call(
        self, method: str, *arguments: Any, timeout: float = ANSWER_TIMEOUT
    ) -> Any:
        """Ask the core and wait for its answer.

        Raises:
            RenxingError: What the core answered.
            DeviceError: If it is gone or does not answer in time.
        """
        future: Future[Any] = Future()
        with self._lock:
            number = next(self._numbers)
            self._waiting[number] = future
            try:
                self._connection.send((number, method, arguments))
            except OSError as error:
                self._waiting.pop(number, None)
                raise DeviceError(f"core: {method}: the line is cut") from error
        try:
            return future.result(timeout)
        except TimeoutError:
            raise DeviceError(f"core: {method}: no answer in {timeout:g} s") from None
        finally:
            self._waiting.pop(number, None)

    def close(self) -> None:
        """Hang up."""
        self._closed = True
        # Closed under its reader, the descriptor's number could soon be another line's,
        # and the reader would take what is meant for that one.
        with contextlib.suppress(OSError):
            with socket.socket(fileno=os.dup(self._connection.fileno())) as line:
                line.shutdown(socket.SHUT_RDWR)
        if threading.current_thread() is not self._thread:
            self._thread.join()
        self._connection.close()

    def _listen(self) -> None:
        while True:
            try:
                number, good, value = self._connection.recv()
            except (EOFError, OSError, TypeError):
                break
            if number == 0:
                if self._on_news is not None:
                    self._on_news(value)
                continue
            future = self._waiting.get(number)
            if future is None:
                continue
            if good:
                future.set_result(value)
            else:
                future.set_exception(value)
        for future in list(self._waiting.values()):
            if not future.done():
                future.set_exception(DeviceError("core: the line was cut"))
        if not self._closed and self._on_lost is not None:
            self._on_lost()
