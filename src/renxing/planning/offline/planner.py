# SPDX-License-Identifier: Apache-2.0
"""The offline planner: grammar, grounding, expansion; the same words, the same plan."""

from renxing.planning.barring import Barring
from renxing.planning.expander import Expander
from renxing.planning.grounding import language_of
from renxing.planning.lexicon import Lexicon
from renxing.planning.offline.clauses import Clauses
from renxing.planning.offline.reader import NotRead, Reader
from renxing.planning.phrases import phrase
from renxing.planning.plan import Command, Decision, Refusal
from renxing.planning.quoting import separate
from renxing.planning.scene import Scene
from renxing.planning.skill import SkillRegistry
from renxing.planning.task import Task

LONGEST = 600  # characters of a command


class OfflinePlanner:
    """Plans without any model.

    Attributes:
        name: That its plans carry.
    """

    name = "offline"

    def __init__(self, registry: SkillRegistry, lexicon: Lexicon) -> None:
        """Take skills and words."""
        self._clauses = Clauses(lexicon)
        self._reader = Reader(lexicon)
        self._expander = Expander(registry, lexicon)
        self._barring = Barring(lexicon)

    def propose(self, command: Command, scene: Scene) -> Decision:
        """Return a plan, a question or a refusal."""
        if len(command.text) > LONGEST:
            return self._not_understood(command, command.text)
        refusal = self._barring.unsafe(command, self.name) or self._barring.missing(
            command, self.name
        )
        if refusal is not None:
            return refusal
        try:
            tasks = self.read(command)
        except NotRead as error:
            return self._not_understood(command, str(error))
        return self._expander.expand(tasks, command, scene, self.name)

    def read(self, command: Command) -> list[Task]:
        """Return what a command asks for, before anything is known of the scene.

        Raises:
            NotRead: If a part of it makes no sense: it is the message.
        """
        quoted = separate(command.text)
        clauses, left = self._clauses.cut(quoted.text)
        if left or not clauses:
            raise NotRead(quoted.inside(" ".join(left)))
        tasks: list[Task] = []
        for clause in clauses:
            try:
                tasks += self._reader.read(clause, quoted)
            except NotRead as error:
                raise NotRead(quoted.inside(str(error))) from error
        return tasks

    def _not_understood(self, command: Command, words: str) -> Refusal:
        key = "too_much" if words.strip() else "not_understood"
        shown = (words.strip() or command.text)[:80]
        text = phrase(key, command.language, text=shown)
        return Refusal(code="not_understood", text=text, source=self.name)


def command_of(text: str, language: str = "") -> Command:
    """Return a command in a language, or in the one that it is written in.

    Args:
        text: The words.
        language: BCP 47, such as `en` or `zh-CN`; empty for that of the text.
    """
    tongue = language.split("-")[0].casefold()
    if tongue == "zh":
        return Command(text=text, language="zh")
    if tongue == "en":
        return Command(text=text, language="en")
    return Command(text=text, language=language_of(text))
