# SPDX-License-Identifier: Apache-2.0
"""The things around the robot, seen and remembered."""

import os
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from people_msgs.msg import People
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from vision_msgs.msg import Detection3DArray
from visualization_msgs.msg import MarkerArray

from renxing.errors import DeviceError, StaleError
from renxing.nodes import camera_messages, convert
from renxing.nodes import object_messages as messages
from renxing.nodes.image_poses import ImagePoses
from renxing.nodes.managed import ManagedNode
from renxing.nodes.navigation.frames import Frames, FramesConfig
from renxing.nodes.parameters import load_config
from renxing.nodes.sensor_choice import chosen_cameras
from renxing.perception import (
    MemoryConfig,
    ObjectFinder,
    ObjectFinderConfig,
    ObjectMemory,
    SelfFilter,
    SelfFilterConfig,
    load_catalogue,
)
from renxing.robot import load_robot
from renxing.robot.description import Camera
from renxing.robot.pinhole import Pinhole, pinhole_of
from renxing.spatial import SE3, Array
from renxing_msgs.msg import SceneObjects

LATEST = QoSProfile(depth=2)
LATCHED = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
KEPT = 8  # colour images that wait for their depth
PEOPLE_AGE = 1.0  # [s] after which people may be elsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectsConfig:
    """The node.

    Attributes:
        robot: Name in config/robots or path of a robot's YAML file.
        cameras: Names of the robot's cameras, of which it may lack some.
        odometry: Topic that says where the base is.
        rate: Of images that are looked at, of all cameras together [Hz].
        finder: How things are found.
        memory: What is remembered.
        frames: The frame in which things are remembered.
        niceness: By which the process steps back behind the others.
    """

    robot: str = "rx1"
    cameras: str = "chest head"
    odometry: str = "odom"
    rate: float = field(default=2.0, metadata={"min": 0.1, "max": 15.0})
    finder: ObjectFinderConfig = field(default_factory=ObjectFinderConfig)
    memory: MemoryConfig = field(default_factory=MemoryConfig)
    frames: FramesConfig = field(default_factory=FramesConfig)
    niceness: int = field(default=5, metadata={"min": 0, "max": 19})


