# SPDX-License-Identifier: Apache-2.0
"""Subtitles of a film."""

import re

from renxing.runtime.subtitles import (
    SHORTEST,
    Line,
    Step,
    cues_of,
    shown_at,
    to_ascii,
    to_srt,
)

LINES = [
    Line(time=1.0, speaker="operator", text="走到门"),
    Line(time=2.5, speaker="robot", text="x" * 100),
    Line(time=18.5, speaker="robot", text="there"),
]
STEPS = [
    Step(time=-4.0, text="wave"),
    Step(time=2.0, text="walk"),
    Step(time=15.0, text=""),
]


def test_each_moment_shows_what_is_said_and_done() -> None:
    cues = cues_of(LINES, STEPS, 20.0)
    # What began before the film is still done at its beginning.
    assert shown_at(cues, 0.5) == ("[wave]",)
    assert shown_at(cues, 1.5) == ("operator: 走到门", "[wave]")
    assert shown_at(cues, 2.2) == ("operator: 走到门", "[walk]")
    # A line gives way to the next one, and is shown as long as it takes to read it.
    assert shown_at(cues, 2.6) == (f"robot: {'x' * 100}", "[walk]")
    assert shown_at(cues, 2.5 + 6.9) == (f"robot: {'x' * 100}", "[walk]")
    assert shown_at(cues, 2.5 + 7.1) == ("[walk]",)
    assert shown_at(cues, 16.0) == ()
    assert shown_at(cues, 19.9) == ("robot: there",)
    assert 18.5 + SHORTEST > 20.0 == cues[-1].end
    for before, after in zip(cues, cues[1:], strict=False):
        assert before.begin < before.end <= after.begin
        assert before.end < after.begin or before.lines != after.lines


def test_nothing_said_is_no_subtitle() -> None:
    assert cues_of([], [], 10.0) == []
    assert to_srt([]) == ""


def test_a_subrip_file() -> None:
    text = to_srt(cues_of(LINES, STEPS, 3725.25))
    blocks = text.strip().split("\n\n")
    assert blocks[1] == "2\n00:00:01,000 --> 00:00:02,000\noperator: 走到门\n[wave]"
    assert [int(block.split("\n")[0]) for block in blocks] == list(
        range(1, len(blocks) + 1)
    )
    clock = r"\d\d:\d\d:\d\d,\d\d\d"
    assert all(re.search(f"^{clock} --> {clock}$", b, re.MULTILINE) for b in blocks)
    late = to_srt(cues_of([Line(time=3723.5, speaker="a", text="b")], [], 4000.0))
    assert "01:02:03,500 --> 01:02:06,500" in late


def test_a_font_without_the_letters() -> None:
    assert to_ascii("operator: walk") == "operator: walk"
    assert to_ascii("operator: 走到门") == "operator: (in the subtitles)"
    assert to_ascii("[走到门]") == "(in the subtitles)"
