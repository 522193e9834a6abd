# SPDX-License-Identifier: Apache-2.0
"""The simulated robot in its world, in lock-step: it moves when `step` is called.

In: JointCommand.  Out: JointState, ImuSample, WrenchSample, BatterySample, and the
truth for scoring.  Same seed and same calls give the same bytes; there is no clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import mujoco
import numpy as np

from renxing.errors import ModelError, UnsafeCommandError
from renxing.robot import Robot
from renxing.signals import (
    BaseState,
    BatterySample,
    ImuSample,
    JointCommand,
    JointState,
    WrenchSample,
)
from renxing.sim.body_sensors import BodySensors
from renxing.sim.compile import compile_model
from renxing.sim.drives import DriveConfig, Drives, command_rows
from renxing.sim.people import People
from renxing.sim.physics import PhysicsConfig
from renxing.sim.pushes import Push, Pushes
from renxing.sim.senses import BatteryModel
from renxing.sim.shapes import World
from renxing.sim.skin import Skin, SkinConfig
from renxing.sim.sole_contacts import SoleContacts
from renxing.sim.world_objects import WorldObjects
from renxing.spatial import (
    SE3,
    Array,
    quat_xyzw_from_rotation,
    rotation_from_quat_xyzw,
    wxyz_from_xyzw,
    xyzw_from_wxyz,
)

BATTERY_PERIOD = 0.01  # [s] between two updates of the battery


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinConfig:
    """The twin.

    Attributes:
        seed: Of all noise.
        ideal: Leaves out all noise, bias, delay and encoder steps.
        physics: How the physics is computed.
        drives: Imperfections of the drives.
        skin: How touch is felt.
    """

    seed: int = field(default=0, metadata={"min": 0})
    ideal: bool = False
    physics: PhysicsConfig = field(default_factory=PhysicsConfig)
    drives: DriveConfig = field(default_factory=DriveConfig)
    skin: SkinConfig = field(default_factory=SkinConfig)


class Twin:
    """A robot in a world.

    Attributes:
        robot: The robot.
        world: The world.
        model: The compiled MuJoCo model; read it, do not change it.
        data: MuJoCo's state; read it for scoring only.
        objects: The world's loose objects.
        skin: The robot's; `feel` moves it on.
        people: Those who walk in it.
    """

    def __init__(
        self, robot: Robot, world: World, config: TwinConfig | None = None
    ) -> None:
        """Compile the model and stand the robot in the world.

        Raises:
            ModelError: If MuJoCo refuses the robot or the world.
        """
        config = config or TwinConfig()
        self.robot = robot
        self.world = world
        self.model = compile_model(robot, world, config.physics)
        self.data = mujoco.MjData(self.model)
        self._config = config
        self._time_step = config.physics.time_step
        self._drives = Drives(robot, config.drives, self._time_step, config.ideal)
        self._sensors = BodySensors(
            robot.description.sensors, self.model, self.data, ideal=config.ideal
        )
        soles = [foot.sole for foot in robot.description.feet]
        self._soles = SoleContacts(soles, self.model)
        self.objects = WorldObjects(world, self.model, self.data)
        self.people = People(world, self.model, self.data)
        self.skin = Skin(
            config.skin,
            robot.description.sensors.skin,
            self.model,
            seed=config.seed,
            ideal=config.ideal,
        )
        self._battery = BatteryModel(robot.description.battery)
        self._battery_steps = max(1, round(BATTERY_PERIOD / self._time_step))
        joints = [self.model.joint(name) for name in robot.joints]
        self._q = np.array([joint.qposadr[0] for joint in joints], dtype=np.intp)
        self._v = np.array([joint.dofadr[0] for joint in joints], dtype=np.intp)
        self._u = np.array([self.model.actuator(name).id for name in robot.joints])
        # MuJoCo keeps these arrays where they are; asking for one costs a call.
        data = self.data
        self._qpos, self._qvel, self._ctrl = data.qpos, data.qvel, data.ctrl
        self._position, self._velocity = np.zeros((2, len(robot.joints)))
        followers = [self.model.joint(name) for name in robot.mimic.names]
        self._mimic_q = np.array([j.qposadr[0] for j in followers], dtype=np.intp)
        self.reset()

    # --- time ---------------------------------------------------------------------

    @property
    def time(self) -> float:
        """Simulated time since the last reset [s]."""
        return float(self.data.time)

    @property
    def time_step(self) -> float:
        """Of the physics [s]."""
        return self._time_step

    def step(self, command: JointCommand, steps: int = 1) -> None:
        """Advance the physics under one command.

        Args:
            command: Held for all steps.
            steps: How many physics steps.

        Raises:
            UnsafeCommandError: If the command has wrong shapes or is not finite.
        """
        self._check(command)
        self.advance(command_rows(command), steps)

    def advance(self, command: Array, steps: int) -> None:
        """Do the same as `step`, for a command that is an array and is not checked.

        Args:
            command: Rows in the order of `JointCommand`, finite, shape (5, n); an
                array of its own, which does not change any more.
            steps: As for `step`.
        """
        data, model, drives, pushes = self.data, self.model, self._drives, self._pushes
        people = self.people
        for _ in range(steps):
            if pushes.any:
                pushes.apply(data)
            position, velocity = self._motion()
            torque = drives.turn(command, position, velocity)
            self._ctrl[self._u] = torque
            mujoco.mj_step(model, data)
            if people.any:
                people.step()
            self._steps += 1
            if self._steps % self._battery_steps == 0:
                power = float(torque @ self._motion()[1]) + float(drives.heat.sum())
                self._battery.draw(power, self._battery_steps * self._time_step)

    def _motion(self) -> tuple[Array, Array]:
        """Return true positions and speeds of the joints; they change with the next."""
        # `clip` because the default copies once more; the places are all there.
        self._qpos.take(self._q, out=self._position, mode="clip")
        self._qvel.take(self._v, out=self._velocity, mode="clip")
        return self._position, self._velocity

    def _check(self, command: JointCommand) -> None:
        n = len(self.robot.joints)
        for part in ("position", "velocity", "effort", "proportional", "derivative"):
            values = getattr(command, part)
            if values.shape != (n,) or not np.isfinite(values).all():
                raise UnsafeCommandError(
                    f"command {part}: shape {values.shape} or values not finite; "
                    f"({n},) finite numbers wanted"
                )

    # --- sensors ------------------------------------------------------------------

    def joint_state(self) -> JointState:
        """Return what the drives report."""
        return self._drives.measure(self.time, *self._motion())

    def joint_report(self) -> Array:
        """Return the same as rows, in the order of the signal, shape (4, n)."""
        return self._drives.report(*self._motion())

    def imus(self) -> list[ImuSample]:
        """Return a sample of each IMU, in the order of the robot's file."""
        return [
            ImuSample(
                stamp=self.time,
                rotation_sensor_to_odom=rotation_from_quat_xyzw(values[:4]),
                angular_velocity=values[4:7],
                specific_force=values[7:],
            )
            for values in self.imu_values()
        ]

    def imu_values(self) -> list[Array]:
        """Return the same as numbers: quaternion xyzw, velocity, force, shape (10,)."""
        return self._sensors.imu_values(self._random)

    def wrenches(self) -> list[WrenchSample]:
        """Return a sample of each force/torque cell, in the order of the file."""
        return [
            WrenchSample(stamp=self.time, force=values[:3], torque=values[3:])
            for values in self.wrench_values()
        ]

    def wrench_values(self) -> Array:
        """Return the same as numbers: [force; torque], shape (cells, 6)."""
        return self._sensors.wrench_values(self._random)

    def feel(self) -> None:
        """Let the skin feel what touches it now, and count it."""
        self.skin.feel(self.data, self._pushes.acting(self.time))
        self.skin.sample(self.time)

    def battery(self) -> BatterySample:
        """Return what the battery's monitor reports."""
        return self._battery.sample(self.time)

    # --- truth, for scoring and for the page ----------------------------------------

    def base_state(self) -> BaseState:
        """Return the true pose and twist of the base."""
        data = self.data
        # Not from xmat: that is from before the last step.
        rotation = rotation_from_quat_xyzw(xyzw_from_wxyz(data.qpos[3:7]))
        return BaseState(
            stamp=self.time,
            transform_base_to_odom=SE3(rotation, np.array(data.qpos[:3])),
            # MuJoCo's free joint: linear velocity in the world, angular in the body.
            linear_velocity=rotation.T @ data.qvel[:3],
            angular_velocity=np.array(data.qvel[3:6]),
        )

    def true_positions(self) -> Array:
        """Return the true joint positions [rad], shape (n,)."""
        return np.array(self.data.qpos[self._q])

    def sole_forces(self) -> Array:
        """Return the true upward ground force on each foot [N], in the file's order."""
        return self._soles.upward(self.data)

    def fingerprint(self) -> bytes:
        """Return the whole physical state as bytes, to compare runs."""
        kind = mujoco.mjtState.mjSTATE_INTEGRATION
        state = np.zeros(mujoco.mj_stateSize(self.model, kind))
        mujoco.mj_getState(self.model, self.data, state, kind)
        return state.tobytes() + self._drives.temperature.tobytes()

    # --- an operator's hands --------------------------------------------------------

    def reset(self, posture: str = "stand", seed: int | None = None) -> None:
        """Start again at time zero, standing in a posture, all objects in place.

        Args:
            posture: Named in the robot's file.
            seed: Of the noise from here on; that of the configuration if left out.

        Raises:
            ModelError: If the robot has no such posture.
        """
        self.reset_to(self.robot.posture(posture), seed)

    def reset_to(self, positions: Array, seed: int | None = None) -> None:
        """Start again like `reset`, standing at given joint positions.

        Args:
            positions: [rad], shape (n,).
            seed: As for `reset`.
        """
        mujoco.mj_resetData(self.model, self.data)
        base = self.robot.standing_base(positions)
        data = self.data
        data.qpos[:3] = base.translation
        data.qpos[3:7] = wxyz_from_xyzw(quat_xyzw_from_rotation(base.rotation))
        data.qpos[self._q] = positions
        mimic = self.robot.mimic
        followers = mimic.multiplier * positions[mimic.source] + mimic.offset
        data.qpos[self._mimic_q] = followers
        self.people.reset()
        mujoco.mj_forward(self.model, data)
        self._random = np.random.default_rng(
            self._config.seed if seed is None else seed
        )
        self._drives.reset(self._random)
        self._sensors.reset()
        self.skin.device.reset(self._config.seed if seed is None else seed)
        self._battery.reset()
        self._pushes = Pushes(self._time_step)
        self._steps = 0

    def apply_wrenches(self, pushes: Sequence[Push]) -> None:
        """Push bodies from the next step on; all of them, or none if one is wrong.

        Raises:
            ModelError: If there is no such body.
            ConfigError: If a number is not finite or a time is negative.
        """
        self._pushes.add([(self._body(push.body), push) for push in pushes], self.time)

    def _body(self, name: str) -> int:
        index = mujoco.mj_name2id(self.model, mujoco.mjtObj.mjOBJ_BODY, name)
        if index < 1:
            known = ", ".join(
                self.model.body(i).name for i in range(1, self.model.nbody)
            )
            raise ModelError(f"no body '{name}' to push; there are {known}")
        return int(index)
