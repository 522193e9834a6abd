# SPDX-License-Identifier: Apache-2.0
"""A bus's node: what an operator asks and sees, and that the bus needs it not."""

import signal

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from std_srvs.srv import Trigger

from renxing.runtime.servo.bench import DRIVES, servo_bench
from renxing.runtime.servo.joint_bus import state_layout
from renxing.runtime.shared_block import BlockReader

LEG = "left_leg"
KNEE = "left_knee_joint"


@pytest.fixture(scope="module")
def plant(robot):
    plant = servo_bench(robot, {LEG: (LEG,)})
    with plant.running():
        yield plant


@pytest.fixture(scope="module")
def node(bench, plant):
    space = plant.namespace
    driver = bench.start(f"servo_{LEG}", namespace=space, answer_timeout=10.0)
    driver.wait_until_ready()
    return f"/{space}/servo_{LEG}"


def status(bench, name, level):
    """Return the status of a name once it has a level."""

    def find(message):
        return [s for s in message.status if s.name == name and s.level == level]

    return find(bench.until(DiagnosticArray, "/diagnostics", find))[0]


def values(found):
    return {pair.key: pair.value for pair in found.values}


def test_it_reports_bus_and_joints(bench, node):
    bus = values(status(bench, f"servo {LEG}", DiagnosticStatus.OK))
    assert float(bus["frames_per_second"]) > 0.0
    assert {"cpu_share", "period_p99", "overruns", "damaged"} <= set(bus)
    knee = values(status(bench, f"servo {LEG}: {KNEE}", DiagnosticStatus.OK))
    assert (knee["state"], knee["fault"]) == ("disabled", "none")
    assert 0.0 < float(knee["temperature"]) < 60.0


def test_orders_reach_the_drives(bench, node):
    for name in ("disable", "enable", "clear_fault", "set_zero", f"{KNEE}/set_zero"):
        answer = bench.call(Trigger, f"{node}/{name}")
        assert answer.success, answer.message
    assert answer.message == "set_zero: 1 drives"


def test_disabled_is_said(bench, node):
    assert bench.call(Trigger, f"{node}/disable").success
    found = status(bench, f"servo {LEG}", DiagnosticStatus.WARN)
    assert found.message == "disabled by an operator"
    assert bench.call(Trigger, f"{node}/enable").success


def test_dead_drives_are_an_error(bench, node, plant):
    plant.processes[DRIVES].kill()
    plant.processes[DRIVES].wait()
    status(bench, f"servo {LEG}: {KNEE}", DiagnosticStatus.ERROR)
    plant.start(DRIVES)
    status(bench, f"servo {LEG}: {KNEE}", DiagnosticStatus.OK)


def test_the_bus_outlives_its_node(bench, node, plant, robot):
    bench.started[-1].interrupt(signal.SIGKILL)
    joints = robot.description.groups[LEG]
    reader = BlockReader(f"{plant.name}.{LEG}.state", state_layout(joints))
    reader.read()
    cycles = int(reader.frame["cycles"])

    def goes_on():
        reader.read()
        return int(reader.frame["cycles"]) > cycles + 100

    bench.wait(goes_on, "further cycles of the bus")
    space = plant.namespace
    bench.start(f"servo_{LEG}", namespace=space, answer_timeout=10.0).wait_until_ready()
    # Not a service: the dead one is still known for a while, and would be asked.
    status(bench, f"servo {LEG}", DiagnosticStatus.OK)
