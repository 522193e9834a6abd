# SPDX-License-Identifier: Apache-2.0
"""Which topics of a recording are played, under which names and how."""

import importlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import yaml
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy

from renxing.errors import ConfigError
from renxing.nodes.definitions import definition_of
from renxing.nodes.footage import namespace_of
from renxing.nodes.recording_reports import DIAGNOSTICS, RECORDING, REPLAY
from renxing.runtime.playback import Channel, Playback

# What would move a robot, or take the life of a graph for its own.
COMMANDS = re.compile(
    r"/_|/(cmd_vel\w*|emergency_stop|goal_pose|initialpose|joint_trajectory|commands"
    r"|reference|footsteps|speed_limit|preempt_teleop|speed_scaling_\w+|clicked_point"
    r"|transition_event|parameter_events|rosout|clock)$"
)
COMMAND_KINDS = {
    "geometry_msgs/msg/Twist",
    "geometry_msgs/msg/TwistStamped",
    "sensor_msgs/msg/Joy",
    "std_msgs/msg/Float64MultiArray",
    "trajectory_msgs/msg/JointTrajectory",
    "trajectory_msgs/msg/MultiDOFJointTrajectory",
}
OF_THEN = (f": {RECORDING}", f": {REPLAY}")
LEAST_DEPTH, MOST_DEPTH = 1, 100  # messages that wait for a slow listener


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A topic that is played.

    Attributes:
        name: Its full name on the graph.
        kind: Class of its messages.
        qos: As it was recorded.
        said_by: Of /diagnostics, what is played: names that begin like this; None for
            other topics.
    """

    name: str
    kind: type
    qos: QoSProfile
    said_by: str | None = None

    @property
    def latched(self) -> bool:
        """Whether those who come late get what was said last."""
        return bool(self.qos.durability == QoSDurabilityPolicy.TRANSIENT_LOCAL)


def topics_to_play(
    playback: Playback, namespace: str, exclude: re.Pattern[str]
) -> tuple[dict[int, Replayed], list[str]]:
    """Return what is played by the number of its channel, and why some is not.

    Args:
        playback: The recording.
        namespace: Into which it is played, such as "" or "/left".
        exclude: What names must not contain.
    """
    recorded = namespace_of(playback)
    played, warnings = {}, []
    for number, channel in playback.channels.items():
        topic = channel.topic
        if COMMANDS.search(topic) or channel.kind in COMMAND_KINDS:
            continue
        if exclude.search(topic):
            continue
        try:
            kind = _message_class(channel)
            qos = _qos(channel)
        except ConfigError as error:
            warnings.append(f"{topic} is not played: {error}")
            continue
        said_by = None
        name = topic
        if topic == DIAGNOSTICS:
            # Others speak there too.
            said_by = f"{recorded}/".lstrip("/")
        elif topic.startswith(f"{recorded}/"):
            name = namespace + topic.removeprefix(recorded)
        else:
            warnings.append(f"{topic} is not played: it is not in '{recorded}/'")
            continue
        played[number] = Replayed(name=name, kind=kind, qos=qos, said_by=said_by)
    return played, warnings


def played_statuses(statuses: Iterable[Any], said_by: str, namespace: str) -> list[Any]:
    """Return what the recorded stack said of itself, as if it were in a namespace.

    Args:
        statuses: Of a message of /diagnostics; their names are changed.
        said_by: What names of the recorded namespace begin with, such as `left/`.
        namespace: Into which it is played.
    """
    played = []
    for status in statuses:
        name = status.name.removeprefix(said_by)
        # What recorder and replay said then is not so now.
        if status.name.startswith(said_by) and not name.endswith(OF_THEN):
            status.name = f"{namespace.strip('/')}/{name}".lstrip("/")
            played.append(status)
    return played


def _message_class(channel: Channel) -> type:
    """Return the installed class of a channel's messages.

    Raises:
        ConfigError: If there is none, or it is another one than was recorded.
    """
    if channel.encoding != "cdr":
        raise ConfigError(f"its messages are '{channel.encoding}', allowed: cdr")
    package, _, name = channel.kind.partition("/msg/")
    try:
        kind: type = getattr(importlib.import_module(f"{package}.msg"), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"message type '{channel.kind}': not installed") from error
    if channel.language == "ros2msg" and _fields(channel.definition) != _fields(
        definition_of(channel.kind)
    ):
        raise ConfigError(
            f"message type '{channel.kind}': the installed definition is another one"
        )
    return kind


def _fields(definition: str) -> set[tuple[str, str]]:
    """Return the lines of a definition that say something, whatever their order."""
    rows, where = set(), ""
    for line in definition.splitlines():
        words = line.partition("#")[0].split()
        if words and words[0] == "MSG:":
            where = words[1]
        elif words and not words[0].startswith("=="):
            rows.add((where, " ".join(words)))
    return rows


def _qos(channel: Channel) -> QoSProfile:
    """Return the QoS with which a topic was published."""
    text = channel.metadata.get("offered_qos_profiles", "")
    try:
        profiles: Any = yaml.safe_load(text) if text else []
    except yaml.YAMLError as error:
        raise ConfigError("its QoS cannot be read") from error
    rows = [p for p in profiles or [] if isinstance(p, dict)]

    def all_are(key: str, word: str, number: int) -> bool:
        # Older files of rosbag2 have numbers of rmw/types.h.
        return bool(rows) and all(row.get(key) in (word, number) for row in rows)

    depths = [row.get("depth") for row in rows]
    depth = max((d for d in depths if isinstance(d, int)), default=10)
    latched = all_are("durability", "transient_local", 1)
    sloppy = all_are("reliability", "best_effort", 2)
    return QoSProfile(
        depth=min(max(depth, LEAST_DEPTH), MOST_DEPTH),
        reliability=QoSReliabilityPolicy.BEST_EFFORT
        if sloppy
        else QoSReliabilityPolicy.RELIABLE,
        durability=QoSDurabilityPolicy.TRANSIENT_LOCAL
        if latched
        else QoSDurabilityPolicy.VOLATILE,
    )
