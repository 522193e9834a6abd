# SPDX-License-Identifier: Apache-2.0
"""The simulated drives: MuJoCo's joints behind the robot's buses.

`python -m renxing.runtime.servo.drives_process --robot rx1`. It answers each frame as
it comes and turns time by the wall clock; the twin moves by nothing but frames. It
also plays the body's sensors, which write the joint bus's `body` block.

The robot hangs on a hoist at first: time stands still until the drives that carry a
foot have power and are stiff.
"""

import argparse
import select
import sys
import threading
import time
from collections.abc import Sequence

from renxing.actuation.servo.firmware import FirmwareConfig
from renxing.actuation.servo.joint_map import servo_map
from renxing.actuation.servo.table import Kind
from renxing.errors import ConfigError, RenxingError
from renxing.robot import Robot, load_robot
from renxing.runtime.rights import RightsConfig
from renxing.runtime.servo.can_bus import is_simulated, open_bus
from renxing.runtime.servo.drive_bus import DriveBus, DriveRack
from renxing.runtime.servo.follower import Follower
from renxing.runtime.servo.hoist import Hoist
from renxing.runtime.servo.joint_bus import body_layout, bus_name, plant_layout
from renxing.runtime.servo.serving import serve
from renxing.runtime.shared_block import BlockWriter
from renxing.sim import Twin, World, load_world

SENSE_STEPS = 2  # physics steps between two samples of the body's sensors
# Behind the clock by more, time is given up, not caught up in a burst: shorter than the
# drives' time-out, so that buses that were paused with the plant are heard in time.
LAG_LIMIT = 0.01  # [s]
# Above core and buses: real joints do not wait for software either.
RIGHTS = RightsConfig(thread_priority=60)


class Plant:
    """The twin, all its drives and its sensors."""

    def __init__(self, robot: Robot, world: World, name: str) -> None:
        """Stand the robot in its world and open all buses.

        Args:
            robot: The robot.
            world: Where it stands.
            name: Of the joint bus on this machine.

        Raises:
            ConfigError: If a bus is not a simulated one.
            DeviceError: If a bus or block cannot be opened.
            ModelError: If MuJoCo refuses robot or world.
        """
        real = [bus for bus in servo_map(robot) if not is_simulated(bus.url)]
        if real:
            raise ConfigError(
                f"{robot.name}: bus '{real[0].name}' is {real[0].url}; simulated "
                "drives are on udp"
            )
        self.twin = Twin(robot, world)
        self._robot = robot
        buses = servo_map(robot)
        self.rack = DriveRack(buses, robot, FirmwareConfig())
        self.buses = []
        kinds = (Kind.ORDER, Kind.SETPOINT, Kind.POLL)
        first = 0
        for bus in buses:
            opened = open_bus(bus.url, f"{name}.{bus.name}", kinds)
            self.buses.append(DriveBus(opened, bus, self.rack, first))
            first += len(bus.joints)
        layout = body_layout(robot)
        self._body = BlockWriter(f"{name}.body", layout) if layout.fields else None
        self._orders = Follower(f"{name}.plant", plant_layout())
        self._resets: int | None = None
        self._hoist = Hoist(robot)
        # Drives count their own time: it stands still while the plant is paused.
        self._time = 0.0
        self._end = threading.Event()
        self._steps = 0

    def end(self) -> None:
        """Ask the loop to end."""
        self._end.set()

    def run(self) -> None:
        """Answer frames and turn time until `end`."""
        period = self.twin.time_step
        sockets = [bus.bus.fileno() for bus in self.buses]
        due = time.monotonic()
        while not self._end.is_set():
            # Frames first: behind its time, the plant still answers.
            wait = max(0.0, due - time.monotonic())
            ready = select.select(sockets, [], [], wait)[0]
            for place, descriptor in enumerate(sockets):
                if descriptor in ready:
                    self.buses[place].serve(self._time)
            now = time.monotonic()
            if now < due:
                continue
            self.step()
            due += period
            if now - due > LAG_LIMIT:
                due = now
        if self._body is not None:
            self._body.close()
        for bus in self.buses:
            bus.bus.shutdown()

    def step(self) -> None:
        """Do one step of the physics, or of the hoist."""
        self._time += self.twin.time_step
        rows = self.rack.step(self.twin.joint_report(), self._time)
        if self._hoist.lets_go(rows):
            self.twin.advance(rows, 1)
        self._steps += 1
        if self._steps % SENSE_STEPS == 0:
            self._sense()
            self._look_for_orders()

    def _sense(self) -> None:
        if self._body is None:
            return
        frame = self._body.frame
        sensors = self._robot.description.sensors
        for imu, values in zip(sensors.imu, self.twin.imu_values(), strict=True):
            frame[imu.name][:] = values
        cells = self.twin.wrench_values()
        for cell, values in zip(sensors.force_torque, cells, strict=True):
            frame[cell.name][:] = values
        self._body.publish()

    def _look_for_orders(self) -> None:
        reader = self._orders.read(time.monotonic())
        if reader is None:
            return
        resets = int(reader.frame["resets"])
        if self._resets is not None and resets != self._resets:
            self.reset()
        self._resets = resets

    def reset(self) -> None:
        """Hang the robot up again where it began; drives lose their power."""
        self.twin.reset()
        self._hoist.hang()
        self.rack.reset()


def main(words: Sequence[str] | None = None) -> int:
    """Run the plant until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--robot", default="rx1", help="name or YAML file")
    parser.add_argument("--world", default="flat", help="name or YAML file")
    parser.add_argument("--namespace", default="", help="of the robot")
    arguments = parser.parse_args(words)
    try:
        robot = load_robot(arguments.robot)
        name = bus_name(arguments.namespace)
        plant = Plant(robot, load_world(arguments.world), name)
    except RenxingError as error:
        print(f"servo drives: {error}", file=sys.stderr)
        return 1
    serve(plant, "servo drives", RIGHTS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
