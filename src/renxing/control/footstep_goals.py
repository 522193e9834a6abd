# SPDX-License-Identifier: Apache-2.0
"""Goals of given footsteps: what is asked, how far it is, and what it came to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from renxing.control.gait.footsteps import Footstep, Footsteps
from renxing.control.locomotion import Locomotion
from renxing.errors import UnsafeCommandError


@dataclass(frozen=True, slots=True, kw_only=True)
class FootstepGoal:
    """Walk over these, then stand.

    Attributes:
        steps: In odom, left and right by turns.
        number: Of the goal; None if nobody waits for it.
        tolerance: Greatest distance from a foothold to where the foot lands [m].
    """

    steps: tuple[Footstep, ...]
    number: int | None = None
    tolerance: float = float("inf")


@dataclass(frozen=True, slots=True)
class CancelFootsteps:
    """Stop and stand, if the goal still runs.

    Attributes:
        number: Of the goal.
    """

    number: int


@dataclass(frozen=True, slots=True)
class FootstepProgress:
    """A step was made.

    Attributes:
        number: Of the goal.
        made: Steps until now.
        error: From the wanted to the real place of the last one [m].
    """

    number: int
    made: int
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FootstepResult:
    """A goal has ended.

    Attributes:
        number: Of the goal.
        outcome: `succeeded`, `aborted` or `canceled`.
        errors: Of each step that was made [m].
        text: Why, if it was not done.
    """

    number: int
    outcome: str
    errors: tuple[float, ...] = ()
    text: str = ""


class FootstepGoals:
    """Carries out one goal at a time."""

    def __init__(self, locomotion: Locomotion, tell: Callable[[Any], None]) -> None:
        """Have nothing to do.

        Args:
            locomotion: Who walks.
            tell: Takes progress and results.
        """
        self._locomotion = locomotion
        self._tell = tell
        self._goal: FootstepGoal | None = None
        self._plan: Footsteps | None = None
        self._told = 0
        self._given_up = ""

    def begin(self, goal: FootstepGoal) -> str:
        """Begin a goal, in place of the one that runs.

        Returns:
            Why not; nothing if it has begun.
        """
        try:
            plan = self._locomotion.walker.follow(goal.steps)
        except UnsafeCommandError as error:
            return self.refuse(goal, str(error))
        self.give_up("another plan came")
        self._goal, self._plan, self._told, self._given_up = goal, plan, 0, ""
        return ""

    def refuse(self, goal: FootstepGoal, why: str) -> str:
        """Do not begin a goal; returns why."""
        self._report(goal, "aborted", (), why)
        return why

    def cancel(self, number: int) -> None:
        """Stop and stand if it is this goal that runs."""
        if self._goal is not None and self._goal.number == number:
            self._locomotion.walker.footsteps = None
            self._given_up = "canceled"

    def give_up(self, why: str) -> None:
        """End the goal that runs; the robot stops after the present step."""
        if self._goal is not None and self._plan is not None:
            if self._locomotion.walker.footsteps is self._plan:
                self._locomotion.walker.footsteps = None
            self._end("aborted", why)

    def look(self) -> None:
        """Tell what the last tick has brought."""
        goal, plan = self._goal, self._plan
        if goal is None or plan is None:
            return
        made = len(plan.errors)
        if made > self._told:
            self._told, error = made, plan.errors[-1]
            if goal.number is not None:
                self._tell(FootstepProgress(goal.number, made, error))
            if error > goal.tolerance:
                self.give_up(
                    f"footstep {made - 1} landed {error:.3f} m from its place, allowed "
                    f"{goal.tolerance:g}"
                )
                return
        standing = self._locomotion.mode == "stand"
        if self._given_up:
            if standing:
                self._end("canceled", "canceled")
        elif self._locomotion.walker.footsteps is not plan:
            self._end("aborted", "a velocity was commanded")
        elif plan.next is None and standing:
            self._locomotion.walker.footsteps = None
            self._end("succeeded", "")

    def _end(self, outcome: str, why: str) -> None:
        goal, plan = self._goal, self._plan
        self._goal = self._plan = None
        if goal is not None and plan is not None:
            self._report(goal, outcome, tuple(plan.errors), why)

    def _report(
        self, goal: FootstepGoal, outcome: str, errors: tuple[float, ...], why: str
    ) -> None:
        if goal.number is not None:
            self._tell(
                FootstepResult(
                    number=goal.number, outcome=outcome, errors=errors, text=why
                )
            )
