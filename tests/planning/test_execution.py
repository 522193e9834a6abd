# SPDX-License-Identifier: Apache-2.0
"""Plans carried out: in order, once, in time, under guards."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.planning.workshop import ANSWERS, VALIDATOR, plan, scene

from renxing.errors import DeviceError
from renxing.planning.execution import Execution
from renxing.planning.plan import Plan
from renxing.planning.runner import Call
from renxing.planning.scene import Scene, SeenObject
from renxing.planning.skill import Outcome, SkillRegistry
from renxing.planning.tree import PATIENCE

WALK = ("walk_to", {"target": "bench"})
FIND = ("find", {"label": "can", "color": "white"})
WAVE = ("wave", {"times": 2})
AT_BENCH = Outcome(
    success=True, measured={"distance_walked_m": 0.7, "x_m": 0.6, "y_m": 0.0}
)
WAVED = Outcome(success=True, measured={"waves": 2})
FOUND = Outcome(success=True, measured={"object": "can_9", "x_m": 1.0, "y_m": 0.0})


@dataclass
class Hand:
    """A runner that a test plays by hand."""

    started: list[Call] = field(default_factory=list)
    canceled: list[str] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    refuses: bool = False

    def start(self, call: Call) -> object:
        if self.refuses:
            raise DeviceError("nobody does that here")
        self.started.append(call)
        return call.step

    def poll(self, handle: object) -> Outcome | None:
        return self.outcomes.get(str(handle))

    def cancel(self, handle: object) -> None:
        self.canceled.append(str(handle))


def execution(hand: Hand, made: Plan, where: Scene) -> Execution:
    checked = VALIDATOR.check(made, where)
    return Execution(checked, hand, VALIDATOR, ANSWERS.speech, where)


def states(run: Execution) -> list[str]:
    return [record.state for record in run.records.values()]


def test_steps_come_one_after_the_other() -> None:
    hand, where = Hand(), scene()
    run = execution(hand, plan(WALK, WAVE), where)
    assert run.tick(0.0, where) == "running"
    assert states(run) == ["running", "waiting"]
    assert run.tick(5.0, where) == "running"
    hand.outcomes["s1"] = AT_BENCH
    assert run.tick(6.0, where) == "running"
    assert states(run) == ["succeeded", "running"]
    hand.outcomes["s2"] = WAVED
    assert run.tick(8.0, where) == "succeeded"
    assert [call.step for call in hand.started] == ["s1", "s2"]
    assert (run.records["s1"].started, run.records["s1"].ended) == (0.0, 6.0)
    assert hand.canceled == []


def test_a_step_that_takes_too_long_is_canceled() -> None:
    hand, where = Hand(), scene()
    run = execution(hand, plan(WALK), where)
    timeout = run.checked.steps[0].timeout
    run.tick(0.0, where)
    assert run.tick(timeout, where) == "running"
    assert run.tick(timeout + 0.1, where) == "failed"
    assert hand.canceled == ["s1"]
    step, outcome = run.failed_step() or pytest.fail("none failed")
    assert (step.id, outcome.code) == ("s1", "timeout")


def test_success_without_measurement_is_none() -> None:
    hand, where = Hand(), scene()
    hand.outcomes["s1"] = Outcome(success=True, measured={"x_m": 0.6})
    run = execution(hand, plan(WALK, WAVE), where)
    run.tick(0.0, where)
    assert run.tick(1.0, where) == "failed"
    outcome = run.records["s1"].outcome
    assert outcome is not None and outcome.code == "unmeasured"
    assert "distance_walked_m" in outcome.reason
    assert len(hand.started) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"stopped": True}, "stopped"),
        ({"battery": 0.05}, "battery"),
        ({"pose": (4.0, -2.0, 0.0)}, "zone"),
    ],
)
def test_guards_cancel_what_runs(changes: dict[str, Any], code: str) -> None:
    hand, where = Hand(), scene()
    run = execution(hand, plan(WALK, WAVE), where)
    run.tick(0.0, where)
    assert run.tick(1.0, scene(**changes)) == "failed"
    assert hand.canceled == ["s1"]
    assert states(run) == ["canceled", "waiting"]
    outcome = run.records["s1"].outcome
    assert outcome is not None and outcome.code == code
    # What ended stays ended, even if the reason goes away.
    assert run.tick(2.0, where) == "failed"
    assert len(hand.started) == 1


def test_a_stop_between_two_steps_begins_nothing() -> None:
    hand, where = Hand(), scene()
    hand.outcomes["s1"] = AT_BENCH
    run = execution(hand, plan(WALK, WAVE), where)
    run.tick(0.0, where)
    run.tick(1.0, where)
    assert [call.step for call in hand.started] == ["s1", "s2"]
    fresh = Hand(outcomes={"s1": AT_BENCH})
    run = execution(fresh, plan(WALK, WAVE), where)
    run.tick(0.0, scene(stopped=True))
    assert fresh.started == [] and states(run) == ["canceled", "waiting"]


def test_canceling_ends_it() -> None:
    hand, where = Hand(), scene()
    run = execution(hand, plan(WALK, WAVE), where)
    run.tick(0.0, where)
    run.cancel(1.0, "somebody asked")
    assert hand.canceled == ["s1"]
    assert run.tick(2.0, where) == "failed"
    assert states(run) == ["canceled", "waiting"]


def test_it_waits_for_what_others_use() -> None:
    hand, where = Hand(), scene()
    run = execution(hand, plan(WALK), where)
    legs = frozenset({"legs"})
    assert run.tick(0.0, where, legs) == "running"  # type: ignore[arg-type]
    assert hand.started == []
    assert "waits for legs" in run.snapshot() or run.tick(1.0, where) == "running"
    run.tick(2.0, where)
    assert len(hand.started) == 1


def test_it_does_not_wait_forever() -> None:
    hand, where = Hand(), scene()
    run = execution(hand, plan(WALK), where)
    legs = frozenset({"legs"})
    run.tick(0.0, where, legs)  # type: ignore[arg-type]
    assert run.tick(1000.0, where, legs) == "failed"  # type: ignore[arg-type]
    outcome = run.records["s1"].outcome
    assert outcome is not None and outcome.code == "busy"


def test_a_runner_that_refuses() -> None:
    hand, where = Hand(refuses=True), scene()
    run = execution(hand, plan(WALK), where)
    assert run.tick(0.0, where) == "failed"
    outcome = run.records["s1"].outcome
    assert outcome is not None and outcome.code == "refused"
    assert "nobody does that here" in outcome.reason


def test_a_walk_to_where_it_stands_is_skipped_and_measured() -> None:
    hand, where = Hand(outcomes={"s2": WAVED}), scene(pose=(0.65, 0.05, 0.0))
    run = execution(hand, plan(WALK, WAVE), where)
    run.tick(0.0, where)
    assert run.tick(1.0, where) == "succeeded"
    assert states(run) == ["skipped", "succeeded"]
    assert [call.skill for call in hand.started] == ["wave"]
    outcome = run.records["s1"].outcome
    assert outcome is not None and outcome.measured["x_m"] == 0.65


def test_what_was_found_is_bound_and_checked_again() -> None:
    hand, where = Hand(outcomes={"s1": FOUND}), scene()
    run = execution(hand, plan(FIND, ("look_at", {"target": "@s1"})), where)
    run.tick(0.0, where)
    # The scene does not hold what the runner says it found: it waits a little for the
    # news, then nothing is looked at.
    assert run.tick(1.0, where) == "running"
    assert run.tick(1.0 + PATIENCE + 0.1, where) == "failed"
    assert [call.skill for call in hand.started] == ["find"]
    outcome = run.records["s2"].outcome
    assert outcome is not None and outcome.code == "reference"


def test_news_of_what_was_found_may_come_a_little_later() -> None:
    hand, where = Hand(outcomes={"s1": FOUND}), scene()
    run = execution(hand, plan(FIND, ("look_at", {"target": "@s1"})), where)
    run.tick(0.0, where)
    run.tick(1.0, where)
    can = SeenObject(id="can_9", label="can", position=(1.0, 0.0, 0.9))
    run.tick(1.5, scene(objects=(*where.objects, can)))
    assert [call.skill for call in hand.started] == ["find", "look_at"]
    assert getattr(hand.started[1].arguments, "target", "") == "can_9"


def test_a_rule_that_only_the_moment_can_tell() -> None:
    """After a search nobody knows how it stands; the step before the stairs does."""
    hand, where = Hand(outcomes={"s1": FOUND}), scene()
    run = execution(hand, plan(FIND, ("walk_by", {"forward": 3.0})), where)
    run.tick(0.0, where)
    run.tick(1.0, scene(pose=(2.0, -2.0, 0.0)))
    assert [call.skill for call in hand.started] == ["find"]
    outcome = run.records["s2"].outcome
    assert outcome is not None and outcome.code == "zone"


def test_reports_say_what_was_measured() -> None:
    measured = {
        "object": "crate_1",
        "things_on": [{"id": "x", "label": "ball", "color": "purple"}],
    }
    hand = Hand(outcomes={"s3": Outcome(success=True, measured=measured)})
    hand.outcomes["s1"] = AT_BENCH
    hand.outcomes["s2"] = Outcome(success=True, measured={"error_rad": 0.0})
    steps = [
        ("walk_to", {"target": "crate_1"}),
        ("look_at", {"target": "crate_1"}),
        ("inspect", {"target": "crate_1"}),
        ("report", {"what": "outcome", "of": "s3"}),
    ]
    where = scene()
    run = execution(hand, plan(*steps), where)
    for tick in range(4):
        run.tick(float(tick), where)
    assert hand.started[-1].speech == "On the red crate I see a purple ball."


def test_the_tree_as_text() -> None:
    hand, where = Hand(), scene()
    run = execution(hand, plan(WALK, WAVE), where)
    run.tick(0.0, where)
    for unicode in (True, False):
        text = run.snapshot(unicode)
        assert "step s1" in text and "step s2" in text
    assert run.snapshot(False).isascii()


def test_skills_of_packages_run_as_any_other() -> None:
    from tests.planning.test_skill import EXTRA
    from tests.planning.workshop import LEXICON

    from renxing.planning.mention import Mentions
    from renxing.planning.skills import BUILT_IN
    from renxing.planning.validator import Rules, Validator

    registry = SkillRegistry([*BUILT_IN, EXTRA])
    validator = Validator(registry, Mentions(LEXICON), Rules())
    hand, where = Hand(outcomes={"s1": WAVED}), scene()
    checked = validator.check(plan(("salute", {"times": 1})), where)
    run = Execution(checked, hand, validator, ANSWERS.speech, where)
    run.tick(0.0, where)
    assert run.tick(1.0, where) == "succeeded"
