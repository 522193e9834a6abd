# SPDX-License-Identifier: Apache-2.0
"""Who can be heard commanding the robot."""

import time
from collections.abc import Callable, Sequence

import numpy as np
from rclpy.node import Node

from renxing.console import Balance, Member
from renxing.console.authority import Authority, Voices, authority_of
from renxing.nodes.console_goals import ACTIONS, ConsoleGoals
from renxing.runtime.core_report import CoreReport

LOOK_PERIOD = 1.0  # [s] between two looks at who sends velocities
VELOCITIES = "cmd_vel"
PAGE = "this page"


class ConsoleAuthority:
    """Asks the graph who sends velocities, and puts together what the others know."""

    def __init__(
        self,
        node: Node,
        goals: ConsoleGoals,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask nobody yet.

        Args:
            node: The page's.
            goals: Which goals the legs have.
            clock: Tells the time [s].
        """
        self._node, self._goals, self._clock = node, goals, clock
        self._looked = -LOOK_PERIOD
        self._sources: tuple[str, ...] = ()

    def authority(
        self,
        *,
        core: CoreReport | None,
        controllers: Sequence[Member],
        walker: str,
        balance: Balance | None,
        task: str,
        ours: bool,
    ) -> Authority | None:
        """Return who commands.

        Args:
            core: What the core told; None while it is silent.
            controllers: All that are loaded.
            walker: Name of the one that obeys velocities; empty without one.
            balance: What that one is about; None while it is silent.
            task: Of the brain; empty if it has none.
            ours: Whether a goal of this page runs.
        """
        if core is None:
            return None
        return authority_of(
            Voices(
                rung=core.rung,
                causes=core.causes,
                controllers=[one.name for one in controllers if one.commands],
                walks=walker,
                moving=balance is not None and bool(np.any(balance.velocity)),
                sources=self.sources(),
                goals=self._asked(task, ours),
                task=task,
            )
        )

    def _asked(self, task: str, ours: bool) -> tuple[str, ...]:
        running = self._goals.running
        if not running:
            return ()
        # What decides stands first; the paths that it has walked are its own affair.
        words = ACTIONS[running[0]]
        if ours and running[0] == "navigate_to_pose":
            return PAGE, words
        return (words,) if task else ("somebody", words)

    def sources(self) -> tuple[str, ...]:
        """Return the names of the nodes that can send velocities now."""
        now = self._clock()
        if now - self._looked >= LOOK_PERIOD:
            self._looked = now
            own = self._node.get_name(), self._node.get_namespace()
            found = {
                PAGE if (one.node_name, one.node_namespace) == own else one.node_name
                for one in self._node.get_publishers_info_by_topic(VELOCITIES)
            }
            self._sources = tuple(sorted(found))
        return self._sources
