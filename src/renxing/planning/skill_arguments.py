# SPDX-License-Identifier: Apache-2.0
"""What the skills that every robot of this project has take as arguments.

Where an argument is a target it is the name of a place, the id of a thing seen, or
`@step`: what that step found.
"""

import math
from typing import Annotated, Literal

from msgspec import Meta

from renxing.planning.skill import Arguments

Speed = Annotated[float, Meta(gt=0.0, le=5.0)]
Metres = Annotated[float, Meta(ge=-100.0, le=100.0)]
Angle = Annotated[float, Meta(ge=-4 * math.pi, le=4 * math.pi)]
Text = Annotated[str, Meta(min_length=1, max_length=500)]
Tongue = Literal["en", "zh"]


class WalkTo(Arguments, frozen=True, kw_only=True):
    """Arguments of `walk_to`: a target, or x and y.

    Attributes:
        target: Place, thing or `@step`.
        x: In map [m].
        y: In map [m].
        yaw: To end with, in map [rad]; None: facing the target, or as it comes.
        around: Places and things that the way keeps off, even where it could cross.
        side: Side of a thing, seen along the straight way; empty for the near one.
        stand_off: Distance from the edge of a thing [m]; None for the usual one.
        speed: Greatest speed [m/s]; None for the usual one.
    """

    target: str = ""
    x: Metres | None = None
    y: Metres | None = None
    yaw: Angle | None = None
    around: tuple[str, ...] = ()
    side: Literal["", "left", "right", "back"] = ""
    stand_off: Annotated[float, Meta(ge=0.3, le=3.0)] | None = None
    speed: Speed | None = None

    def __post_init__(self) -> None:
        """Refuse both or none of a target and a point."""
        if (self.x is None) != (self.y is None):
            raise ValueError("x, y: one without the other")
        if bool(self.target) == (self.x is not None):
            raise ValueError("target: either a target or x and y is wanted")


class WalkBy(Arguments, frozen=True, kw_only=True):
    """Arguments of `walk_by`: a way from where the robot stands.

    Attributes:
        forward: Ahead; negative is back [m].
        left: To the left; negative is right [m].
        speed: Greatest speed [m/s]; None for the usual one.
    """

    forward: Annotated[float, Meta(ge=-10.0, le=10.0)] = 0.0
    left: Annotated[float, Meta(ge=-10.0, le=10.0)] = 0.0
    speed: Speed | None = None

    def __post_init__(self) -> None:
        """Refuse a way of no length."""
        if self.forward == 0.0 and self.left == 0.0:
            raise ValueError("forward, left: both are 0")


class Turn(Arguments, frozen=True, kw_only=True):
    """Arguments of `turn`.

    Attributes:
        angle: Counter-clockwise, that is to the left [rad].
    """

    angle: Angle


class LookAt(Arguments, frozen=True, kw_only=True):
    """Arguments of `look_at`: a target or a direction.

    Attributes:
        target: Place, thing or `@step`.
        direction: Seen from the robot's body.
    """

    target: str = ""
    direction: Literal["", "left", "right", "up", "down", "ahead"] = ""

    def __post_init__(self) -> None:
        """Refuse both or none."""
        if bool(self.target) == bool(self.direction):
            raise ValueError("target: either a target or a direction is wanted")


class Find(Arguments, frozen=True, kw_only=True):
    """Arguments of `find`.

    Attributes:
        label: Kind of the thing; empty for any.
        color: Name of its colour; empty for any.
        at: Places about which to search before the rest of the room; none: look around
            from where the robot stands, and walk nowhere.
    """

    label: str = ""
    color: str = ""
    at: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a search for nothing."""
        if not self.label and not self.color:
            raise ValueError("label: a label or a colour is wanted")


class Inspect(Arguments, frozen=True, kw_only=True):
    """Arguments of `inspect`.

    Attributes:
        target: Place, thing or `@step`.
    """

    target: Annotated[str, Meta(min_length=1)]


class Say(Arguments, frozen=True, kw_only=True):
    """Arguments of `say`.

    Attributes:
        text: To be said as it is.
        language: Of the text.
    """

    text: Text
    language: Tongue = "en"


class Report(Arguments, frozen=True, kw_only=True):
    """Arguments of `report`.

    Attributes:
        what: What it tells: what came of a step, what is in the scene, how many there
            are of something, whether and where something is, the charge, its place.
        of: The step; only for `outcome`.
        target: Place or thing, for `where`.
        label: Kind, for `scene`, `count` and `where`; empty for all.
        color: Colour, for `scene`, `count` and `where`; empty for all.
        language: To speak.
    """

    what: Literal["outcome", "scene", "count", "where", "battery", "place"]
    of: str = ""
    target: str = ""
    label: str = ""
    color: str = ""
    language: Tongue = "en"

    def __post_init__(self) -> None:
        """Refuse an outcome of nothing and a step where none is told of."""
        if (self.what == "outcome") != bool(self.of):
            raise ValueError("of: a step for `outcome`, empty for others")


class Wave(Arguments, frozen=True, kw_only=True):
    """Arguments of `wave`.

    Attributes:
        hand: Which.
        times: How often.
    """

    hand: Literal["left", "right"] = "right"
    times: Annotated[int, Meta(ge=1, le=10)] = 2


class Wait(Arguments, frozen=True, kw_only=True):
    """Arguments of `wait`.

    Attributes:
        duration: [s].
    """

    duration: Annotated[float, Meta(gt=0.0, le=600.0)]


class Nothing(Arguments, frozen=True, kw_only=True):
    """Arguments of skills that take none."""
