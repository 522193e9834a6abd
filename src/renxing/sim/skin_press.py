# SPDX-License-Identifier: Apache-2.0
"""What a contact becomes under a soft cover: a force -> pressure on each taxel.

A round thing of radius R that is pressed on the cover with a force F touches it in a
disc of the radius a = (3 F R / 4 E*)^(1/3), with the pressure of Hertz in it (Johnson,
Contact Mechanics, 1985, section 4.2). A point force on the cover presses at its depth h
with 3 F h³ / (2 pi (r² + h²)^(5/2)) (Boussinesq; Johnson, section 3.2). What a taxel
gets of it is the integral over its square, in closed form (Holl 1940, "Stress
transmission in earths"; the corner of Newmark's chart). The disc is taken at seven
places, which is exact for polynomials of the fifth degree in Hertz's pressure.
"""

import math

import numpy as np
from numba import njit

from renxing.spatial import Array

RING_WEIGHT, RING_RADIUS = 0.7, math.sqrt(4.0 / 7.0)  # of the disc's whole and of a


@njit(cache=True, error_model="numpy")
def press(
    x: float,
    y: float,
    force: float,
    radius: float,
    cover: float,
    pitch: float,
    pressure: Array,
) -> None:
    """Add the pressure of one contact to a patch.

    The cover ends with the patch, so that all of the force stays within it.

    Args:
        x: Middle of the contact in the patch's frame [m].
        y: The same [m].
        force: Into the skin [N].
        radius: Of the disc that is touched [m]; 0 for a point.
        cover: How deep the taxels lie [m].
        pitch: Distance of the taxels, and side of their squares [m].
        pressure: To add to [Pa], shape (rows, columns).
    """
    rows, columns = pressure.shape
    corners = np.zeros((rows + 1, columns + 1))
    for k in range(7 if radius > 0.0 else 1):
        weight, px, py = 1.0 - RING_WEIGHT, x, y
        if radius <= 0.0:
            weight = 1.0
        elif k > 0:
            weight = RING_WEIGHT / 6.0
            angle = k * math.pi / 3.0
            px += RING_RADIUS * radius * math.cos(angle)
            py += RING_RADIUS * radius * math.sin(angle)
        for i in range(rows + 1):
            v = (i - 0.5 * rows) * pitch - py
            for j in range(columns + 1):
                u = (j - 0.5 * columns) * pitch - px
                r = math.sqrt(u * u + v * v + cover * cover)
                far = 1.0 / (u * u + cover * cover) + 1.0 / (v * v + cover * cover)
                corners[i, j] += weight * (
                    math.atan(u * v / (cover * r)) + u * v * cover / r * far
                )
    whole = (
        corners[rows, columns] - corners[0, columns] - corners[rows, 0] + corners[0, 0]
    )
    scale = force / (whole * pitch * pitch)
    for i in range(rows):
        for j in range(columns):
            share = corners[i + 1, j + 1] - corners[i, j + 1]
            share -= corners[i + 1, j] - corners[i, j]
            pressure[i, j] += scale * share


def touched_radius(force: float, round_radius: float, modulus: float) -> float:
    """Return the radius of the disc that is touched [m].

    Args:
        force: [N].
        round_radius: Of the thing that touches, R [m].
        modulus: Plane-strain modulus of the cover, E* [Pa].
    """
    return math.cbrt(0.75 * force * round_radius / modulus)


@njit(
    "b1(f8[::1], f8[::1], i8, f8, f8, f8, f8, f8, f8[:,::1])",
    cache=True,
    error_model="numpy",
)
def press_along(
    first: Array,
    last: Array,
    count: int,
    force: float,
    radius: float,
    cover: float,
    pitch: float,
    depth: float,
    pressure: Array,
) -> bool:
    """Add the pressure of a contact that is spread along a way, as far as it is there.

    Args:
        first: Where it begins, in the patch's frame [m], shape (3,).
        last: Where it ends [m], shape (3,).
        count: Into how many parts it is divided.
        force: Of all parts, into the skin [N].
        radius: Of the disc that each part touches [m].
        cover: As for `press`.
        pitch: As for `press`.
        depth: Above or below the patch's plane at most [m]; else it is not on it.
        pressure: As for `press`.

    Returns:
        Whether any part lies on the patch.
    """
    rows, columns = pressure.shape
    there = False
    for part in range(count):
        share = (part + 0.5) / count
        x = first[0] + share * (last[0] - first[0])
        y = first[1] + share * (last[1] - first[1])
        z = first[2] + share * (last[2] - first[2])
        if (
            abs(x) <= 0.5 * columns * pitch
            and abs(y) <= 0.5 * rows * pitch
            and abs(z) <= depth
        ):
            press(x, y, force / count, radius, cover, pitch, pressure)
            there = True
    return there
