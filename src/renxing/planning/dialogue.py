# SPDX-License-Identifier: Apache-2.0
"""A question back and its answer: `go to the table`, `which one?`, `the bench`.

In: commands and decisions, with the time.  Out: the first command with the noun that
was not clear replaced by what was meant.
"""

import re
from dataclasses import dataclass, field

import msgspec

from renxing.planning.grounding import Grounding, Unclear
from renxing.planning.lexicon import Lexicon
from renxing.planning.plan import Command, Decision, Question
from renxing.planning.scene import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogueConfig:
    """How long questions stand.

    Attributes:
        patience: Time after which a noun alone is no answer any more [s].
    """

    patience: float = field(default=60.0, metadata={"min": 1.0, "max": 3600.0})


class Dialogue:
    """Remembers the last question."""

    def __init__(
        self,
        lexicon: Lexicon,
        config: DialogueConfig | None = None,
    ) -> None:
        """Take the words."""
        self._lexicon = lexicon
        self._config = config or DialogueConfig()
        self._open: tuple[Command, Question, float] | None = None

    def note(self, command: Command, decision: Decision, now: float) -> None:
        """Remember what came of a command at a time [s]; only the last one counts."""
        self._open = None
        if isinstance(decision, Question) and decision.candidates:
            self._open = (command, decision, now)

    def complete(self, command: Command, scene: Scene, now: float) -> Command:
        """Return a command, completed if it only answers the last question.

        Args:
            command: As it was said.
            scene: As of now.
            now: The time [s].
        """
        if self._open is None:
            return command
        first, question, asked = self._open
        if now - asked > self._config.patience or not question.noun:
            return command
        grounding = Grounding(self._lexicon, scene, first.language)
        try:
            meant = grounding.ground(command.text.casefold().strip()).names
        except Unclear:
            return command
        if len(meant) != 1 or meant[0] not in question.candidates:
            return command
        noun = re.compile(re.escape(question.noun), re.IGNORECASE)
        text, count = noun.subn(lambda found: meant[0], first.text, count=1)
        return msgspec.structs.replace(first, text=text) if count else command
