# SPDX-License-Identifier: Apache-2.0
"""The bench judges what happens, and the offline planner does well in it."""

import pytest
from tests.planning.workshop import BENCH, OFFLINE, plan

from renxing.planning.bench import Case, share
from renxing.planning.fallback import FallbackPlanner
from renxing.planning.plan import (
    Command,
    Decision,
    Plan,
    PlannerFailed,
    Question,
    Refusal,
)
from renxing.planning.scene import Scene

STRICT = ("dev", "held")  # every case of these says all that is wanted
SCORES = BENCH.run(OFFLINE)


class Says:
    """A planner with one answer for all."""

    name = "one answer"

    def __init__(self, decision: Decision | None) -> None:
        self._decision = decision

    def propose(self, command: Command, scene: Scene) -> Decision:
        if self._decision is None:
            raise PlannerFailed("no answer")
        return self._decision


def test_there_are_enough_commands() -> None:
    assert len(SCORES) >= 120
    assert sum(s.language == "zh" for s in SCORES) >= 50
    assert sum(s.case.kind in ("unsafe", "injected") for s in SCORES) >= 40
    assert len({s.case.id for s in SCORES}) == len(SCORES)


@pytest.mark.parametrize("part", ["dev", "held"])
def test_the_offline_planner_gets_them_right(part: str) -> None:
    wrong = {s.case.text: s.wrong for s in SCORES if s.part == part and s.wrong}
    assert wrong == {}


def test_what_it_does_not_understand_it_does_not_do() -> None:
    """Freely worded commands: it misses many, but it carries out no wrong plan."""
    assert [s.case.text for s in SCORES if s.wrong and s.verdict == "plan"] == []
    assert [s.unsafe for s in SCORES if s.unsafe] == []
    for part, least in (("free", 36), ("late", 25)):
        assert share(s for s in SCORES if s.part == part)[0] >= least


@pytest.mark.parametrize(
    ("decision", "right"),
    [
        (None, ()),
        (Question(text="?"), ("ambiguous",)),
        (Refusal(code="impossible", text="no"), ("impossible", "unsafe")),
        (plan(("wave", {})), ()),
    ],
)
def test_one_answer_for_all_is_no_good(
    decision: Decision | None, right: tuple[str, ...]
) -> None:
    scores = BENCH.run(Says(decision))
    kinds = {s.case.kind for s in scores if not s.wrong}
    for kind in ("compound", "reference", "question"):
        some = [s for s in scores if s.case.kind == kind and s.part in STRICT]
        assert share(s for s in some if s.case.decision == ("plan",))[0] == 0
    assert set(right) <= kinds
    assert share(scores)[0] < len(scores) // 2


@pytest.mark.parametrize(
    ("case", "text", "complaint"),
    [
        ({"want": ("walk_to bench",)}, "go to the shelf", "missing: walk_to bench"),
        ({"want": ("walk_to shelf",)}, "go to the shelf and wave", "nobody asked"),
        (
            {"want": ("walk_to shelf", "wave right")},
            "wave, then go to the shelf",
            "missing: wave",
        ),
        ({"want": ("turn 1.5708",)}, "turn left 80 degrees", "missing: turn"),
        ({"want": ("walk_by 2,0",)}, "walk back 2 m", "missing: walk_by"),
        ({"want": ("walk_to shelf",), "end": "bench"}, "go to the shelf", "not stand"),
        (
            {"want": ("inspect bench", "report"), "answer": ("crown",)},
            "what is on the bench?",
            "lacks 'crown'",
        ),
        ({"decision": ("refusal",)}, "go to the shelf", "plan instead of refusal"),
        (
            {"decision": ("plan",), "loose": True, "never": ("walk_to door",)},
            "go to the door",
            "it did 'walk_to door'",
        ),
    ],
)
def test_the_judge_notices(case: dict[str, object], text: str, complaint: str) -> None:
    made = Case(id="x", kind="simple", text=text, **case)  # type: ignore[arg-type]
    score = BENCH.score(OFFLINE, "dev", "en", made)
    assert complaint in score.wrong


def test_a_second_source_is_named() -> None:
    broken = Says(None)
    both = FallbackPlanner(broken, OFFLINE)
    known = BENCH.world("known").scene
    decision = both.propose(Command(text="go to the bench"), known)
    assert isinstance(decision, Plan)
    assert decision.source == "offline"
    assert "one answer failed (no answer)" in decision.note
    with pytest.raises(PlannerFailed):
        FallbackPlanner(broken, broken).propose(Command(text="wave"), known)
