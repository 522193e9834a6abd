# SPDX-License-Identifier: Apache-2.0
"""PID for many joints at once, with control_toolbox's parameters and anti-windup.

Method: `u = p e + i ∫e + d ė`, clamped; Åström & Hägglund, Advanced PID Control,
section 3.5, for the anti-windup.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from renxing.control.controller_parameters import Parameters
from renxing.spatial import Array

_STRATEGIES = ("none", "back_calculation", "conditional_integration")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PidGains:
    """Gains, shape (n,) each.

    Attributes:
        p: On the position error.
        i: On its integral.
        d: On the velocity error.
        ff_velocity: On the wanted velocity.
        u_max: Greatest output.
        u_min: Least output.
        i_max: Greatest integral term.
        i_min: Least integral term.
        deadband: Errors up to this are not integrated.
        tracking: Time constant of the back calculation [s].
        back: 1 where back calculation is used.
        conditional: Whether integration stops while the output is clamped.
    """

    p: Array
    i: Array
    d: Array
    ff_velocity: Array
    u_max: Array
    u_min: Array
    i_max: Array
    i_min: Array
    deadband: Array
    tracking: Array
    back: Array
    conditional: Array


def read_gains(gains: Parameters, joints: Sequence[str]) -> PidGains:
    """Read `gains.<joint>.*`.

    Raises:
        ConfigError: If a value is of the wrong type.
    """
    rows: list[dict[str, float]] = []
    for joint in joints:
        own = gains.section(joint)
        p, i, d = (own.number(key, 0.0) for key in "pid")
        clamp = own.number("i_clamp", np.inf, minimum=0.0)
        i_max, i_min = (
            own.number("i_clamp_max", clamp),
            own.number("i_clamp_min", -clamp),
        )
        strategy = own.text("antiwindup_strategy", "none", _STRATEGIES)
        tracking = own.number("tracking_time_constant", 0.0, minimum=0.0)
        if tracking == 0.0 and i > 0.0:
            # The rule of thumb of control_toolbox, from Åström & Hägglund.
            tracking = np.sqrt(d / i) if d > 0.0 else p / i
        back = strategy == "back_calculation" and tracking > 0.0
        rows.append(
            {
                "p": p,
                "i": i,
                "d": d,
                "ff_velocity": own.number("ff_velocity_scale", 0.0),
                "u_max": own.number("u_clamp_max", np.inf),
                "u_min": own.number("u_clamp_min", -np.inf),
                "i_max": i_max,
                "i_min": i_min,
                "deadband": own.number("error_deadband", 0.0, minimum=0.0),
                "tracking": tracking if back else 1.0,
                "back": float(back),
                "conditional": float(strategy == "conditional_integration"),
            }
        )
    return PidGains(**{key: np.array([row[key] for row in rows]) for key in rows[0]})


class JointPid:
    """The controllers of all joints.

    Attributes:
        gains: Of each.
    """

    def __init__(self, gains: PidGains) -> None:
        """Start with an empty integral."""
        self.gains = gains
        self.reset()

    def reset(self) -> None:
        """Forget the integral."""
        self._integral = np.zeros(len(self.gains.p))

    def step(self, error: Array, error_rate: Array, period: float) -> Array:
        """Return the clamped output, shape (n,).

        Args:
            error: Wanted minus measured position.
            error_rate: The same for the velocity.
            period: Since the last step [s].
        """
        g = self.gains
        wanted = g.p * error + self._integral + g.d * error_rate
        output = np.clip(wanted, g.u_min, g.u_max)
        rate = g.i * error
        rate[np.abs(error) <= g.deadband] = 0.0
        # Winding up further than the output can follow.
        stuck = (wanted != output) & (error * wanted > 0.0) & (g.conditional > 0.0)
        rate[stuck] = 0.0
        rate += g.back * (output - wanted) / g.tracking
        self._integral = np.clip(self._integral + period * rate, g.i_min, g.i_max)
        return np.asarray(output)
