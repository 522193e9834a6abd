# SPDX-License-Identifier: Apache-2.0
"""Which place or thing a noun phrase means, in what the robot knows.

In: words such as `the red crate` or `桌子上的罐子`.  Out: names and ids, or what to
search for. Several that fit are asked back, never guessed; nouns that nobody taught it
are refused with those that it knows.
"""

import math
import re
from dataclasses import dataclass

from renxing.errors import RenxingError
from renxing.planning.lexicon import Lexicon
from renxing.planning.naming import Naming
from renxing.planning.phrases import enumerate_words, phrase
from renxing.planning.plan import Decision, Language, Question, Refusal
from renxing.planning.scene import Place, Scene, Zone

GENERAL = "thing"


class Unclear(RenxingError):
    """Words that cannot be turned into a plan.

    Attributes:
        decision: What to answer.
    """

    def __init__(self, decision: Decision) -> None:
        """Take the answer."""
        self.decision = decision
        super().__init__(getattr(decision, "text", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a phrase means.

    Attributes:
        names: Places, zones and things seen; empty if it has not been seen.
        label: Kind to search for.
        color: Colour to search for.
    """

    names: tuple[str, ...] = ()
    label: str = ""
    color: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noun:
    """A noun phrase without what restricts it."""

    label: str = ""
    color: str = ""
    named: tuple[str, ...] = ()


class Grounding:
    """Finds what phrases mean in one scene."""

    def __init__(self, lexicon: Lexicon, scene: Scene, language: Language) -> None:
        """Take words and scene."""
        self._lexicon = lexicon
        self._words = lexicon.file.words
        self._scene = scene
        self._language = language
        self._naming = Naming(lexicon, language)
        self._names: dict[str, list[str]] = {}
        entries: tuple[Place | Zone, ...] = (*scene.places, *scene.zones)
        for entry in entries:
            plain = entry.name.replace("_", " ")
            for word in {entry.name, plain, *entry.en, *entry.zh}:
                self._names.setdefault(word.casefold(), []).append(entry.name)

    def ground(
        self, text: str, last: tuple[str, ...] = (), there: tuple[str, ...] = ()
    ) -> Target:
        """Return what a phrase means.

        Args:
            text: In lower case.
            last: What was spoken of before, for `it`.
            there: Where it was told to go before, for `there`.

        Raises:
            Unclear: If it means nothing, or it is not clear which.
        """
        words = self.strip(text)
        for pronoun, meant in (("it", last), ("there", there or last)):
            if words not in self._words[pronoun].all():
                continue
            if not meant:
                text = phrase("no_referent", self._language, text=words)
                raise Unclear(Question(text=text))
            return Target(names=meant)
        if words in self._words["me"].all():
            return self._choose(Noun(label="person"), words, "", last, None)
        if self._scene.object(words) is not None:
            return Target(names=(words,))
        if words in self._names:
            return self._choose(self._noun(words), words, "", last, None)
        words, carrier = self._carrier(words)
        among: tuple[str, ...] | None = None
        if carrier:
            on = self.ground(carrier, last)
            among = tuple(o.id for name in on.names for o in self._scene.on(name))
        quantifier, words = self._quantifier(words)
        return self._choose(self._noun(words), text, quantifier, last, among)

    def noun(self, text: str) -> Noun:
        """Return the kind and colour that a phrase names, whether seen or not.

        Raises:
            Unclear: If it names none.
        """
        _, words = self._quantifier(self.strip(text))
        noun = self._noun(words)
        if noun.named and not noun.label:
            raise Unclear(self.unknown(words))
        return noun

    def strip(self, text: str) -> str:
        """Return a phrase without articles and what follows a noun."""
        words = text.strip(" ,.;:!?，。；：！？、")
        while not self._is_known(words):
            before = words
            for tail in sorted(self._words["tail"].all(), key=len, reverse=True):
                latin = tail.isascii()
                end = f" {tail}" if latin else tail
                if words.endswith(end) and words != tail and not self._is_known(words):
                    words = words[: -len(end)].strip(" ,，的")
                    break
            article = self._lexicon.begins(words, self._words["article"].all())
            if article and words != article and not self._is_known(words):
                words = words[len(article) :].strip()
            if words == before:
                break
        return words

    def _is_known(self, words: str) -> bool:
        """Tell whether nothing may be taken away: a pronoun, a name, a kind."""
        groups = ("it", "there", "me")
        if any(words in self._words[group].all() for group in groups):
            return True
        return words in self._names or words in self._lexicon.labels

    def _carrier(self, words: str) -> tuple[str, str]:
        """Split `can on the bench` and `桌子上的罐子` into thing and carrier."""
        for on in sorted(self._words["on"].en, key=len, reverse=True):
            head, found, tail = words.partition(f" {on} ")
            if found and tail:
                return head.strip(), tail.strip()
        for on in sorted(self._words["on"].zh, key=len, reverse=True):
            head, found, tail = words.partition(f"{on}的")
            if found and head and tail:
                return tail.strip(), head.strip()
        return words, ""

    def _quantifier(self, words: str) -> tuple[str, str]:
        for name in ("nearest", "largest", "smallest", "all", "other"):
            found = self._lexicon.begins(words, self._words[name].all())
            rest = words[len(found) :].strip()
            if found and rest:
                return name, self.strip(rest)
        return "", words

    def _noun(self, words: str) -> Noun:
        """Read colours, a kind or a name until nothing is left.

        Raises:
            Unclear: If something is left.
        """
        named = tuple(self._names.get(words, ()))
        if named:
            return Noun(named=named, label=self._lexicon.labels.get(words, ""))
        color, rest = "", words
        while word := self._lexicon.begins(rest, self._lexicon.colors):
            color = self._lexicon.colors[word]
            rest = self.strip(rest[len(word) :].removeprefix("的"))
        label = self._lexicon.labels.get(rest, "")
        if not label and rest in self._names:
            # A red table: places have no colour that is known, so it is searched.
            kinds = {p.kind for p in self._scene.places if p.name in self._names[rest]}
            label = kinds.pop() if len(kinds) == 1 else ""
        one = rest in ("", "one", "ones", "个", "那个")
        if not label and not (one and color):
            raise Unclear(self.unknown(words))
        return Noun(label=label, color=color)

    def unknown(self, words: str) -> Refusal:
        """Return that a noun is not known, with those that are."""
        places = [self._naming.place(p) for p in self._scene.places]
        kinds = [self._naming.kind(k) for k in self._lexicon.file.labels]
        text = phrase(
            "unknown_thing",
            self._language,
            text=words[:60],
            places=enumerate_words(places, self._language),
            kinds=enumerate_words(kinds, self._language),
        )
        return Refusal(code="not_understood", text=text)

    def _choose(
        self,
        noun: Noun,
        words: str,
        quantifier: str,
        last: tuple[str, ...],
        among: tuple[str, ...] | None,
    ) -> Target:
        fitting = self._fitting(noun)
        if among is not None:
            fitting = [name for name in fitting if name in among]
        if quantifier == "other":
            fitting = [name for name in fitting if name not in last]
        if not fitting:
            nothing = (noun.label in ("", GENERAL) and not noun.color) or noun.named
            if nothing or quantifier in ("all", "other"):
                wanted = self._naming.kind(noun.label or GENERAL, noun.color)
                text = phrase("scene_none", self._language, name=wanted)
                raise Unclear(Refusal(code="impossible", text=text))
            return Target(label=noun.label, color=noun.color)
        if len(fitting) == 1 or quantifier == "all":
            return Target(names=tuple(fitting), label=noun.label, color=noun.color)
        if quantifier == "nearest" and self._scene.pose is not None:
            here = self._scene.pose[:2]
            fitting.sort(key=lambda n: math.dist(self._scene.where(n) or here, here))
            return Target(names=(fitting[0],))
        if quantifier in ("largest", "smallest"):
            fitting.sort(key=self._volume, reverse=quantifier == "largest")
            return Target(names=(fitting[0],))
        raise Unclear(self.which(fitting, self.strip(words)))

    def which(self, names: list[str], noun: str) -> Question:
        """Return the question which one of several is meant by a noun."""
        called = [self._naming.of(self._scene, name, {}) for name in names]
        told = [
            f"{word} {self._naming.where(self._scene, name)}"
            if called.count(word) > 1
            else word
            for name, word in zip(names, called, strict=True)
        ]
        listed = enumerate_words(told, self._language, either=True)
        text = phrase("which", self._language, names=listed)
        return Question(text=text, candidates=tuple(names), noun=noun)

    def _fitting(self, noun: Noun) -> list[str]:
        found = list(noun.named)
        if not noun.color and noun.label:
            kind = noun.label
            found += [p.name for p in self._scene.places if p.kind == kind]
        if noun.label or noun.color:
            found += [
                o.id
                for o in self._scene.objects
                if noun.label in ("", GENERAL, o.label)
                and noun.color in ("", o.color)
                and self._scene.place_of(o.id) not in found
            ]
        return list(dict.fromkeys(found))

    def _volume(self, name: str) -> float:
        thing = self._scene.object(name)
        return math.prod(thing.size) if thing is not None else 0.0


def is_chinese(text: str) -> bool:
    """Tell whether a text has Chinese characters."""
    return re.search(r"[\u4e00-\u9fff]", text) is not None


def language_of(text: str) -> Language:
    """Return the language that a text is written in."""
    return "zh" if is_chinese(text) else "en"
