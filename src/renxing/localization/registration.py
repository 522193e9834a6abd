# SPDX-License-Identifier: Apache-2.0
"""Where a cloud of points lies on others, and how far that can be trusted.

In: submap, surfels of a cloud, guess and how sure it is.  Out: `Match`.

Method: Gauss-Newton on distances between points and planes (Chen & Medioni 1992), only
where both sides are flat and turned alike, weighted by the error of stereo depth and by
Huber's loss, with the guess as a prior. Generalised ICP of small_gicp (Segal, Haehnel &
Thrun 2009) comes first where the guess may be far off. By itself it was measured to be
three times as wrong in heading here: it pulls along planes, too, towards wherever the
points are denser. Directions that nothing holds, as along a corridor, show as small
eigenvalues and get no information (Zhang, Kaess & Singh 2016, "On degeneracy of
optimization-based state estimation problems").
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pinocchio
from scipy.spatial import cKDTree

from renxing.localization.keyframes import Keyframe, angle_of, moved, thin
from renxing.localization.solvers import small_gicp
from renxing.spatial import SE3, Array

_NEIGHBOURS = 16  # of a point, from which its surface is taken
_FLAT = 0.15  # thickness by width, squared, up to which a surface is flat
_ALIKE = 0.9  # cosine of the angle up to which two surfaces are turned alike
_ROUNDS = (0.4, 0.3, 0.25, 0.2, 0.15, 0.15, 0.12, 0.12)  # [m] reach of each


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationConfig:
    """How clouds are matched, and which matches are believed.

    Attributes:
        voxel: Side of the cells by which clouds are thinned [m].
        noise: Standard deviation of near points [m].
        depth_noise: Growth of it with the square of the distance [1/m].
        alike: Points whose errors are alike: so many count as one.
        huber: Standard deviations beyond which a point counts less [-].
        reach: Greatest distance of partners where the guess may be far off [m].
        hit: Distance up to which a point agrees with the submap [m].
        overlap: Least share of the points that have the submap around them [-].
        agreement: Least share of those that agree with it [-].
        jump: Greatest way from the guess, by its standard deviation [-].
        weak: Standard deviation from which a direction is not held at all [m].
        lever: Distance by which a turn becomes a way [m].
    """

    voxel: float = field(default=0.1, metadata={"min": 0.01, "max": 0.5})
    noise: float = field(default=0.015, metadata={"min": 1e-3, "max": 0.2})
    depth_noise: float = field(default=0.002, metadata={"min": 0.0, "max": 0.1})
    alike: float = field(default=30.0, metadata={"min": 1.0, "max": 1000.0})
    huber: float = field(default=2.0, metadata={"min": 0.5, "max": 10.0})
    reach: float = field(default=0.6, metadata={"min": 0.05, "max": 5.0})
    hit: float = field(default=0.10, metadata={"min": 0.01, "max": 0.5})
    overlap: float = field(default=0.35, metadata={"min": 0.05, "max": 1.0})
    agreement: float = field(default=0.75, metadata={"min": 0.1, "max": 1.0})
    jump: float = field(default=6.0, metadata={"min": 1.0, "max": 20.0})
    weak: float = field(default=0.15, metadata={"min": 0.01, "max": 2.0})
    lever: float = field(default=2.0, metadata={"min": 0.2, "max": 10.0})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surfels:
    """The flat parts of what was seen, in some frame.

    Attributes:
        centre: Of each [m], shape (N, 3).
        normal: Of each, of length 1, towards who has seen it, shape (N, 3).
        deviation: Standard deviation along the normal [m], shape (N,).
    """

    centre: Array
    normal: Array
    deviation: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Match:
    """What came of a registration.

    Attributes:
        transform_cloud_to_submap: Where the cloud lies, by itself: the guess counts
            only in directions that nothing holds.
        information: Inverse covariance of a small turn and way of the cloud in its own
            frame, [rad; m], shape (6, 6); none in directions that nothing holds.
        overlap: Share of the surfels that have the submap around them [-].
        agreement: Share of those that agree with it [-].
        doubt: Why it is not to be believed; empty if it is.
    """

    transform_cloud_to_submap: SE3
    information: Array
    overlap: float
    agreement: float
    doubt: str

    @property
    def believed(self) -> bool:
        """Whether it is to be believed."""
        return not self.doubt


def make_surfels(config: RegistrationConfig, points: Array, eye: Array) -> Surfels:
    """Return the flat parts of a cloud.

    Args:
        config: How clouds are matched.
        points: [m], shape (N, 3).
        eye: About where they were seen from [m], shape (3,).

    Raises:
        ConfigError: If the extra `mapping` is not installed.
    """
    cells = thin(points, config.voxel)
    if len(cells) < _NEIGHBOURS:
        nothing = np.empty((0, 3))
        return Surfels(centre=nothing, normal=nothing, deviation=np.empty(0))
    _, near = cKDTree(cells).query(cells, _NEIGHBOURS)
    around = cells[near]
    centre = around.mean(axis=1)
    off = around - centre[:, None]
    values, axes = np.linalg.eigh(np.einsum("nki,nkj->nij", off, off) / _NEIGHBOURS)
    far = np.einsum("ij,ij->i", centre - eye, centre - eye)
    deviation = np.hypot(config.noise, config.depth_noise * far)
    flat = (values[:, 0] < _FLAT * values[:, 1]) & (
        values[:, 0] < (3.0 * deviation) ** 2
    )
    normal = axes[:, :, 0]
    behind = np.einsum("ij,ij->i", normal, eye - centre) < 0.0
    normal[behind] *= -1.0
    return Surfels(centre=centre[flat], normal=normal[flat], deviation=deviation[flat])


def surfels_of(config: RegistrationConfig, keyframe: Keyframe) -> Surfels:
    """Return the flat parts of a keyframe, in base."""
    eye = keyframe.eyes.mean(axis=0)
    return make_surfels(config, keyframe.points.astype(float), eye)


class Submap:
    """Surfels among which others are looked for."""

    def __init__(
        self, config: RegistrationConfig, parts: Sequence[tuple[SE3, Surfels]]
    ) -> None:
        """Put surfels together.

        Args:
            config: How clouds are matched.
            parts: Of each its pose in the submap, and its surfels.
        """
        self._config = config
        self._centre = np.concatenate([moved(pose, s.centre) for pose, s in parts])
        self._normal = np.concatenate([s.normal @ pose.rotation.T for pose, s in parts])
        self._tree = cKDTree(self._centre)
        self._coarse: tuple[Any, Any] | None = None

    def __len__(self) -> int:
        """Return how many surfels it has."""
        return len(self._centre)

    def match(
        self, surfels: Surfels, guess: SE3, spread: Array, *, far: bool = False
    ) -> Match:
        """Find a cloud.

        Args:
            surfels: Of the cloud, in its own frame.
            guess: Of the transform from the cloud's frame to the submap's.
            spread: Standard deviation of the guess: turn and way in the cloud's frame
                [rad; m], shape (6,).
            far: Whether it may be further off than planes can be followed.

        Raises:
            ConfigError: If the extra `mapping` is not installed.
        """
        if not len(self) or not len(surfels.centre):
            return Match(
                transform_cloud_to_submap=guess,
                information=np.zeros((6, 6)),
                overlap=0.0,
                agreement=0.0,
                doubt="nothing flat to be seen",
            )
        found = self._roughly(surfels, guess) if far else guess
        prior = np.diag(spread**-2.0)
        for reach in _ROUNDS:
            hessian, slope = self._linear(surfels, found, reach)
            off = _vector(guess.actInv(found))
            step = np.linalg.solve(hessian + prior, slope + prior @ off)
            found = found * _exponential(-np.asarray(step, dtype=float))
        hessian, slope = self._linear(surfels, found, _ROUNDS[-1])
        information, own = self._alone(hessian, slope)
        away, _ = self._tree.query(
            moved(found, surfels.centre), distance_upper_bound=5.0 * self._config.hit
        )
        around = np.isfinite(away)
        overlap = float(around.mean())
        hits = away[around] < self._config.hit
        agreement = float(hits.mean()) if around.any() else 0.0
        return Match(
            transform_cloud_to_submap=found * _exponential(own),
            information=information,
            overlap=overlap,
            agreement=agreement,
            doubt=self._doubt(guess.actInv(found), spread, overlap, agreement),
        )

    def _roughly(self, surfels: Surfels, guess: SE3) -> SE3:
        """Return where generalised ICP puts the cloud."""
        library = small_gicp()
        if self._coarse is None:
            self._coarse = _prepared(library, self._centre)
        target, tree = self._coarse
        cloud, _ = _prepared(library, surfels.centre)
        result = library.align(
            target,
            cloud,
            tree,
            init_T_target_source=guess.homogeneous,
            registration_type="GICP",
            max_correspondence_distance=self._config.reach,
            max_iterations=20,
        )
        return SE3(_proper(np.array(result.T_target_source)))

    def _linear(self, surfels: Surfels, pose: SE3, reach: float) -> tuple[Array, Array]:
        """Return Hessian and slope of the error at a pose, for a turn and a way.

        Both are in the cloud's frame, shapes (6, 6) and (6,).
        """
        config = self._config
        places = moved(pose, surfels.centre)
        away, partner = self._tree.query(places, distance_upper_bound=reach)
        which = np.flatnonzero(np.isfinite(away))
        partner = partner[which]
        normal = self._normal[partner]
        own = surfels.normal[which] @ pose.rotation.T
        # Their sides count: a thin wall seen from behind is another surface.
        alike = np.einsum("ij,ij->i", own, normal) > _ALIKE
        which, partner, normal = which[alike], partner[alike], normal[alike]
        error = np.einsum("ij,ij->i", normal, places[which] - self._centre[partner])
        scaled = np.abs(error) / surfels.deviation[which]
        weight = np.minimum(1.0, config.huber / np.maximum(scaled, 1e-9))
        weight /= surfels.deviation[which] ** 2 * config.alike
        local = normal @ pose.rotation
        jacobian = np.hstack([np.cross(surfels.centre[which], local), local])
        weighted = jacobian * weight[:, None]
        return weighted.T @ jacobian, weighted.T @ error

    def _alone(self, hessian: Array, slope: Array) -> tuple[Array, Array]:
        """Return the information of the match, and its step without the prior."""
        scale = np.array([1.0 / self._config.lever] * 3 + [1.0] * 3)
        values, axes = np.linalg.eigh(scale[:, None] * hessian * scale)
        held = values > self._config.weak**-2.0
        inverse = np.where(held, 1.0 / np.maximum(values, 1e-12), 0.0)
        step = -scale * (axes @ (inverse * (axes.T @ (scale * slope))))
        whole = (axes * np.where(held, values, 0.0)) @ axes.T
        return np.asarray(whole / scale[:, None] / scale), step

    def _doubt(
        self, change: SE3, spread: Array, overlap: float, agreement: float
    ) -> str:
        config = self._config
        if overlap < config.overlap:
            return f"overlap {overlap:.2f}, {config.overlap:.2f} wanted"
        if agreement < config.agreement:
            return f"agreement {agreement:.2f}, {config.agreement:.2f} wanted"
        way, turn = float(np.linalg.norm(change.translation)), angle_of(change.rotation)
        if way > config.jump * spread[3:].max() or turn > config.jump * max(spread[:3]):
            return (
                f"{way:.2f} m and {turn:.2f} rad from a guess that was said to be sure"
            )
        return ""


def _prepared(library: Any, points: Array) -> tuple[Any, Any]:
    cloud = library.PointCloud(np.ascontiguousarray(points))
    tree = library.KdTree(cloud)
    library.estimate_covariances(cloud, tree, _NEIGHBOURS)
    return cloud, tree


def _vector(change: SE3) -> Array:
    """Return a turn and a way, shape (6,), of a transform."""
    twist = pinocchio.log6(change).vector
    return np.concatenate([twist[3:], twist[:3]])


def _exponential(step: Array) -> SE3:
    """Return the transform of a turn and a way."""
    change: SE3 = pinocchio.exp6(np.concatenate([step[3:], step[:3]]))
    return change


def _proper(matrix: Array) -> Array:
    """Return a transform whose rotation is one to the last digit, shape (4, 4)."""
    left, _, right = np.linalg.svd(matrix[:3, :3])
    matrix[:3, :3] = left @ right
    return matrix
