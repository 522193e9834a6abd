# SPDX-License-Identifier: Apache-2.0
"""What flows between the rooms: frozen values with units and frames.

Joint vectors have shape (n,) in joint order (see `renxing.robot.model`). Stamps are
capture times on the clock of the node that owns the data [s].
"""

from dataclasses import dataclass

from renxing.spatial import SE3, Array, Mask


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JointState:
    """What the drives report.

    Attributes:
        stamp: Capture time [s].
        position: From the encoders [rad].
        velocity: From the encoders [rad/s].
        effort: Torque at the joint, from the motor currents [N·m].
        temperature: Of the windings [°C].
    """

    stamp: float
    position: Array
    velocity: Array
    effort: Array
    temperature: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JointCommand:
    """What every actuator takes.

    The drive turns it into torque at its own rate:
    `effort + proportional (position - q) + derivative (velocity - dq)`.

    Attributes:
        position: Wanted position [rad].
        velocity: Wanted speed [rad/s].
        effort: Feed-forward torque [N·m].
        proportional: Stiffness [N·m/rad].
        derivative: Damping [N·m·s/rad].
    """

    position: Array
    velocity: Array
    effort: Array
    proportional: Array
    derivative: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImuSample:
    """One inertial sample in the frame of the sensor.

    Attributes:
        stamp: Capture time [s].
        rotation_sensor_to_odom: Fused attitude, shape (3, 3).
        angular_velocity: [rad/s], shape (3,).
        specific_force: What the accelerometer feels, +g upwards at rest [m/s²].
    """

    stamp: float
    rotation_sensor_to_odom: Array
    angular_velocity: Array
    specific_force: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WrenchSample:
    """Wrench that the outside applies to the distal side of a cell, in its frame.

    Attributes:
        stamp: Capture time [s].
        force: [N], shape (3,).
        torque: About the origin of the frame [N·m], shape (3,).
    """

    stamp: float
    force: Array
    torque: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BatterySample:
    """What the battery reports.

    Attributes:
        stamp: Capture time [s].
        voltage: At the terminals [V].
        current: Out of the pack, positive when it empties [A].
        charge: What is left of its capacity, 0 to 1 [-].
    """

    stamp: float
    voltage: float
    current: float
    charge: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BaseState:
    """Pose and twist of the floating base.

    Attributes:
        stamp: Capture time [s].
        transform_base_to_odom: Pose of the base.
        linear_velocity: Of the base's origin, in the base frame [m/s], shape (3,).
        angular_velocity: In the base frame [rad/s], shape (3,).
    """

    stamp: float
    transform_base_to_odom: SE3
    linear_velocity: Array
    angular_velocity: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BodyState:
    """The whole body as the estimator sees it; feet in the order of the robot's file.

    Attributes:
        stamp: Of the joint state that it rests on [s].
        base: Pose and twist of the floating base; odom starts where the robot stood.
        position: Of the joints [rad], shape (n,).
        velocity: Of the joints [rad/s], shape (n,).
        sole_wrench: That the ground applies to each foot, [force; torque about the
            sole's origin] in the sole frame [N, N·m], shape (feet, 6).
        contact: Whether each foot carries weight, shape (feet,).
    """

    stamp: float
    base: BaseState
    position: Array
    velocity: Array
    sole_wrench: Array
    contact: Mask


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ElevationMap:
    """Heights of the ground around the robot, on a grid along odom's axes.

    Attributes:
        stamp: Of the newest measurement in it [s].
        origin: Centre of the cell [0, 0] in odom [m], shape (2,).
        resolution: Side of a cell [m].
        height: Of cell [i, j] at `origin + resolution * (i, j)` in odom [m]; NaN where
            nothing is known.
    """

    stamp: float
    origin: Array
    resolution: float
    height: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SkinSample:
    """What the whole skin feels; taxels in the order of `robot.skin.SkinLayout`.

    Attributes:
        stamp: Capture time [s].
        pressure: Of each taxel; of a saturated one the least that it can be [Pa].
        valid: Which taxels are whole and within their range.
        usable: The same, and those that are saturated.
        temperature: Of each patch [°C].
    """

    stamp: float
    pressure: Array
    valid: Mask
    usable: Mask
    temperature: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Touch:
    """Taxels of one patch that lie together and feel something.

    Attributes:
        patch: Its place in the robot's file.
        position: Middle of the pressure in the patch's frame, on its plane [m],
            shape (3,).
        force: Into the skin [N].
        area: [m²].
        peak: Greatest pressure [Pa].
    """

    patch: int
    position: Array
    force: float
    area: float
    peak: float
