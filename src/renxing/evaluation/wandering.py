# SPDX-License-Identifier: Apache-2.0
"""A robot that is led through a world and sees it, while its odometry drifts.

No physics: the base follows a smooth closed way, bobbing as if it walked. Its depth
cameras are rendered, spoilt, freed of the robot itself and conditioned as the nodes do
it. Odometry has errors of the kind that the estimator's has on long walks, or greater:
a wrong length, a heading that drifts, both with noise; the tilt is observed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from renxing.localization.keyframes import View
from renxing.perception import (
    CleanDepth,
    ConditioningConfig,
    DepthConditioner,
    SelfFilter,
    SelfFilterConfig,
    lift,
)
from renxing.robot import Robot
from renxing.robot.description import NotNegative, Part
from renxing.robot.pinhole import Pinhole, pinhole_of
from renxing.sim import World
from renxing.sim.compile import compile_model
from renxing.sim.depth_camera import Colour, Depth, DepthCamera
from renxing.sim.depth_errors import DepthErrorsConfig, noise_of
from renxing.sim.offscreen import Offscreen
from renxing.sim.physics import PhysicsConfig
from renxing.sim.twin import Twin
from renxing.spatial import (
    SE3,
    Array,
    quat_xyzw_from_rotation,
    rotation_from_rpy,
    wxyz_from_xyzw,
)

BOB = 0.01  # [m] up and down
PITCH = 0.015  # [rad] to and fro
STEP_TIME = 0.7  # [s] of both


class Drift(Part, frozen=True, kw_only=True):
    """How odometry errs; each trial draws its own.

    Attributes:
        length: Standard deviation of the wrong length of ways [-].
        heading: Standard deviation of the drift of the heading, by way [rad/m].
        climb: Standard deviation of the drift of the height, by way [-].
        noise: Standard deviation of each metre's own error [m].
        turn_noise: The same of the heading [rad].
        tilt_noise: Standard deviation of roll and pitch [rad].
    """

    length: NotNegative
    heading: NotNegative
    climb: NotNegative
    noise: NotNegative
    turn_noise: NotNegative
    tilt_noise: NotNegative


class DriftingOdometry:
    """Where the robot believes to be."""

    def __init__(self, drift: Drift, seed: int, *, unknown: bool = False) -> None:
        """Draw what is wrong all the way.

        Args:
            drift: How much is wrong.
            seed: Of all errors.
            unknown: Whether it starts at its own origin instead of where it is.
        """
        self._unknown = unknown
        self._drift = drift
        self._random = np.random.default_rng(seed)
        self._length = 1.0 + drift.length * self._random.standard_normal()
        self._heading = drift.heading * self._random.standard_normal()
        self._climb = drift.climb * self._random.standard_normal()
        self._true: SE3 | None = None
        self._flat = SE3.Identity()

    def step(self, pose: SE3) -> SE3:
        """Return where the base is believed to be.

        Args:
            pose: Where it is.
        """
        drift, draw = self._drift, self._random.standard_normal
        if self._true is None:
            self._flat = _without_tilt(pose)
            if self._unknown:
                height = np.array([0.0, 0.0, pose.translation[2]])
                self._flat = SE3(np.eye(3), height)
        else:
            change = _without_tilt(self._true).actInv(_without_tilt(pose))
            way = float(np.linalg.norm(change.translation[:2]))
            spread = np.sqrt(way)
            wrong = np.asarray(change.translation) * self._length
            wrong[:2] += drift.noise * spread * draw(2)
            wrong[2] += self._climb * way
            turn = self._heading * way + drift.turn_noise * spread * draw()
            rotation = change.rotation @ rotation_from_rpy((0.0, 0.0, turn))
            self._flat = self._flat * SE3(rotation, wrong)
        self._true = pose.copy()
        tilt = _without_tilt(pose).rotation.T @ pose.rotation
        wobble = rotation_from_rpy((*(drift.tilt_noise * draw(2)), 0.0))
        return SE3(self._flat.rotation @ tilt @ wobble, self._flat.translation)


def _without_tilt(pose: SE3) -> SE3:
    yaw = np.arctan2(pose.rotation[1, 0], pose.rotation[0, 0])
    return SE3(rotation_from_rpy((0.0, 0.0, float(yaw))), pose.translation)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Place:
    """Where the robot stands, in the plane.

    Attributes:
        x: [m].
        y: [m].
        yaw: [rad].
    """

    x: float
    y: float
    yaw: float


def closed_way(corners: Sequence[Sequence[float]], step: float) -> list[Place]:
    """Return places along a smooth closed way, looking where it leads.

    Args:
        corners: That it goes through [m], shape (n, 2).
        step: Between two places [m].
    """
    points = np.array([*corners, corners[0]], dtype=float)
    chords = np.linalg.norm(np.diff(points, axis=0), axis=1)
    knots = np.concatenate([[0.0], np.cumsum(chords)])
    curve = CubicSpline(knots, points, bc_type="periodic")
    fine = np.linspace(0.0, knots[-1], 4000)
    along = np.concatenate(
        [[0.0], np.cumsum(np.linalg.norm(np.diff(curve(fine), axis=0), axis=1))]
    )
    times = np.interp(np.arange(0.0, along[-1], step), along, fine)
    places, slopes = curve(times), curve(times, 1)
    return [
        Place(x=float(p[0]), y=float(p[1]), yaw=float(np.arctan2(s[1], s[0])))
        for p, s in zip(places, slopes, strict=True)
    ]


def turning(place: Place, turn: float, step: float) -> Iterator[Place]:
    """Yield places of a robot that turns on the spot.

    Args:
        place: Where it begins.
        turn: By how much, to the left [rad].
        step: Between two places [rad].
    """
    for angle in np.arange(0.0, turn + 0.5 * step, step):
        yield Place(x=place.x, y=place.y, yaw=place.yaw + float(angle))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """An image of one camera.

    Attributes:
        colour: Red, green, blue, shape (H, W, 3).
        depth: Conditioned, without the robot itself [m], shape (H, W).
        pinhole: Of both.
        to_base: Pose of the optical frame in the base.
    """

    colour: Colour
    depth: Depth
    pinhole: Pinhole
    to_base: SE3


class Wanderer:
    """A robot with eyes in a world.

    Attributes:
        height: Of the base over its soles [m].
        pose: True one of the base.
    """

    def __init__(
        self, robot: Robot, world: World, *, binning: int = 2, seed: int = 0
    ) -> None:
        """Stand the robot in the world.

        Args:
            robot: Its head and chest cameras are used, those that it has.
            world: To look at.
            binning: As of the cameras' node.
            seed: Of the cameras' noise.

        Raises:
            DeviceError: If there is no OpenGL.
        """
        wanted = ("head", "chest")
        self._cameras = [
            c for c in robot.description.sensors.cameras if c.name in wanted
        ]
        self._binning = binning
        twin = Twin(robot, world)
        twin.reset("stand")
        self._stand: Array = twin.data.qpos.copy()
        self._gl = Offscreen(640, 480)
        self._eye = DepthCamera(compile_model(robot, world, PhysicsConfig()))
        self._filter = SelfFilter(SelfFilterConfig(), robot)
        self._filter.place(robot.posture("stand"))
        self._pinholes = {c.name: pinhole_of(c, binning) for c in self._cameras}
        self._to_base = {
            c.name: self._filter.camera_to_base(c.frame) for c in self._cameras
        }
        soles = [self._filter.camera_to_base(f.sole) for f in robot.description.feet]
        self.height = -min(float(sole.translation[2]) for sole in soles)
        self.pose = SE3.Identity()
        self._clean: dict[str, CleanDepth] = {}
        self._colour: dict[str, Colour] = {}
        self.restart(seed)

    def close(self) -> None:
        """Give OpenGL back."""
        self._eye.free()
        self._gl.free()

    def restart(self, seed: int) -> None:
        """Forget all images, and begin with other noise.

        Args:
            seed: Of the noise.
        """
        self._phase = 0.0
        self._noise = {
            c.name: noise_of(c, DepthErrorsConfig(), self._binning, seed + place)
            for place, c in enumerate(self._cameras)
        }
        self._conditioners = {
            c.name: DepthConditioner(
                ConditioningConfig(noise=self._noise[c.name].disparity_error),
                self._pinholes[c.name],
            )
            for c in self._cameras
        }

    def stand(self, place: Place, period: float) -> SE3:
        """Go somewhere, and return the true pose of the base.

        Args:
            place: Where to.
            period: Time since the last place [s].
        """
        self._phase += 2.0 * np.pi * period / STEP_TIME
        qpos = self._stand.copy()
        pitch = PITCH * float(np.sin(self._phase))
        rotation = rotation_from_rpy((0.0, pitch, place.yaw))
        qpos[:2] = place.x, place.y
        qpos[2] += BOB * np.sin(2.0 * self._phase)
        qpos[3:7] = wxyz_from_xyzw(quat_xyzw_from_rotation(rotation))
        self._eye.place(qpos)
        self.pose = SE3(rotation, qpos[:3].copy())
        return self.pose

    def look(self, transform_base_to_odom: SE3) -> None:
        """Take an image with each camera.

        Args:
            transform_base_to_odom: Where the base is believed to be.
        """
        for camera in self._cameras:
            name = camera.name
            seen = self._eye.look(camera, self._binning)
            raw = self._noise[name].measure(seen.depth, seen.colour)
            kept = self._filter.remove(raw, self._pinholes[name], camera.frame)
            self._colour[name] = seen.colour
            pose = transform_base_to_odom * self._to_base[name]
            self._clean[name] = self._conditioners[name].step(kept, pose)

    def pictures(self) -> list[Picture]:
        """Return the last images, colour and clean depth."""
        return [
            Picture(
                colour=self._colour[camera.name],
                depth=self._clean[camera.name].depth,
                pinhole=self._pinholes[camera.name],
                to_base=self._to_base[camera.name],
            )
            for camera in self._cameras
        ]

    def views(self) -> list[View]:
        """Return the points of the last images, in base."""
        found = []
        for camera in self._cameras:
            name = camera.name
            clean, to_base = self._clean[name], self._to_base[name]
            points = lift(clean.depth, clean.deviation, self._pinholes[name], to_base)
            found.append(View(eye=to_base.translation, points=points.position))
        return found
