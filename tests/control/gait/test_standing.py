# SPDX-License-Identifier: Apache-2.0
"""Balance inside the rectangle of both soles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renxing.control.gait.standing import EDGE, Support
from renxing.spatial import Array

LENGTH, WIDTH, APART = 0.11, 0.05, 0.2
OMEGA, GAIN = 3.3, 3.0


def support(yaw: float = 0.0, lead: float = 0.0) -> Support:
    c, s = np.cos(yaw), np.sin(yaw)
    turn = np.array([[c, -s], [s, c]])
    soles = np.array([[lead / 2, APART / 2], [-lead / 2, -APART / 2]]) @ turn.T
    return Support(soles + [1.0, 2.0], np.array([yaw, yaw]), LENGTH, WIDTH)


@pytest.mark.parametrize("yaw", [0.0, 1.0, np.pi])
def test_rectangle_spans_both_soles(yaw: float) -> None:
    made = support(yaw)
    np.testing.assert_allclose(made.middle, [1.0, 2.0])
    np.testing.assert_allclose(made.half, [LENGTH, WIDTH + APART / 2])
    forward = made.rotation @ [1.0, 0.0]
    np.testing.assert_allclose(forward, [np.cos(yaw), np.sin(yaw)], atol=1e-12)
    assert made.margin(made.middle) == pytest.approx(LENGTH)


def test_headings_either_side_of_a_half_turn_are_averaged() -> None:
    soles = np.array([[0.0, -0.1], [0.0, 0.1]])
    made = Support(soles, np.array([np.pi - 0.1, -np.pi + 0.1]), LENGTH, WIDTH)
    np.testing.assert_allclose(made.rotation @ [1.0, 0.0], [-1.0, 0.0], atol=1e-12)


def test_half_of_a_lead_counts() -> None:
    np.testing.assert_allclose(
        support(lead=0.2).half, [LENGTH + 0.05, WIDTH + APART / 2]
    )


def test_excursion_is_one_at_the_edge() -> None:
    made = support(0.4)
    edge = made.middle + made.rotation @ (made.half * [1.0, -1.0])
    np.testing.assert_allclose(made.excursion(edge), [1.0, -1.0])
    assert made.margin(edge) == pytest.approx(0.0, abs=1e-12)
    assert made.margin(edge + made.rotation @ [0.1, 0.0]) == 0.0


@pytest.mark.parametrize("error", [[0.03, 0.0], [0.02, -0.05]])
def test_capture_point_returns_at_the_rate_of_the_gain(error: list[float]) -> None:
    made = support(0.4)
    capture, dt = made.middle + error, 1e-4
    for _ in range(5000):
        pressure = made.centre_of_pressure(capture, GAIN, OMEGA)
        capture = capture + OMEGA * (capture - pressure) * dt
    left = np.array(error) * np.exp(-GAIN * 0.5)
    np.testing.assert_allclose(capture - made.middle, left, atol=1e-4)


@given(x=st.floats(-1.0, 1.0), y=st.floats(-1.0, 1.0), yaw=st.floats(-3.2, 3.2))
def test_pressure_stays_inside(x: float, y: float, yaw: float) -> None:
    made = support(yaw)
    pressure: Array = made.centre_of_pressure(made.middle + [x, y], GAIN, OMEGA)
    assert made.margin(pressure) >= EDGE - 1e-9
