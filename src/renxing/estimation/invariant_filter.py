# SPDX-License-Identifier: Apache-2.0
"""Contact-aided invariant Kalman filter: motion of the inertial sensor, and the soles.

In: inertial samples, what legs and soles say.  Out: `Estimate`.  Method: Hartley,
Ghaffari, Eustice, Grizzle, "Contact-aided invariant extended Kalman filtering for robot
state estimation", IJRR 39(4), 2020: `estimate` moves, `propagation` and `measurement`
keep account of its error.
"""

import numpy as np

from renxing.estimation.estimate import Estimate, apply_error, move, unknown
from renxing.estimation.estimator_config import StateEstimatorConfig
from renxing.estimation.footing import Footing
from renxing.estimation.legs import Legs
from renxing.estimation.measurement import learn
from renxing.estimation.propagation import propagate
from renxing.estimation.samples import Inertial
from renxing.robot.description import Imu
from renxing.spatial import Array

_REST = 0.02  # [m/s] standard deviation of the velocity at the start
_CREEP = 1e-5  # [m/√s] of the position itself: rounding, not motion


class InvariantFilter:
    """Holds the estimate.

    Attributes:
        estimate: Changes in place.
    """

    estimate: Estimate

    def __init__(
        self, config: StateEstimatorConfig, imu: Imu, soles: int, gravity: float
    ) -> None:
        """Set it up; `reset` starts it.

        Args:
            config: Its numbers.
            imu: The inertial sensor.
            soles: How many there are.
            gravity: Its size [m/s²].
        """
        self._config = config
        self._gravity = gravity
        self.estimate = unknown(soles)
        self._error = np.zeros(len(self.estimate.covariance))
        self._noise = np.array(
            [
                (imu.gyro_noise**2, config.gyro_noise**2),
                (imu.accel_noise**2, config.accel_noise**2),
                (0.0, _CREEP**2),
                (0.0, imu.gyro_bias_walk**2),
                (0.0, imu.accel_bias_walk**2),
            ]
        )

    def reset(self, rotation: Array, soles: Array, tilt: float) -> None:
        """Start at rest, odom in the middle between the soles.

        Args:
            rotation: Sensor to odom, shape (3, 3).
            soles: In the sensor frame [m], shape (soles, 3).
            tilt: Standard deviation of the tilt [rad].
        """
        config, estimate = self._config, self.estimate
        turned = soles @ rotation.T
        middle = turned.mean(axis=0)
        estimate.rotation[:] = rotation
        estimate.vectors[0] = 0.0
        estimate.vectors[1] = -middle
        estimate.vectors[2:] = turned - middle
        estimate.bias[:] = 0.0
        deviations = np.zeros(len(self._error))
        # A wrong tilt turns body and soles about odom's origin: their own errors, which
        # are right-invariant, do not know of it.
        deviations[:2] = tilt
        deviations[3:6] = _REST
        deviations[9:-6] = config.sole_noise
        deviations[-6:-3] = config.gyro_bias
        deviations[-3:] = config.accel_bias
        estimate.covariance[:] = np.diag(deviations**2)

    def predict(self, inertial: Inertial, dt: float) -> None:
        """Move the estimate by an inertial sample.

        Args:
            inertial: Of this cycle.
            dt: Since the last one [s].
        """
        rotation, vectors, bias, covariance = self.estimate
        shock = self._config.impact_noise**2 * inertial.jump / 3.0
        propagate(covariance, rotation, vectors, self._gravity, dt, self._noise, shock)
        move(rotation, vectors, bias, inertial.middle, self._gravity, dt)

    def correct(
        self, legs: Legs, footing: Footing, up: Array, tilt_variance: float
    ) -> None:
        """Take what the soles and the fused attitude say.

        Args:
            legs: Of this cycle.
            footing: Of this cycle.
            up: The vertical by the fused attitude, in the sensor frame, shape (3,).
            tilt_variance: Of that [rad²]; infinite to leave it out.
        """
        rotation, vectors, bias, covariance = self.estimate
        learn(
            *(rotation, vectors, covariance, self._error),
            *(legs.soles, legs.rotations, footing.slides, footing.spins, up),
            self._config.sole_noise**2,
            *(footing.velocity_variances, footing.spin_variance),
            tilt_variance,
        )
        apply_error(rotation, vectors, bias, self._error)
