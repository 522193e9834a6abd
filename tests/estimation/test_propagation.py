# SPDX-License-Identifier: Apache-2.0
"""How errors grow: against finite differences of the motion."""

import numpy as np
import pytest
from tests.estimation.filter_state import DT, GRAVITY, SEEDS, State

from renxing.estimation.propagation import advance, propagate
from renxing.spatial import Array


def transition(state: State, dt: float) -> Array:
    matrix = np.eye(21)
    advance(matrix, state.rotation, state.vectors, GRAVITY, dt)
    return matrix


@pytest.mark.parametrize("seed", SEEDS)
def test_transition_is_the_derivative_of_the_motion(seed: int) -> None:
    state, size = State(seed), 1e-6
    found = transition(state, DT)
    end = state.copy()
    end.move()
    wanted = np.empty((21, 21))
    for column, axis in enumerate(np.eye(21)):
        other = state.copy()
        other.apply(size * axis)
        other.move()
        wanted[:, column] = other.error_of(end) / size
    # It rests on the state before the step, which leaves out terms of second order.
    assert np.abs(wanted - found).max() < 20 * DT**2
    assert np.abs(wanted - found).max() < 0.02 * np.abs(found - np.eye(21)).max()


@pytest.mark.parametrize("seed", SEEDS)
def test_transition_is_an_exponential_to_second_order(seed: int) -> None:
    """Once a block of it was overwritten, which 2 ms do not show."""
    state = State(seed)
    ahead, back = transition(state, 1.0), transition(state, -1.0)
    first, second = 0.5 * (ahead - back), 0.5 * (ahead + back) - np.eye(21)
    assert np.allclose(second, 0.5 * first @ first, atol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_covariance_is_moved_by_the_transition(seed: int) -> None:
    state = State(seed)
    matrix = transition(state, DT)
    noise = np.zeros((5, 2))
    wanted = matrix @ state.covariance @ matrix.T
    covariance = state.covariance
    propagate(covariance, state.rotation, state.vectors, GRAVITY, DT, noise, shock=0.0)
    assert np.allclose(covariance, wanted, rtol=1e-12, atol=1e-15)


def test_noise_of_the_gyroscope_turns_everything_about_odom() -> None:
    state = State(2)
    noise = np.array([[3.0, 5.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    covariance = np.zeros((21, 21))
    propagate(covariance, state.rotation, state.vectors, GRAVITY, DT, noise, shock=0.0)
    crosses = [np.cross(vector, np.eye(3)).T for vector in state.vectors]
    spread = np.vstack([np.eye(3), *crosses])
    wanted = (3.0 * DT**2 + 5.0 * DT) * spread @ spread.T
    assert np.allclose(covariance[:15, :15], wanted)
    assert not covariance[15:].any()


def test_shocks_and_drifts_add_up() -> None:
    state = State(2)
    noise = np.array([[0.0, 0.0], [1.0, 2.0], [0.0, 3.0], [0.0, 4.0], [0.0, 5.0]])
    covariance = np.zeros((21, 21))
    propagate(covariance, state.rotation, state.vectors, GRAVITY, DT, noise, shock=7.0)
    added = np.zeros(21)
    added[3:6] = 8.0 * DT**2 + 2.0 * DT
    added[6:9], added[15:18], added[18:] = 3.0 * DT, 4.0 * DT, 5.0 * DT
    assert np.allclose(covariance, np.diag(added))
