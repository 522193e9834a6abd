# SPDX-License-Identifier: Apache-2.0
"""Tasks -> a plan: nouns become names and ids, what has to come before is put in.

In: tasks of any reader.  Out: a plan, a question or a refusal. Never seen: search
first. Not near: walk there first. Not in view: look at it first.
"""

import math
from collections.abc import Sequence
from typing import Any

from renxing.errors import ConfigError
from renxing.planning.grounding import Grounding, Target, Unclear
from renxing.planning.lexicon import Lexicon
from renxing.planning.naming import Naming
from renxing.planning.phrases import PHRASES, phrase
from renxing.planning.plan import MARK, Command, Decision, Plan, Refusal, Step
from renxing.planning.scene import Scene
from renxing.planning.skill import SkillRegistry
from renxing.planning.state import State
from renxing.planning.task import Task

IT = ("", "it", "它")
DEPTH = 4  # of what has to come before what has to come before


class Expander:
    """Makes plans of tasks."""

    def __init__(self, registry: SkillRegistry, lexicon: Lexicon) -> None:
        """Take skills and words."""
        self._registry = registry
        self._lexicon = lexicon

    def expand(
        self, tasks: Sequence[Task], command: Command, scene: Scene, source: str
    ) -> Decision:
        """Return a plan for tasks, or why there is none.

        Args:
            tasks: In order.
            command: That they were read from.
            scene: As of now.
            source: Who read them.
        """
        draft = _Draft(self._registry, self._lexicon, command, scene)
        try:
            for task in _foresee(tasks):
                draft.add(task)
        except Unclear as unclear:
            return unclear.decision
        if not draft.steps:
            text = phrase("not_understood", command.language, text=command.text[:80])
            return Refusal(code="not_understood", text=text, source=source)
        return Plan(command=command, source=source, steps=tuple(draft.steps))


