# SPDX-License-Identifier: Apache-2.0
"""One trial of perception: walk past a world whose truth is known, and look."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from renxing.errors import ConfigError
from renxing.evaluation.ground import make_world
from renxing.evaluation.scenario import Setting, Share
from renxing.evaluation.sight import (
    LEVEL,
    Sight,
    height_errors,
    true_heights,
    within,
)
from renxing.mapping import (
    Heights,
    Traversability,
    TraversabilityConfig,
    traversability,
)
from renxing.mapping.traversability import RIM
from renxing.resources import resource
from renxing.robot import load_robot
from renxing.robot.description import Count, NotNegative, Part, Positive
from renxing.spatial import Array, Mask
from renxing.yaml_file import read_yaml

Kind = Literal["stereo", "tof"]
AT_EDGE = 3  # cells to both sides of an edge in which a drop may be seen
BEFORE = 4  # cells before an edge of which one must be known: it has been looked at
ENOUGH = 0.05  # [-] share of pixels with a measurement from which their errors count


class Scene(Part, frozen=True, kw_only=True):
    """A world to look at.

    Attributes:
        name: For people.
        world: Name of a file in `config/worlds`.
        setting: What the level sets.
        level: In the unit of the setting.
        end: Where the base stops, along x in odom [m].
        edge: Where the ground ends [m]; None where it does not.
    """

    name: str
    world: str
    setting: Setting
    level: float
    end: float
    edge: float | None = None


class Goal(Part, frozen=True, kw_only=True):
    """What is wanted, of the worst trial.

    Attributes:
        height: Greatest root mean square error of heights [m].
        lethal: Greatest share of walkable ground that is called lethal [-].
        missed: Most pieces of edges that are not seen as drops.
        gain: Greatest error of depth after conditioning by that before [-].
    """

    height: Positive
    lethal: Share
    missed: Annotated[int, Meta(ge=0)]
    gain: NotNegative


class Goals(Part, frozen=True, kw_only=True):
    """What is wanted of a robot.

    Attributes:
        must: Missing it fails the scorecard.
        aim: What is hoped for.
    """

    must: Goal
    aim: Goal


class PerceptionSuite(Part, frozen=True, kw_only=True):
    """The file `config/evaluation/perception.yaml`.

    Attributes:
        name: That of the file.
        title: For people.
        start: Where the base begins, along x in odom [m].
        images: Of each camera on the way.
        radius: Around the robot, in which the map is judged [m].
        until: Up to which x in odom walkable ground is judged [m].
        depth: Kinds of cameras; each scene is looked at with each.
        scenes: All worlds.
        quick: Names of those of the short set.
        robots: What is wanted of each robot.
    """

    name: str
    title: str
    start: float
    images: Count
    radius: Positive
    until: float
    depth: tuple[Kind, ...]
    scenes: tuple[Scene, ...]
    quick: tuple[str, ...]
    robots: dict[str, Goals]

    def __post_init__(self) -> None:
        """Refuse a short set of scenes that are not there."""
        names = [scene.name for scene in self.scenes]
        unknown = [name for name in self.quick if name not in names]
        if unknown:
            raise ValueError(f"quick: no scene {', '.join(unknown)}")


def load_perception(robot: str) -> tuple[PerceptionSuite, Goals]:
    """Return the scorecard and what it wants of a robot.

    Raises:
        ConfigError: If the file is malformed or has nothing for the robot.
    """
    suite, _ = read_yaml(resource("config/evaluation/perception.yaml"), PerceptionSuite)
    if robot not in suite.robots:
        raise ConfigError(
            f"robot '{robot}': no numbers for it in scorecard 'perception', which has "
            f"{', '.join(suite.robots)}"
        )
    return suite, suite.robots[robot]


@dataclass(frozen=True, slots=True, kw_only=True)
class PerceptionTrial:
    """What is run; the same trial gives the same result.

    Attributes:
        suite: The scorecard.
        scene: What is looked at.
        kind: Of the cameras.
        robot: Name or file.
        seed: Of the world and of all noise.
        pictures: Whether the outcome has them.
    """

    suite: PerceptionSuite
    scene: Scene
    kind: Kind
    robot: str
    seed: int
    pictures: bool = False

    def __str__(self) -> str:
        """Return what tells it from others, in words."""
        return f"{self.scene.name}, {self.kind}, seed {self.seed}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pictures:
    """What a trial saw last.

    Attributes:
        colour: Of the camera that sees most, shape (H, W, 3).
        raw: Error of its depth [m], NaN where there is none, shape (H, W).
        clean: The same after conditioning.
        height: Of the map's cells around the robot [m], NaN where nothing is known;
            x goes along the first axis.
        height_error: Of the same cells [m].
        score: How well they can be walked on, 0 to 1 [-].
        bounds: Least and greatest x and y of the cells [m].
    """

    colour: npt.NDArray[np.uint8]
    raw: Array
    clean: Array
    height: Array
    height_error: Array
    score: Array
    bounds: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PerceptionOutcome:
    """What came of a trial.

    Attributes:
        trial: Which one.
        measures: By name; units are in `perception_report.MEASURES`.
        pictures: If they were wanted.
    """

    trial: PerceptionTrial
    measures: dict[str, float]
    pictures: Pictures | None


def run_perception(trial: PerceptionTrial) -> PerceptionOutcome:
    """Run a trial.

    Raises:
        ConfigError: If something cannot be loaded, or the robot has no such cameras.
        DeviceError: If there is no OpenGL.
    """
    suite, scene = trial.suite, trial.scene
    robot = load_robot(trial.robot)
    world = make_world(scene.world, scene.setting, scene.level, trial.seed)
    sight = Sight(robot, world, seed=1000 * trial.seed, kind=trial.kind)
    try:
        heights = sight.walk(suite.start, scene.end, suite.images)
        measures = _depth_measures(sight)
    finally:
        sight.close()
    near = within(heights, scene.end, 0.0, suite.radius)
    away = near if scene.edge is None else near & ~_rim(heights, scene.edge)
    errors = height_errors(heights, world, away)
    measures |= {"height_rmse": errors.rmse, "height_p95": errors.p95}
    ground = traversability(heights, TraversabilityConfig())
    true, _ = true_heights(world, heights)
    if scene.edge is None:
        judged = near & (_x(heights) < suite.until)[:, None]
        measures["lethal"] = false_lethal(ground, judged)
    else:
        drops = drop_offs(heights, ground, scene.edge, near)
        measures["edge"] = float(drops.pieces)
        measures["missed"] = float(drops.missed)
        measures["invented"] = float(drops.invented)
        beyond = near & _rim(heights, scene.edge)
        measures["strayed"] = float(
            np.sum(heights.height[beyond] > true[beyond] + LEVEL)
        )
    pictures = _pictures(sight, heights, ground, true) if trial.pictures else None
    return PerceptionOutcome(trial=trial, measures=measures, pictures=pictures)


def _depth_measures(sight: Sight) -> dict[str, float]:
    """Return the errors of the last image of each camera."""
    measures = {}
    for camera in sight.cameras:
        before, after = sight.depth_errors(camera)
        for label, errors in (("raw", before), ("clean", after)):
            measures[f"{label}_covered/{camera.name}"] = errors.covered
            if min(before.covered, after.covered) >= ENOUGH:
                measures[f"{label}_rmse/{camera.name}"] = errors.rmse
                measures[f"{label}_gross/{camera.name}"] = errors.gross
        if min(before.covered, after.covered) >= ENOUGH:
            measures[f"gain/{camera.name}"] = after.rmse / before.rmse
    return measures


def _rim(heights: Heights, edge: float) -> Mask:
    """Return the cells behind an edge in which heights stray between both levels.

    Drops are judged there, and how many stray is counted, but heights are not.
    """
    x = _x(heights)
    behind = (x > edge) & (x < edge + (RIM + 0.5) * heights.resolution)
    rim: Mask = np.repeat(behind[:, None], len(x), axis=1)
    return rim


def _x(heights: Heights) -> Array:
    x: Array = heights.origin[0] + heights.resolution * np.arange(len(heights.height))
    return x


def false_lethal(ground: Traversability, where: Mask) -> float:
    """Return the share of known cells that are called lethal [-]; all can be walked on.

    Args:
        ground: As it was judged.
        where: Which cells count.
    """
    judged = where & np.isfinite(ground.score)
    return float(np.mean(ground.score[judged] <= 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class DropOffs:
    """An edge of the ground, in pieces as wide as a cell.

    Attributes:
        pieces: That have been looked at.
        missed: Of those, how many are not seen as a drop.
        invented: Drops seen on the level ground before the edge.
    """

    pieces: int
    missed: int
    invented: int


def drop_offs(
    heights: Heights, ground: Traversability, edge: float, near: Mask
) -> DropOffs:
    """Return what was seen of an edge across the robot's way.

    Args:
        heights: The map.
        ground: As it was judged.
        edge: Where the ground ends, along x in odom [m].
        near: Cells that count.
    """
    x, cell = _x(heights), heights.resolution
    before = (x > edge - (BEFORE - 1) * cell) & (x < edge)
    at_edge = np.abs(x - edge) < (AT_EDGE + 0.02) * cell
    beside = near[np.argmin(np.abs(x - edge))]
    seen = np.isfinite(heights.height)[before].any(axis=0) & beside
    found: Mask = np.asarray(ground.drop[at_edge].any(axis=0))
    # Nothing fits through a gap of one cell.
    found[1:-1] |= found[:-2] & found[2:]
    level = x < edge - (AT_EDGE + 0.5) * cell
    return DropOffs(
        pieces=int(seen.sum()),
        missed=int((seen & ~found).sum()),
        invented=int(ground.drop[level].sum()),
    )


def _pictures(
    sight: Sight, heights: Heights, ground: Traversability, true: Array
) -> Pictures:
    # The one that sees most of it.
    images = sight.images.values()
    image = max(images, key=lambda one: int(np.count_nonzero(one.clean.depth)))

    def error(depth: npt.NDArray[np.float32]) -> Array:
        valid = (depth > 0.0) & (image.look.depth > 0.0)
        off = depth.astype(float) - image.look.depth
        return np.where(valid, off, np.nan)

    n, cell = len(heights.height), heights.resolution
    x, y = (float(v) for v in heights.origin - 0.5 * cell)
    return Pictures(
        colour=image.look.colour,
        raw=error(image.raw),
        clean=error(image.clean.depth),
        height=heights.height.astype(float),
        height_error=heights.height.astype(float) - true,
        score=ground.score.astype(float),
        bounds=(x, x + n * cell, y, y + n * cell),
    )


def trials_of(
    suite: PerceptionSuite, robot: str, seeds: Sequence[int], *, quick: bool
) -> list[PerceptionTrial]:
    """Return all trials; those of the first seed bring pictures.

    Args:
        suite: The scorecard.
        robot: Name or file.
        seeds: Each scene is looked at with each.
        quick: Only the short set.
    """
    return [
        PerceptionTrial(
            suite=suite,
            scene=scene,
            kind=kind,
            robot=robot,
            seed=seed,
            pictures=seed == seeds[0],
        )
        for seed in seeds
        for scene in suite.scenes
        if not quick or scene.name in suite.quick
        for kind in suite.depth
    ]
