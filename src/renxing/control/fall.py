# SPDX-License-Identifier: Apache-2.0
"""See that a fall cannot be avoided, and tell how a robot lies.

In: kinematics of the tick.  Out: whether, and to which side.  Rate: the controller's.
Three signs, each of which a robot that still catches itself does not show: the capture
point is farther from both feet than steps can follow, the base leans too far, or will
at its present rate, and the centre of mass has come down too far. That the first one
has a limit for each robot is N-step capturability: T. Koolen, T. de Boer, J. Rebula, A.
Goswami, J. Pratt: Capturability-based analysis and control of legged locomotion,
International Journal of Robotics Research 31(9), 2012; the limits themselves are those
that simulated pushes which the gait survives stay below.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numba import njit

from renxing.control.gait.geometry import GRAVITY, GaitGeometry
from renxing.control.whole_body import Kinematics
from renxing.robot import Robot
from renxing.spatial import Array

SIDES = ("front", "back", "left", "right")
LOW = 2  # place of the height among the signs
LIES = 0.8  # [rad] of the base's tilt, from which a robot at rest lies


@dataclass(frozen=True, slots=True, kw_only=True)
class FallConfig:
    """The prediction.

    Attributes:
        reach: Of the capture point from the nearer sole's centre, in legs.
        lean: Of the base within `ahead` [rad].
        ahead: For how long its rate is extrapolated [s].
        low: Height of the centre of mass over the lower sole, in standing heights.
        confirmed: For how long a sign must last [s].
    """

    reach: float = field(default=0.8, metadata={"min": 0.1, "max": 3.0})
    lean: float = field(default=0.75, metadata={"min": 0.1, "max": 1.5})
    ahead: float = field(default=0.1, metadata={"min": 0.0, "max": 0.5})
    low: float = field(default=0.7, metadata={"min": 0.1, "max": 0.95})
    confirmed: float = field(default=0.01, metadata={"min": 0.0, "max": 0.2})


class FallPredictor:
    """Watches one robot.

    Attributes:
        side: To which it falls, empty as long as it does not; stays until `reset`.
        ahead: Cosine of the angle between where it falls and where it faces [-].
        cause: The sign that told.
    """

    CAUSES = ("capture point out of reach", "base leans", "centre of mass sinks")

    def __init__(self, config: FallConfig, robot: Robot, period: float) -> None:
        """Measure the robot.

        Args:
            config: What a fall looks like.
            robot: Who may fall.
            period: Of the ticks [s].

        Raises:
            ModelError: If it does not have a left and a right foot.
        """
        geometry = GaitGeometry.of(robot)
        self._ticks = max(1, round(config.confirmed / period))
        self._limits = np.array([config.reach, config.lean, config.low])
        self._scale = np.array([geometry.leg_length, geometry.com_height, config.ahead])
        self._seen = np.zeros(3, dtype=np.int64)
        self._signs = np.zeros(3)
        self.reset()
        signs(
            np.ones(3),
            np.zeros(3),
            np.zeros((2, 3)),
            np.eye(3),
            np.zeros(3),
            self._scale,
            self._signs,
        )

    def reset(self) -> None:
        """Stand again."""
        self._seen[:] = 0
        self.side = self.cause = ""
        self.ahead = 0.0

    def look(
        self, kinematics: Kinematics, angular_velocity: Array, *, may_be_low: bool
    ) -> bool:
        """Return whether the robot falls.

        Args:
            kinematics: Of this tick.
            angular_velocity: Of the base, in the base frame [rad/s], shape (3,).
            may_be_low: Whether it is low on purpose.
        """
        if self.side:
            return True
        soles, values = kinematics.soles, self._signs
        feet = np.array([soles[0].translation, soles[1].translation])
        signs(
            kinematics.com,
            kinematics.com_velocity,
            feet,
            kinematics.base_rotation,
            angular_velocity,
            self._scale,
            values,
        )
        limits, seen = self._limits, self._seen
        for index in range(3):
            over = values[index] > limits[index]
            if index == LOW:
                over = values[index] < limits[index] and not may_be_low
            seen[index] = seen[index] + 1 if over else 0
            if seen[index] >= self._ticks:
                self.cause = self.CAUSES[index]
                self.side = self._towards(kinematics, feet)
                return True
        return False

    def _towards(self, kinematics: Kinematics, feet: Array) -> str:
        way = kinematics.com[:2] - feet[:, :2].mean(axis=0)
        way = way + kinematics.com_velocity[:2] * math.sqrt(self._scale[1] / GRAVITY)
        x, y = kinematics.base_rotation[:2, 0]
        forward = x * way[0] + y * way[1]
        left = x * way[1] - y * way[0]
        self.ahead = float(forward / max(math.hypot(forward, left), 1e-6))
        return side_of(-forward, -left)


@njit(cache=True)
def signs(
    com: Array,
    velocity: Array,
    feet: Array,
    rotation: Array,
    rate: Array,
    scale: Array,
    values: Array,
) -> None:
    """Fill in reach of the capture point [legs], lean [rad] and height [heights].

    Args:
        com: Centre of mass [m], shape (3,).
        velocity: Its own [m/s], shape (3,).
        feet: Centres of the soles [m], shape (2, 3).
        rotation: Base to odom, shape (3, 3).
        rate: Of the base, in its frame [rad/s], shape (3,).
        scale: Leg length [m], standing height [m], time ahead [s], shape (3,).
        values: To fill, shape (3,).
    """
    constant = math.sqrt(scale[1] / GRAVITY)
    x = com[0] + velocity[0] * constant
    y = com[1] + velocity[1] * constant
    nearest = min(
        math.hypot(x - feet[0, 0], y - feet[0, 1]),
        math.hypot(x - feet[1, 0], y - feet[1, 1]),
    )
    # The base's z axis moves by rate x z, of which odom's z component counts.
    up = min(max(rotation[2, 2], -1.0), 1.0)
    sinking = rotation[2, 1] * rate[0] - rotation[2, 0] * rate[1]
    lean = math.acos(up)
    sine = math.sin(lean)
    if sine > 0.05:
        lean += scale[2] * sinking / sine
    values[0] = nearest / scale[0]
    values[1] = lean
    values[2] = (com[2] - min(feet[0, 2], feet[1, 2])) / scale[1]


def side_of(x: float, y: float) -> str:
    """Return the side that an upward direction in the base frame says is below.

    Args:
        x: Component of up along the base's x, forward [-].
        y: Likewise along y, left [-].
    """
    if abs(x) >= abs(y):
        return "back" if x > 0.0 else "front"
    return "right" if y > 0.0 else "left"


def lying_side(up: Array) -> str:
    """Return on which side a robot lies; empty if its base is upright.

    Args:
        up: Direction of odom's z in the base frame, shape (3,).
    """
    if up[2] > math.cos(LIES):
        return ""
    return side_of(float(up[0]), float(up[1]))