class Objects(ManagedNode):
    """Sees things, and remembers them.

    Publishes: detections (Detection3DArray, of one image), scene/objects (SceneObjects,
    latched), scene/markers (MarkerArray), the first and last only while somebody
    listens; all in the map where there is one, else in the frame of the odometry.
    Subscribes: camera/<name>/image_raw (rgb8), camera/<name>/depth/image_conditioned
    and camera/<name>/depth/camera_info, which share one lens; odom, joint_states,
    people, tf.
    Services: ~/forget (Trigger): forgets everything.
    Parameters: `ObjectsConfig`.
    Stale behaviour: an image for whose time no pose is known is left out; the scene
    keeps its stamp then, so that a listener sees it age.
    """

    def __init__(self) -> None:
        """Create the node, unconfigured."""
        super().__init__("objects")

    def configure(self) -> None:
        """Load the robot, compile what is compiled, join the graph."""
        config = self.config = load_config(self, ObjectsConfig)
        self.robot = robot = load_robot(config.robot)
        cameras = chosen_cameras(robot, config.cameras)
        self._body = SelfFilter(SelfFilterConfig(), robot)
        self._soles = [foot.sole for foot in robot.description.feet]
        self._finder = ObjectFinder(config.finder, load_catalogue())
        self._memory = ObjectMemory(config.memory)
        self._frames = Frames(self, config.frames)
        self._frame = ""
        self._to_map: SE3 | None = None
        self._people: tuple[float, Array] = (0.0, np.empty((0, 2)))
        self._views = [View(camera) for camera in cameras]
        self._turn, self._due = 0, 0.0
        self._rehearse()
        self._detections = self.create_publisher(Detection3DArray, "detections", LATEST)
        self._scene = self.create_publisher(SceneObjects, "scene/objects", LATCHED)
        self._markers = self.create_publisher(MarkerArray, "scene/markers", LATCHED)
        self.create_service(Trigger, "~/forget", self.forget)
        os.nice(config.niceness)

    def activate(self) -> None:
        """Start looking."""
        subscribe = self.create_subscription
        self._poses = ImagePoses(self, self.robot, self.config.odometry)
        self._heard: list[Any] = [subscribe(People, "people", self.on_people, 2)]
        for view in self._views:
            name = f"camera/{view.camera.name}"
            on_depth = partial(self.on_depth, view)
            self._heard += [
                subscribe(
                    CameraInfo, f"{name}/depth/camera_info", view.on_info, LATEST
                ),
                subscribe(Image, f"{name}/image_raw", view.on_colour, LATEST),
                subscribe(Image, f"{name}/depth/image_conditioned", on_depth, LATEST),
            ]

    def deactivate(self) -> None:
        """Stop looking; what is remembered stays."""
        self._poses.close()
        for subscription in self._heard:
            self.destroy_subscription(subscription)

    def _rehearse(self) -> None:
        """Let everything compile now rather than at the first image."""
        pinhole = pinhole_of(self._views[0].camera, 4)
        shape = (pinhole.height, pinhole.width)
        depth = np.full(shape, 1.0, np.float32)
        depth[: shape[0] // 2] = 0.8
        down = SE3(np.diag([1.0, -1.0, -1.0]), np.array([0.0, 0.0, 1.0]))
        colour = np.full((*shape, 3), 128, np.uint8)
        self._finder.find(colour, depth, pinhole, down, 0.0)

    def forget(self, _request: object, response: Trigger.Response) -> Trigger.Response:
        """Forget everything."""
        self._memory.reset()
        response.success = True
        return response

    def on_people(self, message: People) -> None:
        """Keep where people are, in the frame of the odometry."""
        places = [(one.position.x, one.position.y) for one in message.people]
        stamp = convert.to_seconds(message.header.stamp)
        self._people = (stamp, np.reshape(np.array(places, float), (-1, 2)))

    def on_depth(self, view: "View", message: Image) -> None:
        """Look at an image if it is time for one of this camera."""
        now = self.now()
        if self._due - 1.0 / self.config.rate <= now < self._due:
            return
        if self._views[self._turn] is not view:
            return
        stamp = convert.to_seconds(message.header.stamp)
        colour, placed = view.colour_of(message), self._poses.at(stamp)
        if colour is None or placed is None or view.pinhole is None:
            # Another camera may have what this one lacks.
            self._turn = (self._turn + 1) % len(self._views)
            return
        self._turn = (self._turn + 1) % len(self._views)
        self._due = now + 1.0 / self.config.rate
        try:
            self._look(view, view.pinhole, colour, message, *placed)
        except DeviceError as error:
            self.get_logger().error(str(error), throttle_duration_sec=5.0)

    def _look(
        self,
        view: "View",
        pinhole: Pinhole,
        colour: Image,
        message: Image,
        base: SE3,
        joints: Array,
    ) -> None:
        pixels = messages.from_colour_image(colour)
        depth = camera_messages.from_depth_image(message)
        size = (pinhole.height, pinhole.width)
        if depth.shape != size or pixels.shape[:2] != size:
            raise DeviceError(
                f"camera {view.camera.name}: depth of {depth.shape}, colour of "
                f"{pixels.shape[:2]}, camera_info of {size} rows and columns"
            )
        stamp = convert.to_seconds(message.header.stamp)
        self._body.place(joints)
        odom_to_fixed = self._fixed_frame()
        pose = odom_to_fixed * base
        eye = pose * self._body.camera_to_base(view.camera.frame)
        soles = (pose * self._body.camera_to_base(sole) for sole in self._soles)
        ground = min(float(sole.translation[2]) for sole in soles)
        found = self._finder.find(pixels, depth, pinhole, eye, ground)
        seen, people = self._people
        if not 0.0 <= stamp - seen <= PEOPLE_AGE:
            people = np.empty((0, 2))
        flat = odom_to_fixed.rotation[:2, :2], odom_to_fixed.translation[:2]
        known = self._memory.update(
            found, stamp, depth, pinhole, eye, people @ flat[0].T + flat[1]
        )
        header = Header(stamp=message.header.stamp, frame_id=self._frame)
        self._scene.publish(messages.to_scene(header, known))
        if self._markers.get_subscription_count():
            self._markers.publish(messages.to_markers(header, known))
        if self._detections.get_subscription_count():
            self._detections.publish(messages.to_detections(header, found))

    def _fixed_frame(self) -> SE3:
        """Return odom in the frame in which things are remembered."""
        try:
            odom_to_map = self._frames.odom_to_map()
        except StaleError:
            # Never back: what is remembered in the map has no better place.
            if self._to_map is not None:
                return self._to_map
            self._frame = self._poses.frame
            return SE3.Identity()
        if self._to_map is None:
            self._memory.move(odom_to_map)
        self._to_map, self._frame = odom_to_map, self.config.frames.map
        return odom_to_map


class View:
    """One camera's images.

    Attributes:
        camera: Of the robot's file.
        pinhole: Of its images; None until it has said so.
    """

    def __init__(self, camera: Camera) -> None:
        """Begin without images."""
        self.camera = camera
        self.pinhole: Pinhole | None = None
        self._colours: deque[Image] = deque(maxlen=KEPT)

    def on_info(self, message: CameraInfo) -> None:
        """Keep the intrinsics; `terrain` says what is wrong with them."""
        try:
            self.pinhole = camera_messages.from_camera_info(message)
        except DeviceError:
            self.pinhole = None

    def on_colour(self, message: Image) -> None:
        """Let a colour image wait for its depth."""
        self._colours.append(message)

    def colour_of(self, depth: Image) -> Image | None:
        """Return the colour image of the same moment."""
        for message in reversed(self._colours):
            if message.header.stamp == depth.header.stamp:
                return message
        return None
