# SPDX-License-Identifier: Apache-2.0
"""What came of checking a plan: one that keeps the rules, or those that it breaks."""

from dataclasses import dataclass

from renxing.errors import RenxingError
from renxing.planning.plan import Plan, Step
from renxing.planning.skill import Arguments, Risk, Skill
from renxing.planning.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A rule that a plan breaks.

    Attributes:
        rule: `structure`, `skill`, `arguments`, `reference`, `precondition`, `stopped`,
            `speed`, `zone`, `battery`, `way`, `speech`.
        text: What, which, got and allowed.
        step: Id of the step; empty for the plan.
        subject: What it is about, such as the name of a zone.
    """

    rule: str
    text: str
    step: str = ""
    subject: str = ""


class Rejected(RenxingError):
    """A plan that breaks rules.

    Attributes:
        problems: All that were found, in the order of the steps; never empty.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Put all problems into the message, one a line."""
        self.problems = problems
        lines = (f"step '{p.step}': {p.text}" if p.step else p.text for p in problems)
        super().__init__("\n".join(lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedStep:
    """A step that keeps the rules.

    Attributes:
        step: As it was proposed.
        skill: That it asks for.
        arguments: Of the skill's own class, no faster than its zones allow.
        risk: Of the skill, or more where arguments and scene say so.
        timeout: Longest time that it may take [s].
        reasons: Why somebody has to approve it.
    """

    step: Step
    skill: Skill
    arguments: Arguments
    risk: Risk
    timeout: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPlan:
    """A plan that keeps the rules; only the validator makes these.

    Attributes:
        plan: As it was proposed.
        steps: In order.
        risk: The greatest of the steps'.
        reasons: Why somebody has to approve it.
        end: What will hold if all goes well.
    """

    plan: Plan
    steps: tuple[CheckedStep, ...]
    risk: Risk
    reasons: tuple[str, ...]
    end: State
