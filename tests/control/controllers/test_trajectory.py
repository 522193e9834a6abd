# SPDX-License-Identifier: Apache-2.0
"""Splines pass through their points, are smooth, and are their own derivatives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renxing.control.trajectory import (
    ACCELERATION,
    EFFORT,
    POSITION,
    VELOCITY,
    Points,
    Trajectory,
    braking,
    single,
)
from renxing.errors import ConfigError

START = 50.0
N = 3


def random_points(seed: int, rows: int, count: int = 5) -> Points:
    random = np.random.default_rng(seed)
    values = np.full((4, count, N), np.nan)
    values[:rows] = random.uniform(-1.0, 1.0, (rows, count, N))
    return Points(times=np.cumsum(random.uniform(0.1, 1.0, count)), values=values)


def started(points: Points, seed: int = 0, **more) -> tuple[Trajectory, np.ndarray]:
    trajectory = Trajectory(points, **more)
    state = np.random.default_rng(seed).uniform(-1.0, 1.0, (4, N))
    trajectory.start(START, state, has_acceleration=True)
    return trajectory, state


def sampled(trajectory: Trajectory, times: np.ndarray) -> np.ndarray:
    out = np.empty((len(times), 4, N))
    for index, time in enumerate(times):
        trajectory.sample(float(time), out[index])
    return out


SEEDS = st.integers(0, 10_000)
ROWS = st.sampled_from([1, 2, 3])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=SEEDS, rows=ROWS)
def test_passes_through_points_with_all_they_give(seed: int, rows: int) -> None:
    points = random_points(seed, rows)
    trajectory, state = started(points, seed)
    close = 1e-9
    before = sampled(trajectory, START + points.times - close)
    after = sampled(trajectory, START + points.times)
    for row in range(rows):
        np.testing.assert_allclose(before[:, row], points.values[row], atol=1e-4)
        np.testing.assert_allclose(after[:, row], points.values[row], atol=1e-9)
    first = sampled(trajectory, np.array([START]))[0]
    np.testing.assert_allclose(first[:rows], state[:rows], atol=1e-9)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=SEEDS, rows=ROWS)
def test_rates_are_derivatives(seed: int, rows: int) -> None:
    points = random_points(seed, rows)
    trajectory, _ = started(points, seed)
    h = 1e-5
    knots = START + np.concatenate([[0.0], points.times])
    for begin, end in zip(knots[:-1], knots[1:], strict=True):
        times = np.linspace(begin + 2 * h, end - 2 * h, 7)
        low, high = sampled(trajectory, times - h), sampled(trajectory, times + h)
        middle = sampled(trajectory, times)
        slope = (high - low) / (2.0 * h)
        np.testing.assert_allclose(
            slope[:, POSITION], middle[:, VELOCITY], rtol=1e-4, atol=1e-4
        )
        if rows > 1:
            np.testing.assert_allclose(
                slope[:, VELOCITY], middle[:, ACCELERATION], rtol=1e-3, atol=1e-2
            )


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=SEEDS, rows=ROWS)
def test_no_jumps(seed: int, rows: int) -> None:
    """Position is continuous, with velocities its rate too, and so on."""
    points = random_points(seed, rows)
    trajectory, _ = started(points, seed)
    knots = START + points.times[:-1]
    close = 1e-9
    before, after = (
        sampled(trajectory, knots - close),
        sampled(trajectory, knots + close),
    )
    for row in range(rows):
        np.testing.assert_allclose(before[:, row], after[:, row], atol=1e-3)


def test_efforts_are_linear() -> None:
    points = random_points(1, 4, count=2)
    trajectory, state = started(points)
    span = points.times[0]
    half = sampled(trajectory, np.array([START + span / 2]))[0]
    np.testing.assert_allclose(
        half[EFFORT], (state[EFFORT] + points.values[EFFORT, 0]) / 2
    )


def test_index_is_the_last_point_reached() -> None:
    trajectory, _ = started(random_points(2, 1, count=3))
    out = np.empty((4, N))
    assert trajectory.sample(START, out) == -1
    for index in range(3):
        assert trajectory.sample(trajectory.reached(index), out) == index
    assert trajectory.sample(START + 1e6, out) == 2
    assert not out[VELOCITY].any()


def test_starts_later_when_asked_to() -> None:
    points = Points(times=np.array([1.0]), values=single(np.ones(N)).values)
    trajectory = Trajectory(points, begin=START + 1.0)
    trajectory.start(START, np.zeros((4, N)))
    out = np.empty((4, N))
    trajectory.sample(START + 1.0, out)
    np.testing.assert_allclose(out[POSITION], 0.5)  # it uses the wait as well
    with pytest.raises(ConfigError, match="before its start"):
        trajectory.sample(START - 0.1, out)


def test_begun_in_the_past_it_jumps_in() -> None:
    values = np.full((4, 2, N), np.nan)
    values[POSITION] = [[0.0] * N, [2.0] * N]
    points = Points(times=np.array([1.0, 3.0]), values=values)
    trajectory = Trajectory(points, begin=START - 2.0)
    trajectory.start(START, np.full((4, N), 9.0))
    out = np.empty((4, N))
    assert trajectory.sample(START, out) == 0
    np.testing.assert_allclose(out[POSITION], 1.0)


@pytest.mark.parametrize(
    "rows", [(VELOCITY,), (ACCELERATION,), (VELOCITY, ACCELERATION)]
)
def test_positions_are_integrated(rows: tuple[int, ...]) -> None:
    """Trapezoids, as ros2_controllers; also where sampling skips segments."""
    times = np.array([1.0, 2.0, 4.0])
    values = np.full((4, 3, N), np.nan)
    for row in rows:
        values[row] = np.array([[1.0], [2.0], [0.0]])
    state = np.zeros((4, N))
    velocity = [1.0, 2.0, 0.0] if VELOCITY in rows else [0.5, 2.0, 4.0]
    expected = 0.0
    knots = [0.0, *times]
    for index in range(3):
        before = velocity[index - 1] if index else 0.0
        expected += (before + velocity[index]) / 2 * (knots[index + 1] - knots[index])
    for sparse in (True, False):
        trajectory = Trajectory(Points(times=times, values=values.copy()))
        trajectory.start(START, state)
        out = np.empty((4, N))
        for time in [10.0] if sparse else np.linspace(0.0, 10.0, 50):
            trajectory.sample(START + float(time), out)
        np.testing.assert_allclose(out[POSITION], expected)


def test_points_may_give_different_things() -> None:
    values = random_points(3, 3, count=3).values
    values[ACCELERATION, 1] = np.nan
    values[VELOCITY, 2] = np.nan
    trajectory, _ = started(Points(times=np.array([1.0, 2.0, 3.0]), values=values))
    out = sampled(trajectory, START + np.linspace(0.0, 4.0, 100))
    assert np.isfinite(out).all()
    np.testing.assert_allclose(out[-1, POSITION], values[POSITION, 2])


def test_without_interpolation_it_waits_then_jumps() -> None:
    points = random_points(4, 1, count=2)
    trajectory, state = started(points, interpolate=False)
    a, b = points.times
    out = sampled(trajectory, START + np.array([a / 2, (a + b) / 2, b + 1.0]))
    np.testing.assert_allclose(out[0, POSITION], state[POSITION])
    np.testing.assert_allclose(out[1, POSITION], points.values[POSITION, 1])
    np.testing.assert_allclose(out[2, POSITION], points.values[POSITION, 1])


def test_endless_joints_take_the_short_way() -> None:
    trajectory = Trajectory(
        Points(times=np.array([1.0]), values=single(np.array([3.0, 3.0, 3.0])).values)
    )
    state = np.zeros((4, N))
    state[POSITION] = -3.0
    trajectory.start(START, state, wraps=np.array([True, False, True]))
    out = np.empty((4, N))
    trajectory.sample(START, out)
    np.testing.assert_allclose(out[POSITION], [2 * np.pi - 3.0, -3.0, 2 * np.pi - 3.0])


def test_other_joints_stay() -> None:
    points = random_points(5, 2)
    values = points.values.copy()
    values[:, :, 1] = np.nan
    meant = np.array([True, False, True])
    filled = Points(times=points.times, values=values, joints=meant).filled(
        np.full(N, 7.0)
    )
    np.testing.assert_array_equal(filled.values[POSITION, :, 1], 7.0)
    np.testing.assert_array_equal(filled.values[VELOCITY, :, 1], 0.0)
    np.testing.assert_array_equal(
        filled.values[:2, :, [0, 2]], points.values[:2, :, [0, 2]]
    )
    assert np.isnan(filled.values[ACCELERATION]).all()


def test_braking_is_a_parabola() -> None:
    positions, velocities = np.zeros(N), np.array([1.0, -2.0, 0.0])
    decelerations = np.array([2.0, 2.0, 1.0])
    trajectory = Trajectory(braking(positions, velocities, decelerations))
    trajectory.start(START, np.vstack([positions, velocities, np.zeros((2, N))]))
    times = np.linspace(0.0, 1.5, 31)
    out = sampled(trajectory, START + times)
    left = np.maximum(np.abs(velocities) - decelerations * times[:, None], 0.0)
    np.testing.assert_allclose(out[:, VELOCITY], np.sign(velocities) * left, atol=1e-9)
    np.testing.assert_allclose(out[-1, POSITION], [0.25, -1.0, 0.0])


@pytest.mark.parametrize(
    ("times", "rows", "complaint"),
    [
        ([], 1, "at least one point"),
        ([1.0, 1.0], 1, "strictly increasing"),
        ([1.0, np.nan], 1, "strictly increasing"),
        ([1.0, 2.0], 0, "neither position"),
    ],
)
def test_refuses(times: list[float], rows: int, complaint: str) -> None:
    values = np.full((4, len(times), N), np.nan)
    values[:rows] = 0.0
    with pytest.raises(ConfigError, match=complaint):
        Trajectory(Points(times=np.array(times), values=values))
