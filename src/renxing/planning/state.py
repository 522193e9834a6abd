# SPDX-License-Identifier: Apache-2.0
"""What will hold when the steps so far have gone well: facts, a pose, a charge.

In: a scene.  Out: states, each step's effect a new one. Where a pose cannot be
foreseen, as after a search, it is None: what depends on it is checked again when it is
known.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Literal

from renxing.planning.approach import approach_pose, reach_of
from renxing.planning.scene import Pose, Scene

# What a fact says of its subject: the robot has seen it, stands by it, looks at it or
# has inspected it. The subject is a place, a thing seen or `@step`.
Relation = Literal["seen", "near", "looking", "inspected"]
Fact = tuple[Relation, str]
Event = tuple[str, ...]
AT_PLACE = 0.4  # [m] from a place's pose at which the robot is there


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that does not hold and that a step wants.

    Attributes:
        text: What is missing, for people.
        fact: What would have to hold; None if no skill can bring it about.
    """

    text: str
    fact: Fact | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What holds after some steps.

    Attributes:
        scene: As the robot knew it before the first of them.
        pose: Of the robot: x, y [m], yaw [rad] in map; None if nobody can know yet.
        battery: Charge left, of 1; None if nothing measures it.
        facts: What holds, besides what follows from the scene.
        found: What the steps that search look for, by step: label and colour.
        events: What was done, in order: skill and what it was done to.
        way: Length of the way walked so far, at least [m].
    """

    scene: Scene
    pose: Pose | None = None
    battery: float | None = None
    facts: frozenset[Fact] = frozenset()
    found: dict[str, tuple[str, str]] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    way: float = 0.0

    @classmethod
    def of(cls, scene: Scene) -> "State":
        """Return the state before the first step."""
        return cls(scene=scene, pose=scene.pose, battery=scene.battery)

    def knows(self, name: str) -> bool:
        """Tell whether a name or `@step` stands for something."""
        return ("seen", name) in self.facts or self.scene.knows(name)

    def near(self, name: str) -> bool:
        """Tell whether the robot stands by a place or thing, or by what carries it."""
        if ("near", name) in self.facts:
            return True
        thing = self.scene.object(name)
        carrier = thing.support if thing is not None else ""
        if carrier and self.near(self.scene.place_of(carrier) or carrier):
            return True
        if self.pose is None:
            return False
        place = self.scene.place(name)
        here = self.pose[:2]
        if place is not None:
            return math.dist(here, place.pose[:2]) <= AT_PLACE
        return thing is not None and reach_of(self.scene, name, here)

    def with_fact(self, *facts: Fact) -> "State":
        """Return a state in which more holds."""
        return replace(self, facts=self.facts | set(facts))

    def without(self, *relations: Relation) -> "State":
        """Return a state in which nothing stands in these relations any more."""
        kept = frozenset(f for f in self.facts if f[0] not in relations)
        return replace(self, facts=kept)

    def did(self, *event: str) -> "State":
        """Return a state with one more event."""
        return replace(self, events=(*self.events, event))

    def moved(self, pose: Pose | None, way: float | None = None) -> "State":
        """Return a state after a walk: it stands by nothing and looks at nothing.

        Args:
            pose: Where it is then; None if nobody can know yet.
            way: Length of the walk [m]; None for the straight one.
        """
        if way is None:
            way = 0.0
            if self.pose is not None and pose is not None:
                way = math.dist(self.pose[:2], pose[:2])
        gone = self.without("near", "looking")
        return replace(gone, pose=pose, way=self.way + way)

    def goal(
        self, target: str, stand_off: float | None = None, side: str = ""
    ) -> Pose | None:
        """Return where a walk to a place or thing would end.

        Args:
            target: Place, thing seen or `@step`.
            stand_off: Distance to keep from its edge [m]; None for the usual one.
            side: From which it comes, seen along the straight way; empty: straight.

        Returns:
            x, y [m], yaw [rad]; None if nobody can know yet.
        """
        return approach_pose(self.scene, target, self.pose, stand_off, side)
