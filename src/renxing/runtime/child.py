# SPDX-License-Identifier: Apache-2.0
"""One run of one program: start it, hear it, know when it is ready, end it.

The program leads a process group of its own, so that a Ctrl-C in the terminal reaches
only the supervisor, and so that everything it started can be signalled at once. All
groups share the supervisor's session: where Linux groups tasks by session (autogroup),
niceness counts only within one, and what sleeps often in a small one is woken late.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence

from renxing.errors import RenxingError
from renxing.runtime.urgency import Urgency, first

READY_FD = "RENXING_READY_FD"

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_MAX_LINE = 65536  # [bytes] a longer line is cut in pieces
_POLL = 0.05  # [s] between looks where the kernel has no pidfd

# Loaded here: nothing may be imported between fork and exec.
_libc = ctypes.CDLL(None, use_errno=True)


class Child:
    """A running program, the leader of its own process group.

    Attributes:
        pid: Its process id, which is its process group too.
        ready: Set once it has written to the file descriptor in RENXING_READY_FD.
        exited: Done when it has ended, with its exit code; negative for a signal.
    """

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.pid = process.pid
        self.ready = asyncio.Event()
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._process = process
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        environment: Mapping[str, str],
        on_line: Callable[[str], None],
    ) -> "Child":
        """Start a program.

        Args:
            command: Program and arguments.
            environment: All its environment variables.
            on_line: Called with each line that it prints.

        Raises:
            RenxingError: If the program cannot be started.
        """
        parent = os.getpid()
        output_read, output_write = os.pipe()
        ready_read, ready_write = os.pipe()
        try:
            process = subprocess.Popen(
                command,
                env={**environment, READY_FD: str(ready_write)},
                stdin=subprocess.DEVNULL,
                stdout=output_write,
                stderr=output_write,
                pass_fds=(ready_write,),
                process_group=0,
                preexec_fn=lambda: _die_with(parent),
            )
        except OSError as error:
            os.close(output_read)
            os.close(ready_read)
            raise RenxingError(f"program '{command[0]}': {error}") from error
        finally:
            os.close(output_write)
            os.close(ready_write)
        child = cls(process)
        child._tasks = [
            asyncio.create_task(child._watch_exit()),
            asyncio.create_task(_read_lines(output_read, on_line)),
            asyncio.create_task(child._watch_ready(ready_read)),
        ]
        return child

    async def stop(self, urgency: Urgency, patience: tuple[float, float]) -> int:
        """End the program: SIGINT, then SIGTERM, then SIGKILL to its whole group.

        Args:
            urgency: Of the supervisor; its higher levels cut the waits short.
            patience: Longest wait after SIGINT and after SIGTERM [s].

        Returns:
            The exit code.
        """
        steps = ((signal.SIGINT, patience[0]), (signal.SIGTERM, patience[1]))
        for level, (number, wait) in enumerate(steps, start=2):
            if self.exited.done():
                break
            if urgency.level < level:
                self.signal(number)
                await first(self.exited, urgency.reached(level), timeout=wait)
        if not self.exited.done():
            self.signal(signal.SIGKILL)
        return await self.exited

    def signal(self, number: int) -> None:
        """Send a signal to the program and all that it started."""
        if not self.exited.done():  # else the number may belong to somebody else
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    async def close(self) -> None:
        """Read the last words of a program that has exited."""
        # A stray that left the group may hold the pipe open for ever.
        await asyncio.wait(self._tasks, timeout=1.0)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _watch_exit(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            pidfd = os.pidfd_open(self.pid)
        except OSError:
            ended = os.WEXITED | os.WNOWAIT | os.WNOHANG
            while os.waitid(os.P_PID, self.pid, ended) is None:
                await asyncio.sleep(_POLL)
        else:
            readable = asyncio.Event()
            loop.add_reader(pidfd, readable.set)
            try:
                await readable.wait()
            finally:
                loop.remove_reader(pidfd)
                os.close(pidfd)
        # Not yet reaped, so the number of its group is still its own.
        self.signal(signal.SIGKILL)
        self.exited.set_result(self._process.wait())

    async def _watch_ready(self, descriptor: int) -> None:
        await _read_lines(descriptor, lambda _: self.ready.set())


async def _read_lines(descriptor: int, on_line: Callable[[str], None]) -> None:
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader),
        os.fdopen(descriptor, "rb", buffering=0),
    )
    try:
        rest = b""
        while data := await reader.read(_MAX_LINE):
            *lines, rest = (rest + data).split(b"\n")
            if len(rest) >= _MAX_LINE:
                lines, rest = [*lines, rest], b""
            for line in lines:
                on_line(line.decode(errors="replace").rstrip("\r"))
        if rest:
            on_line(rest.decode(errors="replace"))
    finally:
        transport.close()


def _die_with(parent: int) -> None:
    """Ask the kernel to kill this process when the supervisor dies."""
    _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:  # it died before the call
        os._exit(1)
