# SPDX-License-Identifier: Apache-2.0
"""The drives' end of the simulated buses: frames in, states and answers out.

In: frames of the host, true motion of the joints.  Out: the five parameters that the
current loops obey. Times are given.
"""

from collections.abc import Sequence
from contextlib import suppress

import can
import numpy as np

from renxing.actuation.servo.firmware import Firmware, FirmwareConfig
from renxing.actuation.servo.frames import (
    Frame,
    SlotCodec,
    Words,
    pack_frame,
    unpack_frame,
)
from renxing.actuation.servo.joint_map import BusMap
from renxing.actuation.servo.table import ANSWER, ORDER, Kind, Order, identifier
from renxing.errors import DeviceError
from renxing.robot import Robot
from renxing.spatial import Array, Mask

_ORDER, _ANSWER = SlotCodec(ORDER, {}), SlotCodec(ANSWER, {})
_ORDERS = {int(order): order for order in Order}


class DriveRack:
    """The drives of all buses, one after the other, on the drives' side.

    Attributes:
        firmware: What they decide by themselves.
        states: What they report: the rows of a state slot, shape (6, n).
        encoder: Readings before zeros are set [rad], shape (n,).
    """

    def __init__(
        self, buses: Sequence[BusMap], robot: Robot, config: FirmwareConfig
    ) -> None:
        """Start without power.

        Args:
            buses: In the order of the drives.
            robot: Whose; its kd is the damping after a fault.
            config: The drives' own safety.
        """
        self._index = np.concatenate([bus.index for bus in buses])
        self._scale = np.hstack([bus.scale for bus in buses])
        self._shift = np.concatenate([bus.shift for bus in buses])
        drives = robot.description.drives
        joints = [robot.description.joints[place] for place in self._index]
        limit = np.array([drives[joint.drive].temperature_limit for joint in joints])
        self._factory = (config, robot.kd[self._index] * self._scale[4], limit)
        self.states: Array = np.zeros((6, len(joints)))
        self.encoder: Array = np.zeros(len(joints))
        self.reset()

    def reset(self) -> None:
        """Switch all drives off and on again."""
        self.firmware = Firmware(*self._factory)

    def step(self, report: Array, now: float) -> Array:
        """Measure, look for faults, and say what the current loops obey.

        Args:
            report: Position, velocity, effort, temperature of all joints, in joint
                order, shape (4, n).
            now: [s].

        Returns:
            The five parameters of all joints, in joint order, shape (5, n).
        """
        at, firmware = self._index, self.firmware
        states, own = self.states, report[:, at]
        np.multiply(own[:3], self._scale[:3], out=states[:3])
        states[0] -= self._shift
        self.encoder[:] = states[0]
        states[0] -= firmware.offset
        states[3] = own[3]
        rows = firmware.step(self.states[3], now)
        self.states[4], self.states[5] = firmware.state, firmware.fault
        rows[0] += firmware.offset + self._shift
        rows /= self._scale
        joints: Array = np.zeros((len(rows), report.shape[1]))
        joints[:, at] = rows
        return joints


class DriveBus:
    """The drives of a rack that hang on one bus.

    Attributes:
        bus: Open, for orders, setpoints and polls.
        damaged: Frames that were none of ours.
    """

    def __init__(
        self, bus: can.BusABC, bus_map: BusMap, rack: DriveRack, first: int
    ) -> None:
        """Serve some drives.

        Args:
            bus: Open.
            bus_map: Its drives.
            rack: All drives.
            first: Place of the first of them in the rack.
        """
        self.bus = bus
        self.damaged = 0
        self._map, self._rack = bus_map, rack
        self._parts = [
            slice(first + part.start, first + part.stop) for part in bus_map.segments
        ]
        self._sequence = 0

    def serve(self, now: float) -> int:
        """Answer all frames that have come.

        Args:
            now: [s].

        Returns:
            How many there were.
        """
        count = 0
        with suppress(can.CanError):  # nobody there: the firmware notices the silence
            while (message := self.bus.recv(0.0)) is not None:
                count += 1
                try:
                    frame = unpack_frame(message.arbitration_id, bytes(message.data))
                    self._handle(frame, now)
                except DeviceError:
                    self.damaged += 1
        return count

    def _handle(self, frame: Frame, now: float) -> None:
        segment = frame.segment
        if segment >= len(self._parts):
            raise DeviceError(f"segment {segment}: there is none")
        part, rack = self._parts[segment], self._rack
        if frame.kind is Kind.ORDER:
            self._obey(frame, part, now)
            return
        if frame.kind is Kind.SETPOINT:
            if len(frame.words) != part.stop - part.start:
                raise DeviceError(f"segment {segment}: {len(frame.words)} drives")
            rows = self._map.setpoint[segment].unpack(frame.words)
            rack.firmware.setpoint(part, rows, now)
        words = self._map.state[segment].pack(rack.states[:, part])
        self._send(Kind.STATE, frame, words)

    def _obey(self, frame: Frame, part: slice, now: float) -> None:
        if len(frame.words) != 1:
            raise DeviceError(f"order: {len(frame.words)} slots, 1 wanted")
        number, mask = (int(value) for value in _ORDER.unpack(frame.words)[:, 0])
        if number not in _ORDERS:
            raise DeviceError(f"order {number}: there is none")
        rack = self._rack
        drives: Mask = np.zeros(len(rack.encoder), dtype=bool)
        count = part.stop - part.start
        drives[part] = [bool(mask >> slot & 1) for slot in range(count)]
        obeyed = rack.firmware.order(_ORDERS[number], drives, rack.encoder, now)
        bits = sum(1 << slot for slot, did in enumerate(obeyed[part]) if did)
        self._send(Kind.ANSWER, frame, _ANSWER.pack(np.array([[number], [bits]])))

    def _send(self, kind: Kind, asked: Frame, words: Words) -> None:
        number = identifier(kind, asked.segment)
        self._sequence += 1
        data = pack_frame(number, self._sequence, asked.sequence, words)
        self.bus.send(
            can.Message(
                arbitration_id=number, is_extended_id=False, is_fd=True, data=data
            )
        )
