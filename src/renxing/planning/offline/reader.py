# SPDX-License-Identifier: Apache-2.0
"""Clauses -> tasks: what each verb makes of what follows it."""

import math
import re
from collections.abc import Callable, Iterator
from typing import Literal

from renxing.planning.lexicon import Direction, Lexicon
from renxing.planning.offline.clauses import Clause
from renxing.planning.offline.quantities import SPEED, Quantities
from renxing.planning.offline.questions import ask
from renxing.planning.quoting import MARKED, Quoted
from renxing.planning.task import Gaze, Task

LENGTHS = ("metre", "centimetre", "foot", "step")
SLOW = 0.25  # [m/s]
FAST = 0.5  # [m/s]
# Of each way that can be named; to see what is behind, it has to turn.
LOOKS: dict[Direction, Gaze] = {
    "left": "left",
    "right": "right",
    "forward": "ahead",
    "up": "up",
    "down": "down",
}
POINT = re.compile(r"(?:坐标|the point|point|coordinates?|to|at|x)?\s*⟨(.+?)\|(.+?)⟩")
AROUND_ZH = re.compile(r"(?:绕过|绕开|绕着|绕|避开)(.+)")


class NotRead(Exception):
    """A clause that makes no sense; what of it is left over."""


class Reader:
    """Reads clauses."""

    def __init__(self, lexicon: Lexicon) -> None:
        """Take the words."""
        self._lexicon = lexicon
        self._words = lexicon.file.words
        self._quantities = Quantities(lexicon)
        self._verbs: dict[str, Callable[[Clause, Quoted], Iterator[Task]]] = {
            "ask": self._ask,
            "go": self._go,
            "patrol": self._patrol,
            "turn": self._turn,
            "back": self._way,
            "ahead": self._way,
            "look": self._look,
            "find": self._things,
            "inspect": self._inspect,
            "tell": self._tell,
            "say": self._say,
            "wave": self._wave,
            "greet": self._wave,
            "wait": self._wait,
            "stop": self._alone,
            "dock": self._alone,
            "home": self._home,
        }

    def read(self, clause: Clause, quoted: Quoted) -> list[Task]:
        """Return the tasks of a clause.

        Raises:
            NotRead: If it makes no sense.
        """
        return list(self._verbs[clause.verb](clause, quoted))

    def _ask(self, clause: Clause, quoted: Quoted) -> Iterator[Task]:
        task = ask(clause.rest)
        if task is None or clause.more:
            raise NotRead(clause.text)
        yield task

    def _tell(self, clause: Clause, quoted: Quoted) -> Iterator[Task]:
        rest = clause.rest
        for words in (rest, clause.text):
            task = ask(words)
            if task is not None:
                yield task
                break
        else:
            if not rest:
                yield Task(do="tell")
            elif clause.word in ("tell me about", "report on"):
                yield Task(do="tell", thing=rest)
            else:
                raise NotRead(clause.text)
        for item in clause.more:
            further = ask(item)
            if further is None:
                raise NotRead(item)
            yield further

    def _go(self, clause: Clause, quoted: Quoted) -> Iterator[Task]:
        speed, rest = self._speed(clause)
        around, rest = self._around(rest)
        looks = re.search(r"(?:去)?(?:看看|看一看|看一下|瞧瞧)$", rest)
        if looks is not None:
            rest = rest[: looks.start()]
        rest = rest.replace("|", " ").strip() if "⟨" not in rest else rest
        point = POINT.search(rest)
        if point is not None:
            left = (rest[: point.start()] + rest[point.end() :]).strip(" |")
            if self._bare(left):
                raise NotRead(left)
            x, y = float(point[1]), float(point[2])
            yield Task(do="go", x=x, y=y, speed=speed, around=around)
            return
        if self._is_way(rest):
            yield from self._steps(clause, rest, speed)
            return
        thing = re.sub(r"^(?:to|towards?|往|向|朝)\s*", "", self._bare(rest))
        if not thing:
            near = ("come", "come over to", "来", "过来", "来到")
            if clause.word in near:
                thing = "me"
            elif clause.word in ("走过去", "过去", "走去") or rest:
                thing = "there"
            else:
                raise NotRead(clause.text)
        yield Task(do="go", thing=thing, around=around, speed=speed)
        if looks is not None:
            yield Task(do="look", thing="it")
        for item in clause.more:
            further = re.sub(r"^(?:to|towards?)\s+", "", item)
            yield Task(do="go", thing=further, speed=speed)

    def _around(self, rest: str) -> tuple[str, str]:
        """Split off what the way keeps off."""
        for word in self._words["around"].en:
            match = re.match(rf"{word} (.+?) (?:over )?(?:to|towards?) (.+)", rest)
            if match:
                return match[1], match[2]
            match = re.fullmatch(rf"(.+?) {word} (.+)", rest)
            if match:
                return match[2], match[1]
        head, bar, tail = rest.partition("|")
        match = AROUND_ZH.fullmatch(head) if bar else None
        if match:
            return match[1], tail
        return "", rest

    def _is_way(self, rest: str) -> bool:
        return (
            self._quantities.find(rest, *LENGTHS) is not None
            or self._direction(rest) != ""
        )

    def _way(self, clause: Clause, quoted: Quoted) -> Iterator[Task]:
        speed, rest = self._speed(clause)
        rest = rest.replace("|", " ")
        ahead = "forward" if clause.verb == "ahead" else "back"
        yield from self._steps(clause, f"{rest} {ahead}", speed)

    def _steps(self, clause: Clause, rest: str, speed: float | None) -> Iterator[Task]:
        """Read a way of some metres."""
        quantity = self._quantities.find(rest, *LENGTHS)
        length = 0.5
        if quantity is not None:
            length = quantity.value
            rest = f"{rest[: quantity.start]} {rest[quantity.end :]}"
        direction = self._direction(rest) or "forward"
        left = self._without_directions(rest)
        if self._bare(left) or clause.more or length < 0.0:
            raise NotRead(left or clause.text)
        sign = -1.0 if direction in ("back", "right") else 1.0
        if direction in ("left", "right"):
            yield Task(do="walk", left=sign * length, speed=speed)
        elif direction in ("forward", "back"):
            yield Task(do="walk", forward=sign * length, speed=speed)
        else:
            raise NotRead(clause.text)

    def _turn(self, clause: Clause, quoted: Quoted) -> Iterator[Task]:
        rest = clause.rest.replace("|", " ")
        quantity = self._quantities.find(rest, "degree", "radian", "turn")
        angle = None
        if quantity is not None:
            angle = math.degrees(quantity.value)
            rest = f"{rest[: quantity.start]} {rest[quantity.end :]}"
        whole = f"{clause.word} {rest}"
        direction = self._direction(rest) or self._direction(clause.word)
        about = ("turn around", "turn round", "转身", "掉头", "转过身")
        if angle is None and clause.word in about:
            angle = 180.0
        if self._bare(self._without_directions(rest)) or clause.more:
            if angle is None and not direction:
                # Turn the table? No. 转向红色箱子 is a look.
                thing = rest.strip().removeprefix("向").removeprefix("to ")
                yield Task(do="look", thing=thing)
                return
            raise NotRead(whole)
        if direction == "back" and angle is None:
            angle = 180.0
        if angle is None and not direction:
            raise NotRead(whole)
        sign = -1.0 if direction == "right" else 1.0
        yield Task(do="turn", angle=sign * (90.0 if angle is None else angle))

    def _look(self, clause: Clause, quoted: Quoted) -> Iterator[Task]:
        rest = clause.rest
        head, bar, tail = rest.partition("|")
        if bar:
            rest = f"{re.sub('^[向往朝]', '', head)}{tail}"
        question = ask(rest) or ask(clause.text)
        if question is not None:
            yield question
            return
        rest = re.sub(r"^(?:at|to|towards?|over)\s+", "", rest)
        if rest in ("around", "around you", "四周", "周围", "一圈"):
            yield Task(do="turn", angle=360.0)
            return
        direction = self._direction(rest)
        only = not self._bare(self._without_directions(rest))
        if direction and only:
            if direction == "back":
                yield Task(do="turn", angle=180.0)
            elif clause.word == "turn to":
                yield Task(do="turn", angle=-90.0 if direction == "right" else 90.0)
            else:
                yield Task(do="look", direction=LOOKS[direction])
            return
        if not rest and not clause.more:
            yield Task(do="look", thing="it")
            return
        for item in (rest, *clause.more):
            if not self._bare(item):
                raise NotRead(clause.text)
            yield Task(do="look", thing=item)

    def _things(self, clause: Clause, quoted: Quoted) -> Iterator[Task]:
        for item in (clause.rest, *clause.more):
            if not self._bare(item):
                raise NotRead(clause.text)
            yield Task(do="find", thing=item)

    def _inspect(self, clause: Clause, quoted: Quoted) -> Iterator[Task]:
        question = ask(clause.rest)
        if question is not None:
            yield question
            return
        for item in (clause.rest, *clause.more):
            if not item:
                raise NotRead(clause.text)
            yield Task(do="tell", thing=item)

    def _say(self, clause: Clause, quoted: Quoted) -> Iterator[Task]:
        parts = [clause.rest, *clause.more]
        text = quoted.inside(" ".join(parts)).strip(" :：，,")
        if not text:
            raise NotRead(clause.text)
        yield Task(do="say", text=text)

    def _wave(self, clause: Clause, quoted: Quoted) -> Iterator[Task]:
        head, bar, rest = clause.rest.partition("|")
        if bar and head.startswith("在"):
            yield Task(do="go", thing=head[1:])
        else:
            rest = f"{head} {rest} "
        left = re.search(r"\bleft\b|左手", rest)
        times = re.search(r"(\S+?) ?(?:times\b|次|下)|\b(once|twice)\b", rest)
        count = 2
        if times is not None:
            quantity = self._quantities.find(times[1] or times[2])
            count = round(quantity.value) if quantity is not None else 0
            rest = rest.replace(times[0], " ")
        rest = re.sub(
            r"(?:with )?(?:your|the|my|a)? ?\b(?:left|right)?\b ?hands?\b|"
            r"用?[左右]?手|\bleft\b|\bright\b",
            " ",
            rest,
        )
        rest = re.sub(r"^\s*(?:at|to|hello|向|对|朝)+\s*", "", rest)
        thing = self._bare(rest)
        if clause.more:
            raise NotRead(clause.text)
        if thing:
            yield Task(do="look", thing=thing)
        if clause.word.startswith("say "):
            yield Task(do="say", text=clause.word.split(" ")[1])
        yield Task(do="wave", hand="left" if left else "right", times=count)

    def _wait(self, clause: Clause, quoted: Quoted) -> Iterator[Task]:
        rest = clause.rest
        quantity = self._quantities.find(rest, "second", "minute", "hour")
        if quantity is not None:
            rest = f"{rest[: quantity.start]} {rest[quantity.end :]}"
        rest = re.sub(
            r"\b(?:for|a moment|a bit|a while|here)\b|一会儿?|片刻", " ", rest
        )
        if self._bare(rest) or clause.more:
            raise NotRead(clause.text)
        yield Task(do="wait", seconds=None if quantity is None else quantity.value)

    def _alone(self, clause: Clause, quoted: Quoted) -> Iterator[Task]:
        rest = re.sub(r"^(?:right )?(?:here|everything|it|yourself)$", "", clause.rest)
        if self._bare(rest) or clause.more:
            raise NotRead(clause.text)
        yield Task(do="stop" if clause.verb == "stop" else "dock")

    def _home(self, clause: Clause, quoted: Quoted) -> Iterator[Task]:
        speed, rest = self._speed(clause)
        rest = rest.removeprefix("to ").strip()
        if self._is_way(rest):
            yield from self._steps(clause, f"{rest} back", speed)
            return
        yield Task(do="go", thing=self._bare(rest) or "home", speed=speed)

    def _patrol(self, clause: Clause, quoted: Quoted) -> Iterator[Task]:
        for item in (clause.rest, *clause.more):
            if not self._bare(item):
                raise NotRead(clause.text)
            yield Task(do="go", thing=item)

    def _speed(self, clause: Clause) -> tuple[float | None, str]:
        """Split off a speed."""
        rest = clause.rest
        match = SPEED.search(clause.text)
        if match is not None:
            quantity = self._quantities.find(match["en"] or match["zh"] or match["zh2"])
            if quantity is None:
                raise NotRead(match[0])
            return quantity.value, rest.replace(match[0].strip(), " ").strip()
        for name, speed in (("slow", SLOW), ("fast", FAST)):
            word = self._lexicon.contains(clause.text, self._words[name].all())
            if word:
                return speed, rest.replace(word, " ").strip()
        return None, rest

    def _direction(self, text: str) -> Direction | Literal[""]:
        """Return the direction that a text names, if it names nothing else."""
        words = self._lexicon.file.directions
        plain = re.sub(r"[向往朝]|\bto the\b|\bto your\b|\bthe\b", " ", text)
        plain = plain.strip()
        found = [
            name
            for name, group in words.items()
            if self._lexicon.contains(plain, group.all())
        ]
        if len(found) != 1 or self._bare(self._without_directions(text)):
            number = self._quantities.find(text, *LENGTHS, "degree", "radian")
            if number is None:
                return ""
        return found[0] if found else ""

    def _without_directions(self, text: str) -> str:
        plain = re.sub(r"[向往朝]|\b(?:to|by|the|your)\b", " ", text)
        for group in self._lexicon.file.directions.values():
            while word := self._lexicon.contains(plain, group.all()):
                plain = plain.replace(word, " ")
        return re.sub(r"^(?:走|转|去)|[方面边侧]$", "", plain.strip())

    def _bare(self, text: str) -> str:
        """Return a phrase without small words; empty if nothing else is in it."""
        words = text.strip(" |,.!?，。！？")
        tails = sorted(self._words["tail"].all(), key=len, reverse=True)
        for tail in tails:
            if words == tail and words not in self._words["there"].all():
                return ""
        if words in self._words["there"].all():
            return words
        return MARKED.sub(lambda m: m[0], words)
