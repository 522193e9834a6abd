# SPDX-License-Identifier: Apache-2.0
"""What the brain knows of the world: places, things seen, zones, and of the robot.

Places and zones come from a file, things from perception. All is in the map frame.
What is not in a scene is unknown, not absent.
"""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from renxing.errors import ConfigError
from renxing.planning.polygon import contains, distance
from renxing.yaml_file import read_yaml

Point = tuple[float, float]
Pose = tuple[float, float, float]
Vector3 = tuple[float, float, float]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]


class Place(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somewhere with a name.

    Attributes:
        name: Unique among places, zones and things seen.
        pose: Where the robot stands there, and how: x, y [m], yaw [rad].
        kind: Label that perception gives to what is there, such as table; empty for a
            mere spot.
        center: Middle of what is there [m]; None for a mere spot.
        radius: Of a circle about `center` that holds its footprint [m].
        en: Names in English, besides `name`.
        zh: Names in Chinese.
    """

    name: Name
    pose: Pose
    kind: str = ""
    center: Point | None = None
    radius: Annotated[float, Meta(ge=0.0)] = 0.0
    en: tuple[str, ...] = ()
    zh: tuple[str, ...] = ()


class Zone(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of the floor where more than the usual rules holds.

    Attributes:
        name: Unique among places, zones and things seen.
        kind: In forbidden zones it never walks; in slow ones not faster than `speed`;
            for those of approval somebody has to allow it.
        polygon: Corners in order [m], at least three.
        speed: Greatest speed in a slow zone [m/s].
        en: Names in English, besides `name`.
        zh: Names in Chinese.
    """

    name: Name
    kind: Literal["forbidden", "slow", "approval"]
    polygon: Annotated[tuple[Point, ...], Meta(min_length=3)]
    speed: Annotated[float, Meta(gt=0.0)] | None = None
    en: tuple[str, ...] = ()
    zh: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a slow zone without a speed and a speed without a slow zone."""
        if (self.kind == "slow") != (self.speed is not None):
            raise ValueError("speed: slow zones have one, others have none")


class SeenObject(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A thing that the robot has seen, and remembers.

    Attributes:
        id: Its own while it is remembered, such as crate_1.
        label: Its kind; `thing` where unknown.
        color: Name of its colour; empty where it has none that has a name.
        support: Id of what it stands on; empty for the ground.
        position: Of the middle of its box [m].
        size: Of its box [m].
        yaw: Of its box [rad].
        confidence: Of the label.
        sightings: Images in which it was seen.
        first_seen: When [s].
        last_seen: When [s].
    """

    id: str
    label: str
    position: Vector3
    size: Vector3 = (0.1, 0.1, 0.1)
    color: str = ""
    support: str = ""
    yaw: float = 0.0
    confidence: Share = 1.0
    sightings: int = 1
    first_seen: float = 0.0
    last_seen: float = 0.0


class Scene(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that the brain knows at one moment.

    Attributes:
        places: With names.
        zones: With rules.
        objects: Things seen.
        pose: Of the robot: x, y [m], yaw [rad]; None while it does not know its place.
        battery: Charge left, of 1; None if nothing measures it.
        stopped: Whether a stop is latched.
        dock: Name of the place with a charging dock; empty if there is none.
        stamp: Time of all this [s].
    """

    places: tuple[Place, ...] = ()
    zones: tuple[Zone, ...] = ()
    objects: tuple[SeenObject, ...] = ()
    pose: Pose | None = None
    battery: Share | None = None
    stopped: bool = False
    dock: str = ""
    stamp: float = 0.0

    def place(self, name: str) -> Place | None:
        """Return the place of a name."""
        return next((p for p in self.places if p.name == name), None)

    def object(self, identity: str) -> SeenObject | None:
        """Return the thing of an id."""
        return next((o for o in self.objects if o.id == identity), None)

    def zone(self, name: str) -> Zone | None:
        """Return the zone of a name."""
        return next((z for z in self.zones if z.name == name), None)

    def knows(self, name: str) -> bool:
        """Tell whether a place or a thing seen has this name."""
        return self.place(name) is not None or self.object(name) is not None

    def where(self, name: str) -> Point | None:
        """Return the middle of a place or thing [m]; None if there is none."""
        place = self.place(name)
        if place is not None:
            return place.center or place.pose[:2]
        thing = self.object(name)
        return thing.position[:2] if thing is not None else None

    def on(self, name: str) -> tuple[SeenObject, ...]:
        """Return what stands on a thing or on what is at a place."""
        same = {name, *(o.id for o in self.objects if self.place_of(o.id) == name)}
        return tuple(o for o in self.objects if o.support in same)

    def place_of(self, identity: str) -> str:
        """Return the place that a thing seen is: the bench is a table that was seen.

        Returns:
            Its name; empty if the thing is none of the places.
        """
        thing = self.object(identity)
        if thing is None:
            return ""
        for place in self.places:
            if place.center is None or place.kind != thing.label:
                continue
            away = distance((place.center,), thing.position[:2])
            if away <= max(place.radius, 0.3):
                return place.name
        return ""

    def zones_at(self, point: Point, margin: float = 0.0) -> tuple[Zone, ...]:
        """Return the zones that a point [m] is in, or nearer to than a margin [m]."""
        return tuple(
            z
            for z in self.zones
            if contains(z.polygon, point) or distance(z.polygon, point) < margin
        )


class PlacesFile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A file of places and zones.

    Attributes:
        places: With names.
        zones: With rules.
        dock: Name of the place with a charging dock; empty if there is none.
    """

    places: tuple[Place, ...]
    zones: tuple[Zone, ...] = ()
    dock: str = ""


def read_places(path: Path) -> PlacesFile:
    """Read places and zones.

    Raises:
        ConfigError: If the file cannot be used, or a name stands for two things.
    """
    found, _ = read_yaml(path, PlacesFile)
    names: dict[str, str] = {}
    entries: tuple[Place | Zone, ...] = (*found.places, *found.zones)
    for entry in entries:
        for name in {entry.name, *entry.en, *entry.zh}:
            # Two places may share a name of people's, such as "table": that is asked
            # back. A name of the file is one thing's.
            if name in names and name in (entry.name, names[name]):
                raise ConfigError(
                    f"{path.name}: name '{name}' stands for {names[name]} and for "
                    f"{entry.name}; the names of the file are unique"
                )
            names.setdefault(name, entry.name)
    if found.dock and found.dock not in {p.name for p in found.places}:
        raise ConfigError(
            f"{path.name}: dock: no place '{found.dock}'; there are "
            f"{', '.join(p.name for p in found.places)}"
        )
    return found
