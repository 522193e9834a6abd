# SPDX-License-Identifier: Apache-2.0
"""Which feet stand, how far that can be trusted, and where they are pressed.

In: wrench on each sole.  Out: contact with hysteresis; a trust from 0 to 1 that falls
at once when a foot unloads, and grows slowly after touchdown: for some hundredths of a
second a foot that has landed still rolls and slides; the centre of pressure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numba import njit

from renxing.errors import ConfigError
from renxing.robot.description import Foot
from renxing.spatial import Array, Mask

INSIDE = 0.8  # [-] of a sole: pressed there, it does not roll on an edge


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
        levers: From each sole's origin to its centre of pressure, in the frame to which
            `rotations` turn [m], shape (feet, 3); zero for a foot in the air.
        flat: Whether all feet stand and lie flat.
    """

    def __init__(
        self, config: ContactConfig, feet: Sequence[Foot], weight: float
    ) -> None:
        """Start with all feet in the air.

        Args:
            config: Thresholds.
            feet: Their soles.
            weight: Of the robot [N].
        """
        self._config = config
        self._edges = np.array([(*foot.x, *foot.y) for foot in feet])
        # In [N]: on, off, full trust.
        self._forces = weight * np.array([config.on, config.off, config.full])
        self.contact: Mask = np.zeros(len(feet), dtype=bool)
        self.trust: Array = np.zeros(len(feet))
        self.levers: Array = np.zeros((len(feet), 3))
        self.flat = False

    def reset(self) -> None:
        """Put all feet on the ground."""
        self.contact[:] = True
        self.trust[:] = 1.0

    def step(
        self, wrenches: Array, measured: Mask, rotations: Array, dt: float
    ) -> None:
        """Take the wrenches of this cycle.

        Args:
            wrenches: In the sole frames [N, N·m], shape (feet, 6).
            measured: Whether they come from cells, shape (feet,).
            rotations: Of the soles, shape (feet, 3, 3).
            dt: Since the last call [s].
        """
        settle = self._config.settle
        self.flat = _feel(
            *(self.contact, self.trust, self.levers),
            *(wrenches, measured, rotations),
            *(self._edges, self._forces, self._config.estimated),
            dt / settle if settle > 0.0 else 1.0,
        )


@njit(cache=True)
def _feel(
    contact: Mask,
    trust: Array,
    levers: Array,
    wrenches: Array,
    measured: Mask,
    rotations: Array,
    edges: Array,
    forces: Array,
    estimated: float,
    rise: float,
) -> bool:
    """Find contacts, trust and centres of pressure.

    Args:
        contact: As in `Contacts`, to renew, shape (feet,).
        trust: As in `Contacts`, to renew, shape (feet,).
        levers: As in `Contacts`, to fill, shape (feet, 3).
        wrenches: In the sole frames [N, N·m], shape (feet, 6).
        measured: Whether they come from cells, shape (feet,).
        rotations: Of the soles, shape (feet, 3, 3).
        edges: Rear, front, right and left edge in the sole frame [m], (feet, 4).
        forces: At which a contact begins, ends, is fully trusted [N], shape (3,).
        estimated: Factor on the first two where the force is worked out [-].
        rise: Greatest growth of the trust [-].

    Returns:
        Whether all feet stand and lie flat.
    """
    on, off, full = forces
    flat = True
    for foot in range(len(contact)):
        upward = wrenches[foot, 2]
        bound = off if contact[foot] else on
        contact[foot] = upward > (bound if measured[foot] else estimated * bound)
        levers[foot] = 0.0
        if not contact[foot]:
            trust[foot] = 0.0
            flat = False
            continue
        goal = min(1.0, max(0.0, (upward - off) / (full - off)))
        trust[foot] = min(goal, trust[foot] + rise)
        rear, front, right, left = edges[foot]
        x = min(max(-wrenches[foot, 4] / upward, rear), front)
        y = min(max(wrenches[foot, 3] / upward, right), left)
        for i in range(3):
            levers[foot, i] = x * rotations[foot, i, 0] + y * rotations[foot, i, 1]
        from_middle = abs(x - 0.5 * (rear + front)) / (0.5 * (front - rear))
        from_line = abs(y - 0.5 * (right + left)) / (0.5 * (left - right))
        flat = flat and from_middle < INSIDE and from_line < INSIDE
    return flat
