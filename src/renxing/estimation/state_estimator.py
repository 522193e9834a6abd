# SPDX-License-Identifier: Apache-2.0
"""Where the body is and how it moves, without an outside reference.

In: joint states, one inertial sensor on the base, the soles' force/torque cells as far
as there are any.  Out: BodyState.  Rate: that of the control loop.  Method: the
contact-aided invariant Kalman filter of `invariant_filter`, fed by `legs`; what a sole
teaches is weighted by its load, its slip and the time since touchdown.

Heading and place start at zero and drift; tilt, height over the last footholds,
velocity and both biases are observed. The ground may have any shape.
"""

from collections.abc import Sequence

import numpy as np

from renxing.errors import StaleError
from renxing.estimation.contact import Contacts, fill_pressure_levers
from renxing.estimation.estimator_config import StateEstimatorConfig
from renxing.estimation.invariant_filter import (
    FIRST_FOOT,
    POSITION,
    VELOCITY,
    correct,
    crossed,
    loosen,
    orthonormalise,
    predict,
    slip,
)
from renxing.estimation.legs import Legs
from renxing.estimation.samples import find_imu, imu_good, joints_good, level
from renxing.estimation.sole_wrench import SoleCells, explain
from renxing.robot import Robot
from renxing.signals import BaseState, BodyState, ImuSample, JointState, WrenchSample
from renxing.spatial import SE3, Array

_TILT = 0.02  # [rad] standard deviation of the tilt at the start
_SLOPE = 0.1  # [rad] likewise if it is taken from the ground
_AT_REST = 0.3  # [m/s²] by which a resting accelerometer may miss gravity
_REST = 0.02  # [m/s] standard deviation of the velocity at the start
_CREEP = 1e-5  # [m/√s] of the position itself: rounding, not motion
_STEADY = 0.9  # [-] trust above which a sole's velocity counts
_DOUBT = 2.0  # [m/s/√s] growth of the velocity's error while it is doubted


