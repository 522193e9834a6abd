# SPDX-License-Identifier: Apache-2.0
"""Words come in, and what comes out was measured."""

import json
import math
import signal
from typing import Any

import pytest
from action_msgs.msg import GoalStatus
from std_msgs.msg import Bool
from std_srvs.srv import Trigger
from tests.nodes.brain.conftest import LATCHED, Talk, thing

from renxing_msgs.action import ExecuteTask
from renxing_msgs.msg import Plan, PlanStep
from renxing_msgs.srv import DecidePlan

pytestmark = pytest.mark.ros

Result = ExecuteTask.Result
SUCCEEDED, ABORTED = GoalStatus.STATUS_SUCCEEDED, GoalStatus.STATUS_ABORTED


def measured(result: Any, skill: str) -> dict[str, Any]:
    step = next(s for s in result.plan.steps if s.skill == skill)
    found: dict[str, Any] = json.loads(step.outcome)["measured"]
    return found


def test_it_walks_to_a_place_and_says_how_far(talk: Talk) -> None:
    talk.put(0.0, 0.0)
    status, result = talk.ask("go to the window")
    assert status == SUCCEEDED, result.error_msg
    assert result.error_code == Result.NONE
    x, y, _ = talk.robot.place
    values = measured(result, "walk_to")
    assert abs(values["x_m"] - x) < 0.1 and abs(values["y_m"] - y) < 0.1
    assert 2.2 < values["distance_walked_m"] < 4.5
    assert f"{values['distance_walked_m']:.1f} m" in result.answer
    assert result.plan.state == Plan.SUCCEEDED and result.plan.source == "offline"


@pytest.mark.parametrize(
    ("text", "can"),
    [
        ("go to the red crate, look at it and tell me what is on it", "can"),
        ("走到红色箱子那里，看看它，告诉我上面有什么", "罐"),
    ],
)
def test_it_tells_what_it_saw_on_a_thing(talk: Talk, text: str, can: str) -> None:
    talk.put(0.0, 0.0)
    talk.eyes.show(
        thing("crate_1", "red", 2.2, 0.0),
        thing("can_1", "blue", 2.2, 0.0, support="crate_1", z=0.36),
        thing("ball_1", "green", 1.0, 1.5),
    )
    status, result = talk.ask(text)
    assert status == SUCCEEDED, result.error_msg
    assert can in result.answer
    assert measured(result, "inspect")["things_on"] == [
        {"id": "can_1", "label": "can", "color": "blue"}
    ]
    x, y, _ = talk.robot.place
    assert 0.4 < ((x - 2.2) ** 2 + y**2) ** 0.5 < 1.4


def test_a_thing_that_is_not_there_is_not_found_and_not_made_up(talk: Talk) -> None:
    talk.put(0.0, 0.0)
    talk.eyes.show(thing("crate_1", "blue", 2.2, 0.0))
    status, result = talk.ask("find the yellow ball")
    assert status == ABORTED and result.error_code == Result.STEP_FAILED
    assert "yellow ball" in result.answer
    assert "found the yellow ball" not in result.answer.replace("not found", "")


def test_a_robot_that_is_stuck_says_so(talk: Talk) -> None:
    talk.put(0.0, 0.0)
    talk.robot.stuck = True
    told: list[Plan] = []
    node = talk.bench.node
    heard = node.create_subscription(Plan, "brain/plan", told.append, 50)
    status, result = talk.ask("go to the window")
    node.destroy_subscription(heard)
    talk.robot.stuck = False
    assert status == ABORTED and result.error_code == Result.STEP_FAILED
    assert result.plan.state == Plan.FAILED
    assert result.plan.revision > 0, "it did not try anything else"
    # What failed is told before what replaces it.
    (*_, first) = (plan for plan in told if plan.revision == 0)
    assert PlanStep.FAILED in {step.state for step in first.steps}


def test_two_tables_are_asked_back_and_nothing_moves(talk: Talk) -> None:
    talk.put(0.0, 0.0)
    status, result = talk.ask("go to the table")
    assert status == ABORTED and result.error_code == Result.NOT_UNDERSTOOD
    assert result.answer.endswith("?") and talk.stands()
    status, result = talk.ask("the left table")
    assert status == SUCCEEDED, result.error_msg
    assert measured(result, "walk_to")["y_m"] > 0.5


@pytest.mark.parametrize("text", ["go to x 4.2 y 1.3", "walk to (4.2, 1.3)"])
def test_a_forbidden_zone_is_refused(talk: Talk, text: str) -> None:
    talk.put(0.0, 0.0)
    status, result = talk.ask(text)
    assert status == ABORTED and result.error_code == Result.IMPOSSIBLE
    assert result.answer and talk.stands()


def test_while_it_works_others_are_rejected_and_it_can_be_cancelled(talk: Talk) -> None:
    talk.put(0.0, 0.0)
    handle = talk.send("go to the window")
    talk.bench.wait(talk.runs("walk_to"), "it to walk")
    assert not talk.send("wave").accepted
    talk.bench.wait(handle.cancel_goal_async().done, "the cancellation")
    status, _ = talk.end(handle)
    assert status == GoalStatus.STATUS_CANCELED
    assert talk.stands()
    assert talk.plans[-1].state == Plan.CANCELED


def test_an_operator_ends_it_by_a_service(talk: Talk) -> None:
    talk.put(0.0, 0.0)
    handle = talk.send("go to the window")
    talk.bench.wait(talk.runs("walk_to"), "it to walk")
    assert talk.bench.call(Trigger, "brain/cancel").success
    status, result = talk.end(handle)
    assert status == ABORTED and result.error_code == Result.STOPPED
    assert talk.stands()
    assert not talk.bench.call(Trigger, "brain/cancel").success


