# SPDX-License-Identifier: Apache-2.0
"""Questions, direct (`what is on it`) and told (`tell me what is on it`).

Each pattern leads to a task; `thing` is the noun phrase in it, `on` what it stands on.
"""

import re

from renxing.planning.task import About, Task

_SEE = r"(?:do|can|did|could) you (?:see|find|spot)|have you seen|you (?:can )?see"
PATTERNS: tuple[tuple[About, str], ...] = (
    # the battery, the place
    (
        "battery",
        r"(?:.*\b)?(?:battery|batteries|charge left|power level|power left)\b.*",
    ),
    ("battery", r".*(?:电量|电池|多少电|没电|有电|电还|电够).*"),
    ("place", r"where (?:are you|you are|am i talking to you from)(?: now)?"),
    ("place", r"(?:your|what is your|what's your) (?:position|location|place)"),
    ("place", r"你?(?:现在)?(?:在|位于)(?:哪里|哪儿|哪|什么地方|什么位置)"),
    ("place", r"你?的?(?:当前)?位置"),
    # what is on something
    (
        "thing",
        r"what(?: is|'s|s| are| was| were| stands| lies| do you (?:see|find)"
        r"| you (?:see|find)| can you see| is there| there is)?(?: there)?"
        r" on(?: top of)? (?P<thing>.+)",
    ),
    (
        "thing",
        r"(?:is|are) there (?:anything|something|things)(?: there)? on(?: top of)? "
        r"(?P<thing>.+)",
    ),
    (
        "thing",
        r"(?:is|are) there (?:any |a |an |some )?.+? on(?: top of)? (?P<thing>.+)",
    ),
    (
        "thing",
        r"(?P<thing>.*?)(?:的)?(?:上面|上边|上头|上)(?:都|还)?(?:有|放着?|摆着?|是)"
        r"(?:些|了)?(?:没有)?(?:什么东西|什么|哪些东西|哪些|啥|东西|物品)",
    ),
    # its colour: the answer names what was seen with it
    ("scene", r"(?:of )?what colou?r(?: is|'s) (?P<thing>.+)"),
    ("scene", r"(?P<thing>.+?)是什么颜色的?"),
    ("thing", r"(?:anything|something)(?: there)? on(?: top of)? (?P<thing>.+)"),
    # how many
    (
        "count",
        rf"how many (?P<thing>.+?)(?: {_SEE}| are there| there are| have you seen)",
    ),
    (
        "count",
        r"(?:你)?(?:现在)?(?:能)?(?:看到|看见|看得到|有|见过)了?(?:几|多少)(?:个|只|张)?"
        r"(?P<thing>.+)",
    ),
    ("count", r"(?:这里|那里)?有?(?:几|多少)(?:个|只|张)(?P<thing>.+)"),
    # what is around
    (
        "scene",
        r"what (?:do you see|can you see|have you seen|did you see|you see|you saw"
        r"|you can see|you have seen|is around you|is there|is here|is in the room)"
        r"(?: there| here| around you| now)?",
    ),
    (
        "scene",
        r"你?(?:现在|都|能|刚才)?(?:看到|看见|看得到|看得见)(?:了|过)?(?:些)?"
        r"(?:什么东西|什么|哪些东西|哪些|啥)",
    ),
    ("scene", r"(?:周围|附近|这里|房间里)有(?:些)?(?:什么|哪些)(?:东西)?"),
    (
        "scene",
        r"(?:what|which) (?:things|objects) (?:do you see"
        r"|have you (?:seen|noticed|found)|did you (?:see|find))(?: so far)?",
    ),
    (
        "scene",
        r"have you (?:seen|spotted|noticed|found) (?:any |a |an |the )?(?P<thing>.+)",
    ),
    ("scene", r".*(?:看到|看见|发现)(?:了|过)?(?:哪些|什么)(?:东西|物体)?"),
    ("scene", rf"(?:{_SEE}) (?:any |a |an |the |some )?(?P<thing>.+)"),
    ("scene", r"(?:is|are) there (?:any |a |an |some )?(?P<thing>.+)"),
    (
        "scene",
        r"你?(?:能)?(?:有没有)?(?:看到|看见|看得到|看得见)(?:了|过)?"
        r"(?P<thing>[^什哪几多]+?)(?:了)?(?:吗|没有|没|不)",
    ),
    ("scene", r"(?:这里|那里)?有没有(?P<thing>.+)"),
    # where something is
    ("where", r"where(?: is|'s|s| are) (?P<thing>.+)"),
    ("where", r"where (?P<thing>.+?) (?:is|are)"),
    ("where", r"(?P<thing>.+?)在(?:哪里|哪儿|哪|什么地方|什么位置)"),
)
_COMPILED = tuple((about, re.compile(pattern)) for about, pattern in PATTERNS)
_TAIL = re.compile(r"(?:\s*(?:please|now|right now)|[吗呢啊呀吧]|[?？。.!！])+$")
_HEAD = re.compile(r"^(?:all |exactly |just |of |about )+")


def ask(text: str) -> Task | None:
    """Return the task of a question; None if it is none."""
    full = text.strip()
    bare = _HEAD.sub("", _TAIL.sub("", full)).strip()
    # Some patterns want the particle at the end, others cannot have it.
    for words in dict.fromkeys((full, bare)):
        for about, pattern in _COMPILED:
            match = pattern.fullmatch(words)
            if match is None:
                continue
            thing = match.groupdict().get("thing") or ""
            return Task(do="tell", about=about, thing=_thing(thing, about))
    return None


def is_question(text: str) -> bool:
    """Tell whether a part of a command is a question."""
    return ask(text) is not None and not text.startswith(("say ", "说"))


def _thing(words: str, about: About) -> str:
    """Return the noun phrase of a question; what is on top, without one, is of it."""
    words = words.strip()
    if about == "thing" and words in ("", "它", "的"):
        return "它"
    return words
