# SPDX-License-Identifier: Apache-2.0
"""One thread runs the cycle, another one manages; neither may wait for long."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from renxing.hardware_interface import Result, Return

LIMIT = 10.0  # [s] of an answer: far more than it takes, even on a busy machine


class Loop:
    """Runs the cycle of a manager in a thread."""

    def __init__(self, manager) -> None:
        self.manager = manager
        self.count = 0
        self.error: BaseException | None = None
        self.end = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        try:
            while not self.end.is_set():
                self.manager.run(self.count * 0.01, 0.01)
                self.count += 1
                time.sleep(0.0002)
        except BaseException as error:
            self.error = error

    def wait(self, cycles: int) -> None:
        goal, deadline = self.count + cycles, time.monotonic() + LIMIT
        while self.count < goal:
            assert time.monotonic() < deadline, "the loop stands still"
            time.sleep(0.001)


@contextmanager
def running(manager) -> Iterator[Loop]:
    loop = Loop(manager)
    loop.thread.start()
    try:
        yield loop
    finally:
        loop.end.set()
        loop.thread.join(LIMIT)
        assert not loop.thread.is_alive() and loop.error is None


def switch(manager, on, off, **how):
    return manager.switch_controller(on, off, 2, timeout=LIMIT, **how)


@pytest.mark.parametrize("asap", [True, False])
def test_hammering(stage, asap) -> None:
    manager = stage(threaded=True)
    manager.add("low", commands=("j1/position",), references=("r",))
    manager.add("high", commands=("low/r",))
    manager.add("rival", commands=("j1/position", "j2/position"))
    with running(manager) as loop:
        for _ in range(60):
            for on, off in (
                (("low",), ()),
                (("high",), ()),
                (("rival",), ("high", "low")),
                (("low", "high"), ("rival",)),
                ((), ("low", "high")),
            ):
                answer = switch(manager, on, off, activate_asap=asap)
                assert answer.ok, answer
                states = manager.states()
                assert all(states[name] == "active" for name in on)
                assert all(states[name] == "inactive" for name in off)
                assert manager.doll("low").chained == (
                    "high" in manager.active() and "low" in manager.active()
                )
        loop.wait(2)
    assert manager.active() == set()
    assert not any(i.is_claimed for i in manager.list_hardware_interfaces()[0])
    assert manager.problems() == ""


@pytest.mark.parametrize("asap", [True, False])
def test_hammering_while_things_fail(stage, kit, asap) -> None:
    manager = stage(
        kit.component("arm", "j1"), kit.component("leg", "j2"), threaded=True
    )
    manager.add("safe", commands=("j1/position",))
    manager.add("main", commands=("j1/position",), fallbacks=("safe",))
    manager.add("leg", commands=("j2/position",), states=("j1/position",))
    with running(manager) as loop:
        for round_ in range(80):
            manager.switch_controller(
                ["main", "leg"], ["safe"], 1, activate_asap=asap, timeout=LIMIT
            )
            if round_ % 2:
                manager.doll("main").script["update"] = [Return.ERROR]
            else:
                manager.puppets["arm"].script["read"] = [Return.ERROR]
            manager.switch_controller([], ["leg"], 1, activate_asap=asap, timeout=LIMIT)
            for name in ("arm", "leg"):
                manager.set_hardware_component_state(name, 3)
        manager.doll("main").script.clear()
        loop.wait(3)
        manager.puppets["arm"].script.clear()
        loop.wait(3)
        for name in ("arm", "leg"):
            assert manager.set_hardware_component_state(name, 3).ok
        assert switch(manager, ["leg"], sorted(manager.active())).ok
        loop.wait(2)
    # Whatever happened, the books are right.
    assert manager.active() == {"leg"}
    claimed = [i.name for i in manager.list_hardware_interfaces()[0] if i.is_claimed]
    assert claimed == ["j2/position"]
    assert "cycle" not in manager.problems()


@pytest.mark.parametrize("asap", [True, False])
def test_nobody_runs_the_cycle(stage, asap) -> None:
    manager = stage(threaded=True)
    manager.add("c")
    answer = manager.switch_controller(["c"], [], 2, activate_asap=asap, timeout=0.05)
    assert not answer.ok and "timed out after 0.05 seconds" in answer.message
    assert manager.active() == set() and not manager.cycle.mail
    # What was given up is not done later.
    manager.cycles(2)
    assert manager.active() == set()
    with running(manager):
        assert switch(manager, ["c"], [], activate_asap=asap).ok


def test_slow_steps_do_not_hold_up_the_loop(stage, kit) -> None:
    manager = stage(
        kit.component("arm", "j1"), kit.component("leg", "j2"), threaded=True
    )
    runner = manager.add("runner", states=("j2/position",))
    slow = manager.add("slow", configure=False)

    def take_long() -> Result:
        time.sleep(0.2)
        return Result.SUCCESS

    slow.on_configure = take_long
    manager.puppets["arm"].on_activate = take_long
    with running(manager) as loop:
        assert switch(manager, ["runner"], []).ok
        for work in (
            lambda: manager.configure_controller("slow"),
            lambda: manager.set_hardware_component_state("arm", 2),
            lambda: manager.set_hardware_component_state("arm", 3),
        ):
            before = loop.count, len(runner.times)
            start = time.monotonic()
            assert work().ok
            if time.monotonic() - start > 0.15:
                assert loop.count - before[0] > 20
                assert len(runner.times) - before[1] > 20


def test_the_loop_makes_way_for_a_slow_activation(stage) -> None:
    manager = stage(threaded=True)
    runner = manager.add("runner")
    slow = manager.add("slow", commands=("j1/position",))

    def take_long() -> Result:
        time.sleep(0.2)
        return Result.SUCCESS

    slow.on_activate = take_long
    with running(manager) as loop:
        assert switch(manager, ["runner"], []).ok
        loop.wait(2)
        before = len(runner.times)
        assert switch(manager, ["slow"], [], activate_asap=False).ok
        assert len(runner.times) - before > 20
        before = len(runner.times)
        assert switch(manager, [], ["slow"]).ok
        assert switch(manager, ["slow"], [], activate_asap=True).ok
        assert len(runner.times) - before < 20


def test_what_fails_during_a_slow_activation_is_stopped_after_it(stage) -> None:
    manager = stage(threaded=True)
    slow = manager.add("slow", states=("j1/position",))
    begun = threading.Event()

    def take_long() -> Result:
        begun.set()
        time.sleep(0.1)
        return Result.SUCCESS

    slow.on_activate = take_long
    with running(manager) as loop:
        thread = threading.Thread(
            target=switch, args=(manager, ["slow"], []), kwargs={"activate_asap": False}
        )
        thread.start()
        assert begun.wait(LIMIT)
        manager.puppets["arm"].script["read"] = [Return.ERROR]
        thread.join(LIMIT)
        loop.wait(3)
    assert manager.active() == set()
    assert manager.hardware() == {"arm": "unconfigured"}


def test_a_plan_that_is_outdated_is_made_again(stage) -> None:
    manager = stage(threaded=True)
    manager.add("a")
    manager.add("b")
    b = manager.doll("b")
    fail = [True]

    def prepare(start, stop, **_how):
        # Between planning and doing, the loop stops another controller.
        if fail and "b" in manager.active():
            fail.clear()
            b.script["update"] = [Return.ERROR]
            deadline = time.monotonic() + LIMIT
            while "b" in manager.active() and time.monotonic() < deadline:
                time.sleep(0.001)
        return ""

    with running(manager):
        assert switch(manager, ["b"], []).ok
        manager.resources.prepare_switch = prepare
        answer = manager.switch_controller(["a"], ["b"], 1, timeout=LIMIT)
        assert answer.ok and "not active" in answer.message
    assert manager.active() == {"a"} and not fail


def test_busy_hardware_hears_of_a_switch_later(stage) -> None:
    manager = stage()
    manager.add("safe", commands=("j2/position",))
    manager.add("main", commands=("j1/position",), fallbacks=("safe",))
    manager.on("main")
    arm = manager.resources.components[0]
    manager.doll("main").script["update"] = [Return.ERROR]
    with arm.lock:  # as somebody who changes its state
        manager.cycles(1)
        assert manager.active() == {"safe"}
        calls = manager.puppets["arm"].calls
        before = len(calls)
    manager.cycles(1)
    names = ("j2/position",), ("j1/position",)
    assert calls[before:] == [("prepare", *names), ("perform", *names)]


def test_a_chain_torn_by_another_thread_is_mended_by_the_loop(stage) -> None:
    manager = stage(threaded=True)
    manager.add("low", commands=("j1/position",), references=("r",))
    manager.add("high", commands=("low/r",))
    with running(manager) as loop:
        assert switch(manager, ["low"], []).ok
        manager.doll("high").script["on_activate"] = [Result.FAILURE]
        answer = switch(manager, ["high"], [], activate_asap=False)
        assert not answer.ok
        loop.wait(2)
        assert manager.active() == {"low"} and not manager.doll("low").chained
