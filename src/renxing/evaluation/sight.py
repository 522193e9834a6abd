# SPDX-License-Identifier: Apache-2.0
"""What the robot's eyes make of a world whose truth is known.

The robot is moved along x past its world without physics, bobbing as if it walked;
its depth cameras are rendered, spoilt, conditioned and mapped as the nodes do it. The
pose is the true one: errors of odometry are measured elsewhere.
"""

from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np

from renxing.evaluation.ground import elevation_map
from renxing.mapping import Elevation, ElevationConfig, Heights
from renxing.perception import (
    CleanDepth,
    ConditioningConfig,
    DepthConditioner,
    SelfFilter,
    SelfFilterConfig,
    lift,
)
from renxing.perception.projection import Depth
from renxing.robot import Robot
from renxing.robot.description import Camera
from renxing.robot.pinhole import pinhole_of
from renxing.sim import World
from renxing.sim.compile import compile_model
from renxing.sim.depth_camera import DepthCamera, Look
from renxing.sim.depth_errors import DepthErrorsConfig, noise_of
from renxing.sim.offscreen import Offscreen
from renxing.sim.physics import PhysicsConfig
from renxing.sim.twin import Twin
from renxing.spatial import (
    Array,
    Mask,
    quat_xyzw_from_rotation,
    rotation_from_rpy,
    wxyz_from_xyzw,
)

RATE = 15.0  # [Hz] of images
BOB = 0.01  # [m] up and down
PITCH = 0.015  # [rad] to and fro
STEP_TIME = 0.7  # [s] of both
FARTHEST = 5.0  # [m] depth that goes into the map
LEVEL = 0.03  # [m] by which the ground around a cell may differ; else it is an edge


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Image:
    """One image on its way.

    Attributes:
        look: The truth.
        raw: What the camera measured [m], shape (H, W); 0 for nothing.
        clean: What was made of it, without the robot itself.
    """

    look: Look
    raw: Depth
    clean: CleanDepth


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthErrors:
    """Depth against truth.

    Attributes:
        covered: Share of the pixels in range that have a value [-].
        rmse: Of those [m].
        gross: Share of those that are off by more than 5 cm and 5 % [-].
    """

    covered: float
    rmse: float
    gross: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HeightErrors:
    """Heights against truth.

    Attributes:
        cells: How many were compared.
        rmse: [m].
        p95: 95 % are off by less [m].
    """

    cells: int
    rmse: float
    p95: float


class Sight:
    """A robot that looks at a world.

    Attributes:
        cameras: That it looks with.
        images: The last image of each camera, by name.
    """

    def __init__(
        self,
        robot: Robot,
        world: World,
        *,
        posture: str = "stand",
        binning: int = 2,
        seed: int = 0,
        kind: Literal["stereo", "tof"] | None = None,
    ) -> None:
        """Stand the robot in the world.

        Args:
            robot: Its head and chest cameras are used, those that it has.
            world: To look at.
            posture: Of the robot.
            binning: As of the cameras' node.
            seed: Of all noise.
            kind: Of the cameras; as the robot's file has them if left out.

        Raises:
            DeviceError: If there is no OpenGL.
        """
        self.images: dict[str, Image] = {}
        self._world = world
        cameras = robot.description.sensors.cameras
        self.cameras = [
            c if kind is None else msgspec.structs.replace(c, depth=kind)
            for c in cameras
            if c.name in ("head", "chest")
        ]
        self._base = robot.description.base
        self._binning = binning
        twin = Twin(robot, world)
        twin.reset(posture)
        self._stand: Array = twin.data.qpos.copy()
        self._gl = Offscreen(640, 480)
        self._eye = DepthCamera(compile_model(robot, world, PhysicsConfig()))
        self._noise = {
            c.name: noise_of(c, DepthErrorsConfig(), binning, seed + place)
            for place, c in enumerate(self.cameras)
        }
        self._filter = SelfFilter(SelfFilterConfig(), robot)
        self._filter.place(robot.posture(posture))
        self._clean = {
            c.name: DepthConditioner(
                ConditioningConfig(noise=self._noise[c.name].disparity_error),
                pinhole_of(c, binning),
            )
            for c in self.cameras
        }
        self._map = Elevation(ElevationConfig())
        self._time = 0.0

    def close(self) -> None:
        """Give OpenGL back."""
        self._eye.free()
        self._gl.free()

    def walk(self, start: float, end: float, images: int = 30) -> Heights:
        """Move from one x to another, look all the way, and return the map.

        Args:
            start: Of the base in odom [m].
            end: Of the base in odom [m].
            images: Of each camera.
        """
        for x in np.linspace(start, end, images):
            self._time += 1.0 / RATE
            phase = 2.0 * np.pi * self._time / STEP_TIME
            qpos = self._stand.copy()
            qpos[0] += x
            qpos[2] += BOB * np.sin(2.0 * phase)
            pitch = rotation_from_rpy((0.0, PITCH * np.sin(phase), 0.0))
            qpos[3:7] = wxyz_from_xyzw(quat_xyzw_from_rotation(pitch))
            self._eye.place(qpos)
            for camera in self.cameras:
                self._see(camera, qpos[:3])
        return self._map.heights()

    def _see(self, camera: Camera, base: Array) -> None:
        look = self._eye.look(camera, self._binning)
        pinhole = pinhole_of(camera, self._binning)
        raw = self._noise[camera.name].measure(look.depth, look.colour)
        kept = self._filter.remove(raw, pinhole, camera.frame)
        clean = self._clean[camera.name].step(kept, look.pose)
        points = lift(clean.depth, clean.deviation, pinhole, look.pose, FARTHEST)
        self._map.step(
            self._time, points.position, points.variance, look.pose.translation, base
        )
        self.images[camera.name] = Image(look=look, raw=raw, clean=clean)

    def depth_errors(self, camera: Camera) -> tuple[DepthErrors, DepthErrors]:
        """Return the errors of a camera's last image before and after conditioning.

        Both are of the world only, without the robot's own body.
        """
        image = self.images[camera.name]
        own = self._eye.own_body(camera, self._base, self._binning)
        true = image.look.depth
        there = ~own & (true >= camera.range[0]) & (true <= camera.range[1])
        return (
            _depth_errors(image.raw, true, there),
            _depth_errors(image.clean.depth, true, there),
        )


