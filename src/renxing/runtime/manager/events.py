# SPDX-License-Identifier: Apache-2.0
"""What happened in the manager, for logs: the loop appends, somebody else takes."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

MOST = 1000  # events kept while nobody takes them; the oldest go first


class Level(Enum):
    """How bad an event is."""

    INFO = "info"
    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Event:
    """Something worth a line in the log.

    Attributes:
        level: How bad it is.
        subject: Component or controller that it is about.
        message: What happened.
    """

    level: Level
    subject: str
    message: str


class Events:
    """A bounded queue that any thread may append to without waiting.

    Attributes:
        observers: Called, in the thread that did it, after states of controllers or
            components have changed; they must only leave a note for somebody else.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._queue: deque[Event] = deque(maxlen=MOST)
        self.observers: list[Callable[[], None]] = []

    def info(self, subject: str, message: str) -> None:
        """Note something normal."""
        self._queue.append(Event(Level.INFO, subject, message))

    def warn(self, subject: str, message: str) -> None:
        """Note something doubtful."""
        self._queue.append(Event(Level.WARN, subject, message))

    def error(self, subject: str, message: str) -> None:
        """Note something that went wrong."""
        self._queue.append(Event(Level.ERROR, subject, message))

    def take(self) -> list[Event]:
        """Return what happened since the last call, oldest first."""
        found = []
        while self._queue:
            try:
                found.append(self._queue.popleft())
            except IndexError:  # another thread took it
                break
        return found

    def changed(self) -> None:
        """Tell the observers that a state has changed."""
        for observer in tuple(self.observers):
            try:
                observer()
            except Exception as error:
                self.error("observer", f"{type(error).__name__}: {error}")
