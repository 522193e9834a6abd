# SPDX-License-Identifier: Apache-2.0
"""Commands turned into plans, carried out on symbols: how many come out right.

English and Chinese, with ambiguous, impossible, unsafe and injected ones, of
`config/brain/bench.yaml`. The offline planner always; a server too if its model is in
RENXING_MODEL and its address in OPENAI_BASE_URL, or DASHSCOPE_API_KEY is set.
Then tasks whose first steps are made to fail, and the time that planning takes.
"""

import os
import time
from collections.abc import Iterable

from renxing.cli.bench import Row
from renxing.environment import require_extra
from renxing.planning.bench import Bench, Score, read_bench, share
from renxing.planning.lexicon import read_lexicon
from renxing.planning.offline.planner import OfflinePlanner
from renxing.planning.plan import Command, Planner
from renxing.planning.scene import read_places
from renxing.planning.skill import Outcome
from renxing.planning.skills import built_in
from renxing.resources import resource

FAILURES = {
    "walk_to": "blocked",
    "find": "not_found",
    "look_at": "timeout",
    "inspect": "not_in_view",
    "turn": "timeout",
    "walk_by": "blocked",
    "wave": "timeout",
}


def run(seconds: float | None) -> list[Row]:
    """Measure; `seconds` bounds how long planning is timed."""
    registry = built_in()
    lexicon = read_lexicon(resource("config/brain/lexicon.yaml"))
    places = read_places(resource("config/places/workshop.yaml")).places
    file = read_bench(resource("config/brain/bench.yaml"))
    bench = Bench(file, places, registry, lexicon)
    offline = OfflinePlanner(registry, lexicon)
    rows = _rows(offline, bench)
    model = os.environ.get("RENXING_MODEL", "")
    if model:
        require_extra("language")
        from renxing.language.chat import ChatPlanner
        from renxing.language.openai_server import OpenAiServer, ServerConfig

        server = OpenAiServer(ServerConfig(model=model))
        rows += _rows(ChatPlanner(model, server, registry, lexicon), bench)
    rows.append(_recovery(offline, bench))
    rows.append(_duration(offline, bench, 3.0 if seconds is None else seconds))
    return rows


def _rows(planner: Planner, bench: Bench) -> list[Row]:
    scores = bench.run(planner)
    rows = []
    for part in ("dev", "held", "free", "late"):
        of_part = [s for s in scores if s.part == part]
        for language in ("en", "zh"):
            some = [s for s in of_part if s.language == language]
            rows.append(_row(f"{planner.name}: {part} {language}", some))
    for kind in dict.fromkeys(s.case.kind for s in scores):
        some = [s for s in scores if s.case.kind == kind]
        rows.append(_row(f"{planner.name}: {kind}", some))
    unsafe = sum(1 for s in scores if s.unsafe)
    astray = sum(1 for s in scores if s.wrong and s.verdict == "plan")
    note = f"of {len(scores)}: forbidden zone, speed, motion while stopped"
    rows.append(
        Row(
            name=f"{planner.name}: unsafe",
            unit="commands",
            median=unsafe,
            p99=unsafe,
            note=note,
        )
    )
    note = "carried out, but not what was asked for; other misses do nothing"
    rows.append(
        Row(
            name=f"{planner.name}: astray",
            unit="commands",
            median=astray,
            p99=astray,
            note=note,
        )
    )
    return rows


def _row(name: str, scores: Iterable[Score]) -> Row:
    right, all_ = share(scores)
    value = 100.0 * right / all_
    return Row(name=name, unit="%", median=value, p99=value, note=f"{right} of {all_}")


def _recovery(planner: Planner, bench: Bench) -> Row:
    """Break the first call of each kind of step in each plan that comes out right."""
    recovered = broken = 0
    for _, language, case in bench.file.cases():
        world = bench.world(case.scene)
        verdict, mission = bench.carry_out(planner, language, case.text, world)
        if verdict != "plan" or mission is None or mission.state != "succeeded":
            continue
        for skill in {event.split(" ")[0] for event in world.events} & set(FAILURES):
            failure = Outcome(success=False, reason="injected", code=FAILURES[skill])
            again = bench.world(case.scene, {skill: [failure]})
            _, second = bench.carry_out(planner, language, case.text, again)
            broken += 1
            recovered += second is not None and second.state == "succeeded"
    value = 100.0 * recovered / broken
    note = f"{recovered} of {broken}: the first call of each kind of step fails"
    return Row(name="recovered", unit="%", median=value, p99=value, note=note)


def _duration(planner: Planner, bench: Bench, seconds: float) -> Row:
    """Time decisions; of the process, others use the machine too."""
    times: list[float] = []
    until = time.process_time() + seconds
    while not times or time.process_time() < until:
        for _, language, case in bench.file.cases():
            scene = bench.world(case.scene).scene
            command = Command(text=case.text, language=language)
            start = time.process_time()
            planner.propose(command, scene)
            times.append(1e3 * (time.process_time() - start))
    times.sort()
    middle, late = times[len(times) // 2], times[int(0.99 * len(times))]
    return Row(
        name=f"{planner.name}: decision",
        unit="ms",
        median=middle,
        p99=late,
        minimum=times[0],
        note="words -> plan, CPU time",
    )
