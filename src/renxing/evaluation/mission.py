# SPDX-License-Identifier: Apache-2.0
"""One sentence to the whole stack, in a room whose things stand elsewhere.

In: a seed.  Out: the room, the words to ask with, and afterwards the judgement of what
was said and done by what is true. Who runs the stack is the command's business; a
witness watches from outside.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from renxing.errors import ModelError
from renxing.evaluation.objects import LABELS
from renxing.evaluation.scenario import Share
from renxing.evaluation.surfaces import clearance
from renxing.evaluation.ways import inflated, walked
from renxing.evaluation.witness import Evidence
from renxing.navigation import from_occupancy, plan
from renxing.planning.lexicon import read_lexicon
from renxing.planning.naming import Naming
from renxing.planning.plan import Language
from renxing.resources import resource
from renxing.robot.description import Count, NotNegative, Part, Positive
from renxing.sim import World
from renxing.sim.floor_plan import FloorPlanConfig, floor_plan
from renxing.sim.placement import Placement, PlacementConfig, scatter
from renxing.sim.things import Person, Way
from renxing.sim.world import WorldFile, make_world, read_world
from renxing.spatial import Array
from renxing.yaml_file import Lines, read_yaml

CHEST = 0.9  # [m] above the ground, where people's way has to be free
ALONG = 0.05  # [m] between two places of it that are looked at
LOOP = ("loop_p99", "loop_worst", "loop_late")  # as `ledger_report.over` has it
ROOMS, ANOTHER = 20, 1000  # tried for one seed, and how far their seeds are apart
TRIES = 1000
CHOICE = 20  # ways of which people take the longest
SLANT = 0.8  # [rad] that people cross at, other than straight, at most
START = 0.6  # [m] around where the robot starts in which nobody walks


class CrossingPerson(Part, frozen=True, kw_only=True):
    """Somebody who walks to and fro across the straight way; see the file.

    Attributes:
        side: Least and greatest length of their way to either side [m].
        speed: Least and greatest [m/s].
        height: Least and greatest [m].
        room: From everything that stands there to their middle [m].
        yields: Distance at which they wait before a robot ahead of them [m].
        required: Least share of missions in which nobody is touched.
    """

    side: tuple[float, float]
    speed: tuple[float, float]
    height: tuple[float, float]
    room: Positive
    yields: NotNegative
    required: Share


class MissionSuite(Part, frozen=True, kw_only=True):
    """The file `config/evaluation/mission.yaml`.

    Attributes:
        name: That of the file.
        title: For people.
        world: Name of a file in `config/worlds`, in which things are put elsewhere.
        places: Name of a file in `config/places`: what the robot knows of it.
        tasks: In English and in Chinese; `{crate}` is what the crate is called.
        close: Greatest distance from the crate at the end [m].
        duration: That a mission may take [s].
        blink: Simulated time for which the witness may see nothing [s].
        seeds: How many.
        required: Least share of missions without a failure.
        crossing: Who walks across, where that is wanted.
    """

    name: str
    title: str
    world: str
    places: str
    tasks: tuple[str, str]
    close: Positive
    duration: Positive
    blink: Positive
    seeds: Count
    required: Share
    crossing: CrossingPerson


def load_missions() -> MissionSuite:
    """Return the scorecard.

    Raises:
        ConfigError: If the file is malformed.
    """
    suite, _ = read_yaml(resource("config/evaluation/mission.yaml"), MissionSuite)
    return suite


@dataclass(frozen=True, slots=True, kw_only=True)
class Mission:
    """A room and what is asked for in it.

    Attributes:
        suite: The scorecard.
        seed: Of room and person.
        file: The room.
        placement: Where its things are.
        text: What the robot is asked.
        truth: Label and colour of each thing on the crate.
    """

    suite: MissionSuite
    seed: int
    file: WorldFile
    placement: Placement
    text: str
    truth: tuple[tuple[str, str], ...]

    @property
    def world(self) -> World:
        """The room, ready for a simulator."""
        return made(self.file)


def make_mission(suite: MissionSuite, seed: int, *, crossing: bool) -> Mission:
    """Draw a mission.

    Args:
        suite: The scorecard.
        seed: Of all that is drawn.
        crossing: Whether somebody walks across the way.

    Raises:
        ModelError: If there is no room for things, or for somebody to cross.
    """
    if crossing:
        placement, file = _crossed(suite, seed)
    else:
        placement = _placement(suite, seed)
        file = placement.file
    language: Language = "zh" if seed % 2 else "en"
    naming = Naming(read_lexicon(resource("config/brain/lexicon.yaml")), language)
    crate = naming.kind("crate", placement.colors.get("crate", ""))
    truth = []
    for thing in placement.file.objects:
        if placement.supports[thing.name] == "crate":
            label = LABELS.get(thing.kind, "thing")
            truth.append((label, placement.colors.get(thing.name, "")))
    return Mission(
        suite=suite,
        seed=seed,
        file=file,
        placement=placement,
        text=suite.tasks[language == "zh"].format(crate=crate),
        truth=tuple(truth),
    )


def _placement(suite: MissionSuite, seed: int) -> Placement:
    return scatter(read_world(suite.world)[0], seed, PlacementConfig())


def _crossed(suite: MissionSuite, seed: int) -> tuple[Placement, WorldFile]:
    """Return a room with somebody in it; where nobody can cross it is drawn anew."""
    for room in range(seed, seed + ROOMS * ANOTHER, ANOTHER):
        placement = _placement(suite, room)
        random = np.random.default_rng([room, 1])
        walker = _walker(suite.crossing, placement, random)
        if walker is not None:
            fixed = (*placement.file.fixed, walker)
            return placement, msgspec.structs.replace(placement.file, fixed=fixed)
    raise ModelError(f"world '{suite.world}': nobody can cross the way, seed {seed}")


def made(file: WorldFile) -> World:
    """Return the world of a file that nobody has written yet."""
    return make_world(file, Lines(path=resource("config/worlds"), first={}))


def _walker(
    config: CrossingPerson, placement: Placement, random: np.random.Generator
) -> Person | None:
    """Return somebody who walks across the straight way to the crate, if any can."""
    world = made(placement.file)
    flat = floor_plan(world, FloorPlanConfig())
    grid = from_occupancy(flat.occupancy, flat.resolution, flat.origin)
    route = plan(inflated(grid), (0.0, 0.0, 0.0), placement.stand)
    crate = next(one for one in placement.file.objects if one.name == "crate")
    keep = 0.5 * math.hypot(*crate.size[:2]) + config.room
    # Neither where the robot starts nor where it shall stand.
    away = np.minimum(*(np.hypot(*(route[:, :2] - e[:2]).T) for e in route[[0, -1]]))
    middles = np.flatnonzero(away > min(0.6, 0.9 * away.max()))
    free: list[Array] = []
    for _ in range(TRIES):
        x, y, yaw = route[random.choice(middles)]
        yaw += random.uniform(-SLANT, SLANT)
        across = np.array([-math.sin(yaw), math.cos(yaw)])
        left, right = random.uniform(*config.side, 2)
        sides = np.arange(-right, left + ALONG, ALONG)
        path = np.array([x, y]) + sides[:, None] * across
        chest = np.column_stack([path, np.full(len(path), CHEST)])
        if (
            clearance(world, chest).min() > config.room
            and np.hypot(*path.T).min() > START
            and np.hypot(*(path - crate.at[:2]).T).min() > keep
        ):
            free.append(path)
            if len(free) == CHOICE:
                break
    if not free:
        return None
    path = max(free, key=len)
    (ax, ay), (bx, by) = path[[0, -1]].tolist()
    walk = Way(
        way=((bx, by),),
        speed=float(random.uniform(*config.speed)),
        again=True,
        yields=config.yields,
    )
    return Person(
        name="passer_by",
        at=(ax, ay, 0.0),
        yaw=math.atan2(by - ay, bx - ax),
        height=float(random.uniform(*config.height)),
        walk=walk,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judgement:
    """What came of a mission.

    Attributes:
        failures: Why it is no success, in words; empty if it is one.
        touched: Who was touched, with what.
        unseen: What the witness missed: where it did, nobody can say that nobody was
            touched.
        meetings: How it came to each of these touches.
        measures: By name: `time` of the task [s], `way` [m] and `person`, the least
            distance of the base from somebody who walks [m], as the witness saw them,
            `gap`, the longest time between two of its looks [s],
            `claimed` way as the robot says [m], and what the real-time loop tells, as
            `runtime.ledger_report.over` has it.
        answer: What the robot said.
        track: Where the base really was, in rows x, y [m], time [s].
    """

    failures: tuple[str, ...]
    touched: tuple[str, ...]
    unseen: tuple[str, ...]
    meetings: tuple[str, ...]
    measures: dict[str, float]
    answer: str
    track: Array


def judge(mission: Mission, said: Mapping[str, Any], saw: Evidence) -> Judgement:
    """Judge a mission.

    Args:
        mission: What was to be done.
        said: What `renxing ask --json` wrote; empty if it wrote nothing.
        saw: What was true.
    """
    failures = []
    if not said:
        failures.append("no answer came")
    elif not said.get("success"):
        failures.append(f"not done: {said.get('reason') or 'no reason given'}")
    else:
        failures += _untrue(mission, said)
        crate = next(o for o in mission.file.objects if o.name == "crate")
        away = float(np.hypot(*(saw.end - np.array(crate.at[:2]))))
        if not away <= mission.suite.close:
            failures.append(f"it stands {away:.2f} m from the crate")
    took = _number(said.get("duration"))
    if took > mission.suite.duration:
        failures.append(f"it took {took:.0f} s, {mission.suite.duration:g} s allowed")
    unseen = _unseen(mission.suite, saw)
    failures += unseen
    if saw.fell_at is not None:
        failures.append("it fell")
    walkers = {person.name for person in mission.world.people}
    of_people = [touch for touch in saw.touches if touch.thing in walkers]
    touched = tuple(f"touched {one.thing} with {one.link}" for one in of_people)
    failures += touched
    failures += [
        f"bumped {touch.link} into {touch.thing}"
        for touch in saw.touches
        if touch.thing not in walkers
    ]
    return Judgement(
        failures=tuple(dict.fromkeys(failures)),
        touched=touched,
        unseen=unseen,
        meetings=tuple(
            f"{one.link} at {one.begun:.1f} s: {met}"
            for one in of_people
            if (met := saw.meeting(one)) is not None
        ),
        measures={
            "time": took,
            "way": walked(np.array(saw.track)),
            "claimed": _number(said.get("distance")),
            "person": saw.person,
            "gap": saw.gap,
            **{name: _number(said.get(name)) for name in LOOP},
        },
        answer=str(said.get("answer", "")),
        track=np.array(saw.track),
    )


def _unseen(suite: MissionSuite, saw: Evidence) -> tuple[str, ...]:
    """Return what the witness missed."""
    missed = []
    if not saw.looks:
        missed.append(f"nobody saw it: {saw.why or 'no simulation'}")
    elif saw.why:
        missed.append(f"nobody saw its end: {saw.why}")
    if saw.gap > suite.blink:
        missed.append(f"nobody looked for {saw.gap:.2f} s from {saw.gap_at:.1f} s on")
    return tuple(missed)


def _number(value: Any) -> float:
    """Return what was measured; NaN if nobody told."""
    return np.nan if value is None else float(value)


def _untrue(mission: Mission, said: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with an answer."""
    told: list[dict[str, str]] = next(
        (
            step["measured"]["things_on"]
            for step in reversed(said.get("steps", []))
            if "things_on" in step.get("measured", {})
        ),
        [],
    )
    found = Counter((one["label"], one["color"]) for one in told)
    truth = Counter(mission.truth)
    missed, invented = truth - found, found - truth
    wrong = []
    if missed:
        wrong.append(f"not told of {_list(missed)}")
    if invented:
        wrong.append(f"told of {_list(invented)}")
    return wrong


def _list(things: "Counter[tuple[str, str]]") -> str:
    return ", ".join(f"{color} {label}".strip() for label, color in things.elements())
