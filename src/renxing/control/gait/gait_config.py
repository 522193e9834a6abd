# SPDX-License-Identifier: Apache-2.0
"""The gait's parameters, in units of the robot: one set fits robots of all sizes.

Times are multiples of `sqrt(com_height / g)`, the time constant with which a body on
its feet falls; lengths are multiples of the leg or of the sole [Hof1996].
"""

from dataclasses import dataclass, field

import numpy as np

from renxing.control.gait.geometry import GRAVITY, GaitGeometry


@dataclass(frozen=True, slots=True, kw_only=True)
class GaitConfig:
    """The gait.

    Attributes:
        step_time: From one touchdown to the next, in time constants.
        double_support: Part of it on both feet, in time constants.
        shortest_step: Step time that recovery may choose, in time constants.
        longest_step: Likewise.
        first_support: Double support before the first step, in time constants.
        quick_support: Likewise before a step that a push asks for.
        width: Between the soles' centres, in widths of the `stand` posture.
        clearance: Least gap between the inner edges of the soles, in sole widths.
        length_limit: Longest step ahead, in legs.
        width_limit: Widest step, in legs.
        rise_limit: Greatest height from one given foothold to the next, in legs.
        swing_height: Over the higher of both ends of a step, in legs.
        swing_speed: Of a swing foot that recovery tries to stay below [legs/s].
        capture_gain: With which the capture point is brought back, walking [1/s].
        stand_gain: Likewise standing [1/s].
        step_trigger: Excursion of the capture point at which a step begins, in
            half widths of the support.
        stretch: Greatest length of a leg at a touchdown, in its reach.
        lowering: Of the centre of mass at `lowering_speed`, in legs.
        lowering_speed: Speed from which it is lowered fully [legs/s].
        speed_gain: Part of a speed error that each step corrects [-].
        landing_speed: With which a foot feels for late ground [legs/s].
        landing_time: For which a landed foot may turn to the ground, in time constants.
        contact_force: Upward force that is a touchdown, in weights of the robot.
        arm_swing: Shoulder angle for each leg length between the feet [rad].
        acceleration: Of the commanded velocity [m/s², m/s², rad/s²].
    """

    step_time: float = field(default=1.5, metadata={"min": 0.8, "max": 3.0})
    double_support: float = field(default=0.2, metadata={"min": 0.02, "max": 1.0})
    shortest_step: float = field(default=0.85, metadata={"min": 0.4, "max": 2.0})
    longest_step: float = field(default=2.6, metadata={"min": 1.0, "max": 5.0})
    first_support: float = field(default=1.45, metadata={"min": 0.1, "max": 5.0})
    quick_support: float = field(default=0.06, metadata={"min": 0.0, "max": 1.0})
    width: float = field(default=1.1, metadata={"min": 0.5, "max": 2.0})
    clearance: float = field(default=0.4, metadata={"min": 0.1, "max": 3.0})
    length_limit: float = field(default=0.82, metadata={"min": 0.1, "max": 1.5})
    width_limit: float = field(default=0.65, metadata={"min": 0.1, "max": 1.5})
    rise_limit: float = field(default=0.25, metadata={"min": 0.0, "max": 0.6})
    swing_height: float = field(default=0.065, metadata={"min": 0.01, "max": 0.3})
    swing_speed: float = field(default=6.5, metadata={"min": 1.0, "max": 20.0})
    capture_gain: float = field(default=4.0, metadata={"min": 0.5, "max": 20.0})
    stand_gain: float = field(default=3.0, metadata={"min": 0.5, "max": 20.0})
    step_trigger: float = field(default=0.7, metadata={"min": 0.1, "max": 2.0})
    stretch: float = field(default=0.98, metadata={"min": 0.8, "max": 1.0})
    lowering: float = field(default=0.12, metadata={"min": 0.0, "max": 0.4})
    lowering_speed: float = field(default=1.1, metadata={"min": 0.1, "max": 5.0})
    speed_gain: float = field(default=0.25, metadata={"min": 0.0, "max": 1.0})
    landing_speed: float = field(default=0.26, metadata={"min": 0.0, "max": 1.0})
    landing_time: float = field(default=0.16, metadata={"min": 0.0, "max": 1.0})
    contact_force: float = field(default=0.05, metadata={"min": 0.01, "max": 0.5})
    arm_swing: float = field(default=1.2, metadata={"min": 0.0, "max": 3.0})
    acceleration: tuple[float, float, float] = (0.4, 0.6, 1.5)


class GaitScale:
    """The parameters of one robot in SI units.

    Attributes:
        constant: Time constant [s].
        step_time, double_support, shortest_step, longest_step, first_support,
        quick_support, landing_time: [s].
        width, least_width, length_limit, width_limit, rise_limit, swing_height,
        reach, over_hips, lowering: [m].
        span: Longest steps back and ahead [m], shape (2,).
        swing_speed, lowering_speed, landing_speed: [m/s].
        contact_force, weight: [N].
        arm_swing: Shoulder angle for each metre between the feet [rad/m].
    """

    def __init__(self, config: GaitConfig, geometry: GaitGeometry) -> None:
        """Scale `config` to a robot."""
        constant, leg = (geometry.com_height / GRAVITY) ** 0.5, geometry.leg_length
        self.constant = constant
        self.step_time = config.step_time * constant
        self.double_support = config.double_support * constant
        self.shortest_step = config.shortest_step * constant
        self.longest_step = config.longest_step * constant
        self.first_support = config.first_support * constant
        self.quick_support = config.quick_support * constant
        self.landing_time = config.landing_time * constant
        self.width = config.width * geometry.width
        self.least_width = 2.0 * geometry.half_width * (1.0 + config.clearance)
        self.length_limit = config.length_limit * leg
        self.span = np.array([-0.8, 1.0]) * self.length_limit
        self.width_limit = config.width_limit * leg
        self.rise_limit = config.rise_limit * leg
        self.swing_height = config.swing_height * leg
        self.swing_speed = config.swing_speed * leg
        self.reach = config.stretch * geometry.reach
        self.over_hips = geometry.com_height - geometry.hip_height
        self.lowering = config.lowering * leg
        self.lowering_speed = config.lowering_speed * leg
        self.landing_speed = config.landing_speed * leg
        self.weight = geometry.mass * GRAVITY
        self.contact_force = config.contact_force * self.weight
        self.arm_swing = config.arm_swing / leg
