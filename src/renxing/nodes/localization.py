# SPDX-License-Identifier: Apache-2.0
"""Where the robot is in the world: makes a map, or finds itself in one."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pinocchio
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseWithCovarianceStamped
from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
from nav_msgs.msg import OccupancyGrid
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import PointCloud2
from std_srvs.srv import Trigger
from tf2_msgs.msg import TFMessage

from renxing.errors import ConfigError, DeviceError, RenxingError
from renxing.localization import (
    KeyframeConfig,
    MapperConfig,
    OccupancyConfig,
    TrackerConfig,
    View,
    is_due,
    make_keyframe,
)
from renxing.localization.keyframes import moved
from renxing.nodes import convert
from renxing.nodes import localization_messages as messages
from renxing.nodes.cloud_messages import from_cloud
from renxing.nodes.image_poses import ImagePoses
from renxing.nodes.localization_worker import Answer, LocalizationWorker
from renxing.nodes.managed import ManagedNode
from renxing.nodes.parameters import load_config
from renxing.nodes.sensor_choice import chosen_cameras
from renxing.robot import load_robot
from renxing.robot.description import Camera
from renxing.spatial import SE3, Array

LATEST = QoSProfile(depth=2)
LATCHED = QoSProfile(
    depth=1,
    durability=QoSDurabilityPolicy.TRANSIENT_LOCAL,
    reliability=QoSReliabilityPolicy.RELIABLE,
)
TOGETHER = 0.12  # [s] that clouds of one keyframe may be apart
PATIENCE = 0.3  # [s] that a cloud waits for its pose
POLL = 0.01  # [s] between two looks at what has come
REPORT = 1.0  # [s] between two diagnostics


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalizationConfig:
    """The node.

    Attributes:
        robot: Name in config/robots or path of a robot's YAML file.
        cameras: Names of the robot's cameras, of which it may lack some.
        odometry: Topic that says where the base is.
        frame: Of the map.
        file: Path to which `~/save` writes and from which `~/load` reads; .npz. If it
            is there, the node begins in its map instead of an empty one.
        rate: Of the transform [Hz].
        map_period: Time between two maps from above while mapping [s].
        keyframes: What becomes a keyframe.
        mapping: How a map is made.
        tracking: How the robot is followed in a map.
        grid: The map from above.
        niceness: By which the process steps back behind the others.
    """

    robot: str = "rx1"
    cameras: str = "head chest"
    odometry: str = "odom"
    frame: str = "map"
    file: str = ""
    rate: float = field(default=20.0, metadata={"min": 10.0, "max": 100.0})
    map_period: float = field(default=3.0, metadata={"min": 0.5, "max": 600.0})
    keyframes: KeyframeConfig = field(default_factory=KeyframeConfig)
    mapping: MapperConfig = field(default_factory=MapperConfig)
    tracking: TrackerConfig = field(default_factory=TrackerConfig)
    grid: OccupancyConfig = field(default_factory=OccupancyConfig)
    niceness: int = field(default=5, metadata={"min": 0, "max": 19})


class Localization(ManagedNode):
    """Knows where odometry lies in the map.

    Publishes: tf map -> odom (TFMessage), amcl_pose (PoseWithCovarianceStamped,
    latched), map (OccupancyGrid, latched), diagnostics (DiagnosticArray).
    Subscribes: camera/<name>/points of `terrain` (PointCloud2, without the robot's own
    body), odom, joint_states, initialpose (PoseWithCovarianceStamped, in map).
    Services: ~/save and ~/load (Trigger): the map to and from `file`; amcl/get_state
    (GetState), for who waits for a localizer of that name.
    Parameters: `LocalizationConfig`.
    Stale behaviour: lost, or without clouds, the last transform stays and is published
    on; diagnostics say so, and the covariance of amcl_pose grows. A lost robot looks
    for its place at each keyframe, so it has to turn or walk. `~/load` takes seconds,
    in which no transform is published.
    """

    def __init__(self) -> None:
        """Create the node, unconfigured."""
        super().__init__("localization")

    def configure(self) -> None:
        """Load the robot and, if wanted, the map; join the graph."""
        config = self.config = load_config(self, LocalizationConfig)
        self.robot = robot = load_robot(config.robot)
        self._cameras = chosen_cameras(robot, config.cameras)
        self._worker = LocalizationWorker(
            robot.name, config.mapping, config.tracking, config.grid, config.map_period
        )
        if config.file and Path(config.file).exists():
            self._worker.load(Path(config.file))
        self._data = robot.model.createData()
        # Of each camera the newest cloud, and when it came.
        self._clouds: dict[str, tuple[float, PointCloud2, float]] = {}
        self._last: SE3 | None = None
        self._answer: Answer = self._worker.answer
        self._active = False
        publisher = self.create_publisher
        self._tf = publisher(TFMessage, "tf", 100)
        self._pose = publisher(PoseWithCovarianceStamped, "amcl_pose", LATCHED)
        self._map = publisher(OccupancyGrid, "map", LATCHED)
        self._diagnostics = publisher(DiagnosticArray, "diagnostics", 10)
        self.create_service(Trigger, "~/save", self.save)
        self.create_service(Trigger, "~/load", self.load)
        self.create_service(GetState, "amcl/get_state", self.get_state)
        os.nice(config.niceness)

    def activate(self) -> None:
        """Start."""
        subscribe = self.create_subscription
        self._poses = ImagePoses(self, self.robot, self.config.odometry)
        self._heard = [
            subscribe(
                PoseWithCovarianceStamped, "initialpose", self.on_initial_pose, 10
            ),
        ]
        for camera in self._cameras:
            topic = f"camera/{camera.name}/points"
            on_cloud = partial(self.on_cloud, camera.name)
            self._heard.append(subscribe(PointCloud2, topic, on_cloud, LATEST))
        self._ticks = [
            self.create_wall_timer(POLL, self.tick),
            self.create_wall_timer(1.0 / self.config.rate, self.publish),
            self.create_wall_timer(REPORT, self.report),
        ]
        self._worker.start()
        self._active = True

    def deactivate(self) -> None:
        """Stop; what was mapped is kept."""
        self._active = False
        self._worker.stop()
        for timer in self._ticks:
            self.destroy_timer(timer)
        self._poses.close()
        for subscription in self._heard:
            self.destroy_subscription(subscription)

    # --- services ------------------------------------------------------------

    def save(self, _request: object, response: Trigger.Response) -> Trigger.Response:
        """Write the map."""
        return self._with_file(self._worker.save, response)

    def load(self, _request: object, response: Trigger.Response) -> Trigger.Response:
        """Read the map and look for the robot in it."""
        # One look even if it stands still; for more it has to turn.
        self._last = None
        return self._with_file(self._worker.load, response)

    def _with_file(
        self, action: Callable[[Path], str], response: Trigger.Response
    ) -> Trigger.Response:
        try:
            if not self.config.file:
                raise ConfigError("the parameter 'file' is empty: no path of a map")
            response.message = action(Path(self.config.file))
            response.success = True
        except RenxingError as error:
            response.success, response.message = False, str(error)
            self.get_logger().error(str(error))
        return response

    def get_state(
        self, _request: object, response: GetState.Response
    ) -> GetState.Response:
        """Answer as a localizer that others know by the name `amcl`."""
        state = (
            State.PRIMARY_STATE_ACTIVE
            if self._active
            else (State.PRIMARY_STATE_INACTIVE)
        )
        response.current_state.id = state
        response.current_state.label = "active" if self._active else "inactive"
        return response

    # --- callbacks store, ticks think ------------------------------------------

    def on_cloud(self, name: str, message: PointCloud2) -> None:
        """Keep the newest cloud of a camera."""
        stamp = convert.to_seconds(message.header.stamp)
        self._clouds[name] = stamp, message, self.now()

    def on_initial_pose(self, message: PoseWithCovarianceStamped) -> None:
        """Believe an operator."""
        try:
            pose = convert.from_pose(message.pose.pose)
        except ConfigError as error:
            self.get_logger().error(f"initialpose: {error}")
            return
        base = self._poses.base
        if base is None:
            self.get_logger().warning("initialpose: refused, no odometry has come yet")
            return
        if not self._worker.place(pose, base):
            self.get_logger().warning("initialpose: refused while a map is being made")

    def tick(self) -> None:
        """Hand a keyframe to the worker when one is due and all of it has come."""
        if self._worker.answer is not self._answer:
            self._answer = self._worker.answer
            self._show(self._answer)
        base, known = self._poses.base, self._poses.newest
        if self._worker.busy or base is None or not np.isfinite(known):
            return
        due = self._last is None or is_due(self.config.keyframes, self._last, base)
        if not due or not self._clouds:
            return
        newest = max(stamp for stamp, _, _ in self._clouds.values())
        together = [
            (name, stamp, cloud)
            for name, (stamp, cloud, _) in self._clouds.items()
            if newest - stamp <= TOGETHER
        ]
        waited = self.now() - max(came for _, _, came in self._clouds.values())
        complete = len(together) == len(self._cameras)
        if not (known >= newest and complete) and waited < PATIENCE:
            return
        self._clouds.clear()
        self._take(newest, together)

    def _take(self, stamp: float, clouds: list[tuple[str, float, PointCloud2]]) -> None:
        placed = self._poses.at(stamp)
        if placed is None:
            self.get_logger().warning(
                f"clouds left out: no '{self.config.odometry}' or joint_states of "
                "their time",
                throttle_duration_sec=5.0,
            )
            return
        base, joints = placed
        height = self._height(joints)
        views = []
        for name, taken, cloud in clouds:
            placed = self._poses.at(taken)
            if placed is None:
                continue
            then, posture = placed
            camera = next(c for c in self._cameras if c.name == name)
            eye = base.actInv(then * self._camera_to_base(camera, posture))
            try:
                points = from_cloud(cloud)
            except DeviceError as error:
                self.get_logger().error(str(error), throttle_duration_sec=5.0)
                continue
            views.append(View(eye=eye.translation, points=moved(eye, points)))
        keyframe = make_keyframe(self.config.keyframes, stamp, base, views, height)
        if keyframe is not None:
            self._last = base
            self._worker.give(keyframe)

    def _camera_to_base(self, camera: Camera, positions: Array) -> SE3:
        self._move(positions)
        base = self._data.oMf[self.robot.frame(self.robot.description.base)]
        placement: SE3 = base.actInv(self._data.oMf[self.robot.frame(camera.frame)])
        return placement

    def _height(self, positions: Array) -> float:
        """Return the height of the base over its lower sole [m]."""
        self._move(positions)
        base = self._data.oMf[self.robot.frame(self.robot.description.base)]
        soles = [
            base.actInv(self._data.oMf[self.robot.frame(foot.sole)])
            for foot in self.robot.description.feet
        ]
        return -min(float(sole.translation[2]) for sole in soles)

    def _move(self, positions: Array) -> None:
        q = self.robot.configuration(positions)
        pinocchio.framesForwardKinematics(self.robot.model, self._data, q)

    # --- out -----------------------------------------------------------------

    def publish(self) -> None:
        """Publish where odometry lies in the map, as it was last known."""
        stamp = self.get_clock().now().to_msg()
        lies = self._answer.transform_odom_to_map
        frame = self.config.frame
        self._tf.publish(
            TFMessage(
                transforms=[convert.to_transform(stamp, frame, self._poses.frame, lies)]
            )
        )

    def _show(self, answer: Answer) -> None:
        """Publish what a keyframe has brought."""
        if answer.error:
            self.get_logger().error(answer.error, throttle_duration_sec=5.0)
        if answer.pose is not None:
            stamp = convert.to_time(answer.stamp)
            self._pose.publish(
                messages.to_pose(
                    stamp, self.config.frame, answer.pose, answer.covariance
                )
            )
        if answer.flat is not None:
            now = self.get_clock().now().to_msg()
            self._map.publish(messages.to_grid(now, self.config.frame, answer.flat))

    def report(self) -> None:
        """Publish how it goes."""
        answer = self._answer
        values = {
            "mode": answer.mode,
            "keyframes": str(answer.keyframes),
            "loops": str(answer.loops),
            "reason": answer.reason,
            "keyframe_ms": f"{1e3 * answer.seconds:.0f}",
        }
        good = answer.mode != "lost" and not answer.error
        text = answer.error or answer.mode
        stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(
            messages.to_diagnostics(stamp, "localization", good, text, values)
        )
