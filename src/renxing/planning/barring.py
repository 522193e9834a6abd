# SPDX-License-Identifier: Apache-2.0
"""Words for what is not done, whoever plans: they are looked for before any planner."""

from collections.abc import Iterable

from renxing.planning.lexicon import Barred, Lexicon
from renxing.planning.plan import Command, Refusal
from renxing.planning.quoting import separate


class Barring:
    """Finds what is not done."""

    def __init__(self, lexicon: Lexicon) -> None:
        """Take the words."""
        self._lexicon = lexicon
        groups = (*lexicon.file.verbs.values(), *lexicon.file.words.values())
        words = (word for group in groups for word in group.all())
        self._harmless = sorted(words, key=len, reverse=True)

    def unsafe(self, command: Command, source: str) -> Refusal | None:
        """Return why a command is refused whatever a planner would make of it."""
        return self._find(command, self._lexicon.file.unsafe.values(), source)

    def missing(self, command: Command, source: str) -> Refusal | None:
        """Return what a command asks for that the robot cannot do."""
        return self._find(command, self._lexicon.file.missing.values(), source)

    def _find(
        self, command: Command, groups: Iterable[Barred], source: str
    ) -> Refusal | None:
        text = separate(command.text).text
        for group in groups:
            for word in group.en + group.zh:
                if word not in text:
                    continue
                # `take a look at` takes nothing, 别的 forbids nothing.
                shown = text
                for longer in self._harmless:
                    if word in longer and word != longer:
                        shown = shown.replace(longer, " ")
                if self._lexicon.contains(shown, (word,)):
                    say = group.say.of(command.language)
                    return Refusal(code="impossible", text=say, source=source)
        return None
