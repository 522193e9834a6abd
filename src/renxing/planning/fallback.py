# SPDX-License-Identifier: Apache-2.0
"""A second source of plans for when the first does not answer; the plan says so."""

import msgspec

from renxing.planning.plan import (
    Command,
    Decision,
    Plan,
    Planner,
    PlannerFailed,
)
from renxing.planning.scene import Scene


class FallbackPlanner:
    """Asks one source, and another one if that fails.

    Attributes:
        name: Of the first.
    """

    def __init__(self, first: Planner, second: Planner) -> None:
        """Take both."""
        self.name = first.name
        self._first = first
        self._second = second

    def propose(self, command: Command, scene: Scene) -> Decision:
        """Return what the first says, or the second if the first fails.

        Raises:
            PlannerFailed: If both fail.
        """
        try:
            return self._first.propose(command, scene)
        except PlannerFailed as error:
            decision = self._second.propose(command, scene)
            if not isinstance(decision, Plan):
                return decision
            note = f"{self._first.name} failed ({error}); {decision.source} planned"
            return msgspec.structs.replace(decision, note=note)
