# SPDX-License-Identifier: Apache-2.0
"""Where each life cycle step of hardware leads, whatever it comes to."""

import itertools

import pytest

from renxing.errors import ConfigError, DeviceError
from renxing.hardware_interface import Result, Return, State
from renxing.runtime.manager.initial_states import InitialStates
from renxing.runtime.manager.life_cycle import way

BANG = RuntimeError("bang")
UNCONFIGURED, INACTIVE = "unconfigured", "inactive"
ACTIVE, FINALIZED = "active", "finalized"
NUMBER = {UNCONFIGURED: 1, INACTIVE: 2, ACTIVE: 3, FINALIZED: 4}


def bring(manager, name, state):
    return manager.set_hardware_component_state(name, 0, state)


# What ros2_control's hardware_component.cpp does, with on_error a success.
TABLE = [
    (UNCONFIGURED, INACTIVE, "on_configure", Result.SUCCESS, INACTIVE),
    (UNCONFIGURED, INACTIVE, "on_configure", Result.FAILURE, UNCONFIGURED),
    (UNCONFIGURED, INACTIVE, "on_configure", Result.ERROR, UNCONFIGURED),
    (UNCONFIGURED, INACTIVE, "on_configure", BANG, UNCONFIGURED),
    (INACTIVE, ACTIVE, "on_activate", Result.SUCCESS, ACTIVE),
    (INACTIVE, ACTIVE, "on_activate", Result.FAILURE, INACTIVE),
    (INACTIVE, ACTIVE, "on_activate", Result.ERROR, UNCONFIGURED),
    (INACTIVE, ACTIVE, "on_activate", BANG, UNCONFIGURED),
    (ACTIVE, INACTIVE, "on_deactivate", Result.SUCCESS, INACTIVE),
    (ACTIVE, INACTIVE, "on_deactivate", Result.FAILURE, ACTIVE),
    (ACTIVE, INACTIVE, "on_deactivate", Result.ERROR, UNCONFIGURED),
    (ACTIVE, INACTIVE, "on_deactivate", BANG, UNCONFIGURED),
    (INACTIVE, UNCONFIGURED, "on_cleanup", Result.SUCCESS, UNCONFIGURED),
    (INACTIVE, UNCONFIGURED, "on_cleanup", Result.FAILURE, UNCONFIGURED),
    (INACTIVE, UNCONFIGURED, "on_cleanup", BANG, UNCONFIGURED),
    (ACTIVE, FINALIZED, "on_shutdown", Result.SUCCESS, FINALIZED),
    (ACTIVE, FINALIZED, "on_shutdown", Result.FAILURE, UNCONFIGURED),
    (INACTIVE, FINALIZED, "on_shutdown", BANG, UNCONFIGURED),
    (UNCONFIGURED, FINALIZED, "on_shutdown", Result.SUCCESS, FINALIZED),
]


@pytest.mark.parametrize(("start", "goal", "step", "comes_to", "end"), TABLE)
@pytest.mark.parametrize("recovers", [True, False])
def test_a_step(stage, start, goal, step, comes_to, end, recovers) -> None:
    manager = stage(start=False)
    assert bring(manager, "arm", start).ok
    puppet = manager.puppets["arm"]
    puppet.calls.clear()
    puppet.script[step] = comes_to
    if not recovers:
        puppet.script["on_error"] = Result.FAILURE
    answer = bring(manager, "arm", goal)
    asked_on_error = "on_error" in puppet.calls
    if asked_on_error and not recovers:
        end = FINALIZED
    assert manager.hardware() == {"arm": end}
    assert answer.ok == (comes_to is Result.SUCCESS)
    assert answer.state.label == end
    assert asked_on_error == (
        comes_to in (Result.ERROR, BANG)
        or (comes_to is Result.FAILURE and step in ("on_cleanup", "on_shutdown"))
    )
    assert step in puppet.calls


