# SPDX-License-Identifier: Apache-2.0
"""What is asked for, and what is only quoted: words on a sign are no command.

In: a command.  Out: its words in plain letters with each quotation replaced by a mark,
and the quotations.
"""

import re
import unicodedata
from dataclasses import dataclass

PAIRS = (
    *(("“", "”"), ("‘", "’"), ('"', '"'), ("「", "」"), ("『", "』")),
    *(("«", "»"), ("《", "》"), ("'", "'")),
)
MARKED = re.compile(r"⟦(\d+)⟧")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A command without its quotations.

    Attributes:
        text: In lower case and narrow letters, with `⟦n⟧` for the n-th quotation.
        quotations: As they were written.
    """

    text: str
    quotations: tuple[str, ...]

    def inside(self, text: str) -> str:
        """Return a part of `text` with the quotations put back."""
        return MARKED.sub(lambda m: self.quotations[int(m[1])], text)


def separate(text: str) -> Quoted:
    """Take the quotations out of a command.

    A quotation that is opened and never closed goes to the end: what may be data is
    not read as a command.
    """
    found: list[str] = []

    def keep(words: str) -> str:
        found.append(words.strip())
        return f" ⟦{len(found) - 1}⟧ "

    # Marks of our own in the text would be taken for quotations.
    rest = text.replace("⟦", "[").replace("⟧", "]")
    for opening, closing in PAIRS:
        if opening == closing == "'":
            # An apostrophe is none: it stands inside of a word.
            pattern = r"(?<!\w)'(.+?)(?:'(?!\w)|$)"
        else:
            inner = re.escape(closing)
            pattern = f"{re.escape(opening)}([^{inner}]*)(?:{inner}|$)"
        rest = re.sub(pattern, lambda m: keep(m[1]), rest, flags=re.DOTALL)
    rest = unicodedata.normalize("NFKC", rest).casefold()
    rest = rest.replace("\u2019", "'")
    return Quoted(text=re.sub(r"\s+", " ", rest).strip(), quotations=tuple(found))
