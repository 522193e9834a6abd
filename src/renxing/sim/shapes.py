# SPDX-License-Identifier: Apache-2.0
"""A world as boxes, cylinders and spheres, for any simulator and for the page."""

from dataclasses import dataclass
from typing import Literal

from renxing.spatial import SE3

Vector3 = tuple[float, float, float]
Color = tuple[float, float, float]
Kind = Literal["box", "cylinder", "sphere"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One primitive.

    Attributes:
        name: Unique in its world.
        kind: What it is.
        size: Edge lengths of a box; radius, length, 0 of a cylinder; radius, 0, 0 of a
            sphere [m].
        transform_shape_to_parent: Its centre in odom, or in the object it belongs to.
        color: Red, green, blue, 0 to 1.
        friction: Coulomb coefficient against rubber [-].
        softness: Time constant with which it gives way to what treads on it, MuJoCo's
            solref[0]; 0 is as hard as all the rest [s].
    """

    name: str
    kind: Kind
    size: Vector3
    transform_shape_to_parent: SE3
    color: Color
    friction: float
    softness: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MovableObject:
    """A rigid body that can be pushed and picked up.

    Attributes:
        name: Unique in its world.
        mass: [kg], spread evenly over its shapes' volume.
        transform_object_to_odom: Where it starts.
        shapes: What it is made of.
    """

    name: str
    mass: float
    transform_object_to_odom: SE3
    shapes: tuple[Shape, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """Where somebody walks, and when.

    Attributes:
        way: Places that follow the first one, in odom [m].
        speed: [m/s].
        start: Simulated time before which nobody walks [s].
        near: Distance of the robot's base that is waited for [m]; 0 waits for nobody.
        again: Whether the way leads back to the first place and begins anew.
        yields: Distance of the robot's base, anywhere ahead of them, at which they
            wait [m]; 0 walks into it.
    """

    way: tuple[tuple[float, float], ...]
    speed: float
    start: float = 0.0
    near: float = 0.0
    again: bool = False
    yields: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pedestrian:
    """A body that goes its way, and nothing moves it off that.

    Attributes:
        name: Unique in its world.
        transform_person_to_odom: Where it stands before it walks; x is ahead.
        shapes: What it is made of.
        walk: Its way.
    """

    name: str
    transform_person_to_odom: SE3
    shapes: tuple[Shape, ...]
    walk: Walk


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A world, ready for a simulator.

    Attributes:
        name: Of the file.
        friction: Of the ground plane [-].
        ground: Height of the ground plane [m].
        fixed: Shapes that never move.
        objects: Bodies that can.
        people: Bodies that walk.
    """

    name: str
    friction: float
    ground: float = 0.0
    fixed: tuple[Shape, ...] = ()
    objects: tuple[MovableObject, ...] = ()
    people: tuple[Pedestrian, ...] = ()
