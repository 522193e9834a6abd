# SPDX-License-Identifier: Apache-2.0
"""The ground around the robot, from its depth cameras."""

import os
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from grid_map_msgs.msg import GridMap
from rclpy.qos import QoSProfile
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
from renxing.nodes.camera_choice import chosen_cameras
from renxing.nodes.image_poses import ImagePoses
from renxing.nodes.managed import ManagedNode
from renxing.nodes.parameters import load_config
from renxing.nodes.terrain_people import PeopleWatch, PeopleWatchConfig
from renxing.perception import (
    CleanDepth,
    ConditioningConfig,
    DepthConditioner,
    SelfFilter,
    SelfFilterConfig,
    lift,
)
from renxing.perception.projection import Depth
from renxing.robot import load_robot
from renxing.robot.description import Camera
from renxing.robot.pinhole import Pinhole, pinhole_of
from renxing.spatial import SE3, Array

LATEST = QoSProfile(depth=2)
POLL = 0.01  # [s] between two looks for images whose pose has come
PATIENCE = 0.15  # [s] that an image waits for its pose


@dataclass(frozen=True, slots=True, kw_only=True)
class TerrainConfig:
    """The node.

    Attributes:
        robot: Name in config/robots or path of a robot's YAML file.
        cameras: Names of the robot's cameras, of which it may lack some.
        odometry: Topic that says where the base is.
        rate: Of the map [Hz].
        farthest: Depth beyond which nothing goes into the map [m].
        own_body: What is taken out as the robot itself.
        conditioning: What is done to depth images.
        map: The map.
        ground: What the robot can walk on.
        people: The look-out for people.
        niceness: By which the process steps back behind the others.
    """

    robot: str = "rx1"
    cameras: str = "head chest"
    odometry: str = "odom"
    rate: float = field(default=10.0, metadata={"min": 0.5, "max": 50.0})
    farthest: float = field(default=5.0, metadata={"min": 0.5, "max": 30.0})
    own_body: SelfFilterConfig = field(default_factory=SelfFilterConfig)
    conditioning: ConditioningConfig = field(default_factory=ConditioningConfig)
    map: ElevationConfig = field(default_factory=ElevationConfig)
    ground: TraversabilityConfig = field(default_factory=TraversabilityConfig)
    people: PeopleWatchConfig = field(default_factory=PeopleWatchConfig)
    niceness: int = field(default=5, metadata={"min": 0, "max": 19})


