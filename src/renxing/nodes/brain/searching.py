# SPDX-License-Identifier: Apache-2.0
"""The skill of searching: look over a room until a thing is seen."""

import math
from collections.abc import Generator
from typing import Any, TypeVar, cast

import numpy as np
from nav2_msgs.action import NavigateToPose

from renxing.nodes.brain.body import Body, Routine, failed
from renxing.nodes.brain.looking import IN_VIEW, gaze_ahead
from renxing.nodes.brain.odometer import rounded
from renxing.nodes.brain.walking import come_to_rest, reachable, stamped, turned
from renxing.nodes.navigation.solo import CancelledError
from renxing.planning.runner import Call
from renxing.planning.scene import Pose, Scene, SeenObject
from renxing.planning.skill import Outcome
from renxing.planning.skill_arguments import Find
from renxing.spatial import Array

T = TypeVar("T")

ELEVATION = -0.25  # [rad] of a look: floor and tables in one
NECK = 0.8  # [rad] to either side that a head turns without the body
TURNING = 0.6  # worth of a look for which the body has to turn
LOOK = 0.5  # [m²] that a look has to show anew
VIEW = 1.0  # [m²] that a walk has to
MOST_LOOKS = 12  # from one place
CHOICE = 6  # views of which the nearest is taken
WORTH = 0.6  # of the best one, that they have
TRIES = 4  # views in a row that cannot be reached
ABOUT = 3.0  # [m] around a place that is searched
BELIEVED = 2  # sightings from which a thing is one
IMAGES = 3  # that a look wants; one of two cameras each
WAKING = 10.0  # [s] in which the eyes have to be heard for the first time
PATIENCE = 3.0  # times the usual that it waits for them


def find(body: Body, call: Call, arguments: Find) -> Routine:
    """Look around here; with places, then about those, then all over the room."""
    begun, way = body.now(), body.odometer.way
    surroundings = body.surroundings
    while surroundings.heard == -math.inf and body.now() - begun < WAKING:
        yield  # Shortly after the start it has not been heard yet.
    if surroundings.heard == -math.inf:
        return failed("blind", "nothing tells what the cameras see (objects:=true)")
    if not body.eyes:
        return failed("refused", "this robot has no camera")
    pose = surroundings.scene().pose
    if pose is None:
        return failed("lost", "the robot does not know where it is")
    search = _Search(body, arguments, pose)
    yield from search.around()
    if arguments.at:
        yield from search.elsewhere()
        search.widen()
        yield from search.elsewhere()
    body.release()
    thing = search.seen()
    if thing is not None:
        return _found(body, thing, begun, way, search.looks)
    measured = rounded(
        {
            "looks": search.looks,
            "unseen_m2": search.unseen(),
            "distance_walked_m": body.odometer.way - way,
            "duration_s": body.now() - begun,
        }
    )
    what = " ".join(filter(None, (arguments.color, arguments.label)))
    left = "; not all of it could be looked at" if search.barred else ""
    return failed("not_found", f"no {what} was seen{left}", **measured)


