# SPDX-License-Identifier: Apache-2.0
"""Whole-body control: one QP a tick turns what the body shall do into drive commands.

In: BodyState, WholeBodyTask.  Out: JointCommand.  Rate: 500 Hz.  Method: inverse
dynamics as a weighted QP over accelerations and sole wrenches; `assembly` has the cost,
`elimination` the constraints.
"""

import numpy as np

from renxing.control.whole_body.assembly import (
    FORCE,
    Cost,
    Targets,
    add_link,
    fill_cost,
    gains,
)
from renxing.control.whole_body.config import WholeBodyConfig
from renxing.control.whole_body.drive_command import drive_command, joint_torques
from renxing.control.whole_body.elimination import (
    Problem,
    eliminate,
    expand,
    new_problem,
)
from renxing.control.whole_body.frames import Frames
from renxing.control.whole_body.kinematics import Kinematics, WholeBodySolution
from renxing.control.whole_body.limits import drives, fill_bounds, new_bounds
from renxing.control.whole_body.reduced_body import BASE, ReducedBody
from renxing.control.whole_body.rehearsal import rehearsal_state, rehearsal_task
from renxing.control.whole_body.solver import Solver
from renxing.control.whole_body.task import LinkTask, WholeBodyTask
from renxing.control.whole_body.wrench_cone import wrench_cone
from renxing.errors import ConfigError
from renxing.robot import Robot
from renxing.signals import BodyState, JointCommand
from renxing.spatial import SE3, Array

Contacts = tuple[bool, ...]  # whether each foot stands


