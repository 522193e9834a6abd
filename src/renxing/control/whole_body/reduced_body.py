# SPDX-License-Identifier: Apache-2.0
"""The robot with hands and other unimportant joints locked, and its joint order.

The controller balances on fewer joints than the robot has; locked ones keep their
inertia, at the posture `stand`.
"""

import numpy as np
import pinocchio

from renxing.control.whole_body.config import WholeBodyConfig
from renxing.robot import Robot
from renxing.robot.model import Indices
from renxing.signals import BodyState
from renxing.spatial import Array

BASE = 6  # degrees of freedom of the floating base


class ReducedBody:
    """A pinocchio model of the joints that balance.

    Attributes:
        model: Its joints are in pinocchio's order, after a free-flyer.
        data: Of the model.
        free: Places in the robot's joint order of the model's joints, shape (nv - 6,).
        locked: Places of the others.
        weights: Posture weight of each joint of the model, shape (nv - 6,).
    """

    def __init__(self, config: WholeBodyConfig, robot: Robot) -> None:
        """Lock the joints of hands and of `config.locked_groups`."""
        description = robot.description
        locked = [name for hand in description.hands for name in hand.joints]
        for group in config.locked_groups:
            locked += description.groups.get(group, ())  # g1 has no neck
        locked += robot.mimic.names
        full = robot.model
        self.model = pinocchio.buildReducedModel(
            full,
            [full.getJointId(name) for name in dict.fromkeys(locked)],
            robot.configuration(robot.posture("stand")),
        )
        self.data = self.model.createData()
        names = list(self.model.names)[2:]
        self.free: Indices = robot.indices(tuple(names))
        others = sorted(set(range(len(robot.joints))) - set(self.free))
        self.locked: Indices = np.array(others, dtype=np.intp)
        self._q = pinocchio.neutral(self.model)
        self._v = np.zeros(self.model.nv)
        self.weights = self._posture_weights(config, robot)

    def support(self, frame: int) -> Indices:
        """Return the columns of the Jacobian of a frame that are not zero."""
        joint = self.model.frames[frame].parentJoint
        columns: list[int] = []
        for carrier in list(self.model.supports[joint])[1:]:
            first = self.model.joints[carrier].idx_v
            columns += range(first, first + self.model.joints[carrier].nv)
        return np.array(columns, dtype=np.intp)

    def coordinates(self, state: BodyState) -> tuple[Array, Array]:
        """Return pinocchio's q and v of a state; valid until the next call."""
        base = state.base
        self._q[:7] = pinocchio.SE3ToXYZQUAT(base.transform_base_to_odom)
        self._q[7:] = state.position[self.free]
        self._v[:3] = base.linear_velocity
        self._v[3:6] = base.angular_velocity
        self._v[6:] = state.velocity[self.free]
        return self._q, self._v

    def _posture_weights(self, config: WholeBodyConfig, robot: Robot) -> Array:
        description = robot.description
        weights = np.full(self.model.nv - BASE, config.posture_weight)
        waist = self.support(self.model.getFrameId(description.torso))[BASE:] - BASE
        weights[waist] = config.waist_posture_weight
        for foot in description.feet:
            leg = self.support(self.model.getFrameId(foot.sole))[BASE:] - BASE
            weights[leg] = config.leg_posture_weight
        return weights
