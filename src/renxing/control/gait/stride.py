# SPDX-License-Identifier: Apache-2.0
"""A step on its ground: from what the robot is asked for to what both feet do.

In: capture point, wanted velocity or footsteps, ground.  Out: where the centre of
pressure shall be, and a task for each foot. `Step` knows when and where to step, this
knows from where, over what, and onto what.
"""

from typing import NamedTuple

import numpy as np

from renxing.control.gait.capture_point import footholds
from renxing.control.gait.feet import Feet
from renxing.control.gait.footsteps import Footstep, Footsteps
from renxing.control.gait.gait_config import GaitScale
from renxing.control.gait.ground import ANYWHERE, REACH, Ground, nearest_stretch
from renxing.control.gait.stepping import Step
from renxing.control.gait.swing import SwingFoot, wrap
from renxing.control.whole_body import FootMotion, FootTask
from renxing.spatial import SE3, Array

EDGE = 0.01  # [m] that the centre of pressure keeps from a sole's edge
COMMITTED = 0.3  # [-] of the swing after which the foot keeps to its tread


class Action(NamedTuple):
    """What is done in one tick.

    Attributes:
        pressure: Where the centre of pressure shall be [m], shape (2,).
        margin: From there to the edge of what it stands on [m].
        tasks: Of the feet, left first.
    """

    pressure: Array
    margin: float
    tasks: tuple[FootTask, FootTask]


class Stride:
    """The step that is being made, and the foot that it is made from.

    Attributes:
        step: When and where.
        behind: How much of the wanted way the ground has kept the foot from [m].
        ceiling: Height in odom below which the centre of mass must be at the touchdown,
            or a leg would be too short [m].
    """

    def __init__(
        self,
        step: Step,
        feet: Feet,
        scale: GaitScale,
        sole: Array,
        behind: float = 0.0,
    ) -> None:
        """Begin where the feet are.

        Args:
            step: When and where.
            feet: As they are now; they are looked at in every tick.
            scale: Lengths and times of the robot.
            sole: Half length and half width of a sole [m], shape (2,).
            behind: Of the wanted way after the last step [m].
        """
        self.step = step
        self.behind, self._behind_before = 0.0, behind
        self._feet, self._scale, self._sole = feet, scale, sole
        self._foot = feet.places[step.stance].copy()
        self._yaw = float(feet.yaws[step.stance])
        self._given: Footstep | None = None
        self.ceiling = np.inf

    @property
    def heading(self) -> float:
        """That the body has on the way, between both feet [rad]."""
        return self._yaw + 0.5 * wrap(self.step.heading - self._yaw)

    def plan(
        self,
        capture: Array,
        omega: float,
        velocity: Array,
        footsteps: Footsteps | None,
        ground: Ground,
    ) -> None:
        """Choose the touchdown anew.

        Args:
            capture: The capture point [m], shape (2,).
            omega: Of the pendulum [1/s].
            velocity: To plan steps for, shape (3,).
            footsteps: Given ones instead, if any.
            ground: What is known of it.
        """
        step, scale = self.step, self._scale
        foot, yaw = self._foot, self._yaw
        limits = np.array([scale.step_time, scale.width, scale.least_width])
        self._given = None
        if footsteps is None:
            feet = footholds(foot, yaw, step.side, velocity, limits)
        else:
            feet, self._given = footsteps.footholds(foot, yaw, step.swing, limits)
        stretches, treads = ANYWHERE, False
        if self._given is None:
            # The next foothold; later ones are close enough where they are. A tread
            # that is reached too early or too late is made up for at the next one,
            # or short steps would never leave a long tread.
            ahead = np.array([np.cos(yaw), np.sin(yaw)])
            feet[1:, :2] += self._behind_before * ahead
            wished = feet[1, :2].copy()
            feet[1, :2] = ground.stand_place(wished, feet[1, 2])
            stretches = ground.stretches(foot, yaw, feet[1, :2], scale.span)
            treads = len(stretches) > 1
            if step.foot is not None and step.foot.phase > COMMITTED:
                there = float(ahead @ (step.foothold - foot))
                stretches = nearest_stretch(stretches, there)
        swing = step.swing
        place = self._feet.places[swing] if step.foot is None else step.foot.place
        step.plan(capture, feet, place, omega, stretches)
        if treads:
            missed = float(ahead @ (wished - step.foothold))
            self.behind = min(max(missed, -REACH), REACH)
        self.ceiling = self._ceiling(ground)

    def _ceiling(self, ground: Ground) -> float:
        step, scale = self.step, self._scale
        stance = self._feet.poses[step.stance]
        height = self._surface(stance, ground)[0]
        # At a touchdown the hips are about in the middle between both feet.
        way = step.foothold - self._foot
        half = 0.5 * float(np.cos(self._yaw) * way[0] + np.sin(self._yaw) * way[1])
        lowest = min(height, float(stance.translation[2]))
        up = max(scale.reach**2 - half**2, 0.0) ** 0.5
        return float(lowest + up + scale.over_hips)

    def _surface(self, stance: SE3, ground: Ground) -> tuple[float, Array]:
        if self._given is not None:
            return self._given.height, self._given.normal
        return ground.surface(stance, self.step.foothold, self.step.heading)

    def act(
        self, capture: Array, omega: float, gain: float, ground: Ground, dt: float
    ) -> Action:
        """Return what the feet do in this tick.

        Args:
            capture: The capture point [m], shape (2,).
            omega: Of the pendulum [1/s].
            gain: With which the capture point returns to its plan [1/s].
            ground: What is known of it.
            dt: Of the tick [s].
        """
        step, feet, foot = self.step, self._feet, self._foot
        pressure = step.pressure(capture, foot, omega, gain)
        if step.swinging:
            c, s = np.cos(self._yaw), np.sin(self._yaw)
            turn = np.array([[c, -s], [s, c]])
            limit = self._sole - EDGE
            local = turn.T @ (pressure - foot)
            margin = max(0.0, float((self._sole - np.abs(local)).min()))
            pressure = foot + turn @ np.minimum(np.maximum(local, -limit), limit)
            moving = FootTask(motion=self._swing(ground, dt))
        else:
            margin = feet.support.margin(pressure)
            moving = feet.standing(step.swing, step.force_limit(self._scale.weight))
        standing = feet.standing(step.stance)
        tasks = (moving, standing) if step.swing == 0 else (standing, moving)
        return Action(pressure, margin, tasks)

    def _swing(self, ground: Ground, dt: float) -> FootMotion:
        step, feet, scale = self.step, self._feet, self._scale
        stance = feet.poses[step.stance]
        if step.foot is None:
            ground.feel(stance.translation)
            step.foot = SwingFoot(
                feet.poses[step.swing],
                float(feet.yaws[step.swing]),
                scale.swing_height,
                scale.landing_speed,
            )
        height, normal = self._surface(stance, ground)
        top = ground.obstacle(step.foot.start, stance, step.foothold)
        if self._given is not None:
            # An edge may be anywhere between the two.
            top = max(top, height, float(step.foot.start.translation[2]))
        return step.foot.step(
            step.foothold, step.heading, height, normal, top, step.left, dt
        )
