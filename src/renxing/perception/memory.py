# SPDX-License-Identifier: Apache-2.0
"""Things that were seen, remembered from image to image.

In: `Detection`s of images, with depth and pose of the camera.  Out: `Remembered`s.
Method: a detection is a thing that is known where it lies near enough, most alike
first. Labels and colours are voted on, places averaged, sizes taken from the image that
shows most of a thing. What should be in an image and is seen through instead is
forgotten after some images; what is hidden or out of view is not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from renxing.perception.bodies import rectangle
from renxing.perception.catalogue import TABLE, UNKNOWN
from renxing.perception.objects import Detection
from renxing.perception.projection import Depth
from renxing.perception.surfaces import hull_of, inside
from renxing.robot.pinhole import Pinhole
from renxing.spatial import SE3, Array

PATCH = 2  # [px] around the middle of a thing in which it is looked for
BORDER = 8  # [px] at the border of an image where nothing is missed
PART = 0.2  # that a part counts of a whole, when labels and colours are voted on
TABLE_LOW = 0.10  # [m] by which two heights of a table may differ
TABLE_NEAR = 0.10  # [m] that two pieces of a table may be apart


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryConfig:
    """What is remembered.

    Attributes:
        near: Distance within which two sightings are of one thing [m], and
        share: What is added to it for each metre of its longer side [-].
        level: Height by which their bases may differ [m].
        births: Whole sightings after which a thing is believed; of parts of what stands
            on something, twice as many.
        misses: Images in a row that look through a thing before it is forgotten.
        through: Depth behind a thing from which on it is seen through [m].
        patience: Time after which what was not believed is dropped [s].
        averaged: Sightings that a place is the average of at most.
        person: Room around people in which nothing on the ground is a thing [m].
        leg: By how much the outline of a table grows to hold its legs [m].
        post: By how much it grows to hold slender things of no other kind [m].
    """

    near: float = field(default=0.06, metadata={"min": 0.01, "max": 0.5})
    share: float = field(default=0.35, metadata={"min": 0.0, "max": 1.0})
    level: float = field(default=0.08, metadata={"min": 0.01, "max": 0.5})
    births: int = field(default=3, metadata={"min": 1, "max": 20})
    misses: int = field(default=4, metadata={"min": 1, "max": 100})
    through: float = field(default=0.02, metadata={"min": 0.005, "max": 1.0})
    patience: float = field(default=5.0, metadata={"min": 0.5, "max": 600.0})
    averaged: int = field(default=12, metadata={"min": 1, "max": 1000})
    person: float = field(default=0.5, metadata={"min": 0.0, "max": 2.0})
    leg: float = field(default=0.08, metadata={"min": 0.0, "max": 0.5})
    post: float = field(default=0.35, metadata={"min": 0.0, "max": 1.0})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Remembered:
    """A thing that is remembered.

    Attributes:
        id: Its own, such as crate_1.
        label: Its kind.
        color: Name of its colour; empty for tables.
        support: Id of what it stands on; empty for the ground.
        centre: Of its box [m], shape (3,).
        size: Of its box, along its own x and y, and height [m].
        yaw: Of its box [rad].
        confidence: Share of the sightings that say so [-].
        sightings: Images in which it was seen.
        first_seen: [s].
        last_seen: [s].
    """

    id: str
    label: str
    color: str
    support: str
    centre: Array
    size: tuple[float, float, float]
    yaw: float
    confidence: float
    sightings: int
    first_seen: float
    last_seen: float


@dataclass(slots=True, kw_only=True, eq=False)
class _Thing:
    """Something that was seen, believed or not."""

    centre: Array
    size: tuple[float, float, float]
    yaw: float
    outline: Array
    first_seen: float
    last_seen: float
    id: str = ""
    support: "_Thing | None" = None
    labels: dict[str, float] = field(default_factory=dict)
    colors: dict[str, float] = field(default_factory=dict)
    sightings: int = 0
    whole: int = 0
    misses: int = 0
    pixels: int = 0

    @property
    def base(self) -> float:
        return float(self.centre[2]) - 0.5 * self.size[2]

    @property
    def label(self) -> str:
        return max(self.labels, key=lambda name: self.labels[name])

    @property
    def is_table(self) -> bool:
        return len(self.outline) > 0


class ObjectMemory:
    """Remembers things in one fixed frame."""

    def __init__(self, config: MemoryConfig) -> None:
        """Begin with nothing."""
        self._config = config
        self.reset()

    def reset(self) -> None:
        """Forget everything; ids begin anew."""
        self._things: list[_Thing] = []
        self._numbers: dict[str, int] = {}

    def move(self, transform_old_to_new: SE3) -> None:
        """Let the frame be another from now on; its z still points up."""
        pose = transform_old_to_new
        turn = math.atan2(pose.rotation[1, 0], pose.rotation[0, 0])
        for thing in self._things:
            thing.centre = np.asarray(pose.act(thing.centre))
            thing.yaw += turn
            flat = thing.outline @ pose.rotation[:2, :2].T
            thing.outline = flat + pose.translation[:2]

    def update(
        self,
        detections: Sequence[Detection],
        stamp: float,
        depth: Depth,
        pinhole: Pinhole,
        transform_camera_to_frame: SE3,
        people: Array,
    ) -> tuple[Remembered, ...]:
        """Take the detections of one image.

        Args:
            detections: In the fixed frame.
            stamp: Of the image [s].
            depth: Of the image [m], shape (H, W); 0 for no measurement.
            pinhole: Of the image.
            transform_camera_to_frame: Pose of the optical frame in the fixed frame.
            people: Places of people [m], shape (n, 2).

        Returns:
            All that is believed.
        """
        config = self._config
        known = self._match(detections, stamp, people)
        for thing, detection in known.values():
            support = known.get(detection.support)
            self._see(thing, detection, support[0] if support else None, stamp)
        self._join_tables()
        seen = {id(thing) for thing, _ in known.values()}
        for thing in self._things:
            if id(thing) in seen:
                continue
            if _through(thing, depth, pinhole, transform_camera_to_frame, config):
                thing.misses += 1
        self._things = [
            thing
            for thing in self._things
            if thing.misses < config.misses
            and not self._under_table(thing)
            and (thing.id or stamp - thing.last_seen <= config.patience)
        ]
        self._name()
        return self.all()

    def all(self) -> tuple[Remembered, ...]:
        """Return all that is believed, oldest first."""
        return tuple(_remembered(thing) for thing in self._things if thing.id)

    def _match(
        self, detections: Sequence[Detection], stamp: float, people: Array
    ) -> dict[int, tuple[_Thing, Detection]]:
        """Return which thing each detection is, new ones included."""
        pairs = [
            (apart, number, index)
            for number, detection in enumerate(detections)
            if not self._belongs(detection, people)
            for index, thing in enumerate(self._things)
            if (apart := self._apart(detection, thing)) < math.inf
        ]
        found: dict[int, tuple[_Thing, Detection]] = {}
        taken: set[int] = set()
        for _, number, index in sorted(pairs):
            if number not in found and index not in taken:
                taken.add(index)
                found[number] = (self._things[index], detections[number])
        for number, detection in enumerate(detections):
            new = number not in found and not self._belongs(detection, people)
            # Part of something on the ground may be of anything.
            standing = detection.support >= 0 or bool(len(detection.outline))
            if new and (detection.whole or standing):
                thing = _Thing(
                    centre=detection.centre,
                    size=detection.size,
                    yaw=detection.yaw,
                    outline=detection.outline,
                    first_seen=stamp,
                    last_seen=stamp,
                )
                self._things.append(thing)
                found[number] = (thing, detection)
        return found

    def _belongs(self, detection: Detection, people: Array) -> bool:
        """Say whether a detection is part of a table or of a person."""
        if detection.support >= 0 or len(detection.outline):
            return False
        place = detection.centre[:2]
        if len(people):
            away = np.linalg.norm(people - place, axis=1)
            if away.min() < self._config.person:
                return True
        return self._is_leg(place, detection.size, detection.label)

    def _is_leg(
        self, place: Array, size: tuple[float, float, float], label: str
    ) -> bool:
        """Say whether what stands somewhere on the ground is below a table."""
        margin = self._config.leg
        if label in (UNKNOWN, "box") and size[2] > 1.2 * max(size[:2]):
            # A post beside a table carries what has not been seen of it yet.
            margin = self._config.post
        return any(
            thing.is_table
            and size[2] <= thing.size[2]
            and _in_rectangle(thing, place, margin)
            for thing in self._things
        )

    def _under_table(self, thing: _Thing) -> bool:
        """Say whether something is part of a table that was seen later."""
        ground = thing.support is None and not thing.is_table
        return ground and self._is_leg(thing.centre[:2], thing.size, thing.label)

    def _join_tables(self) -> None:
        """Make one of tables of which it now turns out that they are."""
        tables = [thing for thing in self._things if thing.is_table]
        for number, table in enumerate(tables):
            for other in tables[number + 1 :]:
                level = abs(table.size[2] - other.size[2]) <= TABLE_LOW
                if (
                    not level
                    or other not in self._things
                    or not _near(table.outline, other.outline)
                ):
                    continue
                table.sightings += other.sightings
                table.whole += other.whole
                _grow(table, other.outline, other.size[2], other.base)
                for thing in self._things:
                    if thing.support is other:
                        thing.support = table
                self._things.remove(other)

    def _apart(self, detection: Detection, thing: _Thing) -> float:
        """Return how far a detection is from a thing; infinite if it is another."""
        config = self._config
        if thing.is_table != bool(len(detection.outline)):
            return math.inf
        if thing.is_table:
            near = _near(thing.outline, detection.outline)
            level = abs(detection.size[2] - thing.size[2])
            return level if near and level <= TABLE_LOW else math.inf
        base = float(detection.centre[2]) - 0.5 * detection.size[2]
        if abs(base - thing.base) > config.level:
            return math.inf
        apart = float(np.linalg.norm(detection.centre[:2] - thing.centre[:2]))
        limit = config.near + config.share * max(thing.size[:2])
        if apart > limit:
            return math.inf
        # Of two within reach it is rather the one of its colour and kind.
        unlike = (detection.color not in thing.colors) + (
            detection.label not in thing.labels
        )
        return apart + 0.5 * limit * unlike

    def _see(
        self,
        thing: _Thing,
        detection: Detection,
        support: "_Thing | None",
        stamp: float,
    ) -> None:
        """Put a sighting into what is known."""
        thing.sightings += 1
        thing.misses, thing.last_seen = 0, stamp
        if detection.support < 0 or support is not None:
            thing.support = support
        # Of a form far fewer pixels tell nearly nothing: from 2 m a can is a box.
        weight = detection.pixels**2 * (1.0 if detection.whole else PART)
        for votes, name in (
            (thing.labels, detection.label),
            (thing.colors, detection.color),
        ):
            votes[name] = votes.get(name, 0.0) + weight
        if thing.is_table:
            thing.whole += 1
            base = float(detection.centre[2]) - 0.5 * detection.size[2]
            _grow(thing, detection.outline, detection.size[2], base)
            return
        if detection.whole and not thing.whole:
            # What parts of it let expect counts no more.
            thing.pixels = 0
        thing.whole += detection.whole
        if thing.whole and not detection.whole:
            return
        count = thing.whole or thing.sightings
        share = 1.0 / min(count, self._config.averaged)
        thing.centre = thing.centre + share * (detection.centre - thing.centre)
        if detection.pixels >= 0.8 * thing.pixels:
            thing.size, thing.yaw = detection.size, detection.yaw
            thing.pixels = max(thing.pixels, detection.pixels)

    def _name(self) -> None:
        """Give ids to those who are believed now."""
        for thing in self._things:
            # Parts make up for some of what a whole would tell.
            seen = max(thing.whole, thing.sightings // 2)
            if not thing.id and seen >= self._config.births:
                number = self._numbers.get(thing.label, 0) + 1
                self._numbers[thing.label] = number
                thing.id = f"{thing.label}_{number}"


def _in_rectangle(table: _Thing, place: Array, margin: float) -> bool:
    """Say whether a place is below a table, whose corners may be out of view."""
    cos, sin = math.cos(table.yaw), math.sin(table.yaw)
    offset = place - table.centre[:2]
    local = np.array([[cos, sin], [-sin, cos]]) @ offset
    return bool((np.abs(local) <= 0.5 * np.array(table.size[:2]) + margin).all())


def _near(one: Array, other: Array) -> bool:
    """Say whether two outlines of tables belong together."""
    return bool(
        inside(one, other, TABLE_NEAR).any() or inside(other, one, TABLE_NEAR).any()
    )


def _grow(thing: _Thing, seen: Array, high: float, base: float) -> None:
    """Let a table become what was seen of it so far.

    Args:
        thing: The table.
        seen: Another outline of it [m], shape (k, 2).
        high: Its height in that image [m].
        base: Height of the ground below it [m].
    """
    outline, _ = hull_of(np.concatenate([thing.outline, seen]))
    thing.outline = outline
    centre, sides, thing.yaw = rectangle(outline)
    share = 1.0 / min(thing.whole, 12)
    height = thing.size[2] + share * (high - thing.size[2])
    thing.size = (sides[0], sides[1], height)
    thing.centre = np.array([centre[0], centre[1], base + 0.5 * height])


def _through(
    thing: _Thing,
    depth: Depth,
    pinhole: Pinhole,
    camera_to_frame: SE3,
    config: MemoryConfig,
) -> bool:
    """Say whether an image looks through where a thing should be."""
    place = thing.centre.copy()
    if thing.is_table:
        place[2] += 0.5 * thing.size[2]
    x, y, z = camera_to_frame.actInv(place)
    if z <= 0.2:
        return False
    u = pinhole.centre_x + pinhole.focal * x / z
    v = pinhole.centre_y + pinhole.focal * y / z
    if not (
        BORDER <= u < pinhole.width - BORDER and BORDER <= v < pinhole.height - BORDER
    ):
        return False
    row, column = round(v), round(u)
    patch = depth[row - PATCH : row + PATCH + 1, column - PATCH : column + PATCH + 1]
    known = patch[patch > 0.0]
    if 2 * len(known) < patch.size:
        return False
    behind = config.through + 0.01 * z * z
    return bool(np.median(known) > z + behind)


def _remembered(thing: _Thing) -> Remembered:
    label, support = thing.label, thing.support
    color = max(thing.colors, key=lambda name: thing.colors[name])
    total = sum(thing.labels.values())
    return Remembered(
        id=thing.id,
        label=label,
        color="" if label == TABLE else color,
        support=support.id if support is not None else "",
        centre=thing.centre,
        size=thing.size,
        yaw=thing.yaw,
        confidence=thing.labels[label] / total if label != UNKNOWN else 0.5,
        sightings=thing.sightings,
        first_seen=thing.first_seen,
        last_seen=thing.last_seen,
    )
