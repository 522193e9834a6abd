# SPDX-License-Identifier: Apache-2.0
"""Which feet stand, and how far that can be trusted.

In: force on each sole.  Out: contact with hysteresis, and a trust from 0 to 1 that
falls at once when a foot unloads, and grows slowly after touchdown: for some
hundredths of a second a foot that has landed still rolls and slides.
"""

from dataclasses import dataclass, field

import numpy as np
from numba import njit

from renxing.errors import ConfigError
from renxing.spatial import Array, Mask

INSIDE = 0.8  # [-] of a sole: pressed there, it does not roll on an edge


@njit(cache=True)
def fill_pressure_levers(
    wrenches: Array, contact: Mask, rotations: Array, edges: Array, out: Array
) -> bool:
    """Find where the soles are pressed.

    Args:
        wrenches: In the sole frames [N, N·m], shape (feet, 6).
        contact: Whether each foot carries weight, shape (feet,).
        rotations: Sole to base, shape (feet, 3, 3).
        edges: Rear, front, right and left edge in the sole frame [m], (feet, 4).
        out: From each sole's origin to its centre of pressure, in the base frame [m],
            shape (feet, 3); zero for a foot in the air.

    Returns:
        Whether all feet stand and lie flat.
    """
    flat = True
    for foot in range(wrenches.shape[0]):
        out[foot] = 0.0
        if not contact[foot]:
            flat = False
            continue
        rear, front, right, left = edges[foot]
        upward = wrenches[foot, 2]
        x = min(max(-wrenches[foot, 4] / upward, rear), front)
        y = min(max(wrenches[foot, 3] / upward, right), left)
        for i in range(3):
            out[foot, i] = x * rotations[foot, i, 0] + y * rotations[foot, i, 1]
        from_middle = abs(x - 0.5 * (rear + front)) / (0.5 * (front - rear))
        from_line = abs(y - 0.5 * (right + left)) / (0.5 * (left - right))
        flat = flat and from_middle < INSIDE and from_line < INSIDE
    return flat


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactConfig:
    """Contact detection; forces are in weights of the robot.

    Attributes:
        on: Force that begins a contact [-].
        off: Force below which it ends [-].
        estimated: Factor on both where the force is worked out from torques [-].
        full: Force at which a contact is fully trusted [-].
        settle: From touchdown to full trust [s].
    """

    on: float = field(default=0.07, metadata={"min": 0.005, "max": 0.5})
    off: float = field(default=0.035, metadata={"min": 0.002, "max": 0.5})
    estimated: float = field(default=2.0, metadata={"min": 1.0, "max": 5.0})
    full: float = field(default=0.25, metadata={"min": 0.01, "max": 0.5})
    settle: float = field(default=0.05, metadata={"min": 0.0, "max": 0.5})

    def __post_init__(self) -> None:
        """Refuse thresholds in the wrong order.

        Raises:
            ConfigError: Unless off < on < full.
        """
        if not self.off < self.on < self.full:
            raise ConfigError(
                f"contact: off {self.off:g}, on {self.on:g}, full {self.full:g}: "
                f"each must be greater than the one before"
            )


class Contacts:
    """The contacts of all feet.

    Attributes:
        contact: Whether each foot carries weight, shape (feet,).
        trust: How far it can be taken to stand still, 0 to 1 [-], shape (feet,).
    """

    def __init__(self, config: ContactConfig, feet: int, weight: float) -> None:
        """Start with all feet in the air.

        Args:
            config: Thresholds.
            feet: How many there are.
            weight: Of the robot [N].
        """
        self._config = config
        self._weight = weight
        self.contact: Mask = np.zeros(feet, dtype=bool)
        self.trust: Array = np.zeros(feet)

    def reset(self) -> None:
        """Put all feet on the ground."""
        self.contact[:] = True
        self.trust[:] = 1.0

    def step(self, forces: Array, measured: Mask, dt: float) -> None:
        """Take the forces of this cycle.

        Args:
            forces: Upwards on each sole [N], shape (feet,).
            measured: Whether they come from cells, shape (feet,).
            dt: Since the last call [s].
        """
        config = self._config
        for foot in range(len(self.trust)):
            load = forces[foot] / self._weight
            factor = 1.0 if measured[foot] else config.estimated
            bound = config.off if self.contact[foot] else config.on
            self.contact[foot] = load > factor * bound
            if not self.contact[foot]:
                self.trust[foot] = 0.0
                continue
            goal = min(1.0, max(0.0, (load - config.off) / (config.full - config.off)))
            rise = dt / config.settle if config.settle > 0.0 else 1.0
            self.trust[foot] = min(goal, self.trust[foot] + rise)
