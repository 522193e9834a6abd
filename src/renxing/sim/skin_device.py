# SPDX-License-Identifier: Apache-2.0
"""The electronics of the skin: pressure -> raw counts, as its converter gives them.

Each taxel has a gain and an offset of its own, which the maker has measured, not
perfectly, and stored in the device; some are broken. A digital thermometer sits under
each patch. Without drift and crosstalk so far.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numba import njit

from renxing.robot.skin import SkinLayout
from renxing.spatial import Array, Integers

FULL = 4095  # greatest count of a converter with 12 bits
WARMTH_STEP = 0.0625  # [K] of a count of the thermometer, as of a TI TMP112


@dataclass(frozen=True, slots=True, kw_only=True)
class SkinDeviceConfig:
    """The electronics.

    Attributes:
        full_scale: Pressure at which the nominal taxel saturates [Pa].
        offset: Count of the nominal taxel without pressure.
        offset_spread: Standard deviation of it among taxels [counts].
        gain_spread: Standard deviation of the gain among taxels [-].
        noise: Standard deviation of a count.
        dead: Share of taxels that are torn off: they count nothing [-].
        stuck: Share of taxels that always count the same [-].
        maker_error: Standard deviation of the stored gain about the true one [-].
        ambient: Temperature of a cold patch [°C].
        warming: By which its own electronics warm it [K].
        warming_time: Time constant of that [s].
        warmth_noise: Standard deviation of the thermometer [K].
    """

    full_scale: float = field(default=250e3, metadata={"min": 1e3, "max": 1e7})
    offset: float = field(default=150.0, metadata={"min": 0.0, "max": 2000.0})
    offset_spread: float = field(default=20.0, metadata={"min": 0.0, "max": 500.0})
    gain_spread: float = field(default=0.10, metadata={"min": 0.0, "max": 0.5})
    noise: float = field(default=2.0, metadata={"min": 0.0, "max": 100.0})
    dead: float = field(default=0.006, metadata={"min": 0.0, "max": 1.0})
    stuck: float = field(default=0.002, metadata={"min": 0.0, "max": 1.0})
    maker_error: float = field(default=0.02, metadata={"min": 0.0, "max": 0.5})
    ambient: float = field(default=25.0, metadata={"min": -40.0, "max": 85.0})
    warming: float = field(default=5.0, metadata={"min": 0.0, "max": 60.0})
    warming_time: float = field(default=300.0, metadata={"min": 1.0, "max": 1e5})
    warmth_noise: float = field(default=0.05, metadata={"min": 0.0, "max": 5.0})

    @property
    def nominal_gain(self) -> float:
        """Of the nominal taxel [counts/Pa]."""
        return (FULL - self.offset) / self.full_scale


class SkinDevice:
    """The electronics of all patches; same seed, same taxels, same noise.

    Attributes:
        stored_gain: What its maker has measured [counts/Pa], shape (taxels,).
        stored_offset: The same without pressure [counts], shape (taxels,).
        dead: Which taxels are torn off.
        stuck: Which taxels always count the same.
        counts: As of the last `sample`, shape (taxels,).
        warmth: Counts of the thermometers, as of the last `sample`, shape (patches,).
    """

    def __init__(
        self, config: SkinDeviceConfig, layout: SkinLayout, seed: int, ideal: bool
    ) -> None:
        """Make the taxels.

        Args:
            config: Of all of them.
            layout: Of the robot's taxels.
            seed: Of all that differs among them, and of the noise.
            ideal: Leaves out noise, differences and broken taxels.
        """
        self._config = config
        self._ideal = ideal
        n = layout.size
        make = np.random.default_rng([seed, 1])
        spread = 0.0 if ideal else 1.0
        gain = config.nominal_gain * np.exp(
            spread * config.gain_spread * make.standard_normal(n)
        )
        # A taxel never reads below zero by itself.
        self._offset: Array = np.maximum(
            config.offset + spread * config.offset_spread * make.standard_normal(n),
            0.2 * config.offset,
        )
        error = spread * config.maker_error * make.standard_normal(n)
        self.stored_gain: Array = gain * (1.0 + error)
        self.stored_offset: Array = np.round(self._offset)
        fate = make.random(n)
        self.dead = (fate < config.dead) & (not ideal)
        self.stuck = (fate > 1.0 - config.stuck) & (not ideal)
        self._gain = np.where(self.dead | self.stuck, 0.0, gain)
        self._offset[self.dead] = 0.0
        places = make.uniform(0.1 * FULL, 0.9 * FULL, n)
        self._offset[self.stuck] = places[self.stuck]
        alive = not ideal and config.noise > 0.0
        self._noise = np.where(self.dead | self.stuck, 0.0, config.noise * alive)
        self.counts: Integers = np.zeros(n, np.int64)
        self.warmth: Integers = np.zeros(len(layout.patches), np.int64)
        self._draws = np.zeros(n)
        self._random = np.random.default_rng([seed, 2])

    def reset(self, seed: int) -> None:
        """Start the noise again."""
        self._random = np.random.default_rng([seed, 2])

    def sample(self, pressure: Array, time: float) -> None:
        """Count.

        Args:
            pressure: On each taxel [Pa], shape (taxels,).
            time: Since it was switched on [s].
        """
        config = self._config
        self._random.standard_normal(out=self._draws)
        convert(
            pressure, self._gain, self._offset, self._noise, self._draws, self.counts
        )
        rise = config.warming * (1.0 - math.exp(-time / config.warming_time))
        warmth = np.full(len(self.warmth), config.ambient + rise)
        if not self._ideal:
            draws = self._random.standard_normal(len(warmth))
            warmth += config.warmth_noise * draws
        np.rint(warmth / WARMTH_STEP, out=warmth)
        self.warmth[:] = warmth


@njit(
    "void(f8[::1], f8[::1], f8[::1], f8[::1], f8[::1], i8[::1])",
    cache=True,
    error_model="numpy",
)
def convert(
    pressure: Array,
    gain: Array,
    offset: Array,
    noise: Array,
    draws: Array,
    counts: Integers,
) -> None:
    """Fill `counts`, for each taxel one.

    Args:
        pressure: [Pa].
        gain: [counts/Pa].
        offset: [counts].
        noise: Standard deviation [counts].
        draws: Normal numbers.
        counts: 0 to `FULL`.
    """
    for i in range(len(counts)):
        value = offset[i] + gain[i] * pressure[i] + noise[i] * draws[i]
        counts[i] = min(max(round(value), 0), FULL)
