# SPDX-License-Identifier: Apache-2.0
"""The poses of all keyframes, such that they agree best with all that is known.

In: odometry, matches, attitudes.  Out: poses in map.

Method: a factor graph, solved step by step (Kaess et al. 2012, "iSAM2"). The attitude
against gravity is known at each pose by itself, so that neither it nor, through it, the
height of a level floor can drift. Closed loops are believed less the worse they fit
(Cauchy's kernel), so that a wrong one does not bend the map.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from renxing.localization.solvers import gtsam
from renxing.spatial import SE3, Array

_NOTHING = 1e-6  # information of what a factor does not say; it must not be 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OdometryConfig:
    """How odometry drifts.

    Attributes:
        way: Standard deviation, by way [-].
        turn: Standard deviation of the heading, by turn [-].
        turn_by_way: The same, by way [rad/m].
        least: Standard deviation between two poses that lie close together [m].
        tilt: Standard deviation of the attitude against gravity [rad].
    """

    way: float = field(default=0.03, metadata={"min": 1e-3, "max": 1.0})
    turn: float = field(default=0.02, metadata={"min": 1e-3, "max": 1.0})
    turn_by_way: float = field(default=0.01, metadata={"min": 1e-4, "max": 1.0})
    least: float = field(default=0.005, metadata={"min": 1e-4, "max": 0.1})
    tilt: float = field(default=0.01, metadata={"min": 1e-4, "max": 0.2})

    def deviations(self, change: SE3) -> tuple[float, float]:
        """Return the standard deviations of a way [m] and of its heading [rad].

        Args:
            change: Pose after it in the frame of the pose before it.
        """
        way = float(np.linalg.norm(change.translation))
        turn = abs(float(np.arctan2(change.rotation[1, 0], change.rotation[0, 0])))
        return (
            self.least + self.way * way,
            0.5 * self.least + self.turn_by_way * way + self.turn * turn,
        )


class PoseGraph:
    """Collects what is known about poses; the first one stays where it is."""

    def __init__(self, config: OdometryConfig) -> None:
        """Begin without poses.

        Raises:
            ConfigError: If the extra `mapping` is not installed.
        """
        self._config = config
        self._library: Any = gtsam()
        parameters = self._library.ISAM2Params()
        parameters.setRelinearizeThreshold(0.01)
        parameters.relinearizeSkip = 1
        self._solver = self._library.ISAM2(parameters)
        self._new = self._library.NonlinearFactorGraph()
        self._first = self._library.Values()
        self._poses: list[SE3] = []

    def __len__(self) -> int:
        """Return how many poses there are."""
        return len(self._poses)

    @property
    def poses(self) -> tuple[SE3, ...]:
        """Poses of the base in map, as of the last `solve`."""
        return tuple(self._poses)

    def add(self, guess: SE3, change: SE3 | None, rotation_base_to_odom: Array) -> None:
        """Add a pose.

        Args:
            guess: Where it is in map.
            change: What odometry says: the pose in the frame of the last one; None for
                the first pose, which stays where it is.
            rotation_base_to_odom: Its tilt is that of the base, shape (3, 3).
        """
        library, index = self._library, len(self._poses)
        self._first.insert(index, library.Pose3(guess.homogeneous))
        self._poses.append(guess.copy())
        if change is None:
            fixed = self._gaussian(np.eye(6) * 1e8)
            at = library.Pose3(guess.homogeneous)
            self._new.add(library.PriorFactorPose3(index, at, fixed))
            return
        way, turn = self._config.deviations(change)
        tilt = self._config.tilt
        spread = np.array([tilt, tilt, turn, way, way, way])
        self._between(index - 1, index, change, self._gaussian(np.diag(spread**-2.0)))
        # Up, seen from the base, is the same with any heading.
        up = library.Unit3(np.ascontiguousarray(rotation_base_to_odom[2]))
        level = library.noiseModel.Isotropic.Sigma(2, tilt)
        vertical = library.Unit3(np.array([0.0, 0.0, 1.0]))
        self._new.add(library.AttitudeFactorPose3(index, vertical, level, up))

    def connect(
        self, first: int, second: int, change: SE3, information: Array, robust: bool
    ) -> None:
        """Add what a match says.

        Args:
            first: Index of a pose.
            second: Index of another pose.
            change: The second one in the frame of the first.
            information: Of a small turn and way in the frame of the second, [rad; m],
                shape (6, 6).
            robust: Whether to believe it less the worse it fits.
        """
        noise = self._gaussian(information + np.eye(6) * _NOTHING)
        if robust:
            models = self._library.noiseModel
            kernel = models.mEstimator.Cauchy.Create(1.0)
            noise = models.Robust.Create(kernel, noise)
        self._between(first, second, change, noise)

    def solve(self, rounds: int = 1) -> None:
        """Take in what is new and find the poses.

        Args:
            rounds: Of linearising; a closed loop needs some.
        """
        self._solver.update(self._new, self._first)
        for _ in range(rounds - 1):
            self._solver.update()
        self._new = self._library.NonlinearFactorGraph()
        self._first = self._library.Values()
        found = self._solver.calculateEstimate()
        self._poses = [
            SE3(found.atPose3(index).matrix()) for index in range(len(self._poses))
        ]

    def covariance(self) -> Array:
        """Return that of the last pose: turn and way in its frame, shape (6, 6)."""
        return np.array(self._solver.marginalCovariance(len(self._poses) - 1))

    def _gaussian(self, information: Array) -> Any:
        return self._library.noiseModel.Gaussian.Information(information)

    def _between(self, first: int, second: int, change: SE3, noise: Any) -> None:
        pose = self._library.Pose3(change.homogeneous)
        self._new.add(self._library.BetweenFactorPose3(first, second, pose, noise))
