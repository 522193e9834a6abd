# SPDX-License-Identifier: Apache-2.0
"""Poses, velocities, Jacobians and drifts of some frames of the reduced body.

Method: from pinocchio's joint placements, velocities and gravity-shifted accelerations
(what `nonLinearEffects` leaves behind) to frames fixed on the links; Featherstone 2008,
ch. 2 and 3. Jacobian and drift are those of the classical acceleration of the frame's
origin, along the frame's own axes: `acceleration = jacobian @ dv + drift`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numba
import numpy as np

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
        count: How many there are, shape (N,).
    """

    rotation: Array
    position: Array
    velocity: Array
    jacobian: Array
    drift: Array
    columns: Indices
    count: Indices


class Frames:
    """Some frames of the body.

    Attributes:
        terms: Of the last update.
    """

    def __init__(self, body: ReducedBody, names: Sequence[str]) -> None:
        """Look up frames by name."""
        ids = [body.model.getFrameId(name) for name in names]
        offsets = [SE3.Identity()] * len(ids)
        self._setup(body, ids, offsets)

    @classmethod
    def shifted(
        cls, body: ReducedBody, names: Sequence[str], offsets: Sequence[SE3]
    ) -> "Frames":
        """Return frames with an offset, transform of the wanted to the named frame."""
        frames = cls.__new__(cls)
        ids = [body.model.getFrameId(name) for name in names]
        frames._setup(body, ids, offsets)
        return frames

    def _setup(
        self, body: ReducedBody, ids: Sequence[int], offsets: Sequence[SE3]
    ) -> None:
        model, count = body.model, len(ids)
        self._data = body.data
        self._joints = [model.frames[i].parentJoint for i in ids]
        self._gravity = np.array(model.gravity.linear)
        placements = [
            model.frames[i].placement * offset
            for i, offset in zip(ids, offsets, strict=True)
        ]
        self._place_rotation = np.array([p.rotation for p in placements])
        self._place_position = np.array([p.translation for p in placements])
        self._rotation = np.zeros((count, 3, 3))
        self._position = np.zeros((count, 3))
        self._velocity = np.zeros((count, 6))
        self._acceleration = np.zeros((count, 6))
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
            count=np.array([len(s) for s in supports], dtype=np.intp),
        )

    def update(self) -> None:
        """Compute the terms from the body's data (crba in world, then nle)."""
        data = self._data
        for row, joint in enumerate(self._joints):
            placement = data.oMi[joint]
            self._rotation[row] = placement.rotation
            self._position[row] = placement.translation
            self._velocity[row] = data.v[joint].vector
            self._acceleration[row] = data.a_gf[joint].vector
        _frame_terms(
            self._rotation,
            self._position,
            self._velocity,
            self._acceleration,
            self._place_rotation,
            self._place_position,
            self._gravity,
            data.J.T,
            self.terms,
        )


@numba.njit(cache=True)
def _cross(a, b):  # type: ignore[no-untyped-def]
    return np.array(
        [
            a[1] * b[2] - a[2] * b[1],
            a[2] * b[0] - a[0] * b[2],
            a[0] * b[1] - a[1] * b[0],
        ]
    )


@numba.njit(cache=True)
def _frame_terms(  # type: ignore[no-untyped-def]
    rotation,
    position,
    velocity,
    acceleration,
    place_rotation,
    place_position,
    gravity,
    world_jacobian,
    terms,
):
    for f in range(len(position)):
        turn = rotation[f]
        arm = place_position[f]
        frame_turn = turn @ place_rotation[f]
        terms.rotation[f] = frame_turn
        origin = position[f] + turn @ arm
        terms.position[f] = origin
        linear, angular = velocity[f, :3], velocity[f, 3:]
        at_frame = linear + _cross(angular, arm)
        terms.velocity[f, :3] = turn @ at_frame
        terms.velocity[f, 3:] = turn @ angular
        spin = acceleration[f, 3:]
        classical = acceleration[f, :3] + _cross(angular, at_frame) + _cross(spin, arm)
        # pinocchio's a_gf is the acceleration less gravity, as an accelerometer's.
        back = place_rotation[f].T.copy()
        upright = frame_turn.T.copy()
        terms.drift[f, :3] = back @ classical + upright @ gravity
        terms.drift[f, 3:] = back @ spin
        for i in range(terms.count[f]):
            column = terms.columns[f, i]
            turning = world_jacobian[column, 3:]
            moving = world_jacobian[column, :3] + _cross(turning, origin)
            for k in range(3):
                terms.jacobian[f, k, column] = (
                    frame_turn[0, k] * moving[0]
                    + frame_turn[1, k] * moving[1]
                    + frame_turn[2, k] * moving[2]
                )
                terms.jacobian[f, 3 + k, column] = (
                    frame_turn[0, k] * turning[0]
                    + frame_turn[1, k] * turning[1]
                    + frame_turn[2, k] * turning[2]
                )
