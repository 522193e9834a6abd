# SPDX-License-Identifier: Apache-2.0
"""Who commands the robot now, as far as the graph can tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

SHORT = 48  # letters of a task that are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Voices:
    """What can be heard of those who might command it.

    Attributes:
        rung: Of the stop ladder; empty while the core is silent.
        causes: Of the stop.
        controllers: That have claimed joints.
        walks: Which of them obeys velocities; empty if none.
        moving: Whether that one has a velocity other than zero.
        sources: Who can send it velocities now, by name.
        goals: What navigation is asked for, in words, and by whom if it is known.
        task: That the brain carries out; empty if none.
    """

    rung: str
    causes: Sequence[str] = ()
    controllers: Sequence[str] = ()
    walks: str = ""
    moving: bool = False
    sources: Sequence[str] = ()
    goals: Sequence[str] = ()
    task: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Who commands, and through whom.

    Attributes:
        chain: From who decides to what moves the joints; empty if nobody does.
        remark: What cannot be told, or why it is so.
        stopped: Whether it is the stop ladder that commands.
    """

    chain: tuple[str, ...]
    remark: str = ""
    stopped: bool = False


def authority_of(voices: Voices) -> Authority | None:
    """Return who commands; None while nobody can know.

    Args:
        voices: What was heard.
    """
    if not voices.rung:
        return None
    if voices.rung != "run":
        return Authority(
            chain=(f"stop ladder: {voices.rung}",),
            remark=", ".join(voices.causes),
            stopped=True,
        )
    if not voices.controllers:
        return Authority(chain=(), remark="no controller: joints are held")
    chain = []
    if voices.task:
        task = voices.task
        short = task if len(task) <= SHORT else f"{task[:SHORT]}…"
        chain.append(f"brain: {short}")
    chain.extend(voices.goals)
    remark = ""
    if voices.walks:
        if len(voices.sources) == 1:
            chain.append(voices.sources[0])
        elif voices.sources:
            chain.append(" or ".join(voices.sources))
            remark = "several send velocities: the last one that is heard counts"
        if not voices.moving:
            remark = remark or "no velocity is asked for"
    chain.append(" + ".join(voices.controllers))
    return Authority(chain=tuple(chain), remark=remark)


def authority_line(authority: Authority | None) -> str:
    """Return it as HTML: a chain of names, and a remark."""
    if authority is None:
        return "<div class='weak'>who commands is not known</div>"
    color = "hot" if authority.stopped else ""
    links = "<span class=weak> › </span>".join(
        f"<span class='chip {color}'>{escape(name)}</span>" for name in authority.chain
    )
    remark = ""
    if authority.remark and not authority.stopped:
        remark = f"<div class='weak small'>{escape(authority.remark)}</div>"
    links = links or "<span class='chip weak'>nobody</span>"
    return f"<div class=command><span class=what>in command</span>{links}</div>{remark}"
