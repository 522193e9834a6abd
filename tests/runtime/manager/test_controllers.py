# SPDX-License-Identifier: Apache-2.0
"""Load, configure, switch, clean up, unload: what is claimed and what is refused."""

import math

import pytest

from renxing.hardware_interface import Result, Return
from renxing.runtime.manager.switching import Strictness

BANG = RuntimeError("bang")
BEST_EFFORT, STRICT = Strictness.BEST_EFFORT, Strictness.STRICT


def test_a_whole_life(stage) -> None:
    manager = stage()
    doll = manager.add("c", commands=("j1/position",), states=("j2/velocity",))
    assert manager.states() == {"c": "inactive"}
    assert manager.on("c").ok
    doll.value = 0.5
    manager.cycles(3)
    assert manager.command("j1/position") == 0.5
    assert math.isnan(manager.command("j2/position"))
    (state,) = manager.list_controllers()
    assert state.claimed_interfaces == ("j1/position",)
    assert state.required_state_interfaces == ("j2/velocity",)
    assert manager.off("c").ok
    # Nobody commands it any more, and nothing says otherwise.
    assert math.isnan(manager.command("j1/position"))
    assert manager.list_controllers()[0].claimed_interfaces == ()
    assert manager.cleanup_controller("c").ok
    assert manager.configure_controller("c").ok
    assert manager.on("c").ok
    assert doll.calls == [
        "on_init",
        "on_configure",
        "on_activate",
        "on_deactivate",
        "on_cleanup",
        "on_configure",
        "on_activate",
    ]


def test_loading_is_refused_with_a_reason(stage) -> None:
    manager = stage()
    manager.add("c", configure=False)
    for name, kind, complaint in (
        ("c", "", "already loaded"),
        ("d", "", "the 'type' param was not defined for 'd'"),
        ("d", "test/Robot", "type 'test/Robot' is not available"),
        ("a/b", "test/Doll", "no name for a controller"),
    ):
        answer = manager.load_controller(name, kind)
        assert not answer.ok and complaint in answer.message
    manager.loader.set("d", "script", {"on_init": Result.FAILURE})
    answer = manager.load_controller("d", "test/Doll")
    assert "could not be initialised" in answer.message
    manager.loader.set("d", "script", {"on_init": BANG})
    assert "bang" in manager.load_controller("d", "test/Doll").message
    manager.loader.parameters.set("e.fallback_controllers", ["e"])
    assert "for itself" in manager.load_controller("e", "test/Doll").message
    assert set(manager.states()) == {"c"}


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"commands": ("j1/position", "j1/position")}, "'j1/position' stands there"),
        ({"states": ("j1/(",), "states_claim": "REGEX"}, "no regular expression"),
        ({"references": ("a", "a")}, "'c/a' stands there more than once"),
        ({"references": ("a",), "commands": ("c/a",)}, "uses its own interfaces"),
        ({"script": {"on_configure": Result.FAILURE}}, "on_configure: failure"),
        ({"script": {"on_configure": BANG}}, "RuntimeError: bang"),
        ({"update_rate": "often"}, "'often' is no number"),
        ({"commands_claim": "SOME"}, "KeyError: 'SOME'"),
    ],
)
def test_configuring_is_refused_and_can_be_tried_again(
    stage, parameters, complaint
) -> None:
    manager = stage()
    manager.add("c", configure=False, **parameters)
    answer = manager.configure_controller("c")
    assert not answer.ok and complaint in answer.message
    assert manager.states() == {"c": "unconfigured"}
    assert not manager.on("c").ok
    for key in parameters:
        manager.loader.set("c", key, None)
    manager.doll("c").script.clear()
    assert manager.configure_controller("c").ok


def test_steps_in_the_wrong_state(stage) -> None:
    manager = stage()
    manager.add("c")
    manager.on("c")
    for answer, complaint in (
        (manager.configure_controller("c"), "can not be configured from 'active'"),
        (manager.cleanup_controller("c"), "it is active"),
        (manager.unload_controller("c"), "it is still active"),
        (manager.configure_controller("x"), "no controller of this name"),
        (manager.cleanup_controller("x"), "no controller of this name"),
        (manager.unload_controller("x"), "no controller of this name"),
    ):
        assert not answer.ok and complaint in answer.message
    manager.off("c")
    assert manager.unload_controller("c").ok
    assert manager.states() == {}
    assert manager.add("c")


