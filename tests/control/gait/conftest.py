# SPDX-License-Identifier: Apache-2.0
"""The capture point's law, integrated: what the closed forms must match."""

from collections.abc import Callable

import numpy as np
import pytest

from renxing.spatial import Array

OMEGA = 3.3  # [1/s] of a body of 0.9 m
STEP_TIME, SUPPORT = 0.45, 0.06  # [s]
LIMITS = np.array([STEP_TIME, 0.22, 0.16])  # step time, width, least width
TICKS = 300  # of an integration


@pytest.fixture
def drift() -> Callable[..., Array]:
    """Integrate `dxi = omega (xi - p)` with Runge-Kutta's method of order four."""

    def integrate(
        capture: Array, pressure: Callable[[float], Array], seconds: float
    ) -> Array:
        def rate(time: float, xi: Array) -> Array:
            return OMEGA * (xi - pressure(time))

        xi, dt = np.array(capture, dtype=float), seconds / TICKS
        for tick in range(TICKS):
            time = tick * dt
            one = rate(time, xi)
            two = rate(time + dt / 2, xi + dt / 2 * one)
            three = rate(time + dt / 2, xi + dt / 2 * two)
            four = rate(time + dt, xi + dt * three)
            xi = xi + dt / 6 * (one + 2 * two + 2 * three + four)
        return xi

    return integrate


@pytest.fixture
def stride(drift: Callable[..., Array]) -> Callable[..., Array]:
    """Carry the capture point from one touchdown to the next."""

    def carry(capture: Array, last: Array, foot: Array) -> Array:
        lifted = drift(capture, lambda t: last + (foot - last) * t / SUPPORT, SUPPORT)
        return drift(lifted, lambda t: foot, STEP_TIME - SUPPORT)

    return carry
