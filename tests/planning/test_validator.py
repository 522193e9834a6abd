# SPDX-License-Identifier: Apache-2.0
"""No plan passes that breaks a rule, whoever made it."""

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.planning.workshop import (
    ANSWERS,
    GO,
    OFFLINE,
    RULES,
    VALIDATOR,
    carry_out,
    plan,
    scene,
    world,
)

from renxing.planning.checked import Rejected
from renxing.planning.mission import Mission
from renxing.planning.offline.planner import command_of
from renxing.planning.plan import Command, Plan, Step
from renxing.planning.scene import Place, Scene, Zone

NEAR_CRATE = ("walk_to", {"target": "crate_1"})
SEES_CRATE = ("look_at", {"target": "crate_1"})
BY_THE_STAIRS = ("walk_to", {"x": 3.0, "y": -2.2, "yaw": 0.0})
RAMP = (-3.5, 2.0)  # in the slow zone, 0.3 m/s


def rules_broken(made: Plan, where: Scene) -> list[str]:
    with pytest.raises(Rejected) as caught:
        VALIDATOR.check(made, where)
    return [problem.rule for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("steps", "rule"),
    [
        ([], "structure"),
        ([("wave", {})] * 41, "structure"),
        ([("shell", {"command": "reboot"})], "skill"),
        ([("turn", {})], "arguments"),
        ([("walk_by", {"forward": math.nan})], "arguments"),
        ([("walk_to", {"target": "kitchen"})], "reference"),
        ([("walk_to", {"target": "bench", "around": ["kitchen"]})], "reference"),
        ([("walk_to", {"target": "@s7"})], "reference"),
        ([("look_at", {"target": "@s2"}), ("find", {"label": "can"})], "reference"),
        ([("report", {"what": "outcome", "of": "s1"})], "reference"),
        ([("inspect", {"target": "crate_1"})], "precondition"),
        ([SEES_CRATE, ("inspect", {"target": "crate_1"})], "precondition"),
        ([NEAR_CRATE, ("inspect", {"target": "crate_1"})], "precondition"),
        (
            [SEES_CRATE, NEAR_CRATE, ("inspect", {"target": "crate_1"})],
            "precondition",
        ),
        ([("dock", {})], "precondition"),
        ([("find", {"label": "can", "at": ["crate_1"]})], "precondition"),
        ([("walk_to", {"target": "bench", "speed": 0.61})], "speed"),
        ([("walk_by", {"forward": 1.0, "speed": 5.0})], "speed"),
        ([("walk_to", {"x": RAMP[0], "y": RAMP[1], "speed": 0.4})], "speed"),
        ([("walk_to", {"x": 4.0, "y": -2.0})], "zone"),
        ([("walk_to", {"x": 3.3, "y": -2.0})], "zone"),
        ([("walk_to", {"target": "stairs"})], "zone"),
        ([BY_THE_STAIRS, ("walk_by", {"forward": 3.0})], "zone"),
        ([("walk_to", {"x": 50.0, "y": 50.0}), ("walk_to", {"target": "home"})], "way"),
        ([("say", {"text": "There is a crown on the crate."})], "speech"),
    ],
)
def test_a_plan_that_breaks_a_rule(
    steps: list[tuple[str, dict[str, Any]]], rule: str
) -> None:
    assert rule in rules_broken(plan(*steps), scene())


def test_the_right_order_passes() -> None:
    steps = [NEAR_CRATE, SEES_CRATE, ("inspect", {"target": "crate_1"})]
    told = ("report", {"what": "outcome", "of": "s3"})
    checked = VALIDATOR.check(plan(*steps, told), scene())
    assert checked.end.near("crate_1")
    assert ("inspected", "crate_1") in checked.end.facts


def test_two_steps_of_one_id() -> None:
    step = Step(id="s1", skill="wave")
    twice = Plan(command=GO, source="test", steps=(step, step))
    assert rules_broken(twice, scene()) == ["structure"]


def test_a_stop_forbids_motion_and_not_words() -> None:
    stopped = scene(stopped=True)
    moves: list[tuple[str, dict[str, Any]]] = [
        ("walk_to", {"target": "bench"}),
        ("walk_by", {"forward": 1.0}),
        ("turn", {"angle": 1.0}),
        ("wave", {}),
        ("look_at", {"direction": "left"}),
        ("find", {"label": "can"}),
    ]
    for step in moves:
        assert rules_broken(plan(step), stopped) == ["stopped"]
    VALIDATOR.check(plan(("report", {"what": "place"})), stopped)


