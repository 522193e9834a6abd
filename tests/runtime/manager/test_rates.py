# SPDX-License-Identifier: Apache-2.0
"""On which ticks slower controllers and hardware have their turn, and the timings."""

import math

import numpy as np
import pytest

from renxing.runtime.manager.pace import Pace, Statistics


def ticks(rate: float, loop_rate: float, count: int) -> list[int]:
    """Return the ticks on which it has its turn, on a clock that adds up errors."""
    pace, time, found = Pace(rate, loop_rate), 100.0, []
    for tick in range(count):
        if pace.turn(time, 1.0 / loop_rate) is not None:
            found.append(tick)
        time += 1.0 / loop_rate
    return found


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (1000, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (0, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (5000, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (500, [0, 2, 4, 6, 8]),
        (1000 / 3, [0, 3, 6, 9]),
        (250, [0, 4, 8]),
        (400, [0, 2, 4, 6, 8]),
        (300, [0, 3, 6, 9]),
    ],
)
def test_pattern(rate, expected) -> None:
    assert ticks(rate, 1000, 10) == expected


def test_it_is_the_rule_of_ros2_control() -> None:
    rng = np.random.default_rng(1)
    for _ in range(300):
        loop = float(rng.integers(50, 1000))
        rate = float(rng.uniform(1.0, loop * 0.99))
        pace = Pace(rate, loop)
        last = time = 0.0
        pace.turn(time, 1 / loop)
        for _ in range(50):
            time += float(rng.uniform(0.5, 1.7)) / loop
            since = time - last
            now, later = abs(since * rate - 1), abs((since + 1 / loop) * rate - 1)
            if abs(now - later) < 1e-6:  # a tie, where rounding decides
                break
            due = pace.turn(time, 1 / loop) is not None
            assert due == (now <= later)
            if due:
                last = time


def test_time_may_be_set_back() -> None:
    pace = Pace(10, 100)
    assert pace.turn(50.0, 0.01) == pytest.approx(0.1)
    assert pace.turn(50.05, 0.01) is None
    assert pace.turn(1.0, 0.01) == pytest.approx(0.1)
    assert pace.turn(1.05, 0.01) is None


@pytest.mark.parametrize(
    ("asked", "gets", "warns"),
    [(0, 100, False), (50, 50, False), (30, 100 / 3, True), (500, 100, True)],
)
def test_controllers_are_snapped_to_whole_cycles(stage, asked, gets, warns) -> None:
    manager = stage()
    doll = manager.add("c", update_rate=asked)
    warned = any("does not divide" in e.message for e in manager.take_events())
    assert warned == warns
    manager.on("c")
    manager.cycles(10)
    every = round(100 / gets)
    times = [time for time, _ in doll.times]
    assert times == pytest.approx([k * 0.01 for k in range(0, 10, every)])
    assert [period for _, period in doll.times] == pytest.approx(
        [1 / gets] * len(times)
    )
    assert manager.list_controllers()[0].update_rate == round(gets)


def test_it_counts_anew_from_its_activation(stage) -> None:
    manager = stage()
    doll = manager.add("c", update_rate=25)
    manager.on("c")
    manager.cycles(2)
    manager.off("c")
    manager.on("c")
    manager.cycles(1)
    assert len(doll.times) == 2


def test_hardware_has_its_own_rate(stage, kit) -> None:
    manager = stage(
        kit.component("fast", "j1"), kit.component("slow", "j2", 'rw_rate="25"')
    )
    assert manager.list_hardware_components()[1].rw_rate == 25
    for puppet in manager.puppets.values():
        puppet.turns.clear()
    manager.cycles(8)
    turns = manager.puppets["slow"].turns
    assert [round(time * 100) for what, time, _ in turns if what == "read"] == [0, 4]
    assert [round(time * 100) for what, time, _ in turns if what == "write"] == [0, 4]
    assert [period for _, _, period in turns] == pytest.approx([0.04] * 4)
    assert len(manager.puppets["fast"].turns) == 16


def test_a_rate_above_the_loop_is_the_loops(stage, kit) -> None:
    manager = stage(kit.component("arm", "j1", 'rw_rate="999"'))
    assert manager.list_hardware_components()[0].rw_rate == 100
    assert any("above the loop's" in e.message for e in manager.take_events())


def test_statistics_are_those_of_numpy() -> None:
    values = np.random.default_rng(2).normal(1e4, 3.0, 500)
    statistics = Statistics()
    assert statistics.summary().count == 0 and math.isnan(statistics.summary().mean)
    for value in values:
        statistics.add(float(value))
    summary = statistics.summary()
    assert summary.count == 500 and summary.current == values[-1]
    assert summary.mean == pytest.approx(values.mean())
    assert summary.standard_deviation == pytest.approx(values.std())
    assert (summary.minimum, summary.maximum) == (values.min(), values.max())
    statistics.reset()
    assert statistics.summary().count == 0


def test_timings_are_kept(stage) -> None:
    manager = stage()
    manager.add("half", update_rate=50)
    manager.on("half")
    manager.cycles(10)
    found = manager.statistics()
    assert found.controllers["half"].execution_time.count == 5
    assert found.controllers["half"].periodicity.mean == pytest.approx(50.0)
    assert found.reads["arm"].execution_time.count == 10
    assert found.writes["arm"].periodicity.mean == pytest.approx(100.0)
    assert found.phases["total_time"].count == 10
    assert found.phases["total_time"].mean > found.phases["read_time"].mean > 0.0
    assert found.periodicity.mean == pytest.approx(100.0)
