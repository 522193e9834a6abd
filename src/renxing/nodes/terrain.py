# SPDX-License-Identifier: Apache-2.0
"""The ground around the robot and who is there, from its cameras and scanners."""

import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import numpy as np
from grid_map_msgs.msg import GridMap
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from renxing.errors import DeviceError
from renxing.mapping import (
    Elevation,
    ElevationConfig,
    TraversabilityConfig,
    traversability,
)
from renxing.nodes import camera_messages as messages
from renxing.nodes import convert
from renxing.nodes.image_poses import ImagePoses
from renxing.nodes.managed import ManagedNode
from renxing.nodes.parameters import load_config
from renxing.nodes.sensor_choice import chosen_cameras, chosen_lidars
from renxing.nodes.terrain_feed import LATEST, Feed
from renxing.nodes.terrain_people import PeopleWatch, PeopleWatchConfig
from renxing.nodes.terrain_surround import Surround
from renxing.perception import (
    ConditioningConfig,
    DepthConditioner,
    SelfFilter,
    SelfFilterConfig,
    SurroundConfig,
    lift,
)
from renxing.robot import load_robot
from renxing.robot.pinhole import pinhole_of
from renxing.spatial import SE3

F = TypeVar("F")
M = TypeVar("M", Image, PointCloud2)

POLL = 0.01  # [s] between two looks for images whose pose has come
PATIENCE = 0.15  # [s] that an image waits for its pose


@dataclass(frozen=True, slots=True, kw_only=True)
class TerrainConfig:
    """The node.

    Attributes:
        robot: Name in config/robots or path of a robot's YAML file.
        cameras: Names of the robot's cameras, of which it may lack some.
        lidars: Names of its laser scanners, likewise.
        odometry: Topic that says where the base is.
        rate: Of the map [Hz].
        farthest: Depth beyond which nothing goes into the map [m].
        own_body: What is taken out as the robot itself.
        conditioning: What is done to depth images.
        map: The map.
        ground: What the robot can walk on.
        people: The look-out for people.
        surround: What counts of what scanners measure all around.
        niceness: By which the process steps back behind the others.
    """

    robot: str = "rx1"
    cameras: str = "head chest"
    lidars: str = "head"
    odometry: str = "odom"
    rate: float = field(default=10.0, metadata={"min": 0.5, "max": 50.0})
    farthest: float = field(default=5.0, metadata={"min": 0.5, "max": 30.0})
    own_body: SelfFilterConfig = field(default_factory=SelfFilterConfig)
    conditioning: ConditioningConfig = field(default_factory=ConditioningConfig)
    map: ElevationConfig = field(default_factory=ElevationConfig)
    ground: TraversabilityConfig = field(default_factory=TraversabilityConfig)
    people: PeopleWatchConfig = field(default_factory=PeopleWatchConfig)
    surround: SurroundConfig = field(default_factory=SurroundConfig)
    niceness: int = field(default=5, metadata={"min": 0, "max": 19})


