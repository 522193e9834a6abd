# SPDX-License-Identifier: Apache-2.0
"""What `config/robots/<robot>.yaml` says, as types; `docs/your-robot.md` explains."""

import math
from typing import Annotated, Literal

from msgspec import Meta, Struct

from renxing.robot.servo import Servo

Positive = Annotated[float, Meta(gt=0.0)]
NotNegative = Annotated[float, Meta(ge=0.0)]
Count = Annotated[int, Meta(gt=0)]
Vector3 = tuple[float, float, float]
Interval = tuple[float, float]


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all parts of the file: frozen, and an unknown key is an error."""


def _want_order(name: str, interval: Interval, least: float = -math.inf) -> None:
    lower, upper = interval
    if not least <= lower < upper:
        bound = "" if least == -math.inf else f", the first at least {least:g}"
        raise ValueError(
            f"{name}: {list(interval)}: the first must be below the second{bound}"
        )


class Frame(Part, frozen=True):
    """A frame that the URDF lacks, fixed on one of its links.

    Attributes:
        name: Its name in tf.
        parent: The link or frame that carries it.
        xyz: Its origin in the parent [m].
        rpy: Its roll, pitch, yaw in the parent [rad].
    """

    name: str
    parent: str
    xyz: Vector3 = (0.0, 0.0, 0.0)
    rpy: Vector3 = (0.0, 0.0, 0.0)


class Drive(Part, frozen=True):
    """A motor with its gear, as seen at the joint.

    Attributes:
        rotor_inertia: Inertia of the rotor about its axis [kg·m²].
        gear_ratio: Turns of the rotor for a turn of the joint [-].
        coulomb_friction: Dry friction at the joint [N·m].
        viscous_friction: Friction proportional to speed, at the joint [N·m·s/rad].
        corner_speed: Joint speed up to which the full torque is available [rad/s].
        no_load_speed: Joint speed at which no torque is left [rad/s].
        torque_constant: Joint torque per ampere of motor current [N·m/A].
        resistance: Of the winding, phase to phase, at 25 °C [Ω].
        thermal_resistance: Winding to ambient [K/W].
        thermal_capacity: Of the winding [J/K].
        temperature_limit: Winding temperature at which the drive gives up [°C].
        encoder_bits: Resolution of the joint encoder: 2^bits steps a turn.
    """

    rotor_inertia: Positive
    gear_ratio: Positive
    coulomb_friction: NotNegative
    viscous_friction: NotNegative
    corner_speed: Positive
    no_load_speed: Positive
    torque_constant: Positive
    resistance: Positive
    thermal_resistance: Positive
    thermal_capacity: Positive
    temperature_limit: Positive
    encoder_bits: Annotated[int, Meta(ge=8, le=32)]

    def __post_init__(self) -> None:
        """Refuse an envelope in which the torque never fades."""
        if self.corner_speed >= self.no_load_speed:
            raise ValueError(
                f"corner_speed {self.corner_speed:g} rad/s must be below "
                f"no_load_speed {self.no_load_speed:g} rad/s"
            )

    @property
    def armature(self) -> float:
        """Inertia of the rotor reflected to the joint, J n² [kg·m²]."""
        return self.rotor_inertia * self.gear_ratio**2


class Joint(Part, frozen=True):
    """An actuated joint of the URDF.

    Attributes:
        name: Its name in the URDF.
        drive: Key of `drives`.
        kp: Stiffness that holds a posture [N·m/rad].
        kd: Damping that goes with it [N·m·s/rad].
        limits: Tighter position limits than the URDF's, if any [rad].
    """

    name: str
    drive: str
    kp: NotNegative
    kd: NotNegative
    limits: Interval | None = None

    def __post_init__(self) -> None:
        """Refuse limits in the wrong order."""
        if self.limits is not None:
            _want_order("limits", self.limits)


class Foot(Part, frozen=True):
    """A foot and the rectangle of its sole.

    Attributes:
        name: `left` or `right`.
        link: The link that touches the ground.
        sole: Frame on the ground side of the sole, z up (REP-120 `l_sole`, `r_sole`).
        x: Rear and front edge of the contact rectangle in the sole frame [m].
        y: Right and left edge of it in the sole frame [m].
        force_torque: Name of the sensor that measures this foot, if it has one.
    """

    name: str
    link: str
    sole: str
    x: Interval
    y: Interval
    force_torque: str | None = None

    def __post_init__(self) -> None:
        """Refuse an inside-out rectangle."""
        _want_order("x", self.x)
        _want_order("y", self.y)


class Hand(Part, frozen=True):
    """A hand.

    Attributes:
        name: `left` or `right`.
        link: The palm.
        gripper: Frame in the middle of a grasp (REP-120 `l_gripper`, `r_gripper`).
        joints: Its actuated joints; none for a hand that cannot move.
        force_torque: Name of the sensor in its wrist, if it has one.
    """

    name: str
    link: str
    gripper: str
    joints: tuple[str, ...] = ()
    force_torque: str | None = None


class Imu(Part, frozen=True):
    """An inertial sensor.

    Attributes:
        name: Its name in `<ros2_control>` and in messages.
        frame: Frame in which it measures.
        topic: Where its samples are published, relative to the namespace.
        gyro_noise: Standard deviation of a sample [rad/s].
        gyro_bias_walk: Random walk of the bias [rad/s/√s].
        accel_noise: Standard deviation of a sample [m/s²].
        accel_bias_walk: Random walk of the bias [m/s²/√s].
        attitude_noise: Standard deviation of the fused orientation [rad].
    """

    name: str
    frame: str
    topic: str
    gyro_noise: NotNegative
    gyro_bias_walk: NotNegative
    accel_noise: NotNegative
    accel_bias_walk: NotNegative
    attitude_noise: NotNegative


class ForceTorque(Part, frozen=True):
    """A 6-axis force/torque cell.

    It reports the wrench that the outside applies to the distal side, in its frame.

    Attributes:
        name: Its name in `<ros2_control>` and in messages.
        frame: Frame in which it measures; fixed to the distal side.
        topic: Where its samples are published, relative to the namespace.
        force_noise: Standard deviation of a sample [N].
        torque_noise: Standard deviation of a sample [N·m].
    """

    name: str
    frame: str
    topic: str
    force_noise: NotNegative
    torque_noise: NotNegative


class Camera(Part, frozen=True):
    """A depth camera.

    Attributes:
        name: Its name in topics: `camera/<name>/...`.
        frame: Its optical frame: z forward, x right (REP-103).
        width: Columns [px].
        height: Rows [px].
        field_of_view: Horizontal opening angle [rad].
        range: Nearest and farthest distance that it measures [m].
        rate: Images a second [Hz].
        depth: How it measures depth, which decides about the errors of the simulated
            one: two imagers, or time of flight.
    """

    name: str
    frame: str
    width: Count
    height: Count
    field_of_view: Annotated[float, Meta(gt=0.0, lt=3.1)]
    range: Interval
    rate: Positive
    depth: Literal["stereo", "tof"] = "stereo"

    def __post_init__(self) -> None:
        """Refuse a camera that measures nothing."""
        _want_order("range", self.range, 0.0)


class Lidar(Part, frozen=True):
    """A laser scanner that looks all around.

    Attributes:
        name: Its name in topics: `lidar/<name>/points`.
        frame: x ahead, z up (REP-103).
        elevation: Of the lowest and the highest ring; positive is up [rad].
        rings: Of beams, evenly between them.
        columns: Beams of a ring, evenly all around.
        range: Nearest and farthest distance that it measures [m].
        rate: Turns a second [Hz].
        noise: Standard deviation of a distance [m].
    """

    name: str
    frame: str
    elevation: Interval
    rings: Count
    columns: Count
    range: Interval
    rate: Positive
    noise: NotNegative

    def __post_init__(self) -> None:
        """Refuse a lidar that measures nothing."""
        _want_order("elevation", self.elevation, -0.5 * math.pi)
        _want_order("range", self.range, 0.0)


class SkinPatch(Part, frozen=True):
    """A rectangle of tactile cells (taxels).

    Attributes:
        name: Its name in topics: `skin/<name>`.
        frame: Its centre: z out of the skin.
        rows: Taxels along y.
        columns: Taxels along x.
        pitch: Distance of neighbours [m].
    """

    name: str
    frame: str
    rows: Count
    columns: Count
    pitch: Positive


class Sensors(Part, frozen=True):
    """All that the robot feels and sees besides its joints."""

    imu: tuple[Imu, ...] = ()
    force_torque: tuple[ForceTorque, ...] = ()
    cameras: tuple[Camera, ...] = ()
    lidars: tuple[Lidar, ...] = ()
    skin: tuple[SkinPatch, ...] = ()


class Battery(Part, frozen=True):
    """The battery pack.

    Attributes:
        capacity: Charge when full [A·h].
        voltage: Empty and full, at rest [V].
        resistance: Inside the pack [Ω].
        idle_power: Taken by computers and sensors [W].
    """

    capacity: Positive
    voltage: Interval
    resistance: NotNegative
    idle_power: NotNegative

    def __post_init__(self) -> None:
        """Refuse a pack that is fuller when it is empty."""
        _want_order("voltage", self.voltage, 1.0)


class Keyframe(Part, frozen=True):
    """Where joints are at one moment of a gesture.

    Attributes:
        after: The keyframe before it [s].
        joints: Positions [rad]; joints left out stay where they were.
    """

    after: Positive
    joints: dict[str, float]


class Gesture(Part, frozen=True, kw_only=True):
    """A motion of arms and head that says something.

    Attributes:
        begin: How it begins.
        cycle: What is then repeated.
    """

    begin: tuple[Keyframe, ...]
    cycle: tuple[Keyframe, ...] = ()


class RobotDescription(Part, frozen=True, kw_only=True):
    """One robot.

    Attributes:
        name: Short name; also that of the file.
        urdf: URDF or xacro: relative to the project, to this file, absolute, or
            `package://<package>/...`.
        extra: Optional part of renxing that brings the URDF, if any.
        mass: Least and greatest believable total mass [kg].
        base: Root link, the pelvis.
        torso: Link that carries head and arms.
        frames: Frames that the URDF lacks.
        drives: The motors, by name.
        joints: The actuated joints; this order is the order of every joint vector.
        groups: Named subsets of the joints.
        postures: Joint positions [rad] by posture; a joint left out is at 0. `stand`
            is the safe posture: both soles flat on level ground.
        gestures: Motions that say something, by name, such as `wave_right`.
        feet: Left and right.
        hands: Left and right, if any.
        sensors: What it feels and sees.
        battery: Its battery pack.
        servo: Its buses and drives, for the `servo` backend.
    """

    name: str
    urdf: str
    extra: str | None = None
    mass: Interval
    base: str
    torso: str
    frames: tuple[Frame, ...] = ()
    drives: dict[str, Drive]
    joints: tuple[Joint, ...]
    groups: dict[str, tuple[str, ...]]
    postures: dict[str, dict[str, float]]
    gestures: dict[str, Gesture] = {}
    feet: tuple[Foot, ...]
    hands: tuple[Hand, ...] = ()
    sensors: Sensors = Sensors()
    battery: Battery
    servo: Servo = Servo()

    def __post_init__(self) -> None:
        """Refuse a window of masses that holds none."""
        _want_order("mass", self.mass, 0.0)
