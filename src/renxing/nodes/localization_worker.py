# SPDX-License-Identifier: Apache-2.0
"""The thread that maps and finds, so that callbacks do not wait for it.

It takes one keyframe at a time; while it is busy no other one is made, as there will be
a newer one. Only the node's own thread speaks to ROS.
"""

import queue
import threading
import time
import traceback
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from renxing.errors import ConfigError
from renxing.localization import (
    GlobalMap,
    Keyframe,
    Mapper,
    MapperConfig,
    Occupancy,
    OccupancyConfig,
    Tracker,
    TrackerConfig,
    Trust,
    load,
    project,
    save,
)
from renxing.spatial import SE3, Array

_END_TIME = 10.0  # [s] that the thread has to finish its keyframe


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What the last keyframe has brought.

    Attributes:
        mode: "mapping", "tracking" or "lost".
        stamp: Of the keyframe [s].
        transform_odom_to_map: Of the last time that the robot was not lost.
        pose: Of the base in map; None before the first keyframe.
        covariance: Of x, y, z, heading [m, rad], shape (4, 4).
        flat: A new map from above, if there is one.
        keyframes: Of the map.
        loops: Closed since the map was begun.
        reason: Why it is lost, or the last match was refused.
        error: What broke; empty if nothing.
        seconds: What the keyframe took [s].
    """

    mode: str
    stamp: float = 0.0
    transform_odom_to_map: SE3 = field(default_factory=SE3.Identity)
    pose: SE3 | None = None
    covariance: Array = field(default_factory=lambda: np.eye(4))
    flat: Occupancy | None = None
    keyframes: int = 0
    loops: int = 0
    reason: str = ""
    error: str = ""
    seconds: float = 0.0


class LocalizationWorker:
    """Owns the map.

    Attributes:
        answer: The newest one; replaced as a whole.
    """

    def __init__(
        self,
        robot: str,
        mapping: MapperConfig,
        tracking: TrackerConfig,
        grid: OccupancyConfig,
        map_period: float,
    ) -> None:
        """Begin with an empty map.

        Args:
            robot: Name, that goes into files.
            mapping: How a map is made.
            tracking: How the robot is followed.
            grid: The map from above.
            map_period: Time between two of those while mapping [s].

        Raises:
            ConfigError: If the extra `mapping` is not installed.
        """
        self._robot = robot
        self._tracking = tracking
        self._grid = grid
        self._period = map_period
        self._mapper: Mapper | None = Mapper(mapping)
        self._tracker: Tracker | None = None
        self._whole: GlobalMap | None = None
        self._shown = -np.inf
        # Held while the map changes; services wait for it.
        self._guard = threading.Lock()
        self._work: queue.Queue[Keyframe | None] = queue.Queue(maxsize=1)
        self._thread: threading.Thread | None = None
        self._busy = False
        self.answer = Answer(mode="mapping")

    @property
    def busy(self) -> bool:
        """Whether it has a keyframe already."""
        return self._busy

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="localization")
        self._thread.start()

    def stop(self) -> None:
        """End the thread after its keyframe."""
        if self._thread is not None:
            self._work.put(None)
            self._thread.join(_END_TIME)
            self._thread = None

    def give(self, keyframe: Keyframe) -> None:
        """Hand over a keyframe; only when it is not busy."""
        self._busy = True
        self._work.put(keyframe)

    def place(self, pose: SE3, transform_base_to_odom: SE3) -> bool:
        """Say where the robot is; only in a finished map."""
        with self._guard:
            if self._tracker is None:
                return False
            self._tracker.place(pose, transform_base_to_odom)
            self.answer = replace(
                self.answer,
                mode="tracking",
                transform_odom_to_map=self._tracker.transform_odom_to_map,
                pose=pose,
                covariance=self._tracker.covariance,
                flat=None,
                reason="",
            )
            return True

    def save(self, file: Path) -> str:
        """Write the map and say what was written.

        Raises:
            ConfigError: If there is nothing to write, or it cannot be written.
        """
        with self._guard:
            whole = self._whole
            if self._mapper is not None:
                whole = GlobalMap(
                    robot=self._robot,
                    keyframes=self._mapper.keyframes,
                    poses=self._mapper.poses,
                )
        if whole is None or not whole.keyframes:
            raise ConfigError(f"map {file}: not written, nothing has been seen yet")
        save(whole, file)
        return f"{len(whole.keyframes)} keyframes in {file}"

    def load(self, file: Path) -> str:
        """Read a map, and be lost in it.

        Raises:
            ConfigError: If it cannot be read or is of another robot.
        """
        whole = load(file, self._robot)
        if not whole.keyframes:
            raise ConfigError(f"map {file}: has no keyframes")
        tracker = Tracker(self._tracking, whole)
        flat = project(self._grid, whole.keyframes, whole.poses)
        with self._guard:
            self._mapper, self._tracker, self._whole = None, tracker, whole
            self.answer = replace(
                self.answer,
                mode="lost",
                flat=flat,
                keyframes=len(whole.keyframes),
                covariance=tracker.covariance,
                reason="has not looked yet",
            )
        return f"{len(whole.keyframes)} keyframes from {file}"

    def _run(self) -> None:
        while (keyframe := self._work.get()) is not None:
            begun = time.monotonic()
            try:
                with self._guard:
                    answer = self._step(keyframe)
                answer = replace(answer, seconds=time.monotonic() - begun)
            # The node's tick reports it; a thread that dies says nothing.
            except Exception:
                answer = replace(self.answer, error=traceback.format_exc())
            self.answer = answer
            self._busy = False

    def _step(self, keyframe: Keyframe) -> Answer:
        if self._mapper is not None:
            return self._map(self._mapper, keyframe)
        if self._tracker is None:
            raise ConfigError("localization: neither a map nor one in the making")
        estimate = self._tracker.step(keyframe)
        return replace(
            self.answer,
            mode="lost" if estimate.trust is Trust.LOST else "tracking",
            stamp=estimate.stamp,
            transform_odom_to_map=estimate.transform_odom_to_map,
            pose=estimate.pose,
            covariance=estimate.covariance,
            flat=None,
            reason=estimate.reason,
            error="",
        )

    def _map(self, mapper: Mapper, keyframe: Keyframe) -> Answer:
        added = mapper.step(keyframe)
        flat = None
        if not 0.0 <= keyframe.stamp - self._shown < self._period:
            self._shown = keyframe.stamp
            flat = project(self._grid, mapper.keyframes, mapper.poses)
        match = added.match
        return replace(
            self.answer,
            mode="mapping",
            stamp=keyframe.stamp,
            transform_odom_to_map=mapper.transform_odom_to_map,
            pose=added.pose,
            covariance=upright_covariance(added.pose, mapper.covariance),
            flat=flat,
            keyframes=len(mapper.keyframes),
            loops=self.answer.loops + len(added.loops),
            reason="" if match is None else match.doubt,
            error="",
        )


def upright_covariance(pose: SE3, covariance: Array) -> Array:
    """Return the covariance of x, y, z, heading in map, shape (4, 4).

    Args:
        pose: Of the base in map.
        covariance: Of a small turn and way in the base's frame, shape (6, 6).
    """
    jacobian = np.zeros((4, 6))
    jacobian[:3, 3:] = pose.rotation
    jacobian[3, :3] = pose.rotation[2]
    return np.asarray(jacobian @ covariance @ jacobian.T)