class Terrain(ManagedNode):
    """Maps heights and where the robot can walk, and says who is there.

    Publishes: elevation_map (GridMap, frame of the odometry; layers of
    `camera_messages.LAYERS`); for each camera camera/<name>/points (PointCloud2) and
    camera/<name>/depth/image_conditioned (32FC1), both without the robot's own body;
    each only while somebody listens; what `PeopleWatch` and, for each scanner,
    `Surround` publish.
    Subscribes: camera/<name>/depth/image_raw (16UC1 or 32FC1), .../depth/camera_info,
    lidar/<name>/points (PointCloud2), odom, joint_states.
    Services: ~/clear (Trigger): forgets the map.
    Parameters: `TerrainConfig`.
    Stale behaviour: what was measured at a time of no known pose is left out; a map
    without new images keeps its stamp, so that a listener sees it age.
    """

    def __init__(self) -> None:
        """Create the node, unconfigured."""
        super().__init__("terrain")

    def configure(self) -> None:
        """Load the robot, compile what is compiled, join the graph."""
        config = self.config = load_config(self, TerrainConfig)
        self.robot = robot = load_robot(config.robot)
        cameras = chosen_cameras(robot, config.cameras)
        self._filter = SelfFilter(config.own_body, robot)
        self._map = Elevation(config.map)
        self._soles = [foot.sole for foot in robot.description.feet]
        lidars = chosen_lidars(robot, config.lidars)
        self._turns: deque[tuple[Surround, PointCloud2, float]]
        self._turns = deque(maxlen=2 * len(lidars))
        self._waiting: deque[tuple[Feed, Image, float]]
        # A machine that is too slow leaves out the oldest.
        self._waiting = deque(maxlen=2 * len(cameras))
        self._feeds = [Feed(self, camera, config.conditioning) for camera in cameras]
        self._warm_up()
        self._maps = self.create_publisher(GridMap, "elevation_map", LATEST)
        self._people = PeopleWatch(self, config.people)
        self._surrounds = [
            Surround(self, lidar, config.surround, self._people) for lidar in lidars
        ]
        self._mapped = 0.0
        self.create_service(Trigger, "~/clear", self.clear)
        os.nice(config.niceness)

    def activate(self) -> None:
        """Start mapping."""
        subscribe = self.create_subscription
        self._poses = ImagePoses(self, self.robot, self.config.odometry)
        self._heard: list[Any] = []
        for feed in self._feeds:
            name = f"camera/{feed.camera.name}/depth"
            on_image = partial(self.on_image, feed)
            self._heard += [
                subscribe(CameraInfo, f"{name}/camera_info", feed.on_info, LATEST),
                subscribe(Image, f"{name}/image_raw", on_image, LATEST),
            ]
        for surround in self._surrounds:
            name = f"lidar/{surround.lidar.name}/points"
            on_turn = partial(self.on_turn, surround)
            self._heard.append(subscribe(PointCloud2, name, on_turn, LATEST))
        self._ticks = [
            self.create_wall_timer(POLL, self.tick),
            self.create_wall_timer(1.0 / self.config.rate, self.publish),
        ]

    def deactivate(self) -> None:
        """Stop mapping."""
        for timer in self._ticks:
            self.destroy_timer(timer)
        self._poses.close()
        for subscription in self._heard:
            self.destroy_subscription(subscription)

    def _warm_up(self) -> None:
        """Let everything compile now rather than at the first image."""
        pinhole = pinhole_of(self._feeds[0].camera, 8)
        flat = np.ones((pinhole.height, pinhole.width), np.float32)
        self._filter.place(np.zeros(len(self.robot.joints)))
        frame = self._feeds[0].camera.frame
        kept = self._filter.remove(flat, pinhole, frame)
        self._filter.outside(np.ones((1, 3)), frame, 0.0)
        conditioner = DepthConditioner(self.config.conditioning, pinhole)
        for _ in range(2):
            clean = conditioner.step(kept, SE3.Identity())
        points = lift(clean.depth, clean.deviation, pinhole, SE3.Identity())
        for _ in range(2):
            self._map.step(
                0.0, points.position, points.variance, np.ones(3), np.zeros(3)
            )
        self._map.see_through(points.position, np.ones(3))
        traversability(self._map.heights(), self.config.ground)
        self._map.reset()

    def clear(self, _request: object, response: Trigger.Response) -> Trigger.Response:
        """Forget the map."""
        self._map.reset()
        response.success = True
        return response

    # --- callbacks store, ticks think ----------

    def on_image(self, feed: Feed, message: Image) -> None:
        """Let an image wait for the pose of its time."""
        self._waiting.append((feed, message, self.now()))

    def on_turn(self, surround: Surround, message: PointCloud2) -> None:
        """Let a scanner's turn wait for the pose of its time."""
        self._turns.append((surround, message, self.now()))

    def tick(self) -> None:
        """Take what has a pose; only one image, so that poses go on coming."""
        # Turns first: they take a tenth of the time, and people depend on them.
        while (turn := self._next(self._turns)) is not None:
            self._take(*turn, self._sweep)
        image = self._next(self._waiting)
        if image is not None:
            self._take(*image, self._see)

    def _next(self, waiting: deque[tuple[F, M, float]]) -> tuple[F, M] | None:
        """Return the oldest whose pose is known, or that has waited for too long."""
        now = self.now()
        for _ in range(len(waiting)):
            feed, message, came = waiting.popleft()
            stamp = convert.to_seconds(message.header.stamp)
            if self._poses.newest >= stamp or not 0.0 <= now - came < PATIENCE:
                return feed, message
            waiting.append((feed, message, came))
        return None

    def _take(
        self, feed: F, message: M, take: Callable[[F, M, SE3, float], None]
    ) -> None:
        """Take an image or a turn with the pose of its time and the ground's height."""
        placed = self._poses.at(convert.to_seconds(message.header.stamp))
        try:
            if placed is None:
                raise DeviceError(
                    f"left out: no '{self.config.odometry}' or joint_states of its time"
                )
            pose, joints = placed
            self._filter.place(joints)
            take(feed, message, pose, self._standing(pose))
        except DeviceError as error:
            what = message.header.frame_id
            self.get_logger().warning(f"{what}: {error}", throttle_duration_sec=5.0)

    def _sweep(
        self, surround: Surround, message: PointCloud2, pose: SE3, ground: float
    ) -> None:
        frame = self._poses.frame
        points, eye = surround.take(message, self._filter, pose, ground, frame)
        self._map.see_through(points, eye)

    def _see(self, feed: Feed, message: Image, pose: SE3, ground: float) -> None:
        """Put an image into the map.

        Raises:
            DeviceError: If it is no depth image, or nothing is known of its camera.
        """
        depth = messages.from_depth_image(message)
        clean = feed.condition(self._filter, depth, pose)
        pinhole = feed.pinhole
        if pinhole is None:
            return
        eye, stamp = feed.eye, convert.to_seconds(message.header.stamp)
        points = lift(clean.depth, clean.deviation, pinhole, eye, self.config.farthest)
        if feed.camera.name == self.config.people.camera:
            header = Header(stamp=message.header.stamp, frame_id=self._poses.frame)
            self._people.look(header, points, eye, pinhole, ground)
        points = self._people.without_walkers(points, stamp)
        self._map.step(
            stamp, points.position, points.variance, eye.translation, pose.translation
        )
        self._map.stand(pose.translation, ground)
        feed.publish(message.header, clean.depth)

    def _standing(self, pose: SE3) -> float:
        """Return the height of the lower sole in odom [m], of the posture now."""
        soles = (pose * self._filter.camera_to_base(sole) for sole in self._soles)
        return min(float(sole.translation[2]) for sole in soles)

    def publish(self) -> None:
        """Publish the map if it is newer than the last one."""
        if not self._maps.get_subscription_count():
            return
        heights = self._map.heights()
        if not np.isfinite(heights.stamp) or heights.stamp == self._mapped:
            return
        self._mapped = heights.stamp
        ground = traversability(heights, self.config.ground)
        stamp = convert.to_time(heights.stamp)
        self._maps.publish(
            messages.to_grid_map(stamp, self._poses.frame, heights, ground)
        )
