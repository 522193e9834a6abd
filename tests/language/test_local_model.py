# SPDX-License-Identifier: Apache-2.0
"""A model in this process: its file is checked, its engine is asked as a server is."""

import hashlib
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from tests.planning.workshop import LEXICON, REGISTRY, scene

from renxing.errors import ConfigError
from renxing.language.chat import ChatPlanner
from renxing.language.local_model import PACKAGE, LocalConfig, LocalModel
from renxing.planning.plan import Command, Plan, PlannerFailed

CONTENT = b"GGUF, if only by name"
GOES = '{"tasks": [{"do": "go", "thing": "shelf"}]}'


class Engine:
    """What xllamacpp offers, as far as it is used."""

    requests: list[dict[str, Any]] = []
    reply: Any = {"choices": [{"message": {"content": GOES}}]}
    parameters: Any = None

    def __init__(self, parameters: Any) -> None:
        if "broken" in parameters.model.path:
            raise RuntimeError("not a model")
        Engine.parameters = parameters
        Engine.requests = []

    def handle_chat_completions(self, request: dict[str, Any]) -> Any:
        Engine.requests.append(request)
        return Engine.reply


def parameters() -> SimpleNamespace:
    threads = SimpleNamespace(n_threads=0)
    batch = SimpleNamespace(n_threads=0)
    return SimpleNamespace(
        model=SimpleNamespace(path=""),
        n_ctx=0,
        cpuparams=threads,
        cpuparams_batch=batch,
    )


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> type[Engine]:
    module = ModuleType(PACKAGE)
    module.CommonParams = parameters  # type: ignore[attr-defined]
    module.Server = Engine  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, PACKAGE, module)
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    monkeypatch.setattr(Engine, "reply", {"choices": [{"message": {"content": GOES}}]})
    return Engine


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    file = tmp_path / "model.gguf"
    file.write_bytes(CONTENT)
    return file


def test_it_plans(engine: type[Engine], weights: Path) -> None:
    digest = hashlib.sha256(CONTENT).hexdigest()
    config = LocalConfig(path=weights, sha256=digest, context=2048, threads=1)
    chat = ChatPlanner("tiny", LocalModel(config), REGISTRY, LEXICON)
    made = chat.propose(Command(text="go to the shelf"), scene())
    assert isinstance(made, Plan) and made.source == "tiny"
    (request,) = engine.requests
    assert request["response_format"]["type"] == "json_schema"
    assert request["max_tokens"] == config.max_tokens
    given = engine.parameters
    assert (given.n_ctx, given.cpuparams.n_threads) == (2048, 1)
    assert given.cpuparams_batch.n_threads == 1


def test_threads_that_wait_do_not_spin(engine: type[Engine], weights: Path) -> None:
    import os

    LocalModel(LocalConfig(path=weights))
    assert os.environ["GOMP_SPINCOUNT"] == "0"


def test_another_file_than_the_one_wanted(engine: type[Engine], weights: Path) -> None:
    with pytest.raises(ConfigError, match="sha256 .*, wanted 00"):
        LocalModel(LocalConfig(path=weights, sha256="00"))


def test_no_file(engine: type[Engine], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        LocalModel(LocalConfig(path=tmp_path / "none.gguf"))


def test_a_file_that_cannot_be_loaded(engine: type[Engine], tmp_path: Path) -> None:
    file = tmp_path / "broken.gguf"
    file.write_bytes(b"")
    with pytest.raises(ConfigError, match="cannot be loaded"):
        LocalModel(LocalConfig(path=file))


@pytest.mark.parametrize("reply", [{}, {"choices": []}, {"error": "x"}, None])
def test_an_engine_without_a_reply(
    engine: type[Engine], weights: Path, monkeypatch: pytest.MonkeyPatch, reply: Any
) -> None:
    monkeypatch.setattr(Engine, "reply", reply)
    with pytest.raises(PlannerFailed, match="no reply"):
        LocalModel(LocalConfig(path=weights))([{"role": "user", "content": "x"}])


def test_without_the_package_the_error_names_the_extra(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, PACKAGE, None)
    with pytest.raises(ConfigError, match="language-local"):
        LocalModel(LocalConfig(path=weights))
