# SPDX-License-Identifier: Apache-2.0
"""Many late cycles are said once, stop nothing, and are said to be over."""

import time

import pytest

from renxing.actuation.ladder import Rung
from renxing.controller_interface import Controller
from renxing.hardware_interface import Return
from renxing.robot import load_robot
from renxing.runtime.core import CoreConfig, RealTimeCore
from renxing.runtime.manager.settings import ManagerSettings
from renxing.runtime.pacer import LockStep, Pacer
from renxing.runtime.storm import LIMIT

RATE = 500


class Slow(Controller):
    """Takes longer than a period, while it is told to."""

    seconds = 0.0

    def update(self, time_now, period):
        if self.seconds:
            time.sleep(self.seconds)
        return Return.OK


@pytest.fixture
def core():
    robot = load_robot("rx1", backend="mock")
    core = RealTimeCore(
        robot,
        ManagerSettings(update_rate=RATE),
        CoreConfig(),
        controllers={"test/Slow": Slow},
    )
    core.start()
    manager = core.manager
    assert manager.load_controller("slow", "test/Slow").ok
    assert manager.configure_controller("slow").ok
    assert manager.switch_controller(["slow"], []).ok
    manager.take_events()
    return core


def turn(core, pace, cycles, late=0):
    """Turn the loop; in the first `late` cycles say that each took too long."""
    for cycle in range(cycles):
        pace.wait()
        core.tick(pace.cycle / RATE, 1 / RATE, pace)
        core.ledger.end(1 if cycle < late else 0)


def said(core):
    return [e.message for e in core.manager.take_events() if e.subject == "loop"]


def test_a_storm_is_said_once_stops_nothing_and_ends(core):
    pace = LockStep(RATE)
    some = round(LIMIT * RATE)
    turn(core, pace, RATE, late=some)  # the limit itself is no storm
    turn(core, pace, 1)
    assert not core.storm.raging and not said(core)
    turn(core, pace, RATE, late=some + 2)
    assert core.storm.raging
    (text,) = said(core)
    assert "overrun storm: 5 % of 500 cycles late" in text
    turn(core, pace, RATE, late=RATE)
    assert core.storm.raging and not said(core)
    turn(core, pace, 2 * RATE)
    assert not core.storm.raging
    assert said(core) == ["overrun storm is over"]
    assert core.ladder.rung is Rung.RUN


def test_a_slow_controller_makes_a_storm_and_is_named(core):
    core.manager.loader.specs["slow"].controller.seconds = 0.003
    pacer = Pacer(RATE)
    pacer.start()
    for _ in range(RATE + 1):
        core.tick(pacer.cycle / RATE, 1 / RATE, pacer)
        core.ledger.end(pacer.wait())
    (text,) = said(core)
    assert "most time in 'update'" in text
    assert core.ladder.rung is Rung.RUN
    times = core.manager.update_times()["slow"]
    assert len(times) == 500 and min(times) >= 0.003
