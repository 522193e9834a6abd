# SPDX-License-Identifier: Apache-2.0
"""A random estimate, and how far one is from another."""

import numpy as np

from renxing.estimation.estimate import apply_error, left_jacobian, move, rotation_of
from renxing.spatial import Array

GRAVITY, DT = 9.81, 0.002
SEEDS = range(5)


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
        # Angular velocity and specific force.
        self.inertial = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 9.81]])
        self.inertial += random.normal(size=(2, 3))

    def copy(self) -> "State":
        other = State.__new__(State)
        other.random = self.random
        for name in ("rotation", "vectors", "bias", "covariance", "inertial"):
            setattr(other, name, getattr(self, name).copy())
        return other

    def apply(self, error: Array) -> None:
        apply_error(self.rotation, self.vectors, self.bias, error)

    def move(self, dt: float = DT) -> None:
        move(self.rotation, self.vectors, self.bias, self.inertial, GRAVITY, dt)

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
