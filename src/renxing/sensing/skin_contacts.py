# SPDX-License-Identifier: Apache-2.0
"""Pressure on the taxels -> touches.

Taxels above a low threshold that hang together are a blob if one of them is above a
high one, or belonged to a touch in the sample before. A blob with several peaks is
several touches where the valley between two peaks lies far enough below the lower one:
the persistence of peaks (Edelsbrunner & Harer, Computational Topology, 2010, section
VII.1), found by letting taxels in from the greatest pressure down.
"""

from dataclasses import dataclass, field

import numpy as np
from numba import njit

from renxing.errors import ConfigError
from renxing.robot.skin import SkinLayout
from renxing.signals import SkinSample, Touch
from renxing.spatial import Array, Integers, Mask

MOST = 32  # touches on one patch
X, Y, FORCE, AREA, PEAK = range(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class SkinContactsConfig:
    """What is a touch.

    Attributes:
        on: Pressure at which a touch begins [Pa].
        off: Pressure below which a taxel is not part of it [Pa].
        prominence: Share of the lower of two peaks by which the valley between them
            must be lower for two touches [-].
    """

    on: float = field(default=1200.0, metadata={"min": 0.0, "max": 1e7})
    off: float = field(default=500.0, metadata={"min": 0.0, "max": 1e7})
    prominence: float = field(default=0.3, metadata={"min": 0.0, "max": 1.0})

    def __post_init__(self) -> None:
        """Refuse a touch that ends before it begins."""
        if self.off > self.on:
            raise ConfigError(f"off: {self.off:g} Pa, above on: {self.on:g} Pa")


class SkinContacts:
    """Finds touches, sample by sample."""

    def __init__(self, config: SkinContactsConfig, layout: SkinLayout) -> None:
        """Begin without any.

        Args:
            config: What is a touch.
            layout: Of the taxels.
        """
        self._config = config
        self._layout = layout
        self._starts = np.array([part.start for part in layout.slices], dtype=np.intp)
        self._touched: Mask = np.zeros(layout.size, np.bool_)
        self._found: Array = np.zeros((MOST, 5))

    def reset(self) -> None:
        """Forget what was touched."""
        self._touched[:] = False

    def step(self, sample: SkinSample) -> list[Touch]:
        """Return all touches, patch by patch, the greatest force of each first."""
        if not self._layout.size:
            return []
        config = self._config
        pressure = np.where(sample.usable, sample.pressure, -np.inf)
        # Most patches feel nothing most of the time.
        highest = np.maximum.reduceat(pressure, self._starts)
        before = np.logical_or.reduceat(self._touched, self._starts)
        touches = []
        for place in np.flatnonzero((highest >= config.on) | before):
            patch, part = self._layout.patches[place], self._layout.slices[place]
            shape = (patch.rows, patch.columns)
            count = find_touches(
                pressure[part].reshape(shape),
                config.on,
                config.off,
                config.prominence,
                patch.pitch,
                self._touched[part].reshape(shape),
                self._found,
            )
            rows = self._found[:count].copy()
            touches += [
                Touch(
                    patch=int(place),
                    position=np.array([row[X], row[Y], 0.0]),
                    force=float(row[FORCE]),
                    area=float(row[AREA]),
                    peak=float(row[PEAK]),
                )
                for row in rows[np.argsort(-rows[:, FORCE])]
            ]
        return touches


@njit(cache=True)
def _peak(towards: Integers, place: int) -> int:
    """Return the peak that a taxel belongs to."""
    while towards[place] != place:
        place = towards[place]
    return place


@njit(
    "i8(f8[:,::1], f8, f8, f8, f8, b1[:,::1], f8[:,::1])",
    cache=True,
    error_model="numpy",
)
def find_touches(
    pressure: Array,
    on: float,
    off: float,
    prominence: float,
    pitch: float,
    touched: Mask,
    found: Array,
) -> int:
    """Find the touches on one patch.

    Args:
        pressure: Minus infinity where nothing is known [Pa], shape (rows, columns).
        on: As in `SkinContactsConfig`.
        off: The same.
        prominence: The same.
        pitch: Of the patch [m].
        touched: Taxels of touches, of the last sample; this one's afterwards.
        found: For each touch x, y, force, area, peak, shape (most, 5).

    Returns:
        How many there are; more than there is room for are left out.
    """
    rows, columns = pressure.shape
    flat = pressure.ravel()
    order = np.argsort(-flat)
    # Of each taxel the peak that it belongs to, by way of others; -1 is not in yet.
    towards = np.full(len(flat), -1)
    for place in order:
        if flat[place] < off:
            break
        towards[place] = place
        row, column = place // columns, place % columns
        own = -1
        for r in range(max(row - 1, 0), min(row + 2, rows)):
            for c in range(max(column - 1, 0), min(column + 2, columns)):
                other = r * columns + c
                if other == place or towards[other] < 0:
                    continue
                peak = _peak(towards, other)
                if own < 0:
                    own = peak
                elif peak != own:
                    high, low = (own, peak) if flat[own] >= flat[peak] else (peak, own)
                    if flat[place] > (1.0 - prominence) * flat[low]:
                        towards[low] = high
                    own = high
        if own >= 0:
            towards[place] = own
    alive = np.zeros(len(flat), np.bool_)
    before = touched.ravel()
    for place in range(len(flat)):
        if towards[place] >= 0 and (flat[place] >= on or before[place]):
            alive[_peak(towards, place)] = True
    slot = np.full(len(flat), -1)
    count = 0
    for place in order:
        row, column = place // columns, place % columns
        touched[row, column] = False
        if towards[place] < 0:
            continue
        peak = _peak(towards, place)
        if not alive[peak]:
            continue
        touched[row, column] = True
        if slot[peak] < 0:
            if count == len(found):
                continue
            slot[peak] = count
            found[count] = 0.0
            found[count, PEAK] = flat[peak]
            count += 1
        touch = found[slot[peak]]
        x = (column - 0.5 * (columns - 1)) * pitch
        y = (row - 0.5 * (rows - 1)) * pitch
        touch[X] += x * flat[place]
        touch[Y] += y * flat[place]
        touch[FORCE] += flat[place]
        touch[AREA] += pitch * pitch
    for touch in found[:count]:
        touch[X] /= touch[FORCE]
        touch[Y] /= touch[FORCE]
        touch[FORCE] *= pitch * pitch
    return count
