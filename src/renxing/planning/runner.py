# SPDX-License-Identifier: Apache-2.0
"""Who carries steps out: what a robot, or a stand-in for one, has to offer."""

from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

from renxing.planning.plan import Language
from renxing.planning.skill import Arguments, Outcome

# What a runner tells its calls apart by.
Handle = TypeVar("Handle")

StepState = Literal["waiting", "running", "succeeded", "failed", "skipped", "canceled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A step as its runner gets it: references bound, arguments checked.

    Attributes:
        step: Id of the step.
        skill: Name of the skill.
        arguments: Of the skill's own class.
        language: Of whoever asked.
        speech: What `say` and `report` have to say; empty for other skills.
        timeout: After which it is canceled [s].
    """

    step: str
    skill: str
    arguments: Arguments
    language: Language
    speech: str
    timeout: float


class Runner(Protocol[Handle]):
    """Carries out one call at a time; none of its methods may wait."""

    def start(self, call: Call) -> Handle:
        """Begin.

        Returns:
            A handle for the other methods.

        Raises:
            RenxingError: If it cannot begin; the step fails with code `refused`.
        """

    def poll(self, handle: Handle, /) -> Outcome | None:
        """Return what was measured, or None while it goes on."""

    def cancel(self, handle: Handle, /) -> None:
        """End it, as soon as it can; what it measured after that is not asked for."""


@dataclass(slots=True, kw_only=True)
class Record:
    """What became of a step.

    Attributes:
        state: As in renxing_msgs/PlanStep.
        started: When [s]; None before.
        ended: When [s]; None before.
        outcome: What was measured; None before it ended.
    """

    state: StepState = "waiting"
    started: float | None = None
    ended: float | None = None
    outcome: Outcome | None = field(default=None)
