# SPDX-License-Identifier: Apache-2.0
"""Actions of which one goal at a time runs: the newest.

A goal is carried out by a generator that a timer steps.
"""

import traceback
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.node import Node

from renxing.nodes import action_goals

REPLACED = "replaced by a newer goal"


class CancelledError(Exception):
    """Thrown into a routine whose goal shall be given up; it may still clean up."""


@dataclass(frozen=True, slots=True)
class End:
    """How a goal ended by itself.

    Attributes:
        result: The message.
        succeeded: Or it was aborted.
    """

    result: Any
    succeeded: bool = True


# What carries a goal out: called once a period until it returns.
Routine = Generator[None, None, End]
Begin = Callable[[Any], Routine]


@dataclass(slots=True)
class _Running:
    server: ActionServer
    kind: Any
    handle: Any
    routine: Routine
    cancelled: bool = False


class Solo:
    """Servers of one or several actions that need the same thing: legs, for one."""

    def __init__(self, node: Node, refuses: Callable[[], str]) -> None:
        """Offer nothing yet.

        Args:
            node: That carries the actions.
            refuses: Says why no goal is accepted now; empty when one is.
        """
        self._node = node
        self._refuses = refuses
        self._servers: list[ActionServer] = []
        self._running: _Running | None = None

    @property
    def busy(self) -> bool:
        """Whether a goal runs."""
        return self._running is not None

    def offer(self, kind: Any, action: str, begin: Begin) -> None:
        """Offer an action.

        Args:
            kind: Its type.
            action: Its name.
            begin: Makes the routine of a goal's handle.
        """
        server: Any = None

        def accepted(handle: Any) -> None:
            self._start(_Running(server, kind, handle, begin(handle)))

        server = ActionServer(
            self._node,
            kind,
            action,
            execute_callback=lambda handle: kind.Result(),
            goal_callback=partial(self._on_goal, action),
            handle_accepted_callback=accepted,
            cancel_callback=lambda handle: CancelResponse.ACCEPT,
        )
        self._servers.append(server)

    def tick(self) -> None:
        """Carry the goal on."""
        running = self._running
        if running is None:
            return
        try:
            if running.handle.is_cancel_requested and not running.cancelled:
                running.cancelled = True
                running.routine.throw(CancelledError())
            else:
                next(running.routine)
        except CancelledError:
            self._end(running, None)
        except StopIteration as stop:
            self._end(running, stop.value)
        except Exception:
            self._node.get_logger().error(traceback.format_exc())
            self._end(running, End(failed(running.kind, 0, "internal error"), False))

    def end(self, why: str) -> None:
        """Abort what runs."""
        running = self._running
        if running is not None:
            running.routine.close()
            self._end(running, End(failed(running.kind, 0, why), False))

    def close(self) -> None:
        """Offer nothing any more."""
        self.end("the server was shut down")
        for server in self._servers:
            server.destroy()
        self._servers = []

    def _on_goal(self, action: str, _goal: Any) -> GoalResponse:
        why = self._refuses()
        if why:
            self._node.get_logger().warning(f"{action}: goal rejected: {why}")
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    def _start(self, running: _Running) -> None:
        self.end(REPLACED)
        self._running = running
        action_goals.begin(running.handle)

    def _end(self, running: _Running, end: End | None) -> None:
        """Tell the client; without an end the goal was cancelled."""
        if self._running is running:
            self._running = None

        outcome = "canceled"
        result = running.kind.Result()
        if end is not None:
            outcome = "succeeded" if end.succeeded else "aborted"
            result = end.result
        action_goals.end(running.server, running.handle, outcome, result)


def failed(kind: Any, code: int, why: str) -> Any:
    """Return the result of a goal that came to nothing."""
    result = kind.Result(error_code=code)
    result.error_msg = why
    return result
