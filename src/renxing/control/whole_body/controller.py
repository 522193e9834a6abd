# SPDX-License-Identifier: Apache-2.0
"""Whole-body control: one QP a tick turns what the body shall do into drive commands.

In: BodyState, WholeBodyTask.  Out: JointCommand.  Rate: 500 Hz.  Method: inverse
dynamics as a weighted QP over accelerations and sole wrenches; see `assembly`.
"""

import numpy as np
import pinocchio

from renxing.control.whole_body.assembly import (
    FORCE,
    Dynamics,
    Problem,
    Targets,
    add_link,
    assemble,
    gains,
    new_problem,
)
from renxing.control.whole_body.config import WholeBodyConfig
from renxing.control.whole_body.frames import Frames
from renxing.control.whole_body.kinematics import Kinematics, WholeBodySolution
from renxing.control.whole_body.limits import JointLimits
from renxing.control.whole_body.reduced_body import BASE, ReducedBody
from renxing.control.whole_body.solver import Solver
from renxing.control.whole_body.task import FootMotion, LinkTask, WholeBodyTask
from renxing.control.whole_body.wrench_cone import wrench_cone
from renxing.errors import ConfigError
from renxing.robot import Robot
from renxing.signals import BaseState, BodyState, JointCommand
from renxing.spatial import SE3, Array

Contacts = tuple[bool, ...]


