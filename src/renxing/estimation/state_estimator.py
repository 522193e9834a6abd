# SPDX-License-Identifier: Apache-2.0
"""Where the body is and how it moves, without an outside reference.

In: joint states, one inertial sensor on the base, the soles' force/torque cells as far
as there are any.  Out: BodyState.  Rate: that of the control loop.  In each cycle:

    samples -> legs -> sole_wrench -> contact ----> footing ----> invariant_filter
       |        where are the soles,    which stand?  do they rest?    correct
       `----------------------------> invariant_filter: predict          |
                                                            odometry <---'

Heading and place start at zero and drift; tilt, height over the last footholds,
velocity and both biases are observed. The ground may have any shape.
"""

from collections.abc import Sequence
from typing import NoReturn

import numpy as np

from renxing.errors import StaleError
from renxing.estimation.contact import Contacts
from renxing.estimation.estimator_config import StateEstimatorConfig
from renxing.estimation.footing import Footing
from renxing.estimation.invariant_filter import InvariantFilter
from renxing.estimation.legs import Legs
from renxing.estimation.odometry import Odometry
from renxing.estimation.samples import Encoders, Inertial, find_imu, find_mount
from renxing.estimation.sole_wrench import SoleCells
from renxing.robot import Robot
from renxing.signals import BodyState, ImuSample, JointState, WrenchSample
from renxing.spatial import Array

_TILT = 0.02  # [rad] standard deviation of the tilt at the start
_SLOPE = 0.1  # [rad] likewise if it is taken from the ground
_AT_REST = 0.3  # [m/s²] by which a resting accelerometer may miss gravity


