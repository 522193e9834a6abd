# SPDX-License-Identifier: Apache-2.0
"""Each fault alone, together, seeded, in time; and the component behind them."""

import numpy as np
import pytest

from renxing.actuation.fault_injector import FaultInjector
from renxing.actuation.faults import KINDS, Fault, Faults
from renxing.errors import ConfigError
from renxing.hardware_interface import (
    IMPEDANCE,
    HardwareComponent,
    HardwareInfo,
    InterfaceInfo,
    PartInfo,
    Result,
    Return,
)

PERIOD = 0.002
ARM, LEG = "arm", "leg"


def part(name, commands=IMPEDANCE):
    return PartInfo(
        name=name,
        kind="joint",
        state_interfaces=tuple(
            InterfaceInfo(name=kind) for kind in ("position", "velocity")
        ),
        command_interfaces=tuple(InterfaceInfo(name=kind) for kind in commands),
    )


class Counter(HardwareComponent):
    """Reads the number of the cycle everywhere, remembers what it was told."""

    cycle = 0
    told = None

    def on_configure(self):
        self.state[:] = 0.0
        return Result.SUCCESS

    def read(self, time, period):
        self.cycle += 1
        self.state[:] = self.cycle
        return Return.OK

    def write(self, time, period):
        self.told = self.command.copy()
        return Return.OK


def make(commands=IMPEDANCE, faults=None, name="body"):
    parts = (part(ARM, commands), part(LEG, commands))
    info = HardwareInfo(name=name, type="system", plugin="", parts=parts)
    injector = FaultInjector(Counter(info), faults)
    injector.state = np.full(4, np.nan)
    injector.command = np.full(2 * len(commands), np.nan)
    assert injector.on_init() is Result.SUCCESS
    assert injector.on_configure() is Result.SUCCESS
    assert injector.on_activate() is Result.SUCCESS
    return injector


def turn(injector, cycles=1):
    """Return the states of some cycles, one a row."""
    rows = []
    for _ in range(cycles):
        assert injector.read(0.0, PERIOD) is Return.OK
        rows.append(injector.state.copy())
        assert injector.write(0.0, PERIOD) is Return.OK
    return np.array(rows)


def fault(kind, pattern="arm/position", **more):
    return Fault(kind=kind, pattern=pattern, **more)


def test_without_faults_everything_passes():
    injector = make()
    injector.command[:] = np.arange(10.0)
    np.testing.assert_array_equal(turn(injector, 3).T, [[1.0, 2.0, 3.0]] * 4)
    np.testing.assert_array_equal(injector.inner.told, np.arange(10.0))
    assert injector.active() == ()


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("drop", 0.0, [np.nan] * 5),
        ("freeze", 0.0, [3, 3, 3, 3, 3]),
        ("delay", 2 * PERIOD, [3, 3, 3, 4, 5]),
        ("bias", 0.5, [3.5, 4.5, 5.5, 6.5, 7.5]),
    ],
)
def test_states_change_where_they_are_named_only(kind, value, expected):
    injector = make()
    turn(injector, 2)
    injector.inject(fault(kind, value=value))
    rows = turn(injector, 5)
    np.testing.assert_array_equal(rows[:, 0], expected)
    np.testing.assert_array_equal(rows[:, 1:].T, [[3, 4, 5, 6, 7]] * 3)
    # The component itself knows nothing of it.
    assert (injector.inner.state == 7).all()
    assert injector.clear() == 1
    assert (turn(injector) == 8).all()


def test_commands_can_be_broken_too_and_the_callers_array_is_left_alone():
    injector = make()
    injector.command[:] = 1.0
    injector.inject(fault("bias", "leg/effort", value=2.0, commands=True))
    states = turn(injector)
    assert (states == 1).all()
    assert injector.inner.told.tolist() == [1.0] * 7 + [3.0] + [1.0] * 2
    assert (injector.command == 1.0).all()


