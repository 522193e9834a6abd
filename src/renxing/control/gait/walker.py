# SPDX-License-Identifier: Apache-2.0
"""Stand, step and walk: a commanded velocity -> what the whole body shall do now.

In: kinematics of the tick, sole forces, velocity.  Out: WholeBodyTask.  Rate: the
controller's. Standing and stepping switch by themselves: a command or a push begins a
step, and after two steps without need the robot stands.
"""

from collections.abc import Sequence

import numpy as np

from renxing.control.gait import capture_point, terrain
from renxing.control.gait.feet import Feet
from renxing.control.gait.footsteps import Footstep, Footsteps, check_footsteps
from renxing.control.gait.gait_config import GaitConfig, GaitScale
from renxing.control.gait.geometry import GaitGeometry
from renxing.control.gait.ground import Ground
from renxing.control.gait.plan import GaitPlan
from renxing.control.gait.speed import SpeedRegulator
from renxing.control.gait.stepping import Step
from renxing.control.gait.stride import Action, Stride
from renxing.control.gait.touchdown import Touchdown
from renxing.control.gait.trunk import Trunk
from renxing.control.whole_body import Kinematics, WholeBodyTask
from renxing.errors import UnsafeCommandError
from renxing.robot import Robot
from renxing.spatial import Array, Mask

STANDING_TURN, WALKING_TURN = 2.0, 6.0  # [1/s] with which the trunk follows the feet
HASTE = 0.06  # [s] over the shortest step that a push may first have


