# SPDX-License-Identifier: Apache-2.0
"""A world of symbols in which plans are carried out without a robot.

It holds what is true, shows what was seen of it, does what calls ask for and measures
it, and notes what no robot may do. Failures can be put in.
"""

import math
from collections.abc import Iterable
from typing import Any

import msgspec

from renxing.planning.approach import approach_pose
from renxing.planning.polygon import crosses
from renxing.planning.runner import Call
from renxing.planning.scene import Pose, Scene, SeenObject
from renxing.planning.skill import Outcome
from renxing.planning.skill_arguments import (
    Find,
    Inspect,
    LookAt,
    Report,
    Say,
    Turn,
    Wait,
    WalkBy,
    WalkTo,
    Wave,
)

USUAL_SPEED = 0.4  # [m/s]


class Rehearsal:
    """The world, and the runner that acts in it.

    Attributes:
        events: What was done, in order: skill and what it was done to.
        violations: What no robot may do and was done.
    """

    def __init__(
        self,
        truth: Scene,
        seen: Iterable[str],
        fastest: float,
        failures: dict[str, list[Outcome]] | None = None,
        only_at: dict[str, str] | None = None,
    ) -> None:
        """Set the world up.

        Args:
            truth: All that there is.
            seen: Ids of the things that the robot has seen.
            fastest: Speed that it may walk at most [m/s].
            failures: Outcomes of the first calls of skills, instead of success.
            only_at: Things that only a search at a place finds: the place by id.
        """
        self._truth = truth
        self._seen = set(seen)
        self._fastest = fastest
        self._failures = {k: list(v) for k, v in (failures or {}).items()}
        self._only_at = only_at or {}
        self.events: list[str] = []
        self.violations: list[str] = []

    @property
    def scene(self) -> Scene:
        """What the robot knows now."""
        objects = tuple(o for o in self._truth.objects if o.id in self._seen)
        return msgspec.structs.replace(self._truth, objects=objects)

    def stop(self) -> None:
        """Latch a stop."""
        self._truth = msgspec.structs.replace(self._truth, stopped=True)

    def forget(self, identity: str) -> None:
        """Take a thing out of the world."""
        self._seen.discard(identity)
        kept = tuple(o for o in self._truth.objects if o.id != identity)
        self._truth = msgspec.structs.replace(self._truth, objects=kept)

    def start(self, call: Call) -> Outcome:
        """Do it; the outcome is there at the next poll."""
        waiting = self._failures.get(call.skill)
        if waiting:
            return waiting.pop(0)
        return self._do(call)

    def poll(self, handle: Outcome) -> Outcome:
        """Return the outcome."""
        return handle

    def cancel(self, handle: Outcome) -> None:
        """Note that something was canceled."""
        self.events.append("cancel")

    def _do(self, call: Call) -> Outcome:
        a = call.arguments
        if isinstance(a, WalkTo):
            return self._walk_to(a)
        if isinstance(a, WalkBy):
            return self._walk_by(a)
        if isinstance(a, Turn):
            x, y, yaw = self._pose()
            self._go((x, y, math.remainder(yaw + a.angle, math.tau)), None)
            return self._did(f"turn {a.angle:.4f}", turned_rad=a.angle)
        if isinstance(a, LookAt):
            return self._did(f"look_at {a.target or a.direction}", error_rad=0.0)
        if isinstance(a, Find):
            return self._find(a)
        if isinstance(a, Inspect):
            return self._inspect(a.target)
        if isinstance(a, Say):
            return self._did(f"say {call.speech}", said=call.speech)
        if isinstance(a, Report):
            return self._did(f"report {a.what}", said=call.speech)
        if isinstance(a, Wave):
            return self._did(f"wave {a.hand}", waves=a.times)
        if isinstance(a, Wait):
            return self._did(f"wait {a.duration:g}", waited_s=a.duration)
        if call.skill == "stop":
            return self._did("stop", speed_m_per_s=0.0)
        if call.skill == "dock":
            return self._did("dock", charging=bool(self._truth.dock))
        reason = f"nothing here does '{call.skill}'"
        return Outcome(success=False, reason=reason, code="refused")

    def _walk_to(self, a: WalkTo) -> Outcome:
        goal: Pose | None
        if a.x is not None and a.y is not None:
            goal, name = (a.x, a.y, a.yaw or 0.0), f"{a.x:g},{a.y:g}"
        else:
            start = self._pose()
            goal = approach_pose(self._truth, a.target, start, a.stand_off, a.side)
            name = a.target
        if goal is None:
            return Outcome(success=False, reason="it is not there", code="gone")
        way = math.dist(self._pose()[:2], goal[:2])
        self._go(goal, a.speed)
        return self._did(
            f"walk_to {name}", distance_walked_m=way, x_m=goal[0], y_m=goal[1]
        )

    def _walk_by(self, a: WalkBy) -> Outcome:
        x, y, yaw = self._pose()
        c, s = math.cos(yaw), math.sin(yaw)
        goal = (x + c * a.forward - s * a.left, y + s * a.forward + c * a.left, yaw)
        self._go(goal, a.speed, straight=True)
        event = f"walk_by {a.forward:g},{a.left:g}"
        return self._did(event, distance_walked_m=math.hypot(a.forward, a.left))

    def _find(self, a: Find) -> Outcome:
        place = self._truth.place(a.at[0]) if a.at else None
        if place is not None:
            self._go(place.pose, None)
        for thing in self._truth.objects:
            hidden = self._only_at.get(thing.id)
            wanted = a.label in ("", "thing", thing.label)
            if wanted and a.color in ("", thing.color) and hidden in (None, *a.at):
                self._seen.add(thing.id)
                x, y, _ = thing.position
                return self._did(f"find {thing.id}", **_described(thing), x_m=x, y_m=y)
        self.events.append(f"search {' '.join(a.at) or 'here'}")
        return Outcome(success=False, reason="it was not seen", code="not_found")

    def _inspect(self, target: str) -> Outcome:
        thing = self._truth.object(target)
        if thing is None and self._truth.place(target) is None:
            return Outcome(success=False, reason="it is not there", code="gone")
        on = self._truth.on(target)
        self._seen |= {o.id for o in on}
        measured: dict[str, Any] = {"object": target}
        if thing is not None:
            measured = {**_described(thing), "size_m": list(thing.size)}
        measured["things_on"] = [
            {"id": o.id, "label": o.label, "color": o.color} for o in on
        ]
        return self._did(f"inspect {target}", **measured)

    def _pose(self) -> Pose:
        return self._truth.pose or (0.0, 0.0, 0.0)

    def _go(self, goal: Pose, speed: float | None, straight: bool = False) -> None:
        start = self._pose()[:2] if straight else goal[:2]
        for zone in self._truth.zones:
            inside = crosses(zone.polygon, start, goal[:2], 0.0)
            fast = (speed or USUAL_SPEED) > (zone.speed or math.inf)
            if (
                fast
                and zone in self._truth.zones_at(goal[:2])
                and goal[:2] != self._pose()[:2]
            ):
                self.violations.append(f"walked too fast into '{zone.name}'")
            if zone.kind == "forbidden" and inside:
                self.violations.append(f"walked into '{zone.name}'")
        if (speed or USUAL_SPEED) > self._fastest:
            self.violations.append(f"walked at {speed} m/s")
        if self._truth.stopped:
            self.violations.append("moved while stopped")
        self._truth = msgspec.structs.replace(self._truth, pose=goal)

    def _did(self, event: str, **measured: Any) -> Outcome:
        self.events.append(event)
        return Outcome(success=True, measured=measured)


def _described(thing: SeenObject) -> dict[str, Any]:
    return {"object": thing.id, "label": thing.label, "color": thing.color}
