# SPDX-License-Identifier: Apache-2.0
"""What faults do to values: each effect changes some places of one array in place."""

from collections.abc import Collection, Sequence
from typing import Protocol
from zlib import crc32

import numpy as np

from renxing.errors import ConfigError
from renxing.hardware_interface import (
    DERIVATIVE,
    EFFORT,
    POSITION,
    PROPORTIONAL,
    VELOCITY,
)
from renxing.spatial import Array


class Effect(Protocol):
    """A fault that runs, bound to places of one component's values."""

    def apply(self, values: Array, period: float) -> None:
        """Change the values in place.

        Args:
            values: All states, or all commands, of the component.
            period: Since the last call [s].
        """


class Drop:
    """NaN: the value is not there."""

    def __init__(self, places: Sequence[int]) -> None:
        """Keep the places."""
        self._places = np.array(places, dtype=np.intp)

    def apply(self, values: Array, period: float) -> None:
        """Lose them."""
        values[self._places] = np.nan


class Bias:
    """A constant on top."""

    def __init__(self, places: Sequence[int], value: float) -> None:
        """Keep places and constant."""
        self._places = np.array(places, dtype=np.intp)
        self._value = value

    def apply(self, values: Array, period: float) -> None:
        """Add it."""
        values[self._places] += self._value


class Noise:
    """Normal noise on top; two components with one seed do not get the same."""

    def __init__(
        self, places: Sequence[int], value: float, seed: int, name: str
    ) -> None:
        """Keep places and deviation, seed the generator with the component's name."""
        self._places = np.array(places, dtype=np.intp)
        self._value = value
        self._random = np.random.default_rng([seed, crc32(name.encode())])
        self._buffer = np.empty(len(places))

    def apply(self, values: Array, period: float) -> None:
        """Add some."""
        self._random.standard_normal(out=self._buffer)
        self._buffer *= self._value
        values[self._places] += self._buffer


class Freeze:
    """The values of the first call, for ever."""

    def __init__(self, places: Sequence[int]) -> None:
        """Keep the places."""
        self._places = np.array(places, dtype=np.intp)
        self._kept: Array | None = None

    def apply(self, values: Array, period: float) -> None:
        """Put the first values back."""
        if self._kept is None:
            self._kept = values[self._places]
        values[self._places] = self._kept


class Delay:
    """The values of some whole cycles ago; before there are any, the first ones."""

    def __init__(self, places: Sequence[int], value: float) -> None:
        """Keep places and delay [s]; the buffer is made when the period is known."""
        self._places = np.array(places, dtype=np.intp)
        self._value = value
        self._ring: Array | None = None
        self._at = 0

    def apply(self, values: Array, period: float) -> None:
        """Put today's values in, take the old ones out."""
        now = values[self._places]
        if self._ring is None:
            if period <= 0.0:
                return
            self._ring = np.tile(now, (max(1, round(self._value / period)), 1))
        values[self._places] = self._ring[self._at]
        self._ring[self._at] = now
        self._at = (self._at + 1) % len(self._ring)


class Off:
    """A drive without power: no gains, no torque, whatever is commanded."""

    def __init__(self, names: Sequence[str], joints: Collection[str]) -> None:
        """Find what makes torque.

        Args:
            names: Of all commands of the component.
            joints: That lose their power.
        """
        makers = (VELOCITY, EFFORT, PROPORTIONAL, DERIVATIVE)
        ends = [name.rpartition("/") for name in names]
        soft = {part for part, _, kind in ends if kind == PROPORTIONAL}
        self._zero = np.array(
            [i for i, (p, _, kind) in enumerate(ends) if p in joints and kind in makers]
        ).astype(np.intp)
        # Without gains among its commands a joint is stiff by itself: nobody commands.
        self._none = np.array(
            [
                i
                for i, (part, _, kind) in enumerate(ends)
                if part in joints and part not in soft and kind == POSITION
            ]
        ).astype(np.intp)

    def apply(self, values: Array, period: float) -> None:
        """Take them away."""
        values[self._zero] = 0.0
        values[self._none] = np.nan


def make_effect(
    kind: str, places: Sequence[int], value: float, seed: int, name: str
) -> Effect:
    """Return a new effect.

    Args:
        kind: `drop`, `freeze`, `delay`, `bias` or `noise`.
        places: That it changes.
        value: As the kind means it.
        seed: Of the noise.
        name: Of the component.

    Raises:
        ConfigError: If it is none of these.
    """
    if kind == "drop":
        return Drop(places)
    if kind == "freeze":
        return Freeze(places)
    if kind == "delay":
        return Delay(places, value)
    if kind == "bias":
        return Bias(places, value)
    if kind == "noise":
        return Noise(places, value, seed, name)
    raise ConfigError(f"fault '{kind}' changes no values")
