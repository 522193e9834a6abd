# SPDX-License-Identifier: Apache-2.0
"""The sources of plans that a brain can ask, by name."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from renxing.environment import require_extra
from renxing.planning.fallback import FallbackPlanner
from renxing.planning.lexicon import Lexicon
from renxing.planning.offline.planner import OfflinePlanner
from renxing.planning.plan import Planner
from renxing.planning.skill import SkillRegistry

OFFLINE, SERVER, LOCAL = "offline", "server", "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannersConfig:
    """Sources besides the offline one; a language model plans, and rules decide.

    Attributes:
        model: Name that the server knows, or for `local` the path of a GGUF file; empty
            for $RENXING_MODEL.
        base_url: Of the server; empty for that of the environment (OPENAI_BASE_URL, or
            DashScope's where DASHSCOPE_API_KEY is set).
        key_name: Environment variable with the server's key; empty for the usual one.
        timeout: For everything that one command may take [s].
        sha256: That the GGUF file has to have; empty for any.
        fall_back: Whether the offline planner answers for a server that does not; its
            plans say so.
    """

    model: str = ""
    base_url: str = ""
    key_name: str = ""
    timeout: float = field(default=20.0, metadata={"min": 0.1, "max": 600.0})
    sha256: str = ""
    fall_back: bool = True


def make_planners(
    config: PlannersConfig, wanted: str, lexicon: Lexicon, registry: SkillRegistry
) -> dict[str, Planner]:
    """Return the planners that are configured, by name.

    Args:
        config: Of those besides the offline one.
        wanted: Name of the one that has to be there.
        lexicon: What words mean.
        registry: What the robot can do.

    Raises:
        ConfigError: If the wanted one is not configured as it has to be.
    """
    offline = OfflinePlanner(registry, lexicon)
    made: dict[str, Planner] = {OFFLINE: offline}
    model = config.model or os.environ.get("RENXING_MODEL", "")
    if wanted == LOCAL:
        made[LOCAL] = _local(config, model, lexicon, registry)
    elif model or wanted == SERVER:
        made[SERVER] = _server(config, model, lexicon, registry)
    if config.fall_back:
        for name in made.keys() - {OFFLINE}:
            made[name] = FallbackPlanner(made[name], offline)
    return made


def _server(
    config: PlannersConfig, model: str, lexicon: Lexicon, registry: SkillRegistry
) -> Planner:
    require_extra("language")
    from renxing.language.chat import ChatPlanner
    from renxing.language.openai_server import OpenAiServer, ServerConfig

    server = OpenAiServer(
        ServerConfig(
            model=model,
            base_url=config.base_url,
            key_name=config.key_name,
            timeout=config.timeout,
        )
    )
    return ChatPlanner(model, server, registry, lexicon)


def _local(
    config: PlannersConfig, model: str, lexicon: Lexicon, registry: SkillRegistry
) -> Planner:
    require_extra("language-local")
    from renxing.language.chat import ChatPlanner
    from renxing.language.local_model import LocalConfig, LocalModel

    path = Path(model).expanduser()
    chat = LocalModel(LocalConfig(path=path, sha256=config.sha256))
    return ChatPlanner(path.stem, chat, registry, lexicon)
