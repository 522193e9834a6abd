# SPDX-License-Identifier: Apache-2.0
"""A robot as numbers: joint order, limits, frames and the pinocchio model.

Joint vectors are float64 `(n,)` in the order of the `joints:` list of the robot's
file. The pinocchio model also holds the joints that follow others (mimic); its base
is a free-flyer: q = [position, quaternion xyzw, joints].
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pinocchio

from renxing.errors import ModelError
from renxing.robot.description import RobotDescription
from renxing.robot.urdf import Urdf
from renxing.spatial import SE3, Array, transform
from renxing.yaml_file import Lines

Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mimic:
    """Joints that follow actuated ones: q = multiplier * q[source] + offset.

    Attributes:
        names: The followers.
        source: Index of the joint that each follows, in joint order.
        multiplier: Ratio [-], shape (m,).
        offset: Position at source zero [rad], shape (m,).
        q_index: Place of each in pinocchio's q.
        v_index: Place of each in pinocchio's v.
    """

    names: tuple[str, ...]
    source: Indices
    multiplier: Array
    offset: Array
    q_index: Indices
    v_index: Indices


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Robot:
    """One robot, loaded once and shared by all.

    Attributes:
        description: What its YAML file says.
        urdf: Its URDF.
        lines: Lines of the YAML file, for messages.
        model: pinocchio model with a free-flyer base and the drives' armature.
        joints: Names of the actuated joints, in joint order.
        q_index: Place of each joint in pinocchio's q, shape (n,).
        v_index: Place of each joint in pinocchio's v, shape (n,).
        mimic: The joints that follow.
        lower: Least position [rad], shape (n,).
        upper: Greatest position [rad], shape (n,).
        speed: Greatest speed [rad/s], shape (n,).
        torque: Greatest torque [N·m], shape (n,).
        kp: Stiffness that holds a posture [N·m/rad], shape (n,).
        kd: Damping that goes with it [N·m·s/rad], shape (n,).
    """

    description: RobotDescription
    urdf: Urdf
    lines: Lines
    model: pinocchio.Model
    joints: tuple[str, ...]
    q_index: Indices
    v_index: Indices
    mimic: Mimic
    lower: Array
    upper: Array
    speed: Array
    torque: Array
    kp: Array
    kd: Array
    _frames: dict[str, int] = field(repr=False)

    @property
    def name(self) -> str:
        """Short name of the robot."""
        return self.description.name

    @property
    def mass(self) -> float:
        """Total mass [kg]."""
        return float(sum(inertia.mass for inertia in self.model.inertias))

    def frame(self, name: str) -> int:
        """Return pinocchio's id of a frame or link.

        Raises:
            ModelError: If the robot has no such frame.
        """
        try:
            return self._frames[name]
        except KeyError:
            known = ", ".join(sorted(self._frames))
            raise ModelError(
                f"{self.name}: no frame '{name}'; it has {known}"
            ) from None

    def indices(self, names: tuple[str, ...]) -> Indices:
        """Return the places of joints in joint order.

        Raises:
            ModelError: If a joint is not an actuated joint of this robot.
        """
        unknown = [name for name in names if name not in self.joints]
        if unknown:
            raise ModelError(f"{self.name}: no actuated joint {', '.join(unknown)}")
        return np.array([self.joints.index(name) for name in names], dtype=np.intp)

    def posture(self, name: str) -> Array:
        """Return the joint positions [rad] of a named posture, shape (n,).

        Raises:
            ModelError: If the robot has no such posture.
        """
        postures = self.description.postures
        if name not in postures:
            known = ", ".join(postures)
            raise ModelError(f"{self.name}: no posture '{name}'; it has {known}")
        positions = np.zeros(len(self.joints))
        for joint, value in postures[name].items():
            positions[self.indices((joint,))] = value
        return positions

    def configuration(self, positions: Array, base_to_odom: SE3 | None = None) -> Array:
        """Return pinocchio's q of joint positions and a pose of the base.

        Args:
            positions: Of the actuated joints [rad], shape (n,).
            base_to_odom: Pose of the base; at the origin if left out.
        """
        q: Array = pinocchio.neutral(self.model)
        if base_to_odom is not None:
            q[:7] = pinocchio.SE3ToXYZQUAT(base_to_odom)
        q[self.q_index] = positions
        mimic = self.mimic
        q[mimic.q_index] = mimic.multiplier * positions[mimic.source] + mimic.offset
        return q

    def standing_base(
        self, positions: Array, data: pinocchio.Data | None = None
    ) -> SE3:
        """Return the pose of the base that puts the soles on the ground.

        The ground is z = 0, the middle between the soles is above the origin and
        the mean normal of the soles is vertical.

        Args:
            positions: Of the actuated joints [rad], shape (n,).
            data: To compute in; a new one if left out, which takes a millisecond.
        """
        data = data or self.model.createData()
        pinocchio.framesForwardKinematics(
            self.model, data, self.configuration(positions)
        )
        soles = [data.oMf[self.frame(foot.sole)] for foot in self.description.feet]
        normal = np.mean([sole.rotation[:, 2] for sole in soles], axis=0)
        normal /= np.linalg.norm(normal)
        # Roll and pitch that turn the normal upright; yaw stays.
        pitch = np.arctan2(-normal[0], normal[2])
        roll = np.arctan2(normal[1], np.hypot(normal[0], normal[2]))
        upright = transform(rpy=(roll, 0.0, 0.0)) * transform(rpy=(0.0, pitch, 0.0))
        centres = np.array([upright.act(sole.translation) for sole in soles])
        middle = centres.mean(axis=0)
        return SE3(upright.rotation, -np.array([*middle[:2], centres[:, 2].min()]))
