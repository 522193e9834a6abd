# SPDX-License-Identifier: Apache-2.0
"""Take the robot's own body out of what its eyes measure.

In: depth image or points, joint positions.  Out: the same without what lies on the
robot.  Method: a box around each visible shape of the URDF, moved with its link; a
pixel whose point lies in a box is the robot's.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pinocchio
from numba import njit

from renxing.robot import Robot
from renxing.robot.pinhole import Pinhole
from renxing.spatial import SE3, Array, Mask

Depth = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfFilterConfig:
    """How much is taken out.

    Attributes:
        margin: By which each box is greater than its shape [m].
        noise: Standard deviation of 1 / depth that is believed of the camera [1/m];
            boxes grow by three of it.
    """

    margin: float = field(default=0.02, metadata={"min": 0.0, "max": 0.2})
    noise: float = field(default=0.005, metadata={"min": 0.0, "max": 0.1})


class SelfFilter:
    """Knows where the robot's own shapes are."""

    def __init__(self, config: SelfFilterConfig, robot: Robot) -> None:
        """Put boxes around the shapes of a robot.

        Args:
            config: How much is taken out.
            robot: The robot; its meshes are read from disk.
        """
        self._config = config
        self._robot = robot
        self._data = robot.model.createData()
        shapes = pinocchio.buildGeomFromUrdfString(
            robot.model, robot.urdf.text, pinocchio.GeometryType.VISUAL
        )
        joint, placement, half = [], [], []
        for shape in shapes.geometryObjects:
            shape.geometry.computeLocalAABB()
            box = shape.geometry.aabb_local
            low, high = np.array(box.min_), np.array(box.max_)
            centre = SE3(np.eye(3), 0.5 * (low + high))
            joint.append(shape.parentJoint)
            placement.append((shape.placement * centre).homogeneous)
            half.append(0.5 * (high - low))
        self._used, self._joint = np.unique(joint, return_inverse=True)
        self._placement = np.array(placement).reshape(-1, 4, 4)
        self._half = np.array(half).reshape(-1, 3)

    def place(self, positions: Array) -> None:
        """Move the boxes; `camera_to_base` and `remove` then speak of this posture.

        Args:
            positions: Of the joints [rad], shape (n,).
        """
        model = self._robot.model
        q = self._robot.configuration(positions)
        pinocchio.framesForwardKinematics(model, self._data, q)

    def camera_to_base(self, frame: str) -> SE3:
        """Return the pose of a camera in the frame of the base.

        Raises:
            ModelError: If the robot has no such frame.
        """
        robot, data = self._robot, self._data
        base = data.oMf[robot.frame(robot.description.base)]
        placement: SE3 = base.actInv(data.oMf[robot.frame(frame)])
        return placement

    def outside(self, points: Array, frame: str, margin: float) -> Mask:
        """Say which points are not the robot's own.

        Args:
            points: In a frame of the robot [m], shape (n, 3).
            frame: Which.
            margin: By which each box is greater than its shape [m].

        Returns:
            Shape (n,).

        Raises:
            ModelError: If the robot has no such frame.
        """
        poses = self._boxes_to(frame)
        away: Mask = np.ones(len(points), np.bool_)
        _mark(
            np.ascontiguousarray(points, np.float64),
            np.ascontiguousarray(poses[:, :3, :3]),
            np.ascontiguousarray(poses[:, :3, 3]),
            self._half,
            margin,
            away,
        )
        return away

    def _boxes_to(self, frame: str) -> Array:
        """Return the pose of each box in a frame, shape (n, 4, 4)."""
        data = self._data
        odom_to_frame = data.oMf[self._robot.frame(frame)].inverse()
        joints = np.array([data.oMi[int(index)].homogeneous for index in self._used])
        moved = odom_to_frame.homogeneous @ joints[self._joint]
        poses: Array = moved @ self._placement
        return poses

    def remove(self, depth: Depth, pinhole: Pinhole, frame: str) -> Depth:
        """Return a depth image without the robot: its pixels are 0.

        Args:
            depth: Along the optical axis [m], shape (H, W).
            pinhole: Intrinsics.
            frame: Optical frame of the camera.

        Raises:
            ModelError: If the robot has no such frame.
        """
        poses = self._boxes_to(frame)
        kept: Depth = depth.copy()
        _remove(
            kept,
            pinhole.focal,
            pinhole.centre_x,
            pinhole.centre_y,
            np.ascontiguousarray(poses[:, :3, :3]),
            np.ascontiguousarray(poses[:, :3, 3]),
            self._half,
            self._config.margin,
            3.0 * self._config.noise,
        )
        return kept


