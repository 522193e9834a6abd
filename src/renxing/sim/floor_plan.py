# SPDX-License-Identifier: Apache-2.0
"""Where a robot of some height bumps into a world, seen from above.

In: `World`.  Out: occupancy, for a map that a simulated robot can be given.
Method: a shape is in the way where a part of it lies in the band of heights between
what a foot clears and the top of the head. Boxes that are tilted count with the box
around them.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from renxing.sim.shapes import Shape, World
from renxing.spatial import Array

Occupancy = npt.NDArray[np.int8]

OCCUPIED, FREE = 100, 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorPlanConfig:
    """What is drawn.

    Attributes:
        resolution: Side of a cell [m].
        margin: Free floor around everything [m].
        low: Height above the ground up to which things are stepped over [m].
        high: Height above which they are walked under [m].
    """

    resolution: float = field(default=0.05, metadata={"min": 0.01, "max": 0.5})
    margin: float = field(default=2.0, metadata={"min": 0.5, "max": 50.0})
    low: float = field(default=0.05, metadata={"min": 0.0, "max": 0.5})
    high: float = field(default=1.9, metadata={"min": 0.5, "max": 4.0})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FloorPlan:
    """A drawn floor.

    Attributes:
        occupancy: 100 occupied or 0 free [%], shape (rows, columns), rows along y.
        resolution: Side of a cell [m].
        origin: Lower left corner in odom of the world [m], shape (2,).
    """

    occupancy: Occupancy
    resolution: float
    origin: Array


def floor_plan(world: World, config: FloorPlanConfig) -> FloorPlan:
    """Draw what never moves in a world; things that can be pushed are left out.

    Args:
        world: The world.
        config: What is drawn.
    """
    size = config.resolution
    corners = [_corners(shape) for shape in world.fixed]
    places = np.concatenate([np.zeros((1, 3)), *corners])[:, :2]
    first = np.floor((places.min(0) - config.margin) / size)
    last = np.ceil((places.max(0) + config.margin) / size)
    columns, rows = (last - first).astype(int)
    origin = first * size
    occupancy = np.full((rows, columns), FREE, np.int8)
    y, x = np.meshgrid(
        origin[1] + size * (np.arange(rows) + 0.5),
        origin[0] + size * (np.arange(columns) + 0.5),
        indexing="ij",
    )
    middles = np.stack([x, y], -1)
    for shape, corner in zip(world.fixed, corners, strict=True):
        bottom, top = corner[:, 2].min(), corner[:, 2].max()
        band = world.ground + config.low, world.ground + config.high
        if top > band[0] and bottom < band[1]:
            occupancy[_covers(shape, corner, middles, size)] = OCCUPIED
    return FloorPlan(occupancy=occupancy, resolution=size, origin=origin)


def _half(shape: Shape) -> Array:
    """Return half the edge lengths of the box around a shape, in its frame [m]."""
    a, b, c = shape.size
    if shape.kind == "box":
        return 0.5 * np.array([a, b, c])
    if shape.kind == "cylinder":
        return np.array([a, a, 0.5 * b])
    return np.array([a, a, a])


def _corners(shape: Shape) -> Array:
    """Return the corners of the box around a shape, in odom [m], shape (8, 3)."""
    signs = np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)])
    pose = shape.transform_shape_to_parent
    return np.asarray(signs * _half(shape) @ pose.rotation.T + pose.translation)


def _covers(
    shape: Shape, corners: Array, middles: Array, size: float
) -> npt.NDArray[np.bool_]:
    """Say which cells a shape touches from above, shape (rows, columns)."""
    pose = shape.transform_shape_to_parent
    offset = middles - pose.translation[:2]
    near = 0.5 * size  # thin things fall between the middles of cells otherwise
    upright = abs(pose.rotation[2, 2]) > 0.999
    if upright and shape.kind == "box":
        inside = np.abs(offset @ pose.rotation[:2, :2]) <= _half(shape)[:2] + near
        return np.asarray(inside.all(-1))
    if shape.kind == "sphere" or upright:
        return np.asarray(np.linalg.norm(offset, axis=-1) <= shape.size[0] + near)
    low, high = corners[:, :2].min(0) - near, corners[:, :2].max(0) + near
    return np.asarray(((middles >= low) & (middles <= high)).all(-1))
