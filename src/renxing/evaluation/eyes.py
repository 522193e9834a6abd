# SPDX-License-Identifier: Apache-2.0
"""The eyes of a robot that walks on a twin, in lock-step: ground and people.

As the nodes `twin_cameras` and `terrain` do it: rendered, spoilt, freed of the robot
itself, conditioned, mapped, looked through for people. The pose is what the estimator
says.
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
    PeopleConfig,
    PeopleTracker,
    Person,
    from_elevation_costs,
)
from renxing.perception import (
    ConditioningConfig,
    DepthConditioner,
    PeopleFinderConfig,
    Points,
    SelfFilter,
    SelfFilterConfig,
    believed,
    find_people,
    lift,
    without,
)
from renxing.robot import Robot
from renxing.robot.description import Camera
from renxing.robot.pinhole import pinhole_of
from renxing.signals import BodyState
from renxing.sim import Twin
from renxing.sim.depth_camera import DepthCamera
from renxing.sim.depth_noise import StereoConfig, StereoNoise
from renxing.sim.offscreen import Offscreen
from renxing.spatial import SE3, Array

FARTHEST = 5.0  # [m] depth that is used
WALKING = 0.25  # [m/s] from which on people are left out of the map
ROOM = 0.5  # [m] around them
NEAR = 0.6  # [m] from somebody known where part of a body is theirs
STANDING = 0.5  # [m] around the robot where the ground bears though nobody sees it


@dataclass(frozen=True, slots=True, kw_only=True)
class EyesConfig:
    """The eyes.

    Attributes:
        binning: As of the cameras' node.
        seed: Of the cameras' errors.
        people: Whether people are looked for.
    """

    binning: int = 2
    seed: int = 0
    people: bool = True


class Eyes:
    """Head and chest camera of a robot, as far as it has them.

    Attributes:
        people: Who is believed, of the last image of the head.
        seen: How many sightings there were.
    """

    def __init__(self, robot: Robot, twin: Twin, config: EyesConfig) -> None:
        """Open the eyes.

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
        self._tracker = PeopleTracker(PeopleConfig(births=3))
        self.people: tuple[Person, ...] = ()
        self._looked = -math.inf
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
        eye = base * self._filter.camera_to_base(camera.frame)
        kept = self._filter.remove(raw, self._pinholes[name], camera.frame)
        clean = self._conditioners[name].step(kept, eye)
        points = lift(clean.depth, clean.deviation, self._pinholes[name], eye, FARTHEST)
        soles = (base * self._filter.camera_to_base(sole) for sole in self._soles)
        ground = min(float(sole.translation[2]) for sole in soles)
        if self._config.people and name == "head":
            self._find(camera, points, eye, ground)
        points = self._without_walkers(points)
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
        places = believed(found, [place for place, _ in self.who()], NEAR)
        self._looked = self._twin.time
        self.seen += len(places)
        self.people = self._tracker.update(places, self._looked)

    def who(self) -> list[tuple[Array, Person]]:
        """Return who is believed, and where they are now."""
        passed = self._twin.time - self._looked
        return [(one.position + passed * one.velocity, one) for one in self.people]

    def _without_walkers(self, points: Points) -> Points:
        walkers = [
            place
            for place, person in self.who()
            if np.linalg.norm(person.velocity) >= WALKING
        ]
        return without(points, walkers, ROOM)

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
