# SPDX-License-Identifier: Apache-2.0
"""The simulated drives: encoders, the five-parameter law, the motors' limits and heat.

In: JointCommand, true joint motion.  Out: joint torques, JointState.  Rate: the
physics rate.  Law: `tau = effort + kp (position - q) + kd (velocity - dq)` on what the
encoder says, inside the torque-speed envelope of a brushless motor on a fixed bus
voltage (Hughes & Drury, Electric Motors and Drives, ch. 7), with a first-order
winding temperature.
"""

from dataclasses import dataclass, field

import numpy as np

from renxing.robot import Robot
from renxing.signals import JointCommand, JointState
from renxing.spatial import Array

AMBIENT = 25.0  # [°C] also the temperature at which `resistance` is given
COPPER = 0.0039  # [1/K] rise of a copper winding's resistance
DERATE = 10.0  # [K] below the limit the torque begins to fade
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
    """All drives of one robot.

    Attributes:
        heat: Copper losses of the last thermal update [W], shape (n,).
    """

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
        self._n = len(drives)
        self._config = config
        self._ideal = ideal
        self._time_step = time_step
        self._peak = robot.torque
        self._no_load = np.array([drive.no_load_speed for drive in drives])
        corner = np.array([drive.corner_speed for drive in drives])
        self._fade = 1.0 / (self._no_load - corner)
        self._tick = (
            2 * np.pi / 2.0 ** np.array([drive.encoder_bits for drive in drives])
        )
        constant = np.array([drive.torque_constant for drive in drives])
        self._loss = np.array([drive.resistance for drive in drives]) / constant**2
        self._resistance = np.array([drive.thermal_resistance for drive in drives])
        self._capacity = np.array([drive.thermal_capacity for drive in drives])
        self._hot = np.array([drive.temperature_limit for drive in drives])
        self._delay_steps = 0 if ideal else round(config.command_delay / time_step)
        self.reset(np.random.default_rng(0))

    def reset(self, random: np.random.Generator) -> None:
        """Cool down, forget delayed commands and draw new encoder zero errors."""
        self._random = random
        bias = 0.0 if self._ideal else self._config.encoder_bias
        self._bias = bias * random.standard_normal(self._n)
        self._queue: list[JointCommand] = []
        self._temperature = np.full(self._n, AMBIENT)
        self._derating = np.ones(self._n)
        self._square = np.zeros(self._n)
        self._steps = 0
        self.heat = np.zeros(self._n)
        self._position = np.zeros(self._n)
        self._velocity = np.zeros(self._n)
        self._torque = np.zeros(self._n)

    def torque(self, command: JointCommand, position: Array, velocity: Array) -> Array:
        """Return the torques at the joints [N·m], shape (n,), for one physics step.

        Args:
            command: What the bus brings in this step.
            position: True joint positions [rad], shape (n,).
            velocity: True joint speeds [rad/s], shape (n,).
        """
        if self._delay_steps:
            self._queue.append(command)
            if len(self._queue) <= self._delay_steps:
                command = self._queue[0]
            else:
                command = self._queue.pop(0)
        self._read_encoders(position, velocity)
        torque = self._torque
        np.subtract(command.position, self._position, out=torque)
        torque *= command.proportional
        torque += command.derivative * (command.velocity - self._velocity)
        torque += command.effort
        # Only a torque that drives the motion runs out of voltage; braking does not.
        driving = np.copysign(velocity, torque * velocity)
        room = (self._no_load - driving) * self._fade
        np.minimum(room, 1.0, out=room)
        np.maximum(room, 0.0, out=room)
        room *= self._peak
        room *= self._derating
        np.minimum(torque, room, out=torque)
        np.maximum(torque, -room, out=torque)
        self._warm(torque)
        return torque

    def _read_encoders(self, position: Array, velocity: Array) -> None:
        if self._ideal:
            self._position[:] = position
            self._velocity[:] = velocity
            return
        np.floor((position + self._bias) / self._tick, out=self._position)
        self._position *= self._tick
        self._random.standard_normal(out=self._velocity)
        self._velocity *= self._config.velocity_noise
        self._velocity += velocity

    def _warm(self, torque: Array) -> None:
        self._square += torque * torque
        self._steps += 1
        if self._steps < THERMAL_STEPS:
            return
        temperature = self._temperature
        rise = 1.0 + COPPER * (temperature - AMBIENT)
        self.heat = self._loss * rise * self._square / self._steps
        flow = self.heat - (temperature - AMBIENT) / self._resistance
        temperature += flow * (self._steps * self._time_step) / self._capacity
        np.clip((self._hot - temperature) / DERATE, 0.0, 1.0, out=self._derating)
        self._square[:] = 0.0
        self._steps = 0

    @property
    def temperature(self) -> Array:
        """True temperatures of the windings [°C], shape (n,)."""
        return self._temperature.copy()

    def measure(self, stamp: float, position: Array, velocity: Array) -> JointState:
        """Return what the drives report: encoders now, torque of the last step.

        Args:
            stamp: Now [s].
            position: True joint positions [rad], shape (n,).
            velocity: True joint speeds [rad/s], shape (n,).
        """
        self._read_encoders(position, velocity)
        noise = 0.0 if self._ideal else self._config.torque_noise
        effort = self._torque.copy()
        if noise:
            effort += noise * self._peak * self._random.standard_normal(self._n)
        return JointState(
            stamp=stamp,
            position=self._position.copy(),
            velocity=self._velocity.copy(),
            effort=effort,
            temperature=self.temperature,
        )
