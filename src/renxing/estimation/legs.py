# SPDX-License-Identifier: Apache-2.0
"""What the legs say: where the soles are, how they move, and what loads them.

In: encoders and motor torques, inertial sensor.  Out: motion of the soles relative to
the inertial sensor; generalised forces that the ground must cause.  Method: inverse
dynamics of the legs on a base whose motion the inertial sensor gives (Featherstone,
Rigid Body Dynamics Algorithms, 2008, ch. 5), low-passed; for each leg that is the
generalised-momentum observer of De Luca & Mattone (2005) with its Coriolis terms
inside the difference quotient.
"""

import numpy as np
import pinocchio
from numba import njit

from renxing.estimation.samples import Encoders, Inertial, Mount
from renxing.estimation.sole_motion import fill_soles
from renxing.robot import Robot
from renxing.robot.model import Indices
from renxing.spatial import Array, Mask

_STICTION_SPEED = 0.05  # [rad/s] at which dry friction has most of its size


class Legs:
    """Kinematics and dynamics of the legs on a base at the origin.

    Attributes:
        soles: In the sensor frame [m], shape (soles, 3).
        rotations: Sole to sensor, shape (soles, 3, 3).
        velocities: Of the soles relative to the sensor, in it [m/s], shape (soles, 3).
        turns: Angular velocities likewise [rad/s], shape (soles, 3).
        jacobians: Of the soles in their own frames, legs' joints after the six of the
            base, shape (soles, 6, 6 + m).
        load: Generalised force of the ground on base and legs [N, N·m], shape (6 + m,).
    """

    def __init__(self, robot: Robot, mount: Mount, cutoff: float) -> None:
        """Lock all joints that bear no sole.

        Args:
            robot: The robot.
            mount: Of the inertial sensor.
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
        self._data = data = model.createData()
        soles = [model.frames[model.getFrameId(foot.sole)] for foot in feet]
        # Views of what pinocchio writes, for as long as `data` lives.
        self._carrier_rotations = tuple(data.oMi[s.parentJoint].rotation for s in soles)
        self._carriers = tuple(data.oMi[s.parentJoint].translation for s in soles)
        self._world_jacobian: Array = data.J
        self._sole_rotations = np.array([sole.placement.rotation for sole in soles])
        self._sole_places = np.array([sole.placement.translation for sole in soles])
        self._moved: Mask = np.zeros((len(feet), model.nv), dtype=bool)
        for row, sole in zip(self._moved, soles, strict=True):
            for joint in list(model.supports[sole.parentJoint])[1:]:
                start = model.joints[joint].idx_v
                row[start : start + model.joints[joint].nv] = True
        names = [model.names[i] for i in range(2, model.njoints)]
        self._joints: Indices = np.array(robot.indices(tuple(names)))
        drives = robot.description.drives
        own = [drives[robot.description.joints[index].drive] for index in self._joints]
        self._friction = np.array(
            [(drive.viscous_friction, drive.coulomb_friction) for drive in own]
        )
        self._mount = mount
        self._cutoff = cutoff
        count = len(feet)
        self._q: Array = pinocchio.neutral(model)
        self._v = np.zeros(model.nv)
        self._a = np.zeros(model.nv)
        self.soles = np.zeros((count, 3))
        self.rotations = np.zeros((count, 3, 3))
        self.velocities = np.zeros((count, 3))
        self.turns = np.zeros((count, 3))
        self.jacobians = np.zeros((count, 6, model.nv))
        self.load = np.zeros(model.nv)

    def step(
        self, encoders: Encoders, inertial: Inertial, bias: Array, dt: float
    ) -> None:
        """Take the samples of this cycle.

        Args:
            encoders: Of all joints.
            inertial: The sensor.
            bias: Of it, gyroscope [rad/s] and accelerometer [m/s²], shape (6,).
            dt: Since the last call [s]; 0 starts anew.
        """
        model, data, mount = self._model, self._data, self._mount
        _fill_motion(
            *(self._q, self._v, self._a),
            *(encoders.position, encoders.velocity, self._joints),
            *(inertial.newest, bias),
            *(mount.rotation, mount.position),
            dt,
        )
        pinocchio.computeJointJacobians(model, data, self._q)
        fill_soles(
            *(self.soles, self.rotations, self.velocities, self.turns, self.jacobians),
            self._carrier_rotations,
            self._carriers,
            *(self._sole_rotations, self._sole_places, self._world_jacobian),
            self._moved,
            *(self._v, mount.rotation, mount.position),
            dt,
        )
        force: Array = pinocchio.rnea(model, data, self._q, self._v, self._a)
        share = 1.0 - np.exp(-2.0 * np.pi * self._cutoff * dt) if dt > 0.0 else 1.0
        _fill_load(
            self.load,
            *(force, encoders.effort, self._joints, self._v, self._friction),
            share,
        )


@njit(cache=True)
def _fill_motion(
    q: Array,
    v: Array,
    a: Array,
    position: Array,
    velocity: Array,
    joints: Indices,
    inertial: Array,
    bias: Array,
    rotation: Array,
    sensor: Array,
    dt: float,
) -> None:
    """Write configuration, velocity and acceleration of the legs on the moving base.

    Args:
        q: Its joints after the seven of the base at the origin, shape (7 + m,).
        v: Of the last call, to renew, shape (6 + m,).
        a: With gravity in it, shape (6 + m,).
        position: Of all joints [rad], shape (n,).
        velocity: Of all joints [rad/s], shape (n,).
        joints: Places of the legs' joints in joint order, shape (m,).
        inertial: As `Inertial.newest`, shape (2, 3).
        bias: Of it, shape (6,).
        rotation: As in `Mount`.
        sensor: As in `Mount`, its position.
        dt: Since the last call [s]; 0 starts anew.
    """
    for k in range(len(joints)):
        q[7 + k] = position[joints[k]]
        speed = velocity[joints[k]]
        a[6 + k] = (speed - v[6 + k]) / dt if dt > 0.0 else 0.0
        v[6 + k] = speed
    along = square = 0.0
    for i in range(3):
        turn = force = 0.0
        for j in range(3):
            turn += rotation[i, j] * (inertial[0, j] - bias[j])
            force += rotation[i, j] * (inertial[1, j] - bias[3 + j])
        a[i] = force
        a[3 + i] = (turn - v[3 + i]) / dt if dt > 0.0 else 0.0
        v[3 + i] = turn
        along += turn * sensor[i]
        square += turn * turn
    for i in range(3):
        # The sensor's origin circles around the base's.
        a[i] -= v[3 + i] * along - sensor[i] * square


@njit(cache=True)
def _fill_load(
    load: Array,
    force: Array,
    effort: Array,
    joints: Indices,
    v: Array,
    friction: Array,
    share: float,
) -> None:
    """Low-pass what neither motion nor drives explain.

    Args:
        load: As in `Legs`, to renew.
        force: Generalised force that the motion takes, shape (6 + m,).
        effort: Torques of all drives [N·m], shape (n,).
        joints: Places of the legs' joints in joint order, shape (m,).
        v: Velocities of the joints, after six of the base, shape (6 + m,).
        friction: Viscous [N·m·s/rad] and dry [N·m] of the legs' drives, shape (m, 2).
        share: Of the new value in the low-pass filter [-].
    """
    for c in range(len(load)):
        new = force[c]
        if c >= 6:
            new -= effort[joints[c - 6]]
            new += friction[c - 6, 0] * v[c]
            new += friction[c - 6, 1] * np.tanh(v[c] / _STICTION_SPEED)
        old = load[c] if share < 1.0 else new  # so that a start forgets to the bit
        load[c] = old + share * (new - old)
