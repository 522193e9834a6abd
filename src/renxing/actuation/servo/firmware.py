# SPDX-License-Identifier: Apache-2.0
"""What a drive decides by itself: power, setpoints, time-outs, faults.

In: orders, setpoints and temperatures of the drives of one bus.  Out: the five
parameters that the current loop obeys.  Rate: that of the physics, with the time given.
A drive that gets no setpoints goes on with the last one, at rest: a robot that stands
stays up until its software is there again. If none comes, that is a fault: it damps
its joint for a while and then lets go. A fault stays until it is cleared, and setpoints
do not bring it back.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from renxing.actuation.servo.table import DriveState, Fault, Order, has_power
from renxing.spatial import Array, Mask

VELOCITY, KD = 1, 4  # rows of the five parameters
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareConfig:
    """A drive's own safety.

    Attributes:
        command_timeout: Longest time without a setpoint until it comes to rest [s].
        hold_time: For how long it then holds, before it takes that for a fault [s].
        damp_time: For how long it damps after a fault, before it lets go [s].
    """

    command_timeout: float = field(default=0.02, metadata={"min": 0.002, "max": 1.0})
    hold_time: float = field(default=10.0, metadata={"min": 0.0, "max": 600.0})
    damp_time: float = field(default=1.0, metadata={"min": 0.0, "max": 60.0})


class Firmware:
    """All drives of one bus; all values on the drives' side.

    Attributes:
        state: `DriveState` of each, shape (k,).
        fault: `Fault` of each, shape (k,).
        offset: Of each encoder: what it read at `SET_ZERO` [rad], shape (k,).
    """

    def __init__(self, config: FirmwareConfig, damping: Array, limit: Array) -> None:
        """Start without power.

        Args:
            config: Its times.
            damping: After a fault [N·m·s/rad], shape (k,).
            limit: Winding temperatures at which they give up [°C], shape (k,).
        """
        count = len(damping)
        self._config = config
        self._damping, self._limit = damping, limit
        self.state: Codes = np.full(count, DriveState.DISABLED, dtype=np.int64)
        self.fault: Codes = np.full(count, Fault.NONE, dtype=np.int64)
        self.offset: Array = np.zeros(count)
        self._rows: Array = np.zeros((5, count))
        self._heard: Array = np.zeros(count)
        self._failed: Array = np.zeros(count)
        self._temperature: Array = np.zeros(count)

    def setpoint(self, drives: slice, rows: Array, now: float) -> None:
        """Take setpoints; drives without power ignore them.

        Args:
            drives: Of which drives.
            rows: The five parameters, shape (5, drives).
            now: [s].
        """
        self._rows[:, drives] = rows
        self._heard[drives] = now
        state = self.state[drives]
        state[state == DriveState.HOLDING] = DriveState.ENABLED

    def order(self, order: Order, drives: Mask, position: Array, now: float) -> Mask:
        """Do something once.

        Args:
            order: What.
            drives: Who, shape (k,).
            position: Encoder readings before `offset` [rad], shape (k,).
            now: [s].

        Returns:
            Who obeyed.
        """
        state, fault = self.state, self.fault
        obey: Mask
        if order is Order.DISABLE:
            obey = drives & (state != DriveState.FAULT)
            state[drives & (fault == Fault.NONE)] = DriveState.DISABLED
        elif order is Order.ENABLE:
            obey = drives & (fault == Fault.NONE)
            fresh = obey & (state == DriveState.DISABLED)
            # Limp until the first setpoint: those from before may be from long ago.
            self._rows[:, fresh] = 0.0
            self._heard[fresh] = now
            state[fresh] = DriveState.ENABLED
        elif order is Order.CLEAR_FAULT:
            cool = self._temperature < self._limit
            obey = drives & (cool | (fault != Fault.OVER_TEMPERATURE))
            mended = obey & (fault != Fault.NONE)
            fault[mended] = Fault.NONE
            state[mended] = DriveState.DISABLED
        else:
            free = (state == DriveState.DISABLED) | (state == DriveState.FAULT)
            obey = drives & free
            self.offset[obey] = position[obey]
        return obey

    def step(self, temperature: Array, now: float) -> Array:
        """Look for faults; return what the current loops obey, shape (5, k).

        Args:
            temperature: Of the windings [°C], shape (k,).
            now: [s].
        """
        state = self.state
        self._temperature = temperature
        powered = has_power(state)
        silence = now - self._heard
        late = powered & (silence > self._config.command_timeout)
        if late.any():
            state[late] = DriveState.HOLDING
            self._rows[VELOCITY, late] = 0.0
        gone = late & (silence > self._config.command_timeout + self._config.hold_time)
        hot = powered & (temperature >= self._limit)
        for who, why in ((gone, Fault.TIMEOUT), (hot, Fault.OVER_TEMPERATURE)):
            if who.any():
                self.fault[who] = why
                state[who] = DriveState.DAMPING
                self._failed[who] = now
        damping = state == DriveState.DAMPING
        if damping.any():
            over = damping & (now - self._failed > self._config.damp_time)
            state[over] = DriveState.FAULT
            damping &= ~over
        rows: Array = np.where(has_power(state), self._rows, 0.0)
        rows[KD] = np.where(damping, self._damping, rows[KD])
        return rows
