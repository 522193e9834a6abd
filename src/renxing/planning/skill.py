# SPDX-License-Identifier: Apache-2.0
"""What a robot can do: skills with typed arguments, needs, effects and risk.

A skill is data: how it is done is the business of whoever runs it. What came of it is
an `Outcome` of measured values. Packages add skills of their own by the entry points
group `renxing.skills`; each names a `Skill` or an iterable of them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import Struct

from renxing.errors import ConfigError

if TYPE_CHECKING:
    from renxing.planning.state import Need, State

ENTRY_POINTS = "renxing.skills"
Risk = Literal["none", "motion", "approval"]
RISKS: tuple[Risk, ...] = ("none", "motion", "approval")  # from least to greatest
Resource = Literal["legs", "head", "arms", "voice"]


class Arguments(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of what skills take; SI units."""


class Outcome(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What came of a step.

    Attributes:
        success: Whether the skill did what it is for.
        measured: What was measured, as JSON; units in the names, such as
            `distance_walked_m`.
        reason: Why it failed; empty if it did not.
        code: Kind of the failure, such as `not_found`, `blocked`, `timeout`,
            `stopped`, `canceled`, `lost`, `refused`; empty if it did not fail.
    """

    success: bool
    measured: dict[str, Any] = {}
    reason: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """Something that a robot can do.

    Attributes:
        name: Unique among skills.
        purpose: What it is for, in one line.
        arguments: Class of what it takes.
        needs: Yields what has to hold before it can begin.
        effects: Returns what holds after it went well; the id is of the step.
        timeout: Longest time that it may take [s].
        risk: What may come of it; arguments and scene may raise it, never lower it.
        resources: What nobody else may use meanwhile.
        measures: What its outcome says after success: meaning and unit by name.
    """

    name: str
    purpose: str
    arguments: type[Arguments]
    needs: Callable[[Any, "State"], "Iterable[Need]"]
    effects: Callable[[Any, "State", str], "State"]
    timeout: Callable[[Any], float]
    risk: Risk = "none"
    resources: frozenset[Resource] = frozenset()
    measures: Mapping[str, str] = field(default_factory=dict)

    def read(self, arguments: Mapping[str, Any]) -> Arguments:
        """Return arguments as the skill's own class.

        Raises:
            ConfigError: If they are not what it takes.
        """
        try:
            return msgspec.convert(dict(arguments), self.arguments)
        except (msgspec.ValidationError, TypeError) as error:
            known = ", ".join(self.arguments.__struct_fields__) or "nothing"
            what, _, where = str(error).replace("`", "").partition(" - at $.")
            place = f"{where}: " if where else ""
            raise ConfigError(
                f"skill '{self.name}': {place}{what}; it takes {known}"
            ) from error

    def lacks(self, outcome: Outcome) -> tuple[str, ...]:
        """Return what a successful outcome should say and does not."""
        return tuple(name for name in self.measures if name not in outcome.measured)


class SkillRegistry:
    """The skills of a robot, by name."""

    def __init__(self, skills: Iterable[Skill] = ()) -> None:
        """Take skills.

        Raises:
            ConfigError: If two have one name.
        """
        self._skills: dict[str, Skill] = {}
        for skill in skills:
            self.add(skill)

    def add(self, skill: Skill, origin: str = "") -> None:
        """Take one more.

        Args:
            skill: With a name of its own.
            origin: Where it comes from, for the message.

        Raises:
            ConfigError: If its name is taken.
        """
        if skill.name in self._skills:
            source = f" from {origin}" if origin else ""
            raise ConfigError(f"skill '{skill.name}'{source}: there is one already")
        self._skills[skill.name] = skill

    def __iter__(self) -> Iterator[Skill]:
        """Yield them in the order in which they came."""
        return iter(self._skills.values())

    def __contains__(self, name: object) -> bool:
        """Tell whether there is one of this name."""
        return name in self._skills

    def __getitem__(self, name: str) -> Skill:
        """Return the skill of a name.

        Raises:
            ConfigError: If there is none.
        """
        try:
            return self._skills[name]
        except KeyError:
            raise ConfigError(
                f"skill '{name}': unknown; there are {', '.join(self._skills)}"
            ) from None


def installed_skills(
    points: Iterable[EntryPoint] | None = None,
) -> Iterator[tuple[str, Skill]]:
    """Yield the skills that installed packages add, with where they come from.

    Args:
        points: Entry points; those of the group `renxing.skills` if None.

    Raises:
        ConfigError: If a package is broken: it says which.
    """
    for point in entry_points(group=ENTRY_POINTS) if points is None else points:
        origin = f"entry point '{point.name}' ({point.value})"
        try:
            loaded = point.load()
            found = [loaded] if isinstance(loaded, Skill) else list(loaded)
        except Exception as error:  # a package may fail in any way when it is loaded
            raise ConfigError(f"{origin}: cannot be loaded: {error!r}") from error
        for skill in found:
            if not isinstance(skill, Skill):
                raise ConfigError(f"{origin}: {skill!r} is not a Skill")
            yield origin, skill
