# SPDX-License-Identifier: Apache-2.0
"""What is known of one thing after all images that showed it, whole or in part.

Labels and colours are voted on, places averaged, sizes taken from the image that shows
most of it; a table grows with each piece of it.
"""

import math
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
class Thing:
    """Something that was seen, believed or not.

    Attributes:
        centre: Of its box [m], shape (3,).
        size: Of its box, along its own x and y, and height [m].
        yaw: Of its box [rad].
        outline: Of a table from above [m], shape (k, 2); empty for others.
        first_seen: [s].
        last_seen: [s].
        id: Its own; empty until it is believed.
        support: What it stands on; None for the ground.
        labels: Votes for its kind.
        colors: Votes for its colour.
        sightings: Images in which it was seen.
        whole: Those in which all of it was.
        misses: Images in a row that looked through it.
        pixels: Of it in the image that shows most of it.
    """

    centre: Array
    size: tuple[float, float, float]
    yaw: float
    outline: Array
    first_seen: float
    last_seen: float
    id: str = ""
    support: "Thing | None" = None
    labels: dict[str, float] = field(default_factory=dict)
    colors: dict[str, float] = field(default_factory=dict)
    sightings: int = 0
    whole: int = 0
    misses: int = 0
    pixels: int = 0

    @classmethod
    def of(cls, detection: Detection, stamp: float) -> "Thing":
        """Return what is seen for the first time; `see` it next.

        Args:
            detection: Of the image.
            stamp: Of the image [s].
        """
        return cls(
            centre=detection.centre,
            size=detection.size,
            yaw=detection.yaw,
            outline=detection.outline,
            first_seen=stamp,
            last_seen=stamp,
        )

    @property
    def base(self) -> float:
        """Height of what it stands on [m]."""
        return float(self.centre[2]) - 0.5 * self.size[2]

    @property
    def label(self) -> str:
        """Its kind, as most say."""
        return max(self.labels, key=lambda name: self.labels[name])

    @property
    def is_table(self) -> bool:
        """Whether others may stand on it and below it."""
        return len(self.outline) > 0

    def move(self, transform_old_to_new: SE3) -> None:
        """Put it into another frame, whose z still points up."""
        pose = transform_old_to_new
        self.centre = np.asarray(pose.act(self.centre))
        self.yaw += math.atan2(pose.rotation[1, 0], pose.rotation[0, 0])
        flat = self.outline @ pose.rotation[:2, :2].T
        self.outline = flat + pose.translation[:2]

    def see(
        self,
        detection: Detection,
        support: "Thing | None",
        stamp: float,
        averaged: int,
    ) -> None:
        """Put a sighting into what is known.

        Args:
            detection: Of the image.
            support: What it stands on; None for the ground, or if that is not known.
            stamp: Of the image [s].
            averaged: Sightings that its place is the average of at most.
        """
        self.sightings += 1
        self.misses, self.last_seen = 0, stamp
        if detection.support < 0 or support is not None:
            self.support = support
        # Of a form far fewer pixels tell nearly nothing: from 2 m a can is a box.
        weight = detection.pixels**2 * (1.0 if detection.whole else PART)
        for votes, name in (
            (self.labels, detection.label),
            (self.colors, detection.color),
        ):
            votes[name] = votes.get(name, 0.0) + weight
        if self.is_table:
            self.whole += 1
            base = float(detection.centre[2]) - 0.5 * detection.size[2]
            self._grow(detection.outline, detection.size[2], base)
            return
        if detection.whole and not self.whole:
            # What parts of it let expect counts no more.
            self.pixels = 0
        self.whole += detection.whole
        if self.whole and not detection.whole:
            return
        count = self.whole or self.sightings
        share = 1.0 / min(count, averaged)
        self.centre = self.centre + share * (detection.centre - self.centre)
        if detection.pixels >= 0.8 * self.pixels:
            self.size, self.yaw = detection.size, detection.yaw
            self.pixels = max(self.pixels, detection.pixels)

    def join(self, other: "Thing") -> None:
        """Take in a table that turned out to be part of this one."""
        self.sightings += other.sightings
        self.whole += other.whole
        self._grow(other.outline, other.size[2], other.base)

    def _grow(self, seen: Array, high: float, base: float) -> None:
        """Let a table become what was seen of it so far.

        Args:
            seen: Another outline of it [m], shape (k, 2).
            high: Its height in that image [m].
            base: Height of the ground below it [m].
        """
        outline, _ = hull_of(np.concatenate([self.outline, seen]))
        self.outline = outline
        centre, sides, self.yaw = rectangle(outline)
        share = 1.0 / min(self.whole, 12)
        height = self.size[2] + share * (high - self.size[2])
        self.size = (sides[0], sides[1], height)
        self.centre = np.array([centre[0], centre[1], base + 0.5 * height])

    def same_top(self, outline: Array, high: float) -> bool:
        """Say whether another piece of a table may be one with this.

        Args:
            outline: From above [m], shape (k, 2).
            high: Its height [m].
        """
        mine = self.outline
        return abs(self.size[2] - high) <= TABLE_LOW and bool(
            inside(mine, outline, TABLE_NEAR).any()
            or inside(outline, mine, TABLE_NEAR).any()
        )

    def spans(self, place: Array, margin: float) -> bool:
        """Say whether a place is below a table, whose corners may be out of view.

        Args:
            place: [m], shape (2,).
            margin: By which the table is made wider [m].
        """
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        offset = place - self.centre[:2]
        local = np.array([[cos, sin], [-sin, cos]]) @ offset
        return bool((np.abs(local) <= 0.5 * np.array(self.size[:2]) + margin).all())

    def is_missing(
        self,
        depth: Depth,
        pinhole: Pinhole,
        transform_camera_to_frame: SE3,
        through: float,
    ) -> bool:
        """Say whether an image looks through where it should be.

        Args:
            depth: Of the image [m], shape (H, W); 0 for no measurement.
            pinhole: Of the image.
            transform_camera_to_frame: Pose of the optical frame.
            through: Depth behind it from which on it is seen through [m].
        """
        place = self.centre.copy()
        if self.is_table:
            place[2] += 0.5 * self.size[2]
        x, y, z = transform_camera_to_frame.actInv(place)
        if z <= 0.2:
            return False
        u = pinhole.centre_x + pinhole.focal * x / z
        v = pinhole.centre_y + pinhole.focal * y / z
        if not (
            BORDER <= u < pinhole.width - BORDER
            and BORDER <= v < pinhole.height - BORDER
        ):
            return False
        row, column = round(v), round(u)
        patch = depth[
            row - PATCH : row + PATCH + 1, column - PATCH : column + PATCH + 1
        ]
        known = patch[patch > 0.0]
        if 2 * len(known) < patch.size:
            return False
        behind = through + 0.01 * z * z
        return bool(np.median(known) > z + behind)

    def remembered(self) -> Remembered:
        """Return what can be told of it."""
        label, support = self.label, self.support
        color = max(self.colors, key=lambda name: self.colors[name])
        total = sum(self.labels.values())
        return Remembered(
            id=self.id,
            label=label,
            color="" if label == TABLE else color,
            support=support.id if support is not None else "",
            centre=self.centre,
            size=self.size,
            yaw=self.yaw,
            confidence=self.labels[label] / total if label != UNKNOWN else 0.5,
            sightings=self.sightings,
            first_seen=self.first_seen,
            last_seen=self.last_seen,
        )