def test_configuring_again_cleans_up_and_renews_parameters(stage) -> None:
    manager = stage()
    doll = manager.add("c", commands=("j1/position",))
    manager.loader.set("c", "commands", ("j2/position",))
    assert manager.configure_controller("c").ok
    assert doll.calls[-2:] == ["on_cleanup", "on_configure"]
    manager.on("c")
    assert manager.list_controllers()[0].claimed_interfaces == ("j2/position",)


@pytest.mark.parametrize(
    ("claim", "names", "expected"),
    [
        ("NONE", (), ()),
        ("INDIVIDUAL", ("j2/velocity", "j1/position"), ("j2/velocity", "j1/position")),
        ("INDIVIDUAL_BEST_EFFORT", ("j1/mood", "j1/position"), ("j1/position",)),
        (
            "REGEX",
            ("j[12]/pos.*", "j1/.*"),
            ("j1/position", "j2/position", "j1/velocity"),
        ),
        (
            "ALL",
            (),
            ("j1/position", "j1/velocity", "j2/position", "j2/velocity"),
        ),
    ],
)
def test_ways_to_claim(stage, claim, names, expected) -> None:
    manager = stage()
    doll = manager.add(
        "c", commands=names, commands_claim=claim, states=names, states_claim=claim
    )
    assert manager.on("c").ok
    assert doll.commands.names == expected and doll.states.names == expected
    doll.commands.set(list(range(len(expected))))
    for value, name in enumerate(expected):
        assert manager.command(name) == value


def test_an_alias_names_the_standard_interface(stage) -> None:
    manager = stage(
        """<ros2_control name="arm" type="system">
        <hardware><plugin>test/Puppet</plugin></hardware>
        <joint name="j1"><command_interface name="kp"/><state_interface name="torque"/>
        </joint></ros2_control>"""
    )
    manager.add("c", commands=("j1/kp",), states=("j1/torque",))
    assert manager.on("c").ok
    assert manager.list_controllers()[0].claimed_interfaces == ("j1/proportional",)


def test_commands_are_exclusive_and_states_are_not(stage) -> None:
    manager = stage()
    for name in "ab":
        manager.add(name, commands=("j1/position",), states=("j1/position",))
    manager.add("reader", states=("j1/position",))
    assert manager.on("a", "reader").ok
    for strictness in (BEST_EFFORT, STRICT):
        # A conflict of claims refuses the whole request, best effort or not.
        answer = manager.on("b", strictness=strictness)
        assert not answer.ok and "currently claimed by 'a'" in answer.message
    assert manager.active() == {"a", "reader"}
    assert manager.switch_controller(["b"], ["a"], STRICT).ok
    assert manager.active() == {"b", "reader"}
    commands, states = manager.list_hardware_interfaces()
    assert [i.name for i in commands if i.is_claimed] == ["j1/position"]
    assert not any(i.is_claimed for i in states)
    manager.off("b")
    answer = manager.on("a", "b")
    assert not answer.ok and "will be used by 'a'" in answer.message


def test_an_unknown_interface_is_not_available(stage) -> None:
    manager = stage()
    manager.add("c", commands=("j9/position",))
    manager.add("d", states=("j9/position",))
    assert "'j9/position' is not available" in manager.on("c").message
    assert "state interface 'j9/position'" in manager.on("d").message


@pytest.mark.parametrize("strictness", [BEST_EFFORT, STRICT])
@pytest.mark.parametrize(
    ("activate", "deactivate", "goes_on"),
    [
        (["ghost", "b"], [], True),
        (["b", "ghost"], [], True),
        (["ghost"], [], False),
        (["b"], ["ghost", "a"], True),
        (["b"], ["ghost"], False),
        (["a", "b"], [], True),
        (["raw", "b"], [], True),
        (["b"], ["b"], True),
    ],
)
def test_best_effort_leaves_out_what_strict_refuses(
    stage, strictness, activate, deactivate, goes_on
) -> None:
    manager = stage()
    manager.add("a")
    manager.add("b")
    manager.add("raw", configure=False)
    manager.on("a")
    before = manager.active()
    answer = manager.switch_controller(activate, deactivate, strictness)
    if strictness is STRICT:
        assert not answer.ok and manager.active() == before
    else:
        assert answer.ok == goes_on
        assert ("b" in manager.active()) == goes_on
        if "a" in deactivate:
            assert "a" not in manager.active()