class StateEstimator:
    """Estimates the state of the whole body.

    Attributes:
        imu: Name of the inertial sensor whose samples it takes.
        covariance: Of the right-invariant error of attitude, velocity, position,
            gyroscope's and accelerometer's bias, shape (15, 15).
    """

    def __init__(
        self, config: StateEstimatorConfig, robot: Robot, period: float
    ) -> None:
        """Set it up; `reset` starts it.

        Args:
            config: Its numbers.
            robot: The robot.
            period: Between two steps, as planned [s].

        Raises:
            ConfigError: If the robot has no such sensor.
            ModelError: If the sensor is not on the base, or a cell not at its sole.
        """
        self._config = config
        self._robot = robot
        self._period = period
        self._gravity = -float(robot.model.gravity.linear[2])
        imu = find_imu(robot, config.imu)
        self.imu = imu.name
        base = robot.model.frames[robot.frame(robot.description.base)].placement
        sensor = robot.model.frames[robot.frame(imu.frame)].placement
        self._sensor_to_base: SE3 = base.inverse() * sensor
        self._rotation_sensor_to_base = np.array(self._sensor_to_base.rotation)
        self._sensor_in_base = np.array(self._sensor_to_base.translation)
        self._imu_data = imu
        feet = len(robot.description.feet)
        self._edges = np.array([(*f.x, *f.y) for f in robot.description.feet])
        self._legs = Legs(robot, config.load_cutoff)
        self._cells = SoleCells(robot, config.frozen_time, config.force_limit)
        weight = robot.mass * self._gravity
        self._contacts = Contacts(config.contact, feet, weight)
        size = 15 + 3 * feet
        self._rotation = np.eye(3)
        self._vectors = np.zeros((FIRST_FOOT + feet, 3))
        self._bias = np.zeros(6)
        self._covariance = np.zeros((size, size))
        self._transition = np.zeros((size, size))
        self._kept = np.r_[0:9, size - 6 : size]
        self._wrenches = np.zeros((feet, 6))
        self._slip = np.zeros((feet, 3))
        self._levers = np.zeros((feet, 3))
        self._compile()
        self._lost = "never reset"

    def _compile(self) -> None:
        """Take a step on made-up samples: a loop must not wait for the compiler."""
        position = self._robot.posture("stand")
        zero = np.zeros(len(position))
        imu = ImuSample(
            stamp=0.0,
            rotation_sensor_to_odom=np.eye(3),
            angular_velocity=np.zeros(3),
            specific_force=np.array([0.0, 0.0, self._gravity]),
        )
        for stamp in (0.0, self._period):
            joints = JointState(
                stamp=stamp,
                position=position,
                velocity=zero,
                effort=zero,
                temperature=zero,
            )
            if stamp == 0.0:
                self.reset(joints, imu)
            else:
                self.step(joints, imu, ())

    def reset(self, joints: JointState, imu: ImuSample) -> None:
        """Start: the robot stands still with both feet on the ground.

        odom begins on the ground in the middle between the soles, x along the heading
        of the base.

        Raises:
            StaleError: If the samples hold no numbers.
        """
        if not (joints_good(joints) and imu_good(imu)):
            raise StaleError("estimator: cannot start on samples that are not finite")
        config = self._config
        self._angular_velocity = np.array(imu.angular_velocity)
        self._specific_force = np.array(imu.specific_force)
        self._up = np.array(imu.rotation_sensor_to_odom[2])
        self._position = np.array(joints.position)
        self._velocity = np.array(joints.velocity)
        self._stamp = joints.stamp
        self._blind = 0.0  # [s] without an inertial sample
        self._numb = 0.0  # [s] without encoders
        self._unfelt = 0.0  # [s] since the encoders' last values
        self._lost = ""
        self._bias[:] = 0.0
        self._bear(joints.effort, 0.0)
        self._contacts.reset()
        self._cells.reset()
        self._wrenches[:] = 0.0
        self._slip[:] = 0.0
        self._still = 0.0  # [s] for which all soles have lain flat
        self._sliding = 0.0  # [s] for which all loaded soles have seemed to slide

        if config.use_attitude and np.isfinite(self._up).all():
            up, tilt = self._up, _TILT
        else:
            up, tilt = self._resting_up()
        self._rotation[:] = level(self._rotation_sensor_to_base, up)
        soles = self._soles_in_sensor() @ self._rotation.T
        middle = soles.mean(axis=0)
        self._vectors[VELOCITY] = 0.0
        self._vectors[POSITION] = -middle
        self._vectors[FIRST_FOOT:] = soles - middle

        p = self._covariance
        p[:, :] = 0.0
        size = len(p)
        # A wrong tilt turns body and soles about odom's origin: their own errors, which
        # are right-invariant, do not know of it.
        p[range(2), range(2)] = tilt**2
        p[range(3, 6), range(3, 6)] = _REST**2
        p[range(9, size - 6), range(9, size - 6)] = config.sole_noise**2
        p[range(size - 6, size - 3), range(size - 6, size - 3)] = config.gyro_bias**2
        p[range(size - 3, size), range(size - 3, size)] = config.accel_bias**2

    def step(
        self, joints: JointState, imu: ImuSample, wrenches: Sequence[WrenchSample]
    ) -> BodyState:
        """Take the samples of one cycle.

        Samples that are not finite are bridged for `patience` seconds: an inertial one
        by the last, encoders by the inertial sensor alone. A fused attitude that is not
        finite is left out, for however long.

        Args:
            joints: Their stamp is the time of the step.
            imu: Of the sensor `imu`.
            wrenches: Of all cells in the order of the robot's file; () if there are
                none.

        Raises:
            StaleError: If samples are missing for longer, or the time jumps; from then
                on in each step until `reset`.
            ConfigError: If the number of wrenches is wrong.
        """
        if self._lost:
            raise StaleError(f"estimator: {self._lost}; reset it")
        dt = joints.stamp - self._stamp
        if not 0.0 < dt <= self._config.patience + self._period:
            self._lose(f"{dt:.4f} s since the last step, {self._period:g} s wanted")
        self._stamp = joints.stamp
        self._see(imu, dt)
        felt = self._feel(joints, dt)
        self._cells.step(wrenches, dt)
        self._unfelt += dt
        if felt:
            self._bear(joints.effort, self._unfelt)
            self._unfelt = 0.0
            self._weigh(dt)
        self._predict(dt)
        if felt:
            self._correct(dt)
        if not (np.isfinite(self._vectors).all() and np.isfinite(self._rotation).all()):
            self._lose("the state is not finite any more")
        return self._state()

    # --- one step -----------------------------------------------------------------

    def _lose(self, reason: str) -> None:
        self._lost = reason
        raise StaleError(f"estimator: {reason}; reset it")

    def _see(self, imu: ImuSample, dt: float) -> None:
        """Keep the inertial sample, or the last one for a while."""
        self._turn_before = self._angular_velocity
        self._force_before = self._specific_force
        if imu_good(imu):
            self._blind = 0.0
            self._angular_velocity = np.array(imu.angular_velocity)
            self._specific_force = np.array(imu.specific_force)
            self._up = np.array(imu.rotation_sensor_to_odom[2])
            return
        self._blind += dt
        if self._blind > self._config.patience + 1e-9:
            self._lose(f"no inertial sample for {self._blind:.3f} s")

    def _feel(self, joints: JointState, dt: float) -> bool:
        """Keep the encoders' values; tell whether there are any."""
        if joints_good(joints):
            self._numb = 0.0
            self._position = np.array(joints.position)
            self._velocity = np.array(joints.velocity)
            return True
        self._numb += dt
        if self._numb > self._config.patience + 1e-9:
            self._lose(f"joint states not finite for {self._numb:.3f} s")
        return False

    def _bear(self, effort: Array, dt: float) -> None:
        """Update what the legs say of the soles and the ground."""
        legs = self._legs
        legs.move(self._position, self._velocity, dt)
        turn = self._rotation_sensor_to_base @ (self._angular_velocity - self._bias[:3])
        force = self._rotation_sensor_to_base @ (self._specific_force - self._bias[3:])
        # The sensor's origin circles around the base's.
        sensor = self._sensor_in_base
        force -= turn * float(turn @ sensor) - sensor * float(turn @ turn)
        legs.bear(effort, turn, force, dt)

    def _weigh(self, dt: float) -> None:
        """Find wrenches, contacts and trust."""
        cells = self._cells
        if not cells.believed.all():
            explain(self._legs.jacobians, self._legs.load, self._wrenches)
        self._wrenches[cells.believed] = cells.wrench[cells.believed]
        self._contacts.step(self._wrenches[:, 2], cells.believed, dt)

    def _predict(self, dt: float) -> None:
        config, imu = self._config, self._imu_data
        # At the middle of the step, from the two last samples.
        ago = config.imu_age / dt
        # The legs are measured now, the gyroscope a little before.
        self._turn_now = self._angular_velocity + ago * (
            self._angular_velocity - self._turn_before
        )
        share = 0.5 + ago
        turn = self._turn_before + share * (self._angular_velocity - self._turn_before)
        share = min(share, 1.0)
        jump = self._specific_force - self._force_before
        force = self._force_before + share * jump
        knock = config.impact_noise * dt
        variances = np.array(
            [
                (imu.gyro_noise * dt) ** 2 + config.gyro_noise**2 * dt,
                (imu.accel_noise * dt) ** 2
                + config.accel_noise**2 * dt
                + knock**2 * float(jump @ jump) / 3.0,
                _CREEP**2 * dt,
                imu.gyro_bias_walk**2 * dt,
                imu.accel_bias_walk**2 * dt,
            ]
        )
        predict(
            self._rotation,
            self._vectors,
            self._bias,
            self._covariance,
            turn,
            force,
            self._gravity,
            dt,
            variances,
            self._transition,
        )

    def _correct(self, dt: float) -> None:
        config, legs = self._config, self._legs
        to_base = self._rotation_sensor_to_base
        soles = self._soles_in_sensor()
        velocities = legs.velocities @ to_base
        trust = self._contacts.trust
        flat = fill_pressure_levers(
            self._wrenches,
            self._contacts.contact,
            legs.rotations,
            self._edges,
            self._levers,
        )
        # A sole that rolls on an edge turns about its centre of pressure, which rests:
        # what its origin does besides is known.
        rate = self._turn_now - self._bias[:3]
        turns = legs.turns @ to_base
        rolling = crossed(self._levers @ to_base, rate + turns)
        velocities -= rolling
        self._vectors[FIRST_FOOT:] += dt * (rolling @ self._rotation.T)
        speed = self._slip_speeds(soles, velocities, dt)
        # Between standing and loose on a logarithmic scale.
        foot = np.empty((len(trust), 2))
        foot[:, 0] = config.slide**2 * (config.loose / config.slide) ** (2 - 2 * trust)
        foot[:, 1] = config.sink**2 * (config.loose / config.sink) ** (2 - 2 * trust)
        # A slip of that speed which lasts that long.
        foot += speed * speed * config.slip_span
        loosen(self._covariance, dt * foot)
        steady = trust > _STEADY
        noise = config.velocity_noise**2 + speed * speed
        velocity = np.where(steady[:, np.newaxis], noise, np.inf)
        # A single foot may turn on its sole, two only if they slide; in the short time
        # between two steps they yield, which would pass for a bias.
        flat = flat and bool(steady.all() and (speed < config.slip_speed).all())
        self._still = self._still + dt if flat else 0.0
        still = self._still > config.still_time
        turn_variances = np.full(len(trust), config.turn_noise**2 if still else np.inf)
        tilt = config.tilt_noise**2 / dt
        fused = config.use_attitude and self._blind == 0.0
        if not fused or not np.isfinite(self._up).all():
            tilt = np.inf
        correct(
            self._rotation,
            self._vectors,
            self._bias,
            self._covariance,
            soles,
            velocities,
            turns,
            legs.rotations[:, :, 2] @ to_base,
            self._turn_now,
            self._up,
            config.sole_noise**2,
            velocity,
            turn_variances,
            tilt,
        )
        orthonormalise(self._rotation)

    def _slip_speeds(self, soles: Array, velocities: Array, dt: float) -> Array:
        """Return how fast each loaded sole seems to slide [m/s].

        Returns:
            Horizontally and vertically, shape (feet, 2).
        """
        config, trust = self._config, self._contacts.trust
        seen = slip(
            self._rotation,
            self._vectors,
            self._bias,
            soles,
            velocities,
            self._turn_now,
        )
        # Encoders' speeds are noisy.
        self._slip += (1.0 - np.exp(-dt / config.slip_time)) * (seen - self._slip)
        self._slip[trust == 0.0] = 0.0
        slid = self._slip
        speed = np.empty((len(slid), 2))
        np.hypot(slid[:, 0], slid[:, 1], out=speed[:, 0])
        np.abs(slid[:, 2], out=speed[:, 1])
        # Soles that all slide for long: then rather the velocity is wrong.
        loaded = trust > _STEADY
        sliding = loaded.any() and bool(
            (speed[loaded].max(axis=1) > config.slip_speed).all()
        )
        self._sliding = self._sliding + dt if sliding else 0.0
        if self._sliding > config.slip_patience:
            self._covariance[range(3, 6), range(3, 6)] += dt * _DOUBT**2
        return speed

    def _resting_up(self) -> tuple[Array, float]:
        """Return the vertical in the sensor at rest, and its uncertainty [rad]."""
        force = self._specific_force
        if abs(float(np.linalg.norm(force)) - self._gravity) < _AT_REST:
            return force, _TILT
        # Not at rest after all; the ground is the next best level.
        normal = self._legs.rotations[:, :, 2].mean(axis=0)
        return np.asarray(normal @ self._rotation_sensor_to_base), _SLOPE

    def _soles_in_sensor(self) -> Array:
        return np.asarray(
            (self._legs.soles - self._sensor_in_base) @ self._rotation_sensor_to_base
        )

    def _state(self) -> BodyState:
        rotation = self._rotation @ self._rotation_sensor_to_base.T
        turn = self._rotation_sensor_to_base @ (self._angular_velocity - self._bias[:3])
        sensor = self._sensor_in_base
        base = BaseState(
            stamp=self._stamp,
            transform_base_to_odom=SE3(
                rotation, self._vectors[POSITION] - rotation @ sensor
            ),
            linear_velocity=rotation.T @ self._vectors[VELOCITY]
            - crossed(turn[np.newaxis], sensor[np.newaxis])[0],
            angular_velocity=turn,
        )
        return BodyState(
            stamp=self._stamp,
            base=base,
            position=self._position,
            velocity=self._velocity,
            sole_wrench=self._wrenches.copy(),
            contact=self._contacts.contact.copy(),
        )

    # --- how sure it is -------------------------------------------------------------

    @property
    def covariance(self) -> Array:
        """Of attitude, velocity, position, gyro and accel bias, shape (15, 15)."""
        return np.asarray(self._covariance[np.ix_(self._kept, self._kept)])

    @property
    def pose_covariance(self) -> Array:
        """Of position and rotation of the base in odom, in ROS order, shape (6, 6)."""
        x, y, z = self._vectors[POSITION]
        blend = np.zeros((6, 6))
        # A right-invariant error turns the position about odom's origin as well.
        blend[:3, 3:] = np.array([[0.0, z, -y], [-z, 0.0, x], [y, -x, 0.0]])
        blend[:3, :3] = blend[3:, 3:] = np.eye(3)
        rows = [6, 7, 8, 0, 1, 2]
        return np.asarray(blend @ self._covariance[np.ix_(rows, rows)] @ blend.T)

    @property
    def twist_covariance(self) -> Array:
        """Of linear and angular velocity in the base frame, shape (6, 6)."""
        out = np.zeros((6, 6))
        rotation = self._rotation @ self._rotation_sensor_to_base.T
        out[:3, :3] = rotation.T @ self._covariance[3:6, 3:6] @ rotation
        gyro = len(self._covariance) - 6
        turn = self._covariance[gyro : gyro + 3, gyro : gyro + 3]
        turn = turn + self._imu_data.gyro_noise**2 * np.eye(3)
        to_base = self._rotation_sensor_to_base
        out[3:, 3:] = to_base @ turn @ to_base.T
        return out

    @property
    def gyro_bias(self) -> Array:
        """Of the gyroscope, in the sensor frame [rad/s], shape (3,)."""
        return self._bias[:3].copy()

    @property
    def accel_bias(self) -> Array:
        """Of the accelerometer, in the sensor frame [m/s²], shape (3,)."""
        return self._bias[3:].copy()

    @property
    def contact_probability(self) -> Array:
        """How far each foot is taken to stand, 0 to 1 [-], shape (feet,)."""
        return self._contacts.trust.copy()
