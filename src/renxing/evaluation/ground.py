# SPDX-License-Identifier: Apache-2.0
"""The worlds of trials: things made as big as a level says, and their heights."""

import msgspec
import numpy as np

from renxing.errors import ConfigError
from renxing.evaluation.scenario import Setting
from renxing.resources import resource
from renxing.signals import ElevationMap
from renxing.sim.shapes import Shape, World
from renxing.sim.things import Blocks, Box, Ramp, Stairs
from renxing.sim.world import WorldFile
from renxing.spatial import Array
from renxing.yaml_file import read_yaml

RESOLUTION = 0.02  # [m] of an elevation map
MARGIN = 1.5  # [m] of ground around the things of a world
SEAM = 1e-6  # [m] by which boxes are wider, or there would be cracks between two


def make_world(name: str, setting: Setting, level: float, seed: int) -> World:
    """Return a world with its things as high or steep as the level says.

    Args:
        name: Of a file in `config/worlds`.
        setting: What the level sets; other settings leave the world as it is.
        level: In the unit of the setting.
        seed: Of what is random in the world.

    Raises:
        ConfigError: If the world has no thing that the level could set.
    """
    file, _ = read_yaml(resource(f"config/worlds/{name}.yaml"), WorldFile)
    ground, changed = file.ground, setting in _ELSEWHERE
    if setting == "drop":
        ground, changed = -level, True
    fixed = []
    for thing in file.fixed:
        if isinstance(thing, Blocks):
            thing = msgspec.structs.replace(thing, seed=seed)
        if setting == "slope" and isinstance(thing, Ramp):
            thing = msgspec.structs.replace(thing, angle=float(np.radians(level)))
            changed = True
        elif setting == "rise" and isinstance(thing, Stairs):
            thing = msgspec.structs.replace(thing, rise=level)
            changed = True
        elif setting == "height" and isinstance(thing, Blocks):
            thing = msgspec.structs.replace(thing, height=(0.0, level))
            changed = True
        elif setting in ("slipperiness", "softness") and isinstance(thing, Box):
            change = (
                {"friction": 1.0 - level}
                if setting == "slipperiness"
                else {"softness": level}
            )
            thing = msgspec.structs.replace(thing, **change)
            changed = True
        fixed.append(thing)
    if not changed:
        raise ConfigError(f"world '{name}': has nothing whose {setting} could be set")
    return World(
        name=file.name,
        friction=file.friction,
        ground=ground,
        fixed=tuple(shape for thing in fixed for shape in thing.shapes()),
        objects=(),
    )


_ELSEWHERE = ("nothing", "speed", "impulse", "mass", "still_within")


def extent(world: World) -> tuple[Array, Array]:
    """Return the least and greatest x and y of a world's things [m], shape (2,) each.

    Both are zero in an empty world.
    """
    corners = [_corners(shape) for shape in world.fixed]
    if not corners:
        return np.zeros(2), np.zeros(2)
    points = np.concatenate(corners)[:, :2]
    return points.min(axis=0), points.max(axis=0)


def elevation_map(world: World) -> ElevationMap:
    """Return the heights of a world's boxes and its ground; other shapes are left out.

    Heights are what a ray from above hits first (Kay & Kajiya 1986, slabs).
    """
    low, high = extent(world)
    low, high = low - MARGIN, high + MARGIN
    count = np.ceil((high - low) / RESOLUTION).astype(int) + 1
    x = low[0] + RESOLUTION * np.arange(count[0])
    y = low[1] + RESOLUTION * np.arange(count[1])
    heights = np.full((count[0], count[1]), world.ground)
    for shape in world.fixed:
        if shape.kind != "box":
            continue
        corners = _corners(shape)
        first, last = corners.min(axis=0) - SEAM, corners.max(axis=0) + SEAM
        i = slice(*np.searchsorted(x, (first[0], last[0])))
        j = slice(*np.searchsorted(y, (first[1], last[1])))
        top = _top(shape, x[i], y[j])
        heights[i, j] = np.fmax(heights[i, j], top)
    return ElevationMap(stamp=0.0, origin=low, resolution=RESOLUTION, height=heights)


def _corners(shape: Shape) -> Array:
    """Return the corners of a box around a shape in odom [m], shape (8, 3)."""
    a, b, c = shape.size
    half = {
        "box": (a / 2, b / 2, c / 2),
        "cylinder": (a, a, b / 2),
        "sphere": (a, a, a),
    }[shape.kind]
    signs = np.array(np.meshgrid((-1, 1), (-1, 1), (-1, 1))).reshape(3, 8).T
    pose = shape.transform_shape_to_parent
    return np.asarray(signs * half @ pose.rotation.T + pose.translation)


def _top(box: Shape, x: Array, y: Array) -> Array:
    """Return the greatest height of a box above each (x, y) [m]; NaN beside it."""
    pose = box.transform_shape_to_parent
    rotation, half = pose.rotation, np.array(box.size) / 2 + (SEAM, SEAM, 0.0)
    grid = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1)
    start = (
        np.concatenate([grid, np.zeros((*grid.shape[:2], 1))], axis=2)
        - pose.translation
    ) @ rotation
    upwards = rotation[2]
    lower = np.full(grid.shape[:2], -np.inf)
    upper = np.full(grid.shape[:2], np.inf)
    for axis in range(3):
        if abs(upwards[axis]) < 1e-9:
            beside = np.abs(start[..., axis]) > half[axis]
            upper[beside] = -np.inf
            continue
        ends = (
            np.array([[-half[axis]], [half[axis]]]).reshape(2, 1, 1) - start[..., axis]
        ) / upwards[axis]
        lower = np.maximum(lower, ends.min(axis=0))
        upper = np.minimum(upper, ends.max(axis=0))
    return np.where(lower <= upper, upper, np.nan)
