# SPDX-License-Identifier: Apache-2.0
"""The same room with its things elsewhere, drawn by a seed.

In: a world's file.  Out: another one, and where a robot can stand to look.  A crate
stands on free floor that a robot can walk to from where it starts; small things stand
on the crate and on tables, apart from each other.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import yaml
from msgspec.structs import replace
from scipy.ndimage import distance_transform_edt, label

from renxing.errors import ModelError
from renxing.sim.floor_plan import FloorPlan, FloorPlanConfig, floor_plan
from renxing.sim.things import Table
from renxing.sim.world import Thing, WorldFile, make_world
from renxing.spatial import Array
from renxing.yaml_file import Lines

TRIES = 2000
ATTEMPTS = 20
# As red as things are painted, and so on: red, green, blue, 0 to 1.
PAINTS = {
    "red": (0.85, 0.15, 0.12),
    "green": (0.15, 0.65, 0.25),
    "blue": (0.12, 0.35, 0.85),
    "yellow": (0.95, 0.80, 0.10),
    "orange": (0.95, 0.45, 0.05),
    "purple": (0.55, 0.20, 0.70),
}
Occupied = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementConfig:
    """How things are placed.

    Attributes:
        crate: Name of the object that stands on the floor and carries others.
        low: Corner of the floor that it may stand on [m].
        high: The opposite corner [m].
        from_start: Least distance of the crate from where robots start [m].
        clearance: Of the crate from everything [m].
        stand: Distances from the crate's middle at which a robot can look at it [m].
        radius: Of the disc that the robot walks with [m].
        apart: Of small things from each other, edge to edge [m].
        margin: Of small things from the edge of what they stand on [m].
        on_crate: Fewest and most small things on the crate.
        small: Greatest side of a small thing [m].
        paint: Whether small things and the crate get other colours, no two alike.
    """

    crate: str = "crate"
    low: tuple[float, float] = (-2.0, -2.6)
    high: tuple[float, float] = (3.4, 3.0)
    from_start: float = field(default=1.3, metadata={"min": 0.5, "max": 10.0})
    clearance: float = field(default=0.25, metadata={"min": 0.0, "max": 2.0})
    stand: tuple[float, float] = (0.75, 1.15)
    radius: float = field(default=0.40, metadata={"min": 0.1, "max": 1.0})
    apart: float = field(default=0.06, metadata={"min": 0.0, "max": 0.5})
    margin: float = field(default=0.03, metadata={"min": 0.0, "max": 0.5})
    on_crate: tuple[int, int] = (1, 3)
    small: float = field(default=0.16, metadata={"min": 0.02, "max": 1.0})
    paint: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A world with its things elsewhere.

    Attributes:
        file: What its file says.
        supports: Name of what each object stands on, by its name; empty for the floor.
        colors: Name of the colour of each object that was painted.
        stand: Where a robot can stand and look at the crate: x, y [m], yaw [rad].
    """

    file: WorldFile
    supports: dict[str, str]
    colors: dict[str, str]
    stand: tuple[float, float, float]


def scatter(file: WorldFile, seed: int, config: PlacementConfig) -> Placement:
    """Draw a world with the things of another one elsewhere.

    Args:
        file: What the other one's file says.
        seed: Of all that is drawn.
        config: How.

    Raises:
        ModelError: If there is no crate or no room.
    """
    random = np.random.default_rng(seed)
    crates = [thing for thing in file.objects if thing.name == config.crate]
    if not crates:
        raise ModelError(f"world '{file.name}': no object '{config.crate}' to place")
    crate = crates[0]
    floor = _Floor(file, config)
    crate, stand = _place_crate(crate, floor, random, config)
    others = [thing for thing in file.objects if thing.name != config.crate]
    order = [others[i] for i in random.permutation(len(others))]
    small = [thing for thing in order if max(_extent(thing)) <= config.small]
    count = int(random.integers(config.on_crate[0], config.on_crate[1] + 1))
    carried = {thing.name for thing in small[:count]}
    for attempt in range(ATTEMPTS):
        try:
            placed, supports = _put_all(file, crate, order, carried, random, config)
            break
        except ModelError:
            # Those that came first may have taken the room of the last one.
            if attempt == ATTEMPTS - 1:
                raise
    colors = {}
    if config.paint:
        names = iter(random.permutation(sorted(PAINTS)))
        for index, thing in enumerate(placed):
            if thing.name == config.crate or max(_extent(thing)) <= config.small:
                colors[thing.name] = name = str(next(names))
                placed[index] = replace(thing, color=PAINTS[name])
    first = {thing.name: index for index, thing in enumerate(file.objects)}
    placed.sort(key=lambda thing: first[thing.name])
    return Placement(
        file=replace(file, name=f"{file.name}_{seed}", objects=tuple(placed)),
        supports=supports,
        colors=colors,
        stand=stand,
    )


def _put_all(
    file: WorldFile,
    crate: Thing,
    order: list[Thing],
    carried: set[str],
    random: np.random.Generator,
    config: PlacementConfig,
) -> tuple[list[Thing], dict[str, str]]:
    """Return all things somewhere, and what each stands on; the greatest come first."""
    tops = {config.crate: _Top.of_crate(crate)}
    tables = {
        one.name: _Top.of_table(one) for one in file.fixed if isinstance(one, Table)
    }
    placed, supports = [crate], {config.crate: ""}
    for thing in sorted(order, key=lambda one: -max(_extent(one))):
        allowed = tops if thing.name in carried else tables
        if not allowed:
            raise ModelError(f"world '{file.name}': no table for '{thing.name}'")
        name = str(random.choice(sorted(allowed)))
        placed.append(allowed[name].put(thing, random, config))
        supports[thing.name] = name
    return placed, supports


