# SPDX-License-Identifier: Apache-2.0
"""Worlds: `config/worlds/*.yaml`, read and checked.

A file names things as people do; `load_world` turns them into shapes fixed in the odom
frame and objects that can move.
"""

from pathlib import Path

from msgspec import Struct

from renxing.errors import ConfigError, ModelError
from renxing.resources import resource_root
from renxing.sim.shapes import Color, Kind, MovableObject, Shape, Vector3, World
from renxing.sim.things import (
    Blocks,
    Box,
    DoorFrame,
    Person,
    Positive,
    Ramp,
    Shelf,
    Stairs,
    Table,
)
from renxing.spatial import SE3, transform
from renxing.yaml_file import Lines, read_yaml


class Thing(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An object that can move.

    Attributes:
        name: Unique in the file.
        kind: Its shape.
        size: As `Shape.size`; the unused numbers may be left out [m].
        at: Where its centre starts in odom [m].
        rpy: How it is turned at the start [rad].
        mass: [kg].
        color: Red, green, blue, 0 to 1.
        friction: Coulomb coefficient [-].
    """

    name: str
    kind: Kind
    size: tuple[float, ...]
    at: Vector3
    rpy: Vector3 = (0.0, 0.0, 0.0)
    mass: Positive
    color: Color = (0.9, 0.5, 0.1)
    friction: Positive = 0.8


class WorldFile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A world file.

    Attributes:
        name: Of the world, that of the file.
        friction: Of the ground [-].
        ground: Height of the ground [m]; robots start at height 0 all the same.
        fixed: Things that never move, and people, of whom some do.
        objects: Things that can.
    """

    name: str
    friction: Positive = 0.8
    ground: float = 0.0
    fixed: tuple[
        Box | Ramp | Stairs | Blocks | Table | Shelf | DoorFrame | Person, ...
    ] = ()
    objects: tuple[Thing, ...] = ()


def read_world(name: str | Path) -> tuple[WorldFile, Lines]:
    """Read a world's file, as `load_world` does.

    Raises:
        ConfigError: If the file is missing or malformed.
    """
    given = Path(name)
    path = given
    if given.suffix not in {".yaml", ".yml"}:
        folder = resource_root() / "config" / "worlds"
        path = folder / f"{name}.yaml"
        if not path.exists():
            known = ", ".join(sorted(file.stem for file in folder.glob("*.yaml")))
            raise ConfigError(
                f"world '{name}': not in config/worlds, which has {known}"
            )
    return read_yaml(path, WorldFile)


def load_world(name: str | Path) -> World:
    """Load a world.

    Args:
        name: Of a file in `config/worlds`, or the path of such a file.

    Raises:
        ConfigError: If the file is missing or malformed.
        ModelError: If two things have the same name or a size makes no sense.
    """
    return make_world(*read_world(name))


def make_world(file: WorldFile, lines: Lines) -> World:
    """Make a world of what its file says.

    Args:
        file: What it says.
        lines: Where it says so, for messages.

    Raises:
        ModelError: If two things have the same name or a size makes no sense.
    """
    fixed = tuple(
        shape
        for thing in file.fixed
        if not (isinstance(thing, Person) and thing.walk)
        for shape in thing.shapes()
    )
    people = tuple(
        thing.pedestrian(thing.walk)
        for thing in file.fixed
        if isinstance(thing, Person) and thing.walk
    )
    objects = tuple(_object(thing, lines, i) for i, thing in enumerate(file.objects))
    first: dict[str, int] = {}
    for kind, things in (("fixed", file.fixed), ("objects", file.objects)):
        for index, thing in enumerate(things):
            line = lines.of(kind, index, "name")
            if thing.name in first:
                raise ModelError(
                    f"{lines.path.name}:{line}: '{thing.name}': the thing on line "
                    f"{first[thing.name]} has this name already"
                )
            first[thing.name] = line
    return World(
        name=file.name,
        friction=file.friction,
        ground=file.ground,
        fixed=fixed,
        objects=objects,
        people=people,
    )


def _object(thing: Thing, lines: Lines, index: int) -> MovableObject:
    wanted = {"box": 3, "cylinder": 2, "sphere": 1}[thing.kind]
    if len(thing.size) != wanted or min(thing.size) <= 0.0:
        raise ModelError(
            f"{lines.at('objects', index, 'size')}: object '{thing.name}': size "
            f"{list(thing.size)}: a {thing.kind} has {wanted} positive numbers"
        )
    size = (*thing.size, 0.0, 0.0)[:3]
    shape = Shape(
        name=thing.name,
        kind=thing.kind,
        size=(size[0], size[1], size[2]),
        transform_shape_to_parent=SE3.Identity(),
        color=thing.color,
        friction=thing.friction,
    )
    return MovableObject(
        name=thing.name,
        mass=thing.mass,
        transform_object_to_odom=transform(thing.at, thing.rpy),
        shapes=(shape,),
    )
