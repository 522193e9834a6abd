# SPDX-License-Identifier: Apache-2.0
"""What is on the joint bus as hardware: the `servo` and `topics` backends.

It only reads and writes the joint bus; frames and drives are the business of the bus
processes. A joint that its drive does not answer for, or does not obey, is NaN: the
core holds the others. All silent, or no power in time: an error.
"""

import time as clock
from collections.abc import Mapping

import numpy as np

from renxing.actuation.servo.joint_map import servo_map
from renxing.actuation.servo.table import has_power
from renxing.errors import ConfigError, DeviceError, StaleError
from renxing.hardware_interface import (
    EFFORT,
    FORCE_TORQUE,
    IMPEDANCE,
    IMU,
    POSITION,
    TEMPERATURE,
    VELOCITY,
    HardwareComponent,
    HardwareInfo,
    Result,
    Return,
)
from renxing.robot import Robot
from renxing.runtime.block_layout import Layout
from renxing.runtime.servo.joint_bus import body_layout, command_layout, state_layout
from renxing.runtime.shared_block import BlockReader, BlockWriter, Reading
from renxing.spatial import Mask

STATES = (POSITION, VELOCITY, EFFORT, TEMPERATURE)
TIMES = ("reply_timeout", "connect_timeout", "power_timeout")


