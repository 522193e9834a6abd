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

from renxing.perception.catalogue import UNKNOWN
from renxing.perception.objects import Detection
from renxing.perception.projection import Depth
from renxing.perception.thing import Remembered, Thing
from renxing.robot.pinhole import Pinhole
from renxing.spatial import SE3, Array


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


class ObjectMemory:
    """Remembers things in one fixed frame."""

    def __init__(self, config: MemoryConfig) -> None:
        """Begin with nothing."""
        self._config = config
        self.reset()

    def reset(self) -> None:
        """Forget everything; ids begin anew."""
        self._things: list[Thing] = []
        self._numbers: dict[str, int] = {}

    def move(self, transform_old_to_new: SE3) -> None:
        """Let the frame be another from now on; its z still points up."""
        for thing in self._things:
            thing.move(transform_old_to_new)

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
            below = support[0] if support else None
            thing.see(detection, below, stamp, config.averaged)
        self._join_tables()
        seen = {id(thing) for thing, _ in known.values()}
        for thing in self._things:
            if id(thing) in seen:
                continue
            pose, through = transform_camera_to_frame, config.through
            thing.misses += thing.is_missing(depth, pinhole, pose, through)
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
        return tuple(thing.remembered() for thing in self._things if thing.id)

    def _match(
        self, detections: Sequence[Detection], stamp: float, people: Array
    ) -> dict[int, tuple[Thing, Detection]]:
        """Return which thing each detection is, new ones included."""
        pairs = [
            (apart, number, index)
            for number, detection in enumerate(detections)
            if not self._belongs(detection, people)
            for index, thing in enumerate(self._things)
            if (apart := self._apart(detection, thing)) < math.inf
        ]
        found: dict[int, tuple[Thing, Detection]] = {}
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
                thing = Thing.of(detection, stamp)
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
            thing.is_table and size[2] <= thing.size[2] and thing.spans(place, margin)
            for thing in self._things
        )

    def _under_table(self, thing: Thing) -> bool:
        """Say whether something is part of a table that was seen later."""
        ground = thing.support is None and not thing.is_table
        return ground and self._is_leg(thing.centre[:2], thing.size, thing.label)

    def _join_tables(self) -> None:
        """Make one of tables of which it now turns out that they are."""
        tables = [thing for thing in self._things if thing.is_table]
        for number, table in enumerate(tables):
            for other in tables[number + 1 :]:
                known = other in self._things
                if not known or not table.same_top(other.outline, other.size[2]):
                    continue
                table.join(other)
                for thing in self._things:
                    if thing.support is other:
                        thing.support = table
                self._things.remove(other)

    def _apart(self, detection: Detection, thing: Thing) -> float:
        """Return how far a detection is from a thing; infinite if it is another."""
        config = self._config
        if thing.is_table != bool(len(detection.outline)):
            return math.inf
        if thing.is_table:
            high = detection.size[2]
            same = thing.same_top(detection.outline, high)
            return abs(high - thing.size[2]) if same else math.inf
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

    def _name(self) -> None:
        """Give ids to those who are believed now."""
        for thing in self._things:
            # Parts make up for some of what a whole would tell.
            seen = max(thing.whole, thing.sightings // 2)
            if not thing.id and seen >= self._config.births:
                number = self._numbers.get(thing.label, 0) + 1
                self._numbers[thing.label] = number
                thing.id = f"{thing.label}_{number}"
