# SPDX-License-Identifier: Apache-2.0
"""The depth cameras and laser scanners of the simulated robot."""

import os
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from std_msgs.msg import Header

from renxing.errors import DeviceError
from renxing.nodes.camera_topics import CameraTopics
from renxing.nodes.controllers.side import LoopClock
from renxing.nodes.managed import ManagedNode
from renxing.nodes.parameters import load_config
from renxing.nodes.sensor_choice import chosen_cameras, chosen_lidars
from renxing.nodes.twin_lidar import TwinLidar
from renxing.robot import load_robot
from renxing.robot.description import Camera
from renxing.robot.pinhole import pinhole_of
from renxing.runtime.boards import core_block
from renxing.runtime.scene_block import SceneReader
from renxing.sim import load_world
from renxing.sim.compile import compile_model
from renxing.sim.depth_camera import DepthCamera
from renxing.sim.depth_errors import DepthErrorsConfig, noise_of
from renxing.sim.offscreen import Offscreen
from renxing.sim.physics import PhysicsConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinCamerasConfig:
    """The node.

    Attributes:
        robot: Name in config/robots or path of a robot's YAML file.
        world: Name in config/worlds or path of a world's YAML file; that of the core.
        cameras: Names of the robot's cameras, of which it may lack some.
        lidars: Names of its laser scanners, likewise; they have rates of their own.
        rate: Images of each camera a second [Hz].
        binning: Pixels of the camera along each side of one that is rendered.
        noise: Whether depth has the errors of a real camera.
        errors: Those errors, of each kind of camera.
        seed: Of the errors.
        core_timeout: How long to wait for a simulation [s].
        niceness: By which the process steps back behind the others.
    """

    robot: str = "rx1"
    world: str = "flat"
    cameras: str = "head chest"
    lidars: str = "head"
    rate: float = field(default=15.0, metadata={"min": 0.5, "max": 60.0})
    binning: int = field(default=2, metadata={"min": 1, "max": 8})
    noise: bool = True
    errors: DepthErrorsConfig = field(default_factory=DepthErrorsConfig)
    seed: int = field(default=0, metadata={"min": 0})
    core_timeout: float = field(default=20.0, metadata={"min": 0.0, "max": 600.0})
    niceness: int = field(default=5, metadata={"min": 0, "max": 19})


class TwinCameras(ManagedNode):
    """Shows what the robot's depth cameras and scanners see in the simulation.

    Publishes, for each camera, the topics of `CameraTopics`, for each scanner that of
    `TwinLidar`.
    Parameters: `TwinCamerasConfig`.
    Stale behaviour: without a new scene from the core it publishes nothing. Without
    OpenGL, or without a simulation, it ends and says what to do.
    """

    def __init__(self) -> None:
        """Create the node, unconfigured."""
        super().__init__("twin_cameras")

    def configure(self) -> None:
        """Find OpenGL, load the scene and find the core."""
        config = self.config = load_config(self, TwinCamerasConfig)
        # Threads of software rendering would crowd out the real-time loop.
        os.environ.setdefault("LP_NUM_THREADS", "1")
        robot, world = load_robot(config.robot), load_world(config.world)
        cameras = chosen_cameras(robot, config.cameras)
        model = compile_model(robot, world, PhysicsConfig())
        width = max(camera.width for camera in cameras)
        height = max(camera.height for camera in cameras)
        self._gl = Offscreen(width, height)
        self._eye = DepthCamera(model)
        self._scene = SceneReader(
            core_block(self.get_namespace()),
            robot.name,
            world.name,
            model.nq,
            people=model.nmocap,
            timeout=config.core_timeout,
        )
        self._loop_clock = LoopClock(self.now)
        self._views = [
            View(self, camera, config, config.seed + place)
            for place, camera in enumerate(cameras)
        ]
        self._lidars = [
            TwinLidar(self, lidar, model, config.seed)
            for lidar in chosen_lidars(robot, config.lidars)
        ]
        self._turn = 0
        self._lost = False
        # Last: what failed before must not slow down who asked.
        os.nice(config.niceness)

    def activate(self) -> None:
        """Start looking."""
        period = 1.0 / (self.config.rate * len(self._views))
        self._timers = [self.create_wall_timer(period, self.tick)]
        self._timers += [
            self.create_wall_timer(lidar.period, partial(self.turn, lidar))
            for lidar in self._lidars
        ]

    def deactivate(self) -> None:
        """Stop looking."""
        for timer in self._timers:
            self.destroy_timer(timer)

    def clean(self) -> None:
        """Give OpenGL back."""
        self._eye.free()
        self._gl.free()

    def tick(self) -> None:
        """Let one camera look, the next one at the next call."""
        if not self._look():
            return
        view = self._views[self._turn]
        self._turn = (self._turn + 1) % len(self._views)
        if self._scene.due != view.seen:
            view.seen = self._scene.due
            if view.wanted:
                self._eye.place(self._scene.qpos, self._scene.people)
            view.publish(self._eye, self._loop_clock.to_ros(self._scene.time))

    def turn(self, lidar: TwinLidar) -> None:
        """Let a scanner turn once."""
        if lidar.wanted and self._look():
            self._eye.place(self._scene.qpos, self._scene.people)
            stamp = self._loop_clock.to_ros(self._scene.time)
            lidar.publish(self._eye.data, stamp)

    def _look(self) -> bool:
        """Read the scene; returns whether there is one."""
        try:
            new = self._scene.read()
        except DeviceError as error:
            # The core is being started anew, or has ended.
            if not self._lost:
                self.get_logger().warning(f"no scene: {error}")
            self._lost = True
            return False
        self._lost = False
        if new:
            self._loop_clock.observe(self._scene.time, self._scene.due)
        return bool(self._scene.due)


class View:
    """One camera on the graph.

    Attributes:
        seen: Which scene it has shown; its `due`.
    """

    def __init__(
        self, node: TwinCameras, camera: Camera, config: TwinCamerasConfig, seed: int
    ) -> None:
        """Create its topics.

        Args:
            node: That carries them.
            camera: Of the robot's file.
            config: Of the node.
            seed: Of the camera's errors.
        """
        self.seen = 0
        self._camera = camera
        self._binning = config.binning
        self._pinhole = pinhole_of(camera, config.binning)
        self._noise = None
        if config.noise:
            self._noise = noise_of(camera, config.errors, config.binning, seed)
            # Compiles what is compiled at the first image.
            size = (self._pinhole.height, self._pinhole.width)
            grey = np.full((*size, 3), 128, np.uint8)
            self._noise.measure(np.ones(size, np.float32), grey)
        self._topics = CameraTopics(node, camera.name)

    @property
    def wanted(self) -> bool:
        """Whether anybody listens to its images."""
        return self._topics.wanted

    def publish(self, eye: DepthCamera, stamp: Any) -> None:
        """Publish what it sees, as far as somebody listens."""
        topics = self._topics
        header = Header(stamp=stamp, frame_id=self._camera.frame)
        topics.publish_info(header, self._pinhole)
        if not topics.wanted:
            return
        look = eye.look(self._camera, self._binning)
        topics.publish_colour(header, look.colour)
        if not topics.depth_wanted:
            return
        near, far = self._camera.range
        depth = look.depth
        if self._noise is not None:
            depth = self._noise.measure(depth, look.colour)
        else:
            depth = np.where((depth >= near) & (depth <= far), depth, np.float32(0.0))
        topics.publish_depth(header, depth)