class _Draft:
    """A plan in the making."""

    def __init__(
        self,
        registry: SkillRegistry,
        lexicon: Lexicon,
        command: Command,
        scene: Scene,
    ) -> None:
        self.steps: list[Step] = []
        self._registry = registry
        self._command = command
        self._scene = scene
        self._state = State.of(scene)
        self._grounding = Grounding(lexicon, scene, command.language)
        self._naming = Naming(lexicon, command.language)
        self._last: tuple[str, ...] = ()
        self._there: tuple[str, ...] = ()
        self._searches: dict[tuple[str, str], str] = {}
        self._inspections: dict[str, str] = {}

    def add(self, task: Task) -> None:
        """Append the steps of one more task."""
        if task.do == "go" and task.x is not None:
            self._emit("walk_to", x=task.x, y=task.y, **_speed(task))
        elif task.do == "walk":
            forward, left = task.forward, task.left
            self._emit("walk_by", forward=forward, left=left, **_speed(task))
        elif task.do == "turn":
            self._emit("turn", angle=math.radians(task.angle))
        elif task.do == "look" and task.direction:
            self._emit("look_at", direction=task.direction)
        elif task.do in ("go", "look", "find", "inspect"):
            self._with_things(task)
        elif task.do == "tell":
            self._tell(task)
        elif task.do == "say":
            self._emit("say", text=task.text, language=self._command.language)
        elif task.do == "wave":
            self._emit("wave", hand=task.hand, times=task.times)
        elif task.do == "wait":
            self._emit("wait", duration=5.0 if task.seconds is None else task.seconds)
        else:
            self._emit(task.do)

    def _with_things(self, task: Task) -> None:
        around = self._keep_off(task.around) if task.around else ()
        target = self._ground(task.thing)
        if task.do == "find" and not target.names:
            self._search(target)
            return
        # Who is told to go around something will find it there, not here.
        names = target.names or (self._search(target, around),)
        for name in names:
            if task.do == "go":
                extra: dict[str, Any] = _speed(task)
                kept = [other for other in around if other != name]
                if kept:
                    extra["around"] = kept
                self._emit("walk_to", target=name, **extra)
            elif task.do == "inspect":
                self._inspect(name)
            elif task.do == "find" and not self._is_place(name):
                # It was seen before; whether it is still there has to be seen again.
                thing = self._scene.object(name)
                if thing is not None:
                    self._emit("find", label=thing.label, color=thing.color)
            else:
                self._emit("look_at", target=name)
        spots = all(self._is_spot(name) for name in names)
        if task.do == "go":
            self._there = names
        if not (spots and self._last):
            self._last = names

    def _keep_off(self, text: str) -> tuple[str, ...]:
        """Return what a way keeps off: where several may be meant, all of them."""
        try:
            return self._ground(text).names
        except Unclear as unclear:
            candidates = getattr(unclear.decision, "candidates", ())
            if not candidates:
                raise
            return tuple(candidates)

    def _tell(self, task: Task) -> None:
        language = self._command.language
        if task.about in ("battery", "place"):
            self._emit("report", what=task.about, language=language)
            return
        if task.about == "scene" and not task.thing:
            self._emit("report", what="scene", language=language)
            return
        if task.about == "thing" and not task.thing and not self._last:
            self._emit("report", what="scene", language=language)
            return
        if task.about in ("scene", "count"):
            noun = self._grounding.noun(task.thing)
            self._remember(task.thing)
            self._emit(
                "report",
                what=task.about,
                label=noun.label,
                color=noun.color,
                language=language,
            )
            return
        target = self._ground(task.thing or "it")
        names = target.names or (self._search(target),)
        self._last = names
        for name in names:
            if task.about == "where" and not name.startswith(MARK):
                self._emit("report", what="where", target=name, language=language)
                continue
            of = (
                name.removeprefix(MARK)
                if task.about == "where"
                else self._inspections.get(name) or self._inspect(name)
            )
            self._emit("report", what="outcome", of=of, language=language)

    def _remember(self, text: str) -> None:
        """Let `it` be what was asked for, if that is one thing."""
        try:
            names = self._ground(text).names
        except Unclear:
            return
        if len(names) == 1:
            self._last = names

    def _ground(self, text: str) -> Target:
        there = self._there or self._last
        target = self._grounding.ground(text, self._last, there)
        known = self._searches.get((target.label, target.color))
        if not target.names and known:
            return Target(names=(known,))
        return target

    def _search(self, target: Target, around: Sequence[str] = ()) -> str:
        places = [name for name in around if self._is_place(name)]
        where: dict[str, Any] = {"at": places} if places else {}
        step = self._emit("find", label=target.label, color=target.color, **where)
        found = f"{MARK}{step}"
        self._searches[target.label, target.color] = found
        self._last = (found,)
        return found

    def _inspect(self, name: str) -> str:
        step = self._emit("inspect", target=name)
        self._inspections[name] = step
        return step

    def _is_spot(self, name: str) -> bool:
        place = self._scene.place(name)
        return place is not None and place.center is None

    def _is_place(self, name: str) -> bool:
        return self._scene.place(name) is not None

    def _emit(self, skill_name: str, depth: int = 0, **arguments: Any) -> str:
        """Append a step, after those that it needs, and return its id."""
        skill = self._registry[skill_name]
        try:
            values = skill.read(arguments)
        except ConfigError:
            # The validator says what is wrong with it.
            return self._append(skill_name, arguments)
        needs = list(skill.needs(values, self._state))
        for need in needs:
            if need.fact is None or depth >= DEPTH:
                continue
            relation, subject = need.fact
            if relation == "near":
                self._emit("walk_to", depth + 1, target=subject)
            elif relation == "looking":
                self._emit("look_at", depth + 1, target=subject)
        step = self._append(skill_name, arguments)
        self._state = skill.effects(values, self._state, step)
        return step

    def _append(self, skill: str, arguments: dict[str, Any]) -> str:
        step = f"s{len(self.steps) + 1}"
        text = self._text(skill, arguments)
        self.steps.append(Step(id=step, skill=skill, arguments=arguments, text=text))
        return step

    def _text(self, skill: str, arguments: dict[str, Any]) -> str:
        """Return what a step does, for people."""
        language = self._command.language
        name = ""
        target = str(arguments.get("target", ""))
        if skill == "find":
            label = str(arguments.get("label") or "thing")
            name = self._naming.kind(label, str(arguments.get("color", "")))
        elif target.startswith(MARK):
            label, color = self._state.found.get(target, ("thing", ""))
            name = self._naming.kind(label, color)
        elif target:
            name = self._naming.of(self._scene, target, {})
        elif skill == "walk_to":
            name = f"({arguments.get('x')}, {arguments.get('y')})"
        key = f"do_{skill}" if f"do_{skill}" in PHRASES else "do_other"
        return phrase(key, language, name=name or skill).strip()


def _foresee(tasks: Sequence[Task]) -> list[Task]:
    """Put a close look where the robot still is, if it is told of after it has left.

    `Go to the crate, come back and tell me what is on it`: one way there, not two.
    """
    ahead: list[Task] = []
    for index, task in enumerate(tasks):
        ahead.append(task)
        later = tasks[index + 1 :]
        if task.do not in ("go", "look") or not task.thing or not later:
            continue
        leaves = later[0].do == "go" and later[0].thing == "home"
        told = next((t for t in later[1:] if t.do == "tell"), None)
        if leaves and told and told.about == "thing" and told.thing in IT:
            ahead.append(Task(do="inspect", thing="it"))
    return ahead


def _speed(task: Task) -> dict[str, Any]:
    return {} if task.speed is None else {"speed": task.speed}