class _Search:
    """One search.

    Attributes:
        looks: How many it has taken.
        barred: Whether there was more to see from where it could not go.
    """

    def __init__(self, body: Body, arguments: Find, pose: Pose) -> None:
        self.looks, self.barred = 0, False
        self._body, self._arguments = body, arguments
        self._coverage = coverage = body.surroundings.coverage(pose)
        coverage.begin(body.now())
        scene = body.surroundings.scene()
        middles = [where for n in arguments.at if (where := scene.where(n))]
        self._where = coverage.near(middles or [pose[:2]], ABOUT)
        self._room = np.ones_like(self._where)
        self._half = 0.5 * IN_VIEW * body.eyes[0][0].field_of_view
        self._neck = NECK if body.gaze is not None and body.gaze.names else 0.0
        self._missed: list[Array] = []

    def seen(self) -> SeenObject | None:
        """Return what is meant, if it was seen."""
        return _match(self._body.surroundings.scene(), self._arguments)

    def unseen(self) -> float:
        """Return how much nobody has looked at [m²]."""
        return self._coverage.unseen(self._where, self._body.now())

    def widen(self) -> None:
        """Search the whole room from now on."""
        self._where = self._room

    def around(self) -> Generator[None, None, None]:
        """Look wherever something is unseen, from here."""
        body = self._body
        for _ in range(MOST_LOOKS):
            pose = body.surroundings.scene().pose
            if pose is None or self.seen() is not None:
                return
            bearing, area = self._bearing(pose)
            if area < LOOK:
                return
            off = math.remainder(bearing - pose[2], math.tau)
            if abs(off) > self._neck:
                yield from self._unless(turned(body, off, 30.0))
                off = 0.0
            turn = yield from gaze_ahead(body, off, ELEVATION)
            yield from _dwell(body)
            now = body.surroundings.scene().pose or pose
            middle = now[2] + (off if turn.success else 0.0)
            self._coverage.look(now[:2], middle, self._half, body.now())
            self.looks += 1

    def elsewhere(self) -> Generator[None, None, None]:
        """Walk to where most is unseen, look around there, and so on."""
        body, tries = self._body, 0
        while tries < TRIES and self.seen() is None:
            poses = self._views()
            if not poses:
                return
            pose, _ = yield from reachable(body, poses)
            if pose is not None:
                body.release()
                goal = NavigateToPose.Goal(pose=stamped(body, pose))
                answer = yield from self._unless(body.navigate.run(goal))
                if answer is None or answer.succeeded:
                    tries = 0
                    yield from self.around()
                    # What cannot be seen from here is not worth coming back for.
                    self._missed.append(np.array(pose[:2]))
                    continue
            tries, self.barred = tries + 1, True
            self._missed += [np.array(p[:2]) for p in ([pose] if pose else poses)]

    def _bearing(self, pose: Pose) -> tuple[float, float]:
        """Return where to look from here, and how much that shows."""
        found = self._coverage.bearings(
            pose[:2], self._half, self._where, self._body.now()
        )
        off = np.abs(np.remainder(found[:, 0] - pose[2] + np.pi, 2 * np.pi) - np.pi)
        best = int(np.argmax(np.where(off > self._neck, TURNING, 1.0) * found[:, 1]))
        return float(found[best, 0]), float(found[best, 1])

    def _views(self) -> list[Pose]:
        """Return where to go, the most worthwhile first."""
        body = self._body
        scene, now = body.surroundings.scene(), body.now()
        if scene.pose is None:
            return []
        best = 0.0
        poses: list[Pose] = []
        for view in self._coverage.views(scene.pose[:2], self._where, now):
            x, y = (float(v) for v in view.place)
            # Nobody has approved, and a search cannot be slow.
            barred = bool(scene.zones_at((x, y), 0.3))
            missed = any(np.hypot(*(view.place - m)) < 0.4 for m in self._missed)
            if view.area < VIEW or barred or missed:
                continue
            best = max(best, view.worth)
            if view.worth < WORTH * best or len(poses) == CHOICE:
                break
            there = self._coverage.bearings(view.place, self._half, self._where, now)
            poses.append((x, y, float(there[int(np.argmax(there[:, 1])), 0])))
        return poses

    def _unless(
        self, moving: Generator[None, None, T]
    ) -> Generator[None, None, T | None]:
        """Move on until the thing is seen; then it stops, and None is returned."""
        while self.seen() is None:
            try:
                next(moving)
            except StopIteration as end:
                return cast(T, end.value)
            try:
                yield
            except CancelledError as error:
                moving.throw(error)
                yield from moving
                raise
        moving.close()
        yield from come_to_rest(self._body)
        return None


def _dwell(body: Body) -> Generator[None, None, None]:
    """Look on until images were looked at, however busy the machine is."""
    before, begun = body.surroundings.lists, body.now()
    yield from body.wait(body.dwell)
    while body.surroundings.lists < before + IMAGES:
        if body.now() - begun > PATIENCE * body.dwell:
            return
        yield


def _match(scene: Scene, arguments: Find) -> SeenObject | None:
    """Return the nearest thing that is meant."""
    here = scene.pose or (0.0, 0.0, 0.0)
    found = [
        thing
        for thing in scene.objects
        if thing.sightings >= BELIEVED
        and arguments.label in ("", thing.label)
        and arguments.color in ("", thing.color)
    ]
    return min(found, key=lambda o: math.dist(o.position[:2], here[:2]), default=None)


def _found(
    body: Body, thing: SeenObject, begun: float, way: float, looked: int
) -> Outcome:
    x, y, z = thing.position
    measured: dict[str, Any] = {
        "object": thing.id,
        "label": thing.label,
        "color": thing.color,
        "x_m": x,
        "y_m": y,
        "z_m": z,
        "sightings": thing.sightings,
        "age_s": body.now() - thing.last_seen,
        "looks": looked,
        "distance_walked_m": body.odometer.way - way,
        "duration_s": body.now() - begun,
    }
    here = body.surroundings.scene().pose
    if here is not None:
        measured["distance_m"] = math.dist(here[:2], (x, y))
    return Outcome(success=True, measured=rounded(measured))
