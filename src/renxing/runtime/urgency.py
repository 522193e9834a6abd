# SPDX-License-Identifier: Apache-2.0
"""How urgently a supervisor has been asked to stop, and waiting for that."""

import asyncio
from typing import Any

MAX_LEVEL = 3


class Urgency:
    """Grows with every request: 0 run, 1 stop in order, 2 hurry, 3 kill."""

    def __init__(self) -> None:
        self.level = 0
        self._reached = [asyncio.Event() for _ in range(MAX_LEVEL + 1)]
        self._reached[0].set()

    def increase(self) -> int:
        """Go one level up, as far as there is one, and return it."""
        self.level = min(self.level + 1, MAX_LEVEL)
        self._reached[self.level].set()
        return self.level

    def reached(self, level: int) -> asyncio.Event:
        """Return the event of reaching a level."""
        return self._reached[level]


async def first(
    *awaited: "asyncio.Event | asyncio.Future[Any]", timeout: float | None = None
) -> None:
    """Wait until one of several things has happened, or the time is over [s]."""
    tasks = [
        asyncio.create_task(a.wait()) for a in awaited if isinstance(a, asyncio.Event)
    ]
    futures = [a for a in awaited if isinstance(a, asyncio.Future)]
    try:
        await asyncio.wait(
            [*tasks, *futures], timeout=timeout, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        for task in tasks:
            task.cancel()