def test_an_emergency_stop_ends_it_and_it_says_so(talk: Talk) -> None:
    talk.put(0.0, 0.0)
    stop = talk.bench.node.create_publisher(Bool, "emergency_stop", LATCHED)
    handle = talk.send("go to the window")
    talk.bench.wait(talk.runs("walk_to"), "it to walk")
    stop.publish(Bool(data=True))
    status, result = talk.end(handle)
    assert status == ABORTED and result.error_code == Result.STOPPED
    assert talk.stands()
    status, result = talk.ask("go to the window")
    assert result.error_code in (Result.STOPPED, Result.IMPOSSIBLE)
    stop.publish(Bool(data=False))
    talk.bench.spin(0.3)
    talk.bench.node.destroy_publisher(stop)


@pytest.mark.parametrize("decision", ["approve", "deny", "nothing"])
def test_what_is_risky_waits_for_somebody(talk: Talk, decision: str) -> None:
    talk.put(0.0, 0.0)
    handle = talk.send("go to the window at 0.55 m/s")
    waiting = Plan.WAITING_FOR_APPROVAL
    talk.bench.wait(lambda: talk.plans[-1].state == waiting, "it to wait")
    if decision != "nothing":
        answer = talk.bench.call(
            DecidePlan,
            "brain/decide",
            task=talk.plans[-1].id,
            approve=decision == "approve",
            by="test",
        )
        assert answer.success, answer.message
    status, result = talk.end(handle)
    if decision == "approve":
        assert status == SUCCEEDED
        return
    assert status == ABORTED and result.error_code == Result.DENIED
    assert talk.stands() and abs(talk.robot.place[:2]).max() < 0.05
    assert not talk.bench.call(DecidePlan, "brain/decide", approve=True).success


def test_a_wave_is_counted_and_a_weak_arm_is_not_believed(talk: Talk) -> None:
    status, result = talk.ask("wave once")
    assert status == SUCCEEDED and measured(result, "wave")["waves"] == 1
    talk.arms.weak = True
    status, result = talk.ask("wave once")
    talk.arms.weak = False
    assert status == ABORTED and result.error_code == Result.STEP_FAILED


def test_a_plan_alone_moves_nothing(talk: Talk) -> None:
    talk.put(0.0, 0.0)
    status, result = talk.ask("go to the window", plan_only=True)
    assert status == SUCCEEDED and result.plan.steps[0].skill == "walk_to"
    assert talk.stands() and abs(talk.robot.place[:2]).max() < 0.05


def test_an_unknown_planner_is_named(talk: Talk) -> None:
    status, result = talk.ask("wave", planner="oracle")
    assert status == ABORTED and result.error_code == Result.PLANNER_FAILED
    assert "oracle" in result.error_msg and "offline" in result.error_msg


def test_the_audit_log_has_every_step(talk: Talk) -> None:
    talk.put(0.0, 0.0)
    _, result = talk.ask("go home and wave once")
    file = next((talk.bench.folder / "brain").glob("*.jsonl"))
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    mine = [line for line in lines if line.get("task") == result.plan.id]
    assert [line["event"] for line in mine][0] == "command"
    assert mine[-1]["event"] == "end" and mine[-1]["success"]
    steps = {line["step"] for line in mine if line["event"] == "step"}
    assert steps == {step.id for step in result.plan.steps}


def test_what_is_said_is_heard(talk: Talk) -> None:
    talk.lines.clear()
    talk.ask('say "mind the gap"')
    said = [(line.speaker, line.text) for line in talk.lines]
    assert ("robot", "mind the gap") in said
    assert said[0][0] == "operator"


def test_a_search_ends_on_the_way_when_it_is_seen(talk: Talk) -> None:
    talk.put(0.0, 0.0)
    # Not from here, but on the way to where it would look from next.
    talk.eyes.show(thing("ball_1", "green", 3.2, 1.0), reach=2.0)
    _, result = talk.ask("go around the left table to the green ball")
    found = measured(result, "find")
    assert found["object"] == "ball_1"
    assert 3 <= found["looks"] <= 12
    assert found["distance_walked_m"] > 0.8
    assert found["distance_m"] == pytest.approx(2.0, abs=0.5)


def test_a_killed_brain_leaves_a_robot_that_comes_to_its_goal_and_stands(
    talk: Talk,
) -> None:
    talk.revive()  # should this be the second try
    talk.put(0.0, 0.0)
    asker = talk.bench.start_command(
        "renxing.nodes.brain.ask",
        "go to the window",
        "--namespace",
        talk.bench.namespace,
    )
    talk.bench.wait(lambda: talk.robot.place[0] > 0.3, "it to walk")
    talk.brain.interrupt(signal.SIGKILL)
    # Navigation has its goal and nobody takes it back: it ends there, as measured.
    talk.bench.wait(lambda: asker.process.poll() is not None, "who asked to notice")
    assert asker.wait() == 2
    assert "the brain is gone" in asker.output
    there = (2.5, 1.2)
    talk.bench.wait(lambda: math.dist(talk.robot.place[:2], there) < 0.4, "the goal")
    assert talk.stands()
    # One that is started anew knows nothing of it and does what it is told.
    talk.revive()
    status, result = talk.ask("go home")
    assert status == SUCCEEDED, result.error_msg
    assert math.dist(talk.robot.place[:2], (0.0, 0.0)) < 0.5
