# SPDX-License-Identifier: Apache-2.0
"""The eyes of a robot that walks on a twin, in lock-step: ground and people.

As the nodes `twin_cameras` and `terrain` do it: rendered or cast, spoilt, freed of the
robot itself, conditioned, mapped, looked through for people. The pose is what the
estimator says.
"""

import math
from dataclasses import dataclass

import numpy as np

from renxing.mapping import (
    Elevation,
    ElevationConfig,
    TraversabilityConfig,
    traversability,
)
from renxing.navigation import (
    CostGrid,
    LookOut,
    Person,
    from_elevation_costs,
)
from renxing.navigation.backdrop import Backdrop
from renxing.perception import (
    ConditioningConfig,
    DepthConditioner,
    PeopleFinderConfig,
    Points,
    SelfFilter,
    SelfFilterConfig,
    SurroundConfig,
    TrunkFinderConfig,
    believed,
    find_people,
    find_trunks,
    foreign,
    in_the_way,
    lift,
    without,
)
from renxing.robot import Robot
from renxing.robot.description import Camera, Lidar
from renxing.robot.pinhole import pinhole_of
from renxing.signals import BodyState
from renxing.sim import Twin
from renxing.sim.depth_camera import DepthCamera
from renxing.sim.depth_noise import StereoConfig, StereoNoise
from renxing.sim.lidar import LidarCaster
from renxing.sim.offscreen import Offscreen
from renxing.spatial import SE3, Array

HAIR = 1e-6  # [s]
FARTHEST = 5.0  # [m] depth that is used
ROOM = 0.5  # [m] around people who walk, who are left out of the map
STANDING = 0.5  # [m] around the robot where the ground bears though nobody sees it


@dataclass(frozen=True, slots=True, kw_only=True)
class EyesConfig:
    """The eyes.

    Attributes:
        binning: As of the cameras' node.
        seed: Of the cameras' errors.
        people: Whether people are looked for, by cameras and scanners.
    """

    binning: int = 2
    seed: int = 0
    people: bool = True


