# SPDX-License-Identifier: Apache-2.0
"""The core's side of the joint bus, with buses that the test writes itself."""

import os
import time
import uuid
from dataclasses import replace

import numpy as np
import pytest

from renxing.actuation.servo.joint_map import servo_map
from renxing.actuation.servo.table import DriveState
from renxing.errors import ConfigError, DeviceError, StaleError
from renxing.hardware_interface import Result
from renxing.runtime.default_hardware import default_hardware
from renxing.runtime.servo.joint_bus import (
    body_layout,
    bus_name,
    command_layout,
    state_layout,
)
from renxing.runtime.servo.system import ServoSystem
from renxing.runtime.shared_block import BlockReader, BlockWriter

# Long enough for a busy machine; the tests do not wait for it.
LATE = 5.0  # [s]


class Buses:
    """What bus processes and sensors would write."""

    def __init__(self, robot):
        self.name = f"servo.test{os.getpid()}.{uuid.uuid4().hex[:8]}"
        self.robot = robot
        self.blocks = {
            bus.name: BlockWriter(
                f"{self.name}.{bus.name}.state", state_layout(bus.joints)
            )
            for bus in servo_map(robot)
        }
        self.body = BlockWriter(f"{self.name}.body", body_layout(robot))
        info = default_hardware(robot, "servo")[0]
        self.info = replace(info, parameters={"reply_timeout": str(LATE)})
        self.publish()

    def publish(self, *silent, state=DriveState.DISABLED):
        """Let all buses answer but some, which were last heard long ago."""
        for name, block in self.blocks.items():
            age = 2 * LATE if name in silent else 0.0
            block.frame["heard"][:] = time.monotonic_ns() - round(1e9 * age)
            block.frame["state"][:] = state
            block.publish()
        self.body.publish()

    def system(self):
        system = ServoSystem(self.info, self.robot, self.name)
        assert system.on_init() is Result.SUCCESS
        system.state = np.full(len(system.state_names()), np.nan)
        system.command = np.full(len(system.command_names()), np.nan)
        return system

    def command(self):
        reader = BlockReader(f"{self.name}.command", command_layout(self.robot))
        reader.read()
        return reader.frame


@pytest.fixture
def buses(robot):
    buses = Buses(robot)
    yield buses
    for block in (*buses.blocks.values(), buses.body):
        block.close()


@pytest.fixture
def system(buses):
    system = buses.system()
    assert system.on_configure() is Result.SUCCESS
    yield system
    system.on_shutdown()


def lost(system):
    rows = zip(system.state_names(), system.state, strict=True)
    return {n.split("/")[0] for n, v in rows if n.endswith("/position") and np.isnan(v)}


def test_states_come_in_the_order_of_their_names(buses, system):
    values = {}
    for block in buses.blocks.values():
        for kind in ("position", "velocity", "effort", "temperature"):
            joints = block.frame.layout.joints
            block.frame[kind][:] = [len(values) + i for i in range(len(joints))]
            numbers = block.frame[kind]
            values |= {f"{j}/{kind}": v for j, v in zip(joints, numbers, strict=True)}
    for field in buses.body.frame.layout.fields:
        buses.body.frame[field.name][:] = np.arange(field.size) + len(values)
    buses.publish()
    system.read(0.0, 0.002)
    read = dict(zip(system.state_names(), system.state, strict=True))
    assert {n: v for n, v in read.items() if n in values} == values
    sensor = buses.robot.description.sensors.imu[0].name
    assert read[f"{sensor}/linear_acceleration.z"] == buses.body.frame[sensor][9]


def test_commands_and_power_reach_the_bus(buses, system):
    assert int(buses.command()["session"]) == 0
    system.on_activate()
    system.command[:] = np.arange(len(system.command))
    system.write(0.0, 0.002)
    frame = buses.command()
    joints = buses.robot.joints
    names = [n.split("/")[0] for n in system.command_names()[: len(joints)]]
    rows = system.command.reshape(5, -1)
    for place, joint in enumerate(joints):
        assert (frame["rows"][:, place] == rows[:, names.index(joint)]).all()
    assert int(frame["session"]) > 0
    system.on_deactivate()
    assert int(buses.command()["session"]) == 0


def test_each_activation_is_another_session(buses, system):
    seen = set()
    for _ in range(3):
        system.on_activate()
        system.write(0.0, 0.002)
        seen.add(int(buses.command()["session"]))
        system.on_deactivate()
    assert len(seen) == 3


