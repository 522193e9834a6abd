# SPDX-License-Identifier: Apache-2.0
"""What a recording shows: poses for each picture, and what is said and done meanwhile.

Only messages that a picture needs are read: the newest of a topic at its time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import mujoco
import numpy as np
from control_msgs.msg import DynamicJointState
from mujoco_ros2_control_msgs.msg import FreeJointStateArray
from nav_msgs.msg import Odometry
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import JointState

from renxing.errors import ConfigError
from renxing.nodes import convert
from renxing.robot import Robot
from renxing.runtime.playback import Message, Playback
from renxing.runtime.subtitles import Line, Step
from renxing.spatial import SE3, Array, quat_xyzw_from_rotation, wxyz_from_xyzw
from renxing_msgs.msg import Plan, PlanStep, TwinStatus, Utterance

JOINTS = ("joint_states", "dynamic_joint_states")  # the first that there is
BASES = ("ground_truth/odom", "odom")  # likewise
OBJECTS = "twin/free_joint_states"
STATUS = "twin/status"
DIALOGUE = "brain/dialogue"
PLAN = "brain/plan"
KINDS = {
    "joint_states": (JointState, "sensor_msgs/msg/JointState"),
    "dynamic_joint_states": (DynamicJointState, "control_msgs/msg/DynamicJointState"),
    **dict.fromkeys(BASES, (Odometry, "nav_msgs/msg/Odometry")),
    OBJECTS: (FreeJointStateArray, "mujoco_ros2_control_msgs/msg/FreeJointStateArray"),
    STATUS: (TwinStatus, "renxing_msgs/msg/TwinStatus"),
    DIALOGUE: (Utterance, "renxing_msgs/msg/Utterance"),
    PLAN: (Plan, "renxing_msgs/msg/Plan"),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shot:
    """One picture.

    Attributes:
        qpos: MuJoCo's positions, shape (nq,).
        people: Poses of those who walk, as `sim.people` has them, shape (n, 7).
        yaw: Heading of the base [rad].
        speed: Simulated seconds a wall second [-]; None if nobody told.
    """

    qpos: Array
    people: Array
    yaw: float
    speed: float | None


@dataclass(slots=True)
class Footage:
    """All pictures of a film, and what is said and done in it.

    Attributes:
        shots: At equal times.
        lines: What was said.
        steps: What the robot was about.
    """

    shots: list[Shot] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


def world_of(playback: Playback) -> str:
    """Return the world of a recording; empty if it does not say."""
    world = playback.metadata.get("renxing", {}).get("world", "")
    if world:
        return world
    # Recordings of before it was kept: the simulation said so too.
    channels = _find(playback)
    if STATUS in channels:
        for message in playback.messages([channels[STATUS]]):
            return str(deserialize_message(message.data, TwinStatus).world)
    return ""


def gather(
    playback: Playback,
    robot: Robot,
    model: mujoco.MjModel,
    begin: int,
    end: int,
    *,
    fps: int,
    rate: float,
) -> Footage:
    """Return what a recording shows.

    Args:
        playback: The recording.
        robot: Whose it is.
        model: The scene in which it is shown.
        begin: Of the film [ns]; later if there are no joint states yet.
        end: Of the film [ns].
        fps: Pictures in a second of the film [Hz].
        rate: Recorded seconds in a second of the film [-].

    Raises:
        ConfigError: If there are no joint states of this robot.
    """
    channels = _find(playback)
    joints = next((channels[name] for name in JOINTS if name in channels), None)
    if joints is None:
        raise ConfigError(
            f"recording {playback.path}: no topic {' or '.join(JOINTS)} in it"
        )
    base = next((channels[name] for name in BASES if name in channels), None)
    wanted = {channels[name] for name in (OBJECTS, STATUS) if name in channels}
    wanted |= {joints} if base is None else {joints, base}
    spoken = {channels[name] for name in (DIALOGUE, PLAN) if name in channels}
    kinds = {channel: KINDS[name][0] for name, channel in channels.items()}
    poses = _Poses(robot, model, kinds)
    found = Footage()
    newest: dict[int, Message] = {}
    start, period = 0, 1e9 * rate / fps
    said: list[tuple[int, Any]] = []
    # Objects that lie still, a plan that runs: what was so before the beginning counts.
    for message in playback.messages({*wanted, *spoken}, None, end):
        while start and message.stamp > start + len(found.shots) * period:
            found.shots.append(poses.shot(newest, joints, base, channels))
        newest[message.channel] = message
        if not start and joints in newest and message.stamp >= begin:
            start = message.stamp
        if message.channel in spoken:
            words = deserialize_message(message.data, kinds[message.channel])
            said.append((message.stamp, words))
    if not found.shots:
        raise ConfigError(f"recording {playback.path}: no joint states in this span")
    for stamp, words in said:
        _note(found, words, (stamp - start) * 1e-9 / rate)
    return found


def _find(playback: Playback) -> dict[str, int]:
    """Return the channels that a film needs, by their names in the namespace."""
    prefix = namespace_of(playback)
    found = {}
    for number, channel in playback.channels.items():
        name = channel.topic.removeprefix(f"{prefix}/")
        if name in KINDS and channel.kind == KINDS[name][1]:
            found[name] = number
    return found


def namespace_of(playback: Playback) -> str:
    """Return the namespace of a recording's topics, such as "" or "/left"."""
    topics = {channel.topic for channel in playback.channels.values()}
    for known in JOINTS:
        for topic in sorted(topics, key=len):
            if topic.endswith(f"/{known}"):
                return topic.removesuffix(f"/{known}")
    return ""


