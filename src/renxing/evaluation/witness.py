# SPDX-License-Identifier: Apache-2.0
"""Somebody who watches a running simulation from outside and tells what was true.

In: the scene that the core shows.  Out: where the robot really went, whether it fell,
whom and what it touched. Nothing that the robot believes or says is asked.
"""

import contextlib
import gc
import math
import os
import threading
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import mujoco
import numpy as np

from renxing.errors import ConfigError, DeviceError
from renxing.evaluation.rig import FallDetector
from renxing.evaluation.truth import Truth
from renxing.robot import Robot
from renxing.runtime.block_file import SHARED_FOLDER
from renxing.runtime.scene_block import SceneReader
from renxing.sim import Twin, World
from renxing.sim.touches import Touch, Touches
from renxing.spatial import Array

LOOK = 0.02  # [s] between two looks
MARGIN = 0.005  # [m] as near as that counts as a touch
FIRST = 1  # real-time priority of the thread, where that is allowed
COMING = 0.5  # [s] before a touch in which speeds are taken
WENT = 0.1  # [m] by which the robot has gone somewhere
REACH = 0.9  # [m] between the middles of robot and person who might touch
PACE = 1.5  # [m/s] of people at most
SEARCH = 0.5  # [s] between two looks for a simulation that is not there yet