def test_nothing_to_do_is_fine(stage) -> None:
    manager = stage()
    manager.add("a")
    assert manager.switch_controller([], [], STRICT).ok
    assert manager.off("a", strictness=BEST_EFFORT).ok
    assert not manager.off("a", strictness=STRICT).ok
    assert not manager.on("a", strictness=17).ok


def test_the_default_strictness_is_a_setting(stage) -> None:
    for strictness, fine in ((BEST_EFFORT, True), (STRICT, False)):
        manager = stage(strictness=strictness)
        manager.add("a")
        assert manager.on("ghost", "a", strictness=0).ok == fine


def test_a_controller_in_both_lists_starts_over(stage) -> None:
    manager = stage()
    doll = manager.add("c", commands=("j1/position",))
    manager.on("c")
    assert manager.switch_controller(["c", "c"], ["c"], STRICT).ok
    assert doll.calls[-3:] == ["on_activate", "on_deactivate", "on_activate"]
    assert manager.active() == {"c"}


@pytest.mark.parametrize("comes_to", [Result.FAILURE, Result.ERROR, BANG])
@pytest.mark.parametrize("strictness", [BEST_EFFORT, STRICT])
def test_a_failing_activation(stage, comes_to, strictness) -> None:
    manager = stage()
    manager.add("good", commands=("j1/position",))
    bad = manager.add("bad", commands=("j2/position",))
    bad.script["on_activate"] = comes_to
    answer = manager.on("good", "bad", strictness=strictness)
    left = "good, bad" if strictness is STRICT else "bad"
    assert not answer.ok
    assert f"Unable to activate controllers: [ {left} ]" in answer.message
    assert manager.active() == (set() if strictness is STRICT else {"good"})
    failed_state = "inactive" if comes_to is Result.FAILURE else "unconfigured"
    assert manager.states()["bad"] == failed_state
    claimed = {i.name for i in manager.list_hardware_interfaces()[0] if i.is_claimed}
    assert claimed == (set() if strictness is STRICT else {"j1/position"})
    # The hardware hears that what had been started has stopped again.
    stopped = manager.puppets["arm"].calls[-1]
    assert stopped[0] == "perform" and "j2/position" in stopped[2]


@pytest.mark.parametrize("asap", [True, False])
def test_a_strict_switch_that_fails_changes_nothing(stage, asap) -> None:
    # ros2_control leaves both inactive; a robot that stands would fall.
    manager = stage()
    old = manager.add("old", commands=("j1/position",))
    manager.add("new", commands=("j1/position",))
    manager.on("old")
    old.value = 0.4
    manager.cycles(1)
    manager.doll("new").script["on_activate"] = Result.FAILURE
    answer = manager.switch_controller(["new"], ["old"], STRICT, activate_asap=asap)
    assert not answer.ok
    assert manager.active() == {"old"}
    assert manager.command("j1/position") == 0.4
    name = ("j1/position",)
    assert manager.puppets["arm"].calls[-6:] == [
        ("prepare", name, name),
        ("perform", name, name),
        ("prepare", (), name),
        ("perform", (), name),
        ("prepare", name, ()),
        ("perform", name, ()),
    ]
    assert not manager.switch_controller(["new"], ["old"], BEST_EFFORT).ok
    assert manager.active() == set()


@pytest.mark.parametrize("comes_to", [Result.FAILURE, Result.ERROR, BANG])
def test_a_controller_cannot_refuse_to_stop(stage, comes_to) -> None:
    # In ros2_control it stays active with its interfaces taken away.
    manager = stage()
    doll = manager.add("c", commands=("j1/position",))
    manager.add("d", commands=("j1/position",))
    manager.on("c")
    doll.script["on_deactivate"] = comes_to
    manager.switch_controller(["d"], ["c"], STRICT)
    assert manager.active() == {"d"}
    manager.cycles(2)
    assert "c update" not in manager.log[-2:]


