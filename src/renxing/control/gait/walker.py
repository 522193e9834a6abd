# SPDX-License-Identifier: Apache-2.0
"""Stand, step and walk: a commanded velocity -> what the whole body shall do now.

In: kinematics of the tick, sole forces, velocity.  Out: WholeBodyTask.  Rate: the
controller's. Standing and stepping switch by themselves: a command or a push begins a
step, and after two steps without need the robot stands.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renxing.control.gait import capture_point, terrain
from renxing.control.gait.capture_point import footholds
from renxing.control.gait.gait_config import GaitConfig, GaitScale
from renxing.control.gait.geometry import GRAVITY, GaitGeometry
from renxing.control.gait.ground import Ground
from renxing.control.gait.speed import SpeedRegulator
from renxing.control.gait.standing import Support
from renxing.control.gait.stepping import Step
from renxing.control.gait.swing import SwingFoot, wrap, yaw_rotation
from renxing.control.whole_body import (
    FootMotion,
    FootTask,
    Kinematics,
    WholeBodyTask,
)
from renxing.robot import Robot
from renxing.spatial import Array, Mask

EDGE = 0.01  # [m] that the centre of pressure keeps from a sole's edge
REACH_LIMIT = 8.0  # [m/s²] of the centre of mass in the plane
CONFIRM = 0.008  # [s] for which a touchdown must be felt: forces may be guesses
OVERDUE = 0.25  # [s] after which a foot counts as landed wherever it is
HEIGHT_GAINS = (80.0, 18.0)  # [1/s²], [1/s]: critically damped within 0.2 s
HEIGHT_LIMITS = (-5.0, 6.0)  # [m/s²]
OPPOSITE = np.array([1.0, -1.0])  # a foot ahead, its arm back
HEIGHT_RATE = 5.0  # [1/s] with which the wanted height follows the ground


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GaitPlan:
    """What the gait is about, for pages and scores.

    Attributes:
        capture_point: [m], shape (2,).
        centre_of_pressure: Wanted [m], shape (2,).
        foothold: Of the step that is made [m], shape (2,); NaN while standing.
        swing: Which foot moves, -1 while standing.
        steps: Made so far.
        margin: From the wanted centre of pressure to the edge of the support [m]; 0
            says that balance has used up what the feet can give.
    """

    capture_point: Array
    centre_of_pressure: Array
    foothold: Array
    swing: int
    steps: int
    margin: float


class Walker:
    """The gait of one robot.

    Attributes:
        mode: `stand` or `walk`.
        velocity: Commanded: forward, to the left [m/s], turning [rad/s]; shape (3,).
        plan: Of the last tick.
        ground: What is known of it.
    """

    def __init__(self, config: GaitConfig, robot: Robot, period: float) -> None:
        """Measure the robot.

        Args:
            config: The gait.
            robot: Who walks.
            period: Of the ticks [s].

        Raises:
            ModelError: If it does not have a left and a right foot.
        """
        self._config = config
        self._geometry = GaitGeometry.of(robot)
        self._scale = GaitScale(config, self._geometry)
        self._sole = np.array([self._geometry.half_length, self._geometry.half_width])
        self._period = period
        self._posture = robot.posture("stand")
        self._speed = SpeedRegulator(config)
        self._shoulders = shoulders(robot)
        self.velocity = np.zeros(3)
        capture_point.rehearse()
        terrain.rehearse()

    def reset(self, kinematics: Kinematics) -> None:
        """Stand where the robot stands."""
        soles = self._soles(kinematics)
        self.mode = "stand"
        self.velocity[:] = 0.0
        self._speed.reset()
        self.ground = Ground(self._sole)
        self._steps = self._steps_walked = 0
        self._margin = self._felt = 0.0
        self._time = 0.0
        self._landed = [-np.inf, -np.inf]
        self._step: Step | None = None
        self._heading = self._mean_yaw(soles[1])
        ground = min(pose.translation[2] for pose in kinematics.soles)
        self._height = float(kinematics.com[2] - ground)
        self._height_wanted = float(kinematics.com[2])
        self._stood = soles[0][0], soles[1][0]

    def step(
        self, kinematics: Kinematics, sole_force: Array, contact: Mask
    ) -> WholeBodyTask:
        """Do one tick.

        Args:
            kinematics: Of this tick.
            sole_force: Upward ground force on each foot [N], shape (2,).
            contact: Whether each foot is believed to carry weight, shape (2,).
        """
        self._time += self._period
        self._speed.follow(self.velocity, self._period)
        omega = float(np.sqrt(GRAVITY / self._pendulum))
        capture = kinematics.com[:2] + kinematics.com_velocity[:2] / omega
        places, yaws = self._soles(kinematics)
        if self.mode == "stand":
            self._consider_step(kinematics, capture, places, yaws, omega)
        if self._step is None:
            pressure, feet = self._stand(capture, places, yaws, omega)
            ground = min(pose.translation[2] for pose in kinematics.soles)
        else:
            pressure, feet = self._walk(kinematics, capture, places, yaws, omega)
            ground = float(kinematics.soles[self._step.stance].translation[2])
            landed = (sole_force > self._scale.contact_force) & contact
            self._touch_down(kinematics, capture, places, yaws, landed)
        return self._task(kinematics, capture, pressure, feet, ground, omega, places)

    # --- what the feet do ----------------------------------------------------------

    def _stand(
        self, capture: Array, places: Array, yaws: Array, omega: float
    ) -> tuple[Array, tuple[FootTask, ...]]:
        support = Support(places, yaws, *self._sole)
        pressure = support.centre_of_pressure(capture, self._config.stand_gain, omega)
        self._margin = support.margin(pressure)
        middle = self._mean_yaw(yaws)
        self._heading += wrap(middle - self._heading) * 2.0 * self._period
        return pressure, (self._standing_foot(0), self._standing_foot(1))

    def _consider_step(
        self,
        kinematics: Kinematics,
        capture: Array,
        places: Array,
        yaws: Array,
        omega: float,
    ) -> None:
        """Begin a step if one is commanded or if balance needs one."""
        support = Support(places, yaws, *self._sole)
        out = support.excursion(capture)
        trigger = self._config.step_trigger
        if np.abs(out).max() > trigger:
            # The foot on the side to which it falls makes way; ahead or back, the one
            # that carries less.
            sideways = abs(out[1]) > abs(out[0])
            swing = (0 if out[1] > 0 else 1) if sideways else (0 if out[1] < 0 else 1)
            support_time = self._scale.quick_support
            pressure = support.centre_of_pressure(
                capture, self._config.stand_gain, omega
            )
            duration = self._scale.shortest_step + 0.06
            self._begin_step(swing, pressure, duration, support_time, places, yaws)
        elif np.abs(self.velocity).max() > 1e-3:
            swing = 0 if self.velocity[1] >= 0.0 else 1
            support_time = self._scale.first_support
            duration = self._scale.step_time + support_time - self._scale.double_support
            self._begin_step(
                swing, support.middle, duration, support_time, places, yaws, first=True
            )

    def _begin_step(
        self,
        swing: int,
        pressure: Array,
        duration: float,
        support: float,
        places: Array,
        yaws: Array,
        first: bool = False,
    ) -> None:
        self.mode = "walk"
        self._steps_walked = 0
        self._step = Step(
            self._scale, self._sole, swing, pressure, duration, support, first
        )
        self._stood = places[1 - swing].copy(), float(yaws[1 - swing])

    def _walk(
        self,
        kinematics: Kinematics,
        capture: Array,
        places: Array,
        yaws: Array,
        omega: float,
    ) -> tuple[Array, tuple[FootTask, ...]]:
        step, scale = self._step, self._scale
        assert step is not None
        step.elapsed += self._period
        foot, yaw = self._stood
        limits = np.array([scale.step_time, scale.width, scale.least_width])
        feet = footholds(foot, yaw, step.side, self._speed.wanted, limits)
        # The next foothold; later ones are close enough where they are.
        feet[1, :2] = self.ground.stand_place(feet[1, :2], feet[1, 2])
        swing_place = places[step.swing] if step.foot is None else step.foot.place
        if step.plan(capture, feet, swing_place, omega):
            step.move_to(self.ground.stand_place(step.foothold, step.heading))
        pressure = step.pressure(capture, foot, omega, self._config.capture_gain)
        turned = yaw + 0.5 * wrap(step.heading - yaw)
        self._heading += wrap(turned - self._heading) * 6.0 * self._period
        tasks = [self._standing_foot(0), self._standing_foot(1)]
        if step.swinging:
            c, s = np.cos(yaw), np.sin(yaw)
            turn = np.array([[c, -s], [s, c]])
            limit = self._sole - EDGE
            local = turn.T @ (pressure - foot)
            self._margin = max(0.0, float((self._sole - np.abs(local)).min()))
            pressure = foot + turn @ np.clip(local, -limit, limit)
            motion = self._swing(step, kinematics, yaws)
            tasks[step.swing] = FootTask(motion=motion)
        else:
            self._margin = Support(places, yaws, *self._sole).margin(pressure)
            weight = self._geometry.mass * GRAVITY
            limit_force = step.force_limit(weight)
            tasks[step.swing] = self._standing_foot(step.swing, limit_force)
        return pressure, (tasks[0], tasks[1])

    def _swing(self, step: Step, kinematics: Kinematics, yaws: Array) -> FootMotion:
        stance = kinematics.soles[step.stance]
        if step.foot is None:
            self.ground.feel(stance.translation)
            step.foot = SwingFoot(
                kinematics.soles[step.swing],
                float(yaws[step.swing]),
                self._scale.swing_height,
                self._scale.landing_speed,
            )
        height, normal = self.ground.surface(stance, step.foothold, step.heading)
        top = self.ground.obstacle(step.foot.start, stance, step.foothold)
        return step.foot.step(
            step.foothold, step.heading, height, normal, top, step.left, self._period
        )

    def _touch_down(
        self,
        kinematics: Kinematics,
        capture: Array,
        places: Array,
        yaws: Array,
        landed: Mask,
    ) -> None:
        """End the step when its foot has landed; begin the next one or stand."""
        step = self._step
        assert step is not None
        if step.foot is None:
            return
        rising = float(kinematics.sole_velocities[step.swing, 2])
        felt = landed[step.swing] and step.foot.stopped(rising)
        self._felt = self._felt + self._period if felt else 0.0
        if self._felt < CONFIRM and step.elapsed < step.duration + OVERDUE:
            return
        self._felt = 0.0
        self._steps += 1
        self._steps_walked += 1
        self._landed[step.swing] = self._time
        self._speed.learn(self._time, kinematics.com[:2], self._heading, self.velocity)
        scale, stance = self._scale, places[step.stance].copy()
        if self._can_stand(capture, places, yaws):
            self.mode, self._step = "stand", None
            return
        self._step = Step(
            scale,
            self._sole,
            step.stance,
            stance,
            scale.step_time,
            scale.double_support,
        )
        self._stood = places[step.swing].copy(), float(yaws[step.swing])

    def _can_stand(self, capture: Array, places: Array, yaws: Array) -> bool:
        if np.abs(self.velocity).max() > 1e-3 or self._speed.fast:
            return False
        if self._steps_walked < 2:
            return False
        support = Support(places, yaws, *self._sole)
        lead = support.rotation.T @ (places[0] - places[1])
        out = np.abs(support.excursion(capture))
        return bool(
            abs(lead[0]) < 0.5 * self._sole[0] and out[0] < 0.4 and out[1] < 0.6
        )

    # --- what the body does ----------------------------------------------------------

    def _task(
        self,
        kinematics: Kinematics,
        capture: Array,
        pressure: Array,
        feet: tuple[FootTask, ...],
        ground: float,
        omega: float,
        places: Array,
    ) -> WholeBodyTask:
        lowered = min(1.0, self._speed.pace / self._scale.lowering_speed)
        goal = ground + self._height - self._scale.lowering * lowered
        self._height_wanted += (goal - self._height_wanted) * HEIGHT_RATE * self._period
        acceleration = np.empty(3)
        acceleration[:2] = omega**2 * (kinematics.com[:2] - pressure)
        np.clip(acceleration, -REACH_LIMIT, REACH_LIMIT, out=acceleration)
        stiff, damp = HEIGHT_GAINS
        error = self._height_wanted - kinematics.com[2]
        acceleration[2] = np.clip(
            stiff * error - damp * kinematics.com_velocity[2], *HEIGHT_LIMITS
        )
        step = self._step
        self.plan = GaitPlan(
            capture_point=capture,
            centre_of_pressure=pressure,
            foothold=np.full(2, np.nan) if step is None else step.foothold,
            swing=-1 if step is None else step.swing,
            steps=self._steps,
            margin=self._margin,
        )
        facing = yaw_rotation(self._heading)
        turning = 0.0 if step is None else float(self._speed.wanted[2])
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

    def _swing_arms(self, places: Array) -> Array:
        posture = self._posture.copy()
        if self._shoulders is not None:
            apart = places[0] - places[1]
            lead = np.cos(self._heading) * apart[0] + np.sin(self._heading) * apart[1]
            posture[self._shoulders] += self._scale.arm_swing * lead * OPPOSITE
        return posture

    def _standing_foot(self, foot: int, force_limit: float = np.inf) -> FootTask:
        since = self._time - self._landed[foot]
        soft = max(0.0, 1.0 - since / self._scale.landing_time)
        return FootTask(force_limit=force_limit, softness=soft)

    @property
    def _pendulum(self) -> float:
        return self._height

    def _soles(self, kinematics: Kinematics) -> tuple[Array, Array]:
        places = np.array([pose.translation[:2] for pose in kinematics.soles])
        yaws = np.array(
            [np.arctan2(p.rotation[1, 0], p.rotation[0, 0]) for p in kinematics.soles]
        )
        return places, yaws

    @staticmethod
    def _mean_yaw(yaws: Array) -> float:
        return float(yaws[0] + 0.5 * wrap(yaws[1] - yaws[0]))


def shoulders(robot: Robot) -> npt.NDArray[np.intp] | None:
    """Return the places of the joints that swing the arms, left first."""
    names = [f"{side}_shoulder_pitch_joint" for side in ("left", "right")]
    if any(name not in robot.joints for name in names):
        return None
    return robot.indices(tuple(names))
