# SPDX-License-Identifier: Apache-2.0
"""What measurements teach: against the textbook, and against the truth."""

import numpy as np
import pytest
from tests.estimation.filter_state import DT, GRAVITY, SEEDS, State

from renxing.estimation.estimate import rotation_of
from renxing.estimation.measurement import learn, take_scalar
from renxing.estimation.propagation import propagate
from renxing.spatial import Array

SOLES = np.array([rotation_of(np.array([0.3, 0.2, 0.1])), np.eye(3)])
NORMALS = SOLES[:, :, 2]  # not parallel


@pytest.mark.parametrize("seed", SEEDS)
def test_scalars_one_by_one_are_the_kalman_update(seed: int) -> None:
    random = np.random.default_rng(seed)
    root = random.normal(size=(21, 21))
    covariance = root @ root.T
    rows, residual = random.normal(size=(6, 21)), random.normal(size=6)
    rows[:, ::3] = 0.0
    variances = random.uniform(0.1, 1.0, size=6)
    spread = rows @ covariance @ rows.T + np.diag(variances)
    gain = np.linalg.solve(spread, rows @ covariance).T
    wanted_error, wanted = gain @ residual, covariance - gain @ rows @ covariance
    error = np.zeros(21)
    for row, one, variance in zip(rows, residual, variances, strict=True):
        take_scalar(covariance, error, row, one, variance)
    assert np.allclose(error, wanted_error)
    assert np.allclose(covariance, wanted)


def take(state: State, truth: State, up: Array, tilt: float = 1e-8) -> None:
    """Correct by perfect measurements of the truth, its soles at rest."""
    rate = truth.inertial[0] - truth.bias[:3]
    believed = truth.inertial[0] - state.bias[:3]
    soles = truth.soles()
    # What the encoders see of soles that rest on the ground.
    velocities = -truth.rotation.T @ truth.vectors[0] - np.cross(rate, soles)
    slides = state.vectors[0]
    slides = slides + (np.cross(believed, soles) + velocities) @ state.rotation.T
    spins = NORMALS @ (believed - rate)
    error = np.zeros(21)
    learn(
        *(state.rotation, state.vectors, state.covariance, error),
        *(soles, SOLES, slides, spins, up),
        *(1e-8, np.full((2, 2), 1e-8), 1e-8, tilt),
    )
    state.apply(error)


@pytest.mark.parametrize("seed", SEEDS)
def test_measurements_bring_the_estimate_to_the_truth(seed: int) -> None:
    truth = State(seed)
    state = truth.copy()
    state.apply(1e-3 * truth.random.normal(size=21))
    before = truth.error_of(state)
    take(state, truth, truth.rotation[2].copy())
    after = truth.error_of(state)
    assert np.abs(after[:2]).max() < 0.02 * np.abs(before[:2]).max()  # tilt
    assert np.abs(after[3:6]).max() < 0.02 * np.abs(before[3:6]).max()  # velocity
    gyro = slice(15, 18)
    assert np.abs(NORMALS @ after[gyro]).max() < 0.02 * np.abs(before[gyro]).max()
    for foot in (9, 12):
        apart = before[6:9] - before[foot : foot + 3]
        left = after[6:9] - after[foot : foot + 3]
        assert np.abs(left).max() < 0.02 * np.abs(apart).max()
    assert np.linalg.eigvalsh(state.covariance).min() > 0.0


@pytest.mark.parametrize("missing", ["variance", "attitude"])
def test_measurements_say_nothing_of_place_and_heading(missing: str) -> None:
    truth = State(1)
    truth.covariance[:] = 1e-2 * np.eye(21)
    state = truth.copy()
    everything = np.zeros(21)
    everything[[2, 6, 9, 12]] = 0.01, 0.02, 0.02, 0.02  # turned and moved as a whole
    state.apply(everything)
    # Rotating about odom's vertical turns the velocity along.
    before = state.copy()
    if missing == "variance":
        take(state, truth, truth.rotation[2].copy(), tilt=np.inf)
    else:
        take(state, truth, np.full(3, np.nan))
    assert np.allclose(state.rotation, before.rotation, atol=1e-4)
    assert np.allclose(state.vectors, before.vectors, atol=1e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_covariance_does_not_depend_on_where_and_heading(seed: int) -> None:
    """The law of invariant filters: another odom gives the same result in it."""
    here, there = State(seed), State(seed)
    heading = rotation_of(np.array([0.0, 0.0, 1.3]))
    shift = np.array([5.0, -3.0, 0.5])
    there.rotation[:] = heading @ there.rotation
    there.vectors[:] = there.vectors @ heading.T
    there.vectors[1:] += shift
    # The error's frame is odom: it turns, and turns about another origin.
    adjoint = np.eye(21)
    for row in range(5):
        adjoint[3 * row : 3 * row + 3, 3 * row : 3 * row + 3] = heading
    x, y, z = shift
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    for row in (2, 3, 4):
        adjoint[3 * row : 3 * row + 3, :3] = cross @ heading
    there.covariance[:] = adjoint @ there.covariance @ adjoint.T
    noise = np.array([[0.0, v / DT] for v in (1e-6, 1e-6, 1e-8, 1e-9, 1e-9)])
    for state in (here, there):
        for _ in range(20):
            propagate(
                *(state.covariance, state.rotation, state.vectors),
                *(GRAVITY, DT, noise, 0.0),
            )
            state.move()
        take(state, here, here.rotation[2].copy(), tilt=1e-4)
    assert np.allclose(there.rotation, heading @ here.rotation, atol=1e-9)
    assert np.allclose(there.bias, here.bias, atol=1e-9)
    wanted = here.vectors @ heading.T
    wanted[1:] += shift
    assert np.allclose(there.vectors, wanted, atol=1e-8)
    turned = adjoint @ here.covariance @ adjoint.T
    assert np.allclose(there.covariance, turned, atol=1e-8)
