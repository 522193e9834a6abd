# SPDX-License-Identifier: Apache-2.0
"""Robot + world -> MuJoCo model, through MjSpec: there is no second hand-kept model.

Links keep their names as bodies, frames become sites, drives become armature, friction
and damping of the joints, and a torque actuator each.
"""

import copy
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from typing import Literal

import mujoco
import numpy as np

from renxing.errors import ConfigError, ModelError
from renxing.robot import Robot
from renxing.robot.description import Foot
from renxing.sim.shapes import Shape, World
from renxing.spatial import SE3, quat_xyzw_from_rotation, wxyz_from_xyzw

# Collision classes: the robot touches the world, the world's objects touch all.
ROBOT_BIT, WORLD_BIT = 1, 2
VISUAL_GROUP, COLLISION_GROUP, WORLD_GROUP = 1, 3, 0

_GEOM = {
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "sphere": mujoco.mjtGeom.mjGEOM_SPHERE,
}
_IMU_SENSORS = (
    ("attitude", mujoco.mjtSensor.mjSENS_FRAMEQUAT),
    ("gyro", mujoco.mjtSensor.mjSENS_GYRO),
    ("accelerometer", mujoco.mjtSensor.mjSENS_ACCELEROMETER),
)
_CELL_SENSORS = (
    ("force", mujoco.mjtSensor.mjSENS_FORCE),
    ("torque", mujoco.mjtSensor.mjSENS_TORQUE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhysicsConfig:
    """How the physics is computed.

    Attributes:
        time_step: Of the physics and of the drives' law [s].
        sole: Contact shape of a foot: its box, or a sphere at each corner. Spheres
            keep the corners' pressure apart; `renxing bench twin` times both.
        self_collision: Whether parts of the robot touch each other. Neighbours and
            what overlaps in a declared posture never do.
        contact_time: Time constant of contacts, MuJoCo's solref[0] [s].
        linkage_time: Time constant of the finger linkages [s].
    """

    time_step: float = field(default=0.001, metadata={"min": 1e-4, "max": 5e-3})
    sole: Literal["box", "spheres"] = "spheres"
    self_collision: bool = True
    contact_time: float = field(default=0.006, metadata={"min": 1e-3, "max": 0.1})
    linkage_time: float = field(default=0.005, metadata={"min": 1e-3, "max": 0.1})

    def __post_init__(self) -> None:
        """Refuse steps for which MuJoCo's soft constraints are unstable."""
        for name in ("contact_time", "linkage_time"):
            if getattr(self, name) < 2 * self.time_step:
                raise ConfigError(
                    f"{name}: {getattr(self, name):g} s; MuJoCo wants at least twice "
                    f"time_step = {self.time_step:g} s"
                )


SOLE_SPHERE = 0.008  # [m] radius of a corner sphere of the sole


def compile_model(robot: Robot, world: World, config: PhysicsConfig) -> mujoco.MjModel:
    """Build the MuJoCo model.

    Raises:
        ModelError: If MuJoCo refuses the robot or the world.
    """
    try:
        spec = mujoco.MjSpec.from_string(_mujoco_urdf(robot))
    except (ValueError, mujoco.FatalError) as error:
        raise ModelError(f"{robot.urdf.path.name}: MuJoCo: {error}") from error
    spec.modelname = f"{robot.name} in {world.name}"
    _set_options(spec, config)
    base = spec.body(robot.description.base)
    if base is None:
        raise ModelError(f"{robot.name}: base '{robot.description.base}': no such link")
    base.add_freejoint(name="base")
    _set_joints(spec, robot, config)
    _set_robot_geoms(spec, robot, config)
    _add_sites(spec, robot)
    _add_sensors(spec, robot)
    try:
        _add_world(spec, world, config)
        if config.self_collision:
            _exclude_overlaps(spec, robot)
        return spec.compile()
    except (ValueError, mujoco.FatalError) as error:
        raise ModelError(f"{robot.name} in {world.name}: MuJoCo: {error}") from error


def _mujoco_urdf(robot: Robot) -> str:
    """Return the URDF without what MuJoCo would stumble over."""
    root = copy.deepcopy(robot.urdf.root)
    for tag in ("ros2_control", "gazebo", "transmission"):
        for element in root.findall(tag):
            root.remove(element)
    # Massless frames become sites; as bodies they would only cost time.
    while True:
        parents = {j.find("parent").get("link") for j in root.findall("joint")}  # type: ignore[union-attr]
        leaves = [
            link
            for link in root.findall("link")
            if link.find("inertial") is None and link.get("name") not in parents
        ]
        if not leaves:
            break
        for link in leaves:
            root.remove(link)
            for joint in root.findall("joint"):
                if joint.find("child").get("link") == link.get("name"):  # type: ignore[union-attr]
                    root.remove(joint)
    for mesh in root.iter("mesh"):
        mesh.set("filename", mesh.get("filename", "").removeprefix("file://"))
    options = ET.SubElement(root, "mujoco")
    ET.SubElement(
        options,
        "compiler",
        fusestatic="false",
        discardvisual="false",
        strippath="false",
    )
    return ET.tostring(root, encoding="unicode")


def _set_options(spec: mujoco.MjSpec, config: PhysicsConfig) -> None:
    spec.option.timestep = config.time_step
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    # The elliptic cone is the true friction cone; impratio keeps soles from creeping.
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 10.0
    spec.visual.global_.offwidth = 1920
    spec.visual.global_.offheight = 1080


def _set_joints(spec: mujoco.MjSpec, robot: Robot, config: PhysicsConfig) -> None:
    description = robot.description
    for joint in description.joints:
        drive = description.drives[joint.drive]
        body = spec.joint(joint.name)
        body.armature = drive.armature
        body.damping = [drive.viscous_friction, 0.0, 0.0]
        body.frictionloss = drive.coulomb_friction
        spec.add_actuator(
            name=joint.name, target=joint.name, trntype=mujoco.mjtTrn.mjTRN_JOINT
        )
    for equality in spec.equalities:
        equality.solref = [config.linkage_time, 1.0]


def _set_robot_geoms(spec: mujoco.MjSpec, robot: Robot, config: PhysicsConfig) -> None:
    touches = WORLD_BIT | (ROBOT_BIT if config.self_collision else 0)
    soles = {foot.link for foot in robot.description.feet}
    for geom in spec.geoms:
        if geom.contype == 0 and geom.conaffinity == 0:
            geom.group = VISUAL_GROUP
        elif geom.parent.name in soles:
            # The declared rectangle below touches the ground, not the URDF's shapes.
            spec.delete(geom)
        else:
            geom.group = COLLISION_GROUP
            _touch(geom, ROBOT_BIT, touches, 0.8, config)
    for foot in robot.description.feet:
        _add_sole(spec, robot, foot, config)


def _add_sole(
    spec: mujoco.MjSpec, robot: Robot, foot: Foot, config: PhysicsConfig
) -> None:
    body_name, placement = _on_body(spec, robot, foot.sole)
    body = spec.body(body_name)
    quat = wxyz_from_xyzw(quat_xyzw_from_rotation(placement.rotation))
    if config.sole == "box":
        thick = 2 * SOLE_SPHERE
        middle = np.array([sum(foot.x) / 2, sum(foot.y) / 2, thick / 2])
        size = [(foot.x[1] - foot.x[0]) / 2, (foot.y[1] - foot.y[0]) / 2, thick / 2]
        geom = body.add_geom(
            name=f"{foot.sole}/box",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=size,
            pos=placement.act(middle),
            quat=quat,
        )
        _place_sole(geom, config)
        return
    for x_name, x in zip(("rear", "front"), foot.x, strict=True):
        for y_name, y in zip(("right", "left"), foot.y, strict=True):
            geom = body.add_geom(
                name=f"{foot.sole}/{x_name}_{y_name}",
                type=mujoco.mjtGeom.mjGEOM_SPHERE,
                size=[SOLE_SPHERE, 0.0, 0.0],
                pos=placement.act(np.array([x, y, SOLE_SPHERE])),
            )
            _place_sole(geom, config)


def _place_sole(geom: mujoco.MjsGeom, config: PhysicsConfig) -> None:
    geom.mass = 0.0
    geom.group = COLLISION_GROUP
    _touch(geom, ROBOT_BIT, WORLD_BIT, 0.8, config)


def _touch(
    geom: mujoco.MjsGeom, is_a: int, meets: int, friction: float, config: PhysicsConfig
) -> None:
    geom.contype, geom.conaffinity = is_a, meets
    geom.condim = 4  # slip and twist; rolling resistance is left out
    geom.friction = [friction, 0.005, 0.0001]
    geom.solref = [config.contact_time, 1.0]
    geom.solimp = [0.9, 0.97, 0.001, 0.5, 2.0]


def _on_body(spec: mujoco.MjSpec, robot: Robot, name: str) -> tuple[str, SE3]:
    """Return the body that carries a frame, and the frame's placement on it."""
    frames = robot.model.frames
    frame = frames[robot.frame(name)]
    carrier = frame
    while spec.body(carrier.name) is None:
        if carrier.parentFrame == 0:
            raise ModelError(f"{robot.name}: frame '{name}': fixed to no link")
        carrier = frames[carrier.parentFrame]
    return carrier.name, carrier.placement.actInv(frame.placement)


def _add_sites(spec: mujoco.MjSpec, robot: Robot) -> None:
    description = robot.description
    sensors = description.sensors
    wanted = [foot.sole for foot in description.feet]
    wanted += [hand.gripper for hand in description.hands]
    wanted += [imu.frame for imu in sensors.imu]
    wanted += [cell.frame for cell in sensors.force_torque]
    wanted += [camera.frame for camera in sensors.cameras]
    wanted += [patch.frame for patch in sensors.skin]
    for name in dict.fromkeys(wanted):
        body, placement = _on_body(spec, robot, name)
        spec.body(body).add_site(
            name=name,
            pos=placement.translation,
            quat=wxyz_from_xyzw(quat_xyzw_from_rotation(placement.rotation)),
            size=[0.005, 0.005, 0.005],
            group=4,
        )


def _add_sensors(spec: mujoco.MjSpec, robot: Robot) -> None:
    sensors = robot.description.sensors
    rows = [(imu, _IMU_SENSORS) for imu in sensors.imu]
    rows += [(cell, _CELL_SENSORS) for cell in sensors.force_torque]  # type: ignore[misc]
    for sensor, kinds in rows:
        for part, kind in kinds:
            spec.add_sensor(
                name=f"{sensor.name}/{part}",
                type=kind,
                objtype=mujoco.mjtObj.mjOBJ_SITE,
                objname=sensor.frame,
            )


def _add_world(spec: mujoco.MjSpec, world: World, config: PhysicsConfig) -> None:
    ground = spec.worldbody
    ground.add_light(pos=[0, 0, 6], dir=[0, 0, -1], diffuse=[0.5, 0.5, 0.5])
    ground.add_light(pos=[3, -4, 5], dir=[-0.5, 0.6, -0.8], diffuse=[0.5, 0.5, 0.5])
    floor = ground.add_geom(
        name="ground",
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=[0, 0, 1],
        rgba=[0.40, 0.44, 0.48, 1],
        group=WORLD_GROUP,
    )
    _touch(floor, WORLD_BIT, ROBOT_BIT | WORLD_BIT, world.friction, config)
    for shape in world.fixed:
        _add_shape(ground, shape, config)
    for thing in world.objects:
        pose = thing.transform_object_to_odom
        body = ground.add_body(
            name=thing.name,
            pos=pose.translation,
            quat=wxyz_from_xyzw(quat_xyzw_from_rotation(pose.rotation)),
        )
        body.add_freejoint(name=thing.name)
        volume = sum(_volume(shape) for shape in thing.shapes)
        for shape in thing.shapes:
            geom = _add_shape(body, shape, config)
            geom.mass = thing.mass * _volume(shape) / volume


def _volume(shape: Shape) -> float:
    a, b, c = shape.size
    if shape.kind == "box":
        return a * b * c
    if shape.kind == "cylinder":
        return float(np.pi * a * a * b)
    return float(4 / 3 * np.pi * a**3)


def _add_shape(
    body: mujoco.MjsBody, shape: Shape, config: PhysicsConfig
) -> mujoco.MjsGeom:
    a, b, c = shape.size
    # MuJoCo wants half lengths.
    size = {
        "box": [a / 2, b / 2, c / 2],
        "cylinder": [a, b / 2, 0],
        "sphere": [a, 0, 0],
    }
    pose = shape.transform_shape_to_parent
    geom = body.add_geom(
        name=shape.name,
        type=_GEOM[shape.kind],
        size=size[shape.kind],
        pos=pose.translation,
        quat=wxyz_from_xyzw(quat_xyzw_from_rotation(pose.rotation)),
        rgba=[*shape.color, 1.0],
        group=WORLD_GROUP,
    )
    _touch(geom, WORLD_BIT, ROBOT_BIT | WORLD_BIT, shape.friction, config)
    return geom


def _exclude_overlaps(spec: mujoco.MjSpec, robot: Robot) -> None:
    """Exclude link pairs that overlap in a declared posture: housings, not contacts."""
    model = spec.compile()
    data = mujoco.MjData(model)
    links = {body.name for body in spec.bodies if model.body(body.name).rootid != 0}
    links -= {name for name in links if model.body(name).weldid == 0}
    pairs = {
        frozenset((body.name, body.parent.name))
        for body in spec.bodies
        if body.name in links and body.parent.name in links
    }
    for posture in ("", *robot.description.postures):
        positions = robot.posture(posture) if posture else np.zeros(len(robot.joints))
        for name, value in zip(robot.joints, positions, strict=True):
            data.joint(name).qpos = value
        data.joint("base").qpos[2] = 10.0  # away from the world
        mujoco.mj_forward(model, data)
        for contact in data.contact:
            bodies = [model.body(model.geom_bodyid[geom]).name for geom in contact.geom]
            if all(name in links for name in bodies):
                pairs.add(frozenset(bodies))
    for pair in sorted(pairs, key=sorted):
        first, second = sorted(pair)
        spec.add_exclude(bodyname1=first, bodyname2=second)
