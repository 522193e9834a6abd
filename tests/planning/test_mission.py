# SPDX-License-Identifier: Apache-2.0
"""Commands from words to answers: approval, failures made good, the truth."""

import pytest
from tests.planning.workshop import (
    ANSWERS,
    VALIDATOR,
    carry_out,
    failure,
    mission,
    plan,
    world,
)

from renxing.planning.mission import Mission, MissionConfig
from renxing.planning.offline.planner import command_of
from renxing.planning.rehearsal import Rehearsal
from renxing.planning.replan import FINAL, ReplanConfig

FLAGSHIP = "go around the table to the red crate, look at it and tell me what is on it"
FLAGSHIP_ZH = "绕过桌子走到红色箱子那里，看看它，告诉我上面有什么"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (FLAGSHIP, "On the red crate I see a yellow can."),
        (FLAGSHIP_ZH, "红色的箱子上有一个黄色的罐子。"),
    ],
)
def test_the_flagship_from_a_scene_that_is_not_known(text: str, answer: str) -> None:
    there = world("empty")
    task = carry_out(mission(text, there), there)
    assert task.state == "succeeded"
    assert task.answer == answer
    assert there.events == [
        "find crate_1",
        "walk_to crate_1",
        "look_at crate_1",
        "inspect crate_1",
        "report outcome",
    ]
    assert task.checked is not None
    walk = task.checked.steps[1].arguments
    # Both tables may be meant; keeping off both does no harm.
    assert getattr(walk, "around", ()) == ("bench", "side_table")


def test_the_answer_is_what_is_measured_not_what_was_planned() -> None:
    there = world("known")
    there.forget("can_2")
    task = carry_out(mission(FLAGSHIP, there), there)
    assert task.answer == "I see nothing on the red crate."


def test_a_fast_walk_waits_for_somebody() -> None:
    there = world()
    task = mission("go to the shelf at 0.55 m/s", there)
    assert task.state == "waiting_for_approval"
    assert "0.55" in task.reason
    task.tick(10.0, there.scene)
    assert there.events == []
    assert task.decide(True, "ann", 11.0) == ""
    carry_out(task, there)
    assert task.state == "succeeded" and there.events == ["walk_to shelf"]


def test_silence_denies() -> None:
    there = world()
    config = MissionConfig(approval_timeout=20.0)
    task = mission("go to the shelf at 0.55 m/s", there, config)
    task.tick(19.9, there.scene)
    assert task.state == "waiting_for_approval"
    task.tick(20.0, there.scene)
    assert (task.state, task.error) == ("denied", "denied")
    assert task.decide(True, "ann", 21.0) == "nothing waits for approval"
    task.tick(22.0, there.scene)
    assert there.events == [] and "approved" in task.answer


def test_motion_may_need_approval_always() -> None:
    there = world()
    config = MissionConfig(approve_motion=True)
    assert mission("wave", there, config).state == "waiting_for_approval"
    assert mission("where are you?", there, config).state == "running"


def test_a_stop_while_it_waits() -> None:
    there = world()
    task = mission("go to the shelf at 0.55 m/s", there)
    there.stop()
    task.tick(1.0, there.scene)
    assert (task.state, task.error) == ("failed", "stopped")
    assert task.decide(True, "ann", 2.0) != ""


def test_a_stop_on_the_way() -> None:
    there = world()
    task = mission("go to the shelf, then wave", there)
    task.tick(0.0, there.scene)
    there.stop()
    carry_out(task, there)
    assert (task.state, task.error) == ("failed", "stopped")
    assert "wave right" not in there.events
    assert task.answer == "I was stopped."


def test_canceled() -> None:
    there = world()
    task = mission("go to the shelf, then wave", there)
    task.tick(0.0, there.scene)
    task.cancel(1.0)
    assert task.state == "canceled" and task.answer == "It was canceled."
    task.tick(2.0, there.scene)
    assert "wave right" not in there.events


def test_a_blocked_way_to_a_thing_is_tried_from_another_side() -> None:
    there = world(failures={"walk_to": [failure("blocked")]})
    task = carry_out(mission("go to the red crate", there), there)
    assert task.state == "succeeded"
    assert len(task.history) == 1
    assert task.checked is not None and "from the left" in task.checked.plan.note
    assert getattr(task.checked.steps[0].arguments, "side", "") == "left"


def test_a_blocked_way_to_a_place_is_tried_again_after_a_while() -> None:
    there = world(failures={"walk_to": [failure("blocked")]})
    task = carry_out(mission("go to the shelf", there), there)
    assert task.state == "succeeded"
    assert there.events == ["wait 5", "walk_to shelf"]


