# SPDX-License-Identifier: Apache-2.0
"""States and timings of a running core, as a monitor of ros2_control reads them."""

import re

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

from renxing.hardware_interface import State
from renxing.nodes.manager_statistics import to_activity_diagnostics
from renxing.robot import load_robot
from renxing.runtime.manager.answers import Activity, NamedLifecycleState
from renxing.runtime.manager.controller_manager import ControllerManager
from renxing.runtime.manager.settings import ManagerSettings

FIGURES = re.compile(r"Avg: [\d.]+ \[[\d.]+ - [\d.]+\] (us|Hz), StdDev: [\d.]+")


@pytest.fixture(scope="module")
def manager():
    robot = load_robot("rx1", backend="mock")
    manager = ControllerManager(
        robot.urdf.text, robot, ManagerSettings(update_rate=500)
    )
    manager.start()
    for name in ("held", "idle"):
        assert manager.load_controller(name, "renxing/PostureController").ok
        assert manager.configure_controller(name).ok
    assert manager.switch_controller(["held"], []).ok
    for cycle in range(10):
        manager.run(0.002 * cycle, 0.002)
    return manager


def statuses(manager, activity=None):
    found = to_activity_diagnostics(
        activity or manager.activity(), manager.statistics(), "/lab/controller_manager"
    )
    return [(one, {pair.key: pair.value for pair in one.values}) for one in found]


def test_controllers(manager):
    (status, values), _ = statuses(manager)
    assert status.name == "lab/controller_manager: Controllers Activity"
    assert status.message == "1 of 2 active"
    assert (values["held.state"], values["idle.state"]) == ("active", "inactive")
    assert FIGURES.fullmatch(values["held.execution_time"])
    assert values["held.periodicity"].startswith("Avg: 500.00 [500.00 - 500.00] Hz")
    assert "idle.execution_time" not in values


def test_hardware(manager):
    _, (status, values) = statuses(manager)
    assert status.name == "lab/controller_manager: Hardware Components Activity"
    assert (status.level, status.message) == (DiagnosticStatus.OK, "all active")
    (name,) = (component.name for component in manager.resources.components)
    assert values[f"{name}.state"] == "active"
    for cycle in ("read_cycle", "write_cycle"):
        assert FIGURES.fullmatch(values[f"{name}.{cycle}.execution_time"])
        assert FIGURES.fullmatch(values[f"{name}.{cycle}.periodicity"])


def test_hardware_that_is_not_active_is_a_warning(manager):
    gone = Activity(
        controllers=(),
        hardware_components=(NamedLifecycleState(name="arm", state=State.INACTIVE),),
    )
    _, (status, values) = statuses(manager, gone)
    assert (status.level, status.message) == (DiagnosticStatus.WARN, "not active: arm")
    assert values == {"arm.state": "inactive"}


@pytest.mark.ros
def test_they_are_on_the_graph(stack):
    def ours(message):
        return len(message.status) == 3 and stack.namespace in message.status[0].name

    message = stack.until(DiagnosticArray, "/diagnostics", ours)
    ends = [status.name.partition(": ")[2] for status in message.status]
    assert ends == [
        "Controller Manager Activity",
        "Controllers Activity",
        "Hardware Components Activity",
    ]
