# SPDX-License-Identifier: Apache-2.0
"""Controllers that command and read each other."""

import math

import pytest

from renxing.hardware_interface import Result, Return
from renxing.runtime.manager.switching import Strictness

STRICT, AUTO = Strictness.STRICT, Strictness.AUTO
BANG = RuntimeError("bang")


@pytest.fixture
def chain(stage):
    """top -> middle -> low -> j1; each adds 1 to what it is given."""

    def make(order=("low", "middle", "top"), **settings):
        manager = stage(**settings)
        wishes = {
            "low": {"commands": ("j1/position",), "references": ("r",)},
            "middle": {"commands": ("low/r",), "references": ("r",)},
            "top": {"commands": ("middle/r",)},
        }
        for name in order:
            manager.add(name, **wishes[name])
        manager.log.clear()
        return manager

    return make


@pytest.mark.parametrize(
    "order",
    [("low", "middle", "top"), ("top", "middle", "low"), ("middle", "top", "low")],
)
def test_values_flow_down_within_one_cycle(chain, order) -> None:
    manager = chain(order)
    assert manager.on("top", "low", "middle").ok
    # Who is needed comes first, however they were asked for.
    assert manager.log == ["low on_activate", "middle on_activate", "top on_activate"]
    manager.doll("top").value = 1.0
    manager.cycles(1)
    assert manager.log[3:] == ["top update", "middle update", "low update"]
    assert manager.command("j1/position") == 3.0
    assert [c.name for c in manager.list_controllers()] == ["top", "middle", "low"]
    assert [c.is_chained for c in manager.list_controllers()] == [False, True, True]
    assert manager.list_controllers()[0].chain_connections[0].name == "middle"
    assert manager.list_controllers()[0].chain_connections[0].reference_interfaces == (
        "r",
    )
    manager.log.clear()
    assert manager.off("low", "middle", "top").ok
    assert manager.log == [
        "top on_deactivate",
        "middle on_deactivate",
        "low on_deactivate",
    ]


def test_a_preceding_controller_needs_its_following_one(chain) -> None:
    manager = chain()
    answer = manager.on("top")
    assert not answer.ok and "following controller with name 'middle'" in answer.message
    answer = manager.on("middle", "top")
    assert not answer.ok and "'low'" in answer.message
    assert manager.on("low", "middle").ok
    for names in (("low",), ("low", "ghost")):
        answer = manager.off(*names)
        assert not answer.ok
    assert "preceding controller with name 'middle'" in manager.off("low").message
    # Best effort leaves both out.
    assert manager.switch_controller(["top"], ["middle"], 1).ok
    assert manager.active() == {"low"}


def test_best_effort_leaves_out_what_needs_the_left_out(chain) -> None:
    manager = chain()
    manager.cleanup_controller("low")
    assert manager.on("low", "middle", "top", strictness=1).ok
    assert manager.active() == set()
    assert manager.configure_controller("low").ok
    assert manager.on("low", "middle", "top").ok


def test_a_following_controller_starts_over_to_change_its_mode(chain) -> None:
    manager = chain()
    manager.on("low")
    low = manager.doll("low")
    low.inbox.append(5.0)
    manager.cycles(1)
    assert manager.command("j1/position") == 6.0 and not low.chained
    manager.log.clear()
    assert manager.on("middle").ok
    assert manager.log == ["low on_deactivate", "low on_activate", "middle on_activate"]
    assert low.chained
    # Topics are not obeyed any more.
    manager.doll("middle").inbox.append(1.0)
    low.inbox.append(50.0)
    manager.cycles(1)
    assert manager.command("j1/position") == 3.0
    manager.log.clear()
    assert manager.off("middle").ok
    assert manager.log == [
        "middle on_deactivate",
        "low on_deactivate",
        "low on_activate",
    ]
    assert not low.chained and math.isnan(low.references[0])


def test_it_stays_chained_while_one_of_two_writes(stage) -> None:
    manager = stage()
    manager.add("low", commands=("j1/position",), references=("a", "b"))
    manager.add("left", commands=("low/a",))
    manager.add("right", commands=("low/b",))
    assert manager.on("low", "left", "right").ok
    manager.log.clear()
    assert manager.off("left").ok
    assert manager.log == ["left on_deactivate"]
    assert manager.doll("low").chained
    assert math.isnan(manager.doll("low").references[0])
    assert manager.off("right").ok
    assert not manager.doll("low").chained


def test_references_are_exclusive(chain) -> None:
    manager = chain()
    manager.add("rival", commands=("middle/r",))
    answer = manager.on("low", "middle", "top", "rival")
    assert not answer.ok and "will be used by 'top'" in answer.message
    assert manager.on("low", "middle", "top").ok
    assert not manager.on("rival").ok
    # One takes over from the other; the middle one never leaves chained mode.
    manager.log.clear()
    assert manager.switch_controller(["rival"], ["top"], STRICT).ok
    assert manager.log == ["top on_deactivate", "rival on_activate"]