class JointBusSystem(HardwareComponent):
    """All joints and body sensors of a robot, by the joint bus.

    Attributes:
        reply_timeout: Oldest answer of a drive or sample of a body sensor [s].
        connect_timeout: Longest wait for all of them when it is configured [s].
        power_timeout: Longest time from the first command until all drives have power
            [s].
        joints_of_buses: By the bus's name.
        powered: Whether all drives have had power since the last activation.
    """

    # The description may give each of them as a parameter of the hardware.
    reply_timeout = 0.02
    connect_timeout = 30.0
    power_timeout = 1.0

    def __init__(
        self,
        info: HardwareInfo,
        robot: Robot,
        name: str,
        buses: Mapping[str, tuple[str, ...]],
    ) -> None:
        """Open nothing yet.

        Args:
            info: From the robot description.
            robot: The robot.
            name: Of the joint bus on this machine.
            buses: Joints of each bus.
        """
        super().__init__(info)
        self._robot, self._name = robot, name
        self.joints_of_buses = buses
        self._joints = tuple(joint.name for joint in info.joints() if not joint.mimic)
        self._writer: BlockWriter | None = None
        self._session = 0
        self._since = np.inf  # [s] when the first command went out
        self.powered = False

    def state_names(self) -> list[str]:
        """Joints interface by interface, then IMUs, then force/torque cells."""
        names = [f"{joint}/{kind}" for kind in STATES for joint in self._joints]
        for sensor, kinds in self._sensors():
            names += [f"{sensor}/{kind}" for kind in kinds]
        return names

    def command_names(self) -> list[str]:
        """Joints interface by interface, in the order of the impedance law."""
        return [f"{joint}/{kind}" for kind in IMPEDANCE for joint in self._joints]

    def _sensors(self) -> list[tuple[str, tuple[str, ...]]]:
        sensors = self._robot.description.sensors
        return [(imu.name, IMU) for imu in sensors.imu] + [
            (cell.name, FORCE_TORQUE) for cell in sensors.force_torque
        ]

    def on_init(self) -> Result:
        """Check the description against the robot."""
        if sorted(self._joints) != sorted(self._robot.joints):
            raise ConfigError(
                f"component '{self.info.name}': {len(self._joints)} joints; "
                f"{self._robot.name} has {len(self._robot.joints)}, each once"
            )
        unknown = sorted(set(self.info.parameters) - {*TIMES})
        if unknown:
            raise ConfigError(
                f"component '{self.info.name}': parameter '{unknown[0]}', allowed: "
                f"{', '.join(TIMES)}"
            )
        for key, text in self.info.parameters.items():
            setattr(self, key, float(text))
        self._lost = np.zeros(len(self._joints), dtype=bool)
        self._order = self._robot.indices(self._joints)  # component to joint order
        place = {joint: at for at, joint in enumerate(self._joints)}
        self._at = [
            np.array([place[j] for j in js]) for js in self.joints_of_buses.values()
        ]
        return Result.SUCCESS

    def on_configure(self) -> Result:
        """Open the joint bus and wait until every drive answers."""
        end = clock.monotonic() + self.connect_timeout

        def reader(name: str, layout: Layout) -> BlockReader:
            left = max(0.0, end - clock.monotonic())
            return BlockReader(f"{self._name}.{name}", layout, timeout=left)

        self._readers = [
            reader(f"{bus}.state", state_layout(joints))
            for bus, joints in self.joints_of_buses.items()
        ]
        body = body_layout(self._robot)
        self._body = reader("body", body) if body.fields else None
        if self._writer is None:  # else it is the one from before an error
            layout = command_layout(self._robot)
            self._writer = BlockWriter(f"{self._name}.command", layout)
        self._writer.frame["rows"][:] = np.nan
        self._stop()
        while True:
            silent = self._look()
            if not silent.any() and (self._body is None or not self._deaf()):
                return Result.SUCCESS
            if clock.monotonic() > end:
                self._close()
                raise StaleError(
                    f"no answer of {self._named(silent) or 'body sensors'}"
                )
            clock.sleep(0.005)

    def on_activate(self) -> Result:
        """Ask for power; it comes with the first commands."""
        # A number that no earlier core has used.
        self._session = clock.monotonic_ns()
        self.powered = False
        self._since = np.inf
        return Result.SUCCESS

    def on_deactivate(self) -> Result:
        """Take the power off."""
        self._stop()
        return Result.SUCCESS

    def on_cleanup(self) -> Result:
        """Leave the joint bus."""
        self._close()
        return Result.SUCCESS

    def on_shutdown(self) -> Result:
        """Leave the joint bus."""
        self._close()
        return Result.SUCCESS

    def on_error(self) -> Result:
        """Start over; no more commands, so that the drives damp and then let go."""
        self._session = 0
        return Result.SUCCESS

    def recover(self) -> Result:
        """Ask for the power of drives that have lost it; the others keep theirs."""
        if self._session:
            self._session = clock.monotonic_ns()
        return Result.SUCCESS

    def _stop(self) -> None:
        self._session = 0
        if self._writer is not None:
            self._writer.frame["session"][...] = 0
            self._writer.publish()

    def _close(self) -> None:
        self._stop()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def read(self, time: float, period: float) -> Return:
        """Take what drives and sensors have reported."""
        silent = self._look()
        if silent.all():
            raise StaleError(f"no answer of {self._named(silent)}")
        lost = silent
        self._lost[:] = False
        if self._session:
            idle = ~has_power(self._drive_states)
            if self.powered:
                lost = lost | idle
                self._lost[:] = lost
            elif not idle.any():
                self.powered = True
            elif clock.monotonic() - self._since > self.power_timeout:
                raise DeviceError(f"no power on {self._named(idle)}")
        self.state[: len(STATES) * len(self._joints)].reshape(len(STATES), -1)[
            :3, lost
        ] = np.nan
        if self._body is not None:
            start = len(STATES) * len(self._joints)
            if self._deaf():
                self.state[start:] = np.nan
            else:
                frame = self._body.frame
                parts = [frame[name] for name, _ in self._sensors()]
                np.concatenate(parts, out=self.state[start:])
        return Return.OK

    def _look(self) -> Mask:
        """Read the buses into `state`; return the joints of which nothing is heard."""
        n = len(self._joints)
        silent = np.ones(n, dtype=bool)
        self._drive_states = np.zeros(n, dtype=np.int64)
        rows = self.state[: len(STATES) * n].reshape(len(STATES), n)
        # Taken before the blocks are read: a pause of this process makes nobody silent.
        oldest = clock.monotonic_ns() - round(1e9 * self.reply_timeout)
        for reader, at in zip(self._readers, self._at, strict=True):
            if reader.read() is Reading.GONE:
                self._reopen(reader)
            frame = reader.frame
            for row, kind in zip(rows, STATES, strict=True):
                row[at] = frame[kind]
            self._drive_states[at] = frame["state"]
            silent[at] = frame["heard"] < oldest
        return silent

    def _deaf(self) -> bool:
        """Read the body sensors; return whether their sample is too old."""
        if self._body is None:
            return False
        now = clock.monotonic_ns()
        if self._body.read() is Reading.GONE:
            self._reopen(self._body)
        return self._body.age(now) > self.reply_timeout

    def _reopen(self, reader: BlockReader) -> None:
        # Its process was stopped and may come back; a look costs some 50 us.
        try:
            reader.reopen()
        except DeviceError:
            return

    def _named(self, joints: Mask) -> str:
        buses = [
            bus
            for bus, at in zip(self.joints_of_buses, self._at, strict=True)
            if joints[at].any()
        ]
        return ", ".join(buses)

    def write(self, time: float, period: float) -> Return:
        """Hand the command to the buses."""
        if self._writer is None:
            raise DeviceError(f"joint bus {self._name}: closed")
        frame = self._writer.frame
        rows = self.command.reshape(len(IMPEDANCE), -1)
        if self._lost.any():
            # They may get their power back anywhere: only damp until the core has seen
            # where that is.
            rows = rows.copy()
            rows[2:4, self._lost] = 0.0
        frame["rows"][:, self._order] = rows
        frame["session"][...] = self._session
        self._writer.publish()
        if self._since == np.inf:
            self._since = clock.monotonic()
        return Return.OK


class ServoSystem(JointBusSystem):
    """Drives on buses: the `servo` backend (`renxing/ServoSystem`)."""

    def __init__(self, info: HardwareInfo, robot: Robot, name: str) -> None:
        """Open nothing yet; arguments as for `JointBusSystem`.

        Raises:
            ConfigError: If the robot's map of its buses is wrong.
        """
        buses = {bus.name: bus.joints for bus in servo_map(robot)}
        super().__init__(info, robot, name, buses)
