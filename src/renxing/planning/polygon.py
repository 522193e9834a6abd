# SPDX-License-Identifier: Apache-2.0
"""Polygons on the floor: what is inside, what is near, what a straight way crosses."""

import math
from collections.abc import Iterator, Sequence

Point = tuple[float, float]
TOUCH = 1e-9  # [m] below which two things touch


def contains(polygon: Sequence[Point], point: Point) -> bool:
    """Tell whether a point is inside, by the parity of crossings of a ray along +x."""
    x, y = point
    inside = False
    for (ax, ay), (bx, by) in _edges(polygon):
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            inside = not inside
    return inside


def distance(polygon: Sequence[Point], point: Point) -> float:
    """Return the distance from the border of a polygon to a point [m]."""
    return min(_to_segment(a, b, point) for a, b in _edges(polygon))


def crosses(polygon: Sequence[Point], start: Point, end: Point, margin: float) -> bool:
    """Tell whether a straight way touches a polygon or comes nearer than a margin [m].

    Two segments are nearest at an end of one of them unless they cross.
    """
    if contains(polygon, start) or contains(polygon, end):
        return True
    for a, b in _edges(polygon):
        if _cross(a, b, start, end):
            return True
        near = min(
            _to_segment(a, b, start),
            _to_segment(a, b, end),
            _to_segment(start, end, a),
            _to_segment(start, end, b),
        )
        # A way through a corner crosses no side, and is rounded.
        if near < max(margin, TOUCH):
            return True
    return False


def _edges(polygon: Sequence[Point]) -> Iterator[tuple[Point, Point]]:
    for index, corner in enumerate(polygon):
        yield polygon[index - 1], corner


def _to_segment(a: Point, b: Point, point: Point) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = dx * dx + dy * dy
    along = (point[0] - a[0]) * dx + (point[1] - a[1]) * dy
    share = min(1.0, max(0.0, along / length)) if length > 0.0 else 0.0
    return math.hypot(point[0] - a[0] - share * dx, point[1] - a[1] - share * dy)


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
