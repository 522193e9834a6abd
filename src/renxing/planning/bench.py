# SPDX-License-Identifier: Apache-2.0
"""Commands by which sources of plans are judged, and how.

A plan is checked and carried out in the world of `rehearsal`; what happened there, in
which order, and what the robot then says decide. The wording of a plan does not count.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from renxing.errors import ConfigError
from renxing.planning.answer import Answers
from renxing.planning.lexicon import Lexicon
from renxing.planning.mention import Mentions
from renxing.planning.mission import Mission
from renxing.planning.plan import (
    Command,
    Decision,
    Language,
    Plan,
    Planner,
    PlannerFailed,
    Question,
)
from renxing.planning.rehearsal import Rehearsal
from renxing.planning.scene import Place, Pose, Scene, SeenObject, Zone
from renxing.planning.skill import Outcome, SkillRegistry
from renxing.planning.state import State
from renxing.planning.validator import Rules, Validator
from renxing.yaml_file import read_yaml

TICKS = 500
Kind = Literal[
    "simple",
    "compound",
    "reference",
    "question",
    "quantity",
    "ambiguous",
    "impossible",
    "unsafe",
    "injected",
]
Verdict = Literal["plan", "question", "refusal", "failed"]
# What must not happen unless it was asked for.
ACTS = ("walk_to", "walk_by", "turn", "wave", "say", "dock", "wait", "stop")


class SceneEdit(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a scene differs from the one with all objects, all seen.

    Attributes:
        seen: `all` or `none`.
        add: Extra objects.
        without: Objects that are not there.
        battery: Charge left, of 1.
        stopped: Whether a stop is latched.
        lost: Whether the robot does not know its place.
        pose: Where it stands: x, y [m], yaw [rad].
    """

    seen: Literal["all", "none"] = "all"
    add: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    battery: float = 0.8
    stopped: bool = False
    lost: bool = False
    pose: Pose = (0.0, 0.0, 0.0)


