# SPDX-License-Identifier: Apache-2.0
"""Something fails while the robot runs: who stops, who takes over, who goes on."""

import math

import pytest

from renxing.hardware_interface import Result, Return
from renxing.runtime.manager.switching import Strictness

STRICT = Strictness.STRICT
BANG = RuntimeError("bang")


@pytest.fixture
def two(stage, kit):
    """An arm and a leg, each with a commander; one reads both, one nothing."""

    def make(**settings):
        manager = stage(
            kit.component("arm", "j1 j2"), kit.component("leg", "j3"), **settings
        )
        manager.add("arm_commander", commands=("j1/position",))
        manager.add("leg_commander", commands=("j3/position",))
        manager.add("reader", states=("j1/position", "j3/position"))
        manager.add("leg_reader", states=("j3/position",))
        manager.add("idle")
        names = ("arm_commander", "leg_commander", "reader", "leg_reader", "idle")
        assert manager.on(*names).ok
        manager.cycles(2)
        manager.take_events()
        return manager

    return make


@pytest.mark.parametrize("what", ["read", "write"])
@pytest.mark.parametrize("comes_to", [Return.ERROR, BANG])
def test_failed_hardware_stops_who_uses_it(two, what, comes_to) -> None:
    manager = two()
    manager.puppets["arm"].script[what] = [comes_to]
    manager.cycles(1)
    assert manager.active() == {"leg_commander", "leg_reader", "idle"}
    assert manager.hardware() == {"arm": "unconfigured", "leg": "active"}
    assert f"failed in {what}" in manager.problems()
    answer = manager.on("arm_commander")
    assert not answer.ok and "'j1/position' is not available" in answer.message
    # And back again, without a restart of anything.
    assert manager.set_hardware_component_state("arm", 3).ok
    assert manager.on("arm_commander", "reader").ok
    manager.cycles(3)
    assert len(manager.active()) == 5


def test_hardware_that_rests_stops_who_commands_it(two) -> None:
    manager = two()
    manager.puppets["arm"].script["write"] = [Return.DEACTIVATE]
    manager.cycles(1)
    assert manager.hardware()["arm"] == "inactive"
    assert manager.active() == {"leg_commander", "reader", "leg_reader", "idle"}


def test_that_can_be_turned_off(two) -> None:
    manager = two(stop_on_rest=False)
    manager.puppets["arm"].script["write"] = [Return.DEACTIVATE]
    manager.cycles(2)
    assert manager.hardware()["arm"] == "inactive"
    assert len(manager.active()) == 5


def test_taking_hardware_away_stops_its_users_first(two) -> None:
    manager = two()
    assert manager.set_hardware_component_state("arm", 2).ok
    assert manager.active() == {"leg_commander", "reader", "leg_reader", "idle"}
    assert manager.set_hardware_component_state("arm", 1).ok
    assert manager.active() == {"leg_commander", "leg_reader", "idle"}
    assert manager.set_hardware_component_state("leg", 4).ok
    assert manager.active() == {"idle"}


def test_a_chain_over_failed_hardware_stops_where_it_must(stage, kit) -> None:
    manager = stage(kit.component("arm", "j1"), kit.component("leg", "j3"))
    manager.add("low", commands=("j3/position",), references=("r",))
    manager.add("high", commands=("low/r", "j1/position"))
    manager.on("low", "high")
    assert manager.doll("low").chained
    manager.puppets["arm"].script["read"] = [Return.ERROR]
    manager.cycles(1)
    assert manager.active() == {"low"}
    # In ros2_control it would wait for references that nobody writes any more.
    assert not manager.doll("low").chained
    manager.on("high")
    manager.puppets["leg"].script["read"] = [Return.ERROR]
    manager.cycles(1)
    assert manager.active() == set()


@pytest.fixture
def primary(stage):
    def make(**wishes):
        manager = stage()
        manager.add("safe", commands=("j1/position",))
        manager.add("main", commands=("j1/position",), fallbacks=("safe",))
        return manager

    return make


@pytest.mark.parametrize("comes_to", [Return.ERROR, BANG])
def test_a_fallback_takes_over_in_the_same_cycle(primary, comes_to) -> None:
    manager = primary()
    manager.on("main")
    manager.doll("safe").value = 9.0
    manager.cycles(1)
    manager.doll("main").script["update"] = [comes_to]
    manager.cycles(1)
    assert manager.active() == {"safe"}
    # The last command stands until the fallback gives its first.
    assert manager.command("j1/position") == 0.0
    manager.cycles(1)
    assert manager.command("j1/position") == 9.0


def test_fallbacks_take_interfaces_from_others(stage) -> None:
    manager = stage()
    manager.add("safe", commands=("j1/position", "j2/position"))
    manager.add("main", commands=("j1/position",), fallbacks=("safe",))
    manager.add("other", commands=("j2/position",))
    manager.add("above", states=("j2/position",))
    manager.on("main", "other", "above")
    manager.doll("main").script["update"] = [Return.ERROR]
    manager.cycles(1)
    assert manager.active() == {"safe", "above"}


