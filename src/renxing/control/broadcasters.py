# SPDX-License-Identifier: Apache-2.0
"""Show states to ROS: the real-time halves of the broadcasters.

In: state interfaces.  Out: the board, shown at `publish_rate`.  The force/torque
broadcaster also exports its corrected and filtered values to other controllers.
"""

import math
from collections.abc import Sequence

import numpy as np

from renxing.control.base_controller import (
    BaseController,
    by_joint,
    individual,
)
from renxing.control.controller_parameters import Parameters
from renxing.controller_interface import Claim, InterfaceConfiguration
from renxing.hardware_interface import Result, Return
from renxing.spatial import Array

IMU_VALUES = (
    *(f"orientation.{axis}" for axis in "xyzw"),
    *(f"angular_velocity.{axis}" for axis in "xyz"),
    *(f"linear_acceleration.{axis}" for axis in "xyz"),
)
WRENCH_VALUES = tuple(
    f"{kind}.{axis}" for kind in ("force", "torque") for axis in "xyz"
)
FILTERED = "filtered "  # in front of the names of filtered numbers on a board


class Broadcaster(BaseController):
    """Shows the states that it was lent."""

    publish_rate = math.inf  # in every cycle
    _wanted: list[str]

    def state_interfaces(self) -> InterfaceConfiguration:
        """Return what it shows."""
        return individual(self._wanted)

    def board_names(self, states: Sequence[str]) -> Sequence[str]:
        """Return all states that it gets."""
        return states

    def on_activate(self) -> Result:
        """Begin with the next cycle."""
        self.start()
        return Result.SUCCESS

    def update(self, time: float, period: float) -> Return:
        """Show the values when it is time."""
        if self.news.due(time):
            self.board.values[:] = self.states.get()
            self.board.show(time)
        return Return.OK


class JointStateBroadcaster(Broadcaster):
    """Shows all state interfaces, or some of some joints."""

    def configure(self, parameters: Parameters) -> None:
        """Read `joints` and `interfaces`; all states if one of them is empty."""
        joints = parameters.names("joints")
        self._wanted = by_joint(joints, parameters.names("interfaces"))

    def state_interfaces(self) -> InterfaceConfiguration:
        """Return what it shows."""
        if not self._wanted:
            return InterfaceConfiguration(claim=Claim.ALL)
        return individual(self._wanted)


class ImuSensorBroadcaster(Broadcaster):
    """Shows an IMU."""

    def configure(self, parameters: Parameters) -> None:
        """Read the parameters.

        Raises:
            ConfigError: If one is missing.
        """
        parameters.needed("frame_id")
        self._wanted = by_joint([parameters.needed("sensor_name")], IMU_VALUES)


class LowPass:
    """First-order low-pass filter.

    Method: control_toolbox's LowPassFilter,
    `y = a y + (1 - a) u` with `a = exp(-2 pi f / (rate 10^(-i/10)))`.
    """

    def __init__(self, rate: float, frequency: float, intensity: float) -> None:
        """Set it up.

        Args:
            rate: Of its inputs [Hz].
            frequency: Damping frequency f [Hz].
            intensity: Damping intensity i [dB].
        """
        self._keep = math.exp(
            -2.0 * math.pi * frequency / (rate * 10.0 ** (intensity / -10.0))
        )
        self.reset()

    def reset(self) -> None:
        """Start anew at the next value."""
        self._last: Array | None = None

    def step(self, values: Array) -> Array:
        """Return the filtered values."""
        if self._last is None or not np.isfinite(self._last).all():
            self._last = values
        self._last = self._keep * self._last + (1.0 - self._keep) * values
        return self._last


class ForceTorqueSensorBroadcaster(Broadcaster):
    """Shows a wrench: `(raw + offset) * multiplier`, and the same filtered.

    It exports the filtered wrench, or the unfiltered one where no filter is set.
    """

    def configure(self, parameters: Parameters) -> None:
        """Read the parameters.

        Raises:
            ConfigError: If one is missing or contradicts another.
        """
        parameters.needed("frame_id")
        self._wanted, axes = wrench_names(parameters)
        self._offset = _six(parameters.section("offset"), 0.0)[axes]
        self._multiplier = _six(parameters.section("multiplier"), 1.0)[axes]
        self._filters = _read_filters(parameters, 1.0 / self.period)

    def exported_names(self) -> list[str]:
        """Return `<sensor>/force.x`, ...: the names of the interfaces that it reads."""
        return self._wanted

    def board_names(self, states: Sequence[str]) -> Sequence[str]:
        """Return the states that it gets, and their filtered values if there are."""
        if not self._filters:
            return states
        return [*states, *(f"{FILTERED}{name}" for name in states)]

    def on_activate(self) -> Result:
        """Start with filters that know nothing."""
        for one in self._filters:
            one.reset()
        return super().on_activate()

    def update(self, time: float, period: float) -> Return:
        """Correct and filter in every cycle; send when it is time."""
        values = (self.states.get() + self._offset) * self._multiplier
        filtered = values
        for one in self._filters:
            filtered = one.step(filtered)
        if len(self.exported) == len(filtered):
            self.exported[:] = filtered
        if self.news.due(time):
            shown = self.board.values
            shown[: len(values)] = values
            if self._filters:
                shown[len(values) :] = filtered
            self.board.show(time)
        return Return.OK


def wrench_names(parameters: Parameters) -> tuple[list[str], list[int]]:
    """Return the interfaces of a wrench, and which of its six numbers they are.

    Raises:
        ConfigError: Unless either `sensor_name` or some `interface_names` are given.
    """
    sensor = parameters.text("sensor_name")
    section = parameters.section("interface_names")
    single = [
        section.section(kind).text(axis)
        for kind in ("force", "torque")
        for axis in "xyz"
    ]
    if bool(sensor) == any(single):
        raise parameters.wrong(
            "sensor_name", "either it or 'interface_names.*' must be given, not both"
        )
    if sensor:
        return by_joint([sensor], WRENCH_VALUES), list(range(6))
    axes = [index for index, name in enumerate(single) if name]
    return [single[index] for index in axes], axes


def _six(section: Parameters, default: float) -> Array:
    return np.array(
        [
            section.section(kind).number(axis, default)
            for kind in ("force", "torque")
            for axis in "xyz"
        ]
    )


def _read_filters(parameters: Parameters, rate: float) -> list[LowPass]:
    """Read `sensor_filter_chain.filter1.*`, `filter2.*`, ... in the package's way."""
    chain = parameters.section("sensor_filter_chain")
    found: list[LowPass] = []
    while (name := f"filter{len(found) + 1}") in chain:
        one = chain.section(name)
        one.text("type", "", ("control_filters/LowPassFilterWrench",))
        values = one.section("params")
        found.append(
            LowPass(
                values.number("sampling_frequency", rate, 1e-3),
                values.number("damping_frequency", 20.5, 1e-6),
                values.number("damping_intensity", 1.25),
            )
        )
    return found
