# SPDX-License-Identifier: Apache-2.0
"""One trial of perception: walk past a world whose truth is known, and look."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renxing.evaluation.ground import make_world
from renxing.evaluation.ledges import along, behind_edge, drop_offs, false_lethal
from renxing.evaluation.perception_suite import PerceptionTrial
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
from renxing.robot import load_robot
from renxing.spatial import Array

ENOUGH = 0.05  # [-] share of pixels with a measurement from which their errors count


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
    away = near if scene.edge is None else near & ~behind_edge(heights, scene.edge)
    errors = height_errors(heights, world, away)
    measures |= {"height_rmse": errors.rmse, "height_p95": errors.p95}
    ground = traversability(heights, TraversabilityConfig())
    true, _ = true_heights(world, heights)
    if scene.edge is None:
        judged = near & (along(heights) < suite.until)[:, None]
        measures["lethal"] = false_lethal(ground, judged)
    else:
        drops = drop_offs(heights, ground, scene.edge, near)
        measures["edge"] = float(drops.pieces)
        measures["missed"] = float(drops.missed)
        measures["invented"] = float(drops.invented)
        beyond = near & behind_edge(heights, scene.edge)
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
