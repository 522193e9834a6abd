# SPDX-License-Identifier: Apache-2.0
"""Start the processes of a stack in order, watch over them, stop them in order.

A process starts when all that it is `after` are ready, and is asked to stop when
all that are `after` or `beside` it have ended. The rest happens side by side.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from renxing.runtime.bringup import ProcessSpec
from renxing.runtime.keeper import Keeper, Surroundings
from renxing.runtime.state import Phase, StackState
from renxing.runtime.urgency import first

_REQUESTS = {
    1: "stopping in order",
    2: "asked again: hurrying (SIGTERM to all)",
    3: "asked again: killing",
}


class Supervisor:
    """Supervises the processes of one stack.

    Attributes:
        state: How the stack is; `changed` of the surroundings is called after
            every change.
    """

    def __init__(
        self,
        specs: Sequence[ProcessSpec],
        commands: Mapping[str, Sequence[str]],
        surroundings: Surroundings,
        state: StackState,
    ) -> None:
        self.state = state
        self._around = surroundings
        self._keepers = {
            spec.name: Keeper(spec, commands[spec.name], surroundings) for spec in specs
        }
        state.processes = {name: k.state for name, k in self._keepers.items()}

    async def run(self, on_settled: Callable[[], None]) -> int:
        """Run the stack until it ends or is asked to stop.

        Args:
            on_settled: Called once, when every process has become ready or has
                ended for good.

        Returns:
            0 if it was asked to stop or all processes finished well, else 1.
        """
        keepers = self._keepers.values()
        tasks = [
            asyncio.create_task(k.keep([self._keepers[n] for n in k.spec.after]))
            for k in keepers
        ]
        watch = asyncio.create_task(self._watch_settled(on_settled))
        failed = await self._watch_ends()
        watch.cancel()
        self._set_phase("stopping")
        await asyncio.gather(*(self._stop(keeper) for keeper in keepers))
        await asyncio.gather(*tasks)
        self.state.exit_code = int(failed)
        self._set_phase("stopped")
        return int(failed)

    def stop_in_order(self, reason: str) -> None:
        """Ask for an orderly stop, if nobody has yet."""
        if self._around.urgency.level == 0:
            self.request_stop(reason)

    def request_stop(self, reason: str) -> None:
        """Ask for an orderly stop; each further request makes it more urgent."""
        level = self._around.urgency.increase()
        self._around.tell(f"{reason}, {_REQUESTS[level]}")

    def ready(self) -> bool:
        """Tell whether every process has been ready."""
        return all(keeper.was_ready.is_set() for keeper in self._keepers.values())

    def healthy(self) -> bool:
        """Tell whether all got ready and none has failed or been restarted."""
        return self.ready() and all(
            keeper.state.phase != "failed" and keeper.state.restarts == 0
            for keeper in self._keepers.values()
        )

    async def _watch_settled(self, on_settled: Callable[[], None]) -> None:
        for keeper in self._keepers.values():
            await first(keeper.was_ready, keeper.ended)
        self._set_phase("running")
        on_settled()

    async def _watch_ends(self) -> bool:
        """Wait until the stack is to stop; tell whether that is a failure."""
        keepers = list(self._keepers.values())
        asked = self._around.urgency.reached(1)
        while not asked.is_set():
            running = [keeper for keeper in keepers if not keeper.ended.is_set()]
            for keeper in keepers:
                if keeper.spec.critical and keeper.ended.is_set():
                    name = keeper.spec.name
                    self.stop_in_order(f"the critical process '{name}' has ended")
                    return keeper.state.phase == "failed"
            if not running:
                return any(keeper.state.phase == "failed" for keeper in keepers)
            await first(asked, *(keeper.ended for keeper in running))
        return False

    async def _stop(self, keeper: Keeper) -> None:
        name = keeper.spec.name
        hurry = self._around.urgency.reached(2)
        for other in self._keepers.values():
            needed = other.spec.after + other.spec.beside
            while name in needed and not other.ended.is_set():
                if hurry.is_set():
                    break
                await first(other.ended, hurry)
        keeper.asked.set()
        await keeper.ended.wait()

    def _set_phase(self, phase: Phase) -> None:
        self.state.phase = phase
        self._around.changed()