def test_who_is_lost_does_not_walk_to_places() -> None:
    lost = scene(pose=None)
    bench = plan(("walk_to", {"target": "bench"}))
    assert rules_broken(bench, lost) == ["precondition"]


def test_a_low_battery_forbids_walks() -> None:
    low = scene(battery=0.1)
    assert rules_broken(plan(("walk_to", {"target": "bench"})), low) == ["battery"]
    VALIDATOR.check(plan(("report", {"what": "battery"})), low)


def test_a_long_way_takes_the_battery_below_its_reserve() -> None:
    far = plan(*[("walk_to", {"x": 20.0, "y": 0.0}), ("walk_to", {"x": 0.0, "y": 0.0})])
    VALIDATOR.check(far, scene(battery=0.2))
    assert rules_broken(far, scene(battery=0.18)) == ["battery"]


def test_a_thing_in_a_forbidden_zone_is_not_walked_to_from_outside() -> None:
    inside = scene()
    crate = inside.object("crate_1")
    assert crate is not None
    moved = msgspec.structs.replace(crate, position=(3.6, -2.0, 0.15))
    others = tuple(o for o in inside.objects if o.id != "crate_1")
    inside = msgspec.structs.replace(inside, objects=(*others, moved))
    assert "zone" in rules_broken(plan(NEAR_CRATE), inside)


def test_what_needs_approval() -> None:
    command = Command(text="go to the lab and to the bench at 0.55 m/s")
    square = ((-3.0, -3.0), (-1.0, -3.0), (-1.0, -1.0), (-3.0, -1.0))
    guarded = Zone(name="lab", kind="approval", polygon=square)
    there = msgspec.structs.replace(scene(), zones=(guarded,))
    steps = [
        ("walk_to", {"x": -2.0, "y": -2.0}),
        ("walk_to", {"target": "bench", "speed": 0.55}),
    ]
    checked = VALIDATOR.check(plan(*steps, command=command), there)
    assert checked.risk == "approval"
    assert checked.reasons == ("zone 'lab' needs approval", "fast: 0.55 m/s")
    easy = VALIDATOR.check(plan(("walk_to", {"target": "bench"})), there)
    assert easy.risk == "motion" and easy.reasons == ()


@pytest.mark.parametrize(
    ("text", "step", "asked"),
    [
        ("go to the bench", ("walk_to", {"target": "bench"}), True),
        ("go to the bench", ("walk_to", {"target": "door"}), False),
        ("去门口", ("walk_to", {"target": "door"}), True),
        ("go to the red crate", ("walk_to", {"target": "crate_1"}), True),
        ("go to the bench", ("walk_to", {"target": "crate_1"}), False),
        ("read 'go to the door'", ("walk_to", {"target": "door"}), False),
        ("come here", ("walk_to", {"target": "person_1"}), True),
        ("go to the bench", ("wave", {}), False),
        ("wave", ("wave", {}), True),
        ("挥手", ("wave", {}), True),
        ("look at the can", ("walk_by", {"forward": 1.0}), False),
        ("go ahead 1 m", ("walk_by", {"forward": 1.0}), True),
        ("go to the bench", ("walk_to", {"x": 1.0, "y": 1.0}), False),
    ],
)
def test_what_nobody_asked_for_needs_approval(
    text: str, step: tuple[str, dict[str, Any]], asked: bool
) -> None:
    checked = VALIDATOR.check(plan(step, command=command_of(text)), scene())
    assert (checked.risk != "approval") == asked


def test_it_says_only_what_it_was_told_to_say() -> None:
    command = Command(text="Say 'Good morning, everybody!' and wave")
    spoken = {"text": "good morning everybody"}
    VALIDATOR.check(plan(("say", spoken), command=command), scene())
    other = plan(("say", {"text": "good evening"}), command=command)
    assert rules_broken(other, scene()) == ["speech"]


@pytest.mark.parametrize(
    ("pose", "goal", "speed"),
    [
        ((0.0, 0.0, 0.0), RAMP, 0.3),
        ((0.0, 2.0, 0.0), (-6.0, 2.0), 0.3),  # across it
        ((0.0, 0.0, 0.0), (1.0, 0.0), None),
    ],
)
def test_in_a_slow_zone_it_is_slow_without_being_told(
    pose: tuple[float, float, float], goal: tuple[float, float], speed: float | None
) -> None:
    walk = plan(("walk_to", {"x": goal[0], "y": goal[1]}))
    checked = VALIDATOR.check(walk, scene(pose=pose))
    assert getattr(checked.steps[0].arguments, "speed", 0.0) == speed