class Eyes:
    """Head and chest camera of a robot and its scanners, as far as it has them.

    Attributes:
        seen: How many sightings there were.
        obstacles: What stands around it now, in odom [m], shape (n, 2).
    """

    def __init__(
        self,
        robot: Robot,
        twin: Twin,
        config: EyesConfig,
        backdrop: Backdrop | None = None,
    ) -> None:
        """Open the eyes.

        Args:
            robot: Whose they are.
            twin: In which it stands.
            config: The eyes.
            backdrop: Of the map, in the frame of the odometry; None for no map.

        Raises:
            DeviceError: If there is no OpenGL.
        """
        cameras = robot.description.sensors.cameras
        self._cameras = [c for c in cameras if c.name in ("head", "chest")]
        self._config, self._twin, self._turn = config, twin, 0
        self._gl = Offscreen(640, 480)
        self._eye = DepthCamera(twin.model)
        self._pinholes = {c.name: pinhole_of(c, config.binning) for c in self._cameras}
        self._noise = {
            c.name: StereoNoise(StereoConfig(), c, config.binning, config.seed + place)
            for place, c in enumerate(self._cameras)
        }
        self._conditioners = {
            c.name: DepthConditioner(ConditioningConfig(), self._pinholes[c.name])
            for c in self._cameras
        }
        self._filter = SelfFilter(SelfFilterConfig(), robot)
        self._soles = [foot.sole for foot in robot.description.feet]
        self._map = Elevation(ElevationConfig())
        self._known, self._backdrop = LookOut(), backdrop
        lidars = robot.description.sensors.lidars if config.people else ()
        self._lidars = [
            (one, LidarCaster(twin.model, one, config.seed)) for one in lidars
        ]
        self._turned = {one.name: -math.inf for one in lidars}
        self.obstacles = np.empty((0, 2))
        self.seen = 0

    @property
    def count(self) -> int:
        """How many cameras there are."""
        return len(self._cameras)

    def close(self) -> None:
        """Give OpenGL back."""
        self._eye.free()
        self._gl.free()

    def look(self, state: BodyState) -> None:
        """Take an image with the camera whose turn it is.

        Args:
            state: Of the body now, as estimated.
        """
        camera = self._cameras[self._turn]
        self._turn = (self._turn + 1) % len(self._cameras)
        twin, name = self._twin, camera.name
        self._eye.place(twin.data.qpos, twin.people.poses())
        look = self._eye.look(camera, self._config.binning)
        raw = self._noise[name].measure(look.depth, look.colour)
        self._filter.place(state.position)
        base = state.base.transform_base_to_odom
        ground = self._standing(base)
        for lidar, caster in self._lidars:
            if twin.time - self._turned[lidar.name] > 1.0 / lidar.rate - HAIR:
                self._turned[lidar.name] = twin.time
                self._sweep(lidar, caster, base, ground)
        eye = base * self._filter.camera_to_base(camera.frame)
        kept = self._filter.remove(raw, self._pinholes[name], camera.frame)
        clean = self._conditioners[name].step(kept, eye)
        points = lift(clean.depth, clean.deviation, self._pinholes[name], eye, FARTHEST)
        if self._config.people and name == "head":
            self._find(camera, points, eye, ground)
        points = without(points, self._known.walkers(twin.time), ROOM)
        self._map.step(
            twin.time,
            points.position,
            points.variance,
            eye.translation,
            base.translation,
        )
        self._map.stand(base.translation, ground)

    def _find(self, camera: Camera, points: Points, eye: SE3, ground: float) -> None:
        pinhole, axis = self._pinholes[camera.name], eye.rotation[:, 2]
        half = math.atan(0.5 * pinhole.width / pinhole.focal)
        found = find_people(
            points.position,
            eye.translation,
            ground,
            (math.atan2(axis[1], axis[0]), half),
            PeopleFinderConfig(),
        )
        there = [one.position for one in self.who()]
        places = believed(found, there, self._known.config.near)
        self.seen += len(places)
        self._known.see(places, self._twin.time)

    def _sweep(
        self, lidar: Lidar, caster: LidarCaster, base: SE3, ground: float
    ) -> None:
        cloud = caster.scan(self._eye.data).reshape(-1, 3).astype(float)
        cloud = cloud[np.isfinite(cloud).all(axis=1)]
        eye, config = base * self._filter.camera_to_base(lidar.frame), SurroundConfig()
        points = foreign(cloud, lidar.frame, self._filter, eye, base, config)
        strange = points
        if self._backdrop is not None:
            strange = points[self._backdrop.strange(points[:, :2])]
        bodies = find_trunks(strange, eye.translation, ground, TrunkFinderConfig())
        self._known.sweep(bodies, self._twin.time)
        self._map.see_through(points, np.asarray(eye.translation))
        self.obstacles = points[in_the_way(points, base, ground, config), :2]

    def _standing(self, base: SE3) -> float:
        """Return the height of the lower sole in odom [m]."""
        soles = (base * self._filter.camera_to_base(sole) for sole in self._soles)
        return min(float(sole.translation[2]) for sole in soles)

    def who(self) -> tuple[Person, ...]:
        """Return who is believed, where they are now."""
        return self._known.at(self._twin.time)

    def ground(self, place: Array) -> CostGrid:
        """Return the costs of the ground around the robot, in odom.

        Args:
            place: Of the robot [m], shape (2,) or more.
        """
        heights = self._map.heights()
        judged = traversability(heights, TraversabilityConfig())
        corner = heights.origin - 0.5 * heights.resolution
        return from_elevation_costs(
            1.0 - judged.score.T.astype(float),
            heights.resolution,
            corner,
            place[:2],
            STANDING,
        )