def test_a_joint_without_power_has_neither_gains_nor_torque():
    injector = make()
    injector.command[:] = 5.0
    injector.inject(fault("off", ARM))
    turn(injector)
    assert injector.inner.told.tolist() == [5.0, 0, 0, 0, 0] + [5.0] * 5
    plain = make(commands=("position",))
    plain.command[:] = 5.0
    plain.inject(fault("off", "arm/position"))
    turn(plain)
    np.testing.assert_array_equal(plain.inner.told, [np.nan, 5.0])


def test_noise_has_the_deviation_and_is_seeded():
    def run(seed, name="body"):
        injector = make(name=name)
        injector.inject(fault("noise", value=0.5, seed=seed))
        rows = turn(injector, 2000)
        return rows[:, 0] - rows[:, 1]

    first = run(7)
    assert first.std() == pytest.approx(0.5, rel=0.1)
    assert abs(first.mean()) < 0.05
    np.testing.assert_array_equal(first, run(7))
    assert not np.array_equal(first, run(8))
    assert not np.array_equal(first, run(7, "other"))


def test_an_outage_fails_reads_swallows_writes_and_ends():
    injector = make()
    turn(injector)
    told = injector.inner.told
    injector.inject(fault("outage", "leg.*", duration=3 * PERIOD))
    injector.command[:] = 9.0
    for _ in range(2):
        assert injector.read(0.0, PERIOD) is Return.ERROR
        injector.write(0.0, PERIOD)
    assert injector.inner.told is told
    assert injector.inner.cycle == 1
    turn(injector)
    assert (injector.inner.told == 9.0).all()
    assert injector.active() == ()


def test_start_and_duration_count_in_cycles_and_not_on_a_wall_clock():
    injector = make()
    injector.inject(fault("bias", value=100.0, start=2 * PERIOD, duration=3 * PERIOD))
    assert [one.running for one in injector.active()] == [False]
    column = turn(injector, 6)[:, 0]
    np.testing.assert_array_equal(column, [1, 102, 103, 104, 5, 6])


def test_faults_compose_in_the_order_of_injection():
    injector = make()
    turn(injector)
    first = injector.inject(fault("freeze"))
    turn(injector, 2)
    second = injector.inject(fault("bias", ".*/position", value=0.5))
    np.testing.assert_array_equal(turn(injector)[0], [2.5, 4, 4.5, 4])
    assert [one.number for one in injector.active()] == [first, second]
    # What goes on keeps its state when something else is mended.
    injector.clear(second)
    np.testing.assert_array_equal(turn(injector)[0], [2, 5, 5, 5])
    injector.clear(first)
    assert (turn(injector) == 6).all()
    with pytest.raises(ConfigError, match="there is none"):
        injector.clear(first)


def test_one_list_serves_several_components_and_outlives_them():
    faults = Faults()
    one, other = make(faults=faults), make(faults=faults, name="other")
    one.inject(fault("drop"))
    for injector in (one, other, make(faults=faults)):
        assert np.isnan(turn(injector)[0, 0])
    assert faults.time == 0.0  # whoever owns the list advances it


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"kind": "melt"}, "allowed: drop"),
        ({"pattern": "("}, "pattern"),
        ({"kind": "delay"}, "above 0"),
        ({"kind": "delay", "value": 100.0}, "at most 10 s"),
        ({"kind": "noise", "value": -1.0}, "above 0"),
        ({"value": np.nan}, "finite"),
        ({"start": -1.0}, "at least 0"),
        ({"seed": -1}, "at least 0"),
    ],
)
def test_what_means_nothing_is_refused(wrong, complaint):
    with pytest.raises(ConfigError, match=complaint):
        Fault(**{"kind": "bias", "pattern": "arm", **wrong})


@pytest.mark.parametrize("kind", KINDS)
def test_a_pattern_that_finds_nothing_is_refused(kind):
    injector = make()
    with pytest.raises(ConfigError, match="did you mean arm"):
        injector.inject(fault(kind, "arn/position", value=0.1))
    assert injector.active() == ()