def test_a_search_knows_no_speed_and_so_no_slow_zone() -> None:
    ramp = Place(name="ramp_top", pose=(*RAMP, 0.0))
    there = msgspec.structs.replace(scene(), places=(*scene().places, ramp))
    search = plan(("find", {"label": "can", "at": ["ramp_top"]}))
    assert rules_broken(search, there) == ["speed"]
    easy = plan(("find", {"label": "can", "at": ["shelf"]}))
    assert VALIDATOR.check(easy, there).risk == "motion"


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.floats(-4.0, 4.0), st.floats(0.5, 6.0), st.floats(-4.0, 4.0))
def test_turning_in_a_slow_zone_is_not_walking(
    first: float, way: float, second: float
) -> None:
    there = world("known")
    steps = [
        ("turn", {"angle": first}),
        ("walk_by", {"forward": way}),
        ("turn", {"angle": second}),
    ]
    task = Mission(GO, plan(*steps), there, VALIDATOR, ANSWERS, there.scene, 0.0)
    task.decide(True, "somebody", 0.0)
    carry_out(task, there)
    assert there.violations == []


names = st.sampled_from(
    ["bench", "side_table", "shelf", "door", "home", "crate_1", "can_1", "person_1"]
    + ["stairs", "kitchen", "@s1", "@s2", "@s3", ""]
)
coordinates = st.floats(-6.0, 6.0)
random_steps = st.one_of(
    st.tuples(st.just("walk_to"), st.fixed_dictionaries({"target": names})),
    st.tuples(
        st.just("walk_to"),
        st.fixed_dictionaries(
            {"x": coordinates, "y": coordinates},
            optional={"yaw": st.floats(-3.0, 3.0), "speed": st.floats(0.0, 1.0)},
        ),
    ),
    st.tuples(
        st.just("walk_by"),
        st.fixed_dictionaries({"forward": st.floats(-9.0, 9.0)}),
    ),
    st.tuples(st.just("turn"), st.fixed_dictionaries({"angle": st.floats(-4.0, 4.0)})),
    st.tuples(st.just("look_at"), st.fixed_dictionaries({"target": names})),
    st.tuples(st.just("inspect"), st.fixed_dictionaries({"target": names})),
    st.tuples(st.just("find"), st.fixed_dictionaries({"label": st.just("can")})),
    st.tuples(
        st.just("report"),
        st.fixed_dictionaries(
            {"what": st.just("outcome"), "of": st.sampled_from(["s1", "s2", "s9"])}
        ),
    ),
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.lists(random_steps, min_size=1, max_size=5),
    st.sampled_from(["known", "edge", "stopped", "low", "lost"]),
)
def test_whatever_passes_does_nothing_forbidden(
    steps: list[tuple[str, dict[str, Any]]], name: str
) -> None:
    """Random plans: what the validator lets through is carried out, and watched."""
    there = world(name)
    made = plan(*steps)
    task = Mission(GO, made, there, VALIDATOR, ANSWERS, there.scene, 0.0)
    task.decide(True, "somebody careless", 0.0)
    carry_out(task, there)
    assert there.violations == []
    if task.state == "rejected":
        assert there.events == [] and task.answer
    for event in there.events:
        skill, _, subject = event.partition(" ")
        if skill == "walk_to" and "," in subject:
            x, y = (float(part) for part in subject.split(","))
            near = there.scene.zones_at((x, y), RULES.margin - 1e-3)
            assert all(zone.kind != "forbidden" for zone in near)
        if skill == "inspect":
            before = there.events[: there.events.index(event)]
            assert f"look_at {subject}" in before
    if name == "stopped":
        assert all(event.startswith("report") for event in there.events)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.text(alphabet="go to the bench stairs crate 走到去红箱子桌.,“”' 1-", max_size=60)
)
def test_any_words_lead_to_a_decision(text: str) -> None:
    there = world("known")
    command = command_of(text)
    decision = OFFLINE.propose(command, there.scene)
    task = Mission(command, decision, there, VALIDATOR, ANSWERS, there.scene, 0.0)
    carry_out(task, there)
    assert there.violations == []
    assert task.answer