def test_fallbacks_come_all_or_none(stage) -> None:
    manager = stage()
    manager.add("good", commands=("j1/position",))
    manager.add("bad", commands=("j2/position",))
    manager.add("main", commands=("j1/position",), fallbacks=("good", "bad"))
    manager.on("main")
    manager.doll("bad").script["on_activate"] = Result.FAILURE
    manager.doll("main").script["update"] = [Return.ERROR]
    manager.cycles(1)
    assert manager.active() == set()
    assert math.isnan(manager.command("j1/position"))
    manager.cycles(1)  # and the loop goes on


def test_a_fallback_may_be_a_chain(stage) -> None:
    manager = stage()
    manager.add("low", commands=("j1/position",), references=("r",))
    manager.add("high", commands=("low/r",))
    manager.add("main", commands=("j1/position",), fallbacks=("high", "low"))
    manager.add("half", commands=("j2/position",), fallbacks=("high",))
    answer = manager.on("half")
    assert not answer.ok and "'low/r', which is not available" in answer.message
    assert manager.on("main").ok
    manager.doll("main").script["update"] = [BANG]
    manager.cycles(1)
    assert manager.active() == {"low", "high"}
    assert manager.doll("low").chained


def test_fallbacks_of_fallbacks(stage) -> None:
    manager = stage()
    manager.add("last", commands=("j1/position",))
    manager.add("second", commands=("j1/position",), fallbacks=("last",))
    manager.add("first", commands=("j1/position",), fallbacks=("second",))
    manager.on("first")
    for name in ("first", "second"):
        manager.doll(name).script["update"] = Return.ERROR
    manager.cycles(2)
    assert manager.active() == {"last"}


def test_two_that_are_each_others_fallback_do_not_hang(stage) -> None:
    manager = stage()
    manager.add("a", configure=True, fallbacks=("b",), commands=("j1/position",))
    manager.add("b", configure=True, fallbacks=("a",), commands=("j1/position",))
    manager.on("a")
    for name in "ab":
        manager.doll(name).script["update"] = Return.ERROR
    manager.cycles(4)
    assert manager.active() == {"a"}


@pytest.mark.parametrize(
    ("break_it", "complaint"),
    [
        (lambda m: m.unload_controller("safe"), "'safe' is not loaded"),
        (lambda m: m.cleanup_controller("safe"), "'safe' is unconfigured"),
        (lambda m: m.set_hardware_component_state("leg", 1), "'j3/position', which is"),
    ],
)
def test_a_fallback_is_checked_before(stage, kit, break_it, complaint) -> None:
    manager = stage(kit.component("arm", "j1"), kit.component("leg", "j3"))
    manager.add("safe", commands=("j3/position",))
    manager.add("main", commands=("j1/position",), fallbacks=("safe",))
    break_it(manager)
    answer = manager.on("main")
    assert not answer.ok and complaint in answer.message
    assert manager.on("main", strictness=1).ok and manager.active() == set()


def test_a_fallback_in_need_cannot_be_taken_away(primary) -> None:
    manager = primary()
    manager.on("main")
    for answer in (
        manager.unload_controller("safe"),
        manager.cleanup_controller("safe"),
    ):
        assert not answer.ok and "a fallback of main" in answer.message


def test_a_loop_without_fallback_goes_on(two) -> None:
    manager = two()
    for name in ("arm_commander", "reader", "idle"):
        manager.doll(name).script["update"] = [BANG]
    manager.cycles(2)
    assert manager.active() == {"leg_commander", "leg_reader"}
    assert "RuntimeError: bang" in manager.problems()


def test_hardware_that_refuses_to_switch_cannot_keep_a_failed_controller(two) -> None:
    manager = two()
    manager.puppets["arm"].script.update(prepare=BANG, perform=BANG)
    manager.doll("arm_commander").script["update"] = [Return.ERROR]
    manager.cycles(2)
    assert "arm_commander" not in manager.active()


def test_everything_fails_at_once(two) -> None:
    manager = two()
    for puppet in manager.puppets.values():
        puppet.script.update(read=BANG, write=BANG, on_error=BANG, perform=BANG)
    for name in manager.active():
        manager.doll(name).script.update(update=BANG, on_deactivate=BANG, on_error=BANG)
    manager.cycles(3)
    assert manager.active() == set()
    assert set(manager.hardware().values()) == {"finalized"}
    manager.shut_down()


def test_a_bug_of_ours_is_an_event_too(two, monkeypatch) -> None:
    manager = two()
    monkeypatch.setattr(manager.resources, "read", lambda *_: 1 / 0)
    manager.cycles(2)
    assert "cycle: read_time: ZeroDivisionError" in manager.problems()
