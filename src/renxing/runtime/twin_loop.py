# SPDX-License-Identifier: Apache-2.0
"""Run the twin on a wall clock, in a thread of its own, with a posture hold in front.

Everything that touches the twin runs in that thread: other threads hand it a function
with `submit` and get its result as a future.
"""

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeVar

from renxing.control.hold import Hold
from renxing.errors import RenxingError
from renxing.sim import Twin

T = TypeVar("T")

LAG_LIMIT = 0.1  # [s] behind the clock: time is given up, not caught up in a burst
PAUSE_PERIOD = 0.02  # [s] between two looks at the queue while paused
STATISTICS_PERIOD = 1.0  # [s] over which speed and step time are averaged


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceConfig:
    """How fast the twin runs.

    Attributes:
        control_period: Between two joint commands [s].
        speed: Simulated seconds a wall second; 0 runs as fast as it can [-].
    """

    control_period: float = field(default=0.002, metadata={"min": 0.001, "max": 0.02})
    speed: float = field(default=1.0, metadata={"min": 0.0, "max": 100.0})


class TwinLoop:
    """The thread that turns time.

    Attributes:
        paused: Whether time stands still.
        real_time_factor: Simulated seconds a wall second, over the last second [-].
        step_seconds: Mean wall time of a physics step, over the last second [s].
    """

    def __init__(
        self, twin: Twin, hold: Hold, config: PaceConfig, tick: Callable[[], None]
    ) -> None:
        """Prepare the thread; `start` starts it.

        Args:
            twin: What it runs.
            hold: What commands the joints.
            config: How fast.
            tick: Called in the thread after each control period and while paused.
        """
        self.twin = twin
        self.hold = hold
        self.paused = False
        self.real_time_factor = 0.0
        self.step_seconds = 0.0
        self._tick = tick
        self._speed = config.speed
        self._steps = max(1, round(config.control_period / twin.time_step))
        self._period = self._steps * twin.time_step
        self._requests: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Start turning time."""
        self._end.clear()
        self._thread = threading.Thread(target=self._run, name="twin", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop turning time; the twin keeps its state."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(timeout=5.0)
            self._thread = None

    def submit(self, request: Callable[[], T]) -> "Future[T]":
        """Run a function in the thread; its result or error comes in the future.

        Without the thread nobody else touches the twin, and it runs here and now.
        """
        future: Future[T] = Future()

        def serve() -> None:
            try:
                future.set_result(request())
            except RenxingError as error:
                future.set_exception(error)

        self._requests.put(serve)
        if self._thread is None:
            self._serve()
        return future

    def advance(self, steps: int) -> None:
        """Turn time by some physics steps at once; call it in the thread.

        Args:
            steps: How many; the command is renewed each control period.
        """
        while steps > 0:
            count = min(steps, self._steps)
            self.twin.step(self.hold.step(self.twin.time), count)
            steps -= count

    def _run(self) -> None:
        try:
            self._turn()
        except BaseException as error:
            # The owner of the thread looks at `failure`; a daemon thread has no caller.
            self.failure = error
            raise

    def _turn(self) -> None:
        due = time.perf_counter()
        mark, mark_time, busy, count = due, self.twin.time, 0.0, 0
        while not self._end.is_set():
            self._serve()
            if self.paused:
                self._end.wait(PAUSE_PERIOD)
                self._tick()
                due = time.perf_counter()
                mark, mark_time, busy, count = due, self.twin.time, 0.0, 0
                self.real_time_factor = 0.0
                continue
            started = time.perf_counter()
            self.advance(self._steps)
            now = time.perf_counter()
            busy += now - started
            count += self._steps
            self._tick()
            if now - mark > STATISTICS_PERIOD:
                # A reset turns simulated time back; such a second says nothing.
                passed = self.twin.time - mark_time
                if passed > 0.0:
                    self.real_time_factor = passed / (now - mark)
                self.step_seconds = busy / count
                mark, mark_time, busy, count = now, self.twin.time, 0.0, 0
            if self._speed > 0.0:
                due = self._wait(due + self._period / self._speed)

    def _wait(self, due: float) -> float:
        late = time.perf_counter() - due
        if late > LAG_LIMIT:
            return due + late
        if late < 0.0:
            time.sleep(-late)
        return due

    def _serve(self) -> None:
        while True:
            try:
                request = self._requests.get_nowait()
            except queue.Empty:
                return
            request()
