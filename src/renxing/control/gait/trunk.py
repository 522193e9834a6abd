# SPDX-License-Identifier: Apache-2.0
"""What the body over the feet shall do: its height, its heading, its arms.

In: where the centre of pressure shall be.  Out: WholeBodyTask.
"""

import numpy as np
import numpy.typing as npt

from renxing.control.gait.gait_config import GaitScale
from renxing.control.gait.geometry import GRAVITY
from renxing.control.gait.swing import wrap, yaw_rotation
from renxing.control.whole_body import FootTask, Kinematics, WholeBodyTask
from renxing.robot import Robot
from renxing.spatial import Array

REACH_LIMIT = 8.0  # [m/s²] of the centre of mass in the plane
HEIGHT_GAINS = (80.0, 18.0)  # [1/s²], [1/s]: critically damped within 0.2 s
HEIGHT_LIMITS = (-5.0, 6.0)  # [m/s²]
HEIGHT_TIME = 0.8  # [-] of a step in which the wanted height follows the ground
OPPOSITE = np.array([1.0, -1.0])  # a foot ahead, its arm back


class Trunk:
    """Pelvis, torso and arms.

    Attributes:
        heading: Wanted [rad].
    """

    def __init__(self, scale: GaitScale, robot: Robot, period: float) -> None:
        """Look up posture and arms.

        Args:
            scale: The gait's lengths and times.
            robot: Who walks.
            period: Of the ticks [s].
        """
        self._scale = scale
        self._period = period
        self._posture = robot.posture("stand")
        self._shoulders = shoulders(robot)
        self.heading = 0.0
        self._height = 0.0
        self._wanted = np.zeros(3)

    def reset(self, kinematics: Kinematics, ground: float, heading: float) -> None:
        """Keep the height that the robot has.

        Args:
            kinematics: Of this tick.
            ground: Height of what carries the robot [m].
            heading: Of the robot [rad].
        """
        self.heading = heading
        self._height = float(kinematics.com[2] - ground)
        self._wanted[:] = float(kinematics.com[2]), 0.0, 0.0

    @property
    def omega(self) -> float:
        """Of the pendulum that the body is [1/s]."""
        return float(np.sqrt(GRAVITY / self._height))

    def turn(self, heading: float, rate: float) -> None:
        """Approach a heading [rad] with `rate` [1/s]."""
        self.heading += wrap(heading - self.heading) * rate * self._period

    def task(
        self,
        kinematics: Kinematics,
        pressure: Array,
        ground: float,
        ceiling: float,
        pace: float,
        turning: float,
        places: Array,
        feet: tuple[FootTask, FootTask],
    ) -> WholeBodyTask:
        """Return the task of this tick.

        Args:
            kinematics: Of this tick.
            pressure: Where the centre of pressure shall be [m], shape (2,).
            ground: Height of what carries the robot [m].
            ceiling: Height that the centre of mass must stay below [m].
            pace: Speed of the walk [m/s].
            turning: Wanted [rad/s].
            places: Of the feet [m], shape (2, 2).
            feet: What the feet do.
        """
        scale = self._scale
        lowered = min(1.0, pace / scale.lowering_speed)
        self._rise(min(ground + self._height - scale.lowering * lowered, ceiling))
        acceleration = np.empty(3)
        acceleration[:2] = self.omega**2 * (kinematics.com[:2] - pressure)
        reach = acceleration[:2]
        np.maximum(reach, -REACH_LIMIT, out=reach)
        np.minimum(reach, REACH_LIMIT, out=reach)
        stiff, damp = HEIGHT_GAINS
        height, speed, upward = self._wanted
        least, most = HEIGHT_LIMITS
        upward += stiff * (height - kinematics.com[2])
        upward += damp * (speed - kinematics.com_velocity[2])
        acceleration[2] = min(max(upward, least), most)
        facing = yaw_rotation(self.heading)
        spin = np.array([0.0, 0.0, turning])
        return WholeBodyTask(
            com_acceleration=acceleration,
            base_rotation=facing,
            base_angular_velocity=spin,
            torso_rotation=facing,
            torso_angular_velocity=spin,
            feet=feet,
            posture=self._swing_arms(places),
        )

    def _rise(self, goal: float) -> None:
        """Follow the minimum-jerk way to a height [Flash1985]."""
        time, dt = HEIGHT_TIME * self._scale.step_time, self._period
        height, speed, rate = self._wanted
        jerk = 60.0 / time**3 * (goal - height) - 36.0 / time**2 * speed
        rate += (jerk - 9.0 / time * rate) * dt
        speed += rate * dt
        self._wanted[:] = height + speed * dt, speed, rate

    def _swing_arms(self, places: Array) -> Array:
        posture = self._posture.copy()
        if self._shoulders is not None:
            apart = places[0] - places[1]
            lead = np.cos(self.heading) * apart[0] + np.sin(self.heading) * apart[1]
            posture[self._shoulders] += self._scale.arm_swing * lead * OPPOSITE
        return posture


def shoulders(robot: Robot) -> npt.NDArray[np.intp] | None:
    """Return the places of the joints that swing the arms, left first."""
    names = [f"{side}_shoulder_pitch_joint" for side in ("left", "right")]
    if any(name not in robot.joints for name in names):
        return None
    return robot.indices(tuple(names))