def test_hardware_is_asked_before_and_told_when(stage, kit) -> None:
    manager = stage(kit.component("arm", "j1 j2"), kit.component("leg", "j3"))
    manager.add("a", commands=("j1/position", "j2/position"))
    manager.add("b", commands=("j1/position",))
    arm, leg = manager.puppets["arm"].calls, manager.puppets["leg"].calls
    manager.on("a")
    both = ("j1/position", "j2/position")
    assert arm[-2:] == [("prepare", both, ()), ("perform", both, ())]
    manager.switch_controller(["b"], ["a"], STRICT)
    assert arm[-1] == ("perform", ("j1/position",), both)
    assert "prepare" not in {call[0] for call in leg if isinstance(call, tuple)}


@pytest.mark.parametrize("what", ["prepare", "perform"])
@pytest.mark.parametrize("comes_to", [Return.ERROR, BANG])
def test_hardware_may_refuse(stage, what, comes_to) -> None:
    manager = stage()
    manager.add("a", commands=("j1/position",))
    manager.add("b", commands=("j1/position",))
    manager.on("a")
    manager.puppets["arm"].script[what] = [comes_to]
    answer = manager.switch_controller(["b"], ["a"], BEST_EFFORT)
    assert not answer.ok and f"{what}_command_mode_switch" in answer.message
    assert manager.active() == {"a"}
    assert manager.switch_controller(["b"], ["a"], STRICT).ok


@pytest.mark.parametrize("allowed", [False, True])
def test_inactive_hardware(stage, allowed) -> None:
    manager = stage(allow_inactive=allowed)
    manager.add("commander", commands=("j1/position",))
    manager.add("reader", states=("j1/position",))
    manager.set_hardware_component_state("arm", 2)
    assert manager.on("reader").ok
    answer = manager.on("commander")
    assert answer.ok == allowed
    if not allowed:
        assert "is inactive" in answer.message
    manager.set_hardware_component_state("arm", 1)
    assert manager.active() == set()
    assert not manager.on("reader").ok


def test_force_auto_stops_who_is_in_the_way(stage) -> None:
    manager = stage()
    manager.add("a", commands=("j1/position",))
    manager.add("b", commands=("j1/position", "j2/position"))
    manager.on("a")
    assert not manager.on("b", strictness=Strictness.AUTO).ok
    assert manager.on("b", strictness=Strictness.FORCE_AUTO).ok
    assert manager.active() == {"b"}


def test_what_came_while_inactive_is_not_obeyed(stage) -> None:
    manager = stage()
    doll = manager.add("c", references=("r",))
    doll.inbox.append(5.0)
    manager.on("c")
    manager.cycles(1)
    assert math.isnan(doll.references[0])
    doll.inbox.append(6.0)
    manager.cycles(1)
    assert doll.references[0] == 6.0


def test_observers_hear_of_changes_and_cannot_break_anything(stage) -> None:
    manager = stage()
    heard = []

    def broken() -> None:
        raise BANG

    manager.events.observers += [broken, lambda: heard.append(manager.activity())]
    manager.add("c")
    manager.on("c")
    assert heard[-1].controllers[0].state.label == "active"
    assert heard[-1].hardware_components[0].state.label == "active"
    assert "RuntimeError: bang" in manager.problems()


def test_reloading_libraries(stage) -> None:
    manager = stage()
    manager.add("c")
    manager.on("c")
    assert not manager.reload_controller_libraries(False).ok
    assert manager.reload_controller_libraries(True).ok
    assert manager.states() == {}
    assert manager.reload_controller_libraries(False).ok


def test_the_lists_say_what_the_messages_need(stage) -> None:
    manager = stage()
    assert "test/Doll" in manager.list_controller_types()
    (arm,) = manager.list_hardware_components()
    assert (arm.name, arm.type, arm.plugin_name) == ("arm", "system", "test/Puppet")
    assert (arm.state, arm.state.label, arm.rw_rate) == (3, "active", 100)
    assert arm.command_interfaces[0].data_type == "double"
    assert [i.name for i in arm.state_interfaces] == [
        "j1/position",
        "j1/velocity",
        "j2/position",
        "j2/velocity",
    ]
