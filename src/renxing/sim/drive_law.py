# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of the simulated drives, compiled: it runs in every physics step.

Arrays hold a row for each quantity and a column for each joint; the rows of what
belongs to the drives are numbered here.
"""

import numpy as np
from numba import njit

from renxing.spatial import Array

# Rows of a command: those of `JointCommand`, in its order.
POSITION, VELOCITY, EFFORT, PROPORTIONAL, DERIVATIVE = range(5)
# Rows of what the drives report.
Q, DQ, TORQUE, TEMPERATURE = range(4)
# Rows of constants.
NO_LOAD, FADE, PEAK, TICK, BIAS, LOSS, TO_AMBIENT, CAPACITY, HOT = range(9)
# Rows of what goes on inside.
DERATING, SQUARE, HEAT = range(3)

AMBIENT = 25.0  # [°C] also the temperature at which `resistance` is given
COPPER = 0.0039  # [1/K] rise of a copper winding's resistance
DERATE = 10.0  # [K] below the limit the torque begins to fade


@njit(
    "void(f8[::1], f8[::1], f8[:,::1], f8[::1], f8, f8[:,::1])",
    cache=True,
    error_model="numpy",
)
def read_encoders(
    position: Array,
    velocity: Array,
    constants: Array,
    noise: Array,
    deviation: float,
    report: Array,
) -> None:
    """Fill the first two rows of the report; a tick of 0 is an ideal encoder."""
    for i in range(position.size):
        tick = constants[TICK, i]
        if tick == 0.0:
            report[Q, i] = position[i]
            report[DQ, i] = velocity[i]
        else:
            report[Q, i] = np.floor((position[i] + constants[BIAS, i]) / tick) * tick
            report[DQ, i] = noise[i] * deviation + velocity[i]


@njit(
    "void(f8[:,::1], f8[::1], f8[:,::1], f8[:,::1], f8[:,::1])",
    cache=True,
    error_model="numpy",
)
def make_torque(
    command: Array, velocity: Array, constants: Array, inside: Array, report: Array
) -> None:
    """Fill the report's torque: the law, inside the envelope of the motor."""
    for i in range(velocity.size):
        torque = (command[POSITION, i] - report[Q, i]) * command[PROPORTIONAL, i]
        torque += command[DERIVATIVE, i] * (command[VELOCITY, i] - report[DQ, i])
        torque += command[EFFORT, i]
        # Only a torque that drives the motion runs out of voltage; braking does not.
        driving = np.copysign(velocity[i], torque * velocity[i])
        room = (constants[NO_LOAD, i] - driving) * constants[FADE, i]
        room = max(min(room, 1.0), 0.0) * constants[PEAK, i] * inside[DERATING, i]
        torque = max(min(torque, room), -room)
        report[TORQUE, i] = torque
        inside[SQUARE, i] += torque * torque


@njit("void(i8, f8, f8[:,::1], f8[:,::1], f8[:,::1])", cache=True, error_model="numpy")
def warm(
    steps: int, time_step: float, constants: Array, inside: Array, report: Array
) -> None:
    """Bring the windings forward by some steps, and forget the torques of these."""
    for i in range(report.shape[1]):
        above = report[TEMPERATURE, i] - AMBIENT
        heat = constants[LOSS, i] * (1.0 + COPPER * above) * inside[SQUARE, i] / steps
        flow = heat - above / constants[TO_AMBIENT, i]
        report[TEMPERATURE, i] += flow * (steps * time_step) / constants[CAPACITY, i]
        left = (constants[HOT, i] - report[TEMPERATURE, i]) / DERATE
        inside[DERATING, i] = min(max(left, 0.0), 1.0)
        inside[HEAT, i] = heat
        inside[SQUARE, i] = 0.0