class StateEstimator:
    """Estimates the state of the whole body.

    Attributes:
        imu: Name of the inertial sensor whose samples it takes.
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
        self._mount = find_mount(robot, imu)
        feet = robot.description.feet
        self._inertial = Inertial(config.imu_age, config.patience)
        self._encoders = Encoders(len(robot.joints), config.patience)
        self._legs = Legs(robot, self._mount, config.load_cutoff)
        self._cells = SoleCells(robot, config.frozen_time, config.force_limit)
        self._wrenches = np.zeros((len(feet), 6))
        self._contacts = Contacts(config.contact, feet, robot.mass * self._gravity)
        self._footing = Footing(config, len(feet))
        self._filter = InvariantFilter(config, imu, len(feet), self._gravity)
        self._odometry = Odometry(self._filter.estimate, self._mount, imu.gyro_noise)
        self._rehearse()
        self._lost = "never reset"

    def _rehearse(self) -> None:
        """Step on made-up samples: a loop must not wait for the compiler."""
        position = self._robot.posture("stand")
        zero = np.zeros(len(position))
        imu = ImuSample(
            stamp=0.0,
            rotation_sensor_to_odom=np.eye(3),
            angular_velocity=np.zeros(3),
            specific_force=np.array([0.0, 0.0, self._gravity]),
        )
        cells = len(self._robot.description.sensors.force_torque)
        wrench = WrenchSample(stamp=0.0, force=np.zeros(3), torque=np.zeros(3))
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
                self.step(joints, imu, cells * (wrench,))
        _ = self.pose_covariance, self.twist_covariance

    def reset(self, joints: JointState, imu: ImuSample) -> None:
        """Start: the robot stands still with both feet on the ground.

        odom begins on the ground in the middle between the soles, x along the heading
        of the base.

        Raises:
            StaleError: If the samples hold no numbers.
        """
        try:
            self._inertial.reset(imu)
            self._encoders.reset(joints)
        except StaleError as reason:
            self._lose(reason)
        self._stamp = joints.stamp
        self._unfelt = 0.0  # [s] since the encoders' last values
        self._lost = ""
        estimate = self._filter.estimate
        estimate.bias[:] = 0.0
        self._legs.step(self._encoders, self._inertial, estimate.bias, 0.0)
        self._contacts.reset()
        self._cells.reset()
        self._wrenches[:] = 0.0
        self._footing.reset()
        up, tilt = self._resting_up()
        rotation = _level(self._mount.rotation, up)
        self._filter.reset(rotation, self._legs.soles, tilt)

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
        try:
            return self._step(joints, imu, wrenches)
        except StaleError as reason:
            self._lose(reason)

    def _lose(self, reason: StaleError) -> NoReturn:
        self._lost = str(reason)
        raise StaleError(f"estimator: {reason}; reset it") from None

    def _step(
        self, joints: JointState, imu: ImuSample, wrenches: Sequence[WrenchSample]
    ) -> BodyState:
        config, estimate = self._config, self._filter.estimate
        dt = joints.stamp - self._stamp
        if not 0.0 < dt <= config.patience + self._period:
            raise StaleError(
                f"{dt:.4f} s since the last step, {self._period:g} s wanted"
            )
        self._stamp = joints.stamp
        inertial, encoders, legs = self._inertial, self._encoders, self._legs
        inertial.step(imu, dt)
        felt = encoders.step(joints, dt)
        self._cells.step(wrenches, dt)
        self._unfelt += dt
        if felt:
            legs.step(encoders, inertial, estimate.bias, self._unfelt)
            self._unfelt = 0.0
            self._cells.fill(legs.jacobians, legs.load, self._wrenches)
            self._contacts.step(
                self._wrenches, self._cells.believed, legs.rotations, dt
            )
        self._filter.predict(inertial, dt)
        if felt:
            self._footing.step(estimate, legs, self._contacts, inertial.turn, dt)
            tilt = config.tilt_noise**2 / dt if config.use_attitude else np.inf
            self._filter.correct(legs, self._footing, inertial.up, tilt)
        return BodyState(
            stamp=self._stamp,
            base=self._odometry.base_state(self._stamp, inertial.newest[0]),
            position=encoders.position,
            velocity=encoders.velocity,
            sole_wrench=self._wrenches.copy(),
            contact=self._contacts.contact.copy(),
        )

    def _resting_up(self) -> tuple[Array, float]:
        """Return the vertical in the sensor at rest, and its uncertainty [rad]."""
        up = self._inertial.up
        if self._config.use_attitude and np.isfinite(up).all():
            return up, _TILT
        force = self._inertial.newest[1]
        if abs(float(np.linalg.norm(force)) - self._gravity) < _AT_REST:
            return force, _TILT
        # Not at rest after all; the ground is the next best level.
        return self._legs.rotations[:, :, 2].mean(axis=0), _SLOPE

    # --- how sure it is -------------------------------------------------------------

    @property
    def covariance(self) -> Array:
        """Of attitude, velocity, position, gyro and accel bias, shape (15, 15).

        It is that of the right-invariant error, see `estimate`.
        """
        covariance = self._filter.estimate.covariance
        kept = np.r_[0:9, len(covariance) - 6 : len(covariance)]
        return np.asarray(covariance[np.ix_(kept, kept)])

    @property
    def pose_covariance(self) -> Array:
        """Of position and rotation of the base in odom, in ROS order, shape (6, 6)."""
        return self._odometry.pose_covariance()

    @property
    def twist_covariance(self) -> Array:
        """Of linear and angular velocity in the base frame, shape (6, 6)."""
        return self._odometry.twist_covariance()

    @property
    def gyro_bias(self) -> Array:
        """Of the gyroscope, in the sensor frame [rad/s], shape (3,)."""
        return self._filter.estimate.bias[:3].copy()

    @property
    def accel_bias(self) -> Array:
        """Of the accelerometer, in the sensor frame [m/s²], shape (3,)."""
        return self._filter.estimate.bias[3:].copy()

    @property
    def contact_probability(self) -> Array:
        """How far each foot is taken to stand, 0 to 1 [-], shape (feet,)."""
        return self._contacts.trust.copy()


def _level(rotation_sensor_to_base: Array, up: Array) -> Array:
    """Return sensor to odom for a vertical in the sensor; the base's x points to x."""
    z = up / np.linalg.norm(up)
    forward = rotation_sensor_to_base[0]
    y = np.cross(z, forward)
    y /= np.linalg.norm(y)
    return np.stack([np.cross(y, z), y, z])
