# SPDX-License-Identifier: Apache-2.0
"""Find the robot in a map when nothing is known but that it stands upright.

In: what was seen from a place and around it.  Out: `Place`, if there is only one.

Method: every heading and every cell is tried, by correlation (Olson 2009, "Real-time
correlative scan matching") of bands of height, which a Fourier transform does for all
cells at once. What is seen where the map is free, and the other way round, speaks
against a cell. The best few are registered, and one is believed only if it agrees
better than everywhere else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

from renxing.localization.global_map import GlobalMap
from renxing.localization.keyframes import Keyframe, angle_of, moved, thin
from renxing.localization.mapper import upright
from renxing.localization.occupancy import FREE, OCCUPIED, OccupancyConfig, project
from renxing.localization.registration import (
    Match,
    RegistrationConfig,
    Submap,
    Surfels,
    make_surfels,
)
from renxing.spatial import SE3, Array

Grid = npt.NDArray[np.float32]
Spectrum = npt.NDArray[np.complex64]

BANDS = (0.15, 0.6, 1.1, 1.6, 2.3)  # [m] over the ground
# Of a place that is tried [rad; m]; cells and headings are that far apart.
SPREAD = np.array([0.02, 0.02, 0.1, 0.2, 0.2, 0.1])


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceConfig:
    """How the robot is looked for.

    Attributes:
        resolution: Side of the cells that are tried [m].
        headings: How many are tried.
        candidates: Places that are registered.
        apart: Distance from which two places are different [m].
        aside: Angle from which they are [rad].
        against: Weight of what speaks against a place [-].
        agreement: Least trust in a place that is believed, see `Candidate` [-].
        margin: By which it must be greater than that of any other place [-].
        matching: How places are registered.
    """

    resolution: float = field(default=0.1, metadata={"min": 0.02, "max": 0.5})
    headings: int = field(default=72, metadata={"min": 8, "max": 720})
    candidates: int = field(default=8, metadata={"min": 1, "max": 100})
    apart: float = field(default=0.6, metadata={"min": 0.1, "max": 5.0})
    aside: float = field(default=0.35, metadata={"min": 0.05, "max": 3.2})
    against: float = field(default=0.7, metadata={"min": 0.0, "max": 10.0})
    agreement: float = field(default=0.75, metadata={"min": 0.1, "max": 1.0})
    margin: float = field(default=0.08, metadata={"min": 0.0, "max": 1.0})
    matching: RegistrationConfig = field(
        default_factory=lambda: RegistrationConfig(reach=0.5)
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """A place that may be the right one.

    Attributes:
        pose: Of the newest keyframe's base in map.
        score: Of the correlation [-].
        share: Of all surfels, that agree with the map after registration, less what is
            seen free and is not [-].
    """

    pose: SE3
    score: float
    share: float

    @property
    def trust(self) -> float:
        """How well it fits [-]; only the share counts the floor, which is all over."""
        return 0.5 * (self.score + self.share)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """What came of a search.

    Attributes:
        candidates: The best places, the best one first.
        doubt: Why the best one is not to be believed; empty if it is.
    """

    candidates: tuple[Candidate, ...]
    doubt: str


class PlaceFinder:
    """Knows a map by heart."""

    def __init__(
        self, config: PlaceConfig, whole: GlobalMap, surfels: Sequence[Surfels]
    ) -> None:
        """Learn the map.

        Args:
            config: How the robot is looked for.
            whole: The map; it has at least one keyframe.
            surfels: Of its keyframes.

        Raises:
            ConfigError: If the extra `mapping` is not installed.
        """
        self._config = config
        ground = [
            float(pose.translation[2]) - keyframe.height
            for pose, keyframe in zip(whole.poses, whole.keyframes, strict=True)
        ]
        self._ground = float(np.median(ground))
        self._submap = Submap(
            config.matching, list(zip(whole.poses, surfels, strict=True))
        )
        view = OccupancyConfig(resolution=config.resolution, highest=2.3)
        flat = project(view, whole.keyframes, whole.poses)
        self._origin = flat.origin
        self._free = flat.cells == FREE
        self._occupied = flat.cells == OCCUPIED
        shape = flat.cells.shape
        self._size = max(shape)
        bands = _bands(
            whole.points(), self._ground, flat.origin, config.resolution, shape
        )
        self._bands = [ndimage.gaussian_filter(b, 1.0) * 3.0 for b in bands]
        self._bands = [np.minimum(band, 1.0) for band in self._bands]

    def find(self, keyframes: Sequence[Keyframe]) -> Found:
        """Look for the newest of some keyframes.

        Args:
            keyframes: One after the other, close together, so that odometry joins them.
        """
        config = self._config
        newest = keyframes[-1].transform_base_to_odom
        # A frame that stands upright below the newest base, on the ground.
        yaw = float(np.arctan2(newest.rotation[1, 0], newest.rotation[0, 0]))
        feet = newest.translation - [0.0, 0.0, keyframes[-1].height]
        odom_to_here = upright(feet, yaw).inverse()
        poses = [odom_to_here * k.transform_base_to_odom for k in keyframes]
        points = thin(
            np.concatenate(
                [moved(p, k.points) for p, k in zip(poses, keyframes, strict=True)]
            ),
            config.matching.voxel,
        )
        view = OccupancyConfig(resolution=config.resolution, highest=2.3)
        flat = project(view, keyframes, poses)
        row, column = np.nonzero(flat.cells == FREE)
        free = flat.origin + config.resolution * (
            np.column_stack([column, row]).astype(float) + 0.5
        )
        base = odom_to_here * newest
        eye = (odom_to_here * newest).act(keyframes[-1].eyes.mean(axis=0))
        surfels = make_surfels(config.matching, points, eye)
        found: list[Candidate] = []
        for score, guess in self._tried(points, free):
            match = self._submap.match(surfels, guess, SPREAD, far=True)
            here = match.transform_cloud_to_submap
            candidate = Candidate(
                pose=here * base, score=score, share=self._share(match, free)
            )
            if all(self._differ(candidate, other) for other in found):
                found.append(candidate)
        found.sort(key=lambda candidate: -candidate.trust)
        return Found(candidates=tuple(found), doubt=self._doubt(found))

    def _share(self, match: Match, free: Array) -> float:
        """Return how much agrees, less how much of what is seen free is not."""
        cells = moved(
            match.transform_cloud_to_submap,
            np.column_stack([free, np.zeros(len(free))]),
        )
        place = np.floor((cells[:, :2] - self._origin) / self._config.resolution)
        column, row = place.astype(int).T
        rows, columns = self._occupied.shape
        inside = (column >= 0) & (row >= 0) & (column < columns) & (row < rows)
        wrong = self._occupied[row[inside], column[inside]].sum() / max(len(free), 1)
        return match.overlap * match.agreement - self._config.against * float(wrong)

    def _differ(self, one: Candidate, other: Candidate) -> bool:
        change = one.pose.actInv(other.pose)
        way = float(np.linalg.norm(change.translation))
        return way > self._config.apart or (
            angle_of(change.rotation) > self._config.aside
        )

    def _doubt(self, found: list[Candidate]) -> str:
        config = self._config
        if not found:
            return "nothing to be seen that could be anywhere"
        best = found[0].trust
        if best < config.agreement:
            return f"agreement {best:.2f}, {config.agreement:.2f} wanted"
        if len(found) > 1 and best - found[1].trust < config.margin:
            return (
                f"agreement {best:.2f} here and {found[1].trust:.2f} elsewhere, "
                f"{config.margin:.2f} apart wanted"
            )
        return ""

    def _tried(self, points: Array, free: Array) -> list[tuple[float, SE3]]:
        """Return the best scores and where what was seen lies there, best first."""
        config = self._config
        reach = float(np.abs(points[:, :2]).max(initial=0.0))
        half = int(np.ceil(reach * np.sqrt(2.0) / config.resolution)) + 1
        side = fft.next_fast_len(self._size + 2 * half + 1, real=True)
        shape = (side, side)
        known = [fft.rfft2(_padded(band, shape)) for band in self._bands]
        map_free = fft.rfft2(_padded(self._free, shape))
        map_occupied = fft.rfft2(_padded(self._occupied, shape))
        volume = np.empty((config.headings, *self._occupied.shape), np.float32)
        for heading in range(config.headings):
            yaw = 2.0 * np.pi * heading / config.headings
            turned = upright(np.zeros(3), yaw)
            low = np.full(2, -(half + 0.5) * config.resolution)
            own = (2 * half + 1, 2 * half + 1)
            bands = _bands(moved(turned, points), 0.0, low, config.resolution, own)
            total = max(float(sum(band.sum() for band in bands)), 1.0)
            flat = moved(turned, np.column_stack([free, np.zeros(len(free))]))
            clear = _marked(flat[:, :2], low, config.resolution, own)
            score: Spectrum = np.zeros_like(map_free)
            occupied = np.zeros(own, np.float32)
            for band, spectrum in zip(bands, known, strict=True):
                score += spectrum * np.conj(fft.rfft2(_padded(band, shape))) / total
                occupied = np.maximum(occupied, band)
            weight = config.against
            seen = fft.rfft2(_padded(occupied, shape))
            score -= weight * map_free * np.conj(seen) / max(occupied.sum(), 1.0)
            passed = fft.rfft2(_padded(clear, shape))
            score -= weight * map_occupied * np.conj(passed) / max(clear.sum(), 1.0)
            whole = np.roll(fft.irfft2(score, shape), (half, half), axis=(0, 1))
            volume[heading] = whole[: volume.shape[1], : volume.shape[2]]
        # The robot stands where it is free.
        volume[:, self._occupied] = -np.inf
        return self._best(volume)

    def _best(self, volume: Grid) -> list[tuple[float, SE3]]:
        config, found = self._config, []
        reach = int(np.ceil(config.apart / config.resolution))
        turns = int(np.ceil(config.aside / (2.0 * np.pi / config.headings)))
        for _ in range(config.candidates):
            heading, row, column = np.unravel_index(np.argmax(volume), volume.shape)
            score = float(volume[heading, row, column])
            if not np.isfinite(score):
                break
            x, y = self._origin + config.resolution * (
                np.array([column, row], dtype=float) + 0.5
            )
            yaw = 2.0 * np.pi * float(heading) / config.headings
            found.append((score, upright(np.array([x, y, self._ground]), yaw)))
            near = np.arange(heading - turns, heading + turns + 1) % config.headings
            volume[
                near,
                max(0, row - reach) : row + reach + 1,
                max(0, column - reach) : column + reach + 1,
            ] = -np.inf
        return found


def _bands(
    points: Array,
    ground: float,
    origin: Array,
    resolution: float,
    shape: tuple[int, int],
) -> list[Grid]:
    """Return which cells have points in each band of height."""
    height = points[:, 2] - ground
    return [
        _marked(
            points[(height >= low) & (height < high), :2], origin, resolution, shape
        )
        for low, high in zip(BANDS[:-1], BANDS[1:], strict=True)
    ]


def _marked(
    places: Array, origin: Array, resolution: float, shape: tuple[int, int]
) -> Grid:
    """Return 1 in the cells in which a point lies, shape (rows along y, columns)."""
    grid: Grid = np.zeros(shape, np.float32)
    column, row = np.floor((places - origin) / resolution).astype(int).T
    inside = (column >= 0) & (row >= 0) & (column < shape[1]) & (row < shape[0])
    grid[row[inside], column[inside]] = 1.0
    return grid


def _padded(grid: npt.NDArray[np.generic], shape: tuple[int, int]) -> Grid:
    wide: Grid = np.zeros(shape, np.float32)
    wide[: grid.shape[0], : grid.shape[1]] = grid
    return wide
