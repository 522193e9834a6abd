# SPDX-License-Identifier: Apache-2.0
"""A backend's components on the bench: walked, read and commanded without a core.

No guard stands between the bench and the hardware: checks ask for small things only.
"""

import time
from types import TracebackType

import numpy as np

from renxing.errors import DeviceError
from renxing.hardware_interface import IMPEDANCE, State
from renxing.runtime.conformance.backend import Backend
from renxing.runtime.manager.plugins import HARDWARE, HARDWARE_GROUP, Plugins
from renxing.runtime.manager.resource_manager import Indices, ResourceManager
from renxing.spatial import Array

RATE = 500  # [Hz] of read and write


class Rig:
    """Fresh components of a backend, and a loop to turn by hand.

    Attributes:
        backend: What they are made from.
        resources: The components and their values.
        wanted: The five of the impedance law for all joints, shape (5, n); NaN gives
            no command.
        read_times: How long each `read` took [s].
        write_times: How long each `write` took [s].
    """

    def __init__(self, backend: Backend) -> None:
        """Make the components; a simulation starts again.

        Raises:
            ConfigError: If they are not what the description says.
        """
        backend.restart()
        self.backend = backend
        self.resources = ResourceManager(
            backend.infos, Plugins(HARDWARE, HARDWARE_GROUP, backend.plugins), RATE
        )
        self.period = 1.0 / RATE
        self.wanted: Array = np.full((5, len(backend.robot.joints)), np.nan)
        self.read_times: list[float] = []
        self.write_times: list[float] = []
        self._time = 0.0
        self._due = time.monotonic()
        index = self.resources.command_index
        self._at = np.array(
            [
                [index.get(f"{joint}/{kind}", -1) for joint in backend.robot.joints]
                for kind in IMPEDANCE
            ]
        )
        self._has = self._at >= 0

    def __enter__(self) -> "Rig":
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finalise the components."""
        self.resources.shut_down()

    def walk(self, goal: State) -> None:
        """Bring all components to a state.

        Raises:
            DeviceError: If one does not get there.
        """
        for component in self.resources.components:
            why = self.resources.set_component_state(component.name, goal)
            if why:
                raise DeviceError(f"component '{component.name}': {why}")
        self._due = time.monotonic()

    def hold(self) -> None:
        """Want every joint where it should stand, with the robot's own gains.

        That is the posture `stand` in a simulation, and where it is on a device.
        """
        robot = self.backend.robot
        if self.backend.simulated:
            position = robot.posture("stand")
        else:
            self.read()
            position = self.joints("position")
        zero = np.zeros(len(robot.joints))
        self.wanted = np.array([position, zero, zero, robot.kp, robot.kd])

    def turn(self, seconds: float) -> Array:
        """Read and write for a while.

        Returns:
            All state values after each read, shape (cycles, states).

        Raises:
            DeviceError: If a component fails.
        """
        rows = []
        for _ in range(max(1, round(seconds * RATE))):
            self.read()
            rows.append(self.resources.states.copy())
            self.resources.commands[self._at[self._has]] = self.wanted[self._has]
            start = time.perf_counter()
            failed, resting = self.resources.write(self._time, self.period)
            self.write_times.append(time.perf_counter() - start)
            self._complain("write", failed + resting)
            self._time += self.period
            if self.backend.paced or not self.backend.simulated:
                self._due += self.period
                time.sleep(max(0.0, self._due - time.monotonic()))
        return np.array(rows)

    def read(self) -> None:
        """Let all components read once.

        Raises:
            DeviceError: If one fails.
        """
        start = time.perf_counter()
        failed = self.resources.read(self._time, self.period)
        self.read_times.append(time.perf_counter() - start)
        self._complain("read", failed)

    def _complain(self, what: str, failed: list[str]) -> None:
        if failed:
            said = "; ".join(event.message for event in self.resources.events.take())
            raise DeviceError(f"{what}: {', '.join(failed)} failed: {said}")

    def places(self, kind: str) -> Indices:
        """Return where a state interface of all joints stands, shape (n,)."""
        index = self.resources.state_index
        return np.array([index[f"{j}/{kind}"] for j in self.backend.robot.joints])

    def joints(self, kind: str) -> Array:
        """Return a state interface of all joints as last read, shape (n,)."""
        values: Array = self.resources.states[self.places(kind)]
        return values