class Terrain(ManagedNode):
    """Maps heights and where the robot can walk, and says who is there.

    Publishes: elevation_map (GridMap, frame of the odometry; layers of
    `camera_messages.LAYERS`); for each camera camera/<name>/points (PointCloud2) and
    camera/<name>/depth/image_conditioned (32FC1), both without the robot's own body;
    each only while somebody listens; what `PeopleWatch` publishes.
    Subscribes: camera/<name>/depth/image_raw (16UC1 or 32FC1), .../depth/camera_info,
    odom, joint_states.
    Services: ~/clear (Trigger): forgets the map.
    Parameters: `TerrainConfig`.
    Stale behaviour: an image for whose time no pose comes is left out; a map without
    new images keeps its stamp, so that a listener sees it age.
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
        self._waiting: deque[tuple[Feed, Image, float]]
        # A machine that is too slow leaves out the oldest.
        self._waiting = deque(maxlen=2 * len(cameras))
        self._feeds = [Feed(self, camera) for camera in cameras]
        self._warm_up()
        self._maps = self.create_publisher(GridMap, "elevation_map", LATEST)
        self._people = PeopleWatch(self, config.people)
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
        conditioner = DepthConditioner(self.config.conditioning, pinhole)
        for _ in range(2):
            clean = conditioner.step(kept, SE3.Identity())
        points = lift(clean.depth, clean.deviation, pinhole, SE3.Identity())
        for _ in range(2):
            self._map.step(
                0.0, points.position, points.variance, np.ones(3), np.zeros(3)
            )
        traversability(self._map.heights(), self.config.ground)
        self._map.reset()

    def clear(self, _request: object, response: Trigger.Response) -> Trigger.Response:
        """Forget the map."""
        self._map.reset()
        response.success = True
        return response

    # --- callbacks store, ticks think ----------

    def on_image(self, feed: "Feed", message: Image) -> None:
        """Let an image wait for the pose of its time."""
        now = self.now()
        self._waiting.append((feed, message, now))

    def tick(self) -> None:
        """Take an image whose pose is known; only one, so that poses go on coming."""
        now = self.now()
        for _ in range(len(self._waiting)):
            feed, message, came = self._waiting.popleft()
            stamp = convert.to_seconds(message.header.stamp)
            if self._poses.newest < stamp and 0.0 <= now - came < PATIENCE:
                self._waiting.append((feed, message, came))
                continue
            self._take(feed, message, stamp)
            return

    def _take(self, feed: "Feed", message: Image, stamp: float) -> None:
        pinhole = feed.pinhole
        placed = self._poses.at(stamp)
        if pinhole is None or placed is None:
            self.get_logger().warning(
                f"camera {feed.camera.name}: image left out: no camera_info, or no "
                f"'{self.config.odometry}' or joint_states of its time",
                throttle_duration_sec=5.0,
            )
            return
        pose, joints = placed
        try:
            depth = messages.from_depth_image(message)
            clean = feed.condition(self._filter, depth, pose, joints)
        except DeviceError as error:
            self.get_logger().error(str(error), throttle_duration_sec=5.0)
            return
        eye, sole = feed.eye, self._standing(pose)
        points = lift(clean.depth, clean.deviation, pinhole, eye, self.config.farthest)
        if feed.camera.name == self.config.people.camera:
            header = Header(stamp=message.header.stamp, frame_id=self._poses.frame)
            self._people.look(header, points, eye, pinhole, sole)
        points = self._people.without_walkers(points, stamp)
        self._map.step(
            stamp, points.position, points.variance, eye.translation, pose.translation
        )
        self._map.stand(pose.translation, sole)
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


class Feed:
    """One camera's images.

    Attributes:
        camera: Of the robot's file.
        pinhole: Of its images; None until it has said so.
        eye: Pose of its optical frame in odom, of the last image.
    """

    def __init__(self, node: Terrain, camera: Camera) -> None:
        """Create its topics."""
        self.camera = camera
        self.pinhole: Pinhole | None = None
        self.eye = SE3.Identity()
        self._config = node.config.conditioning
        self._conditioner: DepthConditioner | None = None
        self._log = node.get_logger()
        name, topic = f"camera/{camera.name}", node.create_publisher
        self._points = topic(PointCloud2, f"{name}/points", LATEST)
        self._clean = topic(Image, f"{name}/depth/image_conditioned", LATEST)

    def on_info(self, message: CameraInfo) -> None:
        """Keep the intrinsics."""
        try:
            pinhole = messages.from_camera_info(message)
        except DeviceError as error:
            self._log.error(str(error), throttle_duration_sec=5.0)
            return
        if pinhole != self.pinhole:
            self.pinhole = pinhole
            self._conditioner = DepthConditioner(self._config, pinhole)

    def condition(
        self, body: SelfFilter, depth: Depth, base_to_odom: SE3, positions: Array
    ) -> CleanDepth:
        """Take the robot out of an image and condition it.

        Args:
            body: Knows where the robot's shapes are.
            depth: [m], shape (H, W); 0 for no measurement.
            base_to_odom: Pose of the base at the time of the image.
            positions: Of the joints at that time [rad], shape (n,).

        Raises:
            DeviceError: If the image has not the size of its camera_info.
        """
        pinhole, conditioner = self.pinhole, self._conditioner
        if pinhole is None or conditioner is None:
            raise DeviceError(f"camera {self.camera.name}: no camera_info yet")
        if depth.shape != (pinhole.height, pinhole.width):
            raise DeviceError(
                f"camera {self.camera.name}: image of {depth.shape[1]} x "
                f"{depth.shape[0]} pixels, camera_info of {pinhole.width} x "
                f"{pinhole.height}"
            )
        body.place(positions)
        self.eye = base_to_odom * body.camera_to_base(self.camera.frame)
        kept = body.remove(depth, pinhole, self.camera.frame)
        return conditioner.step(kept, self.eye)

    def publish(self, header: Header, depth: Depth) -> None:
        """Publish what became of an image, as far as somebody listens."""
        if self._points.get_subscription_count() and self.pinhole is not None:
            self._points.publish(messages.to_cloud(header, depth, self.pinhole))
        if self._clean.get_subscription_count():
            # REP-118: in metres what was not measured is NaN.
            metres = np.where(depth > 0.0, depth, np.float32(np.nan))
            self._clean.publish(messages.to_image(header, metres, "32FC1"))
