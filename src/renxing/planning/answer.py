# SPDX-License-Identifier: Apache-2.0
"""What the robot says, from what was measured and never from a plan's text.

In: outcomes of steps, the scene.  Out: sentences in the language of the command.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from renxing.planning.checked import CheckedPlan, CheckedStep, Problem, Rejected
from renxing.planning.lexicon import Lexicon
from renxing.planning.naming import Naming
from renxing.planning.phrases import PHRASES, phrase
from renxing.planning.plan import Command, Language, Refusal
from renxing.planning.runner import Record
from renxing.planning.scene import Scene
from renxing.planning.skill import Outcome
from renxing.planning.skill_arguments import Find, LookAt, Report, Say, WalkTo

AT = 0.6  # [m] from a place up to which the robot is at it


class Answers:
    """Puts outcomes into words."""

    def __init__(self, lexicon: Lexicon) -> None:
        """Take the words."""
        self._lexicon = lexicon

    def speech(
        self,
        checked: CheckedStep,
        outcomes: Mapping[str, Outcome],
        scene: Scene,
        command: Command,
    ) -> str:
        """Return what `say` and `report` say."""
        arguments = checked.arguments
        if isinstance(arguments, Say):
            return arguments.text
        if not isinstance(arguments, Report):
            return ""
        naming = Naming(self._lexicon, arguments.language)
        if arguments.what == "outcome":
            outcome = outcomes.get(arguments.of)
            if outcome is None:
                return phrase("why_unmeasured", arguments.language)
            return _told(outcome, scene, naming)
        return _scene_report(arguments, scene, naming)

    def closing(
        self,
        checked: CheckedPlan,
        records: Mapping[str, Record],
        scene: Scene,
        history: Sequence[tuple[CheckedPlan, Mapping[str, Record]]] = (),
    ) -> str:
        """Return the answer to a command whose plan has ended.

        Args:
            checked: The plan.
            records: What became of its steps.
            scene: As of now.
            history: Revisions before it; their failures were made good.
        """
        language = checked.plan.command.language
        naming = Naming(self._lexicon, language)
        told: list[str] = []
        did: list[str] = []
        now = [(step, records[step.step.id].outcome) for step in checked.steps]
        earlier = [
            (step, outcome)
            for old, kept in history
            for step in old.steps
            if (outcome := kept[step.step.id].outcome) and outcome.success
        ]
        for step, outcome in [*earlier, *now]:
            if outcome is None:
                continue
            if not outcome.success:
                before = told or did
                failure = self._failure(step, outcome, scene, naming)
                return _join([*before, failure], language)
            if isinstance(step.arguments, Report):
                told.append(str(outcome.measured.get("said", "")))
            else:
                did.append(_did(step, outcome, scene, naming))
        # Who asked a question wants its answer, not the story of how it was found.
        answers = [step for step in checked.steps if isinstance(step.arguments, Report)]
        parts = told if answers else did
        return _join(parts, language) or phrase("done", language)

    def rejected(self, error: Rejected, scene: Scene, language: Language) -> Refusal:
        """Return why a plan was rejected."""
        naming = Naming(self._lexicon, language)
        first = error.problems[0]
        return Refusal(code="impossible", text=_rule(first, scene, naming))

    def canceled(self, language: Language) -> str:
        """Return that it was canceled."""
        return phrase("canceled", language)

    def stopped(self, language: Language) -> str:
        """Return that the robot was stopped."""
        return phrase("was_stopped", language)

    def denied(self, reason: str, language: Language) -> str:
        """Return that nobody approved."""
        return phrase("denied", language, why=reason)

    def _failure(
        self, step: CheckedStep, outcome: Outcome, scene: Scene, naming: Naming
    ) -> str:
        language = naming.language
        if outcome.code == "stopped":
            return phrase("was_stopped", language)
        if outcome.code == "canceled":
            return phrase("canceled", language)
        name = _target(step, scene, naming, outcome)
        if outcome.code == "not_found":
            return phrase("not_found", language, name=name)
        known = f"why_{outcome.code}" in PHRASES
        key = f"why_{outcome.code}" if known else "why_other"
        why = phrase(key, language, reason=outcome.reason)
        skill = step.skill.name
        do = f"do_{skill}" if f"do_{skill}" in PHRASES else "do_other"
        what = phrase(do, language, name=name or skill)
        return phrase("failed", language, what=what, why=why)


def _target(
    step: CheckedStep, scene: Scene, naming: Naming, outcome: Outcome | None
) -> str:
    measured = outcome.measured if outcome is not None else {}
    if isinstance(step.arguments, Find):
        wanted = naming.kind(step.arguments.label or "thing", step.arguments.color)
        return wanted if naming.language == "zh" else f"the {wanted}"
    target = getattr(step.arguments, "target", "")
    if target.startswith("@"):
        target = str(measured.get("object", ""))
    return naming.of(scene, target, measured) if target else ""


def _did(step: CheckedStep, outcome: Outcome, scene: Scene, naming: Naming) -> str:
    """Return what a step did, in words."""
    language, skill, m = naming.language, step.skill.name, outcome.measured
    name = _target(step, scene, naming, outcome)
    if isinstance(step.arguments, WalkTo):
        if m.get("already_there"):
            return phrase("there", language, name=name)
        way = _number(m.get("distance_walked_m"), 1)
        return phrase("walk_to" if name else "point", language, way=way, name=name)
    if isinstance(step.arguments, LookAt):
        return phrase("look_at" if name else "look", language, name=name)
    if skill in ("find", "inspect"):
        return _told(outcome, scene, naming)
    if skill == "walk_by":
        way = _number(m.get("distance_walked_m"), 1)
        return phrase("walk_by", language, way=way)
    if skill == "turn":
        turned = m.get("turned_rad")
        angle = math.degrees(turned) if isinstance(turned, int | float) else 0.0
        return phrase("turn", language, angle=f"{angle:.0f}")
    if isinstance(step.arguments, Say):
        said = str(m.get("said", "")).rstrip(".。")
        return phrase("say", language, text=said) + phrase("period", language)
    if skill == "wave":
        return phrase("wave", language, times=m.get("waves"))
    if skill == "wait":
        return phrase("wait", language, time=_number(m.get("waited_s"), 0))
    if skill == "stop":
        return phrase("stop", language)
    if skill == "dock":
        return phrase("dock" if m.get("charging") is True else "undocked", language)
    return phrase("done", language)


def _told(outcome: Outcome, scene: Scene, naming: Naming) -> str:
    """Return what a search or a close look measured."""
    language, m = naming.language, outcome.measured
    name = naming.of(scene, str(m.get("object", "")), m)
    if "things_on" in m:
        things = m["things_on"]
        if not things:
            return phrase("inspect_none", language, name=name)
        pairs = [(_word(t, "label"), _word(t, "color")) for t in things]
        return phrase("inspect", language, name=name, things=naming.some(pairs))
    if "object" in m:
        identity = str(m["object"])
        if scene.knows(identity):
            where = naming.where(scene, identity)
        else:
            where = naming.point(_float(m.get("x_m")), _float(m.get("y_m")))
        return phrase("find", language, name=name, where=where)
    return phrase("done", language)


def _scene_report(arguments: Report, scene: Scene, naming: Naming) -> str:
    language = naming.language
    if arguments.what == "battery":
        if scene.battery is None:
            return phrase("no_battery", language)
        return phrase("battery_at", language, share=f"{100 * scene.battery:.0f}")
    if arguments.what == "place":
        return _here(scene, naming)
    things = [
        o
        for o in scene.objects
        if arguments.label in ("", "thing", o.label)
        and arguments.color in ("", o.color)
    ]
    if arguments.what == "where":
        names = [arguments.target] if arguments.target else [o.id for o in things]
        told = [
            phrase(
                "where",
                language,
                name=_capital(naming.of(scene, name, {})),
                where=naming.where(scene, name),
            )
            for name in names
        ]
        if told:
            return _join(told, language)
    pairs = [(o.label, o.color) for o in things]
    if not pairs:
        if not arguments.label and not arguments.color:
            return phrase("scene_empty", language)
        wanted = naming.kind(arguments.label or "thing", arguments.color)
        return phrase("scene_none", language, name=wanted)
    some = naming.some(pairs)
    if arguments.what == "count":
        return phrase("count", language, count=len(pairs), things=some)
    return phrase("scene", language, things=some)


def _here(scene: Scene, naming: Naming) -> str:
    language, pose = naming.language, scene.pose
    if pose is None:
        return phrase("lost", language)
    near = sorted(scene.places, key=lambda p: math.dist(pose[:2], p.pose[:2]))
    if near and math.dist(pose[:2], near[0].pose[:2]) <= AT:
        return phrase("here", language, name=naming.place(near[0]))
    x, y = f"{pose[0]:.1f}", f"{pose[1]:.1f}"
    return phrase("here_point", language, x=x, y=y)


def _rule(problem: Problem, scene: Scene, naming: Naming) -> str:
    language = naming.language
    if problem.rule == "zone":
        subject = naming.of(scene, problem.subject, {})
        return phrase("zone", language, subject=subject)
    if problem.rule == "precondition":
        if not scene.dock and "dock" in problem.text:
            return phrase("no_dock", language)
        if scene.pose is None:
            return phrase("lost", language)
        if "battery" in problem.text:
            return phrase("no_battery", language)
    return phrase(problem.rule, language, text=problem.text, subject=problem.subject)


def _join(parts: list[str], language: Language) -> str:
    return ("" if language == "zh" else " ").join(part for part in parts if part)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _number(value: Any, digits: int) -> str:
    return f"{_float(value):.{digits}f}"


def _float(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _word(thing: Any, key: str) -> str:
    return str(thing.get(key, "")) if isinstance(thing, dict) else ""