def _note(found: Footage, message: Any, time: float) -> None:
    if isinstance(message, Utterance):
        if time >= 0.0:
            line = Line(time=time, speaker=message.speaker, text=message.text)
            found.lines.append(line)
        return
    running = [step for step in message.steps if step.state == PlanStep.RUNNING]
    text = (running[0].text or running[0].skill) if running else ""
    found.steps.append(Step(time=time, text=text))


class _Poses:
    """Messages -> MuJoCo's positions."""

    def __init__(
        self, robot: Robot, model: mujoco.MjModel, kinds: Mapping[int, Any]
    ) -> None:
        self._robot = robot
        self._kinds = kinds
        self._place = {name: i for i, name in enumerate(robot.joints)}
        self._positions = robot.posture("stand").copy()
        data = mujoco.MjData(model)
        self._qpos = np.array(data.qpos)
        self._people = np.hstack([data.mocap_pos, data.mocap_quat])
        self._q = [int(model.joint(name).qposadr[0]) for name in robot.joints]
        followers = robot.mimic.names
        self._followers = [int(model.joint(name).qposadr[0]) for name in followers]
        self._free = {
            model.joint(number).name: int(model.jnt_qposadr[number])
            for number in range(model.njnt)
            if model.jnt_type[number] == mujoco.mjtJoint.mjJNT_FREE
        }
        self._walkers = {
            model.body(number).name: int(model.body_mocapid[number])
            for number in range(model.nbody)
            if model.body_mocapid[number] >= 0
        }

    def shot(
        self,
        newest: Mapping[int, Message],
        joints: int,
        base: int | None,
        channels: Mapping[str, int],
    ) -> Shot:
        def read(channel: int | None) -> Any:
            message = None if channel is None else newest.get(channel)
            if message is None:
                return None
            return deserialize_message(message.data, self._kinds[message.channel])

        for name, position in _positions(read(joints)):
            place = self._place.get(name)
            if place is not None and np.isfinite(position):
                self._positions[place] = position
        odometry = read(base)
        if odometry is None:
            pose = self._robot.standing_base(self._positions)
        else:
            pose = convert.from_pose(odometry.pose.pose)
        qpos, mimic = self._qpos.copy(), self._robot.mimic
        qpos[:7] = _row(pose)
        qpos[self._q] = self._positions
        qpos[self._followers] = (
            mimic.multiplier * self._positions[mimic.source] + mimic.offset
        )
        people = self._people.copy()
        objects = read(channels.get(OBJECTS))
        for free in objects.free_joints if objects is not None else ():
            row = _row(convert.from_pose(free.pose.pose))
            if free.name in self._free:
                qpos[self._free[free.name] :][:7] = row
            elif free.name in self._walkers:
                people[self._walkers[free.name]] = row
        status = read(channels.get(STATUS))
        return Shot(
            qpos=qpos,
            people=people,
            yaw=float(np.arctan2(pose.rotation[1, 0], pose.rotation[0, 0])),
            speed=None if status is None else float(status.real_time_factor),
        )


def _positions(message: Any) -> Iterator[tuple[str, float]]:
    if isinstance(message, JointState):
        yield from zip(message.name, message.position, strict=False)
        return
    values = zip(message.joint_names, message.interface_values, strict=False)
    for name, row in values:
        given = dict(zip(row.interface_names, row.values, strict=False))
        yield name, given.get("position", np.nan)


def _row(pose: SE3) -> Array:
    """Return x, y, z, then w, x, y, z of the attitude, as MuJoCo has it."""
    quat = wxyz_from_xyzw(quat_xyzw_from_rotation(pose.rotation))
    return np.concatenate([pose.translation, quat])
