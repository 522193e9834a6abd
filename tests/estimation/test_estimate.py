# SPDX-License-Identifier: Apache-2.0
"""How estimates move: the group's own laws."""

import numpy as np
import pytest
from tests.estimation.filter_state import SEEDS, State

from renxing.estimation.estimate import left_jacobian, rotation_of


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("size", [1e-6, 1e-3, 1.0, 3.0])
def test_rotations_form_a_group(seed: int, size: float) -> None:
    angle = size * np.random.default_rng(seed).normal(size=3)
    turn = rotation_of(angle)
    assert np.allclose(turn @ rotation_of(-angle), np.eye(3), atol=1e-14)
    assert np.allclose(rotation_of(0.4 * angle) @ rotation_of(0.6 * angle), turn)
    assert np.linalg.det(turn) == pytest.approx(1.0)
    step = 1e-6 * np.random.default_rng(seed + 1).normal(size=3)
    predicted = rotation_of(left_jacobian(angle) @ step) @ turn
    assert np.allclose(rotation_of(angle + step), predicted, atol=1e-11)


@pytest.mark.parametrize("seed", SEEDS)
def test_applying_an_error_and_its_negative_changes_nothing(seed: int) -> None:
    state = State(seed)
    moved = state.copy()
    error = state.random.normal(size=21)
    moved.apply(error)
    assert not np.allclose(moved.vectors, state.vectors)
    moved.apply(-error)
    for name in ("rotation", "vectors", "bias"):
        assert np.allclose(getattr(moved, name), getattr(state, name), atol=1e-12)


def test_rounding_does_not_spoil_the_rotation() -> None:
    state = State(0)
    state.rotation += 1e-6 * state.random.normal(size=(3, 3))
    state.apply(np.zeros(21))
    assert np.allclose(state.rotation @ state.rotation.T, np.eye(3), atol=1e-11)


def test_a_throw_is_a_parabola_and_a_turn_goes_on() -> None:
    state = State(3)
    state.bias[:] = 0.0
    state.inertial[1] = 0.0  # falls freely
    start = state.copy()
    for _ in range(100):
        state.move(0.005)
    fall = np.array([0.0, 0.0, -9.81])
    assert np.allclose(state.vectors[0], start.vectors[0] + 0.5 * fall)
    way = 0.5 * start.vectors[0] + 0.125 * fall
    assert np.allclose(state.vectors[1], start.vectors[1] + way)
    assert np.array_equal(state.vectors[2:], start.vectors[2:])
    turned = start.rotation @ rotation_of(0.5 * start.inertial[0])
    assert np.allclose(state.rotation, turned)
