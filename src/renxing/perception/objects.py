# SPDX-License-Identifier: Apache-2.0
"""Things and tables in one image of colour and depth.

In: colour, depth, pose of the camera.  Out: `Detection`s: kind, colour, box, and on
which of the others each stands.
"""

import dataclasses
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from numba import njit

from renxing.perception.bodies import (
    GROUND,
    Body,
    BodyConfig,
    find_bodies,
    is_table,
    rectangle,
)
from renxing.perception.catalogue import TABLE, Catalogue
from renxing.perception.colours import Colour, name_of
from renxing.perception.projection import Depth
from renxing.perception.surfaces import (
    Cloud,
    Surface,
    SurfaceConfig,
    find_surfaces,
)
from renxing.robot.pinhole import Pinhole
from renxing.spatial import SE3, Array

CUT = 0.1  # [m] before the farthest depth that a thing must end to be whole


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectFinderConfig:
    """How things are found.

    Attributes:
        farthest: Depth beyond which nothing is looked at [m].
        tallest: Greatest height of a thing; what is taller is room, not thing [m].
        widest: Greatest side of a thing that is no table [m].
        surfaces: What counts as a level surface.
        bodies: How things are cut out.
    """

    farthest: float = field(default=3.0, metadata={"min": 0.5, "max": 10.0})
    tallest: float = field(default=0.65, metadata={"min": 0.1, "max": 3.0})
    widest: float = field(default=0.9, metadata={"min": 0.1, "max": 3.0})
    surfaces: SurfaceConfig = field(default_factory=SurfaceConfig)
    bodies: BodyConfig = field(default_factory=BodyConfig)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detection:
    """A thing in an image.

    Attributes:
        label: Its kind.
        color: Name of its colour.
        centre: Of its box, in the frame of the camera's pose [m], shape (3,).
        size: Of its box, along its own x and y, and height [m].
        yaw: Of its box [rad].
        support: Index of the detection that it stands on; -1 for the ground.
        whole: Whether the image shows all of it.
        pixels: How many show it.
        outline: Of a table, seen from above [m], shape (k, 2); else empty.
    """

    label: str
    color: str
    centre: Array
    size: tuple[float, float, float]
    yaw: float
    support: int
    whole: bool
    pixels: int
    outline: Array


class ObjectFinder:
    """Finds things."""

    def __init__(self, config: ObjectFinderConfig, catalogue: Catalogue) -> None:
        """Begin.

        Args:
            config: How things are found.
            catalogue: Which kinds there are.
        """
        self._config, self._catalogue = config, catalogue

    def find(
        self,
        colour: Colour,
        depth: Depth,
        pinhole: Pinhole,
        transform_camera_to_frame: SE3,
        ground: float,
    ) -> tuple[Detection, ...]:
        """Find things in an image.

        Args:
            colour: Red, green, blue, shape (H, W, 3).
            depth: Along the optical axis [m], shape (H, W), without the robot itself;
                0 for no measurement.
            pinhole: Intrinsics of both.
            transform_camera_to_frame: Pose of the optical frame; its z points up.
            ground: Height of the ground in that frame [m].
        """
        config = self._config
        pose = transform_camera_to_frame
        cloud = _lifted(
            depth,
            pinhole.focal,
            pinhole.centre_x,
            pinhole.centre_y,
            np.ascontiguousarray(pose.rotation),
            pose.translation,
            config.farthest,
        )
        surfaces, labels = find_surfaces(cloud, config.surfaces)
        bodies = find_bodies(
            cloud, surfaces, labels, pose.translation, ground, config.bodies
        )
        bodies = [
            dataclasses.replace(body, whole=body.whole and self._in_range(body, depth))
            for body in bodies
            if self._is_thing(body)
        ]
        return self._detections(colour, cloud, surfaces, labels, bodies, ground)

    def _is_thing(self, body: Body) -> bool:
        config = self._config
        return body.size[2] <= config.tallest and max(body.size[:2]) <= config.widest

    def _in_range(self, body: Body, depth: Depth) -> bool:
        rows, columns = body.pixels.T
        return bool(depth[rows, columns].max() < self._config.farthest - CUT)

    def _detections(
        self,
        colour: Colour,
        cloud: Cloud,
        surfaces: list[Surface],
        labels: npt.NDArray[np.int32],
        bodies: list[Body],
        ground: float,
    ) -> tuple[Detection, ...]:
        found: list[Detection] = []
        # Which detection a surface belongs to.
        owner: dict[int, int] = {}
        for index, surface in enumerate(surfaces):
            if is_table(surface, ground, self._config.bodies):
                owner[index] = len(found)
                mine = labels == index
                found.append(_table(surface, colour[mine], ground, mine))
        first = len(found)
        for number, body in enumerate(bodies):
            owner.update({top: first + number for top in body.tops})
        for body in bodies:
            color = name_of(_inner(colour, body))
            found.append(
                Detection(
                    label=self._catalogue.label(body.form, body.size, color),
                    color=color,
                    centre=body.centre,
                    size=body.size,
                    yaw=body.yaw,
                    support=owner.get(body.support, GROUND),
                    whole=body.whole,
                    pixels=len(body.pixels),
                    outline=np.empty((0, 2)),
                )
            )
        return tuple(found)


def _table(
    surface: Surface, colours: Colour, ground: float, mine: npt.NDArray[np.bool_]
) -> Detection:
    centre, sides, yaw = rectangle(surface.hull)
    height = surface.height - ground
    border = (
        mine[:3].any() or mine[-3:].any() or mine[:, :3].any() or mine[:, -3:].any()
    )
    return Detection(
        label=TABLE,
        color=name_of(colours),
        centre=np.array([centre[0], centre[1], ground + 0.5 * height]),
        size=(sides[0], sides[1], height),
        yaw=yaw,
        support=GROUND,
        whole=not border,
        pixels=int(mine.sum()),
        outline=surface.hull,
    )


def _inner(colour: Colour, body: Body) -> Colour:
    """Return the colours of a body's pixels, but for those at its sides."""
    rows, columns = body.pixels.T
    middle = np.median(body.pixels, axis=0)
    spread = np.quantile(np.abs(body.pixels - middle), 0.7, axis=0)
    inside = (np.abs(body.pixels - middle) <= np.maximum(spread, 1.0)).all(axis=1)
    found: Colour = colour[rows[inside], columns[inside]]
    return found


@njit(cache=True)
def _lifted(
    depth: Depth,
    focal: float,
    centre_x: float,
    centre_y: float,
    rotation: Array,
    translation: Array,
    farthest: float,
) -> Cloud:
    """Return the point of each pixel, shape (H, W, 3).

    NaN without one, infinite if it is too far.
    """
    rows, columns = depth.shape
    cloud = np.full((rows, columns, 3), np.nan, np.float32)
    for v in range(rows):
        y = (v - centre_y) / focal
        for u in range(columns):
            z = depth[v, u]
            if z <= 0.0:
                continue
            if z > farthest:
                # Nothing to look at, but known to be far behind what is near.
                cloud[v, u] = np.inf
                continue
            x = (u - centre_x) / focal
            for axis in range(3):
                along = (
                    rotation[axis, 0] * x + rotation[axis, 1] * y + rotation[axis, 2]
                )
                cloud[v, u, axis] = translation[axis] + along * z
    return cloud
