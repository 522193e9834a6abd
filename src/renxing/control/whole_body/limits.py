# SPDX-License-Identifier: Apache-2.0
"""Limits of the joints in this tick: accelerations and torques that are still safe.

Accelerations: control barrier functions of second degree on the room to a position
limit (Ames et al. 2019, "Control barrier functions: theory and applications"), of first
degree on that to the speed limit, cut to what a drive can be asked for.  Torques: the
drive's envelope at its present speed.
"""

import numpy as np

from renxing.control.whole_body.assembly import Bounds
from renxing.control.whole_body.config import WholeBodyConfig
from renxing.control.whole_body.reduced_body import ReducedBody
from renxing.robot import Robot
from renxing.spatial import Array


class JointLimits:
    """Limits of the joints of the reduced body, in its order.

    Attributes:
        viscous: Torque by which friction is compensated, over speed [N·m·s/rad].
    """

    def __init__(
        self, config: WholeBodyConfig, robot: Robot, body: ReducedBody
    ) -> None:
        """Take the limits of the robot's drives."""
        free = body.free
        self._rate = config.limit_rate
        self._most = config.limit_acceleration
        self._lower, self._upper = robot.lower[free], robot.upper[free]
        self._speed = robot.speed[free]
        self._peak = robot.torque[free]
        self._share = config.torque_share
        description = robot.description
        drives = [description.drives[description.joints[i].drive] for i in free]
        corner = np.array([drive.corner_speed for drive in drives])
        self._no_load = np.array([drive.no_load_speed for drive in drives])
        self._fade = 1.0 / (self._no_load - corner)
        viscous = np.array([drive.viscous_friction for drive in drives])
        self.viscous: Array = config.friction_compensation * viscous

    def bounds(self, position: Array, velocity: Array) -> Bounds:
        """Return the bounds; the least is never above the greatest.

        Args:
            position: Of the joints of the reduced body [rad].
            velocity: Likewise [rad/s].
        """
        rate, most = self._rate, self._most
        braking, spring = -2.0 * rate * velocity, rate * rate
        low = np.maximum(
            braking - spring * (position - self._lower),
            rate * (-self._speed - velocity),
        )
        high = np.minimum(
            braking + spring * (self._upper - position),
            rate * (self._speed - velocity),
        )
        low, high = np.clip(low, -most, most), np.clip(high, -most, most)
        middle = 0.5 * (low + high)
        up, down = (
            np.clip((self._no_load - sign * velocity) * self._fade, 0.0, 1.0)
            * self._peak
            * self._share
            for sign in (1.0, -1.0)
        )
        friction = self.viscous * velocity
        return Bounds(
            np.minimum(low, middle),
            np.maximum(high, middle),
            np.minimum(-down - friction, 0.0),
            np.maximum(up - friction, 0.0),
        )
