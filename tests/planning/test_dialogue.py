# SPDX-License-Identifier: Apache-2.0
"""Answers to questions that the robot asked back."""

import pytest
from tests.planning.workshop import LEXICON, OFFLINE, scene

from renxing.planning.dialogue import Dialogue
from renxing.planning.offline.planner import command_of
from renxing.planning.plan import Plan, Question


def ask(text: str, name: str = "known") -> Dialogue:
    dialogue = Dialogue(LEXICON)
    command = command_of(text)
    decision = OFFLINE.propose(command, scene(name))
    assert isinstance(decision, Question)
    dialogue.note(command, decision, 0.0)
    return dialogue


@pytest.mark.parametrize(
    ("text", "reply", "target"),
    [
        ("Go to the table and wave", "the side table", "side_table"),
        ("go to the can", "the blue one", "can_1"),
        ("go to the can", "the can on the red crate", "can_2"),
        ("去桌子那里", "工作台", "bench"),
        ("走到罐子那里，然后挥手", "黄色的罐子", "can_2"),
    ],
)
def test_a_noun_completes_the_command(text: str, reply: str, target: str) -> None:
    dialogue = ask(text)
    command = dialogue.complete(command_of(reply), scene(), 5.0)
    decision = OFFLINE.propose(command, scene())
    assert isinstance(decision, Plan)
    assert decision.steps[0].arguments["target"] == target
    assert command.language == command_of(text).language


@pytest.mark.parametrize(
    "reply", ["the shelf", "wave", "the table", "the purple crate", "不", ""]
)
def test_what_answers_nothing_stays_as_it_is(reply: str) -> None:
    command = command_of(reply)
    assert ask("go to the table").complete(command, scene(), 5.0) == command


def test_an_old_question_is_forgotten() -> None:
    command = command_of("the bench")
    assert ask("go to the table").complete(command, scene(), 61.0) == command


def test_only_the_last_question_stands() -> None:
    dialogue = ask("go to the table")
    wave = command_of("wave")
    dialogue.note(wave, OFFLINE.propose(wave, scene()), 1.0)
    command = command_of("the bench")
    assert dialogue.complete(command, scene(), 2.0) == command
