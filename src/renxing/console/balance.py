# SPDX-License-Identifier: Apache-2.0
"""How a walking robot keeps its balance, drawn over it.

Yellow is the centre of mass and its shadow, magenta the capture point, cyan the wanted
centre of pressure, green what carries, orange the next foothold, red the forces of the
ground.
"""

import numpy as np
import numpy.typing as npt
import viser

from renxing.console.report import Balance
from renxing.robot import Robot
from renxing.spatial import Array

LOADED = 20.0  # [N] from which a sole carries
LIFT = 0.006  # [m] of lines above the ground, so that they do not flicker
NEWTONS = 1000.0  # that an arrow of one metre stands for
YELLOW, MAGENTA, CYAN = (250, 190, 20), (214, 40, 140), (20, 160, 220)
GREEN, ORANGE, RED = (47, 158, 68), (247, 103, 7), (224, 49, 49)


class BalanceView:
    """The overlay; it appears with the first news."""

    def __init__(self, server: viser.ViserServer, robot: Robot) -> None:
        """Send its parts to the page, hidden.

        Args:
            server: The page's server.
            robot: The robot, whose soles are outlined.
        """
        scene = server.scene
        self._feet = robot.description.feet
        self._root = scene.add_frame("/balance", show_axes=False, visible=False)
        self._com = scene.add_icosphere("/balance/com", 0.045, YELLOW)
        # It lies within the trunk: its name is what shines through.
        scene.add_label(
            "/balance/com/name", "CoM", font_screen_scale=0.8, anchor="center-center"
        )
        self._points = [
            scene.add_cylinder(f"/balance/{name}", radius, 0.004, color)
            for name, radius, color in (
                ("shadow", 0.022, YELLOW),
                ("capture_point", 0.028, MAGENTA),
                ("centre_of_pressure", 0.022, CYAN),
            )
        ]
        corners = 4 * len(self._feet)
        self._support = scene.add_mesh_simple(
            "/balance/support",
            np.zeros((corners, 3)),
            # A fan: the hull is convex.
            np.array([(0, i, i + 1) for i in range(1, corners - 1)], dtype=np.uint32),
            color=GREEN,
            opacity=0.35,
            side="double",
            cast_shadow=False,
            receive_shadow=False,
        )
        self._edge = outline(scene, "/balance/edge", corners, GREEN)
        self._foothold = outline(scene, "/balance/foothold", 4, ORANGE)
        self._plumb = scene.add_line_segments(
            "/balance/plumb", np.zeros((1, 2, 3)), YELLOW, thickness=0.006
        )
        self._forces = [
            scene.add_arrows(
                f"/balance/{foot.name}_force",
                np.zeros((1, 2, 3)),
                RED,
                shaft_radius=0.01,
                head_radius=0.024,
                head_length=0.05,
                visible=False,
            )
            for foot in self._feet
        ]
        # The legs hide the arrows; words shine through.
        self._newtons = [
            scene.add_label(
                f"/balance/{foot.name}_newtons",
                "",
                font_screen_scale=0.8,
                anchor="center-center",
                visible=False,
            )
            for foot in self._feet
        ]
        self._wanted = True

    def want(self, wanted: bool) -> None:
        """Show it or not, as the operator likes."""
        self._wanted = wanted
        if not wanted:
            self._root.visible = False

    def show(self, balance: Balance | None) -> None:
        """Refresh it; None hides it: nobody balances."""
        visible = self._wanted and balance is not None
        if self._root.visible != visible:
            self._root.visible = visible
        if balance is None or not visible:
            return
        ground = min(float(sole.translation[2]) for sole in balance.soles) + LIFT
        com = balance.com
        self._com.position = com
        shadow = np.array([com[0], com[1], ground])
        self._plumb.points = _floats([[shadow, com]])
        spots = (com, balance.capture_point, balance.centre_of_pressure)
        for level, (disc, spot) in enumerate(zip(self._points, spots, strict=True)):
            # One above the other, where they are at the same place.
            disc.position = (spot[0], spot[1], ground + 0.002 * (1 + level))
        self._show_feet(balance, ground)

    def _show_feet(self, balance: Balance, ground: float) -> None:
        rectangles = [
            np.array([(x, y, 0.0) for x, y in sole_rectangle(foot.x, foot.y)])
            for foot in self._feet
        ]
        carrying: list[Array] = []
        swinging = None
        for index, (sole, force) in enumerate(
            zip(balance.soles, balance.forces, strict=True)
        ):
            loaded = force[2] > LOADED
            if loaded:
                carrying.append(rectangles[index] @ sole.rotation.T + sole.translation)
                end = sole.translation + sole.rotation @ force / NEWTONS
                self._forces[index].points = _floats([[sole.translation, end]])
                self._newtons[index].text = f"{force[2]:.0f} N"
                self._newtons[index].position = sole.act(np.array([0.0, 0.0, 0.1]))
            else:
                swinging = index
            if self._forces[index].visible != loaded:
                self._forces[index].visible = self._newtons[index].visible = loaded
        self._support.visible = self._edge.visible = bool(carrying)
        if carrying:
            hull = support_polygon(np.concatenate(carrying)[:, :2])
            count = len(self._support.vertices)
            # Always as many corners, the last one several times.
            hull = np.concatenate([hull, np.repeat(hull[-1:], count - len(hull), 0)])
            flat = np.column_stack([hull, np.full(count, ground)])
            self._support.vertices = _floats(flat)
            self._edge.points = ring(flat)
        steps = swinging is not None and bool(np.isfinite(balance.foothold).all())
        self._foothold.visible = steps
        if steps and swinging is not None:
            turn = balance.soles[swinging].rotation
            corners = rectangles[swinging] @ turn.T
            corners[:, :2] += balance.foothold
            corners[:, 2] = ground
            self._foothold.points = ring(corners)


