# SPDX-License-Identifier: Apache-2.0
"""Make a map while walking.

In: keyframes.  Out: where the base is in map; poses of all keyframes.

Each keyframe is matched with a submap of the ones just before it, and, where the way
comes back to where it has been, with a submap of old ones. Map begins as odom.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from renxing.localization.keyframes import Keyframe, angle_of
from renxing.localization.pose_graph import OdometryConfig, PoseGraph
from renxing.localization.registration import (
    Match,
    RegistrationConfig,
    Submap,
    Surfels,
    surfels_of,
)
from renxing.spatial import SE3, Array

LOOSE = 2.0  # by which a guess is less sure than odometry, as the submap is not exact


@dataclass(frozen=True, slots=True, kw_only=True)
class MapperConfig:
    """How a map is made.

    Attributes:
        recent: Keyframes just before, with which one is matched.
        old: Keyframes that must lie between for a loop to be one.
        around: Keyframes on either side of an old one that are its submap.
        ahead: Distance before the base about which views are compared [m].
        radius: Greatest distance of the middles of two views for a loop [m].
        aside: Greatest angle between two views for a loop [rad].
        loops: Most loops that one keyframe closes.
        matching: How keyframes are matched.
        odometry: How odometry drifts.
    """

    recent: int = field(default=14, metadata={"min": 1, "max": 100})
    old: int = field(default=25, metadata={"min": 2, "max": 10000})
    around: int = field(default=4, metadata={"min": 0, "max": 50})
    ahead: float = field(default=2.0, metadata={"min": 0.0, "max": 10.0})
    radius: float = field(default=1.5, metadata={"min": 0.1, "max": 20.0})
    aside: float = field(default=0.7, metadata={"min": 0.05, "max": 3.2})
    loops: int = field(default=1, metadata={"min": 0, "max": 10})
    matching: RegistrationConfig = field(default_factory=RegistrationConfig)
    odometry: OdometryConfig = field(default_factory=OdometryConfig)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Added:
    """What came of a keyframe.

    Attributes:
        pose: Of the base in map.
        match: With the keyframes before it; None for the first one.
        loops: Old keyframes that it was found to see again.
        refused: Old keyframes that it did not match though near.
    """

    pose: SE3
    match: Match | None
    loops: tuple[int, ...]
    refused: tuple[int, ...]


class Mapper:
    """Collects keyframes and keeps their poses."""

    def __init__(self, config: MapperConfig) -> None:
        """Begin with an empty map.

        Raises:
            ConfigError: If the extra `mapping` is not installed.
        """
        self._config = config
        self._graph = PoseGraph(config.odometry)
        self._keyframes: list[Keyframe] = []
        self._surfels: list[Surfels] = []

    @property
    def keyframes(self) -> tuple[Keyframe, ...]:
        """All keyframes, in order."""
        return tuple(self._keyframes)

    @property
    def poses(self) -> tuple[SE3, ...]:
        """Poses of the base in map at the keyframes."""
        return self._graph.poses

    @property
    def transform_odom_to_map(self) -> SE3:
        """What takes odometry into the map, as of the last keyframe."""
        if not self._keyframes:
            return SE3.Identity()
        odom = self._keyframes[-1].transform_base_to_odom
        return level(self._graph.poses[-1] * odom.inverse())

    @property
    def covariance(self) -> Array:
        """Of the last pose: turn and way in its frame, shape (6, 6)."""
        return self._graph.covariance()

    def step(self, keyframe: Keyframe) -> Added:
        """Add a keyframe."""
        self._keyframes.append(keyframe)
        self._surfels.append(surfels_of(self._config.matching, keyframe))
        odom = keyframe.transform_base_to_odom
        if len(self._keyframes) == 1:
            self._graph.add(odom, None, odom.rotation)
            self._graph.solve()
            return Added(pose=odom, match=None, loops=(), refused=())
        before = self._keyframes[-2].transform_base_to_odom
        change = before.actInv(odom)
        guess = self._graph.poses[-1] * change
        way, turn = self._config.odometry.deviations(change)
        tilt = self._config.odometry.tilt
        spread = np.array([tilt, tilt, turn, way, way, way]) * LOOSE
        match = self._match(self._last(), guess, spread)
        self._graph.add(guess, change, odom.rotation)
        now = len(self._keyframes) - 1
        if match.believed:
            pose = match.transform_cloud_to_submap
            self._connect(now - 1, now, pose, match, robust=False)
        self._graph.solve()
        closed, refused = self._close(now)
        return Added(
            pose=self._graph.poses[-1], match=match, loops=closed, refused=refused
        )

    def _last(self) -> range:
        """Return which keyframes stand just before the newest."""
        now = len(self._keyframes) - 1
        return range(max(0, now - self._config.recent), now)

    def _submap(self, which: Sequence[int]) -> Submap:
        poses = self._graph.poses
        parts = [(poses[i], self._surfels[i]) for i in which]
        return Submap(self._config.matching, parts)

    def _match(
        self, which: Sequence[int], guess: SE3, spread: Array, *, far: bool = False
    ) -> Match:
        return self._submap(which).match(self._surfels[-1], guess, spread, far=far)

    def _connect(
        self, first: int, second: int, pose: SE3, match: Match, *, robust: bool
    ) -> None:
        change = self._graph.poses[first].actInv(pose)
        self._graph.connect(first, second, change, match.information, robust)

    def _close(self, now: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Look for old keyframes that see the same, and connect the newest to them."""
        config = self._config
        closed: list[int] = []
        refused: list[int] = []
        for old in self._candidates(now):
            if len(closed) == config.loops:
                break
            last = max(0, now - config.old)
            which = range(
                max(0, old - config.around), min(last, old + config.around) + 1
            )
            spread = np.array([0.02, 0.02, 0.1, 0.25, 0.25, 0.1])
            match = self._match(which, self._graph.poses[now], spread, far=True)
            if not match.believed:
                refused.append(old)
                break
            pose = match.transform_cloud_to_submap
            self._connect(old, now, pose, match, robust=True)
            self._graph.solve(rounds=3)
            closed.append(old)
        return tuple(closed), tuple(refused)

    def _candidates(self, now: int) -> list[int]:
        """Return old keyframes that look at the same place, the nearest first."""
        config, poses = self._config, self._graph.poses
        count = now - config.old + 1
        if count <= 0:
            return []
        ahead = np.array([config.ahead, 0.0, 0.0])
        middle = poses[now].act(ahead)
        away = np.array(
            [np.linalg.norm(pose.act(ahead) - middle) for pose in poses[:count]]
        )
        near = [int(i) for i in np.argsort(away) if away[i] < config.radius]
        return [
            i
            for i in near
            if angle_of(poses[i].rotation.T @ poses[now].rotation) < config.aside
        ]


def level(pose: SE3) -> SE3:
    """Return a transform between frames that both stand upright: without its tilt."""
    yaw = float(np.arctan2(pose.rotation[1, 0], pose.rotation[0, 0]))
    return upright(pose.translation, yaw)


def upright(position: Array, yaw: float) -> SE3:
    """Return a pose that is only turned about the vertical.

    Args:
        position: [m], shape (3,).
        yaw: [rad].
    """
    cosine, sine = np.cos(yaw), np.sin(yaw)
    rotation = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    return SE3(rotation, np.asarray(position, dtype=float))
