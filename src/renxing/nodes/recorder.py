# SPDX-License-Identifier: Apache-2.0
"""Records the topics of the stack into an MCAP file."""

import importlib
import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy
from rclpy.subscription import Subscription

from renxing import __version__
from renxing.errors import ConfigError, DeviceError
from renxing.nodes.definitions import definition_of
from renxing.nodes.managed import ManagedNode
from renxing.nodes.parameter_snapshots import ParameterSnapshots
from renxing.nodes.parameters import load_config
from renxing.nodes.recording_reports import DIAGNOSTICS, MEGABYTE, recorder_report
from renxing.runtime.logs import recording_root
from renxing.runtime.recording import Recording

DEPTH = 1000  # messages of a topic that wait while the disk is slow
LOOK_PERIOD = 0.5  # [s] between two looks for new topics
REPORT_PERIOD = 1.0  # [s] between two reports of how it does
# More than all else together; who wants them says so.
BULKY = {
    "grid_map_msgs/msg/GridMap",
    "sensor_msgs/msg/CompressedImage",
    "sensor_msgs/msg/Image",
    "sensor_msgs/msg/PointCloud2",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderConfig:
    """The node.

    Attributes:
        output: File to write, or a folder for files named by date and time; empty for
            $RENXING_RECORDING_DIR, and without that ~/.local/state/renxing/recordings.
        robot: Name of the robot, kept in the file.
        world: Name of the world in which it is simulated, kept in the file; empty for
            none.
        images: Whether to record images, point clouds and maps of heights too.
        glimpse: Regular expression; what contains it is recorded without `images` too.
        include: Regular expression that a topic's full name must contain; empty takes
            all topics of the node's namespace, and /diagnostics.
        exclude: Regular expression that it must not contain; empty excludes none.
        max_size: The recording ends when the file has grown to this [MB]; 0 for never.
        keep_free: The recording ends when less is left on the disk [MB].
        flush_period: Time between two writes to disk; what a crash loses at most [s].
    """

    output: str = ""
    robot: str = ""
    world: str = ""
    images: bool = True
    glimpse: str = "/head/image_raw/compressed$"
    include: str = ""
    exclude: str = ""
    max_size: float = field(default=0.0, metadata={"min": 0.0})
    keep_free: float = field(default=200.0, metadata={"min": 0.0})
    flush_period: float = field(default=1.0, metadata={"min": 0.05, "max": 60.0})


class RecorderNode(ManagedNode):
    """Records while it is active, each time into a new file; never over an old one.

    Subscribes: every topic that `include` and `exclude` leave, with the QoS of its
    publishers, also topics that appear later. Hidden topics and those of a type whose
    definition is not installed are left out, the latter with one warning.
    Publishes: on /diagnostics, once a second, its file, how it grows and what is left
    on the disk; an error once the recording has ended too early.
    Asks: every node of its namespace for its parameters, when it appears; they become
    a metadata record `parameters:/full/name` with a JSON value by name.
    Parameters: `RecorderConfig`.
    Full disk: the file is finished before the disk is full (`keep_free`); if the disk
    refuses all the same, the file ends after its last complete chunk. Either way it
    says so once and the node goes on without recording: a robot does not stop for
    its recorder, and a restart would find the same disk.
    Stale behaviour: it records what comes; silence is recorded as silence.

    To read a file: open it in Foxglove or with `ros2 bag info|play FILE`, or in
    Python:

        from mcap.reader import make_reader
        from rclpy.serialization import deserialize_message
        with open(path, "rb") as stream:
            for schema, channel, message in make_reader(stream).iter_messages():
                ...  # deserialize_message(message.data, JointState)

    A file whose recorder was killed lacks its index and at most the last
    `flush_period`; all of these read it, and `mcap recover FILE` makes the index. A
    message's time is when it arrived, by the node's clock: the machine's, or with
    `use_sim_time` the simulated.
    """

    def __init__(self) -> None:
        """Create the node, unconfigured."""
        super().__init__("recorder")
        self._recording: Recording | None = None

    def configure(self) -> None:
        """Read what to record, and where to."""
        self.config = load_config(self, RecorderConfig)
        namespace = self.get_namespace().rstrip("/")
        self._include = _pattern(
            "include", self.config.include or f"^{namespace}/|^{DIAGNOSTICS}$"
        )
        self._exclude = _pattern("exclude", self.config.exclude or r"\A\b\Z")
        self._glimpse = _pattern("glimpse", self.config.glimpse or r"\A\b\Z")
        self._diagnostics = self.create_publisher(DiagnosticArray, DIAGNOSTICS, 10)

    def activate(self) -> None:
        """Start a file and look for topics."""
        metadata = {
            "version": __version__,
            "robot": self.config.robot,
            "world": self.config.world,
            "namespace": self.get_namespace().strip("/"),
        }
        self._recording = Recording(
            _file(self.config.output), metadata, int(self.config.keep_free * MEGABYTE)
        )
        self._channels: dict[str, int] = {}
        self._heard: dict[str, tuple[Subscription, QoSProfile]] = {}
        self._refused: set[str] = set()
        self._last, self._reason = self._recording, ""
        self._snapshots = ParameterSnapshots(self, self.keep_parameters)
        self.get_logger().info(f"recording to {self._recording.path}")
        self._looking = self.create_wall_timer(LOOK_PERIOD, self.look)
        self._flushing = self.create_wall_timer(self.config.flush_period, self.flush)
        self._telling = self.create_wall_timer(REPORT_PERIOD, self.tell)
        self.look()

    def deactivate(self) -> None:
        """Finish the file."""
        self.destroy_timer(self._looking)
        self.destroy_timer(self._flushing)
        self.destroy_timer(self._telling)
        self._snapshots.close()
        self._end()

    def look(self) -> None:
        """Subscribe to what is new."""
        if self._recording is None:
            return
        self._snapshots.look()
        for topic, kinds in self.get_topic_names_and_types():
            hidden = "/_" in topic
            bulky = not self.config.images and not BULKY.isdisjoint(kinds)
            if bulky and not self._glimpse.search(topic):
                continue
            if hidden or not self._include.search(topic) or self._exclude.search(topic):
                continue
            offers = self.get_publishers_info_by_topic(topic)
            if offers and topic not in self._refused:
                try:
                    self._listen(self._recording, topic, kinds, offers)
                except ConfigError as error:
                    self._refused.add(topic)
                    self.get_logger().warning(f"{topic} is not recorded: {error}")
                except DeviceError as error:
                    self._end(str(error))
                    return

    def _listen(
        self, recording: Recording, topic: str, kinds: Sequence[str], offers: list[Any]
    ) -> None:
        qos = _matching([offer.qos_profile for offer in offers])
        if topic in self._heard:
            subscription, present = self._heard[topic]
            if present == qos:
                return
            # A publisher has joined that the present subscription cannot hear.
            self.destroy_subscription(subscription)
        if len(kinds) != 1:
            raise ConfigError(f"it has several types: {', '.join(kinds)}")
        message = _message_class(kinds[0])
        if topic not in self._channels:
            self._channels[topic] = recording.add_channel(
                topic, kinds[0], definition_of(kinds[0]), _channel_metadata(offers)
            )
        channel = self._channels[topic]

        def on_message(data: bytes) -> None:
            self.keep(channel, data)

        subscription = self.create_subscription(
            message, topic, on_message, qos, raw=True
        )
        self._heard[topic] = subscription, qos

    def keep(self, channel: int, data: bytes) -> None:
        """Write a message down."""
        if self._recording is None:
            return
        # The message's own time stamps are out of reach: asking for them crashes the
        # EventsExecutor of the PyPI wheels.
        now = self.get_clock().now().nanoseconds
        try:
            self._recording.write(channel, now, data)
        except DeviceError as error:
            self._end(str(error))

    def keep_parameters(self, name: str, values: Mapping[str, str]) -> None:
        """Write a node's parameters down."""
        if self._recording is None:
            return
        try:
            self._recording.add_metadata(f"parameters:{name}", values)
        except DeviceError as error:
            self._end(str(error))

    def tell(self) -> None:
        """Say how the recording does, or that it has ended."""
        recording = self._last
        report = recorder_report(
            self.get_namespace(),
            recording.path,
            size=recording.size,
            messages=recording.messages,
            free=recording.free,
            ended=self._reason,
        )
        report.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(report)

    def flush(self) -> None:
        """Bring what was written to the disk, and see whether there is room."""
        if self._recording is None:
            return
        try:
            self._recording.flush()
        except DeviceError as error:
            self._end(str(error))
            return
        if 0.0 < self.config.max_size * MEGABYTE <= self._recording.size:
            self._end(f"{self.config.max_size:g} MB are reached")

    def _end(self, reason: str = "") -> None:
        recording, self._recording = self._recording, None
        if recording is None:
            return
        for subscription, _ in self._heard.values():
            self.destroy_subscription(subscription)
        try:
            recording.close()
        except DeviceError as error:
            reason = reason or str(error)
        said = f"{recording.messages} messages in {recording.path}"
        self._reason = reason
        if reason:
            self.get_logger().error(f"recording ended: {reason}; {said}")
        else:
            self.get_logger().info(f"recorded {said}")


def _pattern(what: str, text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise ConfigError(f"recorder: parameter '{what}': {text!r}: {error}") from error


def _file(output: str) -> Path:
    path = Path(output).expanduser() if output else recording_root(os.environ)
    if not output or path.is_dir():
        path /= time.strftime("%Y%m%d-%H%M%S.mcap")
    return path if path.suffix == ".mcap" else path.with_name(f"{path.name}.mcap")


def _message_class(kind: str) -> type:
    package, _, name = kind.partition("/msg/")
    try:
        return getattr(importlib.import_module(f"{package}.msg"), name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"message type '{kind}': not installed") from error


def _matching(offered: Sequence[QoSProfile]) -> QoSProfile:
    """Return the strictest QoS that hears all publishers, as rosbag2 chooses it."""
    reliable = all(qos.reliability == QoSReliabilityPolicy.RELIABLE for qos in offered)
    latched = all(
        qos.durability == QoSDurabilityPolicy.TRANSIENT_LOCAL for qos in offered
    )
    return QoSProfile(
        depth=DEPTH,
        reliability=QoSReliabilityPolicy.RELIABLE
        if reliable
        else QoSReliabilityPolicy.BEST_EFFORT,
        durability=QoSDurabilityPolicy.TRANSIENT_LOCAL
        if latched
        else QoSDurabilityPolicy.VOLATILE,
    )


def _channel_metadata(offers: Sequence[Any]) -> dict[str, str]:
    """Return what rosbag2 keeps with a topic, so that it can play it as it was."""
    forever = {"sec": 9223372036, "nsec": 854775807}  # as rmw/types.h has it
    profiles = [
        {
            "history": "keep_last",  # discovery does not tell it, nor the depth
            "depth": 10,
            "reliability": offer.qos_profile.reliability.short_key,
            "durability": offer.qos_profile.durability.short_key,
            "deadline": dict(forever),
            "lifespan": dict(forever),
            "liveliness": "automatic",
            "liveliness_lease_duration": dict(forever),
            "avoid_ros_namespace_conventions": False,
        }
        for offer in offers
    ]
    return {
        "offered_qos_profiles": yaml.safe_dump(profiles, sort_keys=False),
        "topic_type_hash": str(offers[0].topic_type_hash),
    }
