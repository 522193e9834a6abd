# SPDX-License-Identifier: Apache-2.0
"""Check a request to switch controllers and plan it; nothing is changed here.

The rules are ros2_control's, with AUTO and FORCE_AUTO done as its service describes
them: AUTO adds the following controllers that an activation needs and the preceding
ones that a deactivation takes along, FORCE_AUTO also stops whoever has a command
interface that is needed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from renxing.runtime.manager.answers import Answer
from renxing.runtime.manager.chains import providers_first
from renxing.runtime.manager.controller_spec import ControllerSpec
from renxing.runtime.manager.interfaces import Interfaces
from renxing.runtime.manager.switch_checks import Specs, SwitchChecks

NOTHING = (
    "After checking the controllers, no controllers need to be activated or "
    "deactivated."
)


class Strictness(IntEnum):
    """What happens when part of a request cannot be done; numbers of the service."""

    DEFAULT = 0
    BEST_EFFORT = 1
    STRICT = 2
    AUTO = 3
    FORCE_AUTO = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A switch that may be done.

    Attributes:
        activate: In this order; those that are needed by others come first.
        deactivate: In this order, before the activation.
        chained: Those of `activate` whose references others will write.
        start: Command interfaces that will be claimed.
        stop: Command interfaces that are given back.
        strict: Whether a failed activation undoes all activations.
        notes: What of the request was left out, and why.
    """

    activate: tuple[ControllerSpec, ...]
    deactivate: tuple[ControllerSpec, ...]
    chained: frozenset[ControllerSpec]
    start: tuple[str, ...]
    stop: tuple[str, ...]
    strict: bool
    notes: tuple[str, ...] = ()


def complete_plan(
    specs: Iterable[ControllerSpec],
    activate: Iterable[ControllerSpec],
    deactivate: Iterable[ControllerSpec],
    *,
    strict: bool,
    notes: Sequence[str] = (),
) -> Plan:
    """Add the controllers that start over because they get or lose a preceding one.

    Args:
        specs: All that are loaded.
        activate: To be activated.
        deactivate: To be deactivated before.
        strict: As in `Plan`.
        notes: As in `Plan`.
    """
    starting, stopping = dict.fromkeys(activate), dict.fromkeys(deactivate)
    after = {spec for spec in specs if spec.active and spec not in stopping}
    after |= set(starting)
    chained = {follower for spec in after for follower in spec.following}
    for spec in specs:
        if (
            spec.active
            and spec not in stopping
            and spec.reference_names
            and (spec in chained) != spec.controller.chained
        ):
            starting[spec] = stopping[spec] = None
    return Plan(
        activate=providers_first(starting),
        deactivate=providers_first(stopping)[::-1],
        chained=frozenset(chained & set(starting)),
        start=tuple(name for spec in starting for name in spec.command_names),
        stop=tuple(name for spec in stopping for name in spec.claimed),
        strict=strict,
        notes=tuple(notes),
    )


def plan_switch(
    interfaces: Interfaces,
    specs: Mapping[str, ControllerSpec],
    activate: Sequence[str],
    deactivate: Sequence[str],
    strictness: Strictness,
) -> Plan | Answer:
    """Check a request and plan it.

    Args:
        interfaces: Of all hardware and controllers.
        specs: All loaded controllers by name.
        activate: Names of controllers.
        deactivate: Names of controllers; one that stands in both starts over.
        strictness: Not the default one.

    Returns:
        The plan, or the answer if there is nothing to do or it is refused.
    """
    strict = strictness is Strictness.STRICT
    notes: list[str] = []
    lists: list[Specs] = []
    for names, action in ((deactivate, "deactivate"), (activate, "activate")):
        found: Specs = {}
        for name in names:
            if name in specs:
                found[specs[name]] = None
                continue
            notes.append(
                f"Could not {action} controller with name '{name}' because no "
                "controller with this name exists"
            )
            if strict:
                return Answer(ok=False, message=notes[-1])
        if names and not found:
            return Answer(ok=False, message="\n".join(notes))
        lists.append(found)
    stopping, starting = lists
    checks = SwitchChecks(interfaces, specs, starting, stopping)
    checks.bind()
    if strictness in (Strictness.AUTO, Strictness.FORCE_AUTO):
        checks.extend(force=strictness is Strictness.FORCE_AUTO)
    # What is left out may have been needed by what was found good: check all again.
    while (problem := checks.first_problem()) is not None:
        spec, wanted, why = problem
        if strict:
            return Answer(ok=False, message=why)
        notes.append(why)
        del wanted[spec]
        checks.bind()
    if not starting and not stopping:
        return Answer(ok=True, message="\n".join([NOTHING, *notes]))
    plan = complete_plan(specs.values(), starting, stopping, strict=strict, notes=notes)
    why = checks.availability(plan.activate, plan.deactivate)
    return Answer(ok=False, message=why) if why else plan