def support_polygon(points: Array) -> Array:
    """Return the corners of the convex hull, counterclockwise.

    Args:
        points: In a plane, shape (n, 2).

    References:
        A. M. Andrew, "Another efficient algorithm for convex hulls in two dimensions",
        1979.
    """
    ordered = sorted(map(tuple, points.tolist()))

    def chain(row: list[tuple[float, float]]) -> list[tuple[float, float]]:
        found: list[tuple[float, float]] = []
        for c in row:
            while len(found) > 1:
                a, b = found[-2:]
                left = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
                if left > 0.0:
                    break
                found.pop()
            found.append(c)
        return found[:-1]

    return np.array(chain(ordered) + chain(ordered[::-1]))


def sole_rectangle(
    x: tuple[float, float], y: tuple[float, float]
) -> tuple[tuple[float, float], ...]:
    """Return the corners of a sole about its own centre."""
    a, b = 0.5 * (x[1] - x[0]), 0.5 * (y[1] - y[0])
    return ((a, b), (-a, b), (-a, -b), (a, -b))


def outline(
    scene: viser.SceneApi,
    path: str,
    corners: int,
    color: tuple[int, int, int],
    visible: bool = True,
) -> viser.LineSegmentsHandle:
    """Return a closed line that has no place yet.

    Args:
        scene: Where it goes.
        path: Its name in the scene.
        corners: It will have.
        color: Red, green, blue.
        visible: At first.
    """
    nothing = np.zeros((corners, 2, 3))
    return scene.add_line_segments(
        path, nothing, color, thickness=0.008, visible=visible
    )


def ring(corners: Array) -> npt.NDArray[np.float32]:
    """Return the sides of a polygon, shape (corners, 2, 3)."""
    return _floats(np.stack([corners, np.roll(corners, -1, axis=0)], axis=1))


def _floats(values: npt.ArrayLike) -> npt.NDArray[np.float32]:
    return np.asarray(values, dtype=np.float32)
