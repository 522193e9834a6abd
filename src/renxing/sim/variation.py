# SPDX-License-Identifier: Apache-2.0
"""A simulated robot that differs from its description, as every real one does.

A variation is drawn by seed. What the description can say (noise, drives) goes into a
changed copy of it before the twin is made; what only the physics knows (masses,
friction of the ground, a crooked sensor) is set in the compiled model. Controllers keep
the description as it is.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import mujoco
import numpy as np

from renxing.robot import Robot
from renxing.robot.description import (
    ForceTorque,
    Imu,
    Interval,
    NotNegative,
    Part,
    Positive,
    RobotDescription,
)
from renxing.sim.contacts import WORLD_GROUP
from renxing.sim.drives import DriveConfig
from renxing.sim.shapes import World
from renxing.sim.twin import Twin, TwinConfig
from renxing.spatial import Array, rotation_from_rpy


class VariationRanges(Part, frozen=True, kw_only=True):
    """From where a variation is drawn, evenly unless said otherwise.

    Attributes:
        link_mass: Greatest change of each link's mass and inertia, as a share [-].
        payload: Mass in the middle of the torso, as a share of the robot's [-].
        payload_place: How far the payload is off the torso's centre of mass along
            each axis, at most [m].
        friction: Coulomb coefficient of ground and things [-]; of those whose own is
            not that of the world's ground, it is left as it is.
        noise: Factor on the noise of all sensors [-].
        encoder_bias: Standard deviation of the encoders' zero errors [rad].
        delay: From command to current [s].
        drive_friction: Factor on dry and viscous friction of all drives [-].
        attitude: Standard deviation of the tilt at which the inertial sensors are
            mounted, about x and y each [rad].
    """

    link_mass: NotNegative
    payload: Interval
    payload_place: NotNegative
    friction: tuple[Positive, Positive]
    noise: Interval
    encoder_bias: Interval
    delay: Interval
    drive_friction: Interval
    attitude: NotNegative


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Variation:
    """One draw.

    Attributes:
        seed: Of the noise of the twin.
        link_mass: Factor on each body of the model, shape (bodies,); drawn for 256,
            more than any model has.
        payload: [kg].
        payload_place: In the torso's frame, from its centre of mass [m], shape (3,).
        friction: Of ground and things [-].
        noise: Factor on all noise [-].
        encoder_bias: Standard deviation [rad].
        delay: [s].
        drive_friction: Factor [-].
        attitude: Tilt of the inertial sensors about x and y [rad], shape (2,).
    """

    seed: int
    link_mass: Array
    payload: float
    payload_place: Array
    friction: float
    noise: float
    encoder_bias: float
    delay: float
    drive_friction: float
    attitude: Array

    def numbers(self) -> dict[str, float]:
        """Return what a reader of a report wants to know."""
        return {
            "payload": self.payload,
            "friction": self.friction,
            "noise": self.noise,
            "encoder_bias": self.encoder_bias,
            "delay": self.delay,
            "drive_friction": self.drive_friction,
            "roll_bias": float(self.attitude[0]),
            "pitch_bias": float(self.attitude[1]),
        }


_MOST_BODIES = 256


def draw_variation(ranges: VariationRanges, robot: Robot, seed: int) -> Variation:
    """Draw a robot; the same seed gives the same one."""
    random = np.random.default_rng([seed, 0x5EED])
    spread = ranges.link_mass
    return Variation(
        seed=seed,
        link_mass=random.uniform(1.0 - spread, 1.0 + spread, _MOST_BODIES),
        payload=robot.mass * random.uniform(*ranges.payload),
        payload_place=ranges.payload_place * random.uniform(-1.0, 1.0, 3),
        friction=random.uniform(*ranges.friction),
        noise=random.uniform(*ranges.noise),
        encoder_bias=random.uniform(*ranges.encoder_bias),
        delay=random.uniform(*ranges.delay),
        drive_friction=random.uniform(*ranges.drive_friction),
        attitude=ranges.attitude * random.standard_normal(2),
    )


def no_variation(seed: int) -> Variation:
    """Return the robot as described, on rubber-like ground, with its noise."""
    return Variation(
        seed=seed,
        link_mass=np.ones(_MOST_BODIES),
        payload=0.0,
        payload_place=np.zeros(3),
        friction=0.8,
        noise=1.0,
        encoder_bias=DriveConfig().encoder_bias,
        delay=0.0,
        drive_friction=1.0,
        attitude=np.zeros(2),
    )


def varied_twin(
    robot: Robot,
    world: World,
    variation: Variation,
    loads: Mapping[str, float] | None = None,
) -> Twin:
    """Return a twin of the varied robot; `robot` stays as it is.

    Args:
        robot: As described.
        world: Where it stands.
        variation: How it differs.
        loads: Masses [kg] fixed at the origins of the robot's frames, by frame.

    Raises:
        ModelError: If MuJoCo refuses the robot or the world.
    """
    twin = Twin(_changed(robot, variation), world, _twin_config(variation))
    model = twin.model
    bodies = np.flatnonzero(model.body_rootid == _base(twin))
    factors = variation.link_mass[bodies]
    model.body_mass[bodies] *= factors
    model.body_inertia[bodies] *= factors[:, None]
    torso = robot.description.torso
    place = model.body(torso).ipos + variation.payload_place
    _add_mass(model, torso, variation.payload, place)
    for frame, mass in (loads or {}).items():
        site = model.site(frame)
        _add_mass(model, model.body(site.bodyid[0]).name, mass, np.array(site.pos))
    # What is slippery on purpose stays so.
    usual = model.geom_friction[:, 0] == world.friction
    usual &= model.geom_group == WORLD_GROUP
    model.geom_friction[usual, 0] = variation.friction
    tilt = rotation_from_rpy((*variation.attitude, 0.0))
    for imu in robot.description.sensors.imu:
        _turn(model.site(imu.frame).quat, tilt)
    # MuJoCo derives from masses what its solver scales with.
    mujoco.mj_setConst(model, mujoco.MjData(model))
    twin.reset()
    return twin


def _add_mass(model: mujoco.MjModel, body: str, mass: float, place: Array) -> None:
    """Fix a ball as dense as water on a link, its centre at `place` in the link."""
    if mass <= 0.0:
        return
    link = model.body(body)
    radius = (mass / (1000.0 * 4.0 / 3.0 * np.pi)) ** (1.0 / 3.0)
    own = 0.4 * mass * radius**2 * np.eye(3)
    before, centre = float(link.mass[0]), np.array(link.ipos)
    rotation = np.zeros(9)
    mujoco.mju_quat2Mat(rotation, link.iquat)
    axes = rotation.reshape(3, 3)
    total = before + mass
    middle = (before * centre + mass * place) / total
    inertia = axes @ np.diag(link.inertia) @ axes.T + _steiner(before, centre - middle)
    inertia += own + _steiner(mass, place - middle)
    moments, vectors = np.linalg.eigh(inertia)
    if np.linalg.det(vectors) < 0.0:
        vectors[:, 0] *= -1.0
    link.mass[0], link.ipos[:], link.inertia[:] = total, middle, moments
    mujoco.mju_mat2Quat(link.iquat, vectors.ravel())


def _steiner(mass: float, offset: Array) -> Array:
    """Return the inertia of a point mass about a point `offset` away [kg·m²]."""
    return np.asarray(mass * (offset @ offset * np.eye(3) - np.outer(offset, offset)))


def _turn(quat: Array, rotation: Array) -> None:
    """Turn an orientation about its own axes, in place."""
    turned, by = np.zeros(4), np.zeros(4)
    mujoco.mju_mat2Quat(by, rotation.ravel())
    mujoco.mju_mulQuat(turned, quat, by)
    quat[:] = turned


def _base(twin: Twin) -> int:
    return int(twin.model.body(twin.robot.description.base).id)


def _twin_config(variation: Variation) -> TwinConfig:
    config = TwinConfig(seed=variation.seed)
    drives = dataclasses.replace(
        config.drives,
        command_delay=variation.delay,
        encoder_bias=variation.encoder_bias,
        velocity_noise=config.drives.velocity_noise * variation.noise,
        torque_noise=config.drives.torque_noise * variation.noise,
    )
    return dataclasses.replace(config, drives=drives)


def _changed(robot: Robot, variation: Variation) -> Robot:
    description = robot.description
    drives = {
        name: msgspec.structs.replace(
            drive,
            coulomb_friction=drive.coulomb_friction * variation.drive_friction,
            viscous_friction=drive.viscous_friction * variation.drive_friction,
        )
        for name, drive in description.drives.items()
    }
    sensors = msgspec.structs.replace(
        description.sensors,
        imu=tuple(_noisy(imu, variation.noise) for imu in description.sensors.imu),
        force_torque=tuple(
            _noisy_cell(cell, variation.noise)
            for cell in description.sensors.force_torque
        ),
    )
    changed: RobotDescription = msgspec.structs.replace(
        description, drives=drives, sensors=sensors
    )
    return dataclasses.replace(robot, description=changed)


def _noisy(imu: Imu, factor: float) -> Imu:
    return msgspec.structs.replace(
        imu,
        gyro_noise=imu.gyro_noise * factor,
        gyro_bias_walk=imu.gyro_bias_walk * factor,
        accel_noise=imu.accel_noise * factor,
        accel_bias_walk=imu.accel_bias_walk * factor,
        attitude_noise=imu.attitude_noise * factor,
    )


def _noisy_cell(cell: ForceTorque, factor: float) -> ForceTorque:
    return msgspec.structs.replace(
        cell,
        force_noise=cell.force_noise * factor,
        torque_noise=cell.torque_noise * factor,
    )
