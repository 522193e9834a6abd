# SPDX-License-Identifier: Apache-2.0
"""What the robot says of the things in a room whose truth is known.

The things of a world stand elsewhere in each trial (`sim/placement.py`). The robot is
led without physics to where it can look at the crate and at each table, bobs as if it
stood and swayed, and remembers what it sees. Something is right if kind, colour and
what it stands on are.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from renxing.evaluation.surfaces import clearance
from renxing.evaluation.wandering import Place, Wanderer
from renxing.perception import (
    MemoryConfig,
    ObjectFinder,
    ObjectFinderConfig,
    ObjectMemory,
    Remembered,
    load_catalogue,
)
from renxing.robot import Robot
from renxing.sim.placement import Placement, PlacementConfig, scatter
from renxing.sim.things import Table
from renxing.sim.world import WorldFile, make_world, read_world
from renxing.spatial import SE3, Array
from renxing.yaml_file import Lines

LABELS = {"box": "box", "cylinder": "can", "sphere": "ball"}
PERIOD = 0.5  # [s] between two images that are looked at
IMAGES = 10  # that are taken from one place; the first ones fill the conditioner
CLEAR = 0.35  # [m] of the robot's middle from everything
NEAR = 0.12  # [m] that a thing may be off, more where it is wide
FROM_TABLE = (0.45, 0.75)  # [m] from the edge of a table


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """A thing as it is.

    Attributes:
        name: In the world.
        label: What it should be called.
        color: Likewise; empty where nobody says.
        support: Name of what it stands on; empty for the ground.
        place: [m], shape (2,).
        reach: How far off something may be that is still this [m].
    """

    name: str
    label: str
    color: str
    support: str
    place: Array
    reach: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ObjectScore:
    """What came of one room.

    Attributes:
        truths: How many things there are, tables included.
        found: Of them that were found at all.
        labelled: Of those found, with the right kind.
        coloured: Of those found, with the right colour.
        supported: Of those found, on the right thing.
        right: With all three right.
        remembered: How many things are remembered.
        wrong: What was missed or is wrong, in words.
        errors: Distance of those found from where they are [m].
    """

    truths: int
    found: int
    labelled: int
    coloured: int
    supported: int
    right: int
    remembered: int
    wrong: tuple[str, ...]
    errors: tuple[float, ...]


def look_around(robot: Robot, world: str, seed: int) -> ObjectScore:
    """Scatter the things of a world, look at them, and score what is remembered.

    Args:
        robot: That looks.
        world: Name of a file in `config/worlds` with a crate and tables.
        seed: Of places, colours, views and noise.

    Raises:
        DeviceError: If there is no OpenGL.
    """
    placement = scatter(read_world(world)[0], seed, PlacementConfig())
    file = placement.file
    made = make_world(file, Lines(path=Path(file.name), first={}))
    wanderer = Wanderer(robot, made, seed=1000 * seed)
    try:
        random = np.random.default_rng(seed)
        places = [Place(x=placement.stand[0], y=placement.stand[1],
                        yaw=placement.stand[2])]  # fmt: skip
        body = np.array([0.3, 0.8, 1.2])
        for table in (one for one in file.fixed if isinstance(one, Table)):
            for place in _before(table, random):
                column = [[place.x, place.y, z] for z in body]
                if clearance(made, np.array(column)).min() > CLEAR:
                    places.append(place)
                    break
        return score(truths(placement), _remember(wanderer, places))
    finally:
        wanderer.close()


def _before(table: Table, random: np.random.Generator) -> list[Place]:
    """Return places to look at a table from, in random order."""
    found = []
    sides = [(0, 1.0), (0, -1.0), (1, 1.0), (1, -1.0)]
    for index in random.permutation(len(sides)):
        axis, sign = sides[index]
        away = 0.5 * table.size[axis] + random.uniform(*FROM_TABLE)
        offset = np.zeros(2)
        offset[axis] = sign * away
        cos, sin = math.cos(table.yaw), math.sin(table.yaw)
        offset = np.array([[cos, -sin], [sin, cos]]) @ offset
        x, y = np.array(table.at[:2]) + offset
        yaw = math.atan2(-offset[1], -offset[0])
        found.append(Place(x=float(x), y=float(y), yaw=yaw))
    return found


def _remember(wanderer: Wanderer, places: list[Place]) -> tuple[Remembered, ...]:
    finder = ObjectFinder(ObjectFinderConfig(), load_catalogue())
    memory = ObjectMemory(MemoryConfig())
    nobody = np.empty((0, 2))
    now = 0.0
    known: tuple[Remembered, ...] = ()
    for place in places:
        for number in range(IMAGES):
            now += PERIOD
            pose: SE3 = wanderer.stand(place, 0.07)
            wanderer.look(pose)
            if number < 2:
                continue
            for picture in wanderer.pictures():
                eye = pose * picture.to_base
                depth, pinhole = picture.depth, picture.pinhole
                found = finder.find(picture.colour, depth, pinhole, eye, 0.0)
                known = memory.update(found, now, depth, pinhole, eye, nobody)
    return known


def truths(placement: Placement) -> list[Truth]:
    """Return what a robot should say of a room."""
    file: WorldFile = placement.file
    found = [
        Truth(
            name=one.name,
            label="table",
            color="",
            support="",
            place=np.array(one.at[:2]),
            reach=0.4,
        )
        for one in file.fixed
        if isinstance(one, Table)
    ]
    for thing in file.objects:
        label = LABELS[thing.kind]
        color = placement.colors.get(thing.name, "")
        if thing.name in ("crate", "parcel"):
            label = thing.name
        if thing.name == "parcel":
            color = "brown"
        found.append(
            Truth(
                name=thing.name,
                label=label,
                color=color,
                support=placement.supports[thing.name],
                place=np.array(thing.at[:2]),
                reach=NEAR if max(thing.size) < 0.2 else 2.0 * NEAR,
            )
        )
    return found


def score(wanted: list[Truth], known: tuple[Remembered, ...]) -> ObjectScore:
    """Compare what is remembered with what is."""
    pairs: dict[str, Remembered] = {}
    left = list(known)
    for truth in wanted:
        tables = truth.label == "table"
        near = [
            (float(np.linalg.norm(one.centre[:2] - truth.place)), index)
            for index, one in enumerate(left)
            if (one.label == "table") == tables
        ]
        if near and min(near)[0] <= truth.reach:
            pairs[truth.name] = left.pop(min(near)[1])
    names = {one.id: name for name, one in pairs.items()}
    counts = dict.fromkeys(("labelled", "coloured", "supported", "right"), 0)
    wrong = [f"{one.label} {one.color} too much" for one in left]
    for truth in wanted:
        found = pairs.get(truth.name)
        if found is None:
            wrong.append(f"{truth.name} missed")
            continue
        support = names.get(found.support, found.support)
        checks = {
            "labelled": found.label == truth.label,
            "coloured": truth.color in ("", found.color),
            "supported": support == truth.support,
        }
        counts["right"] += all(checks.values())
        for name, good in checks.items():
            counts[name] += good
        if not all(checks.values()):
            said = f"{found.color} {found.label} on {support or 'ground'}"
            is_ = f"{truth.color} {truth.label} on {truth.support or 'ground'}"
            wrong.append(f"{is_} is said to be {said}")
    errors = tuple(
        float(np.linalg.norm(pairs[one.name].centre[:2] - one.place))
        for one in wanted
        if one.name in pairs and one.label != "table"
    )
    return ObjectScore(
        truths=len(wanted),
        found=len(pairs),
        remembered=len(known),
        wrong=tuple(wrong),
        errors=errors,
        **counts,
    )