def write_world(file: WorldFile, path: Path) -> None:
    """Write a world's file, which `world:=PATH` loads."""
    tree = msgspec.to_builtins(file)
    path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")


class _Floor:
    """Where the floor is free, and where a robot can walk from its start."""

    def __init__(self, file: WorldFile, config: PlacementConfig) -> None:
        bare = make_world(replace(file, objects=()), Lines(path=Path(), first={}))
        self._plan: FloorPlan = floor_plan(bare, FloorPlanConfig())
        occupied = self._plan.occupancy > 0
        # In cells; from middle to middle.
        self._away = distance_transform_edt(~occupied) * self._plan.resolution
        self._config = config

    def clear(self, place: Array) -> float:
        """Return the distance to what is fixed [m]; 0 outside."""
        row, column = self._cell(place)
        rows, columns = self._away.shape
        if not (0 <= row < rows and 0 <= column < columns):
            return 0.0
        return float(self._away[row, column])

    def reachable(self, crate: Array, half: float) -> Occupied:
        """Return where a robot can walk while a crate stands somewhere.

        Args:
            crate: Its middle [m], shape (2,).
            half: Of its diagonal [m].
        """
        config, plan = self._config, self._plan
        rows, columns = self._away.shape
        y = plan.origin[1] + plan.resolution * (np.arange(rows) + 0.5)
        x = plan.origin[0] + plan.resolution * (np.arange(columns) + 0.5)
        apart = np.hypot(x[None, :] - crate[0], y[:, None] - crate[1])
        free = (self._away > config.radius) & (apart > half + config.radius)
        pieces, _ = label(free)
        start = pieces[self._cell(np.zeros(2))]
        found: Occupied = (pieces == start) & (start > 0)
        return found

    def is_in(self, cells: Occupied, place: Array) -> bool:
        """Say whether a place is in some cells."""
        row, column = self._cell(place)
        rows, columns = cells.shape
        inside = 0 <= row < rows and 0 <= column < columns
        return inside and bool(cells[row, column])

    def _cell(self, place: Array) -> tuple[int, int]:
        column, row = np.floor((place - self._plan.origin) / self._plan.resolution)
        return int(row), int(column)


def _place_crate(
    crate: Thing, floor: _Floor, random: np.random.Generator, config: PlacementConfig
) -> tuple[Thing, tuple[float, float, float]]:
    """Return the crate somewhere free, and where to stand before it."""
    width, depth, height = _extent(crate)
    half = 0.5 * math.hypot(width, depth)
    for _ in range(TRIES):
        place = random.uniform(config.low, config.high)
        yaw = float(random.uniform(-0.5, 0.5))
        if np.hypot(*place) < config.from_start:
            continue
        if floor.clear(place) < half + config.clearance:
            continue
        walks = floor.reachable(place, half)
        for angle in random.permutation(np.arange(16) * math.tau / 16):
            away = float(random.uniform(*config.stand))
            side = np.array([math.cos(angle), math.sin(angle)])
            if floor.is_in(walks, place + away * side):
                x, y = place + away * side
                stand = (float(x), float(y), float(angle) - math.pi)
                at = (float(place[0]), float(place[1]), 0.5 * height)
                return replace(crate, at=at, rpy=(0.0, 0.0, yaw)), stand
    raise ModelError(f"no room for '{crate.name}' between {config.low}, {config.high}")


class _Top:
    """A level top on which things are put."""

    def __init__(
        self, middle: Array, half: Array, yaw: float, height: float, name: str
    ) -> None:
        self._middle, self._half, self._yaw = middle, half, yaw
        self._height, self._name = height, name
        self._taken: list[tuple[Array, float]] = []

    @classmethod
    def of_crate(cls, crate: Thing) -> "_Top":
        width, depth, height = _extent(crate)
        half = 0.5 * np.array([width, depth])
        top = crate.at[2] + 0.5 * height
        return cls(np.array(crate.at[:2]), half, crate.rpy[2], top, crate.name)

    @classmethod
    def of_table(cls, table: Table) -> "_Top":
        half = 0.5 * np.array(table.size[:2])
        return cls(
            np.array(table.at[:2]), half, table.yaw, table.at[2] + table.size[2],
            table.name,
        )  # fmt: skip

    def put(
        self, thing: Thing, random: np.random.Generator, config: PlacementConfig
    ) -> Thing:
        """Return a thing somewhere on the top."""
        width, depth, height = _extent(thing)
        reach = 0.5 * math.hypot(width, depth)
        if thing.kind != "box":
            reach = 0.5 * width
        room = self._half - reach - config.margin
        cos, sin = math.cos(self._yaw), math.sin(self._yaw)
        turn = np.array([[cos, -sin], [sin, cos]])
        for _ in range(TRIES if (room > 0.0).all() else 0):
            place = self._middle + turn @ random.uniform(-room, room)
            if all(
                np.hypot(*(place - other)) > reach + their + config.apart
                for other, their in self._taken
            ):
                self._taken.append((place, reach))
                # A ball or a can looks the same from all sides.
                yaw = float(random.uniform(-math.pi, math.pi))
                at = (float(place[0]), float(place[1]), self._height + 0.5 * height)
                return replace(thing, at=at, rpy=(0.0, 0.0, yaw))
        raise ModelError(f"no room for '{thing.name}' on '{self._name}'")


def _extent(thing: Thing) -> tuple[float, float, float]:
    """Return the sides of the box around a thing that stands upright [m]."""
    if thing.kind == "box":
        return thing.size[0], thing.size[1], thing.size[2]
    if thing.kind == "cylinder":
        return 2 * thing.size[0], 2 * thing.size[0], thing.size[1]
    return (2 * thing.size[0],) * 3
