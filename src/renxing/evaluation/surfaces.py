# SPDX-License-Identifier: Apache-2.0
"""How far points are from the true surfaces of a world."""

import numpy as np

from renxing.sim import World
from renxing.sim.shapes import Shape
from renxing.spatial import Array


def distance(world: World, points: Array) -> Array:
    """Return the distance to the nearest surface [m], shape (N,).

    Args:
        world: Its ground and its fixed shapes count.
        points: In odom [m], shape (N, 3).
    """
    nearest = np.abs(points[:, 2] - world.ground)
    for shape in world.fixed:
        nearest = np.minimum(nearest, np.abs(_signed(shape, points)))
    return nearest


def clearance(world: World, points: Array) -> Array:
    """Return how far points are from the fixed shapes; negative inside [m], (N,)."""
    nearest = np.full(len(points), np.inf)
    for shape in world.fixed:
        nearest = np.minimum(nearest, _signed(shape, points))
    return nearest


def _signed(shape: Shape, points: Array) -> Array:
    """Return signed distances to a shape (Quilez, "distance functions")."""
    pose = shape.transform_shape_to_parent
    local = (points - pose.translation) @ pose.rotation
    a, b, c = shape.size
    if shape.kind == "sphere":
        return np.asarray(np.linalg.norm(local, axis=1) - a)
    if shape.kind == "cylinder":
        radial = np.hypot(local[:, 0], local[:, 1]) - a
        over = np.column_stack([radial, np.abs(local[:, 2]) - 0.5 * b])
    else:
        over = np.abs(local) - 0.5 * np.array([a, b, c])
    outside = np.linalg.norm(np.maximum(over, 0.0), axis=1)
    return np.asarray(outside + np.minimum(over.max(axis=1), 0.0))
