# SPDX-License-Identifier: Apache-2.0
"""What stands in worlds, as people name it: ramps, stairs, tables, a person.

Each thing knows the shapes that it is made of.
"""

import math
from collections.abc import Iterator
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from renxing.sim.shapes import Color, Kind, Pedestrian, Shape, Vector3, Walk
from renxing.spatial import SE3, transform

Positive = Annotated[float, Meta(gt=0.0)]
NotNegative = Annotated[float, Meta(ge=0.0)]

WOOD: Color = (0.72, 0.56, 0.40)
STEEL: Color = (0.55, 0.58, 0.62)
STONE: Color = (0.62, 0.62, 0.60)


class _Thing(
    Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", kw_only=True
):
    """What all things in a world file share.

    Attributes:
        name: Unique in the file.
        at: Where its own origin lies in odom [m]; what that is, each thing says.
        yaw: Turn about the vertical [rad].
        friction: Coulomb coefficient [-].
        softness: As of `Shape`; 0 is hard [s].
    """

    name: str
    at: Vector3 = (0.0, 0.0, 0.0)
    yaw: float = 0.0
    friction: Positive = 0.8
    softness: NotNegative = 0.0

    def _shape(
        self,
        part: str,
        kind: Kind,
        size: Vector3,
        at: Vector3,
        color: Color,
        rpy: Vector3 = (0.0, 0.0, 0.0),
    ) -> Shape:
        place = transform(self.at, (0.0, 0.0, self.yaw)) * transform(at, rpy)
        return Shape(
            name=f"{self.name}/{part}" if part else self.name,
            kind=kind,
            size=size,
            transform_shape_to_parent=place,
            color=color,
            friction=self.friction,
            softness=self.softness,
        )


class Box(_Thing, frozen=True, tag="box", kw_only=True):
    """A box; `at` is its centre."""

    size: tuple[Positive, Positive, Positive]
    rpy: Vector3 = (0.0, 0.0, 0.0)
    color: Color = STONE

    def shapes(self) -> Iterator[Shape]:
        """Yield what it is made of."""
        yield self._shape("", "box", self.size, (0, 0, 0), self.color, self.rpy)


class Ramp(_Thing, frozen=True, tag="ramp", kw_only=True):
    """A way up, a plateau and a way down, along +x; `at` is its foot."""

    angle: Annotated[float, Meta(gt=0.0, lt=0.8)]
    rise: Positive
    width: Positive = 2.0
    plateau: Positive = 1.5

    def shapes(self) -> Iterator[Shape]:
        """Yield what it is made of."""
        thick = 0.05
        slope = self.rise / math.sin(self.angle)
        run = self.rise / math.tan(self.angle)
        # Centre of a plate whose upper face is the walking surface.
        drop_x = 0.5 * thick * math.sin(self.angle)
        drop_z = 0.5 * thick * math.cos(self.angle)
        plate = (slope, self.width, thick)
        half = 0.5 * self.rise
        up = (0.5 * run + drop_x, 0.0, half - drop_z)
        down = (1.5 * run + self.plateau - drop_x, 0.0, half - drop_z)
        yield self._shape("up", "box", plate, up, STONE, (0.0, -self.angle, 0.0))
        yield self._shape("down", "box", plate, down, STONE, (0.0, self.angle, 0.0))
        top = (self.plateau, self.width, self.rise)
        yield self._shape("top", "box", top, (run + 0.5 * self.plateau, 0, half), STONE)


class Stairs(_Thing, frozen=True, tag="stairs", kw_only=True):
    """Steps up, a landing, and steps down, along +x; `at` is the foot of the first."""

    steps: Annotated[int, Meta(gt=0)]
    rise: Positive
    tread: Positive = 0.30
    width: Positive = 1.2
    landing: Positive = 1.0

    def shapes(self) -> Iterator[Shape]:
        """Yield what it is made of."""
        for step in range(1, self.steps + 1):
            height = step * self.rise
            last = step == self.steps
            depth = self.landing if last else self.tread
            x = (step - 1) * self.tread + 0.5 * depth
            size = (depth, self.width, height)
            name = "landing" if last else f"up_{step}"
            yield self._shape(name, "box", size, (x, 0.0, 0.5 * height), STONE)
            if not last:
                far = 2 * (self.steps - 1) * self.tread + self.landing - x
                at = (far, 0.0, 0.5 * height)
                yield self._shape(f"down_{step}", "box", size, at, STONE)


