# SPDX-License-Identifier: Apache-2.0
"""A source of plans behind any chat: ask, read, ask again if it was nonsense."""

from collections.abc import Callable
from dataclasses import dataclass, field

from renxing.language.prompt import decide, messages, read
from renxing.planning.barring import Barring
from renxing.planning.expander import Expander
from renxing.planning.lexicon import Lexicon
from renxing.planning.plan import Command, Decision, PlannerFailed
from renxing.planning.scene import Scene
from renxing.planning.skill import SkillRegistry

Messages = list[dict[str, str]]
# Sends messages and returns what came back; raises PlannerFailed.
Chat = Callable[[Messages], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatConfig:
    """How a model is asked.

    Attributes:
        corrections: Times that nonsense is sent back with what is wrong with it.
    """

    corrections: int = field(default=1, metadata={"min": 0, "max": 5})


class ChatPlanner:
    """Plans with what a chat answers.

    Attributes:
        name: Of the model; its plans carry it.
    """

    def __init__(
        self,
        name: str,
        chat: Chat,
        registry: SkillRegistry,
        lexicon: Lexicon,
        config: ChatConfig | None = None,
    ) -> None:
        """Take a chat, skills and words."""
        self.name = name
        self._chat = chat
        self._lexicon = lexicon
        self._barring = Barring(lexicon)
        self._expander = Expander(registry, lexicon)
        self._config = config or ChatConfig()

    def propose(self, command: Command, scene: Scene) -> Decision:
        """Return what the model makes of a command.

        What is refused whoever plans does not even get to the model.

        Raises:
            PlannerFailed: If it does not answer, or with nonsense.
        """
        refusal = self._barring.unsafe(command, self.name)
        if refusal is not None:
            return refusal
        talk = messages(command, scene, self._lexicon)
        for left in range(self._config.corrections, -1, -1):
            content = self._chat(talk)
            try:
                reply = read(content)
            except PlannerFailed as error:
                if left == 0:
                    raise PlannerFailed(f"{self.name}: {error}") from error
                talk = [
                    *talk,
                    {"role": "assistant", "content": content[:2000]},
                    {"role": "user", "content": f"That was wrong: {error}. Again."},
                ]
                continue
            return decide(reply, command, scene, self._expander, self.name)
        raise PlannerFailed(f"{self.name}: no reply")
