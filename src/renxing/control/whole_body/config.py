# SPDX-License-Identifier: Apache-2.0
"""Weights and gains of the whole-body controller.

A task's weight multiplies the square of its error in the cost of the QP, which is an
acceleration [m/s²]. Angular accelerations of trunk and joints count times the height of
the centre of mass, the rate of the angular momentum over that height and the mass: so
robots of all sizes weigh their tasks alike [Hof1996]. What the figures rest on: the
centre of mass must outweigh attitude and swinging foot, or the centre of pressure lags
and the robot falls at its second step; low weights of pelvis and torso let them absorb
the momentum of the swinging leg.
"""

from dataclasses import dataclass, field
from typing import Any

from renxing.errors import ConfigError

Triple = tuple[float, float, float]


def _positive(default: float) -> Any:
    return field(default=default, metadata={"min": 0.0, "max": 1e6})


def _share(default: float) -> Any:
    return field(default=default, metadata={"min": 0.0, "max": 1.0})


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeBodyConfig:
    """The whole-body controller; stiffness in 1/s², damping in 1/s.

    Attributes:
        com_weight: Of the acceleration of the centre of mass along odom's axes.
        momentum_weight: Of the rate of the angular momentum about it.
        momentum_damping: How fast angular momentum shall fade [1/s].
        stance_weight: Of the acceleration of a foot that stands.
        stance_damping: That brings a standing foot that slides to rest.
        landing_damping: Instead, of roll and pitch of a soft foot.
        swing_weight: Of the acceleration of a foot in the air.
        swing_stiffness: Of its pose error.
        swing_damping: Of its twist error.
        base_weight: Of the angular acceleration of the base.
        base_stiffness: Of its attitude error.
        base_damping: Of its rate error.
        torso_weight: As for the base.
        torso_stiffness: As for the base.
        torso_damping: As for the base.
        link_stiffness: Of the pose error of `LinkTask`.
        link_damping: Of its twist error.
        leg_posture_weight: Of the acceleration of the joints of the legs.
        waist_posture_weight: Likewise, between base and torso.
        posture_weight: Likewise, of all others.
        posture_stiffness: Of the position error of all joints.
        posture_damping: Of their speed.
        acceleration_weight: Keeps the cost definite.
        wrench_weight: Shares the load between the feet; on wrenches over 100 N.
        friction: Coefficient of the ground, less than the true one [-].
        sole_margin: By which each edge of a sole is drawn in [m].
        least_force: Of a standing foot, along its normal [N].
        torque_share: Of the torque that the drive has at its speed.
        limit_rate: How fast a joint may use up the room to a limit [1/s].
        limit_acceleration: Greatest acceleration that a joint limit asks for [rad/s²].
        friction_compensation: Share of the drives' viscous friction.
        proportional_share: Of the joints' `kp`, for the drives to hold on to.
        derivative_share: Of the joints' `kd`, likewise.
        locked_groups: Groups of joints that only follow the posture, besides hands. A
            `LinkTask` of the head needs the neck, so leave it out for that.
    """

    com_weight: Triple = (600.0, 600.0, 200.0)
    momentum_weight: Triple = (13.0, 13.0, 7.8)
    momentum_damping: float = _positive(6.0)
    stance_weight: float = _positive(2000.0)
    stance_damping: float = _positive(20.0)
    landing_damping: float = _positive(3.0)
    swing_weight: float = _positive(50.0)
    swing_stiffness: float = _positive(900.0)
    swing_damping: float = _positive(50.0)
    base_weight: float = _positive(5.64)
    base_stiffness: float = _positive(120.0)
    base_damping: float = _positive(22.0)
    torso_weight: float = _positive(2.82)
    torso_stiffness: float = _positive(120.0)
    torso_damping: float = _positive(22.0)
    link_stiffness: float = _positive(100.0)
    link_damping: float = _positive(20.0)
    leg_posture_weight: float = _positive(0.0226)
    waist_posture_weight: float = _positive(0.339)
    posture_weight: float = _positive(0.564)
    posture_stiffness: float = _positive(60.0)
    posture_damping: float = _positive(14.0)
    acceleration_weight: float = field(default=1e-4, metadata={"min": 1e-8, "max": 1.0})
    wrench_weight: float = field(default=1e-3, metadata={"min": 1e-8, "max": 1.0})
    friction: float = field(default=0.4, metadata={"min": 0.05, "max": 2.0})
    sole_margin: float = field(default=0.008, metadata={"min": 0.0, "max": 0.1})
    least_force: float = field(default=20.0, metadata={"min": 0.0, "max": 200.0})
    torque_share: float = field(default=0.95, metadata={"min": 0.1, "max": 1.0})
    limit_rate: float = field(default=20.0, metadata={"min": 1.0, "max": 200.0})
    limit_acceleration: float = field(default=200.0, metadata={"min": 1.0, "max": 1e4})
    friction_compensation: float = _share(0.9)
    proportional_share: float = _share(0.05)
    derivative_share: float = _share(0.1)
    locked_groups: tuple[str, ...] = ("neck",)

    def __post_init__(self) -> None:
        """Refuse weights that pay for errors."""
        for name in ("com_weight", "momentum_weight"):
            if min(getattr(self, name)) < 0.0:
                raise ConfigError(f"{name}: {getattr(self, name)}: none may be below 0")
