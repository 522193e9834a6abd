# SPDX-License-Identifier: Apache-2.0
"""A RealSense depth camera on the robot, behind the topics of the simulated one.

Written after the interface of pyrealsense2 (librealsense's Python wrapper) and tested
with a fake of it; it has seen no camera yet.
"""

import importlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from std_msgs.msg import Header

from renxing.errors import ConfigError, DeviceError
from renxing.nodes import convert
from renxing.nodes.camera_topics import CameraTopics
from renxing.nodes.managed import ManagedNode
from renxing.nodes.parameters import load_config
from renxing.perception.projection import Depth
from renxing.robot import load_robot
from renxing.robot.pinhole import Pinhole

REPORT_PERIOD = 1.0  # [s] between two diagnostics, and between two tries to begin
SPARE = 2.0  # looks for each image


@dataclass(frozen=True, slots=True, kw_only=True)
class RealSenseConfig:
    """The node.

    Attributes:
        robot: Name in config/robots or path of a robot's YAML file.
        camera: Name of the robot's camera that this one is; it gives size and rate.
        serial: Number on the device; the first that is found if empty.
        stale: Time without an image after which it says so and begins anew [s].
    """

    robot: str = "rx1"
    camera: str = "head"
    serial: str = ""
    stale: float = field(default=1.0, metadata={"min": 0.1, "max": 60.0})


class RealSense(ManagedNode):
    """Publishes what a RealSense sees.

    Publishes: the topics of `CameraTopics`; colour is resampled into the depth image,
    so that both have its intrinsics and frame; /diagnostics (1 Hz).
    Parameters: `RealSenseConfig`.
    Stale behaviour: without images it publishes nothing but diagnostics, and begins
    anew once a second until the device is there. Stamps are the device's where it keeps
    the machine's time, else the time of arrival.
    """

    def __init__(self) -> None:
        """Create the node, unconfigured."""
        super().__init__("realsense")

    def configure(self) -> None:
        """Load the driver and the robot, and start the device."""
        config = self.config = load_config(self, RealSenseConfig)
        self._driver = load_driver()
        robot = load_robot(config.robot)
        known = {c.name: c for c in robot.description.sensors.cameras}
        if config.camera not in known:
            raise ConfigError(
                f"camera '{config.camera}': not on {robot.name}, which has "
                f"{', '.join(known) or 'none'}"
            )
        self._camera = known[config.camera]
        self._topics = CameraTopics(self, config.camera)
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._pipeline: Any = None
        self._images = 0
        self._trouble = ""
        self._start()
        self._came = self.now()

    def activate(self) -> None:
        """Start publishing."""
        period = 1.0 / (SPARE * self._camera.rate)
        self._ticks = [
            self.create_wall_timer(period, self.tick),
            self.create_wall_timer(REPORT_PERIOD, self.report),
        ]

    def deactivate(self) -> None:
        """Stop publishing."""
        for timer in self._ticks:
            self.destroy_timer(timer)

    def clean(self) -> None:
        """Give the device back."""
        self._stop()

    def _start(self) -> None:
        """Begin streaming.

        Raises:
            DeviceError: If there is no such device, or it refuses.
        """
        driver, camera = self._driver, self._camera
        wanted = driver.config()
        if self.config.serial:
            wanted.enable_device(self.config.serial)
        size, rate = (camera.width, camera.height), round(camera.rate)
        stream, form = driver.stream, driver.format
        wanted.enable_stream(stream.depth, *size, form.z16, rate)
        wanted.enable_stream(stream.color, *size, form.rgb8, rate)
        pipeline = driver.pipeline()
        try:
            profile = pipeline.start(wanted)
        except RuntimeError as error:
            raise DeviceError(
                f"RealSense '{self.config.serial or 'any'}' as camera '{camera.name}' "
                f"({camera.width} x {camera.height}, {rate} Hz): {error}"
            ) from error
        self._pipeline = pipeline
        self._scale = profile.get_device().first_depth_sensor().get_depth_scale()
        self._align = driver.align(stream.depth)
        shown = profile.get_stream(stream.depth).as_video_stream_profile()
        self._pinhole = pinhole_from(shown.get_intrinsics())

    def _stop(self) -> None:
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            try:
                pipeline.stop()
            except RuntimeError as error:
                self.get_logger().warning(f"RealSense does not stop: {error}")

    def tick(self) -> None:
        """Publish an image, if one has come."""
        if self._pipeline is None:
            return
        try:
            frames = self._pipeline.poll_for_frames()
            if not frames:
                return
            self._publish(frames)
        except RuntimeError as error:
            # Unplugged, most likely: `report` begins anew.
            self._trouble = str(error)
            self._stop()

    def _publish(self, frames: Any) -> None:
        depth_frame = frames.get_depth_frame()
        if not depth_frame:
            return
        self._came = self.now()
        self._images += 1
        stamp = convert.to_time(self._stamp(depth_frame))
        header = Header(stamp=stamp, frame_id=self._camera.frame)
        topics = self._topics
        topics.publish_info(header, self._pinhole)
        if topics.colour_wanted:
            colour_frame = self._align.process(frames).get_color_frame()
            if colour_frame:
                colour = np.asanyarray(colour_frame.get_data())
                topics.publish_colour(header, np.ascontiguousarray(colour))
        if topics.depth_wanted:
            near, far = self._camera.range
            counts = np.asanyarray(depth_frame.get_data())
            topics.publish_depth(header, in_range(counts, self._scale, near, far))

    def _stamp(self, frame: Any) -> float:
        """Return when a frame was captured, on the node's clock [s]."""
        domains = self._driver.timestamp_domain
        kept = (domains.global_time, domains.system_time)
        if frame.get_frame_timestamp_domain() in kept:
            stamp = 1e-3 * float(frame.get_timestamp())
            # A node that follows another clock has no use for the machine's.
            if abs(self._came - stamp) < self.config.stale:
                return stamp
        return self._came

    def report(self) -> None:
        """Say how it goes; begin anew where nothing comes."""
        silence = self.now() - self._came
        level, text = DiagnosticStatus.OK, f"{self._images} images"
        if self._pipeline is None or silence > self.config.stale:
            level = DiagnosticStatus.ERROR
            text = self._trouble or f"no image for {silence:.1f} s"
            self._stop()
            try:
                self._start()
                self._trouble = ""
            except DeviceError as error:
                self._trouble = str(error)
        name = f"{self.get_namespace().strip('/')}: {self.get_name()}"
        status = DiagnosticStatus(
            level=level, name=name.removeprefix(": "), message=text
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)


