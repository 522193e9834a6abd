# SPDX-License-Identifier: Apache-2.0
"""What is said and done in a recording, as subtitles of its film."""

from collections.abc import Sequence
from dataclasses import dataclass

SHORTEST = 3.0  # [s] that a line is shown
READING = 0.07  # [s] for each letter of a line
IN_SUBTITLES = "(in the subtitles)"  # instead of what a film's font has no letters for


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Something that somebody said.

    Attributes:
        time: From the beginning of the film [s].
        speaker: Who.
        text: What.
    """

    time: float
    speaker: str
    text: str

    @property
    def until(self) -> float:
        """How long it wants to be shown [s]."""
        return self.time + max(SHORTEST, READING * len(self.text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What the robot is about from some time on.

    Attributes:
        time: From the beginning of the film [s].
        text: Of the step; empty while it does nothing.
    """

    time: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """What is shown for some time.

    Attributes:
        begin: From the beginning of the film [s].
        end: Likewise.
        lines: What is said, and the step that is done, one below the other.
    """

    begin: float
    end: float
    lines: tuple[str, ...]


def cues_of(lines: Sequence[Line], steps: Sequence[Step], length: float) -> list[Cue]:
    """Return what to show when; a line ends where the next one begins.

    Args:
        lines: In the order of their times.
        steps: Likewise.
        length: Of the film [s].
    """
    ends = [
        min(line.until, following.time)
        for line, following in zip(lines, lines[1:], strict=False)
    ]
    ends += [line.until for line in lines[len(ends) :]]
    times = {0.0, length}
    times |= {line.time for line in lines} | {step.time for step in steps} | {*ends}
    moments = sorted(time for time in times if 0.0 <= time <= length)
    cues: list[Cue] = []
    for begin, end in zip(moments, moments[1:], strict=False):
        said = [
            f"{line.speaker}: {line.text}"
            for line, over in zip(lines, ends, strict=True)
            if line.time <= begin < over
        ]
        done = [step.text for step in steps if step.time <= begin][-1:]
        shown = (*said, *(f"[{text}]" for text in done if text))
        if cues and cues[-1].end == begin and cues[-1].lines == shown:
            cues[-1] = Cue(begin=cues[-1].begin, end=end, lines=shown)
        elif shown:
            cues.append(Cue(begin=begin, end=end, lines=shown))
    return cues


def shown_at(cues: Sequence[Cue], time: float) -> tuple[str, ...]:
    """Return what is shown at a time [s]."""
    for cue in cues:
        if cue.begin <= time < cue.end:
            return cue.lines
    return ()


def to_srt(cues: Sequence[Cue]) -> str:
    """Return the text of a SubRip file."""
    return "".join(
        f"{number}\n{_clock(cue.begin)} --> {_clock(cue.end)}\n"
        + "\n".join(line.replace("\n", " ") for line in cue.lines)
        + "\n\n"
        for number, cue in enumerate(cues, 1)
    )


def to_ascii(line: str) -> str:
    """Return a line as a font without other letters can show it."""
    if line.isascii():
        return line
    speaker, separator, _ = line.partition(": ")
    if separator and speaker.isascii():
        return f"{speaker}: {IN_SUBTITLES}"
    return IN_SUBTITLES


def _clock(seconds: float) -> str:
    whole = round(1000 * seconds)
    minutes, milliseconds = divmod(whole, 60_000)
    hours, minutes = divmod(minutes, 60)
    second, milliseconds = divmod(milliseconds, 1000)
    return f"{hours:02}:{minutes:02}:{second:02},{milliseconds:03}"
