# SPDX-License-Identifier: Apache-2.0
"""Know where the robot is in a finished map.

In: keyframes.  Out: `Estimate`: where odom lies in map, how sure, lost or not.

Method: a Kalman filter for place and heading of the base; odometry moves it, matches
with the map correct it, in the directions that they hold. Its tilt is odometry's, which
gravity keeps. It is lost when matches fail several times in a row, and then looks for
its place in the whole map; until that is found it stays where it was.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
import pinocchio

from renxing.localization.global_map import GlobalMap
from renxing.localization.keyframes import Keyframe
from renxing.localization.mapper import level, upright
from renxing.localization.place import Found, PlaceConfig, PlaceFinder
from renxing.localization.pose_graph import OdometryConfig
from renxing.localization.registration import (
    Match,
    RegistrationConfig,
    Submap,
    surfels_of,
)
from renxing.spatial import SE3, Array


class Trust(Enum):
    """How far the estimate can be trusted."""

    TRACKING = "tracking"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerConfig:
    """How the robot is followed.

    Attributes:
        radius: Keyframes of the map whose view lies so near are matched with [m].
        ahead: Distance before the base about which views are compared [m].
        most: Keyframes of the map that are matched with at most.
        failures: Matches that must fail in a row to be lost.
        gathered: Newest keyframes with which a lost robot looks for its place.
        first: Standard deviation of a place that somebody has given [m].
        first_turn: Standard deviation of its heading [rad].
        matching: How keyframes are matched with the map.
        odometry: How odometry drifts.
        place: How a lost robot is looked for.
    """

    radius: float = field(default=3.0, metadata={"min": 0.5, "max": 20.0})
    ahead: float = field(default=2.0, metadata={"min": 0.0, "max": 10.0})
    most: int = field(default=14, metadata={"min": 1, "max": 200})
    failures: int = field(default=4, metadata={"min": 1, "max": 100})
    gathered: int = field(default=18, metadata={"min": 1, "max": 100})
    first: float = field(default=0.5, metadata={"min": 0.01, "max": 10.0})
    first_turn: float = field(default=0.3, metadata={"min": 0.01, "max": 3.2})
    matching: RegistrationConfig = field(default_factory=RegistrationConfig)
    odometry: OdometryConfig = field(default_factory=OdometryConfig)
    place: PlaceConfig = field(default_factory=PlaceConfig)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimate:
    """Where the robot is.

    Attributes:
        stamp: Of the keyframe that it rests on [s].
        transform_odom_to_map: Upright; of the last time that the robot was not lost.
        pose: Of the base in map.
        covariance: Of x, y, z, heading of the base in map [m, rad], shape (4, 4).
        trust: Whether it is to be believed.
        reason: Why it is lost or the last match was refused; empty if neither.
    """

    stamp: float
    transform_odom_to_map: SE3
    pose: SE3
    covariance: Array
    trust: Trust
    reason: str


class Tracker:
    """Follows the robot through a map; it begins lost."""

    def __init__(self, config: TrackerConfig, whole: GlobalMap) -> None:
        """Learn the map.

        Args:
            config: How the robot is followed.
            whole: The map; it has at least one keyframe.

        Raises:
            ConfigError: If the extra `mapping` is not installed.
        """
        self._config = config
        self._map = whole
        self._surfels = [surfels_of(config.matching, k) for k in whole.keyframes]
        self._finder = PlaceFinder(config.place, whole, self._surfels)
        self._ahead = np.array([config.ahead, 0.0, 0.0])
        self._middles = np.array([pose.act(self._ahead) for pose in whole.poses])
        self._cache: tuple[tuple[int, ...], Submap] | None = None
        self._odom_to_map = SE3.Identity()
        self._covariance = self._unsure()
        self._trust = Trust.LOST
        self._reason = "has not looked yet"
        self._failed = 0
        self._last: SE3 | None = None
        self._recent: deque[Keyframe] = deque(maxlen=config.gathered)

    @property
    def transform_odom_to_map(self) -> SE3:
        """Of the last time that the robot was not lost."""
        return self._odom_to_map.copy()

    @property
    def covariance(self) -> Array:
        """Of x, y, z, heading of the base in map [m, rad], shape (4, 4)."""
        lost = self._trust is Trust.LOST
        return self._unsure() if lost else self._covariance.copy()

    def place(self, pose: SE3, transform_base_to_odom: SE3) -> None:
        """Believe somebody who says where the robot is.

        Args:
            pose: Of the base in map; only place and heading count.
            transform_base_to_odom: Where odometry believes to be at that time.
        """
        self._odom_to_map = level(pose * transform_base_to_odom.inverse())
        config = self._config
        spread = np.array([config.first, config.first, config.first, config.first_turn])
        self._covariance = np.diag(spread**2)
        self._trust, self._failed, self._reason = Trust.TRACKING, 0, ""
        self._last = transform_base_to_odom.copy()

    def step(self, keyframe: Keyframe) -> Estimate:
        """Take a keyframe."""
        self._predict(keyframe.transform_base_to_odom)
        self._recent.append(keyframe)
        if self._trust is Trust.TRACKING:
            self._follow(keyframe)
        else:
            self._search()
        return self._estimate(keyframe)

    def search(self) -> Found | None:
        """Look for the last keyframes in the whole map; None if there are none."""
        return self._finder.find(tuple(self._recent)) if self._recent else None

    def _predict(self, odom: SE3) -> None:
        """Move with odometry."""
        if self._last is not None:
            before = self._odom_to_map * self._last
            now = self._odom_to_map * odom
            way, turn = self._config.odometry.deviations(self._last.actInv(odom))
            step = now.translation - before.translation
            # A heading that is wrong turns the way that is made.
            carry = np.eye(4)
            carry[0, 3], carry[1, 3] = -step[1], step[0]
            growth = np.diag([way**2, way**2, way**2, turn**2])
            self._covariance = carry @ self._covariance @ carry.T + growth
        self._last = odom.copy()

    def _follow(self, keyframe: Keyframe) -> None:
        guess = self._odom_to_map * keyframe.transform_base_to_odom
        which = self._near(guess)
        if not which:
            self._fail("nothing of the map is near")
            return
        tilt, deviation = self._config.odometry.tilt, np.sqrt(np.diag(self._covariance))
        across = max(float(deviation[:2].max()), 0.03)
        spread = np.array([tilt, tilt, deviation[3] + 0.01, across, across, 0.05])
        match = self._submap(which).match(
            surfels_of(self._config.matching, keyframe), guess, spread, far=across > 0.2
        )
        if not match.believed:
            self._fail(match.doubt)
            return
        self._failed, self._reason = 0, ""
        self._correct(keyframe.transform_base_to_odom, guess, match)

    def _fail(self, why: str) -> None:
        self._failed += 1
        self._reason = why
        if self._failed >= self._config.failures:
            self._trust = Trust.LOST
            # What was gathered before is of a place that may be another one.
            newest = self._recent[-1]
            self._recent.clear()
            self._recent.append(newest)

    def _correct(self, odom: SE3, guess: SE3, match: Match) -> None:
        """Take a match in; the tilt stays that of odometry."""
        off = pinocchio.log6(guess.actInv(match.transform_cloud_to_submap)).vector
        off = np.concatenate([off[3:], off[:3]])
        # How the pose changes, in its own frame, with place and heading in map.
        inverse = guess.rotation.T
        jacobian = np.zeros((6, 4))
        jacobian[:3, 3] = inverse[:, 2]
        jacobian[3:, :3] = inverse
        information = np.linalg.inv(self._covariance)
        gained = jacobian.T @ match.information
        self._covariance = np.asarray(
            np.linalg.inv(information + gained @ jacobian), dtype=float
        )
        change = self._covariance @ (gained @ off)
        pose = SE3(
            upright(np.zeros(3), float(change[3])).rotation @ guess.rotation,
            guess.translation + change[:3],
        )
        self._odom_to_map = level(pose * odom.inverse())

    def _search(self) -> None:
        found = self.search()
        if found is None:
            return
        if found.doubt:
            self._reason = found.doubt
            return
        newest = self._recent[-1].transform_base_to_odom
        self._odom_to_map = level(found.candidates[0].pose * newest.inverse())
        self._covariance = np.diag([0.05, 0.05, 0.05, 0.03]) ** 2
        self._trust, self._failed, self._reason = Trust.TRACKING, 0, ""

    def _near(self, pose: SE3) -> tuple[int, ...]:
        """Return keyframes of the map that look to where the robot looks."""
        config = self._config
        away = np.linalg.norm(self._middles - pose.act(self._ahead), axis=1)
        order = np.argsort(away, kind="stable")[: config.most]
        return tuple(sorted(int(i) for i in order if away[i] < config.radius))

    def _submap(self, which: Sequence[int]) -> Submap:
        """Return a submap; it stays the same while the robot stays in its view."""
        key = tuple(which)
        if self._cache is None or self._cache[0] != key:
            parts = [(self._map.poses[i], self._surfels[i]) for i in key]
            self._cache = key, Submap(self._config.matching, parts)
        return self._cache[1]

    def _unsure(self) -> Array:
        """Return the covariance of somebody who knows nothing."""
        return np.diag([1e2, 1e2, 1.0, np.pi**2])

    def _estimate(self, keyframe: Keyframe) -> Estimate:
        return Estimate(
            stamp=keyframe.stamp,
            transform_odom_to_map=self.transform_odom_to_map,
            pose=self._odom_to_map * keyframe.transform_base_to_odom,
            covariance=self.covariance,
            trust=self._trust,
            reason=self._reason,
        )
