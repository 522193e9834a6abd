# SPDX-License-Identifier: Apache-2.0
"""Raw counts of the skin -> pressure and validity of each taxel.

Gain and offset of each taxel are stored values. At the start, and whenever it is asked
to, it takes new offsets: the mean of some samples, for those taxels where it lies near
the stored one. A taxel that is further away, or restless, is touched and keeps it.
"""

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import numpy.typing as npt
from numba import njit

from renxing.errors import ConfigError
from renxing.robot.skin import SkinLayout
from renxing.signals import SkinSample
from renxing.spatial import Array, Integers

Faults = npt.NDArray[np.int8]


class Fault(IntEnum):
    """What is wrong with a taxel."""

    NONE = 0
    DEAD = 1  # counts less than a whole taxel can
    STUCK = 2  # always counts the same
    SATURATED = 3  # feels more than it can measure


NONE, DEAD, STUCK, SATURATED = (int(fault) for fault in Fault)


@dataclass(frozen=True, slots=True, kw_only=True)
class SkinCalibrationConfig:
    """Taxels and what is believed of them.

    Attributes:
        full: Greatest count of the converter.
        least: Count below which a taxel is dead.
        stuck_after: Samples without any change after which a taxel is stuck; it needs
            some noise. 0: never.
        tare_samples: Of which a new offset is the mean.
        tare_limit: Of a new offset from the stored one, at most [counts]; more is a
            touch.
        tare_spread: Standard deviation of the samples of a new offset, at most
            [counts]; more is a touch.
        warmth_step: Of the thermometers [K].
    """

    full: int = field(default=4095, metadata={"min": 1, "max": 65535})
    least: int = field(default=15, metadata={"min": 0, "max": 1000})
    stuck_after: int = field(default=100, metadata={"min": 0, "max": 100_000})
    tare_samples: int = field(default=100, metadata={"min": 1, "max": 100_000})
    tare_limit: float = field(default=12.0, metadata={"min": 0.0, "max": 1e4})
    tare_spread: float = field(default=6.0, metadata={"min": 0.0, "max": 1e4})
    warmth_step: float = field(default=0.0625, metadata={"min": 1e-6, "max": 10.0})


class SkinCalibration:
    """Calibrates the whole skin of a robot.

    Attributes:
        offset: In use [counts], shape (taxels,).
        fault: Of each taxel, a `Fault`, as of the last step.
        touched: Taxels that kept their offset at the last tare.
    """

    def __init__(
        self,
        config: SkinCalibrationConfig,
        layout: SkinLayout,
        gain: Array,
        offset: Array,
    ) -> None:
        """Begin with a tare.

        Args:
            config: Of all taxels.
            layout: Of them.
            gain: Stored [counts/Pa], shape (taxels,).
            offset: Stored, without pressure [counts], shape (taxels,).

        Raises:
            ConfigError: If gains or offsets are not as many as the taxels, or a gain
                is not positive.
        """
        n = layout.size
        for name, values in (("gain", gain), ("offset", offset)):
            if values.shape != (n,) or not np.isfinite(values).all():
                raise ConfigError(
                    f"skin calibration: {name}: shape {values.shape}, finite: "
                    f"{bool(np.isfinite(values).all())}; {n} finite numbers wanted"
                )
        if n and gain.min() <= 0.0:
            at = int(np.argmin(gain))
            raise ConfigError(
                f"skin calibration: gain of taxel {at}: {gain[at]:g} counts/Pa, more "
                "than 0 wanted"
            )
        self._config = config
        self._size = n
        self._per_count: Array = 1.0 / gain
        self._stored: Array = np.array(offset, dtype=float)
        self.offset: Array = self._stored.copy()
        self.fault: Faults = np.zeros(n, np.int8)
        self._last: Integers = np.full(n, -1, np.int64)
        self._unchanged: Integers = np.zeros(n, np.int64)
        self.tare()

    def tare(self) -> None:
        """Take new offsets from the next samples; until then nothing is valid."""
        self.touched = np.zeros(self._size, np.bool_)
        self._broken: Faults = np.zeros(self._size, np.int8)
        self._sum, self._squares = np.zeros((2, self._size))
        self._left = self._config.tare_samples

    @property
    def ready(self) -> bool:
        """Whether the tare is over."""
        return self._left == 0

    def step(self, stamp: float, counts: Integers, warmth: Integers) -> SkinSample:
        """Calibrate a sample.

        Args:
            stamp: When it was taken [s].
            counts: Of the taxels, shape (taxels,).
            warmth: Of the thermometers, shape (patches,).
        """
        config = self._config
        pressure: Array = np.empty(self._size)
        temperature = warmth.astype(np.float64) * config.warmth_step
        _calibrate(
            counts.copy(),  # compiled for what may be written, which a block's is not
            self.offset,
            self._per_count,
            self._broken,
            config.least,
            config.full,
            config.stuck_after,
            self._last,
            self._unchanged,
            pressure,
            self.fault,
        )
        valid = self.fault == NONE
        usable = valid | (self.fault == SATURATED)
        if self._left:
            self._learn(counts)
            valid, usable = np.zeros((2, self._size), np.bool_)
        return SkinSample(
            stamp=stamp,
            pressure=pressure,
            valid=valid,
            usable=usable,
            temperature=temperature,
        )

    def _learn(self, counts: Integers) -> None:
        config = self._config
        # About the stored offset, so that the squares stay small.
        beside = counts - self._stored
        self._sum += beside
        self._squares += beside**2
        self._left -= 1
        if self._left:
            return
        mean = self._sum / config.tare_samples
        spread = np.sqrt(np.maximum(self._squares / config.tare_samples - mean**2, 0.0))
        near = (np.abs(mean) <= config.tare_limit) & (spread <= config.tare_spread)
        self.offset = np.where(near, self._stored + mean, self._stored)
        # What is at the end of its range without a touch is torn to it.
        self._broken[self.fault == SATURATED] = STUCK
        whole = (self.fault == NONE) & (self._broken == NONE)
        self.touched = ~near & whole


@njit(
    "void(i8[::1], f8[::1], f8[::1], i1[::1], i8, i8, i8, i8[::1], i8[::1], f8[::1], "
    "i1[::1])",
    cache=True,
    error_model="numpy",
)
def _calibrate(
    counts: Integers,
    offset: Array,
    per_count: Array,
    broken: Faults,
    least: int,
    full: int,
    stuck_after: int,
    last: Integers,
    unchanged: Integers,
    pressure: Array,
    fault: Faults,
) -> None:
    """Fill `pressure` and `fault`; keep `last` and `unchanged`."""
    for i in range(len(counts)):
        count = counts[i]
        unchanged[i] = unchanged[i] + 1 if count == last[i] else 0
        last[i] = count
        pressure[i] = (count - offset[i]) * per_count[i]
        if broken[i] != NONE:
            fault[i] = broken[i]
        elif count < least:
            fault[i] = DEAD
        elif count >= full:
            fault[i] = SATURATED
        elif 0 < stuck_after <= unchanged[i] + 1:
            fault[i] = STUCK
        else:
            fault[i] = NONE
