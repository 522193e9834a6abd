# SPDX-License-Identifier: Apache-2.0
"""The estimator as a controller: what it exports is what another one rebuilds."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.estimation.conftest import Watch

from renxing.body_interfaces import (
    fill_exported,
    state_from_exported,
    state_names,
)
from renxing.controller_interface import Board, ControllerInfo, Loan
from renxing.errors import ConfigError
from renxing.estimation.estimator_controller import EstimatorController, Restart
from renxing.hardware_interface import Result, Return
from renxing.robot import Robot
from renxing.signals import JointState
from renxing.spatial import quat_xyzw_from_rotation


class Bench:
    """The controller on the twin's samples."""

    def __init__(self, robot: Robot, parameters: dict[str, Any] | None = None) -> None:
        info = ControllerInfo(
            name="estimator",
            type="renxing/StateEstimator",
            update_rate=500,
            parameters=parameters or {},
            robot=robot,
        )
        self.watch = Watch(robot)
        self.controller = c = EstimatorController(info)
        assert c.on_configure() is Result.SUCCESS
        self.names = c.state_interfaces().names
        self.values = np.zeros(len(self.names))
        c.states = Loan(self.names, self.values, np.arange(len(self.names)))
        c.exported = np.full(len(c.exported_names()), np.nan)
        c.board = Board(c.board_names(self.names))

    def fill(self) -> JointState:
        self.samples = joints, imu, wrenches = self.watch.samples()
        table = dict(zip(self.watch.twin.robot.joints, joints.position, strict=True))
        found = {f"{name}/position": value for name, value in table.items()}
        names = self.watch.twin.robot.joints
        for kind, row in (("velocity", joints.velocity), ("effort", joints.effort)):
            found |= {f"{n}/{kind}": v for n, v in zip(names, row, strict=True)}
        sensors = self.watch.twin.robot.description.sensors
        quat = quat_xyzw_from_rotation(imu.rotation_sensor_to_odom)
        rows = [
            ("orientation", "xyzw", quat),
            ("angular_velocity", "xyz", imu.angular_velocity),
            ("linear_acceleration", "xyz", imu.specific_force),
        ]
        for kind, axes, row in rows:
            for axis, value in zip(axes, row, strict=True):
                found[f"{sensors.imu[0].name}/{kind}.{axis}"] = value
        for cell, sample in zip(sensors.force_torque, wrenches, strict=True):
            for kind, row in (("force", sample.force), ("torque", sample.torque)):
                for axis, value in zip("xyz", row, strict=True):
                    found[f"{cell.name}/{kind}.{axis}"] = value
        self.values[:] = [found[name] for name in self.names]
        return joints

    def run(self, cycles: int) -> JointState:
        for _ in range(cycles):
            twin = self.watch.twin
            twin.step(self.watch.hold.step(twin.time), 2)
            joints = self.fill()
            assert self.controller.update(twin.time, 0.002) is Return.OK
        return joints


@pytest.fixture
def bench(robot: Robot) -> Bench:
    made = Bench(robot)
    made.fill()
    assert made.controller.on_activate() is Result.SUCCESS
    return made


def test_exported_numbers_are_those_of_the_estimator(bench: Bench) -> None:
    """Another estimator on the same samples comes to the same state."""
    watch, wanted = bench.watch, np.empty(len(bench.controller.exported))
    for cycle in range(20):
        joints = bench.run(1)
        if cycle == 0:
            _, imu, _ = bench.samples
            watch.estimator.reset(replace(joints, stamp=joints.stamp - 0.002), imu)
        fill_exported(watch.estimator.step(*bench.samples), wanted)
        # A quaternion does not hold a matrix exactly.
        assert np.allclose(bench.controller.exported, wanted, atol=1e-9, rtol=0.0)
        rebuilt = state_from_exported(bench.controller.exported, joints)
        fill_exported(rebuilt, wanted)
        assert np.allclose(bench.controller.exported, wanted, atol=1e-14, rtol=0.0)
        assert rebuilt.stamp == joints.stamp


def test_exported_numbers_hold_the_state(bench: Bench) -> None:
    joints, robot = bench.run(50), bench.watch.twin.robot
    state = state_from_exported(bench.controller.exported, joints)
    truth = bench.watch.twin.base_state().transform_base_to_odom
    found = state.base.transform_base_to_odom
    assert np.abs(found.translation - truth.translation).max() < 0.004
    assert np.abs(found.rotation - truth.rotation).max() < 0.01
    at = state_names(robot).index
    assert bench.controller.exported[at("left_foot/contact")] == 1.0
    total = sum(
        bench.controller.exported[at(f"{side}_foot/force.z")]
        for side in ("left", "right")
    )
    assert total == pytest.approx(robot.mass * 9.81, rel=0.15)


def test_board_shows_state_and_covariances(rx1: Robot) -> None:
    made = Bench(rx1)
    made.fill()
    made.controller.on_activate()
    made.run(20)
    board = made.controller.board
    table = dict(zip(board.names, board.values, strict=True))
    assert np.isfinite(board.values).all()
    assert table["left_foot/contact_probability"] == 1.0
    assert table["base/position.z"] == made.controller.exported[2]
    assert 0.0 < table["twist_covariance.0"] < 1e-3
    assert board.count == 20


def test_samples_without_numbers_end_in_an_error_and_nan(rx1: Robot) -> None:
    made = Bench(rx1)
    made.fill()
    made.controller.on_activate()
    made.run(5)
    made.values[:] = np.nan
    results = [
        made.controller.update(made.watch.twin.time + 0.002 * cycle, 0.002)
        for cycle in range(1, 13)
    ]
    assert results[:9] == [Return.OK] * 9
    assert results[-1] is Return.ERROR
    assert np.isnan(made.controller.exported).all()
    with pytest.raises(ConfigError, match="estimator has failed"):
        state_from_exported(made.controller.exported, made.fill())
    made.values[:] = np.nan
    assert made.controller.on_activate() is Result.FAILURE


def test_restart_begins_odom_anew(rx1: Robot) -> None:
    made = Bench(rx1)
    made.fill()
    made.controller.on_activate()
    made.run(10)
    made.controller._estimator._filter.estimate.vectors[1:] += [1.0, 2.0, 0.0]
    made.run(1)
    assert made.controller.exported[1] > 1.9
    made.controller.inbox.append(Restart())
    made.run(1)
    assert np.abs(made.controller.exported[:2]).max() < 0.05


def test_cells_can_be_left_out(rx1: Robot) -> None:
    made = Bench(rx1, {"use_force_torque": False})
    assert not [name for name in made.names if "sole_ft" in name]
    made.fill()
    made.controller.on_activate()
    joints = made.run(20)
    assert state_from_exported(made.controller.exported, joints).contact.all()


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"slide": -1.0}, "slide"),
        ({"use_attitude": "yes"}, "use_attitude"),
        ({"use_force_torque": 1}, "use_force_torque"),
        ({"contact": {"on": 0.02}}, "off"),
        ({"contact": {"settle": "long"}}, "contact.settle"),
        ({"contact": 3}, "mapping"),
        ({"imu": "nose"}, "nose"),
    ],
)
def test_wrong_parameters_are_refused(
    rx1: Robot, parameters: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        Bench(rx1, parameters)