def _depth_errors(depth: Depth, true: Depth, there: Mask) -> DepthErrors:
    valid = there & (depth > 0.0)
    if not valid.any():
        return DepthErrors(covered=0.0, rmse=float("nan"), gross=float("nan"))
    error = np.abs(depth[valid].astype(float) - true[valid])
    return DepthErrors(
        covered=float(valid.sum() / there.sum()),
        rmse=float(np.sqrt(np.mean(error**2))),
        gross=float(np.mean(error > 0.05 + 0.05 * true[valid])),
    )


def true_heights(world: World, heights: Heights) -> tuple[Array, Array]:
    """Return the true height of each cell, and its range up to one cell around it.

    Args:
        world: Of which boxes and ground count.
        heights: Its grid.

    Returns:
        Heights and ranges [m], shape (n, n) each.
    """
    truth = elevation_map(world)
    n = heights.height.shape[0]
    offsets = np.arange(-2, 3) * 0.5 * heights.resolution
    looked = []
    for dx in offsets:
        for dy in offsets:
            places = []
            for axis, offset in enumerate((dx, dy)):
                at = heights.origin[axis] + heights.resolution * np.arange(n) + offset
                index = np.round((at - truth.origin[axis]) / truth.resolution)
                places.append(index.astype(int))
            i, j = places
            inside = ((i >= 0) & (i < truth.height.shape[0]))[:, None] & (
                (j >= 0) & (j < truth.height.shape[1])
            )
            i, j = (
                np.clip(place, 0, size - 1)
                for place, size in zip(places, truth.height.shape, strict=True)
            )
            looked.append(np.where(inside, truth.height[np.ix_(i, j)], world.ground))
    stack = np.array(looked)
    middle: Array = stack[len(stack) // 2]
    return middle, stack.max(axis=0) - stack.min(axis=0)


def within(heights: Heights, x: float, y: float, radius: float) -> Mask:
    """Return which cells lie within a radius of a place in odom [m]."""
    n = heights.height.shape[0]
    dx = heights.origin[0] + heights.resolution * np.arange(n) - x
    dy = heights.origin[1] + heights.resolution * np.arange(n) - y
    near: Mask = np.hypot(dx[:, None], dy[None, :]) <= radius
    return near


def height_errors(heights: Heights, world: World, where: Mask) -> HeightErrors:
    """Compare heights with the truth, away from edges of steps.

    At an edge a cell holds two heights, and either would be right: cells around which
    the true ground differs by more than `LEVEL` are left out.
    """
    true, spread = true_heights(world, heights)
    valid = where & np.isfinite(heights.height) & (spread <= LEVEL)
    error = np.abs(heights.height[valid] - true[valid])
    return HeightErrors(
        cells=int(valid.sum()),
        rmse=float(np.sqrt(np.mean(error**2))),
        p95=float(np.quantile(error, 0.95)),
    )
