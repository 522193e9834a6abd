# SPDX-License-Identifier: Apache-2.0
"""Bring a robot that stands on both feet lower or higher without a step.

In: kinematics of the tick, a posture as the goal.  Out: WholeBodyTask.  Rate: the
controller's. Height, pitch of pelvis and torso and the posture that pulls weakly follow
one minimum-jerk curve [Flash1985]; in the plane the capture point is kept over
the middle of both soles all the time. The legs are left to the whole-body controller.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pinocchio

from renxing.control.gait.geometry import GRAVITY
from renxing.control.gait.standing import Support
from renxing.control.gait.swing import wrap, yaw_rotation
from renxing.control.whole_body import FootTask, Kinematics, WholeBodyTask
from renxing.robot import Robot
from renxing.spatial import Array

STAND_GAIN = 3.0  # [1/s] with which the capture point returns to the middle
REACH_LIMIT = 8.0  # [m/s²] of the centre of mass in the plane
HEIGHT_GAINS = (80.0, 18.0)  # [1/s²], [1/s] as the gait's
HEIGHT_LIMITS = (-5.0, 6.0)  # [m/s²] as the gait's
SPEED = 0.2  # [m/s] mean of the centre of mass
# [rad] by which the trunk bows on its way: else ankles would come to their limits.
BOW = 0.4
LEAST_TIME = 1.0  # [s] of a way, however short


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shape:
    """A way to stand on both feet.

    Attributes:
        height: Of the centre of mass above the lower sole [m].
        pitch: Of base and torso, forward [rad], shape (2,).
        posture: Of the joints [rad], shape (n,).
    """

    height: float
    pitch: Array
    posture: Array

    @classmethod
    def of(cls, robot: Robot, posture: str) -> Self:
        """Return the shape of a posture on level ground.

        Raises:
            ModelError: If the robot has no such posture.
        """
        positions = robot.posture(posture)
        model, data = robot.model, robot.model.createData()
        q = robot.configuration(positions, robot.standing_base(positions, data))
        com = pinocchio.centerOfMass(model, data, q)
        pinocchio.updateFramePlacements(model, data)
        frames = [robot.frame(foot.sole) for foot in robot.description.feet]
        ground = min(data.oMf[frame].translation[2] for frame in frames)
        description = robot.description
        pitch = [
            _pitch(data.oMf[robot.frame(name)].rotation)
            for name in (description.base, description.torso)
        ]
        return cls(
            height=float(com[2] - ground), pitch=np.array(pitch), posture=positions
        )

    @classmethod
    def seen(cls, kinematics: Kinematics, posture: Array) -> Self:
        """Return the shape that a robot has now, with a posture [rad], shape (n,)."""
        back = yaw_rotation(-_heading(kinematics))
        rotations = (kinematics.base_rotation, kinematics.torso_rotation)
        return cls(
            height=float(kinematics.com[2] - _ground(kinematics)),
            pitch=np.array([_pitch(back @ rotation) for rotation in rotations]),
            posture=posture.copy(),
        )


class Lowering:
    """One way from shape to shape.

    Attributes:
        duration: Of the whole way [s].
    """

    def __init__(self, start: Shape, goal: Shape, period: float) -> None:
        """Plan the way.

        Args:
            start: Where the robot is.
            goal: Where it shall be.
            period: Of the ticks [s].
        """
        self._start, self._goal, self._period = start, goal, period
        self._elapsed = 0.0
        way = abs(goal.height - start.height)
        self.duration = max(LEAST_TIME, way / SPEED)

    @property
    def over(self) -> bool:
        """Whether the goal is what is asked for now."""
        return self._elapsed >= self.duration

    def task(self, kinematics: Kinematics) -> WholeBodyTask:
        """Return the task of the next tick; at the end that is to stay."""
        self._elapsed += self._period
        time = self.duration
        s = min(1.0, self._elapsed / time)
        blend = s**3 * (10.0 - 15.0 * s + 6.0 * s * s)
        rate = 30.0 * s * s * (1.0 - s) ** 2 / time
        change = 60.0 * s * (1.0 - s) * (1.0 - 2.0 * s) / time**2
        start, goal = self._start, self._goal
        rise = goal.height - start.height
        tilt = goal.pitch - start.pitch
        bow = BOW * min(1.0, abs(rise) / start.height)
        pitch = start.pitch + blend * tilt + 4.0 * bow * blend * (1.0 - blend)
        pitching = rate * (tilt + 4.0 * bow * (1.0 - 2.0 * blend))
        heading = _heading(kinematics)
        facing = yaw_rotation(heading)
        left = facing[:, 1]
        height = start.height + blend * rise
        stiff, damp = HEIGHT_GAINS
        error = _ground(kinematics) + height - kinematics.com[2]
        upward = change * rise + stiff * error
        upward += damp * (rate * rise - kinematics.com_velocity[2])
        least, most = HEIGHT_LIMITS
        acceleration = np.empty(3)
        acceleration[:2] = self._balance(kinematics)
        acceleration[2] = min(max(upward, least), most)
        return WholeBodyTask(
            com_acceleration=acceleration,
            base_rotation=facing @ _pitched(pitch[0]),
            base_angular_velocity=pitching[0] * left,
            torso_rotation=facing @ _pitched(pitch[1]),
            torso_angular_velocity=pitching[1] * left,
            feet=tuple(FootTask() for _ in kinematics.soles),
            posture=start.posture + blend * (goal.posture - start.posture),
        )

    def _balance(self, kinematics: Kinematics) -> Array:
        """Return the acceleration that keeps the capture point [m/s²], shape (2,)."""
        places = np.array([sole.translation[:2] for sole in kinematics.soles])
        support = Support(
            places,
            _yaws(kinematics),
            float(kinematics.half_length.min()),
            float(kinematics.half_width.min()),
        )
        height = max(0.1, float(kinematics.com[2] - _ground(kinematics)))
        omega = float(np.sqrt(GRAVITY / height))
        capture = kinematics.com[:2] + kinematics.com_velocity[:2] / omega
        pressure = support.centre_of_pressure(capture, STAND_GAIN, omega)
        wanted = omega**2 * (kinematics.com[:2] - pressure)
        return np.asarray(np.clip(wanted, -REACH_LIMIT, REACH_LIMIT))


def _ground(kinematics: Kinematics) -> float:
    return float(min(sole.translation[2] for sole in kinematics.soles))


def _yaws(kinematics: Kinematics) -> Array:
    turns = [sole.rotation for sole in kinematics.soles]
    return np.array([np.arctan2(turn[1, 0], turn[0, 0]) for turn in turns])


def _heading(kinematics: Kinematics) -> float:
    yaws = _yaws(kinematics)
    return float(yaws[0] + 0.5 * wrap(yaws[1] - yaws[0]))


def _pitch(rotation: Array) -> float:
    """Return by how much a frame is pitched forward [rad], its roll left out."""
    return float(np.arctan2(-rotation[2, 0], rotation[0, 0]))


def _pitched(angle: float) -> Array:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
