# SPDX-License-Identifier: Apache-2.0
"""Rooms from above, and the ways that were walked in them, as one PNG."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from renxing.environment import require_extra
from renxing.evaluation.document import png
from renxing.sim import World
from renxing.sim.shapes import MovableObject, Shape
from renxing.spatial import SE3, Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 4
SIDE = 3.2  # [in] of one room
GOOD, BAD = "#0a7a35", "#b3261e"
FAR = 1.2  # [m] shown around what stands there


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Route:
    """A way in a room.

    Attributes:
        title: In a few words.
        world: The room.
        track: Where the base was, in rows that begin with x, y [m].
        well: Whether it counts as a success.
    """

    title: str
    world: World
    track: Array
    well: bool


def draw(routes: Sequence[Route]) -> bytes:
    """Return rooms from above as PNG, one beside the other.

    Grey is what never moves, in its own colour what can; the blue line is where the
    robot walked, from the ring to the dot; dashed is where people walk.

    Raises:
        ConfigError: If the extra with the plots is absent and cannot be fetched.
    """
    require_extra("evaluation")
    # Without pyplot nothing is kept of the last figure, and no screen is asked for.
    from matplotlib.figure import Figure

    columns = min(COLUMNS, len(routes))
    rows = math.ceil(len(routes) / columns)
    size = (SIDE * columns, SIDE * rows)
    figure = Figure(figsize=size, dpi=80, layout="constrained")
    axes = np.atleast_1d(figure.subplots(rows, columns)).reshape(-1)
    for axis, route in zip(axes, routes, strict=False):
        _draw(axis, route)
    for axis in axes[len(routes) :]:
        axis.set_axis_off()
    return png(figure)


def _draw(axis: "Axes", route: Route) -> None:
    world = route.world
    for shape in world.fixed:
        _add(axis, shape, shape.transform_shape_to_parent, "0.75")
    # What stands on something is seen on it.
    for thing in sorted(world.objects, key=_height):
        for shape in thing.shapes:
            pose = thing.transform_object_to_odom * shape.transform_shape_to_parent
            _add(axis, shape, pose, shape.color)
    for person in world.people:
        start = person.transform_person_to_odom.translation[:2]
        path = np.array([start, *person.walk.way])
        axis.plot(path[:, 0], path[:, 1], "--", color="C1", linewidth=1.0)
    track = np.asarray(route.track, float)
    if track.size:
        axis.plot(track[:, 0], track[:, 1], color="C0", linewidth=1.4)
        axis.plot(*track[0, :2], "o", color="C0", fillstyle="none", markersize=6)
        axis.plot(*track[-1, :2], "o", color="C0", markersize=5)
    axis.set_title(
        route.title, fontsize=8, color="#0a7a35" if route.well else "#b3261e"
    )
    axis.set_aspect("equal")
    axis.margins(0.0)
    _frame(axis, route)
    axis.tick_params(labelsize=6)


def _frame(axis: "Axes", route: Route) -> None:
    """Show what was walked and what stands there, and no more."""
    places = [s.transform_shape_to_parent.translation[:2] for s in route.world.fixed]
    places += [p.transform_person_to_odom.translation[:2] for p in route.world.people]
    places += [place[:2] for place in route.track] or [np.zeros(2)]
    low, high = np.min(places, axis=0) - FAR, np.max(places, axis=0) + FAR
    axis.set_xlim(low[0], high[0])
    axis.set_ylim(low[1], high[1])


def _height(thing: MovableObject) -> float:
    return float(thing.transform_object_to_odom.translation[2])


def _add(axis: "Axes", shape: Shape, pose: SE3, color: object) -> None:
    """Add a shape, seen from above."""
    from matplotlib.patches import Circle, Polygon

    x, y = pose.translation[:2]
    if shape.kind == "box":
        half = 0.5 * np.array(shape.size[:2])
        corners = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * half
        flat = pose.rotation[:2, :2]
        points = corners @ flat.T + (x, y)
        axis.add_patch(Polygon(points, color=color))
    else:
        axis.add_patch(Circle((x, y), shape.size[0], color=color))
