# SPDX-License-Identifier: Apache-2.0
"""The `servo:` section of a robot's file: which drive hangs on which bus, and how."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Positive = Annotated[float, Meta(gt=0.0)]


class ServoJoint(Struct, frozen=True, forbid_unknown_fields=True):
    """How a drive turns its joint: drive = sign * ratio * (joint - zero).

    Attributes:
        sign: Whether drive and joint turn the same way.
        ratio: Turns that the drive reports for a turn of the joint [-].
        zero: Joint position at which the drive reads zero [rad].
    """

    sign: Literal[-1, 1] = 1
    ratio: Positive = 1.0
    zero: float = 0.0


class ServoBus(Struct, frozen=True, forbid_unknown_fields=True):
    """A bus and the joints on it.

    Attributes:
        name: Of the bus, such as `left_leg`.
        groups: Groups of joints on it, in the order of their drives.
        joints: Further joints on it, after those of the groups.
        url: How to reach it: `socketcan:can0`, `udp`, `udp:GROUP:PORT`; simulated
            drives are on `udp`.
    """

    name: str
    groups: tuple[str, ...] = ()
    joints: tuple[str, ...] = ()
    url: str = "udp"


class Servo(Struct, frozen=True, forbid_unknown_fields=True):
    """All buses of a robot.

    Attributes:
        rate: Frames to each drive [Hz].
        buses: None means a bus for each limb, made of the usual groups.
        joints: Joints whose drive does not simply turn as they do.
    """

    rate: Annotated[float, Meta(ge=50.0, le=2000.0)] = 500.0
    buses: tuple[ServoBus, ...] = ()
    joints: dict[str, ServoJoint] = {}