def test_a_silent_bus_takes_its_joints_only(buses, system):
    buses.publish("left_leg")
    system.read(0.0, 0.002)
    leg = buses.blocks["left_leg"].frame.layout.joints
    assert lost(system) == set(leg)
    buses.publish()
    system.read(0.0, 0.002)
    assert lost(system) == set()


def test_silence_of_all_is_an_error_and_no_power_is_taken(buses, system):
    system.on_activate()
    system.write(0.0, 0.002)
    buses.publish(*buses.blocks)
    with pytest.raises(StaleError, match="no answer of left_leg, right_leg"):
        system.read(0.0, 0.002)
    assert system.on_error() is Result.SUCCESS
    # The drives damp on their own; told to switch off they would drop the robot.
    assert int(buses.command()["session"]) > 0
    buses.publish()
    assert system.on_configure() is Result.SUCCESS
    assert int(buses.command()["session"]) == 0


def test_a_drive_that_stops_obeying_is_lost_until_it_obeys_again(buses, system):
    buses.publish(state=DriveState.ENABLED)
    system.on_activate()
    system.read(0.0, 0.002)
    assert lost(system) == set()
    block = buses.blocks["torso"]
    buses.publish(state=DriveState.ENABLED)
    block.frame["state"][0] = DriveState.FAULT
    block.publish()
    system.read(0.0, 0.002)
    assert lost(system) == {block.frame.layout.joints[0]}
    buses.publish(state=DriveState.ENABLED)
    system.read(0.0, 0.002)
    assert lost(system) == set()


def test_lost_drives_are_asked_for_power_again_and_only_damp_at_first(buses, system):
    buses.publish(state=DriveState.ENABLED)
    system.on_activate()
    system.read(0.0, 0.002)
    block = buses.blocks["torso"]
    block.frame["state"][:] = DriveState.FAULT
    block.publish()
    system.read(0.0, 0.002)
    system.command[:] = 1.0
    system.write(0.0, 0.002)
    before = buses.command()
    joints = buses.robot.joints
    torso = [joints.index(joint) for joint in block.frame.layout.joints]
    rest = [place for place in range(len(joints)) if place not in torso]
    assert (before["rows"][:, rest] == 1.0).all()
    assert (before["rows"][2:4, torso] == 0.0).all()
    assert (before["rows"][4, torso] == 1.0).all()
    assert system.recover() is Result.SUCCESS
    system.write(0.0, 0.002)
    after = buses.command()
    assert int(after["session"]) > int(before["session"]) > 0
    # It still counts as powered: others would else wait for the drives that lack it.
    buses.publish(state=DriveState.ENABLED)
    system.read(0.0, 0.002)
    system.write(0.0, 0.002)
    assert lost(system) == set()
    assert (buses.command()["rows"] == 1.0).all()


def test_recovery_asks_for_no_power_that_is_not_wanted(buses, system):
    system.recover()
    system.write(0.0, 0.002)
    assert int(buses.command()["session"]) == 0


def test_drives_without_power_in_time_are_an_error(buses):
    parameters = {**buses.info.parameters, "power_timeout": "0"}
    buses.info = replace(buses.info, parameters=parameters)
    system = buses.system()
    system.on_configure()
    system.on_activate()
    system.read(0.0, 0.002)  # nothing was commanded yet: there is no hurry
    system.write(0.0, 0.002)
    with pytest.raises(DeviceError, match="no power on left_leg"):
        system.read(0.0, 0.002)
    system.on_shutdown()


def test_body_sensors_that_are_gone_are_nan(buses, system):
    sensor = buses.robot.description.sensors.imu[0].name
    old = time.monotonic_ns() - round(2e9 * LATE)
    buses.body.publish(old)
    system.read(0.0, 0.002)
    read = dict(zip(system.state_names(), system.state, strict=True))
    assert np.isnan(read[f"{sensor}/orientation.w"])
    assert lost(system) == set()


def test_nothing_to_connect_to_is_said(buses):
    buses.publish("torso")
    parameters = {**buses.info.parameters, "connect_timeout": "0"}
    buses.info = replace(buses.info, parameters=parameters)
    with pytest.raises(StaleError, match="no answer of torso"):
        buses.system().on_configure()
    buses.info = replace(buses.info, parameters={"speed": "9"})
    with pytest.raises(ConfigError, match="parameter 'speed', allowed: reply_timeout"):
        buses.system()


def test_names_of_joint_buses():
    assert bus_name("") == "servo"
    assert bus_name("/lab/one") == "servo.lab.one"
