# SPDX-License-Identifier: Apache-2.0
"""Poses, velocities, Jacobians and drifts of some frames of the reduced body.

Method: from pinocchio's joint placements, velocities and gravity-shifted accelerations
(what `nonLinearEffects` leaves behind) to frames fixed on the links; Featherstone 2008,
"Rigid body dynamics algorithms", ch. 2. Jacobian and drift are those of the classical
acceleration of the frame's origin, along the frame's own axes:
`acceleration = jacobian @ dv + drift`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

from renxing.control.whole_body.reduced_body import ReducedBody
from renxing.robot.model import Indices
from renxing.spatial import SE3, Array


class FrameTerms(NamedTuple):
    """Of N frames, in arrays that `Frames.update` fills.

    Attributes:
        rotation: Frame to odom, shape (N, 3, 3).
        position: Of the origin in odom [m], shape (N, 3).
        velocity: [linear of the origin; angular] along odom's axes, shape (N, 6).
        jacobian: Along the frame's axes, shape (N, 6, nv).
        drift: Acceleration at dv = 0 along the frame's axes, shape (N, 6).
        columns: Of the Jacobian that are not zero, padded, shape (N, nv).
        size: How many columns these are, shape (N,).
    """

    rotation: Array
    position: Array
    velocity: Array
    jacobian: Array
    drift: Array
    columns: Indices
    size: Indices


class _Joints(NamedTuple):
    """The joints that carry the frames, in odom, and the frames on them."""

    rotation: Array
    position: Array
    velocity: Array
    acceleration: Array
    frame_rotation: Array
    frame_position: Array


class Frames:
    """Some frames of the body.

    Attributes:
        terms: Of the last update.
    """

    def __init__(
        self,
        body: ReducedBody,
        names: Sequence[str],
        centres: Sequence[tuple[float, float]] = (),
    ) -> None:
        """Look up frames.

        Args:
            body: That they are fixed on.
            names: Of the frames.
            centres: Origins of the first of them, x and y in the named frame [m].

        Raises:
            ModelError: If the robot has no such frame.
        """
        model, count = body.model, len(names)
        self._body = body
        ids = [body.frame(name) for name in names]
        placements = [model.frames[i].placement for i in ids]
        for index, (x, y) in enumerate(centres):
            placements[index] = placements[index] * SE3(
                np.eye(3), np.array([x, y, 0.0])
            )
        self._carriers = [model.frames[i].parentJoint for i in ids]
        self._joints = _Joints(
            rotation=np.zeros((count, 3, 3)),
            position=np.zeros((count, 3)),
            velocity=np.zeros((count, 6)),
            acceleration=np.zeros((count, 6)),
            frame_rotation=np.array([p.rotation for p in placements]),
            frame_position=np.array([p.translation for p in placements]),
        )
        supports = [body.support(i) for i in ids]
        columns = np.zeros((count, model.nv), dtype=np.intp)
        for row, support in zip(columns, supports, strict=True):
            row[: len(support)] = support
        self.terms = FrameTerms(
            rotation=np.zeros((count, 3, 3)),
            position=np.zeros((count, 3)),
            velocity=np.zeros((count, 6)),
            jacobian=np.zeros((count, 6, model.nv)),
            drift=np.zeros((count, 6)),
            columns=columns,
            size=np.array([len(support) for support in supports], dtype=np.intp),
        )

    def update(self) -> None:
        """Compute the terms after the body's update."""
        data, dynamics, joints = self._body.data, self._body.dynamics, self._joints
        placements, velocities, accelerations = data.oMi, data.v, data.a_gf
        for row, carrier in enumerate(self._carriers):
            placement = placements[carrier]
            joints.rotation[row] = placement.rotation
            joints.position[row] = placement.translation
            joints.velocity[row] = velocities[carrier].vector
            joints.acceleration[row] = accelerations[carrier].vector
        _fill(self.terms, joints, dynamics.world_jacobian, dynamics.gravity)


@njit(cache=True)
def _cross(a: Array, b: Array) -> Array:
    return np.array(
        [
            a[1] * b[2] - a[2] * b[1],
            a[2] * b[0] - a[0] * b[2],
            a[0] * b[1] - a[1] * b[0],
        ]
    )


@njit(cache=True)
def _fill(
    terms: FrameTerms, joints: _Joints, world_jacobian: Array, gravity: Array
) -> None:
    for f in range(len(terms.size)):
        turn, arm = joints.rotation[f], joints.frame_position[f]
        rotation = turn @ joints.frame_rotation[f]
        origin = joints.position[f] + turn @ arm
        terms.rotation[f] = rotation
        terms.position[f] = origin
        angular, spin = joints.velocity[f, 3:], joints.acceleration[f, 3:]
        linear = joints.velocity[f, :3] + _cross(angular, arm)
        terms.velocity[f, :3] = turn @ linear
        terms.velocity[f, 3:] = turn @ angular
        classical = (
            joints.acceleration[f, :3] + _cross(angular, linear) + _cross(spin, arm)
        )
        back = rotation.T.copy()
        # pinocchio's a_gf is what an accelerometer feels: gravity is still in it.
        terms.drift[f, :3] = back @ (turn @ classical + gravity)
        terms.drift[f, 3:] = back @ (turn @ spin)
        jacobian = terms.jacobian[f]
        for i in range(terms.size[f]):
            column = terms.columns[f, i]
            j = world_jacobian[column]
            x = j[0] + j[4] * origin[2] - j[5] * origin[1]
            y = j[1] + j[5] * origin[0] - j[3] * origin[2]
            z = j[2] + j[3] * origin[1] - j[4] * origin[0]
            for k in range(3):
                a, b, c = rotation[0, k], rotation[1, k], rotation[2, k]
                jacobian[k, column] = a * x + b * y + c * z
                jacobian[3 + k, column] = a * j[3] + b * j[4] + c * j[5]
