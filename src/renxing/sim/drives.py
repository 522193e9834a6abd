# SPDX-License-Identifier: Apache-2.0
"""The simulated drives: encoders, the five-parameter law, the motors' limits and heat.

In: JointCommand, true joint motion.  Out: joint torques, JointState.  Rate: the
physics rate.  Law: `tau = effort + kp (position - q) + kd (velocity - dq)` on what the
encoder says, inside the torque-speed envelope of a brushless motor on a fixed bus
voltage (Hughes & Drury, Electric Motors and Drives, ch. 7), with a first-order
winding temperature.
"""

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from renxing.robot import Robot
from renxing.signals import JointCommand, JointState
from renxing.sim.drive_law import (
    AMBIENT,
    BIAS,
    CAPACITY,
    DERATING,
    FADE,
    HEAT,
    HOT,
    LOSS,
    NO_LOAD,
    PEAK,
    TEMPERATURE,
    TICK,
    TO_AMBIENT,
    TORQUE,
    make_torque,
    read_encoders,
    warm,
)
from renxing.spatial import Array

THERMAL_STEPS = 10  # physics steps between two temperature updates


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveConfig:
    """Imperfections of the simulated drives.

    Attributes:
        command_delay: From bus to current [s]; rounded to physics steps.
        encoder_bias: Standard deviation of each encoder's zero error [rad].
        velocity_noise: Standard deviation of the measured speed [rad/s].
        torque_noise: Standard deviation of the reported torque, of its peak [-].
    """

    command_delay: float = field(default=0.0, metadata={"min": 0.0, "max": 0.05})
    encoder_bias: float = field(default=0.0005, metadata={"min": 0.0, "max": 0.1})
    velocity_noise: float = field(default=0.01, metadata={"min": 0.0, "max": 1.0})
    torque_noise: float = field(default=0.002, metadata={"min": 0.0, "max": 0.2})


class Drives:
    """All drives of one robot."""

    def __init__(
        self, robot: Robot, config: DriveConfig, time_step: float, ideal: bool
    ) -> None:
        """Set up cold drives at rest.

        Args:
            robot: Whose joints they turn.
            config: Their imperfections.
            time_step: Between two calls of `torque` [s].
            ideal: Leaves out every imperfection and the encoder's steps; envelope,
                torque limit and heat stay.
        """
        drives = [robot.description.drives[j.drive] for j in robot.description.joints]
        self._n = n = len(drives)
        self._config = config
        self._ideal = ideal
        self._time_step = time_step
        no_load = np.array([drive.no_load_speed for drive in drives])
        corner = np.array([drive.corner_speed for drive in drives])
        constant = np.array([drive.torque_constant for drive in drives])
        bits = np.array([drive.encoder_bits for drive in drives])
        resistance = np.array([drive.resistance for drive in drives])
        self._constants = np.empty((9, n))
        self._constants[NO_LOAD] = no_load
        self._constants[FADE] = 1.0 / (no_load - corner)
        self._constants[PEAK] = robot.torque
        self._constants[TICK] = 0.0 if ideal else 2 * np.pi / 2.0**bits
        self._constants[LOSS] = resistance / constant**2
        self._constants[TO_AMBIENT] = [d.thermal_resistance for d in drives]
        self._constants[CAPACITY] = [d.thermal_capacity for d in drives]
        self._constants[HOT] = [d.temperature_limit for d in drives]
        self._delay_steps = 0 if ideal else round(config.command_delay / time_step)
        self.reset(np.random.default_rng(0))

    def reset(self, random: np.random.Generator) -> None:
        """Cool down, forget delayed commands and draw new encoder zero errors."""
        n = self._n
        self._random = random
        bias = 0.0 if self._ideal else self._config.encoder_bias
        self._constants[BIAS] = bias * random.standard_normal(n)
        self._queue: deque[Array] = deque()
        self._inside = np.zeros((3, n))
        self._inside[DERATING] = 1.0
        self._report = np.zeros((4, n))
        self._report[TEMPERATURE] = AMBIENT
        self._noise = np.zeros(2 * n)
        self._steps = 0

    @property
    def heat(self) -> Array:
        """Copper losses of the last thermal update [W], shape (n,)."""
        heat: Array = self._inside[HEAT]
        return heat

    @property
    def temperature(self) -> Array:
        """True temperatures of the windings [°C], shape (n,)."""
        temperature: Array = self._report[TEMPERATURE].copy()
        return temperature

    def torque(self, command: JointCommand, position: Array, velocity: Array) -> Array:
        """Return the torques at the joints [N·m], shape (n,), for one physics step.

        Args:
            command: What the bus brings in this step.
            position: True joint positions [rad], shape (n,).
            velocity: True joint speeds [rad/s], shape (n,).
        """
        return self.turn(command_rows(command), position, velocity).copy()

    def turn(self, command: Array, position: Array, velocity: Array) -> Array:
        """Do the same as `torque`, for a command that is an array.

        Args:
            command: Rows in the order of `JointCommand`, shape (5, n); it must not
                change while there is a delay.
            position: As for `torque`.
            velocity: As for `torque`.

        Returns:
            Torques, as `torque`; they change in the next step.
        """
        if self._delay_steps:
            self._queue.append(command)
            if len(self._queue) <= self._delay_steps:
                command = self._queue[0]
            else:
                command = self._queue.popleft()
        report, constants, inside = self._report, self._constants, self._inside
        noise = self._noise[: self._n]
        if not self._ideal:
            self._random.standard_normal(out=noise)
        deviation = self._config.velocity_noise
        read_encoders(position, velocity, constants, noise, deviation, report)
        make_torque(command, velocity, constants, inside, report)
        self._steps += 1
        if self._steps == THERMAL_STEPS:
            warm(self._steps, self._time_step, constants, inside, report)
            self._steps = 0
        torque: Array = report[TORQUE]
        return torque

    def report(self, position: Array, velocity: Array) -> Array:
        """Return what the drives report: encoders now, torque of the last step.

        Args:
            position: True joint positions [rad], shape (n,).
            velocity: True joint speeds [rad/s], shape (n,).

        Returns:
            Rows position, velocity, effort, temperature, shape (4, n); its own.
        """
        n, noise = self._n, self._noise
        noisy = not self._ideal and self._config.torque_noise > 0.0
        if not self._ideal:
            # One draw for both is the same numbers as a draw for each.
            self._random.standard_normal(out=noise if noisy else noise[:n])
        deviation = self._config.velocity_noise
        read_encoders(
            position, velocity, self._constants, noise[:n], deviation, self._report
        )
        report = self._report.copy()
        if noisy:
            report[TORQUE] += (
                self._config.torque_noise * self._constants[PEAK] * (noise[n:])
            )
        return report

    def measure(self, stamp: float, position: Array, velocity: Array) -> JointState:
        """Return what the drives report as a signal.

        Args:
            stamp: Now [s].
            position: As for `report`.
            velocity: As for `report`.
        """
        q, dq, effort, temperature = self.report(position, velocity)
        return JointState(
            stamp=stamp,
            position=q,
            velocity=dq,
            effort=effort,
            temperature=temperature,
        )


def command_rows(command: JointCommand) -> Array:
    """Return a command as an array of its own, shape (5, n)."""
    return np.array(
        [
            command.position,
            command.velocity,
            command.effort,
            command.proportional,
            command.derivative,
        ],
        dtype=float,
    )