def test_exported_states_are_there_for_readers(stage) -> None:
    manager = stage()
    manager.add("reader", states=("estimator/height", "j1/position"))
    manager.add("estimator", exports=("height",))
    assert not manager.on("reader").ok
    assert manager.on("reader", "estimator").ok
    # Only references chain.
    assert not manager.doll("estimator").chained
    manager.doll("estimator").value = 0.7
    manager.log.clear()
    manager.cycles(1)
    assert manager.log == ["estimator update", "reader update"]
    assert manager.doll("reader").states.get()[0] == 0.7
    assert not manager.off("estimator").ok
    _, states = manager.list_hardware_interfaces()
    assert states[-1].name == "estimator/height" and states[-1].is_available


def test_a_loan_may_mix_hardware_and_references(chain) -> None:
    manager = chain()
    doll = manager.add("mixed", commands=("j2/position", "low/r", "j2/velocity"))
    assert manager.on("low", "mixed").ok
    doll.commands.set([1.0, 2.0, 3.0])
    assert manager.command("j2/position") == 1.0
    assert manager.command("j2/velocity") == 3.0
    assert manager.doll("low").references[0] == 2.0
    assert doll.commands.get().tolist() == [1.0, 2.0, 3.0]
    doll.commands.set(0.0)
    assert doll.commands.get().tolist() == [0.0, 0.0, 0.0]


def test_a_circle_is_refused(stage) -> None:
    manager = stage()
    manager.add("a", references=("r",), commands=("b/r",))
    manager.add("b", configure=False, references=("r",), commands=("a/r",))
    answer = manager.configure_controller("b")
    assert not answer.ok and "circle" in answer.message
    assert manager.states() == {"a": "inactive", "b": "unconfigured"}


def test_a_controller_named_like_a_joint_cannot_hide_it(stage) -> None:
    manager = stage()
    manager.add("j1", configure=False, references=("position",))
    assert "which is hardware" in manager.configure_controller("j1").message


def test_auto_completes_the_chain(chain) -> None:
    manager = chain()
    assert manager.on("top", strictness=AUTO).ok
    assert manager.active() == {"low", "middle", "top"}
    assert manager.off("low", strictness=AUTO).ok
    assert manager.active() == set()


@pytest.mark.parametrize("comes_to", [Return.ERROR, Return.DEACTIVATE, BANG, None])
@pytest.mark.parametrize("who", ["top", "middle", "low"])
def test_a_failing_update_stops_the_whole_chain(chain, who, comes_to) -> None:
    manager = chain()
    manager.add("other", commands=("j2/position",))
    manager.on("low", "middle", "top", "other")
    manager.cycles(1)
    manager.doll(who).script["update"] = [comes_to]
    manager.log.clear()
    manager.cycles(2)
    assert manager.active() == {"other"}
    assert manager.log.count("other update") == 2
    # What comes after the failure in the chain is not run on what it left.
    order = ["top", "middle", "low"]
    ran = [line.split()[0] for line in manager.log if line.endswith("update")]
    assert [name for name in ran if name != "other"] == order[: order.index(who) + 1]
    assert math.isnan(manager.command("j1/position"))
    # They can be started again.
    assert manager.on("low", "middle", "top").ok


def test_a_failing_following_one_leaves_nobody_chained(chain) -> None:
    manager = chain()
    manager.doll("middle").script["on_activate"] = [Result.FAILURE]
    assert not manager.on("low", "middle", "top", strictness=1).ok
    assert manager.active() == {"low"}
    assert not manager.doll("low").chained


def test_a_following_one_goes_on_if_its_preceding_one_fails_to_start(chain) -> None:
    manager = chain()
    manager.on("low")
    manager.doll("middle").script["on_activate"] = [Result.FAILURE]
    assert not manager.on("middle").ok
    assert manager.active() == {"low"}
    assert not manager.doll("low").chained


def test_reconfigured_references_are_lent_anew(chain) -> None:
    manager = chain()
    manager.on("low", "middle", "top")
    manager.off("top", "middle", "low")
    assert manager.configure_controller("low").ok
    assert manager.on("low", "middle", "top").ok
    manager.doll("top").value = 1.0
    manager.cycles(1)
    assert manager.command("j1/position") == 3.0


def test_cleaning_up_takes_the_interfaces_away(chain) -> None:
    manager = chain()
    assert manager.cleanup_controller("low").ok
    names = [i.name for i in manager.list_hardware_interfaces()[0]]
    assert "low/r" not in names and "middle/r" in names
    assert not manager.on("middle").ok
    assert manager.unload_controller("low").ok
