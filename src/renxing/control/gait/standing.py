# SPDX-License-Identifier: Apache-2.0
"""Balance on both feet without a step, and the moment when that is not enough."""

import numpy as np

from renxing.spatial import Array

EDGE = 0.01  # [m] that the centre of pressure keeps from the soles' edges


class Support:
    """The rectangle that both soles span, as seen from their middle.

    Attributes:
        middle: Between both soles [m], shape (2,).
        rotation: From the rectangle's axes to odom's, shape (2, 2).
        half: Its half length and half width [m], shape (2,).
    """

    def __init__(
        self, soles: Array, yaws: Array, half_length: float, half_width: float
    ):
        """Span the rectangle.

        Args:
            soles: Centres of the soles [m], shape (2, 2).
            yaws: Their headings [rad], shape (2,).
            half_length: Of a sole [m].
            half_width: Of a sole [m].
        """
        self.middle = soles.mean(axis=0)
        turn = np.angle(np.exp(1j * yaws).sum())
        c, s = np.cos(turn), np.sin(turn)
        self.rotation = np.array([[c, -s], [s, c]])
        apart = np.abs(self.rotation.T @ (soles[0] - soles[1]))
        # With one foot ahead the rectangle would overstate the corners: only half of
        # the lead counts.
        self.half = np.array([half_length, half_width]) + 0.5 * apart * (0.5, 1.0)

    def centre_of_pressure(self, capture: Array, gain: float, omega: float) -> Array:
        """Return where to press to bring the capture point back to the middle [m].

        Args:
            capture: The capture point [m], shape (2,).
            gain: Rate of the return [1/s].
            omega: Of the pendulum [1/s].
        """
        error = self.rotation.T @ (capture - self.middle)
        limit = self.half - EDGE
        pressed = (1.0 + gain / omega) * error
        pressed = np.minimum(np.maximum(pressed, -limit), limit)
        return np.asarray(self.middle + self.rotation @ pressed)

    def margin(self, pressure: Array) -> float:
        """Return how far a centre of pressure is inside the rectangle's edge [m]."""
        local = np.abs(self.rotation.T @ (pressure - self.middle))
        return max(0.0, float((self.half - local).min()))

    def excursion(self, capture: Array) -> Array:
        """Return the capture point in half widths of the rectangle, shape (2,)."""
        return np.asarray(self.rotation.T @ (capture - self.middle) / self.half)
