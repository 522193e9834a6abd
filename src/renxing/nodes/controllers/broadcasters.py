# SPDX-License-Identifier: Apache-2.0
"""ROS halves of the broadcasters: what stands on the board becomes messages."""

import array
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from control_msgs.msg import DynamicJointState, InterfaceValue
from geometry_msgs.msg import Quaternion, WrenchStamped
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import Header

from renxing.control.base_controller import Cadence
from renxing.control.broadcasters import FILTERED, wrench_names
from renxing.nodes import convert
from renxing.nodes.controllers.board_side import BoardSide
from renxing.runtime.boards import BoardReader
from renxing.spatial import Array

FIELDS = ("position", "velocity", "effort")
DYNAMIC_RATE = 50.0  # [Hz] the message takes rclpy 1 ms on either side


@dataclass(frozen=True, slots=True, eq=False)
class StateValues:
    """What a broadcaster shows.

    Attributes:
        stamp: When it was read, on the loop's clock [s].
        values: In the order of the names, shape (m,); they change with the next ones.
        filtered: The same after the filters, if there are any.
    """

    stamp: float
    values: Array
    filtered: Array | None = None


class BroadcasterSide(BoardSide):
    """Base of them: tells plain values from filtered ones."""

    _count = 0

    def on_names(self, names: tuple[str, ...]) -> None:
        """Take note of where the filtered values begin."""
        plain = tuple(name for name in names if not name.startswith(FILTERED))
        self._count = len(plain)
        self.on_plain_names(plain)

    def on_shown(self, board: BoardReader) -> None:
        """Pass the values on."""
        self.clock.observe(board.time, board.due)
        values, count = board.values, self._count
        filtered = values[count:] if len(values) > count else None
        self.on_values(StateValues(board.time, values[:count], filtered))

    def on_plain_names(self, names: tuple[str, ...]) -> None:
        """Learn what the values are."""

    def on_values(self, state: StateValues) -> None:
        """Publish."""

    def named(self, kind: type, sensors: Sequence[Any]) -> Any:
        """Return a publisher on the topic of the robot's file, None without one."""
        name = self.parameters.text("sensor_name", "")
        topics = [sensor.topic for sensor in sensors if sensor.name == name]
        return self.publisher(kind, topics[0]) if topics else None


class JointStateBroadcasterSide(BroadcasterSide):
    """Publishes: joint_states (JointState), dynamic_joint_states (DynamicJointState).

    Joints are in the order of `joints`, or else in that of the robot, then joints that
    it does not know (those that mimic others) as they come, then `extra_joints`.
    """

    def connect(self) -> None:
        """Create the topics."""
        p = self.parameters
        prefix = "~/" if p.flag("use_local_topics", False) else ""
        self._frame = p.text("frame_id", "base_link")
        self._joints, self._extra = p.names("joints"), p.names("extra_joints")
        self._filtered = p.flag("use_urdf_to_filter", True)
        interfaces = p.names("interfaces")
        mapping = p.section("map_interface_to_joint_state")
        # A standard interface that is asked for by name needs no stand-in.
        self._map = {
            mapping.text(field, field): field
            for field in FIELDS
            if field not in interfaces
        }
        self._map |= {field: field for field in FIELDS if field in interfaces}
        self._state = self.publisher(JointState, f"{prefix}joint_states")
        self._dynamic = None
        self._cadence = Cadence(DYNAMIC_RATE)
        if p.flag("publish_dynamic_joint_states", True):
            topic = f"{prefix}dynamic_joint_states"
            self._dynamic = self.publisher(DynamicJointState, topic)

    def on_plain_names(self, names: tuple[str, ...]) -> None:
        """Sort the values into rows."""
        parts: dict[str, dict[str, int]] = {}
        for index, name in enumerate(names):
            part, _, interface = name.rpartition("/")
            known = self._map.get(interface, interface)
            parts.setdefault(part, {})[known] = index
        self._parts = {part: list(values) for part, values in parts.items()}
        self._part_at = [np.array(list(values.values())) for values in parts.values()]
        joints = [part for part in self._order(parts) if set(parts[part]) & {*FIELDS}]
        extra = [name for name in self._extra if name not in parts]
        self._message = JointState(name=joints + extra)
        # The places after the last value are: not a number, and zero.
        none, zero = len(names), len(names) + 1
        self._at = [
            np.array(
                [parts[joint].get(field, none) for joint in joints]
                + [zero] * len(extra),
                dtype=np.intp,
            )
            for field in FIELDS
        ]
        self._parts |= {name: list(FIELDS) for name in extra}
        self._part_at += [np.array([zero] * 3)] * len(extra)

    def _order(self, parts: dict[str, dict[str, int]]) -> list[str]:
        if self._joints:
            return [joint for joint in self._joints if joint in parts]
        movable = {
            name
            for name, joint in self.robot.urdf.joints()
            if joint.get("type") != "fixed"
        }
        first = [joint for joint in self.robot.joints if joint in parts]
        rest = [part for part in parts if part not in first]
        if self._filtered:
            rest = [part for part in rest if part in movable]
        return first + rest

    def on_values(self, state: StateValues) -> None:
        """Publish both messages."""
        header = Header(stamp=self.clock.to_ros(state.stamp), frame_id=self._frame)
        values = np.append(state.values, [math.nan, 0.0])
        position, velocity, effort = (_array(values[at]) for at in self._at)
        message = self._message
        message.header = header
        message.position, message.velocity, message.effort = position, velocity, effort
        self._state.publish(message)
        if (
            self._dynamic is not None
            and self._dynamic.get_subscription_count() > 0
            and self._cadence.due(state.stamp)
        ):
            self._dynamic.publish(
                DynamicJointState(
                    header=header,
                    joint_names=list(self._parts),
                    interface_values=[
                        InterfaceValue(interface_names=names, values=_array(values[at]))
                        for names, at in zip(
                            self._parts.values(), self._part_at, strict=True
                        )
                    ],
                )
            )


