# SPDX-License-Identifier: Apache-2.0
"""What a piece of hardware is to the controller manager, in ros2_control's words.

A component owns two contiguous slices of float64 values, one for its state interfaces
and one for its command interfaces, in the order in which it lists their names. It
fills `state` in `read` and obeys `command` in `write`. A command that nobody gives is
NaN. Life cycle and return values are those of ros2_control (Jazzy).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum

import numpy as np

from renxing.spatial import Array

# Names of standard interfaces.
POSITION, VELOCITY, EFFORT = "position", "velocity", "effort"
PROPORTIONAL, DERIVATIVE = "proportional", "derivative"
TEMPERATURE = "temperature"
# Joint command of the five-parameter law, in the order of `JointCommand`.
IMPEDANCE = (POSITION, VELOCITY, EFFORT, PROPORTIONAL, DERIVATIVE)
# State interfaces of the standard sensors, in the order of ros2_control's components.
IMU = (
    *(f"orientation.{axis}" for axis in "xyzw"),
    *(f"angular_velocity.{axis}" for axis in "xyz"),
    *(f"linear_acceleration.{axis}" for axis in "xyz"),
)
FORCE_TORQUE = (
    *(f"force.{axis}" for axis in "xyz"),
    *(f"torque.{axis}" for axis in "xyz"),
)
ALIASES = {"kp": PROPORTIONAL, "kd": DERIVATIVE, "torque": EFFORT}


class Result(Enum):
    """What a life cycle step of a component or controller came to."""

    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"


class Return(Enum):
    """What a cycle (`read`, `write`, `update`) came to."""

    OK = "ok"
    ERROR = "error"
    DEACTIVATE = "deactivate"


class State(IntEnum):
    """Primary life cycle states; the numbers are those of `lifecycle_msgs/State`."""

    UNKNOWN = 0
    UNCONFIGURED = 1
    INACTIVE = 2
    ACTIVE = 3
    FINALIZED = 4

    @property
    def label(self) -> str:
        """The name that ROS uses."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceInfo:
    """One `<command_interface>` or `<state_interface>`.

    Attributes:
        name: Such as `position`; aliases are already resolved.
        data_type: As written; values travel as float64 whatever it is.
        minimum: Least allowed value, if given.
        maximum: Greatest allowed value, if given.
        initial_value: To start from, if given.
        limits: Whether limits are enforced on it.
        parameters: All `<param>` children.
    """

    name: str
    data_type: str = "double"
    minimum: float | None = None
    maximum: float | None = None
    initial_value: float | None = None
    limits: bool = True
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartInfo:
    """A `<joint>`, `<sensor>` or `<gpio>` of a component.

    Attributes:
        name: Of the part.
        kind: Its tag.
        command_interfaces: In the order of the file.
        state_interfaces: In the order of the file.
        mimic: Whether it is a joint that follows another one.
        parameters: Its `<param>` children.
    """

    name: str
    kind: str
    command_interfaces: tuple[InterfaceInfo, ...] = ()
    state_interfaces: tuple[InterfaceInfo, ...] = ()
    mimic: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MimicInfo:
    """A joint that follows another one: q = multiplier * q_source + offset.

    Attributes:
        joint: The follower.
        source: The joint of the same component that it follows.
        multiplier: Ratio of the two [-].
        offset: Position of the follower at source zero [rad] or [m].
    """

    joint: str
    source: str
    multiplier: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TransmissionEnd:
    """A `<joint>` or `<actuator>` of a transmission.

    Attributes:
        name: Of the joint or actuator.
        role: What it is in the transmission's own words, such as `joint1`.
        reduction: Its `mechanical_reduction` [-].
        offset: Position at the other end's zero [rad] or [m].
        read_only: Whether only states pass.
    """

    name: str
    role: str
    reduction: float = 1.0
    offset: float = 0.0
    read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TransmissionInfo:
    """A `<transmission>`; what it means is up to the hardware.

    Attributes:
        name: Its own.
        plugin: Its kind.
        joints: Ends on the joint side.
        actuators: Ends on the motor side.
        parameters: Its `<param>` children.
    """

    name: str
    plugin: str
    joints: tuple[TransmissionEnd, ...] = ()
    actuators: tuple[TransmissionEnd, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareInfo:
    """One `<ros2_control>` element.

    Attributes:
        name: Of the component.
        type: `system`, `actuator` or `sensor`.
        plugin: Of its `<hardware>`.
        group: Components of one group fail together; empty for none.
        rw_rate: Of read and write [Hz]; 0 follows the controller manager.
        parameters: The `<param>` children of `<hardware>`.
        parts: Joints, sensors and GPIOs in the order of the file.
        mimic: How its joints follow each other.
        transmissions: In the order of the file.
        is_async: Whether it asks for a thread of its own.
    """

    name: str
    type: str
    plugin: str
    group: str = ""
    rw_rate: int = 0
    parameters: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[PartInfo, ...] = ()
    mimic: tuple[MimicInfo, ...] = ()
    transmissions: tuple[TransmissionInfo, ...] = ()
    is_async: bool = False

    def joints(self) -> tuple[PartInfo, ...]:
        """Return the joints in the order of the file."""
        return tuple(part for part in self.parts if part.kind == "joint")

    def sensors(self) -> tuple[PartInfo, ...]:
        """Return the sensors in the order of the file."""
        return tuple(part for part in self.parts if part.kind == "sensor")


class HardwareComponent:
    """Base of all hardware. Subclasses override what they need.

    `state` and `command` exist from `on_configure` on. `read` runs while the component
    is inactive or active, `write` only while it is active.

    Attributes:
        info: What the robot description says of it.
        state: Values of its state interfaces, in the order of `state_names`.
        command: Values of its command interfaces, in the order of `command_names`;
            NaN where nobody commands.
    """

    def __init__(self, info: HardwareInfo) -> None:
        """Keep the description; open nothing yet."""
        self.info = info
        self.state: Array = np.empty(0)
        self.command: Array = np.empty(0)

    def state_names(self) -> Sequence[str]:
        """Return `part/interface` of its state values, in the order it wants them."""
        return [
            f"{part.name}/{interface.name}"
            for part in self.info.parts
            for interface in part.state_interfaces
        ]

    def command_names(self) -> Sequence[str]:
        """Return `part/interface` of its command values, in the order it wants them."""
        return [
            f"{part.name}/{interface.name}"
            for part in self.info.parts
            for interface in part.command_interfaces
        ]

    def on_init(self) -> Result:
        """Check the description; a failure finalises the component."""
        return Result.SUCCESS

    def on_configure(self) -> Result:
        """Open the device: unconfigured -> inactive."""
        return Result.SUCCESS

    def on_activate(self) -> Result:
        """Power it: inactive -> active."""
        return Result.SUCCESS

    def on_deactivate(self) -> Result:
        """Take the power off: active -> inactive."""
        return Result.SUCCESS

    def on_cleanup(self) -> Result:
        """Close the device: inactive -> unconfigured."""
        return Result.SUCCESS

    def on_shutdown(self) -> Result:
        """Close for good: any -> finalized."""
        return Result.SUCCESS

    def on_error(self) -> Result:
        """Recover: SUCCESS goes back to unconfigured, all else finalises it."""
        return Result.SUCCESS

    def recover(self) -> Result:
        """Get back what was lost while active, and touch nothing that works.

        Such as the power of one drive. Asked, not in the loop, before a stop is reset
        while joint states are missing; it may take a while to show.
        """
        return Result.SUCCESS

    def prepare_command_mode_switch(
        self, start: Sequence[str], stop: Sequence[str]
    ) -> Return:
        """Say whether these interfaces of its own may start and stop; not real-time."""
        return Return.OK

    def perform_command_mode_switch(
        self, start: Sequence[str], stop: Sequence[str]
    ) -> Return:
        """Do it; in the real-time loop."""
        return Return.OK

    def read(self, time: float, period: float) -> Return:
        """Fill `state` from the device.

        Args:
            time: Now, on the loop's clock [s].
            period: Since the last read [s].
        """
        return Return.OK

    def write(self, time: float, period: float) -> Return:
        """Send `command` to the device; arguments as for `read`."""
        return Return.OK
