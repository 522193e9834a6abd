# SPDX-License-Identifier: Apache-2.0
"""What somebody wants, one thing at a time, in their own nouns.

A reading of words, by grammar or by a model, ends here. Which thing is meant and what
has to come before is settled by the grounding and the expander, for all readers alike.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Noun = Annotated[str, Meta(max_length=120)]
Do = Literal[
    "go",
    "walk",
    "turn",
    "look",
    "find",
    "inspect",
    "tell",
    "say",
    "wave",
    "wait",
    "stop",
    "dock",
]
About = Literal["thing", "scene", "count", "where", "battery", "place"]
Gaze = Literal["", "left", "right", "up", "down", "ahead"]


class Task(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing that somebody wants.

    Attributes:
        do: What is to be done.
        thing: Place or thing that it is about, as people call it; `it` for the one
            before.
        around: For `go`: what the way keeps off, as people call it.
        x: For `go`: in map [m].
        y: For `go`: in map [m].
        forward: For `walk`: ahead, negative for back [m].
        left: For `walk`: to the left, negative for right [m].
        angle: For `turn`: to the left, negative for right [degrees].
        direction: For `look`.
        speed: For `go` and `walk`: greatest speed [m/s].
        seconds: For `wait` [s].
        times: For `wave`: how often.
        hand: For `wave`.
        text: For `say`: the words that were asked for, unchanged.
        about: For `tell`: what is on or of a thing, what is in the scene, how many of
            something, where something is, the battery, or where the robot is.
    """

    do: Do
    thing: Noun = ""
    around: Noun = ""
    x: float | None = None
    y: float | None = None
    forward: float = 0.0
    left: float = 0.0
    angle: float = 0.0
    direction: Gaze = ""
    speed: float | None = None
    seconds: float | None = None
    times: int = 2
    hand: Literal["left", "right"] = "right"
    text: Annotated[str, Meta(max_length=500)] = ""
    about: About = "thing"