@dataclass(slots=True, eq=False)
class Evidence:
    """What was seen.

    Attributes:
        looks: How many times it looked.
        gap: Longest simulated time between two looks in which the robot went somewhere,
            or somebody who walks could have come to it and gone [s].
        gap_at: Simulated time at which it began [s].
        track: True x, y of the base, and simulated time, in rows (x, y, t).
        yaws: True yaw of the base at each of these looks [rad].
        walkers: x, y of all who walk by name, likewise.
        person: Least distance of the base from somebody who walks [m].
        fell_at: Simulated time at which the robot lay; None if it never did [s].
        touches: Of the robot with people, objects and what is fixed; soles excepted.
        why: Why it could not look, if so.
    """

    looks: int = 0
    gap: float = 0.0
    gap_at: float = 0.0
    track: list[tuple[float, float, float]] = field(default_factory=list)
    yaws: list[float] = field(default_factory=list)
    walkers: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    person: float = math.inf
    fell_at: float | None = None
    touches: list[Touch] = field(default_factory=list)
    why: str = ""

    @property
    def end(self) -> Array:
        """Where the base was last: x, y [m]."""
        return np.array(self.track[-1][:2] if self.track else (np.nan, np.nan))

    def meeting(self, touch: Touch) -> "Meeting | None":
        """Return how robot and person came to touch; None for a thing."""
        places = self.walkers.get(touch.thing)
        if places is None:
            return None
        at = bisect_left(self.track, touch.begun, key=lambda row: row[2])
        before = bisect_left(self.track, touch.begun - COMING, key=lambda row: row[2])
        rows = np.column_stack([self.track, places])[[before, at]]
        passed = max(rows[1, 2] - rows[0, 2], LOOK)
        x, y = rows[1, 3:] - rows[1, :2]
        bearing = math.remainder(math.atan2(y, x) - self.yaws[at], math.tau)
        return Meeting(
            bearing=bearing,
            distance=math.hypot(x, y),
            robot=float(np.hypot(*(rows[1, :2] - rows[0, :2]))) / passed,
            person=float(np.hypot(*(rows[1, 3:] - rows[0, 3:]))) / passed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Where somebody was and who moved when the robot touched them.

    Attributes:
        bearing: Of the person from the robot, 0 ahead, positive to the left [rad].
        distance: From the base to the middle of the person [m].
        robot: Mean speed of the base in the half second before [m/s].
        person: Likewise of the person [m/s].
    """

    bearing: float
    distance: float
    robot: float
    person: float

    def __str__(self) -> str:
        """Say it in a line."""
        side = "left" if self.bearing > 0.0 else "right"
        return (
            f"{abs(math.degrees(self.bearing)):.0f} degrees to the {side} at "
            f"{self.distance:.2f} m, robot at {self.robot:.2f} m/s, "
            f"person at {self.person:.2f} m/s"
        )


class Witness:
    """Watches in a thread of its own, from `with` to its end."""

    def __init__(
        self,
        core: str,
        robot: Robot,
        world: World,
        folder: Path = SHARED_FOLDER,
        note: Callable[[Twin], None] | None = None,
    ) -> None:
        """Make a model of the scene.

        Args:
            core: What the blocks of the core begin with.
            robot: Which is simulated.
            world: In which.
            folder: Where shared memory lies.
            note: Gets the scene at each look, in the witness's thread.
        """
        self.saw = Evidence()
        self._away = math.inf
        self._core, self._folder, self._note = core, folder, note
        self._robot, self._world = robot, world
        self._twin = Twin(robot, world)
        self._twin.model.geom_margin[:] = MARGIN
        self._touches = Touches(self._twin, forces=False)
        self._falls = FallDetector(self._twin, Truth(robot, self._twin))
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @property
    def alive(self) -> bool:
        """Whether it still looks."""
        return self._thread.is_alive()

    def __enter__(self) -> "Witness":
        """Begin to look."""
        # To go through all that is loaded takes the collector up to a second.
        gc.collect()
        gc.freeze()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look no more."""
        self._ends.set()
        self._thread.join()
        gc.unfreeze()
        self.saw.touches = list(self._touches.all)

    def _watch(self) -> None:
        # Who watches must not be kept from it by what is watched.
        with contextlib.suppress(PermissionError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(FIRST))
        try:
            self._watch_on()
        # Else what nobody saw would count as not having happened.
        except Exception as error:
            self.saw.why = f"{type(error).__name__}: {error}"

    def _watch_on(self) -> None:
        reader = self._find()
        while reader is not None and not self._ends.wait(LOOK):
            try:
                if reader.read():
                    self._look(reader)
            except DeviceError:
                # The simulation has ended, or is being started anew.
                self._ends.wait(SEARCH)

    def _find(self) -> SceneReader | None:
        """Wait for the simulation."""
        while not self._ends.wait(SEARCH):
            try:
                return SceneReader(
                    self._core,
                    self._robot.name,
                    self._world.name,
                    self._twin.model.nq,
                    people=self._twin.model.nmocap,
                    folder=self._folder,
                )
            except (DeviceError, ConfigError) as error:
                self.saw.why = str(error)
        return None

    def _look(self, reader: SceneReader) -> None:
        saw, twin = self.saw, self._twin
        data, now = twin.data, reader.time
        data.time = now
        data.qpos[:] = reader.qpos
        if reader.people is not None:
            data.mocap_pos[:] = reader.people[:, :3]
            data.mocap_quat[:] = reader.people[:, 3:]
        mujoco.mj_fwdPosition(twin.model, data)
        self._touches.sample()
        if self._note is not None:
            self._note(twin)
        base = twin.base_state().transform_base_to_odom
        place = base.translation
        away = math.inf
        if reader.people is not None:
            offset = reader.people[:, :2] - place[:2]
            away = float(np.linalg.norm(offset, axis=1).min())
        if saw.track:
            x, y, before = saw.track[-1]
            passed = now - before
            went = math.hypot(place[0] - x, place[1] - y) > WENT
            near = min(away, self._away) < REACH + PACE * passed
            if passed > saw.gap and (went or near):
                saw.gap, saw.gap_at = passed, before
        self._away = away
        saw.looks, saw.why = saw.looks + 1, ""
        saw.track.append((float(place[0]), float(place[1]), now))
        saw.yaws.append(math.atan2(base.rotation[1, 0], base.rotation[0, 0]))
        for name in twin.people.names:
            person = twin.people.pose(name).translation
            walker = saw.walkers.setdefault(name, [])
            walker.append((float(person[0]), float(person[1])))
        if saw.fell_at is None and self._falls.fallen():
            saw.fell_at = now
        saw.person = min(saw.person, away)
