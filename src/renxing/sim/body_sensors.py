# SPDX-License-Identifier: Apache-2.0
"""The body sensors of the twin: where their true values stand -> samples with noise."""

import mujoco
import numpy as np
import numpy.typing as npt

from renxing.robot.description import Sensors
from renxing.sim.senses import Cells, ImuModel
from renxing.spatial import Array

Indices = npt.NDArray[np.intp]


class BodySensors:
    """All inertial sensors and force/torque cells of a robot."""

    def __init__(
        self,
        sensors: Sensors,
        model: mujoco.MjModel,
        data: mujoco.MjData,
        *,
        ideal: bool,
    ) -> None:
        """Find the sensors in the model.

        Args:
            sensors: From the robot's file.
            model: In which they are.
            data: Its state, which is read again at each sample.
            ideal: Leaves out noise and bias.
        """
        self._data = data
        self._sensordata = data.sensordata  # it stays where it is
        self._imus = [ImuModel(imu, ideal) for imu in sensors.imu]
        self._cells = Cells(sensors.force_torque, ideal)
        self._imu_at = _places(
            model,
            [imu.name for imu in sensors.imu],
            {"attitude": 4, "gyro": 3, "accelerometer": 3},
        )
        self._cell_at = _places(
            model,
            [cell.name for cell in sensors.force_torque],
            {"force": 3, "torque": 3},
        )
        self._last = 0.0

    def reset(self) -> None:
        """Begin again at time zero, without bias."""
        for imu in self._imus:
            imu.reset()
        self._last = 0.0

    def imu_values(self, random: np.random.Generator) -> list[Array]:
        """Return quaternion xyzw, velocity and force of each IMU, shape (10,)."""
        time = self._data.time
        dt = time - self._last
        self._last = time
        readings = self._sensordata[self._imu_at]
        return [
            model.sample(reading, dt, random)
            for model, reading in zip(self._imus, readings, strict=True)
        ]

    def wrench_values(self, random: np.random.Generator) -> Array:
        """Return [force; torque] on each cell, shape (cells, 6)."""
        # MuJoCo reports what the proximal side does to the distal one. The wrench
        # from outside, the weight of the distal side included, balances it.
        return self._cells.sample(-self._sensordata[self._cell_at], random)


def _places(model: mujoco.MjModel, names: list[str], parts: dict[str, int]) -> Indices:
    """Return where the sensors' values stand: a row of places for each."""
    rows = [
        [
            int(model.sensor(f"{name}/{part}").adr[0]) + axis
            for part, size in parts.items()
            for axis in range(size)
        ]
        for name in names
    ]
    return np.array(rows, dtype=np.intp).reshape(len(rows), sum(parts.values()))
