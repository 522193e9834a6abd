# SPDX-License-Identifier: Apache-2.0
"""Plays a recording: its topics come again, at the times at which they came."""

import re
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.serialization import deserialize_message, serialize_message

from renxing.errors import ConfigError
from renxing.nodes.managed import ManagedNode
from renxing.nodes.parameters import load_config
from renxing.nodes.recording_reports import DIAGNOSTICS, replay_report
from renxing.nodes.replayed import Replayed, played_statuses, topics_to_play
from renxing.runtime.playback import Message, Playback

TICK = 0.005  # [s] between two looks at what is due
MOST = 2000  # messages in one go: the node stays responsive at any rate
REPORT_PERIOD = 0.5  # [s] between two reports, and looks for a robot
DISCOVERY = 1.5  # [s] in which a running robot is found


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayConfig:
    """The node.

    Attributes:
        file: The recording.
        rate: Seconds of it in a second [-].
        start: Left out at its beginning [s].
        seconds: Played from there on [s]; 0 for all.
        loop: Whether to begin again at the end.
        exclude: Regular expression; topics whose full name contains it are left out.
    """

    file: str = ""
    rate: float = field(default=1.0, metadata={"min": 0.01, "max": 100.0})
    start: float = field(default=0.0, metadata={"min": 0.0})
    seconds: float = field(default=0.0, metadata={"min": 0.0})
    loop: bool = False
    exclude: str = ""


class ReplayNode(ManagedNode):
    """Publishes what a recording holds.

    Publishes: the topics of the file, each with the QoS of its recording, in the node's
    namespace instead of the recorded one; of /diagnostics what the recorded stack
    said; and there how far it is. Commands (velocities, trajectories, goals, emergency
    stops) are left out, as is what a graph says about itself; so are types that are
    not installed, or whose definition has changed, with one warning each. Messages
    are what they were, with the stamps of then.
    Parameters: `ReplayConfig`.
    Refuses: to play where somebody else publishes one of its topics, such as a robot
    that runs in the namespace; it looks before it begins and all the time.
    Stale behaviour: at the end of the file it falls silent, and what was latched stays.
    """

    def __init__(self) -> None:
        """Create the node, unconfigured."""
        super().__init__("replay")
        self._next: Message | None = None
        self._ended = False

    def configure(self) -> None:
        """Open the file and join the graph, if no robot is on it."""
        config = self.config = load_config(self, ReplayConfig)
        if not config.file:
            raise ConfigError("replay: parameter 'file': no recording is named")
        self._playback = playback = Playback(Path(config.file).expanduser())
        if not playback.whole:
            self.get_logger().warning(
                f"{playback.path}: its recorder was killed; playing what it left"
            )
        if config.start > playback.duration:
            raise ConfigError(
                f"replay: start {config.start:g} s: allowed: up to "
                f"{playback.duration:.1f} s"
            )
        self._begin = playback.begin + round(1e9 * config.start)
        self._end = playback.end
        if config.seconds:
            self._end = min(self._end, self._begin + round(1e9 * config.seconds))
        namespace = self.get_namespace().rstrip("/")
        try:
            exclude = re.compile(config.exclude or r"\A\b\Z")
        except re.error as error:
            raise ConfigError(f"replay: exclude {config.exclude!r}: {error}") from error
        played, warnings = topics_to_play(playback, namespace, exclude)
        for warning in warnings:
            self.get_logger().warning(warning)
        if not played:
            raise ConfigError(f"{playback.path}: no topic in it that can be played")
        self._played: dict[int, Replayed] = played
        self._wait_for_a_robot()
        self._outlets: dict[int, Any] = {}
        by_name: dict[str, Any] = {}
        for number, topic in played.items():
            if topic.name not in by_name:
                by_name[topic.name] = self.create_publisher(
                    topic.kind, topic.name, topic.qos
                )
            self._outlets[number] = by_name[topic.name]
        self._diagnostics = self.create_publisher(DiagnosticArray, DIAGNOSTICS, 10)

    def activate(self) -> None:
        """Begin."""
        self._rewind()
        self._ticking = self.create_wall_timer(TICK, self.tick)
        self._telling = self.create_wall_timer(REPORT_PERIOD, self.tell)
        self.get_logger().info(
            f"playing {len(self._played)} topics of {self._playback.path}: "
            f"{(self._end - self._begin) * 1e-9:.1f} s at x {self.config.rate:g}"
        )

    def deactivate(self) -> None:
        """Fall silent."""
        self.destroy_timer(self._ticking)
        self.destroy_timer(self._telling)

    def tick(self) -> None:
        """Publish what is due."""
        now = self._now()
        for _ in range(MOST):
            message = self._next
            if message is None:
                if self.config.loop:
                    self._rewind()
                elif not self._ended:
                    self._ended = True
                    self.get_logger().info("the recording is over; Ctrl-C ends it")
                return
            if message.stamp > now:
                return
            self._publish(message)
            self._next = next(self._messages, None)

    def tell(self) -> None:
        """Say how far it is, and look whether a robot has come."""
        rival = self._rival()
        if rival:
            self.get_logger().fatal(rival)
            self.failure = ConfigError(rival)
            return
        report = replay_report(
            self.get_namespace(),
            self._playback.path,
            position=(min(self._now(), self._end) - self._playback.begin) * 1e-9,
            duration=self._playback.duration,
            rate=self.config.rate,
            ended=self._ended,
        )
        report.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(report)

    def _now(self) -> float:
        """Return the time in the recording [ns]."""
        return self._begin + 1e9 * self.config.rate * (time.monotonic() - self._started)

    def _rewind(self) -> None:
        """Say what was latched at the beginning, and go on from there."""
        latched = {n for n, topic in self._played.items() if topic.latched}
        kept: dict[int, deque[Message]] = {
            n: deque(maxlen=self._played[n].qos.depth) for n in latched
        }
        if self._begin > self._playback.begin:
            for message in self._playback.messages(latched, None, self._begin - 1):
                kept[message.channel].append(message)
        for messages in kept.values():
            for message in messages:
                self._publish(message)
        self._messages: Iterator[Message] = self._playback.messages(
            self._played.keys(), self._begin, self._end
        )
        self._next = next(self._messages, None)
        self._ended = False
        self._started = time.monotonic()

    def _publish(self, message: Message) -> None:
        topic, data = self._played[message.channel], message.data
        if topic.said_by is not None:
            array = deserialize_message(data, DiagnosticArray)
            array.status = played_statuses(
                array.status, topic.said_by, self.get_namespace()
            )
            if not array.status:
                return
            data = serialize_message(array)
        self._outlets[message.channel].publish(data)

    def _wait_for_a_robot(self) -> None:
        """Look for publishers of the same topics, as long as discovery takes.

        Raises:
            ConfigError: If there is one.
        """
        deadline = time.monotonic() + DISCOVERY
        while time.monotonic() < deadline:
            rival = self._rival()
            if rival:
                raise ConfigError(rival)
            time.sleep(0.1)

    def _rival(self) -> str:
        """Return why it may not play here; empty if it may."""
        own = (self.get_name(), self.get_namespace())
        for topic in self._played.values():
            if topic.said_by is not None:
                continue  # everybody's
            for info in self.get_publishers_info_by_topic(topic.name):
                if (info.node_name, info.node_namespace) == own:
                    continue
                known = not info.node_name.startswith("_")  # names come a little later
                who = info.node_name if known else "another node"
                return (
                    f"replay: {topic.name} is published by {who}: a robot runs here; "
                    "stop it, or choose another namespace:=NAME"
                )
        return ""
