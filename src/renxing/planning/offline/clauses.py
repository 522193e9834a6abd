# SPDX-License-Identifier: Apache-2.0
"""A command cut into clauses, each with its verb.

In: a command.  Out: clauses in order. A part that begins with no verb belongs to the
list of the clause before it: `patrol the bench, the shelf and the door`.
"""

import re
from dataclasses import dataclass, replace

from renxing.planning.lexicon import Lexicon
from renxing.planning.offline.quantities import AND_A_HALF, SPEED
from renxing.planning.offline.questions import is_question
from renxing.planning.quoting import MARKED

POINT = re.compile(r"[(\[]?\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*[)\]]?")
AXES = re.compile(
    r"x\s*[=:为]?\s*(-?\d+(?:\.\d+)?)\s*,?\s*(?:and\s+)?"
    r"y\s*[=:为]?\s*(-?\d+(?:\.\d+)?)"
)
CUT = re.compile(
    r"(?<!\d)\.|\.(?!\d)|[,;:!?，。；：！？、\n]"
    r"|\b(?:and then|and afterwards|and finally|after that|afterwards|then|and)\b"
    r"|(?<=.)(?=看看|看一看|看一下|看一眼|告诉我)"
    r"|然后|接着|之后|最后|并且|以及|再(?!见)|并|和|跟(?!着|随|我|前)"
)
BEFORE_A_LOOK = ("去", "来", "过去", "过来")  # 去看看它 is one thing


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One thing that is asked for.

    Attributes:
        verb: Of the lexicon, or `ask` for a question.
        word: The verb as it was said.
        rest: What follows it.
        text: The whole clause.
        more: Further things of a list.
    """

    verb: str
    word: str
    rest: str
    text: str
    more: tuple[str, ...] = ()


class Clauses:
    """Cuts commands."""

    def __init__(self, lexicon: Lexicon) -> None:
        """Take the words."""
        self._lexicon = lexicon
        self._verbs = {
            word: verb
            for verb, words in lexicon.file.verbs.items()
            for word in words.all()
        }
        polite = lexicon.file.words["polite"]
        self._polite = polite.all()

    def cut(self, text: str) -> tuple[list[Clause], list[str]]:
        """Return the clauses of a text, and parts that belong to none.

        Args:
            text: In lower case, with quotations marked.
        """
        text = AXES.sub(lambda m: f"({m[1]},{m[2]})", text)
        text = POINT.sub(lambda m: f" ⟨{m[1]}|{m[2]}⟩ ", text)
        text = re.sub(r"\band a half\b", AND_A_HALF, text)
        clauses: list[Clause] = []
        left: list[str] = []
        parts = [part.strip() for part in CUT.split(text)]
        for index, part in enumerate(parts):
            followed = "".join(parts[index + 1 : index + 2]).startswith("看")
            if not part or (part in BEFORE_A_LOOK and followed):
                continue
            clause = self.clause(part)
            if clause is not None:
                clauses.append(clause)
            elif self._is_data(part):
                continue
            elif clauses and self.polite(part):
                last = clauses[-1]
                more = (*last.more, self.polite(part))
                clauses[-1] = replace(last, more=more)
            elif self.polite(part):
                left.append(part)
        return clauses, left

    def clause(self, part: str) -> Clause | None:
        """Return a part as a clause; None if it begins with no verb."""
        plain = self.polite(SPEED.sub(" ", part))
        word = self._lexicon.begins(plain, self._verbs)
        # These take questions themselves: 看看上面有什么.
        if self._verbs.get(word) not in ("tell", "look", "inspect"):
            for words in (part, plain):
                if is_question(words):
                    return Clause(verb="ask", word="", rest=words, text=part)
        if word:
            rest = plain[len(word) :].strip()
            return Clause(verb=self._verbs[word], word=word, rest=rest, text=part)
        # Chinese puts the way before the verb: 向前走两米, 用左手挥三下手.
        ahead = re.match(
            r"((?:向|往|朝)\S{1,8}?(?:方|面|边)?|用?[左右]手|绕[过开着]?.+?|避开.+?"
            r"|从.+?|在.+?)(?=(走|转|看|退|移动|挥|招|前进|去到|去))",
            plain,
        )
        if ahead:
            after = plain[ahead.end() :]
            word = self._lexicon.begins(after, self._verbs)
            if word:
                rest = f"{ahead[1]}|{after[len(word) :].strip()}"
                return Clause(verb=self._verbs[word], word=word, rest=rest, text=part)
        return None

    def polite(self, text: str) -> str:
        """Return a part without the words that only make it polite or order it."""
        text = text.strip()
        while word := self._lexicon.begins(text, self._polite):
            # 你好 and 给我 are no prefixes where nothing would be left.
            rest = text[len(word) :].strip()
            if not rest and self._lexicon.begins(text, self._verbs) == text:
                return text
            if self._lexicon.begins(text, self._verbs) > word:
                return text
            text = rest
        return text

    def _is_data(self, part: str) -> bool:
        """Tell whether a part only tells what somebody wrote or said."""
        reads = self._lexicon.file.words["reads"].all()
        return bool(
            MARKED.search(part)
            and (MARKED.fullmatch(part) or self._lexicon.contains(part, reads))
        )
