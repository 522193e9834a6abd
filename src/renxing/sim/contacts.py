# SPDX-License-Identifier: Apache-2.0
"""What touches what in the simulation: soles, links, world, and what must not."""

import mujoco
import numpy as np

from renxing.errors import ModelError
from renxing.robot import Robot
from renxing.robot.description import Foot
from renxing.sim.physics import PhysicsConfig
from renxing.spatial import SE3, quat_xyzw_from_rotation, wxyz_from_xyzw

# Collision classes: the robot touches the world, the world's objects touch all.
ROBOT_BIT, WORLD_BIT = 1, 2
VISUAL_GROUP, COLLISION_GROUP, WORLD_GROUP = 1, 3, 0
ROBOT_FRICTION = 0.8  # [-] where the robot touches itself; else the world's rules
SOLE_SPHERE = 0.008  # [m] radius of a corner sphere of the sole


def set_robot_contacts(
    spec: mujoco.MjSpec, robot: Robot, config: PhysicsConfig
) -> None:
    """Let links touch world and robot, and give the feet their declared soles."""
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
            touch(geom, ROBOT_BIT, touches, ROBOT_FRICTION, config)
    for foot in robot.description.feet:
        _add_sole(spec, robot, foot, config)


def _add_sole(
    spec: mujoco.MjSpec, robot: Robot, foot: Foot, config: PhysicsConfig
) -> None:
    body_name, placement = on_body(spec, robot, foot.sole)
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
    touch(geom, ROBOT_BIT, WORLD_BIT, ROBOT_FRICTION, config)


def touch(
    geom: mujoco.MjsGeom, is_a: int, meets: int, friction: float, config: PhysicsConfig
) -> None:
    """Say what a geom touches, and how.

    Args:
        geom: Of the robot or the world.
        is_a: Its collision class.
        meets: The classes that it touches.
        friction: Coulomb coefficient [-].
        config: Of the physics.
    """
    geom.contype, geom.conaffinity = is_a, meets
    # MuJoCo takes the greater friction of two geoms unless one has priority: it is the
    # ground that is slippery or not.
    geom.priority = 1 if is_a == WORLD_BIT else 0
    geom.condim = 4  # slip and twist; rolling resistance is left out
    geom.friction = [friction, 0.005, 0.0001]
    geom.solref = [config.contact_time, 1.0]
    geom.solimp = [0.9, 0.97, 0.001, 0.5, 2.0]


def on_body(spec: mujoco.MjSpec, robot: Robot, name: str) -> tuple[str, SE3]:
    """Return the body that carries a frame, and the frame's placement on it."""
    frames = robot.model.frames
    frame = frames[robot.frame(name)]
    carrier = frame
    while spec.body(carrier.name) is None:
        if carrier.parentFrame == 0:
            raise ModelError(f"{robot.name}: frame '{name}': fixed to no link")
        carrier = frames[carrier.parentFrame]
    return carrier.name, carrier.placement.actInv(frame.placement)


def exclude_overlaps(spec: mujoco.MjSpec, robot: Robot) -> None:
    """Exclude link pairs that overlap in a declared posture: housings, not contacts."""
    model = spec.compile()
    data = mujoco.MjData(model)
    # Things of the world may stand on each other: only the robot's bodies are housings.
    root = model.body(robot.description.base).rootid
    links = {body.name for body in spec.bodies if model.body(body.name).rootid == root}
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
