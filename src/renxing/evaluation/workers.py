# SPDX-License-Identifier: Apache-2.0
"""Do tasks side by side in processes of their own.

What is done is a pure function, so results do not depend on how many workers there are.
`concurrent.futures` would do but for Ctrl-C: its workers finish their tasks first.
"""

import contextlib
import ctypes
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Generic, TypeVar

import psutil

from renxing.errors import RenxingError

Task = TypeVar("Task")
Result = TypeVar("Result")

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_END_TIME = 2.0  # [s] that a worker has to end
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class WorkerError(RenxingError):
    """A task that could not be done."""


def core_count() -> int:
    """Return how many physical cores this process may use, at least one."""
    allowed = len(os.sched_getaffinity(0))
    return max(1, min(allowed, psutil.cpu_count(logical=False) or 1))


class Workers(Generic[Task, Result]):
    """Does tasks; leaving its context ends every process that it started."""

    def __init__(self, jobs: int, work: Callable[[Task], Result]) -> None:
        """Start nothing yet.

        Args:
            jobs: Tasks at a time; with one they are done in this process.
            work: What is done with a task; found by its module's name elsewhere.
        """
        self._jobs = jobs
        self._work = work
        self._idle: list[_Worker] = []
        self._busy: dict[Connection, _Worker] = {}

    def __enter__(self) -> "Workers[Task, Result]":
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        place: TracebackType | None,
    ) -> None:
        """End all processes, whatever they do."""
        for worker in [*self._idle, *self._busy.values()]:
            worker.end()
        self._idle.clear()
        self._busy.clear()

    def run(self, tasks: Sequence[Task]) -> Iterator[Result]:
        """Yield results as they come; when no more are wanted, it may be left.

        Args:
            tasks: Longest first is quickest.

        Raises:
            WorkerError: If a task raised in its process, or the process died.
        """
        if self._jobs <= 1:
            yield from map(self._work, tasks)
            return
        waiting = deque(tasks)
        try:
            while waiting or self._busy:
                while waiting and len(self._busy) < self._jobs:
                    worker = self._idle.pop() if self._idle else _Worker(self._work)
                    worker.start(waiting.popleft())
                    self._busy[worker.connection] = worker
                ready = wait(list(self._busy))
                for connection in [one for one in self._busy if one in ready]:
                    worker = self._busy[connection]
                    result = worker.take()
                    del self._busy[connection]
                    self._idle.append(worker)
                    yield result
        finally:
            # Left early: what still runs is of no use to anybody.
            for worker in self._busy.values():
                worker.end()
            self._busy.clear()


class _Worker:
    """A process that does one task after the other."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, other = context.Pipe()
        with _heritage():
            self._process: BaseProcess = context.Process(
                target=_serve, args=(other, os.getpid(), work), daemon=True
            )
            self._process.start()
        other.close()

    def start(self, task: object) -> None:
        """Hand it a task."""
        self._task = task
        self.connection.send(task)

    def take(self) -> Any:
        """Return the result of the task."""
        try:
            done, answer = self.connection.recv()
        except (EOFError, ConnectionResetError) as error:
            self._process.join(_END_TIME)
            code = self._process.exitcode
            raise WorkerError(f"{self._task}: its process died, code {code}") from error
        if not done:
            raise WorkerError(f"{self._task}: {answer}")
        return answer

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.terminate()
        self._process.join(_END_TIME)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self.connection.close()


def _serve(connection: Connection, parent: int, work: Callable[[Any], Any]) -> None:
    """Do tasks until the other end is closed; the main of a worker."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != parent:
        return
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        try:
            answer = True, work(task)
        # Whatever it is, the parent has to hear of it.
        except Exception as error:
            answer = False, f"{type(error).__name__}: {error}"
        with contextlib.suppress(BrokenPipeError):
            connection.send(answer)


@contextlib.contextmanager
def _heritage() -> Iterator[None]:
    """Let a process that starts here compute in one thread and not hear of Ctrl-C.

    There are enough threads already, and the parent decides what Ctrl-C means. Its mask
    is inherited, so that not even the imports of the child are interrupted.
    """
    # It unmasks Ctrl-C when it starts, so it has to run before.
    resource_tracker.ensure_running()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