class Walker:
    """The gait of one robot.

    Attributes:
        velocity: Commanded: forward, to the left [m/s], turning [rad/s]; shape (3,).
        plan: Of the last tick.
        ground: What is known of it.
        footsteps: Given ones that it walks over, or has; None for a velocity.
    """

    plan: GaitPlan

    def __init__(self, config: GaitConfig, robot: Robot, period: float) -> None:
        """Measure the robot.

        Args:
            config: The gait.
            robot: Who walks.
            period: Of the ticks [s].

        Raises:
            ModelError: If it does not have a left and a right foot.
        """
        geometry = GaitGeometry.of(robot)
        self._config = config
        self._scale = GaitScale(config, geometry)
        self._sole = np.array([geometry.half_length, geometry.half_width])
        self._period = period
        self._speed = SpeedRegulator(config)
        self._feet = Feet(self._sole, self._scale.landing_time)
        self._trunk = Trunk(self._scale, robot, period)
        self._touchdown = Touchdown(period)
        self.velocity = np.zeros(3)
        capture_point.rehearse()
        terrain.rehearse()

    def reset(self, kinematics: Kinematics) -> None:
        """Stand where the robot stands."""
        self.velocity[:] = 0.0
        self._speed.reset()
        self._touchdown.reset()
        self.ground = Ground(self._sole)
        self._steps = self._steps_walked = 0
        self._time = 0.0
        self._stride: Stride | None = None
        self.footsteps: Footsteps | None = None
        feet = self._feet
        feet.reset(kinematics)
        self._trunk.reset(kinematics, feet.ground, feet.heading)

    def follow(self, steps: Sequence[Footstep]) -> Footsteps:
        """Walk over given footholds from the next step on, then stand.

        Returns:
            The plan, which tells how far it is.

        Raises:
            UnsafeCommandError: If legs cannot do that, or a velocity is commanded.
        """
        if self.velocity.any():
            raise UnsafeCommandError("footsteps: a velocity is commanded; stop first")
        moving = None if self._stride is None else self._stride.step
        stance = moving.swing if moving else 1 - steps[0].foot if steps else 0
        place, yaw = self._feet.places[stance], float(self._feet.yaws[stance])
        if moving:  # it stands there soon
            place, yaw = moving.foothold, moving.heading
        height = float(self._feet.poses[stance].translation[2])
        here = Footstep(foot=stance, place=place, yaw=yaw, height=height)
        check_footsteps(steps, here, self._scale)
        self.footsteps = Footsteps(steps)
        return self.footsteps

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
        feet, trunk = self._feet, self._trunk
        feet.see(kinematics, self._time)
        self._speed.follow(self.velocity, self._period)
        omega = trunk.omega
        capture = kinematics.com[:2] + kinematics.com_velocity[:2] / omega
        if self._stride is None:
            self._stride = self._first_stride(capture, omega)
        stride = self._stride
        if stride is None:
            action, ground = self._stand(capture, omega), feet.ground
        else:
            step = stride.step
            action = self._walk(stride, capture, omega)
            ground = float(feet.poses[step.stance].translation[2])
            loaded = sole_force[step.swing] > self._scale.contact_force
            moving = kinematics.sole_velocities[step.swing, :3]
            if self._touchdown.over(step, bool(loaded and contact[step.swing]), moving):
                self._stride = self._land(step, kinematics.com[:2], capture)
        self._report(capture, action)
        return trunk.task(
            kinematics,
            action.pressure,
            ground,
            np.inf if stride is None else stride.ceiling,
            self._speed.pace,
            0.0 if self._stride is None else float(self._speed.wanted[2]),
            feet.places,
            action.tasks,
        )

    def _report(self, capture: Array, action: Action) -> None:
        step = None if self._stride is None else self._stride.step
        self.plan = GaitPlan(
            capture_point=capture,
            centre_of_pressure=action.pressure,
            foothold=np.full(2, np.nan) if step is None else step.foothold,
            swing=-1 if step is None else step.swing,
            steps=self._steps,
            margin=action.margin,
        )

    def _stand(self, capture: Array, omega: float) -> Action:
        feet = self._feet
        support = feet.support
        pressure = support.centre_of_pressure(capture, self._config.stand_gain, omega)
        self._trunk.turn(feet.heading, STANDING_TURN)
        tasks = feet.standing(0), feet.standing(1)
        return Action(pressure, support.margin(pressure), tasks)

    def _walk(self, stride: Stride, capture: Array, omega: float) -> Action:
        step = stride.step
        step.elapsed += self._period
        if step.due:
            wanted = self._speed.wanted
            stride.plan(capture, omega, wanted, self.footsteps, self.ground)
        self._trunk.turn(stride.heading, WALKING_TURN)
        gain = self._config.capture_gain
        return stride.act(capture, omega, gain, self.ground, self._period)

    # --- when steps begin and end ----------------------------------------------------

    def _first_stride(self, capture: Array, omega: float) -> Stride | None:
        """Begin a step from standing if one is commanded or if balance needs one."""
        support, scale = self._feet.support, self._scale
        out = support.excursion(capture)
        self._steps_walked = 0
        if np.abs(out).max() > self._config.step_trigger:
            # The foot on the side to which it falls makes way; ahead or back, the one
            # that carries less.
            sideways = abs(out[1]) > abs(out[0])
            swing = (0 if out[1] > 0 else 1) if sideways else (0 if out[1] < 0 else 1)
            gain = self._config.stand_gain
            pressure = support.centre_of_pressure(capture, gain, omega)
            duration = scale.shortest_step + HASTE
            return self._next_stride(swing, pressure, duration, scale.quick_support)
        given = self._given_step
        if given is None and np.abs(self.velocity).max() <= 1e-3:
            return None
        swing = 0 if self.velocity[1] >= 0.0 else 1
        if given is not None:
            swing = given.foot
        first = scale.first_support
        duration = scale.step_time + first - scale.double_support
        return self._next_stride(swing, support.middle, duration, first, first=True)

    def _next_stride(
        self,
        swing: int,
        pressure: Array,
        duration: float,
        support: float,
        first: bool = False,
    ) -> Stride:
        scale, sole = self._scale, self._sole
        behind = 0.0 if self._stride is None else self._stride.behind
        step = Step(scale, sole, swing, pressure, duration, support, first)
        return Stride(step, self._feet, scale, sole, behind)

    def _land(self, step: Step, place: Array, capture: Array) -> Stride | None:
        """Return what follows a step whose foot has landed; None to stand.

        Args:
            step: That was made.
            place: Of the centre of mass [m], shape (2,).
            capture: The capture point [m], shape (2,).
        """
        feet, scale = self._feet, self._scale
        self._steps += 1
        self._steps_walked += 1
        feet.land(step.swing)
        if self.footsteps is None:
            heading = self._trunk.heading
            self._speed.learn(self._time, place, heading, self.velocity)
        else:
            self.footsteps.land(step.swing, feet.places[step.swing])
        if self._can_stand(capture):
            return None
        pressure = feet.places[step.stance].copy()
        return self._next_stride(
            step.stance, pressure, scale.step_time, scale.double_support
        )

    def _can_stand(self, capture: Array) -> bool:
        if np.abs(self.velocity).max() > 1e-3 or self._speed.fast:
            return False
        if self._given_step is not None:
            return False
        if self._steps_walked < 2 and self.footsteps is None:
            return False
        support, places = self._feet.support, self._feet.places
        lead = support.rotation.T @ (places[0] - places[1])
        out = np.abs(support.excursion(capture))
        return bool(
            abs(lead[0]) < 0.5 * self._sole[0] and out[0] < 0.4 and out[1] < 0.6
        )

    @property
    def mode(self) -> str:
        """`stand` or `walk`."""
        return "stand" if self._stride is None else "walk"

    @property
    def _given_step(self) -> Footstep | None:
        return None if self.footsteps is None else self.footsteps.next
