# SPDX-License-Identifier: Apache-2.0
"""Keep one process alive: start it in its turn, restart it, end it when asked."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from renxing.errors import RenxingError
from renxing.runtime.bringup import ProcessSpec
from renxing.runtime.child import Child
from renxing.runtime.guardian import Guardian
from renxing.runtime.restart import RestartLimits, RestartPolicy
from renxing.runtime.state import ProcessPhase, ProcessState
from renxing.runtime.urgency import Urgency, first

_CANNOT_START = 127  # what a shell answers for a program it cannot start


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all keepers of a stack share.

    Attributes:
        environment: Variables of every process.
        write: Takes the name of a process and a line that it printed.
        tell: Takes a line of the supervisor's own.
        changed: Called after every change of a state.
        guardian: Knows every process group.
        urgency: Of stopping.
        limits: Of restarting.
        patience: Longest wait after SIGINT and after SIGTERM [s].
    """

    environment: Mapping[str, str]
    write: Callable[[str, str], None]
    tell: Callable[[str], None]
    changed: Callable[[], None]
    guardian: Guardian
    urgency: Urgency
    limits: RestartLimits = field(default_factory=RestartLimits)
    patience: tuple[float, float] = (3.0, 2.0)


class Keeper:
    """Keeps one process.

    Attributes:
        spec: What to keep alive.
        state: How it is, for `renxing status`.
        was_ready: Set when it has been ready once.
        asked: Set by the supervisor to end it.
        ended: Set when it has ended for good.
    """

    def __init__(
        self,
        spec: ProcessSpec,
        command: Sequence[str],
        surroundings: Surroundings,
    ) -> None:
        self.spec = spec
        self.state = ProcessState()
        self.was_ready = asyncio.Event()
        self.asked = asyncio.Event()
        self.ended = asyncio.Event()
        self._command = command
        self._around = surroundings

    async def keep(self, needed: Sequence["Keeper"]) -> None:
        """Run the process until it ends for good or is asked to end.

        Args:
            needed: What must be ready before it starts.
        """
        try:
            if await self._wait_for(needed):
                await self._keep_running()
        except Exception as error:  # a fault here must not orphan the other processes
            self._fail(f"fault in the supervisor: {error!r}")
        finally:
            self.state.ready = False
            self.ended.set()
            self._around.changed()

    async def _wait_for(self, needed: Sequence["Keeper"]) -> bool:
        for other in needed:
            await first(other.was_ready, other.ended, self.asked)
            if self.asked.is_set():
                self.state.phase = "stopped"
                return False
            if not other.was_ready.is_set():
                self._fail(f"'{other.spec.name}', which it needs, did not get ready")
                return False
        return True

    async def _keep_running(self) -> None:
        policy = RestartPolicy(restart=self.spec.restart, limits=self._around.limits)
        clock = asyncio.get_running_loop().time
        while True:
            begin = clock()
            exit_code = await self._run_once()
            if self.asked.is_set():
                self.state.phase = "stopped"
                return
            delay = policy.delay_after(exit_code, clock() - begin, self.state.ready)
            self.state.ready = False
            if delay is None:
                self._end(exit_code, starts=self.state.restarts + 1)
                return
            self._set_phase("restarting")
            self._tell(f"{in_words(exit_code)}; starting it again in {delay:.1f} s")
            await first(self.asked, timeout=delay)
            if self.asked.is_set():
                self.state.phase = "stopped"
                return
            self.state.restarts += 1

    async def _run_once(self) -> int:
        self.state.reason = ""
        try:
            child = await Child.start(
                self._command,
                self._around.environment,
                lambda line: self._around.write(self.spec.name, line),
            )
        except RenxingError as error:
            self._tell(str(error))
            return self._left(_CANNOT_START)
        self._around.guardian.add(child.pid)
        self.state.pid = child.pid
        self._set_phase("starting")
        try:
            exit_code = await self._live(child)
        finally:
            await child.close()
            self._around.guardian.remove(child.pid)
        return self._left(exit_code)

    async def _live(self, child: Child) -> int:
        if self.spec.readiness == "started":
            child.ready.set()
        timeout = self.spec.ready_timeout
        await first(child.ready, child.exited, self.asked, timeout=timeout)
        if child.ready.is_set() and not child.exited.done():
            self.state.ready = True
            self.was_ready.set()
            self._set_phase("ready")
            await first(child.exited, self.asked)
        if child.exited.done():
            return child.exited.result()
        self._set_phase("stopping")
        late = not self.asked.is_set()
        if late:
            self.state.reason = f"not ready after {timeout:g} s"
            self._tell(self.state.reason)
        exit_code = await child.stop(self._around.urgency, self._around.patience)
        if exit_code == -9:
            self._tell("did not end when asked, killed")
        return (exit_code or 1) if late else exit_code

    def _left(self, exit_code: int) -> int:
        self.state.pid = None
        self.state.exit_code = exit_code
        return exit_code

    def _end(self, exit_code: int, starts: int) -> None:
        if exit_code == 0:
            self.state.phase = "finished"
            self._tell("finished")
            return
        reason = self.state.reason or in_words(exit_code)
        again = f", given up after {starts} starts" if starts > 1 else ""
        self._fail(f"{reason}{again}")

    def _fail(self, reason: str) -> None:
        self.state.reason = reason
        self.state.phase = "failed"
        self._tell(f"failed: {reason}")

    def _set_phase(self, phase: ProcessPhase) -> None:
        self.state.phase = phase
        self._around.changed()

    def _tell(self, line: str) -> None:
        self._around.tell(f"{self.spec.name}: {line}")


def in_words(exit_code: int) -> str:
    """Say how a process ended."""
    if exit_code < 0:
        return f"ended by signal {-exit_code}"
    return f"ended with exit code {exit_code}"
