# SPDX-License-Identifier: Apache-2.0
"""Which joint is which drive on which bus, and what its numbers are there.

In: JointCommand rows, JointState rows of the joints of a bus.  Out: the same on the
drive's side, and slots. drive = sign * ratio * (joint - zero); torque, stiffness and
damping follow from equal power on both sides.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from renxing.actuation.servo.frames import SlotCodec, Words
from renxing.actuation.servo.table import SETPOINT, SLOTS, STATE, Bits
from renxing.errors import ConfigError
from renxing.robot import Robot
from renxing.robot.model import Indices
from renxing.robot.servo import ServoBus, ServoJoint
from renxing.spatial import Array

# Buses of a robot whose file names none: of groups that it has.
LIMBS = {
    "left_leg": ("left_leg",),
    "right_leg": ("right_leg",),
    "torso": ("waist", "neck"),
    "left_arm": ("left_arm", "left_hand"),
    "right_arm": ("right_arm", "right_hand"),
}
# Greatest magnitudes on the wire. They are wider than what a robot may do, so that
# what is beyond a limit is still told: a joint pushed through its stop, a gain of the
# ladder's damping.
POSITION_MARGIN = 0.5  # [rad] beyond the limits
SPEED_MARGIN = 2.0  # of the greatest speed
TORQUE_MARGIN = 1.25  # of the greatest torque
PROPORTIONAL_MARGIN = 2.0  # of the robot's kp
DERIVATIVE_MARGIN = 8.0  # of the robot's kd
LEAST_GAIN = 1.0  # range where the robot's own gain is zero


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BusMap:
    """One bus.

    Attributes:
        name: Of the bus.
        url: How to reach it; `udp` leaves the address to the process.
        joints: In the order of their drives.
        index: Their places in joint order, shape (k,).
        segments: Drives of each frame.
        zero: Joint position at the drive's zero [rad], shape (k,).
        shift: The same in the drive's turns [rad], shape (k,).
        scale: Drive's value for one of the joint's, of the five, shape (5, k).
        setpoint: Codec of setpoints of each segment.
        state: Codec of states of each segment.
    """

    name: str
    url: str
    joints: tuple[str, ...]
    index: Indices
    segments: tuple[slice, ...]
    zero: Array
    shift: Array
    scale: Array
    setpoint: tuple[SlotCodec, ...]
    state: tuple[SlotCodec, ...]

    def command_to_drive(self, rows: Array) -> Array:
        """Return the five parameters on the drive's side, shape (5, k).

        A command that nobody gives is NaN: a joint without a position gets no
        stiffness, every other gap is zero.

        Args:
            rows: Position, velocity, effort, proportional, derivative, shape (5, k).
        """
        there: Array = rows * self.scale
        there[0] -= self.shift
        missing = np.isnan(there)
        if missing.any():
            there[3, missing[0]] = 0.0
            there[missing] = 0.0
        return there

    def command_to_joint(self, rows: Array) -> Array:
        """Return the five parameters on the joint's side, shape (5, k)."""
        here: Array = rows / self.scale
        here[0] += self.zero
        return here

    def state_to_joint(self, rows: Array) -> Array:
        """Return position, velocity, effort on the joint's side, shape (3, k)."""
        here: Array = rows / self.scale[:3]
        here[0] += self.zero
        return here

    def state_to_drive(self, rows: Array) -> Array:
        """Return position, velocity, effort on the drive's side, shape (3, k)."""
        there: Array = rows * self.scale[:3]
        there[0] -= self.shift
        return there

    def setpoint_words(self, rows: Array) -> list[Words]:
        """Return the slots of each segment.

        Args:
            rows: The five parameters on the joint's side, NaN for none, shape (5, k).
        """
        there = self.command_to_drive(rows)
        return [
            codec.pack(there[:, part])
            for codec, part in zip(self.setpoint, self.segments, strict=True)
        ]