@pytest.mark.parametrize(
    ("start", "goal"),
    list(itertools.permutations([UNCONFIGURED, INACTIVE, ACTIVE], 2)),
)
def test_it_walks_through_the_states_between(stage, start, goal) -> None:
    manager = stage(start=False)
    bring(manager, "arm", start)
    puppet = manager.puppets["arm"]
    puppet.calls.clear()
    assert bring(manager, "arm", goal).ok
    assert len(puppet.calls) == abs(NUMBER[start] - NUMBER[goal])
    assert manager.hardware()["arm"] == goal


def test_no_way_leads_nowhere() -> None:
    with pytest.raises(ConfigError):
        way(State.FINALIZED, State.ACTIVE)
    with pytest.raises(ConfigError):
        way(State.ACTIVE, State.UNKNOWN)
    assert way(State.ACTIVE, State.ACTIVE) == ()


def test_the_number_counts_and_the_label_where_it_is_zero(stage) -> None:
    manager = stage(start=False)
    assert manager.set_hardware_component_state("arm", 2, "active").state == 2
    assert manager.set_hardware_component_state("arm", 0, "active").state == 3
    for number, label in ((0, ""), (9, "active"), (0, "asleep")):
        answer = manager.set_hardware_component_state("arm", number, label)
        assert not answer.ok and "no primary state" in answer.message
    answer = manager.set_hardware_component_state("leg", 3, "")
    assert not answer.ok and "no component 'leg'" in answer.message


def test_a_finalized_component_comes_back_as_a_new_one(stage) -> None:
    # ros2_control has no way back but a restart.
    manager = stage()
    old = manager.puppets["arm"]
    assert bring(manager, "arm", FINALIZED).ok
    assert bring(manager, "arm", ACTIVE).ok
    new = manager.puppets["arm"]
    assert new is not old
    assert new.calls == ["on_init", "on_configure", "on_activate"]
    assert np_shares(new.state, manager.resources.states)
    manager.cycles(1)
    assert new.turns and not old.turns


def np_shares(part, whole) -> bool:
    return part.base is whole


def test_on_init_may_fail_and_be_tried_again(stage) -> None:
    manager = stage(start=False)
    manager.scripts["arm"]["on_init"] = BANG
    bring(manager, "arm", FINALIZED)
    assert not bring(manager, "arm", ACTIVE).ok
    assert manager.hardware() == {"arm": FINALIZED}
    del manager.scripts["arm"]["on_init"]
    assert bring(manager, "arm", ACTIVE).ok


def test_turns_and_availability_follow_the_state(stage) -> None:
    manager = stage(start=False)
    turns = manager.puppets["arm"].turns

    def available():
        commands, states = manager.list_hardware_interfaces()
        return {i.is_available for i in (*commands, *states)}

    for state, reads, writes in (
        (UNCONFIGURED, False, False),
        (INACTIVE, True, False),
        (ACTIVE, True, True),
        (FINALIZED, False, False),
    ):
        bring(manager, "arm", state)
        turns.clear()
        manager.cycles(1)
        done = {what for what, _, _ in turns}
        assert done == {
            what for what, does in (("read", reads), ("write", writes)) if does
        }
        assert available() == {state in (INACTIVE, ACTIVE)}


def test_commands_are_nan_until_somebody_commands(stage) -> None:
    manager = stage()
    assert (manager.resources.commands != manager.resources.commands).all()


def test_initial_states(stage, kit) -> None:
    parts = [kit.component(name, f"j{i + 1}") for i, name in enumerate("abc")]
    manager = stage(
        *parts, initial=InitialStates(unconfigured=("a",), inactive=("b", "ghost"))
    )
    assert manager.hardware() == {"a": UNCONFIGURED, "b": INACTIVE, "c": ACTIVE}


def grouped(kit):
    return [
        kit.component("a", "j1", group="g"),
        kit.component("b", "j2", group="g"),
        kit.component("c", "j3"),
    ]


