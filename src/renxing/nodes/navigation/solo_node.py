# SPDX-License-Identifier: Apache-2.0
"""A node with actions of which one goal at a time runs, while it is active."""

from typing import Any

from renxing.nodes.managed import ManagedNode
from renxing.nodes.navigation.child import Child
from renxing.nodes.navigation.solo import Solo
from renxing.nodes.navigation.stop_watch import StopWatch


class SoloNode(ManagedNode):
    """Rejects goals while it is not active or a stop is latched.

    `configure` calls `offer_solo`, and `ask` for the actions that it needs itself; the
    rest of the life cycle is here.
    """

    def __init__(self, name: str, called: str) -> None:
        """Create the node, unconfigured.

        Args:
            name: In the graph.
            called: In words, for who is rejected.
        """
        super().__init__(name)
        self._called = called
        self._working = False
        self._solo: Solo | None = None
        self._children: list[Child] = []

    def offer_solo(self) -> Solo:
        """Return what offers the actions; somebody has to tick it."""
        self._stops = StopWatch(self)
        self._solo = Solo(self, self._refuses)
        return self._solo

    def ask(self, kind: Any, action: str) -> Child:
        """Return a client of an action of another node.

        Args:
            kind: Its type.
            action: Its name.
        """
        child = Child(self, kind, action)
        self._children.append(child)
        return child

    def activate(self) -> None:
        """Accept goals."""
        self._working = True

    def deactivate(self) -> None:
        """Accept no more."""
        self._working = False
        if self._solo is not None:
            self._solo.end(f"the {self._called} was deactivated")

    def clean(self) -> None:
        """Take the actions off the graph."""
        if self._solo is not None:
            self._solo.close()
            self._solo = None
        for child in self._children:
            child.close()
        self._children = []

    def _refuses(self) -> str:
        return self._stops.why if self._working else f"the {self._called} is not active"
