# SPDX-License-Identifier: Apache-2.0
"""A robot as numbers: joint order, limits, frames and the pinocchio model.

Joint vectors are float64 `(n,)` in the order of the `joints:` list of the robot's
file. The pinocchio model also holds the joints that follow others (mimic); its base
is a free-flyer: q = [position, quaternion xyzw, joints].
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pinocchio

from renxing.errors import ConfigError, ModelError
from renxing.resources import resource_root
from renxing.robot.description import RobotDescription
from renxing.robot.urdf import Urdf, read_urdf, resolve_uri
from renxing.spatial import SE3, Array, transform
from renxing.yaml_file import Lines, read_yaml

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


def robot_file(name: str | Path) -> Path:
    """Return the YAML file of a robot given by name or by path.

    Raises:
        ConfigError: If there is none.
    """
    given = Path(name)
    if given.suffix in {".yaml", ".yml"}:
        path = given if given.exists() else resource_root() / given
        if path.exists():
            return path
        raise ConfigError(f"robot '{name}': no such file")
    folder = resource_root() / "config" / "robots"
    path = folder / f"{name}.yaml"
    if not path.exists():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.yaml")))
        raise ConfigError(f"robot '{name}': not in config/robots, which has {known}")
    return path


def read_description(path: Path) -> tuple[RobotDescription, Lines]:
    """Read a robot's YAML file without loading its URDF.

    Raises:
        ConfigError: If the file is not a robot description.
    """
    return read_yaml(path, RobotDescription)


def urdf_file(uri: str, near: Path, extra: str | None = None) -> Path:
    """Return the path of a robot's URDF.

    Args:
        uri: As in the robot's YAML file.
        near: Folder of that file.
        extra: Optional part of renxing that brings the URDF, if any.

    Raises:
        ConfigError: If its package is not installed.
    """
    if "://" not in uri and not (near / uri).exists():
        return resource_root() / uri
    try:
        return resolve_uri(uri, near)
    except ConfigError as error:
        if extra is None:
            raise
        what = f"{error}; to install it: renxing setup --extra {extra}"
        raise ConfigError(what) from error


def load_robot(name: str | Path, backend: str = "mujoco") -> Robot:
    """Load a robot.

    Args:
        name: Of a file in `config/robots`, or the path of such a file.
        backend: Given to xacro; chooses `<hardware>` in `<ros2_control>`.

    Raises:
        ConfigError: If a file is missing or malformed.
        ModelError: If URDF and YAML contradict each other.
    """
    path = robot_file(name)
    description, lines = read_description(path)
    file = urdf_file(description.urdf, path.parent, description.extra)
    urdf = read_urdf(file, {"backend": backend})
    return build_robot(description, lines, urdf)


def build_robot(description: RobotDescription, lines: Lines, urdf: Urdf) -> Robot:
    """Put a robot together from its two files.

    Raises:
        ModelError: If they contradict each other.
    """
    try:
        model = pinocchio.buildModelFromXML(urdf.text, pinocchio.JointModelFreeFlyer())
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"{urdf.path.name}: pinocchio: {error}") from error
    model.name = description.name
    for frame in description.frames:
        if not model.existFrame(frame.parent):
            at = lines.at("frames", description.frames.index(frame), "parent")
            raise ModelError(f"{at}: frame '{frame.name}': no parent '{frame.parent}'")
        carrier = model.getFrameId(frame.parent)
        parent = model.frames[carrier]
        model.addFrame(
            pinocchio.Frame(
                frame.name,
                parent.parentJoint,
                carrier,
                parent.placement * transform(frame.xyz, frame.rpy),
                pinocchio.FrameType.OP_FRAME,
            )
        )
    names = tuple(joint.name for joint in description.joints)
    for index, name in enumerate(names):
        if not model.existJointName(name):
            at = lines.at("joints", index, "name")
            raise ModelError(f"{at}: joint '{name}': not a moving joint of the URDF")
    q_index, v_index = _places(model, names)
    mimic = _mimic(model, urdf, names)
    armature = np.zeros(model.nv)
    for index, joint in enumerate(description.joints):
        if joint.drive not in description.drives:
            at = lines.at("joints", index, "drive")
            known = ", ".join(description.drives)
            raise ModelError(
                f"{at}: joint '{joint.name}': no drive '{joint.drive}'; have {known}"
            )
        armature[v_index[index]] = description.drives[joint.drive].armature
    model.armature = armature
    lower = model.lowerPositionLimit[q_index].copy()
    upper = model.upperPositionLimit[q_index].copy()
    for index, joint in enumerate(description.joints):
        if joint.limits is not None:
            if joint.limits[0] < lower[index] or joint.limits[1] > upper[index]:
                at = lines.at("joints", index, "limits")
                raise ModelError(
                    f"{at}: joint '{joint.name}': limits {list(joint.limits)} are "
                    f"wider than the URDF's [{lower[index]:g}, {upper[index]:g}]"
                )
            lower[index], upper[index] = joint.limits
    return Robot(
        description=description,
        urdf=urdf,
        lines=lines,
        model=model,
        joints=names,
        q_index=q_index,
        v_index=v_index,
        mimic=mimic,
        lower=lower,
        upper=upper,
        speed=model.velocityLimit[v_index].copy(),
        torque=model.effortLimit[v_index].copy(),
        kp=np.array([joint.kp for joint in description.joints]),
        kd=np.array([joint.kd for joint in description.joints]),
        _frames={frame.name: index for index, frame in enumerate(model.frames)},
    )


def _places(model: pinocchio.Model, names: tuple[str, ...]) -> tuple[Indices, Indices]:
    joints = [model.joints[model.getJointId(name)] for name in names]
    return (
        np.array([joint.idx_q for joint in joints], dtype=np.intp),
        np.array([joint.idx_v for joint in joints], dtype=np.intp),
    )


def _mimic(model: pinocchio.Model, urdf: Urdf, joints: tuple[str, ...]) -> Mimic:
    names, source, multiplier, offset = [], [], [], []
    for name, joint in urdf.joints():
        element = joint.find("mimic")
        if element is None:
            continue
        leader = element.get("joint", "")
        if leader not in joints:
            raise ModelError(
                f"{urdf.at('joint', name)}: joint '{name}' mimics '{leader}', which is "
                "not an actuated joint"
            )
        names.append(name)
        source.append(joints.index(leader))
        multiplier.append(float(element.get("multiplier", "1")))
        offset.append(float(element.get("offset", "0")))
    q_index, v_index = _places(model, tuple(names))
    return Mimic(
        names=tuple(names),
        source=np.array(source, dtype=np.intp),
        multiplier=np.array(multiplier),
        offset=np.array(offset),
        q_index=q_index,
        v_index=v_index,
    )
