# SPDX-License-Identifier: Apache-2.0
"""Where a foot can stand on known ground, and what it must clear; compiled."""

import math

import numpy as np
from numba import njit

from renxing.spatial import Array

FLAT = 0.015  # [m] that the ground under a sole may differ
SHIFT = 0.02  # [m] between two places that are tried


@njit(cache=True)
def height_at(
    heights: Array, origin: Array, resolution: float, x: float, y: float
) -> float:
    """Return the height of the nearest cell [m]; NaN outside the map."""
    i = int(math.floor((x - origin[0]) / resolution + 0.5))
    j = int(math.floor((y - origin[1]) / resolution + 0.5))
    if i < 0 or j < 0 or i >= heights.shape[0] or j >= heights.shape[1]:
        return np.nan
    return float(heights[i, j])


@njit(cache=True)
def patch(
    heights: Array,
    origin: Array,
    resolution: float,
    place: Array,
    yaw: float,
    half: Array,
) -> tuple[float, float, float, float]:
    """Fit a plane under a sole.

    Args:
        heights: The map's cells [m].
        origin: Of the map [m], shape (2,).
        resolution: Of the map [m].
        place: Centre of the sole [m], shape (2,).
        yaw: Its heading [rad].
        half: Half length and half width to look at [m], shape (2,).

    Returns:
        Height at the centre [m], slope ahead and to the left [-], and how far the
        ground sticks out of that plane [m]; NaN where ground is unknown.
    """
    c, s = math.cos(yaw), math.sin(yaw)
    z = np.empty((5, 3))
    for i in range(5):
        for j in range(3):
            a, b = (i - 2) / 2.0 * half[0], (j - 1.0) * half[1]
            z[i, j] = height_at(
                heights,
                origin,
                resolution,
                place[0] + c * a - s * b,
                place[1] + s * a + c * b,
            )
    mean = z.mean()
    ahead, across = 0.0, 0.0
    for i in range(5):
        for j in range(3):
            ahead += z[i, j] * (i - 2) / 2.0
            across += z[i, j] * (j - 1.0)
    # Sums of squares of the sample places: 3 * (1 + 1/4 + 0 + 1/4 + 1), 5 * 2.
    ahead, across = ahead / 7.5, across / 10.0
    rough = 0.0
    for i in range(5):
        for j in range(3):
            plane = mean + ahead * (i - 2) / 2.0 + across * (j - 1.0)
            rough = max(rough, abs(z[i, j] - plane))
            if math.isnan(z[i, j]):
                rough = np.nan
    return mean, ahead / half[0], across / half[1], rough


@njit(cache=True)
def stand_place(
    heights: Array,
    origin: Array,
    resolution: float,
    place: Array,
    yaw: float,
    half: Array,
    reach: float,
) -> Array:
    """Return the nearest place ahead or behind where the whole sole is carried.

    Args:
        heights: The map's cells [m].
        origin: Of the map [m], shape (2,).
        resolution: Of the map [m].
        place: Wanted centre of the sole [m], shape (2,).
        yaw: Its heading [rad].
        half: Half length and half width of the sole [m], shape (2,).
        reach: How far to look [m].

    Returns:
        The place [m], shape (2,); the least rough one if none is good, and `place`
        itself where the ground is unknown.
    """
    c, s = math.cos(yaw), math.sin(yaw)
    best, best_rough = place.copy(), np.inf
    count = int(reach / SHIFT)
    for k in range(2 * count + 1):
        # 0, 1, -1, 2, -2, ...
        shift = SHIFT * ((k + 1) // 2) * (1 if k % 2 else -1)
        tried = np.array([place[0] + c * shift, place[1] + s * shift])
        _, _, _, rough = patch(heights, origin, resolution, tried, yaw, half)
        if rough < FLAT:
            return tried
        if rough < best_rough:
            best, best_rough = tried, rough
    return best


@njit(cache=True)
def flat_stretches(
    heights: Array,
    origin: Array,
    resolution: float,
    start: Array,
    direction: Array,
    yaw: float,
    half: Array,
    span: Array,
) -> Array:
    """Return where along a line the whole sole is carried.

    Args:
        heights: The map's cells [m].
        origin: Of the map [m], shape (2,).
        resolution: Of the map [m].
        start: Of the line [m], shape (2,).
        direction: Of the line, of unit length, shape (2,).
        yaw: Heading of the sole [rad].
        half: Half length and half width of the sole [m], shape (2,).
        span: Of the line, from and to [m], shape (2,).

    Returns:
        From and to of each stretch, from the start on [m], shape (S, 2). Ground that
        is unknown counts as flat: it cannot be told from it.
    """
    count = int((span[1] - span[0]) / SHIFT) + 1
    found = np.empty((count + 1, 2))
    stretches, flat_before = 0, False
    for k in range(count + 1):
        way = min(span[0] + k * SHIFT, span[1])
        place = start + way * direction
        _, _, _, rough = patch(heights, origin, resolution, place, yaw, half)
        flat = not rough >= FLAT  # also where it is NaN
        if flat and not flat_before:
            found[stretches, 0] = way
            stretches += 1
        if flat:
            found[stretches - 1, 1] = way
        flat_before = flat
    return found[:stretches]


@njit(cache=True)
def highest(
    heights: Array,
    origin: Array,
    resolution: float,
    start: Array,
    end: Array,
    half: float,
) -> float:
    """Return the greatest height that a sole passes over between two places [m].

    Args:
        heights: The map's cells [m].
        origin: Of the map [m], shape (2,).
        resolution: Of the map [m].
        start: Centre of the sole at lift-off [m], shape (2,).
        end: At touchdown [m], shape (2,).
        half: Half length of the sole [m].

    Returns:
        -inf if nothing is known there.
    """
    length = math.hypot(end[0] - start[0], end[1] - start[1])
    if length < 1e-6:
        z = height_at(heights, origin, resolution, end[0], end[1])
        return -np.inf if math.isnan(z) else z
    dx, dy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    top = -np.inf
    count = int((length + 2.0 * half) / resolution) + 1
    for k in range(count + 1):
        way = -half + k * resolution
        z = height_at(
            heights, origin, resolution, start[0] + dx * way, start[1] + dy * way
        )
        if z > top:
            top = z
    return top


def rehearse() -> None:
    """Compile, or load what was compiled: the first map shall not make a tick late."""
    grid = (np.zeros((3, 3)), np.zeros(2), 1.0)
    here, sole = np.ones(2), np.array([0.1, 0.05])
    patch(*grid, here, 0.0, sole)
    stand_place(*grid, here, 0.0, sole, 0.1)
    flat_stretches(*grid, here, here, 0.0, sole, here)
    highest(*grid, here, here + 0.5, 0.1)
