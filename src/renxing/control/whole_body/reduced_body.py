# SPDX-License-Identifier: Apache-2.0
"""The robot with hands and other unimportant joints locked: its model and dynamics.

The controller balances on fewer joints than the robot has; locked ones keep their
inertia, at the posture `stand`. Vectors of the model are in pinocchio's order: base,
then joints.
"""

from typing import NamedTuple

import numpy as np
import pinocchio
from numba import njit

from renxing.control.whole_body.config import WholeBodyConfig
from renxing.robot import Robot
from renxing.robot.model import Indices
from renxing.signals import BodyState
from renxing.spatial import Array

BASE = 6  # degrees of freedom of the floating base


class Dynamics(NamedTuple):
    """Of the body in this tick, in arrays that `ReducedBody.update` fills.

    Attributes:
        position: Of the joints [rad], shape (nv - 6,).
        velocity: Of base, in its axes, and joints, shape (nv,).
        mass_matrix: M, with the drives' armature, shape (nv, nv).
        bias: h: Coriolis, centrifugal, gravity; with what links press, shape (nv,).
        world_jacobian: Of the joints, twists at odom's origin, shape (nv, 6).
        base_rotation: Base to odom, shape (3, 3).
        base_position: Of the base in odom [m], shape (3,).
        com: Centre of mass in odom [m], shape (3,).
        com_velocity: [m/s], shape (3,).
        momentum: Angular, about the centre of mass, along odom's axes, shape (3,).
        gravity: Along odom's axes [m/s²], shape (3,).
        mass: [kg], shape (1,).
    """

    position: Array
    velocity: Array
    mass_matrix: Array
    bias: Array
    world_jacobian: Array
    base_rotation: Array
    base_position: Array
    com: Array
    com_velocity: Array
    momentum: Array
    gravity: Array
    mass: Array


class ReducedBody:
    """A pinocchio model of the joints that balance.

    Attributes:
        model: Its joints are in pinocchio's order, after a free-flyer.
        data: Of the model.
        dynamics: Of the last update.
        free: Places in the robot's joint order of the model's joints, shape (nv - 6,).
        height: Of the centre of mass in `stand` [m].
        weights: Posture weight of each joint's rad/s² in the model, shape (nv - 6,).
    """

    def __init__(self, config: WholeBodyConfig, robot: Robot) -> None:
        """Lock the joints of hands and of `config.locked_groups`."""
        description = robot.description
        locked = [name for hand in description.hands for name in hand.joints]
        for group in config.locked_groups:
            locked += description.groups.get(group, ())  # g1 has no neck
        locked += robot.mimic.names
        full = robot.model
        self._robot = robot
        self.model = pinocchio.buildReducedModel(
            full,
            [full.getJointId(name) for name in dict.fromkeys(locked)],
            robot.configuration(robot.posture("stand")),
        )
        self.data = self.model.createData()
        self.free: Indices = robot.indices(tuple(self.model.names)[2:])
        nv = self.model.nv
        self.dynamics = Dynamics(
            position=np.zeros(nv - BASE),
            velocity=np.zeros(nv),
            mass_matrix=np.zeros((nv, nv)),
            bias=np.zeros(nv),
            world_jacobian=np.zeros((nv, 6)),
            base_rotation=np.eye(3),
            base_position=np.zeros(3),
            com=np.zeros(3),
            com_velocity=np.zeros(3),
            momentum=np.zeros(3),
            gravity=np.array(self.model.gravity.linear),
            mass=np.array([sum(inertia.mass for inertia in self.model.inertias)]),
        )
        self._q = pinocchio.neutral(self.model)
        stand = robot.posture("stand")
        standing = robot.configuration(stand, robot.standing_base(stand))
        centre = pinocchio.centerOfMass(full, full.createData(), standing)
        self.height = float(centre[2])
        self.weights = self._posture_weights(config) * self.height**2

    def frame(self, name: str) -> int:
        """Return pinocchio's id of a frame in this model.

        Raises:
            ModelError: If the robot has no such frame.
        """
        self._robot.frame(name)
        return int(self.model.getFrameId(name))

    def support(self, frame: int) -> Indices:
        """Return the columns of the Jacobian of a frame that are not zero."""
        columns: list[int] = []
        for carrier in list(self.model.supports[self.model.frames[frame].parentJoint]):
            joint = self.model.joints[carrier]
            columns += range(joint.idx_v, joint.idx_v + joint.nv) if carrier else ()
        return np.array(columns, dtype=np.intp)

    def update(self, state: BodyState) -> None:
        """Compute the dynamics in a state, and what `Frames` need in `data`."""
        model, data, dynamics = self.model, self.data, self.dynamics
        base, q, v = state.base, self._q, dynamics.velocity
        q[:7] = pinocchio.SE3ToXYZQUAT(base.transform_base_to_odom)
        q[7:] = dynamics.position[:] = state.position[self.free]
        v[:3] = base.linear_velocity
        v[3:6] = base.angular_velocity
        v[6:] = state.velocity[self.free]
        pinocchio.crba(model, data, q, pinocchio.Convention.WORLD)
        pinocchio.nonLinearEffects(model, data, q, v)
        dynamics.mass_matrix[:] = data.M
        dynamics.bias[:] = data.nle
        dynamics.world_jacobian[:] = data.J.T
        placement = data.oMi[1]
        dynamics.base_rotation[:] = placement.rotation
        dynamics.base_position[:] = placement.translation
        _centroidal(dynamics)

    def _posture_weights(self, config: WholeBodyConfig) -> Array:
        description = self._robot.description
        weights = np.full(self.model.nv - BASE, config.posture_weight)
        waist = self.support(self.frame(description.torso))[BASE:] - BASE
        weights[waist] = config.waist_posture_weight
        for foot in description.feet:
            leg = self.support(self.frame(foot.sole))[BASE:] - BASE
            weights[leg] = config.leg_posture_weight
        return weights


@njit(cache=True)
def _centroidal(dynamics: Dynamics) -> None:
    """Fill centre of mass and momentum.

    The base's rows of M are the inertia and the momentum of the whole body in the
    axes of the base [Wensing & Orin 2016, "Improved computation of the humanoid
    centroidal dynamics"].
    """
    matrix, velocity = dynamics.mass_matrix, dynamics.velocity
    rotation, mass = dynamics.base_rotation, dynamics.mass[0]
    momentum = np.zeros(6)
    for i in range(6):
        for j in range(len(velocity)):
            momentum[i] += matrix[i, j] * velocity[j]
    arm = np.array([matrix[1, 5], matrix[2, 3], matrix[0, 4]]) / mass
    p, spin = momentum[:3], momentum[3:].copy()
    spin[0] -= arm[1] * p[2] - arm[2] * p[1]
    spin[1] -= arm[2] * p[0] - arm[0] * p[2]
    spin[2] -= arm[0] * p[1] - arm[1] * p[0]
    dynamics.com[:] = dynamics.base_position + rotation @ arm
    dynamics.com_velocity[:] = rotation @ p / mass
    dynamics.momentum[:] = rotation @ spin
