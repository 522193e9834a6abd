# SPDX-License-Identifier: Apache-2.0
"""Numbers with units in words: `half a metre`, `九十度`, `一米五`."""

import re
from dataclasses import dataclass

from renxing.planning.lexicon import Lexicon

DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
POWERS = {"十": 10, "百": 100, "千": 1000}
CHINESE = "零〇一二两三四五六七八九十百千半"
AND_A_HALF = "&half"  # what `and a half` is written as: its `and` joins no clauses

SPEED = re.compile(
    r"\b(?:at|with)(?: a speed of)? (?P<en>[\w. -]+?) ?"
    r"(?:m/s|met(?:er|re)s? per second|met(?:er|re)s? a second)"
    r"|以?每秒(?P<zh>[\d.零一二两三四五六七八九十半点]+)米的?(?:速度)?"
    r"|以?(?P<zh2>[\d.零一二两三四五六七八九十半点]+)米每秒的?(?:速度)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number with its unit.

    Attributes:
        value: In SI units; the number itself without a unit.
        unit: Name in the lexicon; empty if there is none.
        start: Where it begins in the text.
        end: Where it ends.
    """

    value: float
    unit: str
    start: int
    end: int


class Quantities:
    """Finds numbers in texts."""

    def __init__(self, lexicon: Lexicon) -> None:
        """Take the words for numbers and units."""
        numbers = lexicon.file.numbers
        self._words = {**numbers.get("en", {}), **numbers.get("zh", {})}
        self._units = {
            word: (name, unit.value)
            for name, unit in lexicon.file.units.items()
            for word in (*unit.en, *unit.zh)
        }
        words = "|".join(
            re.escape(w) for w in sorted(numbers.get("en", {}), key=len, reverse=True)
        )
        units = "|".join(
            re.escape(u) for u in sorted(self._units, key=len, reverse=True)
        )
        fractions = "|".join(w for w in numbers.get("zh", {}) if len(w) > 1)
        number = rf"(?:{fractions})|-?\d+(?:\.\d+)?"
        number += rf"|(?<![a-z])(?:{words})(?![a-z-])|[{CHINESE}点]+"
        self._pattern = re.compile(
            rf"({number})(\s+{AND_A_HALF})?\s*(?:个)?({units})?(?![a-z])"
            rf"([{CHINESE}]*)"
        )

    def find(self, text: str, *units: str) -> Quantity | None:
        """Return the first number with one of some units; of any if none is given."""
        for match in self._pattern.finditer(text):
            name, scale = self._units.get(match[3] or "", ("", 1.0))
            if units and name not in units:
                continue
            value = self._number(match[1])
            if value is None:
                continue
            if match[2]:
                value += 0.5
            rest, end = match[4], match.end()
            if rest and name == "metre":
                # Half after a unit, or tenths of it: 一米五, 两米半.
                value += 0.5 if rest == "半" else 0.1 * (self._number(rest) or 0.0)
            elif rest:
                end = match.start(4)
            return Quantity(
                value=value * scale, unit=name, start=match.start(), end=end
            )
        return None

    def _number(self, text: str) -> float | None:
        if text in self._words:
            return float(self._words[text])
        try:
            return float(text)
        except ValueError:
            return chinese_number(text)


def chinese_number(text: str) -> float | None:
    """Return the value of a Chinese numeral such as 一百二十三 or 三点五."""
    whole, point, decimals = text.partition("点")
    if point:
        base = chinese_number(whole)
        if base is None or not decimals or any(c not in DIGITS for c in decimals):
            return None
        return base + float("0." + "".join(str(DIGITS[c]) for c in decimals))
    if whole.endswith("半"):
        base = chinese_number(whole[:-1]) if whole[:-1] else 0.0
        return None if base is None else base + 0.5
    if not whole:
        return None
    total, digit = 0, 0
    for character in whole:
        if character in DIGITS:
            digit = DIGITS[character]
        elif character in POWERS:
            total += (digit or 1) * POWERS[character]
            digit = 0
        else:
            return None
    return float(total + digit)