@njit(cache=True)
def _remove(
    depth: Depth,
    focal: float,
    centre_x: float,
    centre_y: float,
    rotation: Array,
    translation: Array,
    half: Array,
    margin: float,
    spread: float,
) -> None:
    """Put pixels inside of boxes to 0; poses are box -> camera."""
    rows, columns = depth.shape
    corner = np.empty(3)
    for box in range(half.shape[0]):
        r, t = rotation[box], translation[box]
        grow = margin + spread * t[2] * t[2]
        size = half[box] + grow
        low_u, high_u, low_v, high_v = np.inf, -np.inf, np.inf, -np.inf
        before, behind = 0, 0
        for index in range(8):
            for axis in range(3):
                corner[axis] = size[axis] if index >> axis & 1 else -size[axis]
            z = r[2, 0] * corner[0] + r[2, 1] * corner[1] + r[2, 2] * corner[2] + t[2]
            if z < 0.01:
                behind += 1
                continue
            before += 1
            x = r[0, 0] * corner[0] + r[0, 1] * corner[1] + r[0, 2] * corner[2] + t[0]
            y = r[1, 0] * corner[0] + r[1, 1] * corner[1] + r[1, 2] * corner[2] + t[1]
            u, v = centre_x + focal * x / z, centre_y + focal * y / z
            low_u, high_u = min(low_u, u), max(high_u, u)
            low_v, high_v = min(low_v, v), max(high_v, v)
        if before == 0:
            continue
        if behind:
            # A box around the camera may fill any part of the image.
            low_u, high_u, low_v, high_v = 0.0, columns - 1.0, 0.0, rows - 1.0
        first_u, last_u = int(max(low_u, 0.0)), int(min(high_u + 1.0, columns - 1.0))
        first_v, last_v = int(max(low_v, 0.0)), int(min(high_v + 1.0, rows - 1.0))
        for v in range(first_v, last_v + 1):
            for u in range(first_u, last_u + 1):
                z = depth[v, u]
                if z <= 0.0:
                    continue
                x = (u - centre_x) / focal * z - t[0]
                y = (v - centre_y) / focal * z - t[1]
                w = z - t[2]
                inside = True
                for axis in range(3):
                    along = r[0, axis] * x + r[1, axis] * y + r[2, axis] * w
                    if abs(along) > size[axis]:
                        inside = False
                        break
                if inside:
                    depth[v, u] = 0.0


@njit(cache=True)
def _mark(
    points: Array,
    rotation: Array,
    translation: Array,
    half: Array,
    margin: float,
    away: Mask,
) -> None:
    """Put `away` to false for points inside of boxes; poses are box -> points."""
    for box in range(half.shape[0]):
        r, t, size = rotation[box], translation[box], half[box] + margin
        reach = size[0] * size[0] + size[1] * size[1] + size[2] * size[2]
        for index in range(points.shape[0]):
            x, y = points[index, 0] - t[0], points[index, 1] - t[1]
            z = points[index, 2] - t[2]
            if x * x + y * y + z * z > reach:
                continue
            inside = True
            for axis in range(3):
                along = r[0, axis] * x + r[1, axis] * y + r[2, axis] * z
                if abs(along) > size[axis]:
                    inside = False
                    break
            if inside:
                away[index] = False
