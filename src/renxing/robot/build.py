# SPDX-License-Identifier: Apache-2.0
"""Put a robot together from its URDF and its description."""

import numpy as np
import pinocchio

from renxing.errors import ModelError
from renxing.robot.description import RobotDescription
from renxing.robot.model import Indices, Mimic, Robot
from renxing.robot.urdf import Urdf
from renxing.spatial import transform
from renxing.yaml_file import Lines


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
