# SPDX-License-Identifier: Apache-2.0
"""The words that the brain knows, of `config/brain/lexicon.yaml`."""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal

from msgspec import Struct

from renxing.errors import ConfigError
from renxing.planning.plan import Language
from renxing.yaml_file import read_yaml

Direction = Literal["left", "right", "back", "forward", "up", "down"]


class Words(Struct, frozen=True, forbid_unknown_fields=True):
    """Words of one meaning; the first is the one that the robot speaks.

    Attributes:
        en: English.
        zh: Chinese.
    """

    en: tuple[str, ...] = ()
    zh: tuple[str, ...] = ()

    def of(self, language: Language) -> tuple[str, ...]:
        """Return those of a language."""
        return self.zh if language == "zh" else self.en

    def all(self) -> tuple[str, ...]:
        """Return those of all languages."""
        return self.en + self.zh


class Sentence(Struct, frozen=True, forbid_unknown_fields=True):
    """A sentence in each language."""

    en: str
    zh: str

    def of(self, language: Language) -> str:
        """Return that of a language."""
        return self.zh if language == "zh" else self.en


class Barred(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Words for what is not done, and why not.

    Attributes:
        en: English.
        zh: Chinese.
        say: Why not.
    """

    en: tuple[str, ...]
    zh: tuple[str, ...]
    say: Sentence


class Unit(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Words for a unit.

    Attributes:
        value: In SI units.
        en: English.
        zh: Chinese.
    """

    value: float
    en: tuple[str, ...]
    zh: tuple[str, ...]


class LexiconFile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file; see its comments."""

    colors: dict[str, Words]
    labels: dict[str, Words]
    verbs: dict[str, Words]
    missing: dict[str, Barred]
    unsafe: dict[str, Barred]
    words: dict[str, Words]
    directions: dict[Direction, Words]
    units: dict[str, Unit]
    numbers: dict[str, dict[str, float]]


NEEDED_VERBS = (
    *("go", "patrol", "turn", "back", "ahead", "look", "find", "inspect", "tell"),
    *("say", "wave", "greet", "wait", "stop", "dock", "home"),
)
NEEDED_WORDS = (
    *("polite", "article", "tail", "it", "there", "me", "all", "nearest", "largest"),
    *("smallest", "other", "around", "on", "reads", "fast", "slow"),
)


class Lexicon:
    """Words by meaning, and meanings by word.

    Attributes:
        file: As it was read.
    """

    def __init__(self, file: LexiconFile) -> None:
        """Take the words.

        Raises:
            ConfigError: If a verb or a group of small words is missing.
        """
        for kind, needed, has in (
            ("verbs", NEEDED_VERBS, file.verbs),
            ("words", NEEDED_WORDS, file.words),
        ):
            for name in needed:
                if name not in has:
                    raise ConfigError(f"lexicon: {kind}.{name} is missing")
        self.file = file

    @cached_property
    def colors(self) -> dict[str, str]:
        """Colours by word."""
        return _inverse(self.file.colors)

    @cached_property
    def labels(self) -> dict[str, str]:
        """Kinds of things by word."""
        return _inverse(self.file.labels)

    def spoken(self, kind: Mapping[str, Words], name: str, language: Language) -> str:
        """Return the word that the robot speaks for a meaning; itself if none."""
        words = kind[name].of(language) if name in kind else ()
        return words[0] if words else name

    def begins(self, text: str, words: Iterable[str]) -> str:
        """Return the longest of some words that a text begins with; empty if none.

        A Latin word ends at a word's end, a Chinese one anywhere.
        """
        for word in sorted(words, key=len, reverse=True):
            if not text.startswith(word):
                continue
            rest = text[len(word) :]
            if not (_latin(word[-1]) and rest and _latin(rest[0])):
                return word
        return ""

    def contains(self, text: str, words: Iterable[str]) -> str:
        """Return the longest of some words that stands in a text; empty if none."""
        for word in sorted(words, key=len, reverse=True):
            start = r"(?<![a-z0-9])" if _latin(word[0]) else ""
            end = r"(?![a-z0-9])" if _latin(word[-1]) else ""
            if re.search(start + re.escape(word) + end, text):
                return word
        return ""


def read_lexicon(path: Path) -> Lexicon:
    """Read the words.

    Raises:
        ConfigError: If the file cannot be used.
    """
    file, _ = read_yaml(path, LexiconFile)
    return Lexicon(file)


def _latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _inverse(kind: Mapping[str, Words]) -> dict[str, str]:
    return {word: name for name, words in kind.items() for word in words.all()}
