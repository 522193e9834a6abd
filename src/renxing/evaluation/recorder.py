# SPDX-License-Identifier: Apache-2.0
"""What is written down of a trial: 50 samples a second, and poses for pictures."""

from dataclasses import dataclass

import numpy as np

from renxing.evaluation.truth import LOADED, Truth
from renxing.signals import BodyState
from renxing.sim import Twin
from renxing.spatial import Array, rpy_from_rotation

SAMPLE_PERIOD = 0.02  # [s]
FRAME_RATE = 30.0  # [Hz] of poses for pictures and videos


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trace:
    """A trial over time; m samples.

    Attributes:
        time: [s], shape (m,).
        com: Centre of mass in odom [m], shape (m, 3).
        base: Position of the base in odom [m], shape (m, 3).
        rpy: Attitude of the base [rad], shape (m, 3).
        estimate: Estimated position of the base in odom [m], shape (m, 3).
        estimate_yaw: Estimated heading [rad], shape (m,).
        velocity: True velocity of the base in its frame [m/s], shape (m, 3).
        estimate_velocity: Estimated, likewise, shape (m, 3).
        command: Wanted velocity [m/s, m/s, rad/s], shape (m, 3).
        soles: In odom [m], shape (m, feet, 3).
        load: Upward force on each foot, in weights of the robot [-], shape (m, feet).
        torque: Greatest |torque| over limit since the last sample [-], shape (m, n).
        frames: MuJoCo's qpos, `FRAME_RATE` times a second, shape (k, nq).
    """

    time: Array
    com: Array
    base: Array
    rpy: Array
    estimate: Array
    estimate_yaw: Array
    velocity: Array
    estimate_velocity: Array
    command: Array
    soles: Array
    load: Array
    torque: Array
    frames: Array


class Recorder:
    """Writes a trace."""

    def __init__(self, twin: Twin, truth: Truth) -> None:
        """Start with an empty one.

        Args:
            twin: What is watched.
            truth: Of it.
        """
        self._twin, self._truth = twin, truth
        self._rows: list[dict[str, Array | float]] = []
        self._frames: list[Array] = []
        self._next_frame = 0.0
        self._torque = np.zeros(len(twin.robot.joints))

    def tick(self) -> None:
        """Note what would be lost between two samples; call it every tick."""
        np.maximum(self._torque, self._truth.torque_ratio(), out=self._torque)
        if self._twin.time >= self._next_frame - 1e-9:
            self._frames.append(self._twin.data.qpos.astype(np.float32))
            self._next_frame += 1.0 / FRAME_RATE

    def sample(self, state: BodyState, command: Array) -> None:
        """Write one sample.

        Args:
            state: What the estimator says.
            command: Wanted velocity [m/s, m/s, rad/s], shape (3,).
        """
        base, truth = self._twin.base_state(), self._truth
        pose, estimate = base.transform_base_to_odom, state.base.transform_base_to_odom
        row: dict[str, Array | float] = {
            "time": self._twin.time,
            "com": truth.com(),
            "base": pose.translation.copy(),
            "rpy": rpy_from_rotation(pose.rotation),
            "estimate": estimate.translation.copy(),
            "estimate_yaw": rpy_from_rotation(estimate.rotation)[2],
            "velocity": base.linear_velocity,
            "estimate_velocity": state.base.linear_velocity.copy(),
            "command": command.copy(),
            "soles": truth.soles(),
            "load": truth.sole_wrenches()[:, 2] / truth.weight,
            "torque": self._torque.copy(),
        }
        self._rows.append(row)
        self._torque[:] = 0.0

    def trace(self) -> Trace:
        """Return what was written."""
        columns = {name: [row[name] for row in self._rows] for name in self._rows[0]}
        arrays = {name: np.array(values) for name, values in columns.items()}
        arrays["rpy"][:, 2] = np.unwrap(arrays["rpy"][:, 2])
        arrays["estimate_yaw"] = np.unwrap(arrays["estimate_yaw"])
        return Trace(**arrays, frames=np.array(self._frames))


def standing(trace: Trace) -> Array:
    """Return how many feet stand in each sample, shape (m,)."""
    return np.asarray((trace.load > LOADED).sum(axis=1), dtype=float)
