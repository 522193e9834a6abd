# SPDX-License-Identifier: Apache-2.0
"""Which way the head has to turn so that a camera looks at a point.

In: joint positions, a point.  Out: positions of the neck, and how far the line of sight
is from the point.  Method: Gauss-Newton on the direction to the point in the camera's
frame, with the joints' limits.
"""

from dataclasses import dataclass

import numpy as np
import pinocchio

from renxing.robot.description import Camera
from renxing.robot.model import Robot
from renxing.spatial import Array

STEPS = 20
ENOUGH = 1e-4  # [rad]
DAMPING = 1e-6  # [-] of the squares that are solved


@dataclass(frozen=True, slots=True, eq=False)
class Gaze:
    """A turn of the head.

    Attributes:
        joints: Positions of the neck's joints [rad], shape (k,).
        error: Angle that remains between the line of sight and the point [rad].
    """

    joints: Array
    error: float


class GazeSolver:
    """Looks for the turn of a head.

    Attributes:
        names: Of the joints that turn the camera and do not carry the torso.
    """

    def __init__(self, robot: Robot, camera: Camera) -> None:
        """Find the joints between torso and camera.

        Args:
            robot: Who looks.
            camera: That shall see the point.
        """
        model = robot.model
        self._robot, self._data = robot, model.createData()
        self._frame = robot.frame(camera.frame)
        torso = model.frames[robot.frame(robot.description.torso)].parentJoint
        carrier = model.frames[self._frame].parentJoint
        below = set(model.supports[torso])
        between = [model.names[i] for i in model.supports[carrier] if i not in below]
        self.names = tuple(name for name in between if name in robot.joints)
        self._at = robot.indices(self.names)
        self._columns = robot.v_index[self._at]

    def solve(self, positions: Array, point_in_base: Array) -> Gaze:
        """Return the turn that comes nearest.

        Args:
            positions: Of all joints now [rad], shape (n,).
            point_in_base: What to look at, in the frame of the base [m], shape (3,).
        """
        robot, model, data = self._robot, self._robot.model, self._data
        wanted = positions.copy()
        low, high = robot.lower[self._at], robot.upper[self._at]
        best = Gaze(wanted[self._at].copy(), self.error(wanted, point_in_base))
        for _ in range(STEPS if self.names else 0):
            q = robot.configuration(wanted)
            pinocchio.computeJointJacobians(model, data, q)
            pinocchio.updateFramePlacement(model, data, self._frame)
            local = data.oMf[self._frame].actInv(point_in_base)
            distance = float(np.linalg.norm(local))
            jacobian = pinocchio.getFrameJacobian(
                model, data, self._frame, pinocchio.LOCAL
            )[:, self._columns]
            # A point that stands still moves against the camera.
            moves = -jacobian[:3] + _cross(local) @ jacobian[3:]
            rows = moves[:2] / distance
            square = rows.T @ rows + DAMPING * np.eye(len(self._columns))
            step = np.linalg.solve(square, -rows.T @ local[:2] / distance)
            if local[2] < 0.0:
                # Behind: any turn is better than the one that looks away.
                step = np.clip(step, -0.5, 0.5)
            wanted[self._at] = np.clip(wanted[self._at] + step, low, high)
            error = self.error(wanted, point_in_base)
            if error < best.error:
                best = Gaze(wanted[self._at].copy(), error)
            if error < ENOUGH:
                break
        return best

    def error(self, positions: Array, point_in_base: Array) -> float:
        """Return the angle between the line of sight and a point [rad].

        Args:
            positions: Of all joints [rad], shape (n,).
            point_in_base: In the frame of the base [m], shape (3,).
        """
        robot, data = self._robot, self._data
        q = robot.configuration(positions)
        pinocchio.forwardKinematics(robot.model, data, q)
        pinocchio.updateFramePlacement(robot.model, data, self._frame)
        local = data.oMf[self._frame].actInv(point_in_base)
        aside = float(np.hypot(local[0], local[1]))
        return float(np.arctan2(aside, local[2]))


def _cross(vector: Array) -> Array:
    x, y, z = vector
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
