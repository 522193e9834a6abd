# SPDX-License-Identifier: Apache-2.0
"""Words into tasks, and nouns into what they mean."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.planning.workshop import LEXICON, OFFLINE, scene, skills

from renxing.planning.barring import Barring
from renxing.planning.grounding import Grounding, Unclear, language_of
from renxing.planning.offline.planner import command_of
from renxing.planning.offline.quantities import Quantities, chinese_number
from renxing.planning.plan import Plan, Question, Refusal
from renxing.planning.quoting import separate
from renxing.planning.task import Task

QUANTITIES = Quantities(LEXICON)
DIGITS = "零一二三四五六七八九"


def chinese(number: int) -> str:
    """Write 0 to 999 as people do."""
    if number < 10:
        return DIGITS[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        head = "" if tens == 1 else DIGITS[tens]
        return head + "十" + (DIGITS[ones] if ones else "")
    hundreds, rest = divmod(number, 100)
    tail = ""
    if rest:
        tail = "零" + DIGITS[rest] if rest < 10 else DIGITS[rest // 10] + "十"
        tail += DIGITS[rest % 10] if rest >= 10 and rest % 10 else ""
    return DIGITS[hundreds] + "百" + tail


@settings(deadline=None, derandomize=True)
@given(st.integers(0, 999))
def test_chinese_numbers(number: int) -> None:
    assert chinese_number(chinese(number)) == number


@pytest.mark.parametrize("text", ["", "点五", "一点", "大", "一点十"])
def test_no_chinese_number(text: str) -> None:
    assert chinese_number(text) is None


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("2 metres", 2.0, "metre"),
        ("1.5m", 1.5, "metre"),
        ("half a metre", 0.5, "metre"),
        ("three steps", 0.9, "step"),
        ("20 cm", 0.2, "centimetre"),
        ("两米", 2.0, "metre"),
        ("一米五", 1.5, "metre"),
        ("两米半", 2.5, "metre"),
        ("半米", 0.5, "metre"),
        ("三点二米", 3.2, "metre"),
        ("90 degrees", 0.5 * math.pi, "degree"),
        ("九十度", 0.5 * math.pi, "degree"),
        ("half a minute", 30.0, "minute"),
        ("十五秒", 15.0, "second"),
        ("a metre", 1.0, "metre"),
        ("四分之一圈", 0.5 * math.pi, "turn"),
        ("quarter turn", 0.5 * math.pi, "turn"),
    ],
)
def test_quantities(text: str, value: float, unit: str) -> None:
    found = QUANTITIES.find(text)
    assert found is not None
    assert (found.value, found.unit) == (pytest.approx(value), unit)
    assert text[found.start : found.end] == text


def test_only_some_units() -> None:
    assert QUANTITIES.find("wait 5 seconds and walk 2 m", "metre") is not None
    assert QUANTITIES.find("wait 5 seconds", "metre") is None


@pytest.mark.parametrize(
    ("text", "plain", "quotations"),
    [
        ("say 'hi there'", "say ⟦0⟧", ("hi there",)),
        ("Don't go to the man's crate", "don't go to the man's crate", ()),
        ("说“你好”，去门口", "说 ⟦0⟧ ,去门口", ("你好",)),
        ('"a" and "b"', "⟦0⟧ and ⟦1⟧", ("a", "b")),
        ('read "go to the door', "read ⟦0⟧", ("go to the door",)),
        ("「去楼梯」", "⟦0⟧", ("去楼梯",)),
        ("⟦0⟧ go", "[0] go", ()),
    ],
)
def test_quotations_are_no_commands(
    text: str, plain: str, quotations: tuple[str, ...]
) -> None:
    found = separate(text)
    assert (found.text, found.quotations) == (plain, quotations)


@pytest.mark.parametrize(
    ("text", "tasks"),
    [
        ("walk to the shelf slowly", [Task(do="go", thing="the shelf", speed=0.25)]),
        ("go to the shelf at half a metre per second", None),
        ("以每秒0.3米的速度去架子", [Task(do="go", thing="架子", speed=0.3)]),
        ("turn around", [Task(do="turn", angle=180.0)]),
        ("look to the left", [Task(do="look", direction="left")]),
        ("step two steps to the right", [Task(do="walk", left=-0.6)]),
        ("wave your left hand twice", [Task(do="wave", hand="left", times=2)]),
        ("go (1, -2)", [Task(do="go", x=1.0, y=-2.0)]),
        ("walk to x = 1 and y = -2.5", [Task(do="go", x=1.0, y=-2.5)]),
        ("说再见", [Task(do="say", text="再见")]),
        ("wait", [Task(do="wait")]),
        ("say 'stop, then go'", [Task(do="say", text="stop, then go")]),
    ],
)
def test_tasks(text: str, tasks: list[Task] | None) -> None:
    read = OFFLINE.read(command_of(text))
    if tasks is None:
        assert [task.do for task in read] == ["go"]
        assert read[0].speed == 0.5
    else:
        assert read == tasks


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("inspect the red crate", ["walk_to", "look_at", "inspect", "report"]),
        (
            "look at the red crate, go to it and tell me what is on it",
            ["look_at", "walk_to", "look_at", "inspect", "report"],
        ),
        (
            "go to the red crate, come back and tell me what was on it",
            ["walk_to", "look_at", "inspect", "walk_to", "report"],
        ),
        ("find the purple ball and go there", ["find", "walk_to"]),
        (
            "find the purple ball, go to it, look at the purple ball",
            ["find", "walk_to", "look_at"],
        ),
    ],
)
def test_what_has_to_come_before_is_put_in(text: str, steps: list[str]) -> None:
    decision = OFFLINE.propose(command_of(text), scene())
    assert isinstance(decision, Plan)
    assert skills(decision.steps) == steps
    assert decision.source == "offline"


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("the red crate", {"crate_1"}),
        ("红色的箱子", {"crate_1"}),
        ("红箱子", {"crate_1"}),
        ("the can on the red crate", {"can_2"}),
        ("工作台上的罐子", {"can_1"}),
        ("the workbench", {"bench"}),
        ("side_table", {"side_table"}),
        ("all tables", {"bench", "side_table"}),
        ("所有的罐子", {"can_1", "can_2"}),
        ("the nearest table", {"bench"}),
        ("the biggest box", {"box_1"}),
        ("ball_1", {"ball_1"}),
        ("me", {"person_1"}),
        ("the yellow one", {"can_2"}),
        ("it", {"shelf"}),
        ("另一张桌子", {"bench", "side_table"}),
    ],
)
def test_nouns(words: str, names: set[str]) -> None:
    grounding = Grounding(LEXICON, scene(), "en")
    if words == "另一张桌子":
        # The other one than the bench.
        assert grounding.ground(words, ("bench",)).names == ("side_table",)
    else:
        assert set(grounding.ground(words, ("shelf",)).names) == names


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("the table", Question),
        ("the can", Question),
        ("it", Question),
        ("the kitchen", Refusal),
        ("the heavy crate", Refusal),
        ("the thing", Question),
        ("all the purple cans", Refusal),
        ("ignore the rules", Refusal),
    ],
)
def test_nouns_that_are_not_clear(words: str, kind: type) -> None:
    with pytest.raises(Unclear) as caught:
        Grounding(LEXICON, scene(), "en").ground(words)
    assert isinstance(caught.value.decision, kind)


def test_what_was_not_seen_is_to_be_searched() -> None:
    target = Grounding(LEXICON, scene(), "en").ground("the purple crate")
    assert (target.names, target.label, target.color) == ((), "crate", "purple")


def test_an_unknown_noun_is_refused_with_those_that_are_known() -> None:
    decision = OFFLINE.propose(command_of("go to the kitchen"), scene())
    assert isinstance(decision, Refusal)
    assert "kitchen" in decision.text and "the side table" in decision.text


def test_nothing_is_done_if_a_part_is_not_understood() -> None:
    decision = OFFLINE.propose(command_of("go to the bench and frobnicate"), scene())
    assert isinstance(decision, Refusal)


@pytest.mark.parametrize(
    ("text", "barred"),
    [
        ("take a look at the red crate", False),
        ("take the red crate", True),
        ("look at the nearest table", False),
        ("close the door", True),
        ("看看别的罐子", False),
        ("别去工作台", True),
        ("取消", False),
        ("取包裹", True),
        ("say 'run over the visitor'", False),
        ("run over the visitor", True),
        ("what do you see when you look left", True),
    ],
)
def test_what_is_not_done_is_told_from_what_sounds_like_it(
    text: str, barred: bool
) -> None:
    barring, command = Barring(LEXICON), command_of(text)
    found = barring.unsafe(command, "test") or barring.missing(command, "test")
    assert (found is not None) == barred


def test_languages() -> None:
    assert language_of("去 the bench") == "zh"
    assert command_of("go", "zh-CN").language == "zh"
    assert command_of("走", "en-US").language == "en"
    assert command_of("走", "fr").language == "zh"


def test_a_very_long_command_is_not_read() -> None:
    text = "go to the bench and " * 100
    assert isinstance(OFFLINE.propose(command_of(text), scene()), Refusal)
