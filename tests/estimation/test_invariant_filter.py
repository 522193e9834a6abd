# SPDX-License-Identifier: Apache-2.0
"""The filter's equations against finite differences and the group's own laws."""

import numpy as np
import pytest

from renxing.estimation.invariant_filter import (
    apply_error,
    correct,
    fill_transition,
    left_jacobian,
    move,
    predict,
    rotation_of,
    take_scalar,
)
from renxing.spatial import Array

GRAVITY, DT = 9.81, 0.002
SEEDS = range(5)
NORMALS = rotation_of(np.array([0.3, 0.2, 0.1]))[:2]  # of two soles, not parallel


class State:
    """A random estimate with two soles and everything that goes with it."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        self.random = random
        self.rotation = rotation_of(random.normal(size=3))
        self.vectors = random.normal(size=(4, 3))
        self.bias = 0.1 * random.normal(size=6)
        root = random.normal(size=(21, 21))
        self.covariance = 1e-4 * (root @ root.T + np.eye(21))
        self.turn = random.normal(size=3)
        self.force = np.array([0.0, 0.0, 9.81]) + random.normal(size=3)

    def copy(self) -> "State":
        other = State.__new__(State)
        other.random = self.random
        for name in ("rotation", "vectors", "bias", "covariance", "turn", "force"):
            setattr(other, name, getattr(self, name).copy())
        return other

    def apply(self, error: Array) -> None:
        apply_error(error, self.rotation, self.vectors, self.bias)

    def move(self) -> None:
        move(
            self.rotation,
            self.vectors,
            self.turn - self.bias[:3],
            self.force - self.bias[3:],
            GRAVITY,
            DT,
        )

    def error_of(self, estimate: "State") -> Array:
        """Return e of `self = exp(e) estimate`, for small e."""
        turn = self.rotation @ estimate.rotation.T
        skew = 0.5 * (turn - turn.T)
        angle = np.array([skew[2, 1], skew[0, 2], skew[1, 0]])
        spread = np.linalg.inv(left_jacobian(angle))
        rows = (self.vectors - estimate.vectors @ turn.T) @ spread.T
        return np.concatenate([angle, rows.ravel(), self.bias - estimate.bias])

    def soles(self) -> Array:
        """Return what perfect encoders say of the soles."""
        return (self.vectors[2:] - self.vectors[1]) @ self.rotation


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


@pytest.mark.parametrize("seed", SEEDS)
def test_transition_is_the_derivative_of_the_motion(seed: int) -> None:
    state = State(seed)
    transition = np.empty((21, 21))
    fill_transition(state.rotation, state.vectors, GRAVITY, DT, transition)
    size = 1e-6
    numeric = np.empty((21, 21))
    start = state.copy()
    state.move()
    for column in range(21):
        error = np.zeros(21)
        error[column] = size
        other = start.copy()
        other.apply(error)
        other.move()
        numeric[:, column] = other.error_of(state) / size
    # The transition is of second order in the step, and so is what it leaves out.
    assert np.abs(numeric - transition).max() < 20 * DT**2
    assert np.abs((numeric - np.eye(21)) - (transition - np.eye(21))).max() < 0.02 * (
        np.abs(transition - np.eye(21)).max()
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_scalars_one_by_one_are_the_kalman_update(seed: int) -> None:
    random = np.random.default_rng(seed)
    root = random.normal(size=(21, 21))
    covariance = root @ root.T
    rows, residual = random.normal(size=(6, 21)), random.normal(size=6)
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
    rate = truth.turn - truth.bias[:3]
    soles = truth.soles()
    velocity = truth.rotation.T @ truth.vectors[0]
    correct(
        state.rotation,
        state.vectors,
        state.bias,
        state.covariance,
        soles,
        -velocity - np.cross(rate, soles),
        np.tile(-rate, (2, 1)),
        NORMALS,
        truth.turn,
        up,
        1e-8,
        np.full((2, 2), 1e-8),
        np.full(2, 1e-8),
        tilt,
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_measurements_bring_the_estimate_to_the_truth(seed: int) -> None:
    truth = State(seed)
    state = truth.copy()
    state.apply(1e-3 * truth.random.normal(size=21))
    before = truth.error_of(state)
    take(state, truth, truth.rotation[2])
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


def test_measurements_say_nothing_of_place_and_heading() -> None:
    truth = State(1)
    truth.covariance[:] = 1e-2 * np.eye(21)
    state = truth.copy()
    everything = np.zeros(21)
    everything[[2, 6, 9, 12]] = 0.01, 0.02, 0.02, 0.02  # turned and moved as a whole
    state.apply(everything)
    # Rotating about odom's vertical turns the velocity along.
    before = state.copy()
    take(state, truth, truth.rotation[2], tilt=np.inf)
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
    variances = np.array([1e-6, 1e-6, 1e-8, 1e-9, 1e-9])
    for state in (here, there):
        for _ in range(20):
            predict(
                state.rotation,
                state.vectors,
                state.bias,
                state.covariance,
                state.turn,
                state.force,
                GRAVITY,
                DT,
                variances,
                np.empty((21, 21)),
            )
        take(state, here, here.rotation[2], tilt=1e-4)
    assert np.allclose(there.rotation, heading @ here.rotation, atol=1e-9)
    assert np.allclose(there.bias, here.bias, atol=1e-9)
    wanted = here.vectors @ heading.T
    wanted[1:] += shift
    assert np.allclose(there.vectors, wanted, atol=1e-8)
    turned = adjoint @ here.covariance @ adjoint.T
    assert np.allclose(there.covariance, turned, atol=1e-8)
