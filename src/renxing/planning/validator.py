# SPDX-License-Identifier: Apache-2.0
"""What stands between a plan and the robot: rules that no source of plans can pass by.

In: a plan, a scene.  Out: `CheckedPlan`, or every reason against it. The plan is
carried out on symbols, step by step: types, references, what each step needs, speed,
zones, charge, what may be said, and what somebody has to approve.
"""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from renxing.errors import ConfigError
from renxing.planning.checked import CheckedPlan, CheckedStep, Problem, Rejected
from renxing.planning.mention import Mentions
from renxing.planning.plan import Command, Plan, Step
from renxing.planning.polygon import crosses
from renxing.planning.scene import Point, Scene
from renxing.planning.skill import RISKS, Arguments, Risk, Skill, SkillRegistry
from renxing.planning.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What plans have to keep.

    Attributes:
        speed: Greatest speed that may be asked for [m/s].
        approval_speed: From which on somebody has to approve [m/s].
        steps: Greatest number of steps.
        way: Longest way that a plan may walk [m].
        margin: Distance that goals and straight ways keep from forbidden zones [m].
        reserve: Charge that has to be left at the end, of 1.
        charge_per_metre: Charge that walking takes, of 1 [1/m].
        charge_per_second: Charge that waiting takes, of 1 [1/s].
    """

    speed: float = field(default=0.6, metadata={"min": 0.1, "max": 3.0})
    approval_speed: float = field(default=0.5, metadata={"min": 0.1, "max": 3.0})
    steps: int = field(default=40, metadata={"min": 1, "max": 200})
    way: float = field(default=100.0, metadata={"min": 1.0, "max": 10000.0})
    margin: float = field(default=0.3, metadata={"min": 0.0, "max": 2.0})
    reserve: float = field(default=0.15, metadata={"min": 0.0, "max": 0.9})
    charge_per_metre: float = field(default=0.001, metadata={"min": 0.0, "max": 0.1})
    charge_per_second: float = field(default=0.0002, metadata={"min": 0.0, "max": 0.1})


class Validator:
    """Checks plans and single steps."""

    def __init__(self, registry: SkillRegistry, mentions: Mentions, rules: Rules):
        """Take the skills that there are, what words mean, and the rules."""
        self.registry = registry
        self.mentions = mentions
        self.rules = rules

    def check(
        self,
        plan: Plan,
        scene: Scene,
        done: Collection[str] = (),
        facts: State | None = None,
    ) -> CheckedPlan:
        """Return the plan with all that its execution needs.

        Args:
            plan: From any source.
            scene: As of now.
            done: Ids of steps of earlier revisions, whose outcomes there are.
            facts: What they brought about; its scene does not count.

        Raises:
            Rejected: If it breaks a rule.
        """
        problems = list(self._structure(plan, done))
        if problems:
            raise Rejected(tuple(problems))
        asked = self.mentions.of(plan.command, scene)
        state = _begin(scene, facts)
        steps: list[CheckedStep] = []
        earlier = set(done)
        for step in plan.steps:
            found, checked, state = self._step(step, plan.command, state, earlier)
            problems += found
            earlier.add(step.id)
            if checked is None:
                # Later steps would be judged by a state that cannot be.
                break
            unasked = asked.lacks(checked.skill.name, checked.arguments, state)
            steps.append(_raise_risk(checked, unasked))
        problems += self._ends_well(state)
        if problems:
            raise Rejected(tuple(problems))
        risk = max((s.risk for s in steps), key=RISKS.index)
        reasons = tuple(dict.fromkeys(r for s in steps for r in s.reasons))
        return CheckedPlan(
            plan=plan, steps=tuple(steps), risk=risk, reasons=reasons, end=state
        )

    def check_step(
        self, step: Step, command: Command, scene: Scene, facts: State | None = None
    ) -> CheckedStep:
        """Check a step alone, just before it begins.

        Args:
            step: Without references to other steps.
            command: That it belongs to.
            scene: As of now.
            facts: What the steps before it brought about; its scene does not count.

        Raises:
            Rejected: If it breaks a rule.
        """
        state = _begin(scene, facts)
        of = step.arguments.get("of")
        problems, checked, _ = self._step(step, command, state, {of} if of else set())
        if checked is None or problems:
            raise Rejected(tuple(problems))
        return checked

    def _structure(self, plan: Plan, done: Collection[str]) -> Iterator[Problem]:
        if not plan.steps:
            yield Problem(rule="structure", text="the plan has no steps")
        if len(plan.steps) > self.rules.steps:
            text = f"the plan has {len(plan.steps)} steps, at most {self.rules.steps}"
            yield Problem(rule="structure", text=text)
        seen = set(done)
        for step in plan.steps:
            if step.id in seen:
                text = "its id is used twice"
                yield Problem(rule="structure", step=step.id, text=text)
            seen.add(step.id)

    def _step(
        self, step: Step, command: Command, state: State, earlier: set[str]
    ) -> tuple[list[Problem], CheckedStep | None, State]:
        """Return problems, the step if it can be simulated, and the state after it."""

        def problem(rule: str, text: str, subject: str = "") -> Problem:
            return Problem(rule=rule, text=text, step=step.id, subject=subject)

        if step.skill not in self.registry:
            names = ", ".join(s.name for s in self.registry)
            text = f"skill '{step.skill}': unknown; there are {names}"
            return [problem("skill", text, step.skill)], None, state
        skill = self.registry[step.skill]
        try:
            arguments = skill.read(step.arguments)
        except ConfigError as error:
            return [problem("arguments", str(error))], None, state
        infinite = _infinite(arguments)
        if infinite:
            text = f"skill '{skill.name}': {infinite}: a finite number wanted"
            return [problem("arguments", text)], None, state
        problems = []
        if "legs" in skill.resources:
            named = _zone_names(arguments, state.scene)
            problems += [problem("zone", *p) for p in named]
        of = getattr(arguments, "of", "")
        if of and of not in earlier:
            problems.append(problem("reference", f"no step '{of}' before it", of))
        for need in skill.needs(arguments, state):
            subject = need.fact[1] if need.fact else ""
            rule = "precondition"
            if need.fact and need.fact[0] == "seen":
                rule = "reference"
            elif state.scene.stopped and need.fact is None:
                rule = "stopped"
            problems.append(problem(rule, need.text, subject))
        if skill.name == "say" and not _quoted(getattr(arguments, "text", ""), command):
            text = "it would say what nobody asked it to say"
            problems.append(problem("speech", text))
        if problems:
            return problems, None, state
        reasons: list[str] = []
        problems += (problem(*p) for p in self._speed(arguments, reasons))
        after = skill.effects(arguments, state, step.id)
        limits: list[float] = []
        zones = self._zones(skill, arguments, state, after, reasons, limits)
        problems += (problem(*p) for p in zones)
        if limits and getattr(arguments, "speed", 0.0) is None:
            arguments = msgspec.structs.replace(arguments, speed=min(limits))
        after = self._drain(arguments, state, after)
        risk: Risk = "approval" if reasons else skill.risk
        checked = CheckedStep(
            step=step,
            skill=skill,
            arguments=arguments,
            risk=risk,
            timeout=skill.timeout(arguments),
            reasons=tuple(reasons),
        )
        return problems, checked, after

    def _speed(
        self, arguments: Arguments, reasons: list[str]
    ) -> Iterator[tuple[str, str]]:
        speed = getattr(arguments, "speed", None)
        if speed is None:
            return
        if speed > self.rules.speed:
            allowed = f"at most {self.rules.speed:g} m/s allowed"
            yield "speed", f"speed {speed:g} m/s: {allowed}"
        elif speed > self.rules.approval_speed:
            reasons.append(f"fast: {speed:g} m/s")

    def _zones(
        self,
        skill: Skill,
        arguments: Arguments,
        before: State,
        after: State,
        reasons: list[str],
        limits: list[float],
    ) -> Iterator[tuple[str, str, str]]:
        """Check where a step goes, and add why it needs approval and has to be slow.

        Where a walk with a planned way goes nobody knows yet; it keeps off forbidden
        zones by itself. For the others the straight line is taken for it.
        """
        scene = after.scene
        goals: list[Point] = []
        if after.pose is not None and after.pose != before.pose:
            goals.append(after.pose[:2])
        searched = [p for n in _search(arguments) if (p := scene.place(n))]
        goals += (p.pose[:2] for p in searched)
        target = getattr(arguments, "target", "")
        walks = "legs" in skill.resources and bool(target)
        middle = scene.where(target) if walks else None
        for zone in scene.zones:
            forbidden = zone.kind == "forbidden"
            margin = self.rules.margin if forbidden else 0.0
            hit = any(zone in scene.zones_at(goal, margin) for goal in goals)
            straight = not forbidden or hasattr(arguments, "forward")
            if (
                straight
                and goals
                and before.pose is not None
                and after.pose is not None
            ):
                line = (before.pose[:2], after.pose[:2])
                hit = hit or crosses(zone.polygon, *line, margin)
            # A thing inside is not walked to, whatever side of it is outside.
            inside = middle is not None and zone in scene.zones_at(middle)
            if not (hit or (inside and forbidden)):
                continue
            if forbidden:
                yield "zone", f"zone '{zone.name}' is forbidden", zone.name
            elif zone.kind == "approval":
                reasons.append(f"zone '{zone.name}' needs approval")
            elif zone.speed is not None:
                limits.append(zone.speed)
                if hasattr(arguments, "at"):
                    text = f"a search cannot be slow: zone '{zone.name}'"
                    yield "speed", text, zone.name
                speed = getattr(arguments, "speed", None)
                if speed is not None and speed > zone.speed:
                    text = f"speed {speed:g} m/s: zone '{zone.name}' allows "
                    yield "speed", text + f"{zone.speed:g} m/s", zone.name

    def _drain(self, arguments: Arguments, before: State, after: State) -> State:
        if after.battery is None:
            return after
        used = self.rules.charge_per_metre * (after.way - before.way)
        duration = getattr(arguments, "duration", 0.0)
        used += self.rules.charge_per_second * duration
        return replace(after, battery=max(0.0, after.battery - used))

    def _ends_well(self, end: State) -> Iterator[Problem]:
        if end.way > self.rules.way:
            text = f"the way is {end.way:.0f} m long, at most {self.rules.way:g} m"
            yield Problem(rule="way", text=text)
        moved = any(event[0] in ("walk_to", "walk_by", "find") for event in end.events)
        homeward = bool(end.events) and end.events[-1][0] == "dock"
        low = end.battery is not None and end.battery < self.rules.reserve
        if low and moved and not homeward and end.battery is not None:
            text = f"the battery would end at {100 * end.battery:.0f} %, at least "
            text += f"{100 * self.rules.reserve:.0f} % has to be left"
            yield Problem(rule="battery", text=text)


def _begin(scene: Scene, facts: State | None) -> State:
    state = State.of(scene)
    if facts is None:
        return state
    return replace(state, facts=facts.facts, found=facts.found)


def _raise_risk(checked: CheckedStep, reasons: tuple[str, ...]) -> CheckedStep:
    if not reasons or checked.risk == "none":
        return checked
    return replace(checked, risk="approval", reasons=(*checked.reasons, *reasons))


def _search(arguments: Arguments) -> tuple[str, ...]:
    at = getattr(arguments, "at", ())
    return at if isinstance(at, tuple) else ()


def _zone_names(arguments: Arguments, scene: Scene) -> Iterator[tuple[str, str]]:
    """Yield targets that are forbidden zones by their name."""
    target = getattr(arguments, "target", "")
    zone = scene.zone(target) if isinstance(target, str) else None
    if zone is not None and zone.kind == "forbidden":
        yield f"zone '{zone.name}' is forbidden", zone.name


def _infinite(arguments: Arguments) -> str:
    fields: Mapping[str, object] = msgspec.structs.asdict(arguments)
    for name, value in fields.items():
        if isinstance(value, float) and not math.isfinite(value):
            return f"{name} = {value}"
    return ""


def _quoted(text: str, command: Command) -> bool:
    """Tell whether a text is part of what the operator said."""

    def plain(words: str) -> str:
        return "".join(c for c in words.casefold() if c.isalnum())

    return bool(plain(text)) and plain(text) in plain(command.text)
