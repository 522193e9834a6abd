# SPDX-License-Identifier: Apache-2.0
"""Broadcasters send what they were lent, at their rate; wrenches are corrected."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from renxing.control.base_controller import Cadence, Notice, cycles
from renxing.control.broadcasters import (
    IMU_VALUES,
    WRENCH_VALUES,
    ForceTorqueSensorBroadcaster,
    ImuSensorBroadcaster,
    JointStateBroadcaster,
)
from renxing.control.gpio_controller import GpioCommand, GpioCommandController
from renxing.controller_interface import ControllerInfo
from renxing.errors import ConfigError
from renxing.robot import Robot

STATES = {"a/position": 1.0, "a/velocity": 2.0, "b/position": 3.0, "imu/x": 4.0}


def test_joint_states_in_every_cycle(lab: Callable[..., Any]) -> None:
    made = lab(JointStateBroadcaster, {}, states=STATES)
    board = made.controller.board
    made.run(2.0)
    assert board.count == 1000
    assert board.time == made.time
    assert board.values.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert board.names == tuple(STATES)


def test_values_are_copies(lab: Callable[..., Any]) -> None:
    made = lab(JointStateBroadcaster, {}, states=STATES)
    made.step()
    made.states[0] = 9.0
    assert made.controller.board.values[0] == 1.0


def test_some_joints_and_interfaces(lab: Callable[..., Any]) -> None:
    parameters = {"joints": ["b", "a"], "interfaces": ["position"], "publish_rate": 10}
    made = lab(JointStateBroadcaster, parameters, states=STATES)
    made.run(1.0)
    assert made.controller.board.count == pytest.approx(10, abs=1)
    assert made.controller.board.values.tolist() == [3.0, 1.0]


@pytest.mark.parametrize("rate", [500.0, 1000.0])
def test_every_cycle_means_every_one_whatever_the_clock_does(
    lab: Callable[..., Any], rate: float
) -> None:
    made = lab(JointStateBroadcaster, {"publish_rate": rate}, states=STATES)
    for jitter in (0.0, -3e-4, 2e-4, -4e-4):
        made.controller.update(made.time + jitter, made.period)
        made.time += made.period
    assert made.controller.board.count == 4


def test_imu(lab: Callable[..., Any]) -> None:
    made = lab(ImuSensorBroadcaster, {"sensor_name": "imu", "frame_id": "imu_link"})
    assert list(made.state_at) == [f"imu/{name}" for name in IMU_VALUES]
    made.run(1.0)
    assert made.controller.board.count == 500


FT = {
    "sensor_name": "ft",
    "frame_id": "foot",
    "offset": {"force": {"z": -5.0}},
    "multiplier": {"torque": {"x": 2}},
}


def test_wrench_is_corrected_and_exported(lab: Callable[..., Any]) -> None:
    states = {f"ft/{name}": 10.0 for name in WRENCH_VALUES}
    made = lab(ForceTorqueSensorBroadcaster, FT, states=states)
    made.step()
    expected = [10.0, 10.0, 5.0, 20.0, 10.0, 10.0]
    board = made.controller.board
    assert board.count == 1 and board.values.tolist() == expected
    assert made.controller.exported.tolist() == expected
    assert made.controller.exported_names()[0] == "ft/force.x"


def test_wrench_is_filtered(lab: Callable[..., Any]) -> None:
    """The step response has control_toolbox's time constant."""
    params = {"sampling_frequency": 500.0, "damping_frequency": 5.0}
    chain = {
        "filter1": {
            "type": "control_filters/LowPassFilterWrench",
            "params": {**params, "damping_intensity": 0.0},
        }
    }
    made = lab(ForceTorqueSensorBroadcaster, {**FT, "sensor_filter_chain": chain})
    made.step()
    made.states[0] = 1.0
    count = round(0.5 / (2 * math.pi * 5.0) / made.period)
    made.run(count * made.period)
    expected = 1.0 - math.exp(-2 * math.pi * 5.0 * count * made.period)
    assert made.controller.exported[0] == pytest.approx(expected, rel=1e-6)
    board = made.controller.board
    assert board.names[6] == "filtered ft/force.x"
    assert board.values[0] == 1.0 and board.values[6] == made.controller.exported[0]


def test_single_axes(lab: Callable[..., Any]) -> None:
    parameters = {
        "frame_id": "foot",
        "interface_names": {"force": {"z": "load/z"}, "torque": {"x": "load/mx"}},
        "offset": {"force": {"z": 1.0}, "torque": {"x": 2.0}},
    }
    made = lab(ForceTorqueSensorBroadcaster, parameters)
    made.step()
    assert made.controller.exported.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        (ImuSensorBroadcaster, {"sensor_name": "imu"}),
        (ForceTorqueSensorBroadcaster, {"frame_id": "x"}),
        (
            ForceTorqueSensorBroadcaster,
            {**FT, "interface_names": {"force": {"x": "a/b"}}},
        ),
        (
            ForceTorqueSensorBroadcaster,
            {**FT, "sensor_filter_chain": {"filter1": {"type": "magic"}}},
        ),
        (GpioCommandController, {}),
    ],
)
def test_wrong_parameters(rx1: Robot, kind: Any, parameters: dict[str, Any]) -> None:
    info = ControllerInfo(
        name="b", type="", update_rate=500, parameters=parameters, robot=rx1
    )
    with pytest.raises(ConfigError):
        kind(info).on_configure()


GPIO = {
    "gpios": ["fan", "lamp"],
    "command_interfaces": {"fan": {"interfaces": ["speed"]}},
}


def test_gpios_are_commanded_and_shown(lab: Callable[..., Any]) -> None:
    states = {"fan/speed": 0.1, "fan/alarm": 1.0, "lamp/on": 0.0, "other/on": 1.0}
    made = lab(GpioCommandController, GPIO, states=states)
    made.step()
    assert np.isnan(made.commands).all()
    assert made.controller.board.names == ("fan/speed", "fan/alarm", "lamp/on")
    assert made.controller.board.values.tolist() == [0.1, 1.0, 0.0]
    made.send(GpioCommand(("fan/speed",), (0.7,)))
    made.step()
    assert made.commands.tolist() == [0.7]
    made.send(GpioCommand(("fan/speed", "lamp/on"), (0.2, 1.0)))
    made.step()
    assert made.commands.tolist() == [0.7]
    assert "lamp/on" in made.news(Notice)[0].text


def test_gpio_states_as_configured(lab: Callable[..., Any]) -> None:
    wanted = {"state_interfaces": {"lamp": {"interfaces": ["on"]}}}
    made = lab(GpioCommandController, {**GPIO, **wanted})
    assert list(made.state_at) == ["lamp/on"]


def test_cadence_survives_jumps_of_the_clock() -> None:
    cadence = Cadence(10.0)
    assert cadence.due(5.0) and not cadence.due(5.05) and cadence.due(5.1)
    assert cadence.due(0.0) and not cadence.due(0.05)  # a reset simulation
    assert cadence.due(100.0) and not cadence.due(100.05)
    assert not Cadence(0.0).due(1.0)


def test_update_rate_divides_the_loop() -> None:
    assert [cycles(500, rate) for rate in (0, 500, 250, 200, 1000, 1)] == [
        1,
        1,
        2,
        2,
        1,
        500,
    ]
