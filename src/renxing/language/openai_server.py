# SPDX-License-Identifier: Apache-2.0
"""Any server with OpenAI's interface: Qwen through DashScope, vLLM, Ollama, llama.cpp.

Structured output is asked for as a JSON schema, then as a JSON object, then in words
alone: servers differ in what they know. The key is read from the environment when it is
needed and stands in no message and no log.
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import msgspec
import openai

from renxing.errors import ConfigError
from renxing.language.chat import Messages
from renxing.language.prompt import schema
from renxing.planning.plan import PlannerFailed

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionMessageParam

# Alibaba Cloud's address for OpenAI's interface, used if its key is there.
DASHSCOPE = "https://dashscope.aliyuncs.com/compatible-mode/v1"
LARGEST = 1_000_000  # bytes of a response
FORMATS = ("json_schema", "json_object", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """A server.

    Attributes:
        model: Name that the server knows.
        base_url: Such as `http://127.0.0.1:11434/v1`; empty: of the environment,
            `OPENAI_BASE_URL`, or DashScope's if `DASHSCOPE_API_KEY` is set.
        key_name: Environment variable with the key; empty: `OPENAI_API_KEY`, or
            `DASHSCOPE_API_KEY` for DashScope.
        timeout: For everything that one command may take [s].
        retries: Further tries after no connection, 429 or a fault of the server.
        pause: Before a further try [s].
        max_tokens: Of a reply.
        temperature: Of the sampling.
    """

    model: str
    base_url: str = ""
    key_name: str = ""
    timeout: float = field(default=20.0, metadata={"min": 0.1, "max": 600.0})
    retries: int = field(default=2, metadata={"min": 0, "max": 10})
    pause: float = field(default=0.5, metadata={"min": 0.0, "max": 60.0})
    max_tokens: int = field(default=600, metadata={"min": 16, "max": 8192})
    temperature: float = field(default=0.0, metadata={"min": 0.0, "max": 2.0})


class OpenAiServer:
    """A chat with a server.

    A reply that drips or never ends is cut off at the deadline; one that stalls after
    its first bytes, at twice the time at the latest.

    Attributes:
        address: Of the server.
        key_name: Of the environment variable with the key.
    """

    def __init__(
        self,
        config: ServerConfig,
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Find address and key.

        Raises:
            ConfigError: If the address or the model is missing.
        """
        self._config = config
        self._clock = clock
        self._environment = environment
        if not config.model:
            raise ConfigError("language server: model: a name is wanted")
        dashscope = "DASHSCOPE_API_KEY" in environment
        self.address = config.base_url or environment.get("OPENAI_BASE_URL", "")
        if not self.address and dashscope:
            self.address = DASHSCOPE
        if not self.address:
            raise ConfigError(
                "language server: base_url: empty, and neither OPENAI_BASE_URL nor "
                "DASHSCOPE_API_KEY is in the environment"
            )
        usual = "DASHSCOPE_API_KEY" if "dashscope" in self.address else "OPENAI_API_KEY"
        self.key_name = config.key_name or usual
        self._format = 0
        self._client: openai.OpenAI | None = None

    def __call__(self, messages: Messages) -> str:
        """Return what the server answers.

        Raises:
            PlannerFailed: If it does not, in time.
        """
        deadline = self._clock() + self._config.timeout
        tries = self._config.retries
        while True:
            if self._clock() >= deadline:
                raise self._too_late()
            try:
                return self._once(messages, deadline)
            except _NotThisFormat as error:
                if self._format + 1 >= len(FORMATS):
                    raise PlannerFailed(str(error)) from None
                self._format += 1
            except _Again as error:
                tries -= 1
                if tries < 0:
                    raise PlannerFailed(str(error)) from None
                left = max(0.0, deadline - self._clock())
                time.sleep(min(self._config.pause, left))

    def _once(self, messages: Messages, deadline: float) -> str:
        """Ask once.

        The bytes are read here and not by the client, which would take as many as
        come, for as long as they come.
        """
        left = deadline - self._clock()
        client = self._connected()
        body = bytearray()
        try:
            with client.chat.completions.with_streaming_response.create(
                model=self._config.model,
                messages=cast("list[ChatCompletionMessageParam]", messages),
                max_tokens=self._config.max_tokens,
                temperature=self._config.temperature,
                timeout=max(left, 0.01),
                **self._structure(),
            ) as response:
                for part in response.iter_bytes():
                    body += part
                    if len(body) > LARGEST:
                        what = f"the reply has more than {LARGEST} bytes"
                        raise PlannerFailed(what)
                    if self._clock() > deadline:
                        raise self._too_late()
        except PlannerFailed:
            raise
        except openai.APIStatusError as error:
            raise self._fault(error) from None
        except openai.APITimeoutError:
            raise self._too_late() from None
        except Exception as error:
            # What the client's own HTTP library raises while it reads has no base that
            # is known here. Texts may hold what the server wrote: the kind is told.
            if self._clock() > deadline:
                raise self._too_late() from None
            name = type(error.__cause__ or error).__name__
            raise _Again(f"no connection with the server ({name})") from None
        return _content(bytes(body))

    def _connected(self) -> openai.OpenAI:
        """Return the client; it is made once, which takes longer than to ask."""
        if self._client is None:
            self._client = openai.OpenAI(
                base_url=self.address,
                # Local servers want none, the client wants one.
                api_key=self._environment.get(self.key_name, "") or "none",
                max_retries=0,
            )
        return self._client

    def _structure(self) -> dict[str, Any]:
        kind = FORMATS[self._format]
        if kind == "text":
            return {}
        wanted: dict[str, Any] = {"type": kind}
        if kind == "json_schema":
            wanted[kind] = {"name": "plan", "schema": schema()}
        return {"response_format": wanted}

    def _too_late(self) -> PlannerFailed:
        return PlannerFailed(f"no answer within {self._config.timeout:g} s")

    def _fault(self, error: openai.APIStatusError) -> Exception:
        """Return what a status means; the server's words may hold the key."""
        status = error.status_code
        what = f"the server answered with status {status}"
        if status in (400, 404, 415, 422, 501) and self._format + 1 < len(FORMATS):
            return _NotThisFormat(what)
        if status == 429 or status >= 500:
            return _Again(what)
        if status in (401, 403):
            what += f"; is {self.key_name} right?"
        return PlannerFailed(what)


class _NotThisFormat(Exception):
    """The server does not know a kind of structured output."""


class _Again(Exception):
    """Something that may go away."""


def _content(body: bytes) -> str:
    """Return what the model wrote.

    Raises:
        PlannerFailed: If the body is no chat completion.
    """
    try:
        content = msgspec.json.decode(body)["choices"][0]["message"]["content"]
    except (msgspec.MsgspecError, KeyError, IndexError, TypeError) as error:
        name = type(error).__name__
        raise PlannerFailed(f"the server answered with nonsense ({name})") from None
    if not isinstance(content, str) or not content:
        raise PlannerFailed("the server answered with no content")
    return content
