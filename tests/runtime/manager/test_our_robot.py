# SPDX-License-Identifier: Apache-2.0
"""The whole of rx1 with an echo for hardware, in lock-step."""

import time

import numpy as np
import pytest

from renxing.controller_interface import Claim, Controller, InterfaceConfiguration
from renxing.hardware_interface import IMPEDANCE, HardwareComponent, Result, Return
from renxing.robot.urdf import read_urdf
from renxing.runtime.manager.controller_manager import ControllerManager
from renxing.runtime.manager.settings import ManagerSettings


class Echo(HardwareComponent):
    """Is where it is told to be."""

    def on_configure(self) -> Result:
        names = {name: index for index, name in enumerate(self.command_names())}
        self.pairs = [
            (index, names[name])
            for index, name in enumerate(self.state_names())
            if name in names
        ]
        self.state[:] = 0.0
        return Result.SUCCESS

    def write(self, time, period) -> Return:
        states, commands = np.array(self.pairs).T
        given = np.isfinite(self.command[commands])
        self.state[states[given]] = self.command[commands[given]]
        return Return.OK


class Joints(Controller):
    """Commands the five values of some joints."""

    def command_interfaces(self) -> InterfaceConfiguration:
        joints = self.info.parameters["joints"]
        names = tuple(f"{joint}/{kind}" for kind in IMPEDANCE for joint in joints)
        return InterfaceConfiguration(claim=Claim.INDIVIDUAL, names=names)

    def state_interfaces(self) -> InterfaceConfiguration:
        joints = self.info.parameters["joints"]
        names = tuple(f"{joint}/{kind}" for joint in joints for kind in IMPEDANCE[:2])
        return InterfaceConfiguration(claim=Claim.INDIVIDUAL, names=names)

    def update(self, time, period) -> Return:
        self.states.get()
        self.commands.set(np.arange(len(self.commands), dtype=float) + time)
        return Return.OK


class Everything(Controller):
    def state_interfaces(self) -> InterfaceConfiguration:
        return InterfaceConfiguration(claim=Claim.ALL)

    def update(self, time, period) -> Return:
        self.outbox.append(self.states.get())
        return Return.OK


@pytest.fixture
def manager(rx1):
    # As the node gets it: the text of the description.
    text = read_urdf(rx1.urdf.path, {"backend": "mock"}).text
    made = ControllerManager(
        text,
        rx1,
        ManagerSettings(update_rate=500),
        hardware={"mock_components/GenericSystem": Echo},
        controllers={"test/Joints": Joints, "test/Everything": Everything},
    )
    made.start()
    groups = [rx1.joints[start::4] for start in range(4)]
    for number, joints in enumerate(groups):
        made.loader.set(f"group_{number}", "joints", joints)
        assert made.load_controller(f"group_{number}", "test/Joints").ok
        assert made.configure_controller(f"group_{number}").ok
    assert made.load_controller("all", "test/Everything").ok
    assert made.configure_controller("all").ok
    names = [f"group_{number}" for number in range(4)] + ["all"]
    assert made.switch_controller(names, [], 2).ok
    yield made
    made.shut_down()


def test_commands_go_out_and_come_back(manager, rx1) -> None:
    assert len(manager.resources.states) == 216
    assert len(manager.resources.commands) == 215
    for tick in range(3):
        manager.run(tick * 0.002, 0.002)
    assert np.isfinite(manager.resources.commands).all()
    joint = rx1.joints[5]  # second of the second group
    index = manager.resources.state_index[f"{joint}/position"]
    assert manager.resources.states[index] == pytest.approx(1.0 + 0.004)
    states = manager.loader.specs["all"].controller.outbox[-1]
    assert states.shape == (216,)
    assert all(i.is_claimed for i in manager.list_hardware_interfaces()[0])


def test_a_cycle_is_cheap(manager) -> None:
    echo = manager.resources.components[0].hardware
    echo.write = lambda time, period: Return.OK  # ours is to be measured, not the echo
    spent = []
    for tick in range(2000):
        start = time.perf_counter()
        manager.run(tick * 0.002, 0.002)
        spent.append(time.perf_counter() - start)
    median = float(np.median(spent)) * 1e6
    print(f"cycle of 43 joints, 431 interfaces, 5 controllers: {median:.1f} us")
    assert median < 200.0  # 10 % of the period, on the slowest machine
    assert not [e for e in manager.take_events() if e.level.value == "error"]