class Blocks(_Thing, frozen=True, tag="blocks", kw_only=True):
    """A field of square blocks of random height; `at` is its near right corner."""

    extent: tuple[Positive, Positive]
    block: Positive = 0.30
    height: tuple[float, float] = (0.0, 0.05)
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse heights below the ground or in the wrong order."""
        if not 0.0 <= self.height[0] <= self.height[1]:
            raise ValueError(
                f"height: {list(self.height)} m: the first must be at least 0 and at "
                "most the second"
            )

    def shapes(self) -> Iterator[Shape]:
        """Yield what it is made of."""
        random = np.random.default_rng(self.seed)
        columns = round(self.extent[0] / self.block)
        rows = round(self.extent[1] / self.block)
        for column in range(columns):
            for row in range(rows):
                height = float(random.uniform(*self.height))
                if height < 1e-3:
                    continue
                at = ((column + 0.5) * self.block, (row + 0.5) * self.block)
                yield self._shape(
                    f"{column}_{row}",
                    "box",
                    (self.block, self.block, height),
                    (*at, 0.5 * height),
                    STONE,
                )


class Table(_Thing, frozen=True, tag="table", kw_only=True):
    """A table; `at` is on the floor under its middle."""

    size: tuple[Positive, Positive, Positive] = (0.7, 1.4, 0.80)

    def shapes(self) -> Iterator[Shape]:
        """Yield what it is made of."""
        x, y, z = self.size
        yield self._shape("top", "box", (x, y, 0.04), (0, 0, z - 0.02), WOOD)
        for sx in (-1, 1):
            for sy in (-1, 1):
                at = (sx * (x / 2 - 0.04), sy * (y / 2 - 0.04), (z - 0.04) / 2)
                name = f"leg_{'fb'[sx < 0]}{'lr'[sy < 0]}"
                yield self._shape(name, "box", (0.05, 0.05, z - 0.04), at, STEEL)


class Shelf(_Thing, frozen=True, tag="shelf", kw_only=True):
    """A shelf open to -x; `at` is on the floor under its middle."""

    size: tuple[Positive, Positive, Positive] = (0.4, 1.0, 1.6)
    boards: Annotated[int, Meta(gt=1)] = 4

    def shapes(self) -> Iterator[Shape]:
        """Yield what it is made of."""
        x, y, z = self.size
        for side in (-1, 1):
            at = (0.0, side * (y / 2 - 0.01), z / 2)
            yield self._shape(f"side_{'lr'[side < 0]}", "box", (x, 0.02, z), at, STEEL)
        for board in range(self.boards):
            height = 0.10 + board * (z - 0.12) / (self.boards - 1)
            size = (x, y - 0.04, 0.02)
            yield self._shape(f"board_{board}", "box", size, (0, 0, height), WOOD)


class DoorFrame(_Thing, frozen=True, tag="door_frame", kw_only=True):
    """A wall with an opening, across x; `at` is the middle of the opening's sill."""

    opening: tuple[Positive, Positive] = (0.95, 2.05)
    wall: Positive = 1.2

    def shapes(self) -> Iterator[Shape]:
        """Yield what it is made of."""
        width, height = self.opening
        for side in (-1, 1):
            at = (0.0, side * (width + self.wall) / 2, height / 2)
            size = (0.12, self.wall, height)
            yield self._shape(f"wall_{'lr'[side < 0]}", "box", size, at, STONE)
        lintel = (0.12, width + 2 * self.wall, 0.25)
        yield self._shape("lintel", "box", lintel, (0, 0, height + 0.125), STONE)


class Way(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a person walks: from `at` through `way`; fields are those of `Walk`."""

    way: Annotated[tuple[tuple[float, float], ...], Meta(min_length=1)]
    speed: Positive = 1.0
    start: NotNegative = 0.0
    near: NotNegative = 0.0
    again: bool = False
    yields: NotNegative = 0.0


class Person(_Thing, frozen=True, tag="person", kw_only=True):
    """A person, arms down, facing +x; `at` is between the feet.

    With `walk` it moves, its legs stiff, and maps do not know it.
    """

    height: Positive = 1.75
    walk: Way | None = None

    def pedestrian(self, walk: Way) -> Pedestrian:
        """Return the body that walks."""
        pose = transform(self.at, (0.0, 0.0, self.yaw))
        return Pedestrian(
            name=self.name,
            transform_person_to_odom=pose,
            shapes=tuple(
                Shape(
                    name=shape.name,
                    kind=shape.kind,
                    size=shape.size,
                    transform_shape_to_parent=SE3(
                        pose.inverse() * shape.transform_shape_to_parent
                    ),
                    color=shape.color,
                    friction=shape.friction,
                )
                for shape in self.shapes()
            ),
            walk=Walk(
                way=walk.way,
                speed=walk.speed,
                start=walk.start,
                near=walk.near,
                again=walk.again,
                yields=walk.yields,
            ),
        )

    def shapes(self) -> Iterator[Shape]:
        """Yield what it is made of."""
        h = self.height  # proportions after Drillis & Contini (1966)
        skin, shirt = (0.85, 0.68, 0.56), (0.80, 0.42, 0.16)
        trousers, shoes = (0.18, 0.22, 0.34), (0.10, 0.10, 0.10)
        for side, name in ((1, "l"), (-1, "r")):
            y = side * 0.10
            leg, arm = (0.075, 0.47 * h, 0), (0.045, 0.40 * h, 0)
            yield self._shape(
                f"leg_{name}", "cylinder", leg, (0, y, 0.275 * h), trousers
            )
            foot = (0.26, 0.10, 0.07)
            yield self._shape(f"foot_{name}", "box", foot, (0.06, y, 0.035), shoes)
            at = (0, side * 0.23, 0.61 * h)
            yield self._shape(f"arm_{name}", "cylinder", arm, at, shirt)
        trunk, neck = (0.22, 0.36, 0.31 * h), (0.05, 0.09 * h, 0)
        yield self._shape("trunk", "box", trunk, (0, 0, 0.66 * h), shirt)
        yield self._shape("neck", "cylinder", neck, (0, 0, 0.84 * h), skin)
        yield self._shape(
            "head", "sphere", (0.066 * h, 0, 0), (0.01, 0, 0.93 * h), skin
        )
