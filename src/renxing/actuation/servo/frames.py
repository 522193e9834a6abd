# SPDX-License-Identifier: Apache-2.0
"""Frames to bytes and back: header, slots, CRC.

The CRC-16-CCITT runs over the identifier and all bytes but its own two, so that
neither a damaged frame nor one that was filed under another identifier is taken.
"""

from binascii import crc_hqx
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renxing.actuation.servo.table import (
    CRC_AT,
    HEADER,
    SIZES,
    SLOT,
    SLOTS,
    VERSION,
    Bits,
    Kind,
)
from renxing.errors import DeviceError
from renxing.spatial import Array

Words = npt.NDArray[np.uint64]
_KINDS = {int(kind): kind for kind in Kind}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """A frame, taken apart.

    Attributes:
        kind: What it is.
        segment: Which group of up to seven drives of the bus it is about.
        sequence: Counts the sender's frames, modulo 2^16.
        echo: Sequence of the frame that it answers.
        words: A slot for each drive, shape (drives,).
    """

    kind: Kind
    segment: int
    sequence: int
    echo: int
    words: Words


def pack_frame(identifier: int, sequence: int, echo: int, words: Words) -> bytes:
    """Return the data of a frame.

    Args:
        identifier: Of the frame.
        sequence: Counts the sender's frames; taken modulo 2^16.
        echo: Sequence of the frame that it answers; taken modulo 2^16.
        words: Slots, shape (k,), k at most 7.

    Raises:
        DeviceError: If there are too many slots.
    """
    count = len(words)
    if count > SLOTS:
        raise DeviceError(f"frame 0x{identifier:03X}: {count} drives, at most {SLOTS}")
    head = HEADER.pack(VERSION, count, sequence & 0xFFFF, echo & 0xFFFF, 0)
    body = words.astype("<u8").tobytes()
    size = HEADER.size + len(body)
    body = body.ljust(next(s for s in SIZES if s >= size) - HEADER.size, b"\0")
    crc = crc_hqx(body, crc_hqx(head[:CRC_AT], identifier))
    return head[:CRC_AT] + crc.to_bytes(2, "little") + body


def unpack_frame(identifier: int, data: bytes | bytearray) -> Frame:
    """Take the data of a frame apart.

    Raises:
        DeviceError: If it is damaged, or not of this protocol.
    """
    kind = _KINDS.get(identifier >> 8)
    if kind is None or len(data) < HEADER.size:
        raise DeviceError(f"frame 0x{identifier:03X}: {len(data)} bytes, none of ours")
    version, count, sequence, echo, crc = HEADER.unpack_from(data)
    body = data[HEADER.size :]
    if crc_hqx(body, crc_hqx(data[:CRC_AT], identifier)) != crc:
        raise DeviceError(f"frame 0x{identifier:03X}: CRC 0x{crc:04X} is wrong")
    if version != VERSION:
        raise DeviceError(
            f"frame 0x{identifier:03X}: version {version}, ours is {VERSION}"
        )
    if count * SLOT > len(body):
        raise DeviceError(f"frame 0x{identifier:03X}: {count} drives do not fit")
    return Frame(
        kind=kind,
        segment=identifier & 0xFF,
        sequence=sequence,
        echo=echo,
        words=np.frombuffer(body, dtype="<u8", count=count),
    )


class SlotCodec:
    """Quantities of several drives to slots and back."""

    def __init__(self, bits: Sequence[Bits], ranges: dict[str, Array]) -> None:
        """Prepare the arithmetic.

        Args:
            bits: What stands in a slot.
            ranges: Greatest magnitude of each quantity without a step of its own, for
                each drive, shape (k,).
        """
        column = [[b.top, b.bottom, b.offset] for b in bits]
        self._top, self._bottom, self._offset = np.array(column).T[:, :, None]
        self._step = np.array(
            np.broadcast_arrays(
                *(np.asarray(b.step or ranges[b.name] / b.top) for b in bits)
            )
        ).reshape(len(bits), -1)
        widths = np.array([b.bits for b in bits])
        self._shift = (np.cumsum(widths) - widths).astype(np.uint64)[:, None]
        self._mask = ((1 << widths) - 1).astype(np.int64)[:, None]
        signs = [1 << (b.bits - 1) if b.signed else 0 for b in bits]
        self._sign = np.array(signs, dtype=np.int64)[:, None]

    def pack(self, values: Array) -> Words:
        """Return the slots of values, each clipped to its range.

        Args:
            values: Finite, shape (quantities, k).
        """
        codes = np.rint((values - self._offset) / self._step)
        np.minimum(codes, self._top, out=codes)
        np.maximum(codes, self._bottom, out=codes)
        bits = (codes.astype(np.int64) & self._mask).astype(np.uint64)
        packed: Words = np.bitwise_or.reduce(bits << self._shift, axis=0)
        return packed

    def unpack(self, words: Words) -> Array:
        """Return the values in slots, shape (quantities, k)."""
        codes = (words >> self._shift).astype(np.int64) & self._mask
        whole = (codes ^ self._sign) - self._sign
        values: Array = whole * self._step + self._offset
        return values
