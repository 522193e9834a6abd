# SPDX-License-Identifier: Apache-2.0
"""A model on this machine: any GGUF file, through xllamacpp (llama.cpp in-process)."""

import hashlib
import importlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

from renxing.errors import ConfigError
from renxing.language.chat import Messages
from renxing.language.prompt import schema
from renxing.planning.plan import PlannerFailed

PACKAGE = "xllamacpp"
EXTRA = "language-local"


class Engine(Protocol):
    """What is used of `xllamacpp.Server`."""

    def handle_chat_completions(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer as OpenAI's chat completions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalConfig:
    """A model file.

    Attributes:
        path: Of the GGUF file.
        sha256: That the file has to have, in hexadecimal; empty: any.
        context: Tokens of prompt and reply together.
        threads: That compute.
        max_tokens: Of a reply.
    """

    path: Path
    sha256: str = ""
    context: int = field(default=4096, metadata={"min": 512, "max": 131072})
    threads: int = field(default=2, metadata={"min": 1, "max": 256})
    max_tokens: int = field(default=400, metadata={"min": 16, "max": 8192})


class LocalModel:
    """A chat with a model in this process."""

    def __init__(self, config: LocalConfig) -> None:
        """Check the file and load it.

        Raises:
            ConfigError: If the package is not installed, or the file is missing or not
                the one that it should be.
        """
        self._config = config
        if not config.path.is_file():
            raise ConfigError(f"model {config.path}: there is no such file")
        if config.sha256:
            found = digest(config.path)
            if found != config.sha256.lower():
                raise ConfigError(
                    f"model {config.path.name}: sha256 {found}, wanted {config.sha256}"
                )
        self._engine = load(config)

    def __call__(self, messages: Messages) -> str:
        """Return what the model answers.

        Raises:
            PlannerFailed: If that is nothing.
        """
        request = {
            "messages": messages,
            "max_tokens": self._config.max_tokens,
            "temperature": 0.0,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "plan", "schema": schema()},
            },
        }
        try:
            answer = self._engine.handle_chat_completions(request)
            return str(answer["choices"][0]["message"]["content"])
        except (RuntimeError, KeyError, IndexError, TypeError, ValueError) as error:
            name = type(error).__name__
            raise PlannerFailed(f"the model gave no reply ({name})") from error


def load(config: LocalConfig) -> Engine:
    """Return the engine with the model in it.

    Raises:
        ConfigError: If the package is not installed or cannot read the file.
    """
    # Threads of OpenMP that spin take the cores from everything that is real-time; it
    # reads this once, when it is loaded.
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        package = importlib.import_module(PACKAGE)
    except ImportError as error:
        raise ConfigError(
            f"package '{PACKAGE}': not installed; it comes with the extra '{EXTRA}'"
        ) from error
    parameters = package.CommonParams()
    parameters.model.path = str(config.path)
    parameters.n_ctx = config.context
    parameters.cpuparams.n_threads = config.threads
    parameters.cpuparams_batch.n_threads = config.threads
    try:
        return cast(Engine, package.Server(parameters))
    except (RuntimeError, ValueError, OSError) as error:
        name = config.path.name
        raise ConfigError(f"model {name}: cannot be loaded: {error}") from error


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