def test_it_gives_up_and_tells_the_truth() -> None:
    there = world(failures={"walk_to": [failure("blocked")] * 20})
    task = carry_out(mission("wave, then go to the shelf and say done", there), there)
    assert (task.state, task.error) == ("failed", "step_failed")
    assert "say done" not in there.events
    assert task.answer == (
        "I waved 2 times. I waited 5 s. "
        "I did not manage to walk to the shelf: the way is blocked."
    )


def test_a_table_that_is_not_in_view_is_looked_at_again() -> None:
    there = world(failures={"inspect": [failure("not_in_view")]})
    task = carry_out(mission("what is on the bench?", there), there)
    assert task.state == "succeeded"
    assert there.events == [
        "walk_to bench",
        "look_at bench",
        "look_at bench",
        "inspect bench",
        "report outcome",
    ]


def test_what_was_done_before_a_failure_still_counts() -> None:
    """It looks at the crate already when its wave fails: no need to look again."""
    there = world(failures={"wave": [failure("timeout")]})
    text = "go to the red crate, look at it, wave and tell me what is on it"
    task = carry_out(mission(text, there), there)
    assert task.state == "succeeded", task.reason
    assert there.events.count("look_at crate_1") == 1
    assert task.answer == "On the red crate I see a yellow can."


def test_what_is_not_here_is_searched_elsewhere() -> None:
    truth = world("known").scene
    there = Rehearsal(truth, [], 0.6, only_at={"parcel_1": "side_table"})
    task = carry_out(mission("find the parcel and go to it", there), there)
    assert task.state == "succeeded"
    assert there.events[:2] == ["search here", "find parcel_1"]
    assert there.events[2] == "walk_to parcel_1"


def test_what_is_nowhere_is_not_found() -> None:
    there = world("empty")
    there.forget("parcel_1")
    task = carry_out(mission("find the parcel and go to it", there), there)
    assert task.state == "failed"
    assert task.answer == "I did not find the parcel."
    assert not any(event.startswith("walk_to") for event in there.events)


def test_what_was_carried_away_is_searched_again() -> None:
    there = world()
    task = mission("go to the red crate and tell me what is on it", there)
    there.forget("can_2")
    carry_out(task, there)
    assert task.answer == "I see nothing on the red crate."


def test_a_thing_that_is_gone_for_good() -> None:
    there = world()
    task = mission("go to the red crate", there)
    there.forget("crate_1")
    carry_out(task, there)
    assert (task.state, task.error) == ("failed", "step_failed")
    assert task.answer == "I did not find the crate."


def test_replanning_ends() -> None:
    codes = ("blocked", "timeout", "not_in_view", "gone", "something new")
    for code in codes:
        there = world(failures={"walk_to": [failure(code)] * 50})
        task = carry_out(mission(FLAGSHIP, there), there)
        assert task.state == "failed"
        limit = MissionConfig().replanning.revisions
        assert len(task.history) <= limit
        assert task.answer


@pytest.mark.parametrize("code", sorted(FINAL))
def test_what_somebody_or_a_rule_decided_is_not_tried_again(code: str) -> None:
    there = world(failures={"walk_to": [failure(code)]})
    task = carry_out(mission("go to the shelf", there), there)
    assert task.state == "failed"
    assert there.events == [] and task.history == []


def test_no_replanning_if_none_is_wanted() -> None:
    there = world(failures={"walk_to": [failure("timeout")]})
    config = MissionConfig(replanning=ReplanConfig(revisions=0))
    task = carry_out(mission("go to the shelf", there, config), there)
    assert task.state == "failed" and task.history == []


def test_a_plan_that_breaks_a_rule_begins_nothing() -> None:
    there = world()
    command = command_of("走到楼梯")
    stairs = plan(("wave", {}), ("walk_to", {"target": "stairs"}), command=command)
    task = Mission(command, stairs, there, VALIDATOR, ANSWERS, there.scene, 0.0)
    assert (task.state, task.error) == ("rejected", "impossible")
    assert task.answer == "那里不许进入：楼梯。"
    task.tick(1.0, there.scene)
    assert there.events == []


def test_two_tables_are_asked_back() -> None:
    there = world()
    task = mission("go to the table", there)
    assert (task.state, task.error) == ("rejected", "not_understood")
    assert task.answer == "Which one do you mean: the bench or the side table?"


def test_the_tree_is_there_while_it_runs() -> None:
    there = world()
    task = mission("go to the shelf, then wave", there)
    task.tick(0.0, there.scene)
    assert "step s1" in task.snapshot()
    assert [record.state for record in task.records.values()] == ["running", "waiting"]
