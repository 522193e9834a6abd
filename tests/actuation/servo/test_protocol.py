# SPDX-License-Identifier: Apache-2.0
"""Frames: bytes on the wire, damage, and what quantisation costs."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renxing.actuation.servo.frames import SlotCodec, pack_frame, unpack_frame
from renxing.actuation.servo.joint_map import servo_map
from renxing.actuation.servo.table import (
    ORDER,
    SETPOINT,
    SIZES,
    STATE,
    Bits,
    Kind,
    identifier,
    markdown,
)
from renxing.errors import DeviceError

RANGES = {
    "position": np.array([3.0, 1.0]),
    "velocity": np.array([40.0, 12.0]),
    "effort": np.array([250.0, 2.5]),
    "proportional": np.array([1600.0, 6.0]),
    "derivative": np.array([160.0, 0.5]),
}
slots = st.lists(st.integers(0, 2**64 - 1), max_size=7)


def words(values):
    return np.array(values, dtype=np.uint64)


def test_the_bytes_of_a_setpoint_frame_are_these():
    # Half of each range, the second drive the other way: worked out by hand from the
    # table; 0x4000 is 16384 of 32767, 0x400 is 1024 of 2047, 0x800 is 2048 of 4095.
    codec = SlotCodec(SETPOINT, RANGES)
    half = np.array([RANGES[b.name] * np.array([1.0, -1.0]) / 2 for b in SETPOINT])
    half[3:] = np.abs(half[3:])
    data = pack_frame(identifier(Kind.SETPOINT, 1), 0x1234, 0, codec.pack(half))
    assert data[:6].hex(" ") == "01 02 34 12 00 00"
    assert data[8:16].hex(" ") == "00 40 00 04 40 00 08 80"
    assert data[16:24].hex(" ") == "00 c0 00 0c c0 00 08 80"
    assert len(data) == 24
    assert data[6:8].hex() == "e6c8"  # CRC-16-CCITT of the rest, from 0x0101


def test_the_bytes_of_an_order_are_these():
    codec = SlotCodec(ORDER, {})
    data = pack_frame(identifier(Kind.ORDER, 0), 1, 0, codec.pack(np.array([[1], [5]])))
    assert data.hex() == "010101000000" + "0303" + "0105000000000000"


@given(slots, st.integers(0, 65535), st.integers(0, 65535), st.integers(0, 255))
def test_a_frame_comes_back_as_it_was(values, sequence, echo, segment):
    number = identifier(Kind.STATE, segment)
    data = pack_frame(number, sequence, echo, words(values))
    assert len(data) in SIZES
    frame = unpack_frame(number, data)
    assert (frame.kind, frame.segment) == (Kind.STATE, segment)
    assert (frame.sequence, frame.echo) == (sequence, echo)
    assert frame.words.tolist() == values


@given(slots, st.data())
def test_a_damaged_frame_is_refused(values, data):
    number = identifier(Kind.SETPOINT, 3)
    frame = bytearray(pack_frame(number, 7, 9, words(values)))
    bit = data.draw(st.integers(0, 8 * len(frame) - 1))
    frame[bit // 8] ^= 1 << bit % 8
    with pytest.raises(DeviceError, match="0x103"):
        unpack_frame(number, frame)


def test_a_frame_under_another_identifier_or_of_nobody_is_refused():
    data = pack_frame(identifier(Kind.SETPOINT, 3), 7, 9, words([1]))
    with pytest.raises(DeviceError, match="CRC"):
        unpack_frame(identifier(Kind.SETPOINT, 4), data)
    with pytest.raises(DeviceError, match="none of ours"):
        unpack_frame(0x7FF, data)
    with pytest.raises(DeviceError, match="at most 7"):
        pack_frame(0x100, 0, 0, words(range(8)))


def test_a_frame_of_another_version_is_refused(monkeypatch):
    monkeypatch.setattr("renxing.actuation.servo.frames.VERSION", 2)
    data = pack_frame(0x100, 0, 0, words([1]))
    monkeypatch.undo()
    with pytest.raises(DeviceError, match="version 2, ours is 1"):
        unpack_frame(0x100, data)


@given(st.lists(st.floats(-1.5, 1.5), min_size=10, max_size=10))
def test_quantities_come_back_within_half_a_step_and_are_clipped(shares):
    codec = SlotCodec(SETPOINT, RANGES)
    share = np.reshape(shares, (5, 2))
    span = np.array([RANGES[b.name] for b in SETPOINT])
    least = np.array([[-1.0] if b.signed else [0.0] for b in SETPOINT])
    back = codec.unpack(codec.pack(share * span))
    step = span / np.array([[b.top] for b in SETPOINT])
    wanted = np.clip(share, least, 1.0) * span
    assert np.all(np.abs(back - wanted) <= 0.5 * step * (1 + 1e-9))


def test_zero_is_exact_and_states_carry_whole_numbers():
    codec = SlotCodec(STATE, RANGES)
    rows = np.zeros((6, 2))
    rows[3:] = [[25.0, -40.0], [3.0, 1.0], [2.0, 0.0]]
    assert codec.unpack(codec.pack(rows)).tolist() == rows.tolist()


@pytest.mark.parametrize("slot", [SETPOINT, STATE])
def test_a_slot_is_full(slot):
    assert sum(b.bits for b in slot) == 64


def test_the_documentation_shows_the_table():
    docs = Path(__file__).parents[3] / "docs" / "backends.md"
    assert markdown() in docs.read_text(encoding="utf-8")


def test_the_table_shows_what_it_is_made_of():
    first, second = Bits("a", 16, True, "rad"), Bits("b", 8, False, "°C", 1.0, -40.0)
    assert (first.top, first.bottom) == (32767, -32767)
    assert (second.top, second.bottom) == (255, 0)


def test_ranges_hold_what_the_robot_may_do(robot):
    """Limits, gains and the ladder's greatest damping of 6 kd fit on the wire."""
    for bus in servo_map(robot):
        at = bus.index
        rows = np.array(
            [robot.upper, robot.speed, robot.torque, robot.kp, 6.0 * robot.kd]
        )[:, at]
        for sign in (1.0, -1.0):
            rows[0] = robot.upper[at] if sign > 0 else robot.lower[at]
            rows[1:3] = sign * np.array([robot.speed, robot.torque])[:, at]
            slots = bus.setpoint_words(rows)
            back = np.hstack(
                [c.unpack(w) for c, w in zip(bus.setpoint, slots, strict=True)]
            )
            back = bus.command_to_joint(back)
            steps = 2e-3 * np.abs(rows) + 1e-3
            assert np.all(np.abs(back - rows) <= steps)