def servo_map(robot: Robot) -> tuple[BusMap, ...]:
    """Return the buses of a robot.

    Raises:
        ConfigError: If a joint is on no bus or on two, or a name is unknown.
    """
    description = robot.description
    servo, groups = description.servo, description.groups
    buses = servo.buses or tuple(
        ServoBus(name, tuple(group for group in limb if group in groups))
        for name, limb in LIMBS.items()
        if any(group in groups for group in limb)
    )
    for bus in buses:
        unknown = [group for group in bus.groups if group not in groups]
        if unknown:
            raise ConfigError(
                f"{robot.name}: bus '{bus.name}': no group '{unknown[0]}'; there are "
                f"{', '.join(groups)}"
            )
    names = [_joints(bus, groups) for bus in buses]
    _check(robot, [bus.name for bus in buses], names)
    return tuple(
        _bus_map(robot, bus, joints) for bus, joints in zip(buses, names, strict=True)
    )


def select_buses(robot: Robot, names: Sequence[str]) -> list[BusMap]:
    """Return some buses of a robot, all if none is named.

    Raises:
        ConfigError: If there is no such bus, or the map is wrong.
    """
    known = {bus.name: bus for bus in servo_map(robot)}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigError(
            f"{robot.name}: no bus '{unknown[0]}'; there are {', '.join(known)}"
        )
    return [known[name] for name in names or known]


def _joints(bus: ServoBus, groups: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    return (*(joint for group in bus.groups for joint in groups[group]), *bus.joints)


def _check(robot: Robot, buses: list[str], names: list[tuple[str, ...]]) -> None:
    on = Counter(joint for joints in names for joint in joints)
    unknown = sorted((set(on) | set(robot.description.servo.joints)) - {*robot.joints})
    missing = [joint for joint in robot.joints if joint not in on]
    twice = [joint for joint, count in on.items() if count > 1]
    same = [bus for bus, count in Counter(buses).items() if count > 1]
    for what, found in (
        ("there is no joint", unknown),
        ("on no bus is", missing),
        ("more than one bus has", twice),
        ("there are two buses called", same),
    ):
        if found:
            raise ConfigError(f"{robot.name}: servo: {what} {', '.join(found)}")


def _bus_map(robot: Robot, bus: ServoBus, joints: tuple[str, ...]) -> BusMap:
    index = robot.indices(joints)
    how = [robot.description.servo.joints.get(name, ServoJoint()) for name in joints]
    sign = np.array([float(joint.sign) for joint in how])
    ratio = np.array([joint.ratio for joint in how])
    zero = np.array([joint.zero for joint in how])
    turn = sign * ratio
    lower, upper = robot.lower[index] - zero, robot.upper[index] - zero
    reach = np.maximum(np.abs(lower), np.abs(upper)) + POSITION_MARGIN
    kp, kd = robot.kp[index], robot.kd[index]
    ranges = {
        "position": reach * ratio,
        "velocity": SPEED_MARGIN * robot.speed[index] * ratio,
        "effort": TORQUE_MARGIN * robot.torque[index] / ratio,
        "proportional": np.where(kp > 0, PROPORTIONAL_MARGIN * kp, LEAST_GAIN)
        / ratio**2,
        "derivative": np.where(kd > 0, DERIVATIVE_MARGIN * kd, LEAST_GAIN) / ratio**2,
    }
    count = len(joints)
    segments = tuple(slice(at, min(at + SLOTS, count)) for at in range(0, count, SLOTS))

    def codecs(slot: tuple[Bits, ...]) -> tuple[SlotCodec, ...]:
        return tuple(
            SlotCodec(slot, {name: values[part] for name, values in ranges.items()})
            for part in segments
        )

    return BusMap(
        name=bus.name,
        url=bus.url,
        joints=joints,
        index=index,
        segments=segments,
        zero=zero,
        shift=turn * zero,
        scale=np.array([turn, turn, 1.0 / turn, ratio**-2, ratio**-2]),
        setpoint=codecs(SETPOINT),
        state=codecs(STATE),
    )