def load_driver() -> Any:
    """Return the module of the driver.

    Raises:
        ConfigError: If it is not installed.
    """
    try:
        return importlib.import_module("pyrealsense2")
    except ImportError as error:
        raise ConfigError(
            f"pyrealsense2: {error}; it comes with the extra 'realsense': renxing "
            "setup --extra realsense"
        ) from error


def pinhole_from(intrinsics: Any) -> Pinhole:
    """Return the intrinsics of a rectified image.

    Raises:
        DeviceError: If its pixels are not square, or it is distorted.
    """
    fx, fy = float(intrinsics.fx), float(intrinsics.fy)
    if fx <= 0.0 or abs(fx - fy) > 0.02 * fx or any(intrinsics.coeffs):
        raise DeviceError(
            f"RealSense: focal lengths {fx:g} and {fy:g} px, distortion "
            f"{list(intrinsics.coeffs)}; wanted the same within 2 %, and none"
        )
    return Pinhole(
        width=int(intrinsics.width),
        height=int(intrinsics.height),
        focal=0.5 * (fx + fy),
        centre_x=float(intrinsics.ppx),
        centre_y=float(intrinsics.ppy),
    )


def in_range(counts: Any, scale: float, near: float, far: float) -> Depth:
    """Return depth [m] of the device's counts, 0 for no measurement.

    Args:
        counts: Shape (H, W); 0 for no measurement.
        scale: Of a count [m].
        near: Least depth that is believed [m].
        far: Greatest depth that is believed [m].
    """
    depth: Depth = np.asarray(counts, np.float32) * np.float32(scale)
    depth[(depth < near) | (depth > far)] = 0.0
    return depth
