# SPDX-License-Identifier: Apache-2.0
"""The host's end of one bus: setpoints and orders out, states in.

In: rows of the core's command, orders of an operator.  Out: the state block of the
bus.  Rate: that of the process that calls `send`, then `receive`. Times are given.
"""

from collections.abc import Callable
from contextlib import suppress

import can
import numpy as np

from renxing.actuation.servo.frames import (
    Frame,
    SlotCodec,
    Words,
    pack_frame,
    unpack_frame,
)
from renxing.actuation.servo.joint_map import BusMap
from renxing.actuation.servo.table import (
    ANSWER,
    ORDER,
    DriveState,
    Kind,
    Order,
    has_power,
    identifier,
)
from renxing.errors import DeviceError
from renxing.runtime.block_layout import Frame as BlockFrame
from renxing.spatial import Array

RETRY = 0.02  # [s] between two orders that must be obeyed
POWER_TIME = 1.0  # [s] after which drives that did not take power are given up
_NOTHING: Words = np.zeros(0, dtype=np.uint64)
_ORDER, _ANSWER = SlotCodec(ORDER, {}), SlotCodec(ANSWER, {})


class BusMaster:
    """One bus.

    Attributes:
        map: Its drives.
        frame: The block that it fills; the caller publishes it.
        inhibited: Whether an operator has taken the power away.
    """

    def __init__(
        self, bus: can.BusABC, bus_map: BusMap, frame: BlockFrame, began: int
    ) -> None:
        """Start without having heard anything.

        Args:
            bus: Open, for states and answers.
            bus_map: Its drives.
            frame: Of `state_layout`.
            began: When its process did, CLOCK_MONOTONIC [ns].
        """
        self.map = bus_map
        self.frame = frame
        self.inhibited = False
        self._bus = bus
        self._all = [(1 << (part.stop - part.start)) - 1 for part in bus_map.segments]
        self._sequence = 0
        self._missing: set[int] = set()
        self._began = began
        self._session = 0
        self._since = 0.0
        self._ordered = -RETRY
        self._giving = False
        self._taking = False
        self._operated = (0, Order.DISABLE)
        self._awaited: set[int] = set()
        self._obeyed = 0

    def send(self, rows: Array | None, session: int, now: float) -> None:
        """Begin a cycle.

        Args:
            rows: The five parameters of the bus's joints, shape (5, k); None if the
                core is silent, so that the drives notice.
            session: Of the core: when it asked for power, CLOCK_MONOTONIC [ns]; 0 for
                no power.
            now: [s].
        """
        self.frame["unanswered"][...] += len(self._missing)
        self._sequence += 1
        self._power(session, now)
        powered = has_power(self.frame["state"]).any()
        if rows is not None and session != 0 and powered:
            kind, slots = Kind.SETPOINT, self.map.setpoint_words(rows)
        else:
            kind, slots = Kind.POLL, [_NOTHING] * len(self.map.segments)
        for segment, words in enumerate(slots):
            self._send(identifier(kind, segment), words)
        self._missing = set(range(len(slots)))

    def _power(self, session: int, now: float) -> None:
        """Bring the drives to the power that core and operator want."""
        if session != self._session:
            self._session, self._since = session, now
            # What was asked of the process before this one is not given: the drives may
            # have let go meanwhile, and the robot lie.
            self._giving = session > self._began
            self._taking = False
            if self._giving:
                self.order(Order.CLEAR_FAULT)
        state = self.frame["state"]
        if session == 0 or self.inhibited:
            # A core that has just been started takes no power from drives that hold the
            # robot since the one before it died.
            self._taking |= self.inhibited or bool((state == DriveState.ENABLED).any())
            wanted, wrong = Order.DISABLE, self._taking and bool(has_power(state).any())
        else:
            wanted, wrong = Order.ENABLE, bool((state != DriveState.ENABLED).any())
            self._giving = self._giving and wrong and now - self._since < POWER_TIME
            wrong = self._giving
        if wrong and now - self._ordered >= RETRY:
            self._ordered = now
            self.order(wanted)

    def order(self, order: Order, drives: int = -1) -> set[int]:
        """Send an order.

        Args:
            order: What to do.
            drives: A bit for each drive of the bus.

        Returns:
            The segments that it went to.
        """
        asked = set()
        for segment, part in enumerate(self.map.segments):
            mask = drives >> part.start & self._all[segment]
            if mask:
                words = _ORDER.pack(np.array([[order], [mask]]))
                self._send(identifier(Kind.ORDER, segment), words)
                asked.add(segment)
        return asked

    def operate(self, number: int, order: Order, drives: int, now: float) -> None:
        """Carry out an operator's order; `answered` and `obeyed` tell what it came to.

        `DISABLE` takes the power of the whole bus until `ENABLE`, whatever the core
        wants; `ENABLE` gives it back if the core wants it.

        Args:
            number: Of the order.
            order: What to do.
            drives: A bit for each drive of the bus.
            now: [s].
        """
        self._operated, self._obeyed = (number, order), 0
        if order in (Order.ENABLE, Order.DISABLE):
            self.inhibit(order is Order.DISABLE)
            self._giving, self._since = order is Order.ENABLE, now
        if order is Order.ENABLE and not self._session:
            self._awaited, self._obeyed = set(), drives
        else:
            self._awaited = self.order(order, drives)
        self._report()

    def close(self) -> None:
        """Leave the bus."""
        self._bus.shutdown()

    def inhibit(self, inhibited: bool = True) -> None:
        """Take the power away whatever the core wants, or let it have it."""
        self.inhibited = inhibited
        self.frame["inhibited"][...] = inhibited

    @property
    def waiting(self) -> bool:
        """Whether an answer to this cycle's frames is missing."""
        return bool(self._missing)

    def receive(self, timeout: float, clock: Callable[[], int]) -> bool:
        """Take one frame.

        Args:
            timeout: Longest wait for it [s]; 0 does not wait.
            clock: Tells CLOCK_MONOTONIC [ns], to stamp it.

        Returns:
            Whether there was one.
        """
        try:
            message = self._bus.recv(timeout)
        except can.CanError:
            return False
        if message is None:
            return False
        try:
            frame = unpack_frame(message.arbitration_id, bytes(message.data))
            if frame.segment >= len(self.map.segments):
                raise DeviceError(f"segment {frame.segment}: there is none")
        except DeviceError:
            self.frame["damaged"][...] += 1
            return True
        self.frame["frames_in"][...] += 1
        part = self.map.segments[frame.segment]
        if frame.kind is Kind.STATE and len(frame.words) == part.stop - part.start:
            self._take_state(frame, part, clock())
        elif frame.kind is Kind.ANSWER and len(frame.words) == 1:
            self._take_answer(frame, part)
        return True

    def _take_state(self, frame: Frame, part: slice, heard: int) -> None:
        if frame.echo == self._sequence & 0xFFFF:
            self._missing.discard(frame.segment)
        rows = self.map.state[frame.segment].unpack(frame.words)
        scale, block = self.map.scale[:, part], self.frame
        block["position"][part] = rows[0] / scale[0] + self.map.zero[part]
        block["velocity"][part] = rows[1] / scale[1]
        block["effort"][part] = rows[2] / scale[2]
        block["temperature"][part] = rows[3]
        block["state"][part] = rows[4]
        block["fault"][part] = rows[5]
        block["heard"][part] = heard

    def _take_answer(self, frame: Frame, part: slice) -> None:
        order, drives = _ANSWER.unpack(frame.words)[:, 0]
        if frame.segment in self._awaited and order == self._operated[1]:
            self._obeyed |= int(drives) << part.start
            self._awaited.discard(frame.segment)
            self._report()

    def _report(self) -> None:
        if not self._awaited:
            self.frame["obeyed"][...] = self._obeyed
            self.frame["answered"][...] = self._operated[0]

    def _send(self, number: int, words: Words) -> None:
        data = pack_frame(number, self._sequence, 0, words)
        message = can.Message(
            arbitration_id=number, is_extended_id=False, is_fd=True, data=data
        )
        # A full or dead bus: what is not sent is not answered, which is counted.
        with suppress(can.CanError):
            self._bus.send(message)
            self.frame["frames_out"][...] += 1
