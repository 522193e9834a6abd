# SPDX-License-Identifier: Apache-2.0
"""The map as a flat picture on the ground, with the way that is walked and its goal."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import trimesh
import viser

from renxing.spatial import (
    SE3,
    Array,
    quat_xyzw_from_rotation,
    transform,
    wxyz_from_xyzw,
)

# [m] above the ground, one above the other, so that they do not flicker.
MAP_HEIGHT, PATH_HEIGHT, GOAL_HEIGHT = 0.004, 0.014, 0.016
BLUE = (24, 100, 171)
FREE, TAKEN, HIDDEN = (140, 190, 235), (62, 84, 120), (120, 120, 130)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroundMap:
    """A map of what is free.

    Attributes:
        values: 0 free to 100 taken [%], -1 unknown, rows along y; shape
            (rows, columns).
        resolution: Side of a cell [m].
        origin: Pose of the lower left corner in the map frame.
        graded: Whether values between are costs, and not doubts.
    """

    values: npt.NDArray[np.int8]
    resolution: float
    origin: SE3
    graded: bool = False


def picture_of(ground: GroundMap) -> npt.NDArray[np.uint8]:
    """Return the map as a picture whose rows go along y.

    Free ground is nearly clear, so that what stands on it remains visible.

    Returns:
        Red, green, blue, opacity; shape (rows, columns, 4).
    """
    values = ground.values.astype(float)
    share = np.clip(values, 0.0, 100.0)[..., None] / 100.0
    colours = (1.0 - share) * np.array(FREE) + share * np.array(TAKEN)
    opacity = 50.0 + 120.0 * share
    if ground.graded:
        # Costs from yellow to red, and nothing where it costs nothing.
        colours = np.concatenate(
            [np.full_like(share, 230.0), 190.0 * (1.0 - share), 40.0 * (1.0 - share)], 2
        )
        opacity = np.where(share > 0.0, 50.0 + 140.0 * share, 30.0)
    picture = np.concatenate([colours, opacity], axis=2)
    picture[ground.values < 0] = (*HIDDEN, 90.0)
    return picture.astype(np.uint8)


class MapView:
    """Map, way and goal in the scene, in the frame of the map."""

    def __init__(self, server: viser.ViserServer) -> None:
        """Show nothing yet."""
        self._scene = server.scene
        self._root = self._scene.add_frame("/map", show_axes=False)
        self._ground: GroundMap | None = None
        self._image: viser.ImageHandle | None = None
        self._path: Array | None = None
        self._line: viser.LineSegmentsHandle | None = None
        self._goal = self._scene.add_frame("/map/goal", show_axes=False, visible=False)
        ring = trimesh.creation.annulus(0.16, 0.2, 0.004, sections=48)
        # Which way it will face.
        tip = trimesh.Trimesh(
            [(0.22, 0.07, 0), (0.22, -0.07, 0), (0.34, 0, 0)], [(0, 2, 1), (0, 1, 2)]
        )
        for name, mesh in (("ring", ring), ("tip", tip)):
            self._scene.add_mesh_simple(
                f"/map/goal/{name}",
                np.asarray(mesh.vertices, np.float32),
                np.asarray(mesh.faces, np.uint32),
                color=BLUE,
                cast_shadow=False,
                receive_shadow=False,
            )
        self._scene.add_cylinder(
            "/map/goal/pin", 0.008, 0.5, BLUE, position=(0.0, 0.0, 0.25)
        )
        self._label = self._scene.add_label(
            "/map/goal/label",
            "goal",
            position=(0.0, 0.0, 0.58),
            font_screen_scale=0.8,
            anchor="bottom-center",
        )

    def place(self, map_to_odom: SE3 | None) -> None:
        """Say where the map lies; None hides it: nobody knows."""
        visible = map_to_odom is not None
        if self._root.visible != visible:
            self._root.visible = visible
        if map_to_odom is not None:
            self._root.position = map_to_odom.translation
            self._root.wxyz = _wxyz(map_to_odom)

    def show_ground(self, ground: GroundMap | None) -> None:
        """Show a map, or none; the same one again costs nothing."""
        if ground is self._ground:
            return
        self._ground = ground
        if self._image is not None:
            self._image.remove()
            self._image = None
        if ground is None:
            return
        rows, columns = ground.values.shape
        width, height = columns * ground.resolution, rows * ground.resolution
        middle = ground.origin * transform((0.5 * width, 0.5 * height, MAP_HEIGHT))
        # The scene draws the rows of a picture along y, as a map has them.
        self._image = self._scene.add_image(
            "/map/ground",
            picture_of(ground),
            width,
            height,
            format="png",
            cast_shadow=False,
            receive_shadow=False,
            position=middle.translation,
            wxyz=_wxyz(middle),
        )

    def show_path(self, path: Array | None) -> None:
        """Show the way, shape (n, 2) in the map [m], or none."""
        if path is self._path:
            return
        self._path = path
        if self._line is not None:
            self._line.remove()
            self._line = None
        if path is None or len(path) < 2:
            return
        places = np.column_stack([path, np.full(len(path), PATH_HEIGHT)])
        self._line = self._scene.add_line_segments(
            "/map/path",
            np.stack([places[:-1], places[1:]], axis=1).astype(np.float32),
            BLUE,
            thickness=0.03,
        )

    def show_goal(self, goal: Array | None, words: str = "goal") -> None:
        """Show where it goes: x, y [m], yaw [rad] in the map, or nothing."""
        if self._goal.visible != (goal is not None):
            self._goal.visible = goal is not None
        if goal is None:
            return
        x, y, yaw = goal
        pose = transform((x, y, GOAL_HEIGHT), (0.0, 0.0, yaw))
        self._goal.position, self._goal.wxyz = pose.translation, _wxyz(pose)
        if self._label.text != words:
            self._label.text = words


def _wxyz(pose: SE3) -> Array:
    return wxyz_from_xyzw(quat_xyzw_from_rotation(pose.rotation))
