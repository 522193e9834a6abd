# SPDX-License-Identifier: Apache-2.0
"""The numbers of the state estimator."""

from dataclasses import dataclass, field

from renxing.estimation.contact import ContactConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class StateEstimatorConfig:
    """The state estimator; the noise of the inertial sensor is in the robot's file.

    Attributes:
        imu: Name of the inertial sensor; the first on the base if empty.
        imu_age: How much older than its stamp an inertial sample is [s].
        use_attitude: Whether the fused attitude's tilt is an input; its yaw never is.
        tilt_noise: Of the fused tilt, as white noise of that size each second
            [rad·√s]; large, for its error is rather a slow bias.
        accel_noise: Of the integrated acceleration, besides the sensor's own:
            vibration that sampling misses [m/s/√s].
        impact_noise: Share of a jump between two accelerometer samples that is taken
            for an error of the velocity [-].
        gyro_noise: Of the integrated angular velocity, besides the sensor's [rad/√s].
        gyro_bias: Bias of the gyroscope at the start, standard deviation [rad/s].
        accel_bias: Likewise of the accelerometer [m/s²].
        sole_noise: Of a sole's place in the base by the encoders [m], each sample.
        slide: Of a loaded sole on the ground, horizontally [m/√s].
        sink: Likewise vertically [m/√s].
        loose: Of a sole in the air [m/√s].
        velocity_noise: Of a standing sole's velocity by the encoders [m/s].
        turn_noise: Of a flat sole's angular velocity by the encoders [rad/s].
        still_time: For how long all soles have to lie flat before that counts [s].
        slip_speed: Speed beyond which a loaded sole seems to slide [m/s].
        slip_time: Of the low-pass filter on that speed [s].
        slip_span: For how long a slide may go on, seen as noise of the sole's
            place: its variance grows by speed squared times this [s].
        slip_patience: For how long all loaded soles may seem to slide before the
            estimated velocity is doubted instead [s].
        load_cutoff: Of the low-pass filter on ground forces from torques [Hz].
        frozen_time: For how long equal values of a cell are believed [s].
        force_limit: Greatest plausible force of a cell, in weights of the robot [-].
        patience: For how long missing samples are bridged [s].
        contact: Contact detection.
    """

    imu: str = ""
    imu_age: float = field(default=0.001, metadata={"min": 0.0, "max": 0.02})
    use_attitude: bool = True
    tilt_noise: float = field(default=0.03, metadata={"min": 1e-4, "max": 10.0})
    accel_noise: float = field(default=0.02, metadata={"min": 0.0, "max": 2.0})
    impact_noise: float = field(default=0.2, metadata={"min": 0.0, "max": 2.0})
    gyro_noise: float = field(default=2e-4, metadata={"min": 0.0, "max": 0.1})
    gyro_bias: float = field(default=0.005, metadata={"min": 1e-6, "max": 0.5})
    accel_bias: float = field(default=0.05, metadata={"min": 1e-6, "max": 2.0})
    sole_noise: float = field(default=3e-4, metadata={"min": 1e-5, "max": 0.05})
    slide: float = field(default=2e-3, metadata={"min": 1e-6, "max": 0.5})
    sink: float = field(default=2e-3, metadata={"min": 1e-6, "max": 0.5})
    loose: float = field(default=10.0, metadata={"min": 0.5, "max": 100.0})
    velocity_noise: float = field(default=0.1, metadata={"min": 1e-3, "max": 10.0})
    turn_noise: float = field(default=0.01, metadata={"min": 1e-3, "max": 100.0})
    still_time: float = field(default=0.4, metadata={"min": 0.0, "max": 10.0})
    slip_speed: float = field(default=0.1, metadata={"min": 0.01, "max": 5.0})
    slip_time: float = field(default=0.01, metadata={"min": 0.0, "max": 0.1})
    slip_span: float = field(default=0.2, metadata={"min": 0.0, "max": 1.0})
    slip_patience: float = field(default=0.3, metadata={"min": 0.05, "max": 5.0})
    load_cutoff: float = field(default=25.0, metadata={"min": 1.0, "max": 200.0})
    frozen_time: float = field(default=0.05, metadata={"min": 0.005, "max": 1.0})
    force_limit: float = field(default=10.0, metadata={"min": 1.5, "max": 100.0})
    patience: float = field(default=0.02, metadata={"min": 0.0, "max": 0.2})
    contact: ContactConfig = field(default_factory=ContactConfig)
