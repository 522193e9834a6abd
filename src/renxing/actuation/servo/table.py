# SPDX-License-Identifier: Apache-2.0
"""The protocol of our drives as data: identifiers, header, bits, orders, states.

The frames carry the five-parameter law as the MIT mini cheetah's do (Katz, "A low cost
modular actuator for dynamic robots", MIT 2018): quantities as integers of declared
ranges. Unlike there, signed quantities are two's complement, so that zero is exact,
and seven drives share a CAN FD frame. docs/backends.md shows this table; a test keeps
both equal.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

from renxing.spatial import Integers, Mask

VERSION = 1
# version, drives in the frame, sequence, sequence of the frame answered, CRC-16
HEADER = struct.Struct("<BBHHH")
CRC_AT = 6  # [bytes] where the CRC stands
SLOT = 8  # [bytes] of each drive, little-endian
SLOTS = 7  # drives in a frame of 64 bytes
SIZES = (8, 12, 16, 20, 24, 32, 48, 64)  # [bytes] that CAN FD can send, from 8 on
SEGMENTS = 256  # of a bus at most: the low byte of the identifier


class Kind(IntEnum):
    """What a frame is: the upper three bits of its 11-bit identifier.

    A lower identifier wins the bus: orders first.
    """

    ORDER = 0  # to drives: do something once
    SETPOINT = 1  # to drives: the five parameters; answered by STATE
    POLL = 2  # to drives: heartbeat without setpoints; answered by STATE
    STATE = 3  # from drives
    ANSWER = 4  # from drives: who did what was ordered


class Order(IntEnum):
    """What a drive can be told to do once."""

    DISABLE = 0
    ENABLE = 1
    CLEAR_FAULT = 2
    SET_ZERO = 3  # the present position becomes zero; not while it has power


class DriveState(IntEnum):
    """What a drive is doing."""

    DISABLED = 0  # no torque
    ENABLED = 1  # obeys setpoints
    DAMPING = 2  # has a fault: only damps, for a while
    FAULT = 3  # no torque until CLEAR_FAULT
    HOLDING = 4  # hears no setpoints: goes on with the last one, at rest, for a while


def has_power(states: Integers) -> Mask:
    """Tell which of some drives do what setpoints say, or said last.

    Args:
        states: A `DriveState` of each.
    """
    powered: Mask = (states == DriveState.ENABLED) | (states == DriveState.HOLDING)
    return powered


class Fault(IntEnum):
    """Why a drive has given up."""

    NONE = 0
    TIMEOUT = 1  # no setpoint in time
    OVER_TEMPERATURE = 2


@dataclass(frozen=True, slots=True)
class Bits:
    """A quantity in a slot.

    Attributes:
        name: Of the quantity; ranges of joints have the same names.
        bits: How many it takes.
        signed: Whether it is two's complement.
        unit: Of its value, on the drive's side.
        step: Value of the last bit; 0 where the joint's range says it.
        offset: Value of code zero.
    """

    name: str
    bits: int
    signed: bool
    unit: str
    step: float = 0.0
    offset: float = 0.0

    @property
    def top(self) -> int:
        """The greatest code."""
        return int(2 ** (self.bits - self.signed)) - 1

    @property
    def bottom(self) -> int:
        """The least code: minus the greatest one, so that ranges are symmetric."""
        return -self.top if self.signed else 0


# From the lowest bit of the slot upwards.
SETPOINT = (
    Bits("position", 16, True, "rad"),
    Bits("velocity", 12, True, "rad/s"),
    Bits("effort", 12, True, "N·m"),
    Bits("proportional", 12, False, "N·m/rad"),
    Bits("derivative", 12, False, "N·m·s/rad"),
)
STATE = (
    Bits("position", 16, True, "rad"),
    Bits("velocity", 16, True, "rad/s"),
    Bits("effort", 16, True, "N·m"),
    Bits("temperature", 8, False, "°C", step=1.0, offset=-40.0),
    Bits("state", 4, False, "", step=1.0),
    Bits("fault", 4, False, "", step=1.0),
)
# Drives are named by the bit of their slot.
ORDER = (
    Bits("order", 8, False, "", step=1.0),
    Bits("drives", 8, False, "a bit for each slot", step=1.0),
)
ANSWER = (
    Bits("order", 8, False, "", step=1.0),
    Bits("drives", 8, False, "a bit for each slot that obeyed", step=1.0),
)
SLOTS_OF = {
    Kind.ORDER: ORDER,
    Kind.SETPOINT: SETPOINT,
    Kind.POLL: (),
    Kind.STATE: STATE,
    Kind.ANSWER: ANSWER,
}


def identifier(kind: Kind, segment: int) -> int:
    """Return the CAN identifier of a frame."""
    return kind << 8 | segment


def markdown() -> str:
    """Return the slots of all frames as a table for the documentation."""
    lines = [
        "| frame | identifier | bits of a slot | quantity | unit | step |",
        "|---|---|---|---|---|---|",
    ]
    for kind, slot in SLOTS_OF.items():
        name, first = kind.name, f"0x{identifier(kind, 0):03X} + segment"
        at = 0
        if not slot:
            lines.append(f"| {name} | {first} | none | | | |")
        for bits in slot:
            sign = "signed " if bits.signed else ""
            step = f"{bits.step:g}" if bits.step else f"range / {bits.top}"
            if bits.offset:
                step += f", from {bits.offset:g}"
            place = f"{at} to {at + bits.bits - 1}"
            lines.append(
                f"| {name} | {first} | {place} | {sign}{bits.name} | {bits.unit} "
                f"| {step} |"
            )
            name = first = ""
            at += bits.bits
    return "\n".join(lines)