class WholeBodyController:
    """Keeps the body up and moves it; `update`, then `solve`, once a tick.

    Attributes:
        failures: QPs that were not solved since the last reset.
        mass: Of the robot [kg].
        last: What the last QP found.
    """

    def __init__(self, config: WholeBodyConfig, robot: Robot, period: float) -> None:
        """Reduce the model, and compile the kernels if their cache is empty.

        Args:
            config: Weights and gains.
            robot: Whose joints it commands.
            period: Between two ticks [s].

        Raises:
            ConfigError: If the soles are smaller than the margin.
        """
        self._config = config
        self._robot = robot
        self._period = period
        self._gains = gains(config)
        self._body = body = ReducedBody(config, robot)
        self._limits = JointLimits(config, robot, body)
        description = robot.description
        feet = description.feet
        centres = [SE3(np.eye(3), _centre(foot.x, foot.y)) for foot in feet]
        self._frames = Frames.shifted(
            body,
            [*(foot.sole for foot in feet), description.torso],
            [*centres, SE3.Identity()],
        )
        self._half_length = np.array([0.5 * (f.x[1] - f.x[0]) for f in feet])
        self._half_width = np.array([0.5 * (f.y[1] - f.y[0]) for f in feet])
        margin = config.sole_margin
        if min(self._half_length.min(), self._half_width.min()) <= margin:
            raise ConfigError(
                f"{robot.name}: sole_margin {margin} m: a sole is smaller"
            )
        self._cones = [
            wrench_cone(x - margin, y - margin, config.friction)
            for x, y in zip(self._half_length, self._half_width, strict=True)
        ]
        self.mass = float(sum(inertia.mass for inertia in body.model.inertias))
        self._links: dict[tuple[str, ...], Frames] = {}
        self._problems: dict[Contacts, tuple[Problem, Solver]] = {}
        self._kp = robot.kp.copy()
        self._kd = robot.kd.copy()
        self._kp[body.free] *= config.proportional_share
        self._kd[body.free] *= config.derivative_share
        self.reset()
        self._warm_up()
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        n, feet = len(self._robot.joints), len(self._cones)
        self.failures = 0
        self._solutions: dict[Contacts, Array] = {}
        self.last = WholeBodySolution(
            accelerations=np.zeros(BASE + n),
            sole_wrenches=np.zeros((feet, 6)),
            torques=np.zeros(n),
            solved=False,
        )

    def update(self, state: BodyState) -> Kinematics:
        """Compute the kinematics and dynamics of this tick."""
        model, data = self._body.model, self._body.data
        q, v = self._body.coordinates(state)
        pinocchio.crba(model, data, q, pinocchio.Convention.WORLD)
        pinocchio.nonLinearEffects(model, data, q, v)
        self._frames.update()
        frames = self._frames.terms
        rotation = np.array(data.oMi[1].rotation)
        mass_matrix = data.M
        # The first rows of M are those of the composite body in base axes: momentum
        # and centre of mass are in them (Wensing & Orin 2016).
        momentum = mass_matrix[:6] @ v
        com_in_base = (
            np.array([mass_matrix[1, 5], mass_matrix[2, 3], mass_matrix[0, 4]])
            / self.mass
        )
        com = data.oMi[1].translation + rotation @ com_in_base
        spin = rotation @ (momentum[3:] - np.cross(com_in_base, momentum[:3]))
        self._state = state
        self._base_rotation = rotation
        self._q, self._v = q[7:].copy(), v.copy()
        self._com, self._momentum = com, spin
        feet = len(self._cones)
        return Kinematics(
            com=com,
            com_velocity=rotation @ momentum[:3] / self.mass,
            soles=tuple(
                SE3(frames.rotation[f], frames.position[f]) for f in range(feet)
            ),
            sole_velocities=frames.velocity[:feet].copy(),
            base_rotation=rotation,
            torso_rotation=frames.rotation[feet].copy(),
            angular_momentum=spin,
            half_length=self._half_length,
            half_width=self._half_width,
        )

    def solve(self, task: WholeBodyTask) -> JointCommand:
        """Return the command for the task, in the state of the last `update`."""
        links, bias, pressed = self._press(task.links)
        data = self._body.data
        dynamics = Dynamics(
            mass_matrix=data.M.T,
            bias=bias,
            gravity=self._body.model.gravity.linear,
            mass=self.mass,
            com=self._com,
            momentum=self._momentum,
            position=self._q,
            velocity=self._v,
            pressed=pressed,
        )
        targets = self._targets(task)
        contacts = tuple(targets.stands.tolist())
        problem, solver = self._problem(contacts)
        bounds = self._limits.bounds(self._q, self._v[6:])
        assemble(
            problem,
            self._frames.terms,
            dynamics,
            targets,
            bounds,
            self._gains,
            self._base_rotation,
        )
        if links is not None:
            for index, link in enumerate(task.links):
                pose = link.transform_frame_to_odom
                add_link(
                    problem,
                    links.terms,
                    index,
                    np.ascontiguousarray(pose.rotation),
                    np.array(pose.translation),
                    np.asarray(link.twist, dtype=float),
                    link.weight,
                    self._gains,
                )
        x = solver.solve(problem)
        solved = x is not None
        if x is not None:
            self._solutions[contacts] = x
        else:
            self.failures += 1
            x = self._solutions.get(contacts)
        return self._command(task, contacts, bias, x, solved)

    def _targets(self, task: WholeBodyTask) -> Targets:
        feet = task.feet
        count = len(feet)
        rotation, position = np.zeros((count, 3, 3)), np.zeros((count, 3))
        twist, acceleration = np.zeros((count, 6)), np.zeros((count, 6))
        for index, foot in enumerate(feet):
            motion = foot.motion
            if motion is not None:
                rotation[index] = motion.transform_sole_to_odom.rotation
                position[index] = motion.transform_sole_to_odom.translation
                twist[index] = motion.twist
                acceleration[index] = motion.acceleration
        return Targets(
            com_acceleration=task.com_acceleration,
            base_rotation=np.ascontiguousarray(task.base_rotation),
            base_rate=task.base_angular_velocity,
            torso_rotation=np.ascontiguousarray(task.torso_rotation),
            torso_rate=task.torso_angular_velocity,
            posture=task.posture[self._body.free],
            posture_weight=self._body.weights,
            stands=np.array([foot.motion is None for foot in feet]),
            softness=np.array([foot.softness for foot in feet], dtype=float),
            force_limit=np.array([foot.force_limit for foot in feet], dtype=float),
            rotation=rotation,
            position=position,
            twist=twist,
            acceleration=acceleration,
        )

    def _press(self, tasks: tuple[LinkTask, ...]) -> tuple[Frames | None, Array, Array]:
        """Return the links' frames, the bias with their forces, and these about com."""
        bias = np.array(self._body.data.nle)
        pressed = np.zeros(6)
        if not tasks:
            return None, bias, pressed
        names = tuple(task.frame for task in tasks)
        if names not in self._links:
            self._links[names] = Frames(self._body, names)
        links = self._links[names]
        links.update()
        terms = links.terms
        for index, task in enumerate(tasks):
            force, torque = task.force[:3], task.force[3:]
            back = terms.rotation[index].T
            own = np.concatenate((back @ force, back @ torque))
            bias += terms.jacobian[index].T @ own
            pressed[:3] += force
            pressed[3:] += torque + np.cross(terms.position[index] - self._com, force)
        return links, bias, pressed

    def _problem(self, contacts: Contacts) -> tuple[Problem, Solver]:
        if contacts not in self._problems:
            nv = self._body.model.nv
            cones = [c for c, on in zip(self._cones, contacts, strict=True) if on]
            problem = new_problem(nv, cones)
            solver = Solver(problem, slice(BASE, nv))
            self._problems[contacts] = problem, solver
        return self._problems[contacts]

    def _command(
        self,
        task: WholeBodyTask,
        contacts: Contacts,
        bias: Array,
        x: Array | None,
        solved: bool,
    ) -> JointCommand:
        """Turn a solution into five numbers for each drive.

        The drive's law gives exactly the wanted torque at the measured state; between
        ticks it holds on to the motion that the solution begins.
        """
        body, robot, period = self._body, self._robot, self._period
        nv, feet = body.model.nv, len(contacts)
        acceleration, wrenches = np.zeros(nv), np.zeros((feet, 6))
        if x is not None:
            acceleration = x[:nv]
            wrenches[list(contacts)] = FORCE * x[nv:].reshape(-1, 6)
        torque = body.data.M[BASE:] @ acceleration + bias[BASE:]
        for foot in range(feet):
            torque -= wrenches[foot] @ self._frames.terms.jacobian[foot, :, BASE:]
        joints, free = len(robot.joints), body.free
        q, v = self._q, self._v[BASE:]
        speed = np.clip(
            v + period * acceleration[BASE:], -robot.speed[free], robot.speed[free]
        )
        goal = np.clip(q + period * speed, robot.lower[free], robot.upper[free])
        position, velocity = task.posture.copy(), np.zeros(joints)
        position[free], velocity[free] = goal, speed
        effort = np.zeros(joints)
        effort[free] = (
            torque
            + self._limits.viscous * v
            - self._kp[free] * (goal - q)
            - self._kd[free] * (speed - v)
        )
        accelerations, torques = np.zeros(BASE + joints), np.zeros(joints)
        accelerations[:BASE] = acceleration[:BASE]
        accelerations[BASE + free] = acceleration[BASE:]
        torques[free] = torque
        self.last = WholeBodySolution(
            accelerations=accelerations,
            sole_wrenches=wrenches,
            torques=torques,
            solved=solved,
        )
        return JointCommand(
            position=position,
            velocity=velocity,
            effort=effort,
            proportional=self._kp,
            derivative=self._kd,
        )

    def _warm_up(self) -> None:
        """Run every kernel once, so that no tick has to wait for a compiler."""
        robot = self._robot
        posture = robot.posture("stand")
        feet = len(self._cones)
        state = BodyState(
            stamp=0.0,
            base=BaseState(
                stamp=0.0,
                transform_base_to_odom=robot.standing_base(posture),
                linear_velocity=np.zeros(3),
                angular_velocity=np.zeros(3),
            ),
            position=posture,
            velocity=np.zeros(len(robot.joints)),
            sole_wrench=np.zeros((feet, 6)),
            contact=np.ones(feet, dtype=bool),
        )
        kinematics = self.update(state)
        self._warm_task(kinematics, posture)

    def _warm_task(self, kinematics: Kinematics, posture: Array) -> None:
        from renxing.control.whole_body.task import FootTask

        zero = np.zeros(3)
        gripper = self._robot.description.torso
        standing = FootTask()
        swinging = FootTask(
            motion=FootMotion(
                transform_sole_to_odom=kinematics.soles[-1],
                twist=np.zeros(6),
                acceleration=np.zeros(6),
            )
        )
        link = LinkTask(
            frame=gripper,
            transform_frame_to_odom=SE3.Identity(),
            twist=np.zeros(6),
        )
        for last in (standing, swinging):
            self.solve(
                WholeBodyTask(
                    com_acceleration=zero,
                    base_rotation=kinematics.base_rotation,
                    base_angular_velocity=zero,
                    torso_rotation=kinematics.torso_rotation,
                    torso_angular_velocity=zero,
                    feet=(*(standing for _ in kinematics.soles[1:]), last),
                    posture=posture,
                    links=(link,),
                )
            )


def _centre(x: tuple[float, float], y: tuple[float, float]) -> Array:
    return np.array([0.5 * (x[0] + x[1]), 0.5 * (y[0] + y[1]), 0.0])
