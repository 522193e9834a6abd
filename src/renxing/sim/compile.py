# SPDX-License-Identifier: Apache-2.0
"""Robot + world -> MuJoCo model, through MjSpec: there is no second hand-kept model.

Links keep their names as bodies, frames become sites, drives become armature, friction
and damping of the joints, and a torque actuator each.
"""

import copy
import xml.etree.ElementTree as ET

import mujoco
import numpy as np

from renxing.errors import ModelError
from renxing.robot import Robot
from renxing.sim.contacts import (
    ROBOT_BIT,
    WORLD_BIT,
    WORLD_GROUP,
    exclude_overlaps,
    on_body,
    set_robot_contacts,
    touch,
)
from renxing.sim.physics import PhysicsConfig
from renxing.sim.shapes import Shape, World
from renxing.spatial import quat_xyzw_from_rotation, wxyz_from_xyzw

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
ROLLING = 0.001  # [m] lever of a ball's rolling resistance: rubber on wood
_CELL_SENSORS = (
    ("force", mujoco.mjtSensor.mjSENS_FORCE),
    ("torque", mujoco.mjtSensor.mjSENS_TORQUE),
)


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
    set_robot_contacts(spec, robot, config)
    _add_sites(spec, robot)
    _add_sensors(spec, robot)
    try:
        _add_world(spec, world, config)
        if config.self_collision:
            exclude_overlaps(spec, robot)
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
        parents = {_end(joint, "parent") for joint in root.findall("joint")}
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
                if _end(joint, "child") == link.get("name"):
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


def _end(joint: ET.Element, tag: str) -> str:
    """Return the link at one end of a joint."""
    element = joint.find(tag)
    return "" if element is None else element.get("link", "")


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


def _add_sites(spec: mujoco.MjSpec, robot: Robot) -> None:
    description = robot.description
    sensors = description.sensors
    wanted = [foot.sole for foot in description.feet]
    wanted += [hand.gripper for hand in description.hands]
    wanted += [imu.frame for imu in sensors.imu]
    wanted += [cell.frame for cell in sensors.force_torque]
    wanted += [camera.frame for camera in sensors.cameras]
    wanted += [lidar.frame for lidar in sensors.lidars]
    wanted += [patch.frame for patch in sensors.skin]
    for name in dict.fromkeys(wanted):
        body, placement = on_body(spec, robot, name)
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
        pos=[0, 0, world.ground],
        size=[0, 0, 1],
        rgba=[0.40, 0.44, 0.48, 1],
        group=WORLD_GROUP,
    )
    touch(floor, WORLD_BIT, ROBOT_BIT | WORLD_BIT, world.friction, config)
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
            if shape.kind == "sphere":
                # A ball on a level top would else roll off within minutes.
                geom.condim = 6
                geom.friction[2] = ROLLING

    for person in world.people:
        pose = person.transform_person_to_odom
        # MuJoCo takes its pose as given and computes no motion, but its touch.
        body = ground.add_body(
            name=person.name,
            mocap=True,
            pos=pose.translation,
            quat=wxyz_from_xyzw(quat_xyzw_from_rotation(pose.rotation)),
        )
        for shape in person.shapes:
            _add_shape(body, shape, config)


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
    touch(geom, WORLD_BIT, ROBOT_BIT | WORLD_BIT, shape.friction, config)
    if shape.softness > 0.0:
        geom.solref[0] = max(shape.softness, config.contact_time)
    return geom