class WholeBodyController:
    """Keeps the body up and moves it: `update`, then `solve`, once a tick.

    Attributes:
        failures: QPs that were not solved since the last reset.
        mass: Of the robot [kg].
        last: What the last QP found.
    """

    failures: int
    mass: float
    last: WholeBodySolution

    def __init__(self, config: WholeBodyConfig, robot: Robot, period: float) -> None:
        """Reduce the model, and compile the kernels if they are not cached on disk.

        Args:
            config: Weights and gains.
            robot: Whose joints it commands.
            period: Between two ticks [s].

        Raises:
            ConfigError: If a sole is smaller than its margins.
        """
        self._robot = robot
        self._period = period
        self._least_force = config.least_force
        self._body = body = ReducedBody(config, robot)
        self._drives = drives(config, robot, body.free)
        self._bounds = new_bounds(len(body.free))
        self.mass = float(body.dynamics.mass[0])
        self._gains = gains(config, body.height, self.mass)
        description = robot.description
        feet = description.feet
        self._frames = Frames(
            body,
            [*(foot.sole for foot in feet), description.torso],
            [(0.5 * sum(foot.x), 0.5 * sum(foot.y)) for foot in feet],
        )
        self._half_length = np.array([0.5 * (f.x[1] - f.x[0]) for f in feet])
        self._half_width = np.array([0.5 * (f.y[1] - f.y[0]) for f in feet])
        margin = config.sole_margin
        least = min(self._half_length.min(), self._half_width.min())
        if least <= margin:
            raise ConfigError(
                f"sole_margin: {margin} m; the soles of {robot.name} allow less than "
                f"{least} m"
            )
        self._cones = [
            wrench_cone(x - margin, y - margin, config.friction)
            for x, y in zip(self._half_length, self._half_width, strict=True)
        ]
        self._targets = _new_targets(body, len(feet))
        self._links: dict[tuple[str, ...], Frames] = {}
        self._problems: dict[Contacts, tuple[Cost, Problem, Solver]] = {}
        self._kp, self._kd = robot.kp.copy(), robot.kd.copy()
        self._kp[body.free] *= config.proportional_share
        self._kd[body.free] *= config.derivative_share
        self._free_kp, self._free_kd = self._kp[body.free], self._kd[body.free]
        self.reset()
        # Run every kernel once, so that no tick has to wait for a compiler.
        kinematics = self.update(rehearsal_state(robot))
        self.solve(rehearsal_task(robot, kinematics))
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
        self._body.update(state)
        self._frames.update()
        dynamics, frames = self._body.dynamics, self._frames.terms
        feet = len(self._cones)
        return Kinematics(
            com=dynamics.com.copy(),
            com_velocity=dynamics.com_velocity.copy(),
            soles=tuple(
                SE3(frames.rotation[foot], frames.position[foot])
                for foot in range(feet)
            ),
            sole_velocities=frames.velocity[:feet].copy(),
            base_rotation=dynamics.base_rotation.copy(),
            torso_rotation=frames.rotation[feet].copy(),
            angular_momentum=dynamics.momentum.copy(),
            half_length=self._half_length,
            half_width=self._half_width,
        )

    def solve(self, task: WholeBodyTask) -> JointCommand:
        """Return the command for the task, in the state of the last `update`.

        Raises:
            ModelError: If a link of the task is not a frame of the robot.
        """
        body, frames, targets = self._body, self._frames.terms, self._targets
        dynamics = body.dynamics
        dynamics.bias[:] = body.data.nle
        contacts = self._aim(task)
        links = self._press(task.links) if task.links else None
        cost, problem, solver = self._problem(contacts)
        fill_cost(cost, frames, dynamics, targets, self._gains)
        if links is not None:
            for index, link in enumerate(task.links):
                add_link(
                    cost, links.terms, index, _pose(link), link.weight, self._gains
                )
        fill_bounds(
            self._bounds, self._drives, dynamics.position, dynamics.velocity[BASE:]
        )
        eliminate(
            problem,
            cost,
            frames,
            dynamics,
            self._bounds,
            targets.stands,
            targets.force_limit,
            self._least_force,
            FORCE,
        )
        y = solver.solve(problem)
        if y is None:
            self.failures += 1
            x = self._solutions.get(contacts)
        else:
            x = self._solutions[contacts] = expand(problem, y)
        return self._command(task, contacts, x, solved=y is not None)

    def _aim(self, task: WholeBodyTask) -> Contacts:
        """Copy the task into arrays, and return which feet stand."""
        targets = self._targets
        targets.com_acceleration[:] = task.com_acceleration
        targets.base_rotation[:] = task.base_rotation
        targets.base_rate[:] = task.base_angular_velocity
        targets.torso_rotation[:] = task.torso_rotation
        targets.torso_rate[:] = task.torso_angular_velocity
        targets.posture[:] = task.posture[self._body.free]
        targets.pressed[:] = 0.0
        for index, foot in enumerate(task.feet):
            motion = foot.motion
            targets.stands[index] = motion is None
            targets.softness[index] = foot.softness
            targets.force_limit[index] = foot.force_limit
            if motion is not None:
                pose = motion.transform_sole_to_odom
                targets.rotation[index] = pose.rotation
                targets.position[index] = pose.translation
                targets.twist[index] = motion.twist
                targets.acceleration[index] = motion.acceleration
        return tuple(targets.stands.tolist())

    def _press(self, tasks: tuple[LinkTask, ...]) -> Frames:
        """Put the forces of links into bias and targets, and return their frames."""
        names = tuple(task.frame for task in tasks)
        if names not in self._links:
            self._links[names] = Frames(self._body, names)
        links = self._links[names]
        links.update()
        terms, dynamics, pressed = (
            links.terms,
            self._body.dynamics,
            self._targets.pressed,
        )
        for index, task in enumerate(tasks):
            force, torque = task.force[:3], task.force[3:]
            back = terms.rotation[index].T
            own = np.concatenate((back @ force, back @ torque))
            dynamics.bias[:] += own @ terms.jacobian[index]
            pressed[:3] += force
            pressed[3:] += torque
            pressed[3:] += np.cross(terms.position[index] - dynamics.com, force)
        return links

    def _problem(self, contacts: Contacts) -> tuple[Cost, Problem, Solver]:
        if contacts not in self._problems:
            nv = self._body.model.nv
            cones = [c for c, on in zip(self._cones, contacts, strict=True) if on]
            cost, problem = new_problem(nv, cones)
            self._problems[contacts] = cost, problem, Solver(problem, nv - BASE)
        return self._problems[contacts]

    def _command(
        self, task: WholeBodyTask, contacts: Contacts, x: Array | None, solved: bool
    ) -> JointCommand:
        body, joints = self._body, len(self._robot.joints)
        dynamics, free = body.dynamics, body.free
        nv = len(dynamics.bias)
        wrenches = np.zeros((len(contacts), 6))
        # Without any solution: the torques that carry the limbs, and no more.
        acceleration = np.zeros(nv)
        if x is not None:
            acceleration = x[:nv]
            wrenches[list(contacts)] = FORCE * x[nv:].reshape(-1, 6)
        torque = joint_torques(self._frames.terms, dynamics, acceleration, wrenches)
        position, velocity = np.array(task.posture, dtype=float), np.zeros(joints)
        effort, torques = np.zeros(joints), np.zeros(joints)
        position[free], velocity[free], effort[free] = drive_command(
            self._drives,
            dynamics.position,
            dynamics.velocity[BASE:],
            acceleration[BASE:],
            torque,
            self._free_kp,
            self._free_kd,
            self._period,
        )
        torques[free] = torque
        accelerations = np.zeros(BASE + joints)
        accelerations[:BASE] = acceleration[:BASE]
        accelerations[BASE + free] = acceleration[BASE:]
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


def _new_targets(body: ReducedBody, feet: int) -> Targets:
    return Targets(
        com_acceleration=np.zeros(3),
        base_rotation=np.eye(3),
        base_rate=np.zeros(3),
        torso_rotation=np.eye(3),
        torso_rate=np.zeros(3),
        posture=np.zeros(len(body.free)),
        posture_weight=body.weights,
        pressed=np.zeros(6),
        stands=np.ones(feet, dtype=bool),
        softness=np.zeros(feet),
        force_limit=np.zeros(feet),
        rotation=np.zeros((feet, 3, 3)),
        position=np.zeros((feet, 3)),
        twist=np.zeros((feet, 6)),
        acceleration=np.zeros((feet, 6)),
    )


def _pose(link: LinkTask) -> tuple[Array, Array, Array]:
    """Return rotation, position and twist as arrays of one type, for the kernel."""
    pose = link.transform_frame_to_odom
    return (
        np.array(pose.rotation, dtype=float, order="C"),
        np.array(pose.translation, dtype=float),
        np.array(link.twist, dtype=float),
    )
