# SPDX-License-Identifier: Apache-2.0
"""How the physics is computed."""

from dataclasses import dataclass, field
from typing import Literal

from renxing.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class PhysicsConfig:
    """How the physics is computed.

    Attributes:
        time_step: Of the physics and of the drives' law [s].
        sole: Contact shape of a foot: its box, or a sphere at each corner. Spheres
            keep the corners' pressure apart; `renxing bench twin` times both.
        self_collision: Whether parts of the robot touch each other. Neighbours and
            what overlaps in a declared posture never do.
        contact_time: Time constant of contacts, MuJoCo's solref[0] [s].
        linkage_time: Time constant of the finger linkages [s].
    """

    time_step: float = field(default=0.001, metadata={"min": 1e-4, "max": 5e-3})
    sole: Literal["box", "spheres"] = "spheres"
    self_collision: bool = True
    contact_time: float = field(default=0.006, metadata={"min": 1e-3, "max": 0.1})
    linkage_time: float = field(default=0.005, metadata={"min": 1e-3, "max": 0.1})

    def __post_init__(self) -> None:
        """Refuse steps for which MuJoCo's soft constraints are unstable."""
        for name in ("contact_time", "linkage_time"):
            if getattr(self, name) < 2 * self.time_step:
                raise ConfigError(
                    f"{name}: {getattr(self, name):g} s; MuJoCo wants at least twice "
                    f"time_step = {self.time_step:g} s"
                )
