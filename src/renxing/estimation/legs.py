# SPDX-License-Identifier: Apache-2.0
"""What the legs say: where the soles are, how they move, and what loads them.

In: encoders and motor torques, inertial sensor.  Out: motion of the soles relative to
the base; generalised forces that the ground must cause.  Method: inverse dynamics of
the legs on a base whose motion the inertial sensor gives (Featherstone, Rigid Body
Dynamics Algorithms, 2008, ch. 5), low-passed; for each leg that is the
generalised-momentum observer of De Luca & Mattone (2005) with its Coriolis terms
inside the difference quotient.
"""

import numpy as np
import pinocchio

from renxing.robot import Robot
from renxing.spatial import SE3, Array

_STICTION_SPEED = 0.05  # [rad/s] at which dry friction has most of its size


class Legs:
    """Kinematics and dynamics of the legs on a base at the origin.

    Attributes:
        soles: In the base frame [m], shape (soles, 3).
        rotations: Sole to base, shape (soles, 3, 3).
        velocities: Of the soles relative to the base, in it [m/s], shape (soles, 3).
        turns: Angular velocities likewise [rad/s], shape (soles, 3).
        jacobians: Of the soles in their own frames, legs' joints after the six of the
            base, shape (soles, 6, 6 + m).
        load: Generalised force of the ground on base and legs [N, N·m], shape (6 + m,).
        joints: Places of the legs' joints in joint order, shape (m,).
    """

    def __init__(self, robot: Robot, cutoff: float) -> None:
        """Lock all joints that bear no sole.

        Args:
            robot: The robot.
            cutoff: Of the low-pass filter on `load` [Hz].
        """
        full = robot.model
        feet = robot.description.feet
        bearing = {
            int(joint)
            for foot in feet
            for joint in full.supports[full.frames[robot.frame(foot.sole)].parentJoint]
        }
        locked = [i for i in range(2, full.njoints) if i not in bearing]
        stand = robot.configuration(robot.posture("stand"))
        model = pinocchio.buildReducedModel(full, locked, stand)
        # The accelerometer's reading holds gravity already.
        model.gravity = pinocchio.Motion.Zero()
        self._model = model
        self._data = model.createData()
        self._ids = [model.getFrameId(foot.sole) for foot in feet]
        names = [model.names[i] for i in range(2, model.njoints)]
        self.joints = robot.indices(tuple(names))
        drives = robot.description.drives
        own = [drives[robot.description.joints[index].drive] for index in self.joints]
        self._viscous = np.array([drive.viscous_friction for drive in own])
        self._coulomb = np.array([drive.coulomb_friction for drive in own])
        self._cutoff = cutoff
        count = len(feet)
        self._q: Array = pinocchio.neutral(model)
        self._v = np.zeros(model.nv)
        self._a = np.zeros(model.nv)
        self._last = np.zeros(model.nv)
        self.soles = np.zeros((count, 3))
        self.rotations = np.zeros((count, 3, 3))
        self.velocities = np.zeros((count, 3))
        self.turns = np.zeros((count, 3))
        self.jacobians = np.zeros((count, 6, model.nv))
        self.load = np.zeros(model.nv)

    def move(self, position: Array, velocity: Array, dt: float) -> None:
        """Take the encoders of this cycle.

        Args:
            position: Of all joints [rad], shape (n,).
            velocity: Of all joints [rad/s], shape (n,).
            dt: Since the last call [s]; 0 starts anew.
        """
        model, data = self._model, self._data
        self._q[7:] = position[self.joints]
        self._v[6:] = velocity[self.joints]
        pinocchio.computeJointJacobians(model, data, self._q)
        local = pinocchio.ReferenceFrame.LOCAL
        for index, frame in enumerate(self._ids):
            placement: SE3 = pinocchio.updateFramePlacement(model, data, frame)
            jacobian = pinocchio.getFrameJacobian(model, data, frame, local)
            rotation = placement.rotation
            twist = jacobian[:, 6:] @ self._v[6:]
            if dt > 0.0:
                # Positions are far finer than speeds, and the noise of differences
                # does not add up.
                way = rotation @ self.rotations[index].T
                turn = self.turns[index]
                turn[0] = 0.5 * (way[2, 1] - way[1, 2]) / dt
                turn[1] = 0.5 * (way[0, 2] - way[2, 0]) / dt
                turn[2] = 0.5 * (way[1, 0] - way[0, 1]) / dt
            else:
                self.turns[index] = rotation @ twist[3:]
            self.soles[index] = placement.translation
            self.rotations[index] = rotation
            self.velocities[index] = rotation @ twist[:3]
            self.jacobians[index] = jacobian

    def bear(
        self, effort: Array, angular_velocity: Array, specific_force: Array, dt: float
    ) -> None:
        """Update `load`; after `move`.

        Args:
            effort: Torques of all drives [N·m], shape (n,).
            angular_velocity: Of the base, in its frame [rad/s].
            specific_force: At the base's origin, in its frame [m/s²].
            dt: Since the last call [s]; 0 starts anew.
        """
        v, a = self._v, self._a
        v[3:6] = angular_velocity
        a[:3] = specific_force
        if dt > 0.0:
            a[3:] = (v[3:] - self._last[3:]) / dt
        else:
            a[3:] = 0.0
        self._last[:] = v
        load: Array = pinocchio.rnea(self._model, self._data, self._q, v, a)
        speed = v[6:]
        load[6:] -= effort[self.joints]
        load[6:] += self._viscous * speed
        load[6:] += self._coulomb * np.tanh(speed / _STICTION_SPEED)
        if dt > 0.0:
            share = 1.0 - np.exp(-2.0 * np.pi * self._cutoff * dt)
            self.load += share * (load - self.load)
        else:
            self.load[:] = load
