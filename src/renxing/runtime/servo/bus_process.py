# SPDX-License-Identifier: Apache-2.0
"""The real-time process of one bus, or of several.

`python -m renxing.runtime.servo.bus_process --robot rx1 --bus left_leg`. Each cycle it
takes the core's command from the joint bus, exchanges frames with the drives and
writes what they say. It holds no ROS and outlives core and nodes; a supervisor starts
it like any other process.

Dead core: while no new command comes it repeats the last one for `CORE_TIMEOUT`, then
sends none, and the drives go over to their own time-out.
"""

import argparse
import sys
import threading
import time
from collections.abc import Sequence

from renxing.actuation.servo.joint_map import select_buses
from renxing.actuation.servo.table import Kind, Order
from renxing.errors import RenxingError
from renxing.robot import Robot, load_robot
from renxing.runtime.rights import RightsConfig
from renxing.runtime.servo.can_bus import claim_bus, open_bus
from renxing.runtime.servo.follower import Follower
from renxing.runtime.servo.joint_bus import (
    bus_name,
    command_layout,
    orders_layout,
    state_layout,
)
from renxing.runtime.servo.master import BusMaster
from renxing.runtime.servo.rhythm import Rhythm
from renxing.runtime.servo.serving import serve
from renxing.runtime.shared_block import BlockWriter
from renxing.spatial import Array

CORE_TIMEOUT = 0.1  # [s] that the last command is repeated for, by default
ANSWER_SHARE = 0.5  # of a period that is spent waiting for answers
# Above the core's: a bus's cycle is short, and the core's next read wants its result.
RIGHTS = RightsConfig(thread_priority=55, heap=4 * 2**20)


class BusProcess:
    """Several buses, their blocks and their loop."""

    def __init__(
        self,
        robot: Robot,
        buses: Sequence[str],
        name: str,
        core_timeout: float = CORE_TIMEOUT,
    ) -> None:
        """Open buses and blocks.

        Args:
            robot: Whose.
            buses: Names of buses; all if empty.
            name: Of the joint bus on this machine.
            core_timeout: For how long the core's last command is repeated [s].

        Raises:
            ConfigError: If there is no such bus, or another process has it.
            DeviceError: If it cannot be opened.
        """
        chosen = select_buses(robot, buses)
        # Nobody uses these, but while they are open no other process gets the bus.
        self._claims = [claim_bus(bus.url, f"{name}.{bus.name}") for bus in chosen]
        self._blocks = [
            BlockWriter(f"{name}.{bus.name}.state", state_layout(bus.joints))
            for bus in chosen
        ]
        for block in self._blocks:  # one of a process that died has its last words
            block.frame["heard"][:] = 0
        wanted = (Kind.STATE, Kind.ANSWER)
        self._began = time.monotonic_ns()
        self._masters = [
            BusMaster(
                open_bus(bus.url, f"{name}.{bus.name}", wanted),
                bus,
                block.frame,
                self._began,
            )
            for bus, block in zip(chosen, self._blocks, strict=True)
        ]
        self._orders = [
            Follower(f"{name}.{bus.name}.orders", orders_layout(bus.joints))
            for bus in chosen
        ]
        self._command = Follower(f"{name}.command", command_layout(robot))
        self._seen = [0] * len(chosen)
        self._written = 0
        self._core_timeout = core_timeout
        self.rhythm = Rhythm(robot.description.servo.rate)
        self._end = threading.Event()

    def end(self) -> None:
        """Ask the loop to end after this cycle."""
        self._end.set()

    def run(self) -> None:
        """Exchange frames until `end`."""
        self.rhythm.start()
        while not self._end.is_set():
            self.cycle()
            self.rhythm.wait()
        for master, block in zip(self._masters, self._blocks, strict=True):
            master.close()
            block.close()

    def cycle(self) -> None:
        """Exchange one round of frames on all buses."""
        start = self.rhythm.pacer.woke
        now = 1e-9 * start
        rows, session = self._wanted(now)
        for place, master in enumerate(self._masters):
            self._operate(place, master, now)
            own = None if rows is None else rows[:, master.map.index]
            master.send(own, session, now)
        deadline = now + ANSWER_SHARE * 1e-9 * self.rhythm.pacer.period
        for master, block in zip(self._masters, self._blocks, strict=True):
            while master.waiting:
                left = deadline - time.monotonic()
                if left <= 0.0 or not master.receive(left, time.monotonic_ns):
                    break
            while master.receive(0.0, time.monotonic_ns):
                pass  # answers to orders, and what came late
            block.publish(start)
        # Published with the next cycle.
        self.rhythm.report([block.frame for block in self._blocks])

    def _wanted(self, now: float) -> tuple[Array | None, int]:
        """Return the core's command, None if it is silent, and its session."""
        reader = self._command.read(now)
        if reader is None:
            return None, 0
        frame = reader.frame
        if frame.stamp != self._written:
            self._written = frame.stamp
            self.rhythm.follow(frame.stamp)
        session = int(frame["session"])
        if reader.age(int(1e9 * now)) > self._core_timeout:
            return None, session
        return frame["rows"], session

    def _operate(self, place: int, master: BusMaster, now: float) -> None:
        reader = self._orders[place].read(now)
        if reader is None:
            return
        frame = reader.frame
        number, order = int(frame["number"]), Order(int(frame["order"]))
        if number == self._seen[place]:
            return
        self._seen[place] = number
        if number > self._began:
            master.operate(number, order, int(frame["drives"]), now)
        elif order is Order.DISABLE:
            # Given to the process before this one; only this order outlives it.
            master.inhibit()


def main(words: Sequence[str] | None = None) -> int:
    """Exchange frames until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--robot", default="rx1", help="name or YAML file")
    parser.add_argument("--bus", nargs="*", default=[], help="its buses; default all")
    parser.add_argument("--namespace", default="", help="of the robot")
    parser.add_argument(
        "--core-timeout",
        type=float,
        default=CORE_TIMEOUT,
        metavar="S",
        help="for how long the core's last command is repeated",
    )
    arguments = parser.parse_args(words)
    try:
        robot = load_robot(arguments.robot)
        name = bus_name(arguments.namespace)
        process = BusProcess(robot, arguments.bus, name, arguments.core_timeout)
    except RenxingError as error:
        print(f"servo bus: {error}", file=sys.stderr)
        return 1
    serve(process, "servo bus", RIGHTS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
