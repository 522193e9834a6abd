# SPDX-License-Identifier: Apache-2.0
"""A simulated robot behind the joint bus and all its processes, for a while.

For the conformance suite, benchmarks and tests; a stack starts the same programs by
its table.
"""

import itertools
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from renxing.actuation.servo.joint_map import servo_map
from renxing.errors import DeviceError
from renxing.robot import Robot
from renxing.runtime.servo.joint_bus import bus_name, plant_layout
from renxing.runtime.shared_block import BlockWriter

START_TIMEOUT = 180.0  # [s] until all processes are ready; each loads the robot
STOP_TIMEOUT = 10.0  # [s]
RESET_TIME = 0.2  # [s] for the robot to hang there again, and its buses to say so
DRIVES = "drives"

_numbers = itertools.count()


class PlantBench:
    """The processes of one simulated robot.

    Attributes:
        namespace: In which all of it is.
        name: Of the joint bus on this machine.
        processes: Those that run, by name.
    """

    def __init__(self, backend: str, programs: Mapping[str, Sequence[str]]) -> None:
        """Start nothing yet.

        Args:
            backend: Part of the name of the joint bus.
            programs: Modules and arguments by name; `{namespace}` is filled in.
        """
        self.namespace = f"bench_{os.getpid()}_{next(_numbers)}"
        self.name = bus_name(self.namespace, backend)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._programs = programs
        self._plant: BlockWriter | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start all processes, wait until they are ready, and end them afterwards.

        Raises:
            DeviceError: If one does not start.
        """
        self._plant = BlockWriter(f"{self.name}.plant", plant_layout())
        self._plant.publish()
        try:
            self.start(*self._programs)
            yield
        finally:
            self.stop()
            self._plant.close()

    def start(self, *names: str) -> None:
        """Start processes and wait until they are ready.

        Raises:
            DeviceError: If one does not start.
        """
        pipes = [self._start(name) for name in names]
        end = time.monotonic() + START_TIMEOUT
        try:
            with selectors.DefaultSelector() as selector:
                for pipe in pipes:
                    selector.register(pipe, selectors.EVENT_READ)
                while selector.get_map():
                    events = selector.select(max(0.0, end - time.monotonic()))
                    if not events:
                        raise DeviceError(f"{self.name}: not ready in time")
                    for key, _ in events:
                        if not os.read(key.fd, 16):
                            raise DeviceError(f"{self.name}: a process has ended")
                        selector.unregister(key.fd)
        finally:
            for pipe in pipes:
                os.close(pipe)

    def _start(self, name: str) -> int:
        read, write = os.pipe()
        words = [
            word.replace("{namespace}", self.namespace) for word in self._programs[name]
        ]
        try:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", *words],
                env={**os.environ, "RENXING_READY_FD": str(write)},
                pass_fds=(write,),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        finally:
            os.close(write)
        return read

    def restart(self) -> None:
        """Hang the robot up again where it began, without power."""
        if self._plant is not None:
            self._plant.frame["resets"][...] += 1
            self._plant.publish()
            time.sleep(RESET_TIME)

    def stop(self) -> None:
        """End all processes."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()


def servo_bench(
    robot: Robot, processes: Mapping[str, Sequence[str]] | None = None
) -> PlantBench:
    """Return simulated drives and the processes of their buses.

    Args:
        robot: The robot, whose buses must be simulated ones.
        processes: Buses of each process; one for each bus if left out.
    """
    common = ("--robot", str(robot.lines.path), "--namespace", "{namespace}")
    if processes is None:
        processes = {bus.name: (bus.name,) for bus in servo_map(robot)}
    drives = ("renxing.runtime.servo.drives_process", *common)
    programs: dict[str, Sequence[str]] = {DRIVES: drives}
    for name, buses in processes.items():
        programs[name] = (
            "renxing.runtime.servo.bus_process",
            *common,
            # Benches and tests that play the core are no real-time processes.
            "--core-timeout",
            "1.0",
            "--bus",
            *buses,
        )
    return PlantBench("servo", programs)


def topics_bench(robot: Robot) -> PlantBench:
    """Return a simulated robot behind topics and the node that bridges to them."""
    ros = ("--ros-args", "-r", "__ns:=/{namespace}", "-p")
    programs = {
        node: ("renxing.nodes.host", node, *ros, f"robot:={robot.lines.path}")
        for node in ("loopback_robot", "topics_bridge")
    }
    return PlantBench("topics", programs)
