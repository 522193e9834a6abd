# SPDX-License-Identifier: Apache-2.0
"""The workshop as tests know it, and who plans and checks in it."""

from collections.abc import Iterable
from typing import Any

import msgspec

from renxing.planning.answer import Answers
from renxing.planning.bench import Bench, read_bench
from renxing.planning.lexicon import read_lexicon
from renxing.planning.mention import Mentions
from renxing.planning.mission import Mission, MissionConfig
from renxing.planning.offline.planner import OfflinePlanner, command_of
from renxing.planning.plan import Command, Plan, Step
from renxing.planning.rehearsal import Rehearsal
from renxing.planning.scene import Scene, read_places
from renxing.planning.skill import Outcome
from renxing.planning.skills import built_in
from renxing.planning.validator import Rules, Validator
from renxing.resources import resource

REGISTRY = built_in()
LEXICON = read_lexicon(resource("config/brain/lexicon.yaml"))
PLACES = read_places(resource("config/places/workshop.yaml")).places
RULES = Rules()
BENCH = Bench(
    read_bench(resource("config/brain/bench.yaml")), PLACES, REGISTRY, LEXICON, RULES
)
VALIDATOR = Validator(REGISTRY, Mentions(LEXICON), RULES)
ANSWERS = Answers(LEXICON)
OFFLINE = OfflinePlanner(REGISTRY, LEXICON)
USUAL = MissionConfig()
GO = Command(text="go to the bench and to the shelf, look at things, wait, turn, wave")


def world(
    name: str = "known", failures: dict[str, list[Outcome]] | None = None
) -> Rehearsal:
    return BENCH.world(name, failures)


def scene(name: str = "known", **changes: Any) -> Scene:
    return msgspec.structs.replace(world(name).scene, **changes)


def plan(*steps: tuple[str, dict[str, Any]], command: Command = GO) -> Plan:
    made = [
        Step(id=f"s{i + 1}", skill=skill, arguments=arguments)
        for i, (skill, arguments) in enumerate(steps)
    ]
    return Plan(command=command, source="test", steps=tuple(made))


def failure(code: str, **measured: Any) -> Outcome:
    return Outcome(
        success=False, reason=f"made to fail: {code}", code=code, measured=measured
    )


def mission(text: str, there: Rehearsal, config: MissionConfig = USUAL) -> Mission:
    command = command_of(text)
    decision = OFFLINE.propose(command, there.scene)
    return Mission(
        command, decision, there, VALIDATOR, ANSWERS, there.scene, 0.0, config
    )


def carry_out(task: Mission, there: Rehearsal, ticks: int = 300) -> Mission:
    for tick in range(ticks):
        if task.over:
            return task
        task.tick(float(tick), there.scene)
    raise AssertionError(f"still {task.state} after {ticks} ticks:\n{task.snapshot()}")


def skills(steps: Iterable[Step]) -> list[str]:
    return [step.skill for step in steps]
