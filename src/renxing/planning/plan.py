# SPDX-License-Identifier: Apache-2.0
"""Plans as data: steps, each one skill with arguments, and who proposes them.

A step that finds something may be referred to by later ones: the argument `@s1` is the
thing that step `s1` found. Nothing in a plan is an answer; answers come from outcomes.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Protocol

import msgspec
from msgspec import Meta, Struct

from renxing.errors import RenxingError
from renxing.planning.scene import Scene
from renxing.planning.skill import Outcome

Language = Literal["en", "zh"]
Json = dict[str, Any]
StepId = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
MARK = "@"


class PlanError(RenxingError):
    """A text that is not a plan."""


class Command(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What somebody asks for.

    Attributes:
        text: Their words.
        language: Of the words and of the answer.
    """

    text: str
    language: Language = "en"


class Step(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One skill with its arguments.

    Attributes:
        id: Unique in the plan.
        skill: Its name.
        arguments: By name; what the skill's own class of arguments takes.
        text: What it is, for people.
    """

    id: StepId
    skill: str
    arguments: Json = {}
    text: str = ""


class Plan(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Steps, one after the other.

    Attributes:
        command: What was asked for.
        source: Who planned: `offline`, or the name of a model.
        steps: In order.
        note: What people should know of how it came about, such as that the configured
            source did not answer; empty for nothing.
        revision: Counts the plans that were made for the command, from 0.
    """

    command: Command
    source: str
    steps: tuple[Step, ...]
    note: str = ""
    revision: int = 0


class Question(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A question back, where a guess would be needed.

    Attributes:
        text: In the language of the command.
        candidates: Names of what may be meant.
        noun: Words of the command that are not clear.
        source: Who asks.
        detail: What a model said of it, for the log; it is never spoken.
    """

    text: str
    candidates: tuple[str, ...] = ()
    noun: str = ""
    source: str = "offline"
    detail: str = ""


class Refusal(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A reason for which there is no plan.

    Attributes:
        code: Whether the words make no sense to the robot, or what they ask for cannot
            or must not be done.
        text: Why, in the language of the command.
        source: Who refuses.
        detail: What a model said of it, for the log; it is never spoken.
    """

    code: Literal["not_understood", "impossible"]
    text: str
    source: str = "offline"
    detail: str = ""


Decision = Plan | Question | Refusal


class PlannerFailed(RenxingError):
    """A source of plans that did not answer, or with nonsense."""


class Planner(Protocol):
    """A source of plans. What it proposes is checked by whoever asks it."""

    @property
    def name(self) -> str:
        """Its name, which its plans carry."""

    def propose(self, command: Command, scene: Scene) -> Decision:
        """Answer a command; may take seconds.

        Raises:
            PlannerFailed: If it cannot answer.
        """


def to_json(plan: Plan) -> str:
    """Return a plan as JSON, with keys in the order of their fields."""
    return msgspec.json.encode(plan).decode()


def from_json(text: str) -> Plan:
    """Return the plan that a JSON text is.

    Raises:
        PlanError: If it is none: wrong types, unknown or missing keys.
    """
    try:
        return msgspec.json.decode(text, type=Plan)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise PlanError(f"plan: {error}; got {text[:80]!r}") from error


def bind(step: Step, outcomes: Mapping[str, Outcome]) -> Step:
    """Put what earlier steps found in the place of references to them.

    Args:
        step: With references such as `@s1` among its arguments.
        outcomes: Of the steps before it, by id.

    Raises:
        PlanError: If a step did not find what this one refers to.
    """

    def value(given: Any) -> Any:
        if isinstance(given, list | tuple):
            return [value(part) for part in given]
        if not isinstance(given, str) or not given.startswith(MARK):
            return given
        outcome = outcomes.get(given.removeprefix(MARK))
        found = outcome.measured.get("object") if outcome is not None else None
        if outcome is None or not outcome.success or not isinstance(found, str):
            raise PlanError(f"step '{step.id}': {given}: nothing was found there")
        return found

    # What is said is never a reference.
    arguments = {
        name: given if name == "text" else value(given)
        for name, given in step.arguments.items()
    }
    return msgspec.structs.replace(step, arguments=arguments)
