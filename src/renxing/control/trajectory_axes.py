# SPDX-License-Identifier: Apache-2.0
"""Between a trajectory's samples and the interfaces of the joints.

In: lent states and commands, samples.  Out: measured state, tracking error, commands.
Method: samples go straight to the command interfaces of their name; for velocity or
effort alone a PID turns the tracking error into the command, the sample's velocity and
effort are its feed-forward; stiffness and damping are constant.
"""

from typing import Any

import numpy as np

from renxing.control.joint_pid import JointPid
from renxing.control.trajectory import ACCELERATION, EFFORT, POSITION, VELOCITY
from renxing.control.trajectory_config import TrajectoryConfig
from renxing.controller_interface import Loan
from renxing.spatial import Array

ROWS = {"position": 0, "velocity": 1, "acceleration": 2, "effort": 3}


class TrajectoryAxes:
    """The joints of a trajectory controller.

    Attributes:
        measured: Position, velocity, acceleration; last feed-forward; shape (4, n).
        error: Wanted minus measured, shape (3, n); 0 where it is not compared.
        output: Commands, a row for each command joint; NaN before the first.
        last: The sample that was commanded last, shape (4, n).
        scaling: Speed scaling factor.
        has_velocity: Whether it is measured.
        has_acceleration: Whether it is measured.
    """

    def __init__(self, config: TrajectoryConfig) -> None:
        """Sort out which sample goes where."""
        self._config = config
        commands = config.command_interfaces
        n = len(config.joints)
        self._states = [ROWS[name] for name in config.state_interfaces]
        self._columns = [
            (column, ROWS[name]) for column, name in enumerate(commands) if name in ROWS
        ]
        self.column = {name: column for column, name in enumerate(commands)}
        self.has_velocity = VELOCITY in self._states
        self.has_acceleration = ACCELERATION in self._states
        # As in ros2_controllers: only what is commanded in some way is compared.
        self._compared = [POSITION]
        if self.has_velocity and ("velocity" in commands or "effort" in commands):
            self._compared.append(VELOCITY)
        if self.has_acceleration and "acceleration" in commands:
            self._compared.append(ACCELERATION)
        self._pid = JointPid(config.pid) if config.pid is not None else None
        self._wrapped = config.wraps if config.wraps.any() else None
        self._all = config.commanded == list(range(n))
        self._at: Any = slice(None) if self._all else config.commanded
        self.measured = np.zeros((4, n))
        self.error = np.zeros((3, n))
        self.last = np.zeros((4, n))
        self.output = np.full((len(config.command_joints), len(commands)), np.nan)
        self.scaling = config.scaling

    def activate(self, states: Loan, commands: Loan) -> bool:
        """Start from the last commands if there are any, or else from the states.

        Returns:
            Whether there are positions to start from.
        """
        config = self._config
        self.last[:] = 0.0
        self.read(states)
        lent = commands.get()[: self.output.size].reshape(self.output.shape)
        if config.from_commands and self._all and self._pid is None:
            for column, row in self._columns:
                if np.isfinite(lent[:, column]).all():
                    self.measured[row] = lent[:, column]
        self.output[:] = np.nan
        if "proportional" in self.column:
            self.output[:, self.column["proportional"]] = config.kp
            self.output[:, self.column["derivative"]] = config.kd
        if self._pid is not None:
            self._pid.reset()
        self.last[:] = self.measured
        return bool(np.isfinite(self.measured[POSITION]).all())

    def read(self, states: Loan) -> None:
        """Fill `measured`."""
        values = states.get()
        if self._config.scaling_state:
            if values[-1] >= 0.0:  # NaN until the hardware knows it
                self.scaling = float(values[-1])
            values = values[:-1]
        self.measured[self._states] = values.reshape(-1, len(self._states)).T
        # Nobody measures the feed-forward.
        self.measured[EFFORT] = self.last[EFFORT]

    def compare(self, desired: Array) -> Array:
        """Return the tracking error, shape (3, n)."""
        error = self.error
        for row in self._compared:
            np.subtract(desired[row], self.measured[row], out=error[row])
        if self._wrapped is not None:
            turns = np.round(error[POSITION] / (2.0 * np.pi))
            error[POSITION] -= 2.0 * np.pi * turns * self._wrapped
        return error

    def command(self, sample: Array, period: float, commands: Loan) -> None:
        """Command a sample, shape (4, n)."""
        wanted = sample if self._all else sample[:, self._at]
        if self._pid is None:
            for column, row in self._columns:
                self.output[:, column] = wanted[row]
        else:
            self.output[:, 0] = self._correct(self._pid, wanted, period)
        self._send(commands)
        self.last[:] = sample

    def _correct(self, pid: JointPid, wanted: Array, period: float) -> Array:
        error = self.error[:, self._at]
        output = pid.step(error[POSITION], error[VELOCITY], period)
        output += pid.gains.ff_velocity * wanted[VELOCITY]
        if "effort" in self.column:
            output += wanted[EFFORT]
        return output

    def _send(self, commands: Loan) -> None:
        values = self.output.ravel()
        if self._config.scaling_command:
            values = np.append(values, self.scaling)
        commands.set(values)

    def halt(self, commands: Loan) -> None:
        """Command zero speed and force; positions stay as they are."""
        if not np.isfinite(self.output).all():
            return
        for column, row in self._columns:
            if row != POSITION:
                self.output[:, column] = 0.0
        self._send(commands)

    def here(self) -> Array:
        """Return where the joints are; the last command where a sensor fails."""
        found = self.measured[POSITION].copy()
        broken = ~np.isfinite(found)
        found[broken] = self.last[POSITION, broken]
        return np.asarray(found)

    def commanded(self) -> Array:
        """Return the commanded positions, shape (n,); measured where there are none."""
        found = self.here()
        column = self.column.get("position")
        if column is not None and np.isfinite(self.output[:, column]).all():
            found[self._at] = self.output[:, column]
        return found