class ImuSensorBroadcasterSide(BroadcasterSide):
    """Publishes: ~/imu and the topic that the robot's file names (Imu)."""

    def connect(self) -> None:
        """Create the topic."""
        p = self.parameters
        self._message = Imu(header=Header(frame_id=p.needed("frame_id")))
        for quantity in ("orientation", "angular_velocity", "linear_acceleration"):
            covariance = p.numbers(f"static_covariance_{quantity}", [0.0] * 9)
            setattr(self._message, f"{quantity}_covariance", covariance)
        self._topic = self.publisher(Imu, "~/imu")
        sensors = self.robot.description.sensors.imu
        self._named = self.named(Imu, sensors)

    def on_values(self, state: StateValues) -> None:
        """Publish."""
        topics = _heard(self._topic, self._named)
        if not topics:
            return
        message = self._message
        message.header.stamp = self.clock.to_ros(state.stamp)
        x, y, z, w = (float(value) for value in state.values[:4])
        message.orientation = Quaternion(x=x, y=y, z=z, w=w)
        message.angular_velocity = convert.to_vector(state.values[4:7])
        message.linear_acceleration = convert.to_vector(state.values[7:10])
        for topic in topics:
            topic.publish(message)


class ForceTorqueSensorBroadcasterSide(BroadcasterSide):
    """Publishes: ~/wrench, ~/wrench_filtered (WrenchStamped).

    The topic that the robot's file names has the unfiltered wrench, too. An axis that
    has no interface is not a number.
    """

    def connect(self) -> None:
        """Create the topics."""
        self._frame = self.parameters.needed("frame_id")
        _, self._axes = wrench_names(self.parameters)
        self._raw = self.publisher(WrenchStamped, "~/wrench")
        sensors = self.robot.description.sensors.force_torque
        self._named = self.named(WrenchStamped, sensors)
        self._filtered = self.publisher(WrenchStamped, "~/wrench_filtered")

    def on_values(self, state: StateValues) -> None:
        """Publish."""
        topics = _heard(self._raw, self._named)
        if topics:
            message = self._wrench(state.stamp, state.values)
            for topic in topics:
                topic.publish(message)
        if state.filtered is not None and _heard(self._filtered):
            self._filtered.publish(self._wrench(state.stamp, state.filtered))

    def _wrench(self, stamp: float, values: Array) -> WrenchStamped:
        six = np.full(6, math.nan)
        six[self._axes] = values
        header = Header(stamp=self.clock.to_ros(stamp), frame_id=self._frame)
        message = WrenchStamped(header=header)
        message.wrench.force = convert.to_vector(six[:3])
        message.wrench.torque = convert.to_vector(six[3:])
        return message


def _heard(*publishers: Any) -> list[Any]:
    """Return those to which somebody listens.

    Making and sending a message takes rclpy 50 us, thousands of times a second.
    """
    return [one for one in publishers if one and one.get_subscription_count()]


def _array(values: Array) -> Any:
    return array.array("d", values.tobytes())