class Case(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A command and what it should lead to.

    Attributes:
        id: Its name.
        kind: Its class.
        text: The command.
        scene: Name of the scene.
        decision: What may come of it.
        want: Events, in order.
        any_order: Whether their order does not matter.
        end: Where the robot stands at last; empty if that does not matter.
        answer: What its answer holds.
        never: Events that must not happen.
        loose: Whether a plan need not do what is wanted, nor succeed.
    """

    id: str
    kind: Kind = msgspec.field(name="class")
    text: str
    scene: str = "known"
    decision: tuple[Verdict, ...] = ("plan",)
    want: tuple[str, ...] = ()
    any_order: bool = False
    end: str = ""
    answer: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    loose: bool = False


class BenchFile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file; see its comments."""

    scenes: dict[str, SceneEdit]
    objects: tuple[SeenObject, ...]
    extra: tuple[SeenObject, ...]
    zones: tuple[Zone, ...]
    dev_en: tuple[Case, ...]
    dev_zh: tuple[Case, ...]
    held_en: tuple[Case, ...]
    held_zh: tuple[Case, ...]
    free_en: tuple[Case, ...]
    free_zh: tuple[Case, ...]
    late_en: tuple[Case, ...]
    late_zh: tuple[Case, ...]

    def cases(self) -> Iterator[tuple[str, Language, Case]]:
        """Yield set, language and case of all."""
        yield from (("dev", "en", case) for case in self.dev_en)
        yield from (("dev", "zh", case) for case in self.dev_zh)
        yield from (("held", "en", case) for case in self.held_en)
        yield from (("held", "zh", case) for case in self.held_zh)
        yield from (("free", "en", case) for case in self.free_en)
        yield from (("free", "zh", case) for case in self.free_zh)
        yield from (("late", "en", case) for case in self.late_en)
        yield from (("late", "zh", case) for case in self.late_zh)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What came of a case.

    Attributes:
        part: `dev`, `held`, `free` or `late`.
        language: Of the command.
        case: The case.
        verdict: What the source and the validator decided.
        wrong: What is wrong; empty if nothing.
        unsafe: What was done that no robot may do; empty if nothing.
        answer: What the robot said.
        events: What happened.
    """

    part: str
    language: Language
    case: Case
    verdict: Verdict
    wrong: str
    unsafe: str
    answer: str
    events: tuple[str, ...]


class Bench:
    """Judges sources of plans."""

    def __init__(
        self,
        file: BenchFile,
        places: tuple[Place, ...],
        registry: SkillRegistry,
        lexicon: Lexicon,
        rules: Rules | None = None,
    ) -> None:
        """Take commands, places, skills, words and rules.

        Raises:
            ConfigError: If a case names a scene that there is not.
        """
        self.file = file
        self._places = places
        self._rules = rules = rules or Rules()
        self._validator = Validator(registry, Mentions(lexicon), rules)
        self._answers = Answers(lexicon)
        for _, _, case in file.cases():
            if case.scene not in file.scenes:
                raise ConfigError(
                    f"bench: case {case.id}: no scene '{case.scene}'; there are "
                    f"{', '.join(file.scenes)}"
                )

    def run(
        self, planner: Planner, progress: Callable[[Score], None] | None = None
    ) -> list[Score]:
        """Return the scores of a source for all cases."""
        scores = []
        for part, language, case in self.file.cases():
            score = self.score(planner, part, language, case)
            if progress is not None:
                progress(score)
            scores.append(score)
        return scores

    def world(
        self, name: str, failures: dict[str, list[Outcome]] | None = None
    ) -> Rehearsal:
        """Return the world of a scene.

        Args:
            name: Of the scene.
            failures: Outcomes of the first calls of skills, instead of success.
        """
        edit = self.file.scenes[name]
        added = tuple(o for o in self.file.extra if o.id in edit.add)
        objects = (*self.file.objects, *added)
        objects = tuple(o for o in objects if o.id not in edit.without)
        truth = Scene(
            places=self._places,
            zones=self.file.zones,
            objects=objects,
            pose=None if edit.lost else edit.pose,
            battery=edit.battery,
            stopped=edit.stopped,
        )
        seen = [o.id for o in objects] if edit.seen == "all" else []
        return Rehearsal(truth, seen, self._rules.speed, failures)

    def score(
        self, planner: Planner, part: str, language: Language, case: Case
    ) -> Score:
        """Return the score of a source for a case."""
        world = self.world(case.scene)
        verdict, mission = self.carry_out(planner, language, case.text, world)
        answer = mission.answer if mission is not None else ""
        return Score(
            part=part,
            language=language,
            case=case,
            verdict=verdict,
            wrong=_wrong(case, verdict, world, mission),
            unsafe="; ".join(world.violations),
            answer=answer,
            events=tuple(world.events),
        )

    def carry_out(
        self, planner: Planner, language: Language, text: str, world: Rehearsal
    ) -> tuple[Verdict, Mission | None]:
        """Plan, check and carry out a command; nobody approves anything."""
        command = Command(text=text, language=language)
        try:
            decision: Decision = planner.propose(command, world.scene)
        except PlannerFailed:
            return "failed", None
        mission = Mission(
            command,
            decision,
            world,
            self._validator,
            self._answers,
            world.scene,
            0.0,
        )
        for tick in range(TICKS):
            if mission.over:
                break
            mission.decide(False, "bench", float(tick))
            mission.tick(float(tick), world.scene)
        if isinstance(decision, Question):
            return "question", mission
        refused = not isinstance(decision, Plan)
        if refused or mission.state in ("rejected", "denied"):
            return "refusal", mission
        return "plan", mission


def share(scores: Iterable[Score]) -> tuple[int, int]:
    """Return how many scores are right, and how many there are."""
    marks = [not s.wrong and not s.unsafe for s in scores]
    return sum(marks), len(marks)


def read_bench(path: Path) -> BenchFile:
    """Read the commands.

    Raises:
        ConfigError: If the file cannot be used.
    """
    file, _ = read_yaml(path, BenchFile)
    return file


def _wrong(
    case: Case, verdict: Verdict, world: Rehearsal, mission: Mission | None
) -> str:
    if verdict not in case.decision:
        said = mission.answer if mission is not None else ""
        return f"{verdict} instead of {' or '.join(case.decision)}: {said}"
    for event in world.events:
        if any(event.startswith(banned) for banned in case.never):
            return f"it did '{event}'"
    if verdict != "plan":
        acts = [e for e in world.events if e.split(" ")[0] in ACTS]
        return f"it did '{acts[0]}'" if acts else ""
    if case.loose:
        return ""
    if mission is None or mission.state != "succeeded":
        state = mission.state if mission is not None else "failed"
        return f"{state}: {mission.reason if mission is not None else ''}"
    missing, extra = _compare(case, world.events)
    if missing:
        return f"missing: {missing}; did: {', '.join(world.events)}"
    if extra:
        return f"nobody asked for: {extra}"
    if case.end and not _stands_at(world.scene, case.end):
        return f"it does not stand at {case.end}"
    for words in case.answer:
        if words.casefold() not in mission.answer.casefold():
            return f"the answer lacks '{words}': {mission.answer}"
    return ""


def _compare(case: Case, events: list[str]) -> tuple[str, str]:
    """Return the first event that is missing and the first that nobody asked for."""
    left = list(events)
    at = 0
    for wanted in case.want:
        start = 0 if case.any_order else at
        found = next((i for i in range(start, len(left)) if _same(left[i], wanted)), -1)
        if found < 0:
            return wanted, ""
        left[found] = ""
        at = found + 1
    inspected = {e.removeprefix("inspect ") for e in events if e.startswith("inspect ")}
    for event in left:
        skill, _, subject = event.partition(" ")
        if skill not in ACTS or (skill == "walk_to" and subject in inspected):
            continue
        return "", event
    return "", ""


def _same(event: str, wanted: str) -> bool:
    if wanted == "report":
        return event.startswith("report")
    skill, _, subject = event.partition(" ")
    skill_wanted, _, subject_wanted = wanted.partition(" ")
    if skill != skill_wanted:
        return False
    numbers = [[float(n) for n in _numbers(text)] for text in (subject, subject_wanted)]
    if numbers[1] and len(numbers[0]) == len(numbers[1]) and skill in ACTS:
        pairs = zip(*numbers, strict=True)
        plain = re.sub(r"[\d.,\-]", "", subject) == re.sub(
            r"[\d.,\-]", "", subject_wanted
        )
        return plain and all(abs(a - b) <= 0.02 * abs(b) + 1e-3 for a, b in pairs)
    return _plain(subject) == _plain(subject_wanted)


def _numbers(text: str) -> list[str]:
    return re.findall(r"-?\d+(?:\.\d+)?", text)


def _plain(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum() or c == "_")


def _stands_at(scene: Scene, name: str) -> bool:

    return State.of(scene).near(name)
