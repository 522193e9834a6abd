# SPDX-License-Identifier: Apache-2.0
"""What next, when a step has failed and it was measured how.

In: the step, its outcome, the scene, what was tried.  Out: a plan for the rest, or
None: give up. Every kind of failure has few answers and each is tried once, so it ends.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec

from renxing.planning.plan import MARK, Plan, Step
from renxing.planning.scene import Scene
from renxing.planning.skill import Outcome

# Failures after which nothing is tried: somebody or a rule has decided.
FINAL = frozenset(
    {"stopped", "canceled", "battery", "zone", "speed", "refused", "busy", "lost"}
)
SIDES = ("left", "right", "back")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplanConfig:
    """How much is tried.

    Attributes:
        revisions: New plans for one command at most.
        retries: Times that one step is tried again as it was.
        pause: Before it is tried again, for what is in the way to go away [s].
        search: Places that a search elsewhere begins with at most.
    """

    revisions: int = field(default=6, metadata={"min": 0, "max": 50})
    retries: int = field(default=1, metadata={"min": 0, "max": 10})
    pause: float = field(default=5.0, metadata={"min": 0.1, "max": 120.0})
    search: int = field(default=4, metadata={"min": 0, "max": 50})


@dataclass(slots=True)
class Tried:
    """What was tried for one command.

    Attributes:
        remedies: By the id of the step that failed.
    """

    remedies: dict[str, list[str]] = field(default_factory=dict)

    def count(self, step: str, remedy: str) -> int:
        """Return how often a remedy was tried for a step."""
        return self.remedies.get(step, []).count(remedy)

    def add(self, step: str, remedy: str) -> None:
        """Note a remedy."""
        self.remedies.setdefault(step, []).append(remedy)


Remedy = tuple[str, Callable[[], list[Step]]]


def replan(
    plan: Plan,
    failed: Step,
    outcome: Outcome,
    outcomes: Mapping[str, Outcome],
    scene: Scene,
    tried: Tried,
    config: ReplanConfig | None = None,
) -> Plan | None:
    """Return a plan for what is left of a command, or None to give up.

    Args:
        plan: That failed.
        failed: Its step.
        outcome: What was measured of it.
        outcomes: Of all steps so far, by id.
        scene: As of now.
        tried: What was tried so far; is added to.
        config: How much is tried; None for the default.
    """
    config = config or ReplanConfig()
    if outcome.code in FINAL or plan.revision >= config.revisions:
        return None
    at = next(i for i, step in enumerate(plan.steps) if step.id == failed.id)
    rest = list(plan.steps[at + 1 :])
    here = _settled(failed, outcomes)
    known = _kinds(outcomes, scene)
    for name, steps in _remedies(here, outcome, scene, known, tried, config):
        limit = config.retries if name == "retry" else 1
        if tried.count(failed.id, name) >= limit:
            continue
        tried.add(failed.id, name)
        settled = [_settled(step, outcomes) for step in rest]
        new = [*steps(), *settled]
        note = f"step '{failed.id}' failed ({outcome.code}): {name}"
        return msgspec.structs.replace(
            plan, steps=tuple(new), note=note, revision=plan.revision + 1
        )
    return None


def _remedies(
    step: Step,
    outcome: Outcome,
    scene: Scene,
    known: Mapping[str, tuple[str, str]],
    tried: Tried,
    config: ReplanConfig,
) -> Iterator[Remedy]:
    arguments = step.arguments
    target = str(arguments.get("target", ""))
    seen = scene.object(target)
    if step.skill == "find" and outcome.code == "not_found":
        places = _places(scene)[: config.search]
        if not arguments.get("at") and places:
            yield "search elsewhere", lambda: [_with(step, at=places)]
        else:
            yield "search again", lambda: [step]
        return
    if outcome.code in ("gone", "not_found", "reference") and target:
        # Ids are a label and a number.
        label, color = known.get(target, (target.rpartition("_")[0], ""))
        if label or color:
            yield "find it again", lambda: _find_first(step, label, color)
        return
    if outcome.code in ("blocked", "no_route", "not_in_view") and seen is not None:
        for side in SIDES:
            if arguments.get("side") == side:
                continue
            yield f"from the {side}", partial(_from_side, step, target, side)
        return
    if outcome.code == "not_in_view" and target:
        look = Step(id=f"{step.id}_look", skill="look_at", arguments={"target": target})
        yield "look again", lambda: [look, step]
    if outcome.code in ("blocked", "no_route"):
        pause = Step(
            id=_new_id(step, tried), skill="wait", arguments={"duration": config.pause}
        )
        yield "wait and retry", lambda: [pause, step]
        return
    yield "retry", lambda: [step]


def _places(scene: Scene) -> list[str]:
    """Return places where something may be, the nearest first.

    A spot without anything on it is no better than where the robot stands.
    """
    start = scene.pose[:2] if scene.pose else (0.0, 0.0)
    places = [p for p in scene.places if p.center is not None]
    places.sort(key=lambda p: math.dist(p.pose[:2], start))
    return [p.name for p in places if not _closed(scene, p.pose[:2])]


def _closed(scene: Scene, point: tuple[float, float]) -> bool:
    return bool(scene.zones_at(point, 0.3))


def _from_side(step: Step, target: str, side: str) -> list[Step]:
    """Go to another side, and do there what failed."""
    if step.skill == "walk_to":
        return [_with(step, side=side)]
    walk = {"target": target, "side": side}
    look = Step(id=f"{step.id}_look", skill="look_at", arguments={"target": target})
    first = Step(id=f"{step.id}_walk", skill="walk_to", arguments=walk)
    return [first, step] if step.skill == "look_at" else [first, look, step]


def _find_first(step: Step, label: str, color: str) -> list[Step]:
    """Search again, and go on with what is found."""
    search = Step(
        id=f"{step.id}_find",
        skill="find",
        arguments={"label": label, "color": color},
    )
    found = f"{MARK}{search.id}"
    steps = [search]
    if step.skill == "inspect":
        steps.append(
            Step(id=f"{step.id}_walk", skill="walk_to", arguments={"target": found})
        )
        steps.append(
            Step(id=f"{step.id}_look", skill="look_at", arguments={"target": found})
        )
    return [*steps, _with(step, target=found)]


def _kinds(outcomes: Mapping[str, Outcome], scene: Scene) -> dict[str, tuple[str, str]]:
    """Return label and colour of things by id, also of those that are forgotten."""
    found = {
        str(m.get("object")): (str(m["label"]), str(m.get("color", "")))
        for m in (outcome.measured for outcome in outcomes.values())
        if "label" in m
    }
    return found | {o.id: (o.label, o.color) for o in scene.objects}


def _settled(step: Step, outcomes: Mapping[str, Outcome]) -> Step:
    """Put what was found into a step; what was not found yet stays a reference."""

    def value(given: Any) -> Any:
        if isinstance(given, list | tuple):
            return [value(part) for part in given]
        if not isinstance(given, str) or not given.startswith(MARK):
            return given
        outcome = outcomes.get(given.removeprefix(MARK))
        found = outcome is not None and outcome.success
        return outcome.measured.get("object", given) if outcome and found else given

    arguments = {
        name: given if name == "text" else value(given)
        for name, given in step.arguments.items()
    }
    return msgspec.structs.replace(step, arguments=arguments)


def _with(step: Step, **arguments: Any) -> Step:
    merged = {**step.arguments, **arguments}
    return msgspec.structs.replace(step, arguments=merged)


def _new_id(step: Step, tried: Tried) -> str:
    return f"{step.id}_w{len(tried.remedies.get(step.id, []))}"