def test_a_group_is_configured_before_one_is_active(stage, kit) -> None:
    manager = stage(*grouped(kit), start=False)
    order: list[str] = []
    for name in "ab":
        manager.puppets[name].calls = order
    manager.start()
    assert order == ["on_init"] * 0 + [
        "on_configure",
        "on_configure",
        "on_activate",
        "on_activate",
    ]


@pytest.mark.parametrize("step", ["on_configure", "on_activate"])
@pytest.mark.parametrize("stop", [True, False])
def test_a_group_rolls_back(stage, kit, step, stop) -> None:
    manager = stage(
        *grouped(kit), start=False, initial=InitialStates(shutdown_on_failure=stop)
    )
    manager.puppets["b"].script[step] = Result.FAILURE
    if stop:
        with pytest.raises(DeviceError, match="component 'b': not"):
            manager.start()
    else:
        manager.start()
        assert manager.hardware()["c"] == ACTIVE
    assert manager.hardware()["a"] == INACTIVE
    assert manager.hardware()["b"] == (
        UNCONFIGURED if step == "on_configure" else INACTIVE
    )


@pytest.mark.parametrize("what", ["read", "write"])
@pytest.mark.parametrize("comes_to", [Return.ERROR, BANG])
def test_a_failing_turn_takes_its_group_along(stage, kit, what, comes_to) -> None:
    manager = stage(*grouped(kit))
    manager.puppets["b"].script[what] = [comes_to]
    manager.cycles(1)
    assert manager.hardware() == {"a": UNCONFIGURED, "b": UNCONFIGURED, "c": ACTIVE}
    # Both recover without a restart.
    for name in "ab":
        assert bring(manager, name, ACTIVE).ok
    manager.cycles(2)
    assert set(manager.hardware().values()) == {ACTIVE}


def test_read_treats_deactivate_as_error_and_write_rests(stage, kit) -> None:
    manager = stage(kit.component("a", "j1"), kit.component("b", "j2"))
    manager.puppets["a"].script["read"] = [Return.DEACTIVATE]
    manager.puppets["b"].script["write"] = [Return.DEACTIVATE]
    manager.cycles(1)
    assert manager.hardware() == {"a": UNCONFIGURED, "b": INACTIVE}


def test_nonsense_from_hardware_is_an_error(stage) -> None:
    manager = stage()
    manager.puppets["arm"].script["read"] = [None]
    manager.cycles(1)
    assert manager.hardware() == {"arm": UNCONFIGURED}
    assert "returned None, not a Return" in manager.problems()


def test_other_interfaces_than_described_are_refused(rx1, kit) -> None:
    class Liar(kit.Puppet):
        def state_names(self):
            return ["j1/position", "j1/mood"]

    from renxing.runtime.manager.component_parser import parse_components
    from renxing.runtime.manager.resource_manager import ResourceManager

    infos = parse_components(kit.describe(kit.component("arm", "j1")))
    with pytest.raises(ConfigError) as caught:
        ResourceManager(infos, {"test/Puppet": Liar}, 100.0)
    assert "discrepancy" in str(caught.value)
    assert "missing ['j1/velocity']" in str(caught.value)
    assert "['j1/mood']" in str(caught.value)
    with pytest.raises(ConfigError, match="no hardware plugin 'test/Puppet'"):
        ResourceManager(infos, {}, 100.0)


def test_an_interface_has_one_owner(kit) -> None:
    from renxing.runtime.manager.component_parser import parse_components
    from renxing.runtime.manager.resource_manager import ResourceManager

    infos = parse_components(
        kit.describe(kit.component("a", "j1"), kit.component("b", "j1"))
    )
    with pytest.raises(ConfigError, match="more than one component exports it"):
        ResourceManager(infos, {"test/Puppet": kit.Puppet}, 100.0)


def test_shut_down_closes_everything(stage) -> None:
    manager = stage()
    manager.add("c", commands=("j1/position",))
    manager.on("c")
    manager.scripts["arm"]["on_deactivate"] = BANG
    manager.shut_down()
    assert manager.hardware() == {"arm": FINALIZED}
    assert manager.states() == {"c": "unconfigured"}
